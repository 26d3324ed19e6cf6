"""Whoever does the job: each a program of its own, run in its own environment, one run per process."""
