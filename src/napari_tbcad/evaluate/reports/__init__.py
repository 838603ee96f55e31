"""Reports that people read: one experiment, one case."""
