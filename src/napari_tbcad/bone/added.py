"""Candidates that were found after a person had begun, added to what the person made."""

from __future__ import annotations

from dataclasses import replace

from napari_tbcad.bone.hotspots import Hotspots, Mark, ids_in
from napari_tbcad.bone.label_arrays import MOST_IDS, copied, settled
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS


def missing_candidates(standing: Hotspots, found: Hotspots) -> tuple[Mark, ...]:
    """Return the candidates that a person has not seen: those of which no pixel is in a hotspot that stands.

    None where one of the hotspots that stand was a candidate: the person worked on them, and what is missing
    was deleted.

    Parameters
    ----------
    standing : Hotspots
        The person's.
    found : Hotspots
        The automatic ones.
    """
    if any(mark.origin == "candidate" for mark in standing.marks):
        return ()
    covered: set[int] = set()
    views = set()
    for view in VIEWS:
        here, there = found.labels(view), standing.labels(view)
        if here is not None and there is not None and here.shape == there.shape:
            views.add(view)
            covered |= ids_in(here[there > 0])
    return tuple(mark for mark in found.marks if mark.view in views and mark.id not in covered)


def add_candidates(standing: Hotspots, found: Hotspots) -> Hotspots:
    """Add the candidates that a person has not seen (:func:`missing_candidates`) with new ids.

    Probability, uncertainty, proposed class and links among them come along; none is judged.

    Raises
    ------
    BadInput
        If there is none to add, or no id is left.
    """
    missing = missing_candidates(standing, found)
    if not missing:
        raise BadInput("candidates", "there are none to add")
    first = standing.next_id
    if first + len(missing) - 1 > MOST_IDS:
        raise BadInput("hotspots", "no id is left; renumber the hotspots")
    numbers = {mark.id: first + place for place, mark in enumerate(missing)}
    arrays = copied(standing)
    marks = list(standing.marks)
    for mark in missing:
        here, labels = found.labels(mark.view), arrays[mark.view]
        assert here is not None
        assert labels is not None
        labels[here == mark.id] = numbers[mark.id]
        linked = None if mark.linked is None else numbers.get(mark.linked)
        marks.append(replace(mark, id=numbers[mark.id], linked=linked, judged=False))
    return settled(standing, arrays, marks)
