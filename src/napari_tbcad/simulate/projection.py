"""Parallel projection of simple solids and tubes into maps of path length.

Coordinates are millimetres in the body: `x` to the right of the image (the patient's left), `y` down,
`z` towards the front. The rays run along `z`, so a solid that is convex along `z` is an interval
(back, front) for every pixel, and unions and differences of solids are exact interval arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float64]
Interval = tuple[Array, Array]
"""Back and front `z` (mm) of a solid for every pixel; an empty ray has equal ends."""


@dataclass(frozen=True, eq=False)
class Frame:
    """The pixel grid of a projection.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    spacing : float
        Pixel side in mm.
    x, y : (1, W) and (H, 1) arrays of float64
        Pixel centres in mm; `x` is 0 on the midline, `y` is 0 at the upper edge.
    """

    shape: tuple[int, int]
    spacing: float
    x: Array
    y: Array


def frame(size: int, field_mm: float) -> Frame:
    """Return the grid of a square film of `size` pixels and `field_mm` millimetres."""
    spacing = field_mm / size
    centres: Array = (np.arange(size, dtype=np.float64) + 0.5) * spacing
    return Frame((size, size), spacing, (centres - field_mm / 2)[None, :], centres[:, None])


def ellipsoid(
    grid: Frame,
    centre: tuple[float, float, float],
    semi: tuple[float, float, float],
    *,
    tilt: float = 0.0,
) -> Interval:
    """Intersect every ray with an ellipsoid.

    Parameters
    ----------
    grid : Frame
        The pixel grid.
    centre, semi : (float, float, float)
        Centre and semi-axes (x, y, z) in mm.
    tilt : float
        Rotation in the image plane in degrees, clockwise as seen on the film.

    Returns
    -------
    Interval
        Back and front of the ellipsoid, each (H, W).
    """
    c, s = np.cos(np.deg2rad(tilt)), np.sin(np.deg2rad(tilt))
    dx, dy = grid.x - centre[0], grid.y - centre[1]
    u, v = c * dx + s * dy, -s * dx + c * dy
    half = semi[2] * np.sqrt(np.clip(1 - (u / semi[0]) ** 2 - (v / semi[1]) ** 2, 0, None))
    return centre[2] - half, centre[2] + half


def length(solid: Interval) -> Array:
    """Return the path length (mm) through one solid."""
    return np.clip(solid[1] - solid[0], 0, None)


def difference_length(solid: Interval, removed: Sequence[Interval]) -> Array:
    """Return the path length through `solid` outside every solid in `removed`.

    Parameters
    ----------
    solid : Interval
        The solid to measure.
    removed : sequence of Interval
        Solids taken out of it; they may overlap.

    Returns
    -------
    (H, W) array of float64
        Remaining length in mm.
    """
    back, front = solid
    starts = np.stack([np.clip(a, back, front) for a, _ in removed])
    ends = np.stack([np.maximum(np.clip(b, back, front), np.clip(a, back, front)) for a, b in removed])
    order = np.argsort(starts, axis=0, kind="stable")
    starts, ends = np.take_along_axis(starts, order, 0), np.take_along_axis(ends, order, 0)
    covered = np.zeros_like(starts[0])
    reached = np.array(np.broadcast_to(back, covered.shape), dtype=float)
    for a, b in zip(starts, ends, strict=True):
        covered += np.clip(b - np.maximum(a, reached), 0, None)
        reached = np.maximum(reached, b)
    return np.clip(length(solid) - covered, 0, None)


@dataclass(frozen=True, eq=False)
class Tube:
    """A bent rod, sampled along its axis.

    Parameters
    ----------
    points : (n, 3) array
        Axis in mm.
    radius : (n,) array
        Half height of the cross-section, across the axis and in the surface it lies in (mm).
    flat : float
        Half thickness over half height; 1 for a round rod, 0.5 for a rib.
    normal : (n, 3) array, optional
        Unit normal of the surface a flat rod lies on.
    """

    points: Array
    radius: Array
    flat: float = 1.0
    normal: Array | None = None


def resample(points: Array, radius: Array, step: float) -> tuple[Array, Array]:
    """Return a polyline and its radii sampled every `step` millimetres of arc."""
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    count = max(int(np.ceil(arc[-1] / step)), 1) + 1
    at = np.linspace(0, arc[-1], count)
    axis = np.stack([np.interp(at, arc, points[:, i]) for i in range(3)], axis=1)
    return axis, np.interp(at, arc, radius)


def project_tubes(grid: Frame, tubes: Sequence[Tube], *, shrink: float = 0.0) -> Array:
    """Project rods to path lengths.

    A rod of radius r is the sum of slabs of thickness ds across its axis. Seen along `z`, the slabs of
    a rod that lies in the image plane add up to the chord 2·sqrt(r² − d²) when each is drawn as a
    uniform disc of height ds (the chord is the Abel transform of the disc), and a rod along the ray is
    a disc of its own length; between the two the drawn ellipse is the projection of the slab. Volume
    is kept exactly in every case.

    Parameters
    ----------
    grid : Frame
        The pixel grid.
    tubes : sequence of Tube
        The rods.
    shrink : float
        Thickness (mm) taken off the surface: the marrow of a rod with a cortex of that thickness.

    Returns
    -------
    (H, W) array of float64
        Path length in mm.
    """
    slabs = [_slabs(tube, shrink) for tube in tubes if len(tube.points) > 1]
    if not slabs:
        return np.zeros(grid.shape)
    centres, squares, volumes = (np.concatenate(parts) for parts in zip(*slabs, strict=True))
    return _draw(grid, centres, squares, volumes) / grid.spacing**2


def _slabs(tube: Tube, shrink: float) -> tuple[Array, Array, Array]:
    """Return centre (n, 2), ellipse matrix (n, 2, 2) and volume (n,) of every slab of a rod."""
    points = tube.points
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    weight = np.zeros(len(points))
    weight[:-1] += steps / 2
    weight[1:] += steps / 2
    tangent = np.gradient(points, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    normal = tube.normal if tube.normal is not None else np.broadcast_to([0.0, 0.0, 1.0], points.shape)
    high = np.maximum(tube.radius - shrink, 1e-3)
    thick = np.maximum(tube.radius * tube.flat - shrink, 1e-3)
    across = np.cross(tangent, normal)
    size = np.linalg.norm(across, axis=1, keepdims=True)
    across = np.where(size > 1e-6, across / np.maximum(size, 1e-6), [1.0, 0.0, 0.0])
    flat = np.cross(across, tangent)
    square = np.zeros((len(points), 2, 2))
    for axis, semi in ((across, high), (flat, thick), (tangent, high)):
        xy = axis[:, :2] * semi[:, None]
        square += xy[:, :, None] * xy[:, None, :]
    return points[:, :2], square, np.pi * high * thick * weight


def _draw(grid: Frame, centres: Array, squares: Array, volumes: Array) -> Array:
    """Add uniform ellipses (vᵀ M⁻¹ v < 1) of given volume, anti-aliased, to an image of mm³ a pixel."""
    px = grid.spacing
    squares = squares + (0.5 * px) ** 2 * np.eye(2)
    reach = np.sqrt(np.maximum(squares[:, 0, 0], squares[:, 1, 1])) / px
    half = np.exp2(np.ceil(np.log2(reach + 1.5))).astype(int)
    rows, cols = grid.shape
    image = np.zeros(rows * cols)
    for p in np.unique(half):
        chosen = np.flatnonzero(half == p)
        offsets = np.arange(-p, p + 1)
        for part in np.array_split(chosen, max(1, len(chosen) * (2 * p + 1) ** 2 // 2_000_000)):
            cx = (centres[part, 0] - grid.x[0, 0]) / px
            cy = (centres[part, 1] - grid.y[0, 0]) / px
            ix = np.round(cx).astype(int)[:, None] + offsets
            iy = np.round(cy).astype(int)[:, None] + offsets
            dx = ((ix - cx[:, None]) * px)[:, None, :]
            dy = ((iy - cy[:, None]) * px)[:, :, None]
            inverse = np.linalg.inv(squares[part])
            a, b, c = (inverse[:, i, j][:, None, None] for i, j in ((0, 0), (0, 1), (1, 1)))
            rho = np.sqrt(a * dx * dx + 2 * b * dx * dy + c * dy * dy)
            small = np.sqrt(np.sqrt(np.linalg.det(squares[part])))[:, None, None]
            shade = np.clip((1 - rho) * small / px + 0.5, 0, 1)
            shade *= (volumes[part] / shade.sum(axis=(1, 2)))[:, None, None]
            inside = ((iy >= 0) & (iy < rows))[:, :, None] & ((ix >= 0) & (ix < cols))[:, None, :]
            where = np.clip(iy, 0, rows - 1)[:, :, None] * cols + np.clip(ix, 0, cols - 1)[:, None, :]
            image += np.bincount(where.ravel(), (shade * inside).ravel(), minlength=rows * cols)
    return image.reshape(grid.shape)


def smooth_noise(generator: np.random.Generator, grid: Frame, scale_mm: float) -> Array:
    """Return Gaussian noise of unit standard deviation and correlation length `scale_mm`, (H, W)."""
    # Drawn on a coarse grid of half the correlation length and enlarged, so that the same seed gives
    # the same pattern on every film size.
    extent = grid.shape[0] * grid.spacing, grid.shape[1] * grid.spacing
    coarse = tuple(int(np.ceil(e / scale_mm * 2)) + 6 for e in extent)
    values = ndimage.gaussian_filter(generator.standard_normal(coarse), 1.0, mode="wrap")
    values /= values.std()
    rows = (grid.y[:, 0] / scale_mm * 2 + 2.5)[:, None] * np.ones(grid.shape)
    cols = ((grid.x[0] - grid.x[0, 0]) / scale_mm * 2 + 2.5)[None, :] * np.ones(grid.shape)
    return ndimage.map_coordinates(values, [rows, cols], order=3, mode="nearest")


def expose(
    optical_path: Array,
    grid: Frame,
    *,
    scatter: float,
    photons: float,
    blur_mm: float,
    generator: np.random.Generator,
) -> Array:
    """Expose a detector through a body.

    Parameters
    ----------
    optical_path : (H, W) array
        Line integral of the attenuation coefficient, dimensionless (Beer–Lambert).
    grid : Frame
        The pixel grid.
    scatter : float
        Scattered over primary intensity behind a uniform body; spread by a 35 mm Gaussian.
    photons : float
        Detected quanta per square millimetre without a body; 0 leaves noise out.
    blur_mm : float
        Standard deviation of the detector's point spread function.
    generator : numpy.random.Generator
        Source of the noise.

    Returns
    -------
    (H, W) array of float64
        Natural logarithm of the exposure, 0 for the open beam, negative behind the body.

    Notes
    -----
    Counts are above a hundred a pixel everywhere, where Poisson and Gaussian noise of the same variance
    agree; the Gaussian is drawn because it does not depend on the last bit of the intensity, which
    makes a film repeatable byte for byte.
    """
    primary = np.exp(-optical_path)
    # The cloud of scattered quanta is made inside the body only.
    body = optical_path > 0.05
    cloud = ndimage.gaussian_filter(
        np.where(body, primary, 0.0), 35 / grid.spacing, mode="nearest", truncate=3
    )
    share = ndimage.gaussian_filter(body.astype(float), 35 / grid.spacing, mode="nearest", truncate=3)
    intensity = (
        ndimage.gaussian_filter(primary, blur_mm / grid.spacing, mode="nearest") + scatter * cloud * share
    )
    if photons > 0:
        quanta = intensity * photons * grid.spacing**2
        noise = generator.standard_normal(grid.shape) * np.sqrt(quanta)
        noise = ndimage.gaussian_filter(noise, 0.4 * blur_mm / grid.spacing, mode="nearest")
        intensity = np.maximum(quanta + noise, 1.0) / (photons * grid.spacing**2)
    return np.log(intensity)


def film_curve(
    log_exposure: Array, *, gamma: float = 1.25, middle: float = -1.85, floor: float = 30.0
) -> Array:
    """Turn exposure into the grey values of a scanned film, air dark.

    A film blackens along a sigmoid of the logarithm of the exposure (Hurter and Driffield 1890); the
    scanner writes 255 for clear film.

    Parameters
    ----------
    log_exposure : (H, W) array
        Natural logarithm of the exposure, 0 for the open beam.
    gamma : float
        Steepness.
    middle : float
        Log exposure of the middle grey.
    floor : float
        Grey value of the blackest film.

    Returns
    -------
    (H, W) array of float64
        Grey values in [floor, 255].
    """
    return 250 - (250 - floor) / (1 + np.exp(-gamma * (log_exposure - middle)))
