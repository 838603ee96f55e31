"""The lung segmenters by name; a new one is one function and one line here.

Each is called as ``function(film, parameters, **more) -> SoftLungs``.
"""

from __future__ import annotations

from functools import partial

from napari_tbcad.segmenters import SegmenterEntry, registry, segmenter_of

_LUNGS = "napari_tbcad.chest.lungs"

SEGMENTERS = registry(
    SegmenterEntry(
        "otsu", f"{_LUNGS}.otsu", "otsu", "OtsuParameters", "Threshold and morphology; no training data."
    ),
    SegmenterEntry(
        "atlas", f"{_LUNGS}.atlas", "atlas", "AtlasParameters", "Registers films of an atlas to this one."
    ),
)

segmenter = partial(segmenter_of, SEGMENTERS)
"""``segmenter(name)`` returns the entry of a name; BadInput lists those there are."""
