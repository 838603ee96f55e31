"""The automatic hotspot segmenters by name; a new one is one function and one line here.

Each is called as ``function(scan, regions, parameters, *, progress, cancelled) -> Hotspots``.
"""

from __future__ import annotations

from functools import partial

from napari_tbcad.segmenters import SegmenterEntry, registry, segmenter_of

DETECTORS = registry(
    SegmenterEntry(
        "network",
        "napari_tbcad.bone.candidates_network",
        "network",
        "NetworkParameters",
        "U-Net++ networks, one a view, trained on simulated and real scans.",
        instead="classical",
    ),
    SegmenterEntry(
        "classical",
        "napari_tbcad.bone.candidates_classical",
        "classical",
        "ClassicalParameters",
        "Local contrast against each region's own statistics; a small linear model, no network.",
    ),
)

detector = partial(segmenter_of, DETECTORS)
"""``detector(name)`` returns the entry of a name; BadInput lists those there are."""
