r"""Shape features of the two lungs.

Let a lung's bounding box start in row :math:`r_0` and have height :math:`h`. Heights and perimeters are
in pixels of the feature grid (`unit="pixel"`) or in units of :math:`\sqrt{A}`, the root of the area of
both lungs, which does not change with magnification (`unit="relative"`). The other features have no unit.

=============================  ==========================================================================
feature                        definition
=============================  ==========================================================================
height_left, height_right      :math:`h_l, h_r`
height_difference              :math:`h_l - h_r`, signed
width_ratio_left_i, _right_i   :math:`R_i`, i = 1…5: last minus first column of the mask plus one, in row
                               :math:`r_0 + \lfloor h\,i/6 \rfloor`, divided by :math:`h`
perimeter_left, _right         :math:`p_l, p_r`: length of the border through the centres of border
                               pixels (Benkrid & Crookes, as in scikit-image)
eccentricity_left, _right      :math:`e_l, e_r` of the ellipse with the same second moments
area_left, _right              number of pixels
solidity_left, _right          area over the area of the convex hull
extent_left, _right            area over the area of the bounding box
apex_base_ratio_left, _right   width ratio 1 over width ratio 5
costophrenic_angle_left, …     angle in degrees at the lowest lateral point of the outline, between the
                               chords to the lateral wall and to the diaphragm, each 15 % of h long
=============================  ==========================================================================

References
----------
T. B. Chandra et al., Automatic detection of tuberculosis related abnormalities in Chest X-ray images
using hierarchical feature extraction scheme, Expert Syst. Appl. 158 (2020) 113514.
K. Benkrid, D. Crookes, Design and FPGA implementation of a perimeter estimator, 2000.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.lungs.fields import LEFT, RIGHT
from napari_tbcad.imaging.morphology import hull_pixels

SIDES: tuple[tuple[str, int], ...] = (("left", LEFT), ("right", RIGHT))

SHAPE_NAMES = (
    "height_left",
    "height_right",
    "height_difference",
    *(f"width_ratio_left_{i}" for i in range(1, 6)),
    *(f"width_ratio_right_{i}" for i in range(1, 6)),
    "perimeter_left",
    "perimeter_right",
    "eccentricity_left",
    "eccentricity_right",
)
"""The 17 shape features in the order of the study."""

EXTRA_SHAPE_NAMES = tuple(
    f"{name}_{side}"
    for name in ("area", "solidity", "extent", "apex_base_ratio", "costophrenic_angle")
    for side in ("left", "right")
)
"""Ten more, beyond the study."""

PROJECT_SHAPE_NAMES = tuple(
    f"{name}_both"
    for name in ("area", "perimeter", "eccentricity", "extent", "solidity", "major_axis", "minor_axis")
)
"""The seven of the student project, measured on both lungs as one region."""

ShapeUnit = Literal["pixel", "relative"]
LENGTHS = frozenset({"height", "perimeter", "major", "minor"})


@dataclass(frozen=True, eq=False)
class Region:
    """A lung cut out to its bounding box.

    Parameters
    ----------
    mask : (h, w) array of bool
        The pixels; first and last row and column hold at least one.
    row, column : int
        Where the box starts in the film.
    """

    mask: NDArray[np.bool_]
    row: int
    column: int

    @property
    def height(self) -> int:
        """Height of the box in pixels."""
        return self.mask.shape[0]

    @property
    def area(self) -> int:
        """Number of pixels."""
        return int(np.count_nonzero(self.mask))


def cut_out(mask: NDArray[np.bool_]) -> Region | None:
    """Cut a mask (H, W) to its bounding box; None when it is empty."""
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    inside = mask[rows[0] : rows[-1] + 1]
    columns = np.flatnonzero(inside.any(axis=0))
    cut = np.ascontiguousarray(inside[:, columns[0] : columns[-1] + 1])
    return Region(cut, int(rows[0]), int(columns[0]))


def width_ratios(region: Region, rows: NDArray[np.integer] | None = None) -> NDArray[np.float64]:
    """Measure the width in five rows, divided by the height.

    Parameters
    ----------
    region : Region
        One lung.
    rows : (5,) array of int, optional
        Rows of the film to measure in; by default the lung's own, :func:`ratio_rows`.

    Returns
    -------
    (5,) array of float64
        Ratios; 0 in a row that misses the lung.
    """
    wanted = (ratio_rows(region) if rows is None else rows) - region.row
    ratios = np.zeros(len(wanted))
    for k, row in enumerate(wanted):
        if 0 <= row < region.height:
            columns = np.flatnonzero(region.mask[row])
            if columns.size:
                ratios[k] = (columns[-1] - columns[0] + 1) / region.height
    return ratios


def ratio_rows(region: Region) -> NDArray[np.int64]:
    """Return the film rows at 1/6 … 5/6 of a lung's height."""
    return region.row + region.height * np.arange(1, 6) // 6


def axes(region: Region) -> tuple[float, float]:
    """Return the full major and minor axis, in pixels, of the ellipse with the region's second moments.

    Notes
    -----
    scikit-image's definition (no 1/12 for the extent of a pixel): four times the root of the
    eigenvalues of the covariance of pixel centres. Row and column sums give the moments without
    touching a coordinate array.
    """
    mask = region.mask
    by_row, by_column = mask.sum(1, dtype=np.float64), mask.sum(0, dtype=np.float64)
    area = by_row.sum()
    r, c = np.arange(len(by_row)), np.arange(len(by_column))
    r = r - (r @ by_row) / area
    c = c - (c @ by_column) / area
    # Σ over the pixels of each row of their column, from the running sum of the row's columns.
    column_sums = mask @ c
    rr, cc, rc = (r * r) @ by_row / area, (c * c) @ by_column / area, r @ column_sums / area
    middle, half = (rr + cc) / 2, float(np.hypot((rr - cc) / 2, rc))
    return 4 * float(np.sqrt(middle + half)), 4 * float(np.sqrt(max(middle - half, 0.0)))


def eccentricity(region: Region) -> float:
    """Eccentricity of the ellipse with the same second moments: 0 for a circle, towards 1 for a line."""
    major, minor = axes(region)
    return float(np.sqrt(1 - (minor / major) ** 2)) if major > 0 else 0.0


_STEP = np.zeros(50)
_STEP[[5, 7, 15, 17, 25, 27]] = 1
_STEP[[21, 33]] = np.sqrt(2)
_STEP[[13, 23]] = (1 + np.sqrt(2)) / 2


def perimeter(region: Region) -> float:
    """Length of the border (4-neighbourhood), in pixels; equal to ``skimage.measure.perimeter``.

    Notes
    -----
    Each border pixel counts 1, √2 or their mean, by a code 10·(border diagonal neighbours) +
    2·(border edge neighbours) + 1 of its 3 × 3 neighbourhood (Benkrid & Crookes 2000). Only the border
    pixels are visited, which is what makes it fast.
    """
    mask = np.pad(region.mask, 2)
    inner = mask[1:-1, 1:-1]
    border = np.zeros(mask.shape, dtype=np.uint8)
    core = inner & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    border[1:-1, 1:-1] = inner & ~core
    width = mask.shape[1]
    flat = border.ravel()
    at = np.flatnonzero(flat)
    code = np.ones(at.size, dtype=np.int64)
    for step in (-1, 1, -width, width):
        code += 2 * flat[at + step]
    for step in (-width - 1, -width + 1, width - 1, width + 1):
        code += 10 * flat[at + step]
    return float(_STEP[code].sum())


def solidity(region: Region) -> float:
    """Area over the area of the convex hull (`skimage.measure.regionprops`' ``solidity``)."""
    return region.area / hull_pixels(region.mask)


def costophrenic_angle(region: Region, side: str, *, arm: float = 0.15) -> float:
    """Measure the angle of the lateral lower corner, in degrees.

    Parameters
    ----------
    region : Region
        One lung in the standard view (the patient's left lung on the image's right).
    side : {"left", "right"}
        The patient's side.
    arm : float, optional
        Length of the two chords as a share of the lung's height.

    Returns
    -------
    float
        Angle in (0, 180]; a free angle is sharp, an effusion blunts it.
    """
    lateral = region.mask if side == "left" else region.mask[:, ::-1]
    lateral = lateral[:, lateral.shape[1] // 2 :]
    r, c = np.nonzero(lateral)
    corner = int(np.argmax(r + c))
    row, column = int(r[corner]), int(c[corner])
    length = arm * region.height
    # Wall: the outermost pixel `length` above the corner. Diaphragm: the lowest pixel `length` medial.
    up = max(row - round(length), 0)
    wall = np.flatnonzero(lateral[up])
    wall_column = int(wall[-1]) if wall.size else column
    whole = region.mask if side == "left" else region.mask[:, ::-1]
    own = column + whole.shape[1] // 2
    medial = max(own - round(length), 0)
    floor = np.flatnonzero(whole[:, medial])
    floor_row = int(floor[-1]) if floor.size else row
    a = np.array([up - row, wall_column - column], dtype=float)
    b = np.array([floor_row - row, medial - own], dtype=float)
    norm = np.linalg.norm(a) * np.linalg.norm(b)
    return float(np.degrees(np.arccos(np.clip(a @ b / norm, -1, 1)))) if norm > 0 else 180.0


def shape_features(
    labels: NDArray[np.uint8],
    *,
    extras: bool = False,
    shared_rows: bool = False,
    unit: ShapeUnit = "pixel",
) -> dict[str, float]:
    """Measure the shape of both lungs.

    Parameters
    ----------
    labels : (H, W) array of uint8
        0 background, 1 right lung, 2 left lung, both present, on the feature grid.
    extras : bool, optional
        Add :data:`EXTRA_SHAPE_NAMES`.
    shared_rows : bool, optional
        Measure the width ratios of both lungs in the left lung's rows.
    unit : {"pixel", "relative"}, optional
        Unit of heights and perimeters.

    Returns
    -------
    dict of str to float
        :data:`SHAPE_NAMES`, then the extras.

    Raises
    ------
    ValueError
        If a lung has no pixel.
    """
    regions = {side: _present(cut_out(labels == value), side) for side, value in SIDES}
    left, right = regions["left"], regions["right"]
    rows = ratio_rows(left) if shared_rows else None
    values: dict[str, float] = {
        "height_left": left.height,
        "height_right": right.height,
        "height_difference": left.height - right.height,
    }
    for side, region in regions.items():
        for i, ratio in enumerate(width_ratios(region, rows), start=1):
            values[f"width_ratio_{side}_{i}"] = float(ratio)
        values[f"perimeter_{side}"] = perimeter(region)
        values[f"eccentricity_{side}"] = eccentricity(region)
        if extras:
            first, last = (values[f"width_ratio_{side}_{i}"] for i in (1, 5))
            values[f"area_{side}"] = region.area
            values[f"solidity_{side}"] = solidity(region)
            values[f"extent_{side}"] = region.area / region.mask.size
            values[f"apex_base_ratio_{side}"] = first / last if last else 0.0
            values[f"costophrenic_angle_{side}"] = costophrenic_angle(region, side)
    names = SHAPE_NAMES + (EXTRA_SHAPE_NAMES if extras else ())
    return _in_unit({name: float(values[name]) for name in names}, unit, left.area + right.area)


def project_shape_features(labels: NDArray[np.uint8], *, unit: ShapeUnit = "pixel") -> dict[str, float]:
    """Measure both lungs as one region, as the student project did: :data:`PROJECT_SHAPE_NAMES`.

    Parameters
    ----------
    labels : (H, W) array of uint8
        Anything above 0 belongs to the region.
    unit : {"pixel", "relative"}, optional
        Unit of area, perimeter and axes.
    """
    region = _present(cut_out(labels > 0), "both")
    major, minor = axes(region)
    values = {
        "area_both": float(region.area),
        "perimeter_both": perimeter(region),
        "eccentricity_both": eccentricity(region),
        "extent_both": region.area / region.mask.size,
        "solidity_both": solidity(region),
        "major_axis_both": major,
        "minor_axis_both": minor,
    }
    return _in_unit(values, unit, region.area)


def _present(region: Region | None, side: str) -> Region:
    if region is None:
        raise ValueError(f"no pixel of the {side} lung")
    return region


def _in_unit(values: dict[str, float], unit: ShapeUnit, area: int) -> dict[str, float]:
    """Divide lengths by the root of the lungs' area, and areas by the area, when asked to."""
    if unit == "pixel":
        return values
    root = float(np.sqrt(area))
    divisor = {"area": float(area)} | dict.fromkeys(LENGTHS, root)
    return {name: value / divisor.get(name.split("_")[0], 1.0) for name, value in values.items()}
