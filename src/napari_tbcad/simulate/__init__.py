"""Films that we make ourselves, with their truth."""
