"""Solids painted into voxels with soft edges, each within its own bounding box."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from skimage.draw import polygon2mask

from napari_tbcad.simulate.skeleton_pose import TEMPLATE_MM, Pose
from napari_tbcad.simulate.skeleton_shapes import Column, Ellipsoid, Part, Points, Rod, Sheet, Solid

Volume = NDArray[np.float32]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Grid:
    """Where voxels lie in the person's millimetres.

    Parameters
    ----------
    shape : (int, int, int)
        Slabs (front to back), rows, columns.
    spacing : (float, float, float)
        mm, in the same order.
    origin : (float, float, float)
        z, y, x of the centre of voxel (0, 0, 0) in the person.
    """

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]

    def box(self, low: Points, high: Points) -> Box | None:
        """Return the slices that hold x, y, z from `low` to `high` (mm), None if outside the grid."""
        cuts = []
        for axis, (a, b) in enumerate(zip(low[::-1], high[::-1], strict=True)):
            first = int(np.floor((a - self.origin[axis]) / self.spacing[axis]))
            last = int(np.ceil((b - self.origin[axis]) / self.spacing[axis])) + 1
            first, last = max(first, 0), min(last, self.shape[axis])
            if first >= last:
                return None
            cuts.append(slice(first, last))
        return cuts[0], cuts[1], cuts[2]

    def axes(self, box: Box) -> tuple[Volume, Volume, Volume]:
        """Return x, y, z (mm) of a box, each ready to be broadcast over (z, y, x)."""
        z, y, x = (
            np.arange(cut.start, cut.stop, dtype=np.float32) * np.float32(self.spacing[i])
            + np.float32(self.origin[i])
            for i, cut in enumerate(box)
        )
        return x[None, None, :], y[None, :, None], z[:, None, None]

    def pixels(self, points: Points) -> Points:
        """Return (row, column) as fractions of pixels for (..., 3) points in mm."""
        return np.stack(
            [
                (points[..., 1] - self.origin[1]) / self.spacing[1],
                (points[..., 0] - self.origin[2]) / self.spacing[2],
            ],
            axis=-1,
        )

    @property
    def softness(self) -> float:
        """Width of an edge, mm: over it the share of a voxel goes from 1 to 0."""
        return sum(self.spacing) / 3


def share(distance: Volume, grid: Grid) -> Volume:
    """Return the share of a voxel inside, for a distance (mm) to the surface that is > 0 inside."""
    return np.clip(distance / np.float32(grid.softness) + np.float32(0.5), 0, 1)


def paint(grid: Grid, pose: Pose, parts: Iterable[Part]) -> tuple[NDArray[np.uint8], Volume]:
    """Return the part of each voxel and the share of the voxel that it fills.

    Bones lie over everything else; where two bones meet, the one with the larger share stays. Of other
    parts a later one lies over an earlier one.

    Parameters
    ----------
    grid : Grid
    pose : Pose
    parts : iterable of Part
        Part k gets the value k + 1.

    Returns
    -------
    part : (D, H, W) array of uint8
    fill : (D, H, W) array of float32
    """
    label = np.zeros(grid.shape, np.uint8)
    fill = np.zeros(grid.shape, np.float32)
    bony = np.zeros(256, bool)
    for number, part in enumerate(parts, start=1):
        bony[number] = part.kind == "bone"
        for solid in part.solids:
            for box, inside in _voxels(grid, pose, solid, part.limb):
                old = label[box]
                if part.kind == "bone":
                    over = (inside > 0.02) & (~bony[old] | (inside > fill[box]))
                elif part.kind == "soft":
                    over = inside > fill[box]
                else:
                    over = inside >= 0.5
                np.copyto(old, np.uint8(number), where=over)
                np.copyto(fill[box], inside, where=over)
    return label, fill


def _voxels(grid: Grid, pose: Pose, solid: Solid, limb: str) -> Iterator[tuple[Box, Volume]]:
    if isinstance(solid, Rod):
        yield from _rod(grid, pose, solid, limb)
    elif isinstance(solid, Ellipsoid):
        yield from _ellipsoid(grid, pose, solid, limb)
    elif isinstance(solid, Sheet):
        yield from _sheet(grid, pose, solid, limb)
    else:
        yield from _column(grid, pose, solid, limb)


def _rod(grid: Grid, pose: Pose, rod: Rod, limb: str) -> Iterator[tuple[Box, Volume]]:
    points = pose(np.asarray(rod.points, dtype=float), limb)
    radii = np.asarray(rod.radii, dtype=float) * pose.scale
    edge = grid.softness
    for a, b, ra, rb in zip(points[:-1], points[1:], radii[:-1], radii[1:], strict=True):
        reach = max(ra, rb) + edge
        box = grid.box(np.minimum(a, b) - reach, np.maximum(a, b) + reach)
        if box is None:
            continue
        x, y, z = grid.axes(box)
        d = (b - a).astype(np.float32)
        x, y, z = x - np.float32(a[0]), y - np.float32(a[1]), z - np.float32(a[2])
        along = (x * d[0] + y * d[1] + z * d[2]) / np.float32(max(float(d @ d), 1e-6))
        np.clip(along, 0, 1, out=along)
        gap = (x - along * d[0]) ** 2
        gap += (y - along * d[1]) ** 2
        gap += (z - along * d[2]) ** 2
        yield box, share(np.float32(ra) + np.float32(rb - ra) * along - np.sqrt(gap), grid)


def _ellipsoid(grid: Grid, pose: Pose, solid: Ellipsoid, limb: str) -> Iterator[tuple[Box, Volume]]:
    centre = np.asarray(solid.centre, dtype=float)
    angle = np.deg2rad(solid.tilt_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    # Half axes in template points, then carried along by the pose.
    half = (np.diag(solid.semi) @ turn) / np.array([*TEMPLATE_MM, 1.0])
    # Steps of 5 mm give the local directions; bends of the pose across a solid are small.
    step = 5.0 / np.asarray(solid.semi)[:, None]
    middle = pose(centre, limb)
    axes = (pose(centre + half * step, limb) - pose(centre - half * step, limb)) / (2 * step)
    reach = np.sqrt((axes**2).sum(axis=0)) + grid.softness
    box = grid.box(middle - reach, middle + reach)
    if box is None:
        return
    x, y, z = grid.axes(box)
    x, y, z = x - np.float32(middle[0]), y - np.float32(middle[1]), z - np.float32(middle[2])
    inverse = np.linalg.inv(axes).astype(np.float32)
    u = [x * inverse[0, i] + y * inverse[1, i] + z * inverse[2, i] for i in range(3)]
    distance = _first_order(u, inverse) if solid.power == 2 else _radial(u, x, y, z, solid.power)
    inside = share(distance, grid)
    if solid.shell > 0:
        inside = inside - share(distance - np.float32(solid.shell * pose.scale), grid)
    yield box, inside


def _first_order(u: list[Volume], inverse: Volume) -> Volume:
    """Return the distance to an ellipsoid, mm: (1 - k) over the length of k's gradient."""
    k = np.sqrt(u[0] ** 2 + u[1] ** 2 + u[2] ** 2)
    slope = sum((sum(u[i] * inverse[j, i] for i in range(3))) ** 2 for j in range(3))
    return np.asarray((1 - k) * k / np.sqrt(np.maximum(slope, 1e-12)))


def _radial(u: list[Volume], x: Volume, y: Volume, z: Volume, power: float) -> Volume:
    """Return the distance to a super-ellipsoid along the ray from its centre, mm."""
    k = (np.abs(u[0]) ** power + np.abs(u[1]) ** power + np.abs(u[2]) ** power) ** (1 / power)
    k = np.maximum(k, 1e-3)
    return np.asarray(np.sqrt(x * x + y * y + z * z) * (1 / k - 1))


def _sheet(grid: Grid, pose: Pose, sheet: Sheet, limb: str) -> Iterator[tuple[Box, Volume]]:
    known = sheet.surface
    flat = densified(sheet.outline)
    fit = _surface(known[:, :2], known[:, 2])
    outline = pose(np.column_stack([flat, fit(flat)]), limb)
    # The surface in the person: the same kind of function through the posed points.
    anchors = np.concatenate([pose(known, limb), outline[::3]])
    posed = _surface(anchors[:, :2], anchors[:, 2])
    thick = sheet.thickness * pose.scale
    low, high = outline.min(axis=0), outline.max(axis=0)
    low[2] = min(low[2], anchors[:, 2].min()) - thick
    high[2] = max(high[2], anchors[:, 2].max()) + thick
    box = grid.box(low, high)
    if box is None:
        return
    x, y, z = grid.axes(box)
    cover = _cover(grid, box, outline)
    across = np.stack(np.broadcast_arrays(x[0], y[0]), axis=-1).astype(float)
    middle = posed(across).astype(np.float32)[None]
    slab = np.float32(grid.spacing[0] / 2)
    front = np.maximum(z - slab, middle - np.float32(thick / 2))
    back = np.minimum(z + slab, middle + np.float32(thick / 2))
    yield box, cover[None] * np.clip((back - front) / (2 * slab), 0, 1)


class _surface:
    """A quadratic z(x, y) by least squares."""

    def __init__(self, at: Points, z: Points) -> None:
        self.centre, self.size = at.mean(axis=0), np.maximum(np.ptp(at, axis=0), 1e-6)
        self.factors = np.linalg.lstsq(self._terms(at), z, rcond=None)[0]

    def _terms(self, at: Points) -> Points:
        u, v = np.moveaxis((at - self.centre) / self.size, -1, 0)
        return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=-1)

    def __call__(self, at: Points) -> Points:
        return np.asarray(self._terms(at) @ self.factors)


def densified(outline: Points, step: float = 4.0) -> Points:
    """Return a closed outline (n, k) with points at most `step` apart."""
    after = np.roll(outline, -1, axis=0)
    pieces = []
    for a, b in zip(outline, after, strict=True):
        n = max(1, int(np.ceil(np.linalg.norm((b - a)[:2]) / step)))
        pieces.append(a + np.linspace(0, 1, n, endpoint=False)[:, None] * (b - a))
    return np.concatenate(pieces)


def _cover(grid: Grid, box: Box, outline: Points) -> Volume:
    """Return the share of each pixel of a box inside an outline, by three samples a side."""
    rows, columns = box[1].stop - box[1].start, box[2].stop - box[2].start
    at = (grid.pixels(outline) - np.array([box[1].start, box[2].start]) + 0.5) * 3 - 0.5
    fine = polygon2mask((rows * 3, columns * 3), at)
    return fine.reshape(rows, 3, columns, 3).mean(axis=(1, 3), dtype=np.float32)


def _column(grid: Grid, pose: Pose, column: Column, limb: str) -> Iterator[tuple[Box, Volume]]:
    y, x, wide, z, deep = (np.asarray(v, dtype=float) for v in zip(*column.rows, strict=True))
    fine = np.linspace(y[0], y[-1], 160)
    x, wide, z, deep = (PchipInterpolator(y, v)(fine) for v in (x, wide, z, deep))
    right, left = (pose(np.column_stack([x + s * wide, fine, z]), limb) for s in (-1, 1))
    middle = (right + left) / 2
    half = np.linalg.norm(left - right, axis=1) / 2
    turn = (left - right)[:, 2] / np.maximum(2 * half, 1e-6)
    deep = deep * pose.scale
    rows = middle[:, 1]
    reach = np.column_stack([half, 0 * half, deep + half * np.abs(turn)])
    box = grid.box((middle - reach).min(axis=0), (middle + reach).max(axis=0))
    if box is None:
        return
    xs, ys, zs = grid.axes(box)

    def at(values: Points) -> Volume:
        return np.interp(ys[0, :, 0], rows, values).astype(np.float32)[None, :, None]

    # The turn about the long axis shears the section: enough for the few degrees of a scan.
    across = np.abs(xs - at(middle[:, 0])) / np.maximum(at(half), 1e-3)
    shifted = zs - at(middle[:, 2]) - at(turn) * (xs - at(middle[:, 0]))
    depth = at(deep) * np.maximum(1 - across**column.power, 0) ** (1 / column.power)
    ends = np.clip((ys - rows[0]) / grid.spacing[1] + 0.5, 0, 1) * np.clip(
        (rows[-1] - ys) / grid.spacing[1] + 0.5, 0, 1
    )
    slab = np.float32(grid.spacing[0])
    yield box, np.clip((depth - np.abs(shifted)) / slab + 0.5, 0, 1) * (depth > 0) * ends
