"""Computer-aided detection with a person in the loop, for napari. Research use only."""

__version__ = "0.1.0.dev0"
