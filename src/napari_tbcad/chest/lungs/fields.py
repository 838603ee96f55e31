"""What a lung segmenter returns, and the two masks made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.record import Record
from napari_tbcad.schemes import LEFT as LEFT
from napari_tbcad.schemes import RIGHT as RIGHT

MaskKind = Literal["sensitive", "insensitive"]


@dataclass(frozen=True, eq=False)
class SoftLungs:
    """Soft lung fields of one film on the segmenter's own working grid.

    Parameters
    ----------
    pixels : (2, h, w) array of float32
        Membership in [0, 1] of the patient's right, then left lung, after all registration
        iterations (or the only result, for a segmenter that does not iterate).
    film_shape : (int, int)
        Shape (H, W) of the film; the working grid covers the same field of view.
    early : (2, h, w) array of float32, optional
        The same after fewer iterations, from which the insensitive mask is made
        (Chandra et al. 2020, section 3.2); None for a segmenter that does not iterate.
    segmenter : str
        Registered name of the segmenter.
    warnings : tuple of str
        Complaints for the person.
    record : Record
        Steps of the segmentation.
    uncertainty : (h, w) array of float32, optional
        How unsure the segmenter is, from 0 to 1; None for one that does not say.
    """

    pixels: NDArray[np.float32]
    film_shape: tuple[int, int]
    early: NDArray[np.float32] | None = None
    segmenter: str = ""
    warnings: tuple[str, ...] = ()
    record: Record = Record()
    uncertainty: NDArray[np.float32] | None = None

    def of_kind(self, kind: MaskKind) -> NDArray[np.float32]:
        """Return the (2, h, w) membership from which a mask of this kind is made."""
        return self.early if kind == "insensitive" and self.early is not None else self.pixels


@dataclass(frozen=True, eq=False)
class LungMasks:
    """Lung labels on the film's own pixel grid.

    Parameters
    ----------
    labels : (H, W) array of uint8
        0 background, 1 right lung, 2 left lung (the patient's sides).
    kind : {"sensitive", "insensitive"}
        Sensitive: air cavity only, for shape. Insensitive: anatomical lung field including
        consolidation, for grey-level features.
    origin : {"automatic", "person", "program"}
        Who made it; a program, where it was given as a file that says so.
    record : Record
        Steps and edits.
    """

    labels: NDArray[np.uint8]
    kind: MaskKind
    origin: Literal["automatic", "person", "program"] = "automatic"
    record: Record = Record()

    def __post_init__(self) -> None:
        labels = np.asarray(self.labels)
        if labels.ndim != 2:
            raise BadInput(f"{self.kind} mask", f"a mask is 2-D, this has shape {labels.shape}")
        if labels.size and (labels.max() > LEFT or labels.min() < 0):
            odd = int(labels.max() if labels.max() > LEFT else labels.min())
            raise BadInput(f"{self.kind} mask", f"labels are 0, 1 (right) and 2 (left), not {odd}")
        object.__setattr__(self, "labels", np.ascontiguousarray(labels, dtype=np.uint8))
