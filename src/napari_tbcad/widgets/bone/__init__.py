"""Panels of the bone scan workflow."""
