"""The lung segmenters by name; a new one is one function and one line here.

Each is called as ``function(film, parameters, **more) -> SoftLungs``.
"""

from __future__ import annotations

from functools import partial

from napari_tbcad.segmenters import SegmenterEntry, registry, segmenter_of

_LUNGS = "napari_tbcad.chest.lungs"

SEGMENTERS = registry(
    SegmenterEntry(
        "network",
        f"{_LUNGS}.network",
        "network",
        "NetworkParameters",
        "A trained network; the most exact on films like those it learned from.",
        instead="atlas",
    ),
    SegmenterEntry(
        "atlas", f"{_LUNGS}.atlas", "atlas", "AtlasParameters", "Registers films of an atlas to this one."
    ),
    SegmenterEntry(
        "otsu", f"{_LUNGS}.otsu", "otsu", "OtsuParameters", "Threshold and morphology; no training data."
    ),
)

segmenter = partial(segmenter_of, SEGMENTERS)
"""``segmenter(name)`` returns the entry of a name; BadInput lists those there are."""
