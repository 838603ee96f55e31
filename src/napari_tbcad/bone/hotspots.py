"""Hotspots of a scan: instance labels of both views and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.whole_labels import whole_labels
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.record import Record, Step
from napari_tbcad.schemes import HOTSPOT_CLASSES

Origin = Literal[
    "candidate", "box", "grow", "brush", "split", "merge", "partner", "file", "program", "edited"
]
"""The last three are of given files: of a person; of one that says that a program found it; of one that says
that a person edited what a program found."""


@dataclass(frozen=True)
class Mark:
    """What is known of one hotspot beside its pixels.

    Parameters
    ----------
    id : int
        Its value in the label image, > 0; unique in the scan, over both views.
    view : {"anterior", "posterior"}
        Where it lies.
    label : {"abnormal", "normal", "non_bone", "ignore"}
        Its class.
    origin : str
        With what it was made.
    judged : bool
        True when a person chose or confirmed its class.
    probability : float or None
        What the program gave for being abnormal, in [0, 1]; None when it did not say.
    linked : int or None
        Id of the same lesion in the other view.
    uncertainty : float or None
        How unsure the program was of it, in [0, 1]: what most needs a person's eye has the largest; None
        when it did not say.
    """

    id: int
    view: ViewName
    label: str = "abnormal"
    origin: Origin = "candidate"
    judged: bool = False
    probability: float | None = None
    linked: int | None = None
    uncertainty: float | None = None

    def __post_init__(self) -> None:
        for name in ("probability", "uncertainty"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise BadInput(f"hotspot {self.id}", f"its {name} lies in 0 to 1, not at {value}")
        if self.view not in VIEWS:
            raise BadInput(f"hotspot {self.id}", f"the view is one of {', '.join(VIEWS)}")
        if self.label not in HOTSPOT_CLASSES:
            raise BadInput(f"hotspot {self.id}", f"the class is one of {', '.join(HOTSPOT_CLASSES)}")


def ids_in(labels: NDArray[np.uint16]) -> set[int]:
    """Return the ids that occur in a label image, 0 apart."""
    return set(np.flatnonzero(np.bincount(labels.ravel())).tolist()) - {0}


@dataclass(frozen=True, eq=False)
class Hotspots:
    """Instance labels of both views.

    Parameters
    ----------
    anterior, posterior : (H, W) array of uint16, or None
        0 background, else the id of a mark; on the view's own grid, as the camera saw it. None where the
        scan lacks the view.
    marks : tuple of Mark
        One for every id that occurs, in order of id; a link has two ends, one in each view.
    warnings : tuple of str
    record : Record

    Raises
    ------
    BadInput
        If labels and marks differ, a label is no whole number in 0 to 65535, two hotspots share an id, or a
        link has one end.
    """

    anterior: NDArray[np.uint16] | None
    posterior: NDArray[np.uint16] | None
    marks: tuple[Mark, ...] = ()
    warnings: tuple[str, ...] = ()
    record: Record = Record()

    def __post_init__(self) -> None:
        known = {view: {m.id for m in self.marks if m.view == view} for view in VIEWS}
        if len({m.id for m in self.marks}) != len(self.marks):
            raise BadInput("hotspots", "two hotspots share an id")
        for view in VIEWS:
            labels, present = self.labels(view), set()
            if labels is not None:
                labels = whole_labels(labels, np.uint16, f"{view} hotspots")
                object.__setattr__(self, view, labels)
                present = ids_in(labels)
            if present != known[view]:
                raise BadInput("hotspots", f"{view} labels and marks differ: {sorted(present ^ known[view])}")
        object.__setattr__(self, "marks", tuple(sorted(self.marks, key=lambda m: m.id)))
        ends = self.by_id()
        for mark in self.marks:
            end = None if mark.linked is None else ends.get(mark.linked)
            if mark.linked is not None and (end is None or end.linked != mark.id or end.view == mark.view):
                raise BadInput(
                    f"hotspot {mark.id}", f"its link to {mark.linked} has no other end in the other view"
                )

    def labels(self, view: ViewName) -> NDArray[np.uint16] | None:
        """Return the instance labels of one view."""
        return self.anterior if view == "anterior" else self.posterior

    def mark(self, number: int) -> Mark:
        """Return the mark of an id; raises KeyError when there is none."""
        for mark in self.marks:
            if mark.id == number:
                return mark
        raise KeyError(number)

    def by_id(self) -> Mapping[int, Mark]:
        """Return the marks by id."""
        return {mark.id: mark for mark in self.marks}

    @property
    def next_id(self) -> int:
        """Smallest id above all in use."""
        return max((mark.id for mark in self.marks), default=0) + 1

    def of_class(self, view: ViewName, label: str) -> NDArray[np.bool_] | None:
        """Return the pixels (H, W) of one class in one view; None where the scan lacks the view."""
        labels = self.labels(view)
        if labels is None:
            return None
        return np.isin(labels, [m.id for m in self.marks if m.view == view and m.label == label])

    def after(self, step: Step, **changes: Any) -> Hotspots:
        """Return a copy with `changes` made and `step` added to its record."""
        return replace(self, record=self.record + step, **changes)
