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
    "BoneAnalysis": "bone.workflow",
    "BoneScan": "imaging.bonescan",
    "BoneSettings": "bone.workflow",
    "Hotspots": "bone.hotspots",
    "analyse_scan": "bone.workflow:analyse",
    "bone_scan_index": "bone.bsi",
    "bone_settings_from": "bone.workflow:settings_from",
    "box_hotspot": "bone.box",
    "compare_scans": "bone.compare",
    "find_scans": "io.scan_files",
    "grow_hotspot": "bone.grow",
    "measure_hotspots": "bone.measure",
    "read_study": "io.scans",
    "sample_scan_names": "simulate.bone_samples",
    "sample_scan_path": "simulate.bone_samples",
    "simulate_scan": "simulate.bone_scan",
}
"""Public name → module, and the name there where it is another (``module:name``)."""

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _PUBLIC[name].partition(":")
    return getattr(import_module(f"{__name__}.{module}"), attribute or name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
