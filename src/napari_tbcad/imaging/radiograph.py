"""The film: pixels with geometry and history."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.record import Record, Step


@dataclass(frozen=True, eq=False)
class Radiograph:
    """A projection radiograph.

    Parameters
    ----------
    pixels : (H, W) array of float32
        Finite values, air dark (bone bright), in the file's own units after rescale.
    spacing_mm : (float, float), optional
        Row and column spacing in mm, both > 0; None when unknown.
    source : str
        Path or name the film came from; carries no patient identifier of ours.
    window : (float, float), optional
        Display range (low, high) asked for by the file, in units of `pixels`.
    inverted : bool
        True when the grey scale was turned round on reading or by the polarity check.
    flipped : bool
        True when the film was mirrored left to right on request.
    view : str, optional
        ``"PA"``, ``"AP"`` or ``"LATERAL"`` as the file says it; None when it does not.
    warnings : tuple of str
        Complaints for the person, one sentence each.
    record : Record
        Every step so far.
    """

    pixels: NDArray[np.float32]
    spacing_mm: tuple[float, float] | None = None
    source: str = ""
    window: tuple[float, float] | None = None
    inverted: bool = False
    flipped: bool = False
    view: str | None = None
    warnings: tuple[str, ...] = ()
    record: Record = Record()

    def __post_init__(self) -> None:
        pixels = np.ascontiguousarray(self.pixels, dtype=np.float32)
        if pixels.ndim != 2 or 0 in pixels.shape:
            raise BadInput(self.source or "film", f"a film is a 2-D grey image, not {np.shape(self.pixels)}")
        if not np.isfinite(pixels).all():
            raise BadInput(self.source or "film", "the film has NaN or infinite pixels")
        if self.spacing_mm is not None and not all(s > 0 for s in self.spacing_mm):
            raise BadInput(self.source or "film", f"pixel spacing must be positive, not {self.spacing_mm}")
        object.__setattr__(self, "pixels", pixels)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.pixels.shape  # type: ignore[return-value]

    def after(self, step: Step, **changes: Any) -> Radiograph:
        """Return a copy with `changes` made and `step` added to its record."""
        return replace(self, record=self.record + step, **changes)
