"""Consent: signals, the fold, the policy and the decision. Pure: the engine's gate does the reading.

:mod:`~accord.consent.signal` is what was said, :mod:`~accord.consent.fold` what it means,
:mod:`~accord.consent.policy` what is lawful, :mod:`~accord.consent.decision` the answer.
"""
