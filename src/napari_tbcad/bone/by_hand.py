"""What a person's tools do to hotspots: click, box, class, confirmation, partner. Pure, as editing.

A tool that is used on a hotspot draws that one anew, its class and links stay; elsewhere it makes a new one,
which counts as judged, since the person who draws says what it is. Neither takes pixels of other hotspots.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.box import Bounds
from napari_tbcad.bone.box_tool import BoxToolParameters, hotspot_in_box
from napari_tbcad.bone.editing import add, give_pixels, link, set_judged, set_label
from napari_tbcad.bone.grow import GrowParameters, grow_hotspot
from napari_tbcad.bone.hotspots import Hotspots, Origin
from napari_tbcad.bone.partner import PartnerParameters, PartnerProposal
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import BoneScan, ScanView, ViewName
from napari_tbcad.record import Parameters

_OWN_SHARE = 0.5
"""A box that holds this share of a hotspot's pixels is drawn for that hotspot."""


class ToolParameters(Parameters):
    """Parameters of the tools by which hotspots are made."""

    grow: GrowParameters = GrowParameters()
    box: BoxToolParameters = BoxToolParameters()
    partner: PartnerParameters = PartnerParameters()

    def with_fraction(self, fraction: float) -> ToolParameters:
        """Return the same tools with another fraction for growing."""
        return self.model_copy(update={"grow": self.grow.model_copy(update={"fraction": fraction})})


def grow_by_click(
    hotspots: Hotspots,
    scan: BoneScan,
    view: ViewName,
    seed: tuple[float, float],
    tools: ToolParameters = ToolParameters(),
    *,
    label: str = "abnormal",
    own: int | None = None,
) -> tuple[Hotspots, int]:
    """Grow a hotspot from a click.

    Parameters
    ----------
    hotspots : Hotspots
    scan : BoneScan
    view : {"anterior", "posterior"}
    seed : (float, float)
        Row and column, in pixels of the view.
    tools : ToolParameters
    label : str
        Class of a new hotspot.
    own : int, optional
        The hotspot that is grown anew, 0 for none; the one under the click when not given.

    Returns
    -------
    Hotspots, int
        The new hotspots and the number of the one grown.

    Raises
    ------
    BadInput
        If the click is outside the view, or nothing rises above its surroundings there.
    """
    own = hotspot_under(hotspots, view, seed) if own is None else own
    mask = grow_hotspot(
        _image(scan, view),
        seed,
        tools.grow,
        spacing_mm=scan.spacing_mm,
        allowed=_free(hotspots, view, own),
    )
    return _put(hotspots, view, mask, "grow", own, label)


def make_by_box(
    hotspots: Hotspots,
    scan: BoneScan,
    view: ViewName,
    bounds: Bounds,
    tools: ToolParameters = ToolParameters(),
    *,
    label: str = "abnormal",
) -> tuple[Hotspots, int]:
    """Make the hotspot inside a box; one that lies in it for the most part is drawn anew.

    Parameters as of :func:`grow_by_click`; `bounds` are top, left, bottom, right in pixels, the last two one
    beyond the last pixel.
    """
    own = hotspot_in(hotspots, view, bounds)
    mask = hotspot_in_box(
        _image(scan, view),
        bounds,
        tools.box,
        spacing_mm=scan.spacing_mm,
        allowed=_free(hotspots, view, own),
    )
    return _put(hotspots, view, mask, "box", own, label)


def class_lesions(hotspots: Hotspots, numbers: Iterable[int], label: str) -> Hotspots:
    """Give hotspots a class, and with each the same lesion in the other view; they are judged then."""
    return set_label(hotspots, with_partners(hotspots, numbers), label)


def confirm_lesions(hotspots: Hotspots, numbers: Iterable[int]) -> Hotspots:
    """Say that the class of hotspots is right, and of each the same lesion in the other view.

    A partner of another class is left to be judged.
    """
    chosen = still_there(hotspots, numbers)
    known = hotspots.by_id()
    both = [
        number
        for number in with_partners(hotspots, chosen)
        if number in chosen or known[number].label == known[known[number].linked or 0].label
    ]
    return set_judged(hotspots, both)


def take_partner(hotspots: Hotspots, proposal: PartnerProposal) -> tuple[Hotspots, int]:
    """Link a hotspot to its proposed partner, made where it is not there yet; return its number, too.

    The partner gets the hotspot's class, and is judged when that is. Where a person has judged the partner
    alone, the hotspot gets the partner's class instead: a judgement is not lost.
    """
    mark = hotspots.mark(proposal.number)
    if proposal.existing is not None:
        linked, other = link(hotspots, mark.id, proposal.existing), hotspots.mark(proposal.existing)
        if other.judged and not mark.judged:
            return set_label(linked, mark.id, other.label), other.id
        return set_label(linked, other.id, mark.label, judged=mark.judged), other.id
    added = add(
        hotspots,
        proposal.view,
        proposal.mask,
        label=mark.label,
        origin="partner",
        judged=mark.judged,
        linked=mark.id,
        over="keep",
    )
    return added, hotspots.next_id


def still_there(hotspots: Hotspots, numbers: Iterable[int]) -> list[int]:
    """Return which of these hotspots still are; raises :class:`BadInput` when none is."""
    known = hotspots.by_id()
    found = [number for number in numbers if number in known]
    if not found:
        raise BadInput("hotspots", "no hotspot is chosen")
    return found


def with_partners(hotspots: Hotspots, numbers: Iterable[int]) -> list[int]:
    """Return hotspots and those that are the same lesions in the other view."""
    known, found = hotspots.by_id(), still_there(hotspots, numbers)
    return list(dict.fromkeys([*found, *(p for n in found if (p := known[n].linked) is not None)]))


def hotspot_under(hotspots: Hotspots, view: ViewName, place: tuple[float, float]) -> int:
    """Return the hotspot at a place of a view (row, column); 0 for none."""
    labels = hotspots.labels(view)
    if not np.isfinite(place).all():
        return 0
    row, column = (round(float(x)) for x in place)
    if labels is None or not (0 <= row < labels.shape[0] and 0 <= column < labels.shape[1]):
        return 0
    return int(labels[row, column])


def hotspot_in(hotspots: Hotspots, view: ViewName, bounds: Bounds) -> int:
    """Return the hotspot of which a box holds the most, and at least half; 0 for none."""
    labels = hotspots.labels(view)
    if labels is None or not np.isfinite(bounds).all():
        return 0
    top, left, bottom, right = (max(0, round(float(edge))) for edge in bounds)
    inside = np.bincount(labels[top:bottom, left:right].ravel(), minlength=hotspots.next_id)
    inside[0] = 0
    best = int(inside.argmax())
    whole = int(np.count_nonzero(labels == best))
    return best if inside[best] and inside[best] >= _OWN_SHARE * whole else 0


def _image(scan: BoneScan, view: ViewName) -> ScanView:
    image = scan.view(view)
    if image is None:
        raise BadInput(scan.source or "scan", f"there is no {view} view")
    return image


def _free(hotspots: Hotspots, view: ViewName, own: int) -> NDArray[np.bool_] | None:
    """Return the pixels (H, W) of a view that are of no hotspot but this one."""
    labels = hotspots.labels(view)
    return None if labels is None else (labels == 0) | (labels == own)


def _put(
    hotspots: Hotspots, view: ViewName, mask: NDArray[np.bool_], origin: Origin, own: int, label: str
) -> tuple[Hotspots, int]:
    if not mask.any():
        raise BadInput(origin, "nothing rises above its surroundings here")
    if own:
        return give_pixels(hotspots, own, mask, over="keep"), own
    return add(hotspots, view, mask, label=label, origin=origin, judged=True, over="keep"), hotspots.next_id
