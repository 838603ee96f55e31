"""Dock panels and napari glue: the only room that knows Qt and napari."""
