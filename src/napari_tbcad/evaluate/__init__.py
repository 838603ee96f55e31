"""Judging a classifier: is it good, and would it be as good without the lungs."""
