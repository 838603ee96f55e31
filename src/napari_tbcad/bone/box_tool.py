"""The hotspot that a person means by a box: grown inside it, or by the data set's recipe."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.box import Bounds, BoxParameters, box_hotspot, box_slices
from napari_tbcad.bone.grow import GrowParameters, grow_hotspot
from napari_tbcad.imaging.bonescan import ScanView
from napari_tbcad.record import field


class BoxToolParameters(BoxParameters):
    """Parameters of :func:`hotspot_in_box`."""

    method: Literal["grow", "otsu"] = field(
        "grow",
        title="Inside the box",
        description="grow: the fraction of the way up from the bone around the hotspot to its peak, as for a "
        "click in the middle of the box. otsu: the recipe of BS-80K, whose hotspots are larger.",
    )


def hotspot_in_box(
    view: ScanView | NDArray[Any],
    box: Bounds,
    parameters: BoxToolParameters = BoxToolParameters(),
    *,
    grow: GrowParameters = GrowParameters(),
    spacing_mm: tuple[float, float] | None = None,
    allowed: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Find the hotspot that a box was drawn around.

    Parameters
    ----------
    view : ScanView or (H, W) array
        Counts or grey values, hotspots bright.
    box : (int, int, int, int)
        Top, left, bottom, right; the last two one beyond the last pixel. Cut at the image's border.
    parameters : BoxToolParameters
        By growing (:func:`~napari_tbcad.bone.grow.grow_hotspot` from the middle of the box, no pixel outside
        it taken) or by the recipe (:func:`~napari_tbcad.bone.box.box_hotspot`).
    grow : GrowParameters, optional
        Fraction and limits of growing.
    spacing_mm : (float, float), optional
        Row and column spacing; 2.3 mm where unknown.
    allowed : (H, W) array of bool, optional
        Pixels that growing may take.

    Returns
    -------
    (H, W) array of bool
        Inside the box; empty where nothing rises above its surroundings.

    Raises
    ------
    BadInput
        If the box is empty or lies outside the view, or `allowed` is on another grid.
    """
    if parameters.method == "otsu":
        return box_hotspot(view, box, parameters)
    counts = view.counts if isinstance(view, ScanView) else np.asarray(view)
    rows, columns = box_slices(box, counts.shape)
    inside = np.zeros(counts.shape, bool)
    inside[rows, columns] = True if allowed is None else allowed[rows, columns]
    middle = (rows.start + rows.stop - 1) / 2, (columns.start + columns.stop - 1) / 2
    return grow_hotspot(counts, middle, grow, spacing_mm=spacing_mm, allowed=inside)
