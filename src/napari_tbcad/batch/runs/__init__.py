"""Runs over many studies: what goes in, what is kept of each, and going on where an earlier run ended."""
