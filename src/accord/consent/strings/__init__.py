"""Consent strings of browsers and apps: what a visitor allowed, as a consent manager wrote it down.

Only read, never written: Accord is no consent manager. No maintained library of PyPI reads TCF 2.3 (the one
there is stopped at 2.0, in 2022) or GPP, so the two decoders are our own.
"""
