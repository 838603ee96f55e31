"""Hotspots in whole-body bone scans and the Bone Scan Index."""
