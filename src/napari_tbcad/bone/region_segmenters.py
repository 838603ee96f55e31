"""What finds the skeleton regions, by name; a new one is one function and one line here.

Each is called as ``function(scan, parameters, **more) -> SkeletonRegions``, `more` being those of ``atlas``,
``progress`` and ``cancelled`` that its signature has.
"""

from __future__ import annotations

from napari_tbcad.segmenters import SegmenterEntry, registry

REGION_SEGMENTERS = registry(
    SegmenterEntry(
        "network",
        "napari_tbcad.bone.skeleton_network",
        "network",
        "NetworkParameters",
        "A trained network; the most exact on scans like those it learned from.",
        instead="atlas",
    ),
    SegmenterEntry(
        "atlas",
        "napari_tbcad.bone.skeleton_registration",
        "register",
        "RegistrationParameters",
        "Registers simulated persons of an atlas to the scan.",
    ),
)
