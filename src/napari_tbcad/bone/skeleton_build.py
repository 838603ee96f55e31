"""Making a skeleton atlas of scans whose regions are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.skeleton_appearance import pack, silhouette
from napari_tbcad.bone.skeleton_atlas import SkeletonAtlas
from napari_tbcad.bone.skeleton_pose import posed
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ViewName, facing
from napari_tbcad.imaging.registration import affine_map, fit_affine, warp
from napari_tbcad.schemes import REGION_NAMES

_LEAST = 20  # pixels; a smaller region gives no landmarks


def build_skeleton_atlas(
    scans: Sequence[BoneScan],
    regions: Sequence[SkeletonRegions],
    *,
    shape: tuple[int, int] = (256, 64),
    finer: int = 2,
    card: Mapping[str, Any] | None = None,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> SkeletonAtlas:
    """Bring scans with known regions to one frame.

    Parameters
    ----------
    scans : sequence of BoneScan
        Scans with both views.
    regions : sequence of SkeletonRegions
        Their regions, as the camera saw them.
    shape : (int, int), optional
        Grid of the frame.
    finer : int, optional
        How many times finer the labels are.
    card : mapping, optional
        What to say about it.
    progress, cancelled : callable, optional
        Called and asked for every scan.

    Returns
    -------
    SkeletonAtlas

    Raises
    ------
    BadInput
        If there is no scan, or a view or a region is missing.
    Cancelled
        If `cancelled` said so.
    """
    if not scans or len(scans) != len(regions):
        raise BadInput("skeleton atlas", "needs as many region maps as scans, and at least one")
    points = np.array([[_landmarks(found, view) for view in VIEWS] for found in regions])
    common = points.mean(axis=0)
    fine = (shape[0] * finer, shape[1] * finer)
    images = np.empty((len(scans), 2, *shape), np.uint8)
    labels = np.empty((len(scans), 2, *fine), np.uint8)
    bodies = np.zeros((2, *shape), np.float32)
    for i, (scan, found) in enumerate(zip(scans, regions, strict=True)):
        if cancelled is not None and cancelled():
            raise Cancelled("building the atlas was stopped")
        for j, view in enumerate(VIEWS):
            one = scan.view(view)
            drawn = found.labels(view)
            if one is None or drawn is None:
                raise BadInput(scan.source or f"scan {i}", f"has no {view} view or no regions of it")
            known = np.isfinite(common[j] + points[i, j]).all(axis=1)
            matrix = fit_affine(common[j][known], points[i, j][known])
            counts = facing(one.counts, view)
            body = silhouette(counts)
            images[i, j] = pack(posed(counts, body, matrix, shape)[0])
            bodies[j] += warp(body, affine_map(matrix, shape, counts.shape), outside=0.0)  # type: ignore[arg-type]
            sampling = affine_map(matrix, fine, counts.shape)  # type: ignore[arg-type]
            labels[i, j] = warp(facing(drawn, view), sampling, order=0, outside=0.0)
        if progress is not None:
            progress((i + 1) / len(scans), scan.source)
    return SkeletonAtlas(
        images,
        labels,
        np.rint(255 * bodies / len(scans)).astype(np.uint8),
        {**(card or {}), "persons": len(scans)},
    )


def _landmarks(regions: SkeletonRegions, view: ViewName) -> NDArray[np.float64]:
    """Centres of the halves of each region (24, 2), in the unit square seen from the front; NaN if absent.

    The halves lie on either side of the region's own middle: the two limbs of a pair, or the sides of a bone
    on the midline. They spread over rows and columns, which an affine fit needs.
    """
    labels = facing(np.asarray(regions.labels(view)), view)
    points = np.full((2 * len(REGION_NAMES), 2), np.nan)
    for number in range(1, len(REGION_NAMES) + 1):
        rows, columns = np.nonzero(labels == number)
        if len(rows) < _LEAST:
            continue
        right = columns <= columns.mean()
        for k, half in enumerate((right, ~right)):
            place = (rows[half].mean() + 0.5, columns[half].mean() + 0.5)
            points[2 * (number - 1) + k] = np.divide(place, labels.shape)
    return points
