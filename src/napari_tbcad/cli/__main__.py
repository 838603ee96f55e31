"""``python -m napari_tbcad.cli``, the same as ``napari-tbcad``."""

from napari_tbcad.cli import main

main()
