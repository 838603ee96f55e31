"""Importing the package must cost next to nothing."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("torch", "qtpy", "PyQt6", "PySide6", "napari", "sklearn", "skimage", "scipy", "SimpleITK", "pandas")


def test_import_loads_nothing_heavy():
    code = f"import sys, napari_tbcad; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_resolve():
    import napari_tbcad

    for name in napari_tbcad.__all__:
        assert getattr(napari_tbcad, name) is not None
    assert set(napari_tbcad.__all__) <= set(dir(napari_tbcad))
