"""The whole-body scan: an anterior and a posterior view with geometry and history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.record import Record, Step

ViewName = Literal["anterior", "posterior"]

VIEWS: tuple[ViewName, ViewName] = ("anterior", "posterior")

Unit = Literal["counts", "grey"]


@dataclass(frozen=True, eq=False)
class ScanView:
    """One planar view.

    Parameters
    ----------
    counts : (H, W) array of float32
        Finite, not negative; head up. Seen from the camera: in an anterior view the patient's right is on
        the image's left, in a posterior view the patient's left is.
    rule : str
        What named the view: ``"view_code"``, ``"view_position"``, ``"image_id"``, ``"series_description"``,
        ``"private_name"``, ``"start_angle"``, ``"file_name"``, ``"content"``, ``"partner"`` (the other view
        is known) or ``"person"``.
    confidence : float
        How sure that rule is, in [0, 1].
    mirrored : bool
        True when the pixels as stored were mirrored left to right and have been turned back.
    source : str
        Path or name of the file; carries no patient identifier of ours.
    frame : int
        Which frame of the file, from 0.
    """

    counts: NDArray[np.float32]
    rule: str = "person"
    confidence: float = 1.0
    mirrored: bool = False
    source: str = ""
    frame: int = 0

    def __post_init__(self) -> None:
        counts = np.ascontiguousarray(self.counts, dtype=np.float32)
        name = self.source or "scan"
        if counts.ndim != 2 or 0 in counts.shape:
            raise BadInput(name, f"a view is a 2-D image, not {np.shape(self.counts)}")
        if not np.isfinite(counts).all():
            raise BadInput(name, "the view has NaN or infinite pixels")
        if counts.min() < 0:
            raise BadInput(name, "the view has negative counts")
        object.__setattr__(self, "counts", counts)

    @property
    def total(self) -> float:
        """Sum of all pixels."""
        return float(self.counts.sum(dtype=np.float64))

    def stored(self, image: NDArray[Any]) -> NDArray[Any]:
        """Return an image of this view, (H, W), on the pixels of its file, or one of the file on the view."""
        return image[:, ::-1] if self.mirrored else image


@dataclass(frozen=True, eq=False)
class BoneScan:
    """A whole-body bone scan.

    Parameters
    ----------
    anterior, posterior : ScanView or None
        The views as the camera saw them (the posterior is *not* flipped); at least one; of one shape.
    spacing_mm : (float, float) or None
        Row and column spacing in mm, both > 0; None when unknown.
    unit : {"counts", "grey"}
        Whether pixels are counted gamma quanta or an 8-bit export's grey values.
    date : str or None
        Day of the scan as ``YYYY-MM-DD`` where the file says it and a comparison needs it.
    source : str
        Path or name the study came from.
    warnings : tuple of str
        Complaints for the person, one sentence each.
    record : Record
        Every step so far.
    """

    anterior: ScanView | None
    posterior: ScanView | None
    spacing_mm: tuple[float, float] | None = None
    unit: Unit = "counts"
    date: str | None = None
    source: str = ""
    warnings: tuple[str, ...] = ()
    record: Record = Record()

    def __post_init__(self) -> None:
        name = self.source or "scan"
        shapes = {view.counts.shape for _, view in self}
        if not shapes:
            raise BadInput(name, "a scan needs an anterior or a posterior view")
        if len(shapes) > 1:
            raise BadInput(name, f"the two views differ in size: {' and '.join(map(str, sorted(shapes)))}")
        if self.spacing_mm is not None and not all(s > 0 for s in self.spacing_mm):
            raise BadInput(name, f"pixel spacing must be positive, not {self.spacing_mm}")

    def __iter__(self) -> Iterator[tuple[ViewName, ScanView]]:
        """Iterate over (name, view) of the views there are, the anterior first."""
        for name in VIEWS:
            if (view := self.view(name)) is not None:
                yield name, view

    def view(self, name: ViewName) -> ScanView | None:
        """Return one view; None when the scan lacks it."""
        return self.anterior if name == "anterior" else self.posterior

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of each view."""
        return next(iter(self))[1].counts.shape  # type: ignore[return-value]

    def after(self, step: Step, **changes: Any) -> BoneScan:
        """Return a copy with `changes` made and `step` added to its record."""
        return replace(self, record=self.record + step, **changes)


def facing(image: NDArray[Any], view: ViewName) -> NDArray[Any]:
    """Return an image of a view as seen from the front: the patient's right on the image's left.

    Parameters
    ----------
    image : (H, W, ...) array
        Pixels of a view as the camera saw them, or back.
    view : {"anterior", "posterior"}
        Which view they belong to; a posterior one is mirrored, an anterior one returned as it is.
    """
    return image[:, ::-1] if view == "posterior" else image
