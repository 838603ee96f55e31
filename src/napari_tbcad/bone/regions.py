"""Skeleton regions of a scan as label images."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.whole_labels import whole_labels
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.record import Record, Step
from napari_tbcad.schemes import ANTERIOR_ONLY, REGION_IDS, REGION_NAMES


@dataclass(frozen=True, eq=False)
class SkeletonRegions:
    """Regions 1 to 12 (:data:`~napari_tbcad.schemes.REGION_NAMES`) of both views.

    Parameters
    ----------
    anterior, posterior : (H, W) array of uint8, or None
        0 outside, else the region; on the view's own grid, as the camera saw it. None where the scan lacks
        the view.
    scores : mapping of str to float
        By view, how far they can be trusted (1 is best): of an atlas how well it fits the scan, of a network
        how sure it is; empty for a person's.
    warnings : tuple of str
    record : Record
    segmenter : str
        What found them; empty for a person's.
    uncertainty : mapping of str to (H, W) array of float32
        By view, in [0, 1], where a network is unsure; empty where nothing says so.
    """

    anterior: NDArray[np.uint8] | None
    posterior: NDArray[np.uint8] | None
    scores: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    record: Record = Record()
    segmenter: str = ""
    uncertainty: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for view in VIEWS:
            labels = self.labels(view)
            if labels is None:
                continue
            labels = whole_labels(labels, np.uint8, f"{view} regions")
            if labels.size and labels.max() > len(REGION_NAMES):
                raise BadInput(
                    "regions", f"{view}: region ids are 0 to {len(REGION_NAMES)}, this has {labels.max()}"
                )
            object.__setattr__(self, view, labels)

    def labels(self, view: ViewName) -> NDArray[np.uint8] | None:
        """Return the region labels of one view."""
        return self.anterior if view == "anterior" else self.posterior

    def weighed(self, view: ViewName) -> NDArray[np.uint8] | None:
        """Return the labels that the index and the table go by: the sternum is read from the front only."""
        labels = self.labels(view)
        if labels is None or view == "anterior":
            return labels
        return np.where(labels == REGION_IDS[ANTERIOR_ONLY], 0, labels).astype(np.uint8)

    def after(self, step: Step, **changes: Any) -> SkeletonRegions:
        """Return a copy with `changes` made and `step` added to its record."""
        return replace(self, record=self.record + step, **changes)
