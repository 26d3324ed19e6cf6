"""Side-by-side measurements: Accord, a plain script that does the least, and what else one could take.

Run it with ``python3 dev.py bench``; docs/explanation/benchmarks.md says how to read what it prints.
"""
