"""Segmentation networks: build, train, predict and their weight files; the only room with torch."""
