"""Which hotspots do not count in a Bone Scan Index, and for what reason."""

from __future__ import annotations

from dataclasses import dataclass

from napari_tbcad.bone.bsi import BoneScanIndex
from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.imaging.bonescan import VIEWS

REASONS = {"normal": "normal", "non_bone": "non-bone", "ignore": "ignored"}
"""What a person reads for a class that does not count."""


@dataclass(frozen=True)
class LeftOut:
    """Hotspots that do not count for one reason.

    Parameters
    ----------
    reason : str
        In a word or two.
    why : str
        In a sentence.
    ids : tuple of int
        The hotspots, in order; each is in one group only.
    """

    reason: str
    why: str
    ids: tuple[int, ...]


def left_out(hotspots: Hotspots, index: BoneScanIndex) -> tuple[LeftOut, ...]:
    """Return the hotspots that do not count, by reason: their class, the view rule, no region under them.

    Parameters
    ----------
    hotspots : Hotspots
        Those that the index is of.
    index : BoneScanIndex
    """
    groups = [
        LeftOut(word, f"Of the class {word}: not counted.", _ids(hotspots, label=label))
        for label, word in REASONS.items()
    ]
    outside = set(index.outside)
    for view in VIEWS:
        if index.combine in VIEWS and index.combine != view:
            here = _ids(hotspots, label="abnormal", view=view)
            why = f"Abnormal, but the index is of the {index.combine} view alone."
            groups.append(LeftOut(f"{view} view", why, here))
            outside -= set(here)
    why = "Abnormal, but without a pixel in any skeleton region: no weight says what it adds."
    groups.append(LeftOut("outside all regions", why, tuple(sorted(outside))))
    return tuple(group for group in groups if group.ids)


def unjudged(hotspots: Hotspots) -> tuple[int, ...]:
    """Return the candidates whose class no person has judged yet."""
    return tuple(mark.id for mark in hotspots.marks if not mark.judged)


def _ids(hotspots: Hotspots, *, label: str, view: str | None = None) -> tuple[int, ...]:
    return tuple(
        mark.id for mark in hotspots.marks if mark.label == label and (view is None or mark.view == view)
    )
