"""Lung segmentation: every segmenter takes a film and returns :class:`SoftLungs`."""
