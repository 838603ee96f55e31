"""What is true of a simulated scan: hotspots by view, the skeleton's area, the index of the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.imaging.bonescan import VIEWS, ViewName, facing
from napari_tbcad.schemes import FOUR_CLASS
from napari_tbcad.simulate.hotspots import Deposit
from napari_tbcad.skeletal_mass import WEIGHT_TABLES, WeightTable

if TYPE_CHECKING:
    from napari_tbcad.simulate.skeleton import Body

PEAK_SHARE = 0.40
"""A pixel belongs to a hotspot when the lesion's noise-free counts are above this share of their peak."""

VISIBLE_SHARE = 0.28
"""A lesion is seen in a view when its peak is above this share of the noise-free counts beneath it."""

FEWEST_PIXELS = 4
"""What is left of a hotspot under stronger ones counts from this size on."""

BONE_MM = 3.0
"""A pixel is bone when the ray through it passes this length of bone."""

Place = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class Contribution:
    """What one lesion adds to one view, noise-free.

    Parameters
    ----------
    place : (slice, slice)
        Rows and columns of the view, as the camera saw it.
    counts : (h, w) array of float32
        Expected counts there, without scatter.
    """

    place: Place
    counts: NDArray[np.float32]


def find_hotspots(
    contributions: Mapping[ViewName, Sequence[Contribution | None]],
    background: Mapping[ViewName, NDArray[np.float32]],
) -> tuple[dict[ViewName, NDArray[np.uint16]], dict[ViewName, list[int | None]]]:
    """Return the instance labels of both views and the id of every lesion in each.

    Parameters
    ----------
    contributions : mapping of view to sequence of Contribution or None
        One for each lesion, in the same order in both views.
    background : mapping of view to (H, W) array of float32
        Noise-free counts of the body without any lesion.

    Returns
    -------
    labels : dict of view to (H, W) array of uint16
        0, or the id of a hotspot; ids are unique over both views, the anterior ones first.
    ids : dict of view to list
        By lesion; None where it is not seen in that view.

    Notes
    -----
    A pixel belongs to a lesion when its noise-free contribution is above 40 % of its own peak, and the lesion
    is seen when that peak is above 28 % of the mean background under those pixels. Where two overlap the one
    that contributes more counts takes the pixel; if fewer than 4 are left, the lesion is not seen.
    """
    labels: dict[ViewName, NDArray[np.uint16]] = {}
    ids: dict[ViewName, list[int | None]] = {}
    next_id = 1
    for view in VIEWS:
        ground = background[view]
        owner = np.zeros(ground.shape, np.int32)
        strongest = np.zeros(ground.shape, np.float32)
        for number, item in enumerate(contributions[view], start=1):
            if item is None or not _is_seen(item, ground[item.place]):
                continue
            inside = item.counts > PEAK_SHARE * item.counts.max()
            won = inside & (item.counts > strongest[item.place])
            owner[item.place][won] = number
            strongest[item.place][won] = item.counts[won]
        left = np.bincount(owner.ravel(), minlength=len(contributions[view]) + 1)
        table = np.zeros(len(left), np.uint16)
        ids[view] = []
        for number in range(1, len(left)):
            seen = left[number] >= FEWEST_PIXELS
            ids[view].append(next_id if seen else None)
            table[number] = next_id if seen else 0
            next_id += int(seen)
        labels[view] = table[owner]
    return labels, ids


def _is_seen(item: Contribution, ground: NDArray[np.float32]) -> bool:
    """Tell whether a lesion stands out from what lies beneath it."""
    peak = float(item.counts.max(initial=0.0))
    if peak <= 0:
        return False
    inside = item.counts > PEAK_SHARE * peak
    return peak > VISIBLE_SHARE * float(ground[inside].mean())


def bone_area(body: Body, places: NDArray[np.intp]) -> dict[ViewName, NDArray[np.bool_]]:
    """Return where each view shows bone: pixels whose ray passes at least 3 mm of bone, without any blur.

    Parameters
    ----------
    body : Body
        The body on its grid.
    places : (n,) array of int
        Flat indices of its bone voxels.
    """
    _, rows, columns = body.part.shape
    fill = body.fill.ravel()[places]
    length = np.bincount(places % (rows * columns), fill, minlength=rows * columns) * body.spacing_mm[0]
    area = length.reshape(rows, columns) >= BONE_MM
    return {view: np.ascontiguousarray(facing(area, view)) for view in VIEWS}


def class_image(
    bone: NDArray[np.bool_], labels: NDArray[np.uint16], classes: Mapping[int, str]
) -> NDArray[np.uint8]:
    """Return the 4-class image (H, W): background, bone, abnormal, normal (non-bone uptake counts as normal).

    Parameters
    ----------
    bone : (H, W) array of bool
        What :func:`bone_area` returned.
    labels : (H, W) array of uint16
        Hotspots.
    classes : mapping of int to str
        Class of every id.
    """
    table = np.zeros(int(labels.max(initial=0)) + 1, np.uint8)
    for number, label in classes.items():
        if number < len(table):
            table[number] = FOUR_CLASS.ids[label]
    ground = np.where(bone, FOUR_CLASS.ids["bone"], FOUR_CLASS.ids["background"])
    return np.where(labels > 0, table[labels], ground).astype(np.uint8)


def region_volumes(body: Body, places: NDArray[np.intp]) -> dict[str, float]:
    """Return the bone volume of every region in mm³; parameters as :func:`bone_area`."""
    sums = np.bincount(body.part.ravel()[places], body.fill.ravel()[places], minlength=256)
    return _by_region(body, sums)


def _by_region(body: Body, sums: NDArray[Any]) -> dict[str, float]:
    """Return mm³ by region, of sums of voxel shares by part."""
    voxel = float(np.prod(body.spacing_mm))
    volumes: dict[str, float] = {}
    for part in body.parts:
        if part.kind == "bone" and part.region and sums[part.id] > 0:
            volumes[part.region] = volumes.get(part.region, 0.0) + float(sums[part.id]) * voxel
    return volumes


def covered_volumes(body: Body, deposits: Sequence[Deposit]) -> dict[str, float]:
    """Return the volume in mm³ that deposits take of every region's bone; what two share counts once."""
    if not deposits:
        return {}
    places, covers = [], []
    for item in deposits:
        grid = np.ix_(*(np.arange(s.start, s.stop) for s in item.block))
        flat = np.ravel_multi_index(grid, body.part.shape)
        taken = item.cover > 0
        places.append(np.broadcast_to(flat, item.cover.shape)[taken])
        covers.append(item.cover[taken])
    place, inverse = np.unique(np.concatenate(places), return_inverse=True)
    cover = np.zeros(len(place))
    np.maximum.at(cover, inverse, np.concatenate(covers))
    return _by_region(body, np.bincount(body.part.ravel()[place], cover, minlength=256))


def true_index(covered: Mapping[str, float], volumes: Mapping[str, float], table: WeightTable) -> float:
    """Return the Bone Scan Index of the body in %: Σ over groups of share of the group's volume · weight.

    Parameters
    ----------
    covered, volumes : mapping of str to float
        Volume of abnormal lesions and of bone by region, in one unit. Bone is taken to be of one density.
    table : WeightTable
        Shares of skeletal mass.
    """
    total = 0.0
    for group in table:
        whole = sum(volumes.get(region, 0.0) for region in group.regions)
        sick = sum(covered.get(region, 0.0) for region in group.regions)
        total += group.percent * sick / whole if whole > 0 else 0.0
    return total


def true_indices(covered: Mapping[str, float], volumes: Mapping[str, float]) -> dict[str, float]:
    """Return :func:`true_index` for every weight table, by its name."""
    return {name: true_index(covered, volumes, table) for name, table in WEIGHT_TABLES.items()}
