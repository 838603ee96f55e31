"""Computer-aided detection with a person in the loop, for napari. Research use only.

The names below are imported when they are first used, so that ``import napari_tbcad`` costs nothing.

Examples
--------
>>> import napari_tbcad as tb
>>> film = tb.read_film(tb.sample_path("normal_man"))
>>> done = tb.analyse(film, settings=tb.settings_from({"lungs.segmenter": "otsu"}))
>>> done.features.names[:2]
('height_left', 'height_right')
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0.dev0"

_PUBLIC = {
    "BadInput": "errors",
    "Cancelled": "errors",
    "ModelRefused": "errors",
    "Record": "record",
    "Radiograph": "imaging.radiograph",
    "read_film": "io.read",
    "find_films": "io.read",
    "load_dataset": "io.datasets",
    "ChestAnalysis": "chest.workflow",
    "ChestSettings": "chest.workflow",
    "analyse": "chest.workflow",
    "settings_for": "chest.workflow",
    "settings_from": "chest.workflow",
    "chest_features": "chest.features",
    "find_model": "chest.classify.packaged",
    "packaged_model": "chest.classify.packaged",
    "build_atlas": "chest.lungs.atlas_library",
    "load_atlas": "chest.lungs.atlas_library",
    "sample_names": "simulate.samples",
    "sample_path": "simulate.samples",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
