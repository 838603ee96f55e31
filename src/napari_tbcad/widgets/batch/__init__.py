"""Many films or bone scans in one go: the panel, its session and its table."""
