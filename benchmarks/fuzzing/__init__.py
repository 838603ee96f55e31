"""Mutated files for every reader, and processes in which their harm stays; see ``benchmarks/fuzz.py``."""
