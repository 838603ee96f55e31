"""The same lesion in the other view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.axis import Pairing, pair_views
from napari_tbcad.bone.editing import link
from napari_tbcad.bone.grow import USUAL_SPACING_MM, GrowParameters, grow_hotspot
from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ViewName
from napari_tbcad.record import Parameters, field


class PartnerParameters(Parameters):
    """Parameters of :func:`propose_partner` and :func:`link_partners`."""

    across_mm: float = field(
        18.0,
        title="Tolerance across",
        unit="mm",
        gt=0,
        le=100,
        more=True,
        description="How far across the body the partner may lie from the mirrored place.",
    )
    along_mm: float = field(
        12.0,
        title="Tolerance along",
        unit="mm",
        gt=0,
        le=100,
        more=True,
        description="How far along the body the partner may lie from the mirrored place.",
    )
    least: float = field(
        0.5,
        title="Least score",
        ge=0,
        le=1,
        more=True,
        description="A proposal with a lower score is not made.",
    )


@dataclass(frozen=True, eq=False)
class PartnerProposal:
    """Where the same lesion may lie in the other view.

    Parameters
    ----------
    number : int
        The hotspot whose partner this is.
    view : {"anterior", "posterior"}
        The other view.
    mask : (H, W) array of bool
        Its pixels there, as that view's camera saw them.
    existing : int or None
        Id of the hotspot that lies there already (`mask` is then its pixels), or None for a new one.
    score : float
        In [0, 1]; how near it lies to the mirrored place and, for a new one, how alike the sizes are.
    """

    number: int
    view: ViewName
    mask: NDArray[np.bool_]
    existing: int | None
    score: float


def propose_partner(
    scan: BoneScan,
    hotspots: Hotspots,
    number: int,
    parameters: PartnerParameters = PartnerParameters(),
    *,
    grow: GrowParameters = GrowParameters(),
    pairing: Pairing | None = None,
) -> PartnerProposal | None:
    """Propose the partner of a hotspot.

    Parameters
    ----------
    scan : BoneScan
    hotspots : Hotspots
    number : int
        A hotspot; one that is linked already gets its partner with score 1.
    parameters : PartnerParameters
    grow : GrowParameters
        How a new hotspot is grown.
    pairing : Pairing, optional
        How the views lie on each other, to save finding it again.

    Returns
    -------
    PartnerProposal or None
        None when the other view is missing or nothing there stands out.
    """
    mark = hotspots.mark(number)
    other: ViewName = "posterior" if mark.view == "anterior" else "anterior"
    there = scan.view(other)
    labels, own = hotspots.labels(other), hotspots.labels(mark.view)
    pairing = pairing or pair_views(scan)
    if there is None or labels is None or own is None or pairing is None:
        return None
    if mark.linked is not None:
        return PartnerProposal(number, other, labels == mark.linked, mark.linked, 1.0)
    spacing = scan.spacing_mm or USUAL_SPACING_MM
    place = pairing.place(mark.view, *_centre(own == number))
    best: tuple[float, int] | None = None
    for candidate in hotspots.marks:
        if candidate.view == other and candidate.linked is None:
            score = _nearness(place, _centre(labels == candidate.id), spacing, parameters)
            if score >= parameters.least and (best is None or score > best[0]):
                best = score, candidate.id
    if best is not None:
        return PartnerProposal(number, other, labels == best[1], best[1], best[0])
    row, column = round(float(place[0])), round(float(place[1]))
    if not (0 <= row < labels.shape[0] and 0 <= column < labels.shape[1]):
        return None
    mask = grow_hotspot(there, (row, column), grow, spacing_mm=scan.spacing_mm, allowed=labels == 0)
    if not mask.any():
        return None
    score = _nearness(place, _centre(mask), spacing, parameters) * _likeness(
        mask.sum(), (own == number).sum()
    )
    return PartnerProposal(number, other, mask, None, score) if score >= parameters.least else None


def link_partners(
    scan: BoneScan,
    hotspots: Hotspots,
    parameters: PartnerParameters = PartnerParameters(),
) -> Hotspots:
    """Link hotspots of the two views that lie at each other's mirrored place, the best pairs first.

    Existing links stay.
    """
    pairing = pair_views(scan)
    if pairing is None or hotspots.anterior is None or hotspots.posterior is None:
        return hotspots
    spacing = scan.spacing_mm or USUAL_SPACING_MM
    free = [mark for mark in hotspots.marks if mark.linked is None]
    centres = _centres(hotspots)
    scored = []
    for one in free:
        if one.view != "anterior":
            continue
        place = pairing.place("anterior", *centres[one.id])
        for other in free:
            if other.view == "posterior":
                score = _nearness(place, centres[other.id], spacing, parameters)
                if score >= parameters.least:
                    scored.append((-score, one.id, other.id))
    used: set[int] = set()
    for _, one_id, other_id in sorted(scored):
        if not {one_id, other_id} & used:
            hotspots = link(hotspots, one_id, other_id)
            used |= {one_id, other_id}
    return hotspots


def _centres(hotspots: Hotspots) -> dict[int, tuple[float, float]]:
    """Return the centroid of every hotspot by its id."""
    found: dict[int, tuple[float, float]] = {}
    for view in VIEWS:
        labels = hotspots.labels(view)
        places = ndimage.find_objects(labels) if labels is not None else []
        for mark in hotspots.marks:
            if mark.view == view and labels is not None:
                box = places[mark.id - 1]
                row, column = _centre(labels[box] == mark.id)
                found[mark.id] = row + box[0].start, column + box[1].start
    return found


def _centre(mask: NDArray[np.bool_]) -> tuple[float, float]:
    rows, columns = np.nonzero(mask)
    return float(rows.mean()), float(columns.mean())


def _nearness(
    place: tuple[Any, Any],
    centre: tuple[float, float],
    spacing: tuple[float, float],
    parameters: PartnerParameters,
) -> float:
    """Return 1 at the mirrored place, 0.61 at the tolerance, falling as a Gaussian."""
    along = (centre[0] - float(place[0])) * spacing[0] / parameters.along_mm
    across = (centre[1] - float(place[1])) * spacing[1] / parameters.across_mm
    return float(np.exp(-(along**2 + across**2) / 2))


def _likeness(one: float, other: float) -> float:
    """Return 1 for equal areas, 0.61 where one is twice the other, as a Gaussian of the logarithm."""
    return float(np.exp(-(np.log2(one / other) ** 2) / 2))
