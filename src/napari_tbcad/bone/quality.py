"""Quality facts of a bone scan: counts, saturation, truncation, size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.views_pose import Pose, find_pose, legs_missing
from napari_tbcad.imaging.bonescan import BoneScan, ScanView, ViewName

Level = Literal["good", "amber", "red", "unknown"]

AMBER_COUNTS, RED_COUNTS = 1e6, 0.5e6
"""Counts per view below which noise alone moves a Bone Scan Index noticeably.

In simulated scans of a phantom an automatic index differed from the true one by 0.20 at 1.5 million counts,
0.57 at 0.5 million and 4.67 at 0.2 million (Anand et al., J Nucl Med 57:1865, 2016).
"""

SATURATED_SHARE = 1e-3
"""Share of the body's pixels at the maximum from which an image counts as saturated."""

_LEAST_PLATEAU = 20  # pixels
_HEAD_CUT, _FEET_CUT = 0.18, 0.28  # share of the body's width at the upper and lower edge
_SIDE_CUT = 0.27  # share of the body's length at a side; images cropped to the body reach 0.26
_PIXEL_MM = (0.8, 6.0)


@dataclass(frozen=True)
class ScanQuality:
    """Quality facts of a bone scan.

    Parameters
    ----------
    counts : mapping of view to float
        Sum of the pixels.
    levels : mapping of view to {"good", "amber", "red", "unknown"}
        ``"unknown"`` where pixels are no counts.
    saturated : mapping of view to float
        Share of the body's pixels that sit at a plateau at the maximum; 0 without a plateau.
    truncated : mapping of view to tuple of str
        Sides of the image at which the body is cut off: ``"top"``, ``"bottom"``, ``"left"``, ``"right"``.
    facts : mapping
        Further JSON values: ``spacing_mm``, ``body_length_mm``, ``legs_missing`` by view.
    warnings : tuple of str
        Complaints for the person.
    """

    counts: Mapping[ViewName, float]
    levels: Mapping[ViewName, Level]
    saturated: Mapping[ViewName, float]
    truncated: Mapping[ViewName, tuple[str, ...]]
    facts: Mapping[str, Any] = dataclass_field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def level(self) -> Level:
        """The worst level of the views."""
        order: tuple[Level, ...] = ("red", "amber", "unknown", "good")
        return next(level for level in order if level in self.levels.values())


def check_scan(scan: BoneScan) -> ScanQuality:
    """Measure the quality facts of a scan.

    Parameters
    ----------
    scan : BoneScan
        Named views.

    Returns
    -------
    ScanQuality
        Facts and warnings; nothing is refused.
    """
    poses = {name: find_pose(view.counts) for name, view in scan}
    missing = {name: _legs_missing(pose) for name, pose in poses.items()}
    saturated = {name: saturated_share(view.counts, poses[name]) for name, view in scan}
    truncated = {name: _cut_sides(poses[name], missing[name]) for name, _ in scan}
    facts: dict[str, Any] = {
        "spacing_mm": None if scan.spacing_mm is None else list(scan.spacing_mm),
        "legs_missing": {name: share for name, share in missing.items() if share > 0},
    }
    lengths = [pose.length for pose in poses.values() if pose is not None]
    if scan.spacing_mm is not None and lengths:
        facts["body_length_mm"] = round(max(lengths) * scan.spacing_mm[0])
    warnings = [
        *_about_views(scan),
        *_about_counts(scan),
        *_about_saturation(saturated),
        *_about_truncation(truncated),
        *_about_spacing(scan),
        *(f"No body was found in the {name} view." for name, pose in poses.items() if pose is None),
    ]
    return ScanQuality(
        counts={name: view.total for name, view in scan},
        levels={name: _level(scan, view) for name, view in scan},
        saturated=saturated,
        truncated=truncated,
        facts=facts,
        warnings=tuple(warnings),
    )


def saturated_share(counts: NDArray[np.floating], pose: Pose | None) -> float:
    """Return the share of the body's pixels that sit at a plateau at the maximum; 0 without a plateau.

    The maximum of a measured image belongs to one or a few pixels, neighbours in value lying close below;
    where values were cut off, many pixels have it.
    """
    highest = float(counts.max())
    at_top = int((counts == highest).sum())
    body = counts.size if pose is None else max(int(pose.silhouette.sum()), 1)
    # As many pixels lie in the next tenth below it where the image is merely dark and coarse.
    near = int((counts >= 0.9 * highest).sum()) - at_top
    if at_top < _LEAST_PLATEAU or at_top < 0.5 * near or highest <= 0:
        return 0.0
    return at_top / body


def _level(scan: BoneScan, view: ScanView) -> Level:
    if scan.unit != "counts":
        return "unknown"
    return "red" if view.total < RED_COUNTS else "amber" if view.total < AMBER_COUNTS else "good"


def _legs_missing(pose: Pose | None) -> float:
    if pose is None or pose.edge_contact()["bottom"] == 0:
        return 0.0
    return legs_missing(pose)


def _cut_sides(pose: Pose | None, missing: float) -> tuple[str, ...]:
    if pose is None:
        return ()
    limits = {"top": _HEAD_CUT, "bottom": _FEET_CUT, "left": _SIDE_CUT, "right": _SIDE_CUT}
    contact = pose.edge_contact()
    cut = [side for side, limit in limits.items() if contact[side] > limit]
    if missing > 0 and "bottom" not in cut:
        cut.append("bottom")
    return tuple(cut)


def _about_views(scan: BoneScan) -> list[str]:
    absent = [name for name in ("anterior", "posterior") if name not in dict(scan)]
    return [f"The {name} view is missing; the result rests on one view." for name in absent]


def _about_counts(scan: BoneScan) -> list[str]:
    if scan.unit != "counts":
        return ["The image holds grey values, not counts; the count level is unknown."]
    low = [(name, view.total, _level(scan, view)) for name, view in scan]
    low = [(name, total, level) for name, total, level in low if level in ("amber", "red")]
    if not low:
        return []
    views = " and ".join(name for name, _, _ in low)
    millions = " and ".join(f"{total / 1e6:.2f}" for _, total, _ in low)
    much = "far too little" if any(level == "red" for _, _, level in low) else "little"
    noun, verb = ("view", "has") if len(low) == 1 else ("views", "have")
    return [
        f"The {views} {noun} {verb} {millions} million counts, {much} for a repeatable index "
        f"({AMBER_COUNTS / 1e6:g} million or more is good)."
    ]


def _about_saturation(saturated: Mapping[ViewName, float]) -> list[str]:
    return [
        f"The {name} view is saturated: {share:.1%} of the body has the highest value, ratios are too "
        "low there."
        for name, share in saturated.items()
        if share >= SATURATED_SHARE
    ]


def _about_truncation(truncated: Mapping[ViewName, tuple[str, ...]]) -> list[str]:
    said = []
    for name, sides in truncated.items():
        if {"left", "right"} <= set(sides):
            said.append(f"The {name} view is narrower than the patient; arms or flanks are cut off.")
        elif any(side in sides for side in ("left", "right")):
            said.append(f"The body is cut off at a side of the {name} view.")
        if "top" in sides:
            said.append(f"The head is cut off in the {name} view.")
        if "bottom" in sides:
            said.append(f"The legs are cut off in the {name} view.")
    return said


def _about_spacing(scan: BoneScan) -> list[str]:
    if scan.spacing_mm is None:
        return ["The pixel size is unknown; areas are in pixels."]
    if not all(_PIXEL_MM[0] <= s <= _PIXEL_MM[1] for s in scan.spacing_mm):
        row, column = scan.spacing_mm
        return [f"The pixel size of {row:.3g} × {column:.3g} mm is unusual for a whole-body scan."]
    return []
