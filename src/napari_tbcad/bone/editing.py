"""Changing hotspots: every function takes hotspots and returns new ones.

Rules that hold for all of them. Ids never change but by :func:`renumber`. Pixels belong to one hotspot:
where a change covers another hotspot's pixels it takes them (``over="take"``, what a person who draws
means) or leaves them (``over="keep"``, for what the program proposes). A hotspot that has lost all its
pixels is gone, and so are links to it; a link always has two ends. The record is left as it is: what a
person did is recorded by the workflow (:func:`napari_tbcad.bone.edits.give_hotspots`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.hotspots import Hotspots, Mark, Origin
from napari_tbcad.bone.label_arrays import MOST_IDS, Labels, copied, labels_in, pixels_of, settled
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.schemes import HOTSPOT_CLASSES

Over = Literal["take", "keep"]


def add(
    hotspots: Hotspots,
    view: ViewName,
    mask: NDArray[Any],
    *,
    label: str = "abnormal",
    origin: Origin = "brush",
    judged: bool = False,
    probability: float | None = None,
    uncertainty: float | None = None,
    linked: int | None = None,
    over: Over = "take",
) -> Hotspots:
    """Add a hotspot; its id is ``hotspots.next_id``.

    Parameters
    ----------
    hotspots : Hotspots
    view : {"anterior", "posterior"}
    mask : (H, W) array of bool
        Its pixels, on the view's grid.
    label, origin, judged, probability, uncertainty
        As in :class:`~napari_tbcad.bone.hotspots.Mark`.
    linked : int, optional
        Id of the same lesion in the other view; that hotspot's link is set, too.
    over : {"take", "keep"}
        What happens to pixels of other hotspots.

    Raises
    ------
    BadInput
        If the scan lacks the view, the mask has another size, or no pixel is left.
    """
    number = hotspots.next_id
    if number > MOST_IDS:
        raise BadInput("hotspots", "no id is left; renumber the hotspots")
    arrays = copied(hotspots)
    pixels = _free(hotspots, view, mask, over)
    labels_in(arrays, view)[pixels] = number
    mark = Mark(number, view, label, origin, judged, probability, uncertainty=uncertainty)
    added = settled(hotspots, arrays, (*hotspots.marks, mark))
    return added if linked is None else link(added, number, linked)


def give_pixels(hotspots: Hotspots, number: int, mask: NDArray[Any], *, over: Over = "take") -> Hotspots:
    """Replace the pixels of a hotspot; its class and link stay.

    Raises
    ------
    BadInput
        If there is no such hotspot, the mask has another size, or no pixel is left.
    """
    mark = _mark(hotspots, number)
    arrays = copied(hotspots)
    labels = labels_in(arrays, mark.view)
    pixels = _free(hotspots, mark.view, mask, over, own=number)
    labels[labels == number] = 0
    labels[pixels] = number
    return settled(hotspots, arrays, hotspots.marks)


def erase(hotspots: Hotspots, view: ViewName, mask: NDArray[Any], *, number: int | None = None) -> Hotspots:
    """Clear pixels of one hotspot, or of all when `number` is None; what is left empty is gone."""
    arrays = copied(hotspots)
    labels = labels_in(arrays, view)
    pixels = pixels_of(labels, mask)
    labels[pixels & (labels == number) if number is not None else pixels] = 0
    return settled(hotspots, arrays, hotspots.marks)


def delete(hotspots: Hotspots, numbers: int | Iterable[int]) -> Hotspots:
    """Remove hotspots with their marks."""
    gone = [_mark(hotspots, number).id for number in _list(numbers)]
    arrays = copied(hotspots)
    for labels in arrays.values():
        if labels is not None:
            labels[np.isin(labels, gone)] = 0
    return settled(hotspots, arrays, hotspots.marks)


def merge(hotspots: Hotspots, numbers: Iterable[int]) -> Hotspots:
    """Make one hotspot of several of one view.

    It keeps the smallest id. Its class is that of the largest part (the smallest id in a tie), its
    probability and uncertainty the highest of the parts, its link the first there is; it is judged when all
    parts were.

    Raises
    ------
    BadInput
        If there are fewer than two, or they lie in different views.
    """
    marks = [_mark(hotspots, number) for number in sorted(set(_list(numbers)))]
    if len(marks) < 2:
        raise BadInput("merge", "select two hotspots or more")
    if len({mark.view for mark in marks}) > 1:
        raise BadInput("merge", "the hotspots lie in different views; link them instead")
    arrays = copied(hotspots)
    labels = labels_in(arrays, marks[0].view)
    areas = {mark.id: int((labels == mark.id).sum()) for mark in marks}
    largest = max(marks, key=lambda mark: (areas[mark.id], -mark.id))
    links = [mark.linked for mark in marks if mark.linked is not None]
    first = marks[0]
    labels[np.isin(labels, list(areas))] = first.id
    whole = Mark(
        first.id,
        first.view,
        largest.label,
        "merge",
        all(mark.judged for mark in marks),
        _highest(mark.probability for mark in marks),
        links[0] if links else None,
        _highest(mark.uncertainty for mark in marks),
    )
    merged = {mark.id for mark in marks}
    others = [
        replace(mark, linked=first.id if mark.id == whole.linked else None) if mark.linked in merged else mark
        for mark in hotspots.marks
        if mark.id not in merged
    ]
    return settled(hotspots, arrays, (*others, whole))


def split_by_seeds(
    hotspots: Hotspots, number: int, seeds: Sequence[tuple[float, float]], counts: NDArray[Any]
) -> Hotspots:
    """Part a hotspot between seeds, along the valley of counts between them (watershed).

    The part of the first seed keeps id and link, the others get new ids; class and judgement stay.

    Parameters
    ----------
    hotspots : Hotspots
    number : int
        The hotspot.
    seeds : sequence of (float, float)
        Row and column of two places or more; each counts for the hotspot's nearest pixel.
    counts : (H, W) array
        The view's counts.

    Raises
    ------
    BadInput
        If fewer than two different pixels of the hotspot are named.
    """
    from scipy import ndimage
    from skimage.segmentation import watershed

    mark = _mark(hotspots, number)
    labels = labels_in(copied(hotspots), mark.view)
    mask = labels == number
    if np.shape(counts) != mask.shape:
        raise BadInput("split", "the counts are on another grid than the hotspots")
    places = np.argwhere(mask)
    markers = np.zeros(mask.shape, np.int32)
    for part, seed in enumerate(seeds, start=1):
        nearest = tuple(places[((places - np.asarray(seed, float)) ** 2).sum(axis=1).argmin()])
        if markers[nearest]:
            raise BadInput("split", "two seeds fall on one pixel of the hotspot; set them farther apart")
        markers[nearest] = part
    if markers.max() < 2:
        raise BadInput("split", "a hotspot is split between two seeds or more")
    smooth = ndimage.gaussian_filter(np.asarray(counts, np.float32), 1.0)
    parts = watershed(-smooth, markers, mask=mask, connectivity=2)
    # Pieces without a seed (a hotspot need not hang together) go to the nearest part.
    if (parts[mask] == 0).any():
        nearest_part = ndimage.distance_transform_edt(parts == 0, return_distances=False, return_indices=True)
        parts = np.where(mask, parts[tuple(nearest_part)], 0)
    return _parted(hotspots, mark, parts)


def split_by_line(
    hotspots: Hotspots, number: int, start: tuple[float, float], end: tuple[float, float]
) -> Hotspots:
    """Part a hotspot along the straight line through two points; the larger part keeps its id and link.

    Raises
    ------
    BadInput
        If all its pixels lie on one side of the line.
    """
    mark = _mark(hotspots, number)
    mask = labels_in(copied(hotspots), mark.view) == number
    (r0, c0), (r1, c1) = start, end
    rows, columns = np.indices(mask.shape)
    side = (r1 - r0) * (columns - c0) - (c1 - c0) * (rows - r0) >= 0
    one, other = mask & side, mask & ~side
    if not one.any() or not other.any():
        raise BadInput("split", "the line does not cross the hotspot")
    if one.sum() < other.sum():
        one, other = other, one
    return _parted(hotspots, mark, one + 2 * other.astype(int))


def _parted(hotspots: Hotspots, mark: Mark, parts: NDArray[Any]) -> Hotspots:
    arrays = copied(hotspots)
    labels = labels_in(arrays, mark.view)
    marks = [replace(m, origin="split") if m.id == mark.id else m for m in hotspots.marks]
    for part in range(2, int(parts.max()) + 1):
        new = hotspots.next_id + part - 2
        if new > MOST_IDS:
            raise BadInput("hotspots", "no id is left; renumber the hotspots")
        labels[parts == part] = new
        marks.append(replace(mark, id=new, origin="split", linked=None))
    return settled(hotspots, arrays, marks)


def set_label(
    hotspots: Hotspots, numbers: int | Iterable[int], label: str, *, judged: bool = True
) -> Hotspots:
    """Give hotspots a class; `judged` says that a person did.

    Raises
    ------
    BadInput
        If the class or a hotspot is unknown.
    """
    if label not in HOTSPOT_CLASSES:
        raise BadInput("class", f"the class is one of {', '.join(HOTSPOT_CLASSES)}")
    return _remarked(hotspots, numbers, label=label, judged=judged)


def set_judged(hotspots: Hotspots, numbers: int | Iterable[int], judged: bool = True) -> Hotspots:
    """Say that a person confirmed the class of hotspots, or take it back."""
    return _remarked(hotspots, numbers, judged=judged)


def link(hotspots: Hotspots, one: int, other: int) -> Hotspots:
    """Say that two hotspots of different views are the same lesion; earlier links of both end.

    Raises
    ------
    BadInput
        If both lie in one view.
    """
    if _mark(hotspots, one).view == _mark(hotspots, other).view:
        raise BadInput("link", "a link joins a hotspot of each view; merge hotspots of one view instead")
    pair = {int(one): int(other), int(other): int(one)}
    marks = [
        replace(m, linked=pair[m.id]) if m.id in pair else replace(m, linked=None) if m.linked in pair else m
        for m in hotspots.marks
    ]
    return replace(hotspots, marks=tuple(marks))


def unlink(hotspots: Hotspots, numbers: int | Iterable[int]) -> Hotspots:
    """End the links of hotspots, at both ends."""
    gone = {_mark(hotspots, number).id for number in _list(numbers)}
    marks = [replace(m, linked=None) if m.id in gone or m.linked in gone else m for m in hotspots.marks]
    return replace(hotspots, marks=tuple(marks))


def renumber(hotspots: Hotspots) -> Hotspots:
    """Give ids 1, 2, … without gaps: the anterior view first, then in the order of the old ids."""
    order = sorted(hotspots.marks, key=lambda m: (VIEWS.index(m.view), m.id))
    new = {mark.id: number for number, mark in enumerate(order, start=1)}
    table = np.zeros(MOST_IDS + 1, np.uint16)
    table[list(new)] = list(new.values())
    arrays: Labels = {
        view: None if (labels := hotspots.labels(view)) is None else table[labels] for view in VIEWS
    }
    marks = [replace(m, id=new[m.id], linked=new.get(m.linked or 0)) for m in order]
    return settled(hotspots, arrays, marks)


def _remarked(hotspots: Hotspots, numbers: int | Iterable[int], **changes: Any) -> Hotspots:
    chosen = {_mark(hotspots, number).id for number in _list(numbers)}
    marks = [replace(m, **changes) if m.id in chosen else m for m in hotspots.marks]
    return replace(hotspots, marks=tuple(marks))


def _highest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _list(numbers: int | Iterable[int]) -> list[int]:
    return [int(n) for n in numbers] if isinstance(numbers, Iterable) else [int(numbers)]


def _mark(hotspots: Hotspots, number: int) -> Mark:
    try:
        return hotspots.mark(number)
    except KeyError as error:
        raise BadInput(f"hotspot {number}", "there is no hotspot of this number") from error


def _free(
    hotspots: Hotspots, view: ViewName, mask: NDArray[Any], over: Over, own: int = 0
) -> NDArray[np.bool_]:
    """Return the pixels of a mask that a hotspot gets; raises when there are none."""
    labels = labels_in({v: hotspots.labels(v) for v in VIEWS}, view)
    pixels = pixels_of(labels, mask)
    if over == "keep":
        pixels = pixels & np.isin(labels, (0, own))
    if not pixels.any():
        raise BadInput("hotspot", "no pixel is left for it" if mask.any() else "it has no pixel")
    return pixels
