"""Shapes of lesions: where in a lung, how thick. Every function returns an opacity map in [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.simulate.lesion_statistics import HEIGHT_BANDS, SIDE_BANDS, bands
from napari_tbcad.simulate.projection import frame, smooth_noise

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ground:
    """What the shapes need to know of the lungs they grow in.

    Parameters
    ----------
    lungs : (H, W) array of uint8
        1 right lung, 2 left lung.
    mm : float
        Millimetres a pixel.
    prior : (6, 3) array
        Weight of every band as a lesion's place.
    generator : numpy.random.Generator
        Source of randomness.
    """

    lungs: NDArray[np.uint8]
    mm: float
    prior: Array
    generator: np.random.Generator

    def noise(self, scale_mm: float) -> Array:
        """Return smooth noise of unit standard deviation, (H, W)."""
        side = max(self.lungs.shape)
        whole = smooth_noise(self.generator, frame(side, side * self.mm), scale_mm)
        return whole[: self.lungs.shape[0], : self.lungs.shape[1]]

    def place(self, *, margin_mm: float = 0.0, lung: int = 0, sharpness: float = 1.0) -> tuple[int, int]:
        """Draw a pixel by the prior to a power, if possible at least `margin_mm` inside the lung."""
        height, side = bands(self.lungs)
        allowed = self.lungs > 0 if lung == 0 else self.lungs == lung
        depth = ndimage.distance_transform_edt(allowed) * self.mm
        deep = depth >= min(margin_mm, 0.8 * float(depth.max()))
        index = np.where(height >= 0, height * SIDE_BANDS + side, 0)
        chosen = np.flatnonzero((allowed & deep).ravel())
        # The prior is a share of lesion pixels per band; a band's weight is spread over its pixels.
        counts = np.bincount(index.ravel()[chosen], minlength=HEIGHT_BANDS * SIDE_BANDS)
        weight = (self.prior.ravel() ** sharpness / np.maximum(counts, 1))[index.ravel()[chosen]] + 1e-12
        pick = int(self.generator.choice(chosen, p=weight / weight.sum()))
        return divmod(pick, self.lungs.shape[1])

    def distance(self, row: float, column: float) -> Array:
        """Return the distance in mm of every pixel from a point."""
        rows, cols = np.ogrid[: self.lungs.shape[0], : self.lungs.shape[1]]
        return np.hypot(rows - row, cols - column) * self.mm


def consolidation(ground: Ground, area: float, number: int) -> tuple[Array, NDArray[np.bool_]]:
    """Grow patches that cover a wanted share of the lungs, with air bronchograms.

    Parameters
    ----------
    ground : Ground
        The lungs.
    area : float
        Wanted area over lung area.
    number : int
        Number of patches (they may merge).

    Returns
    -------
    (H, W) array of float64, (H, W) array of bool
        Opacity, and the region a reader would draw.
    """
    lung = ground.lungs > 0
    want = round(area * int(lung.sum()))
    # Each patch spreads from its seed; a rough front comes from noise added to the distance.
    size = np.sqrt(area * lung.sum() / max(number, 1)) * ground.mm
    rough = 0.22 * size * ground.noise(max(9.0, 0.4 * size))
    front = np.full(lung.shape, np.inf)
    sides = [0] * number
    if area > 0.3 or number > 2:
        # What one lung cannot hold lies in both.
        first = int(ground.generator.integers(1, 3))
        sides = [first, 3 - first, *sides[2:]]
    for side in sides:
        # The patch spreads about its seed, so the seeds lie where the prior has its peak.
        row, column = ground.place(lung=side, sharpness=2.0)
        reach = ground.distance(row, column) * ground.generator.uniform(0.75, 1.3)
        front = np.minimum(front, np.where(ground.lungs == ground.lungs[row, column], reach, np.inf))
    front = np.where(lung, front + rough, np.inf)
    finite = np.sort(front[np.isfinite(front)])
    limit = finite[min(max(want, 1), len(finite)) - 1]
    region = lung & (front <= limit)
    edge = 4.0 / ground.mm
    soft = ndimage.gaussian_filter(region.astype(float), edge) * lung
    patchy = np.clip(0.85 + 0.25 * ground.noise(9) + 0.12 * ground.noise(4), 0.25, 1.4)
    return np.clip(soft * 1.15, 0, 1) * patchy * (1 - 0.5 * _bronchograms(ground, region)) / 1.1, region


def _bronchograms(ground: Ground, region: NDArray[np.bool_]) -> Array:
    """Return the air-filled bronchi that cross a consolidated region, 0..1."""
    drawn = np.zeros(region.shape)
    for label in (1, 2):
        lung = ground.lungs == label
        if not (lung & region).any():
            continue
        rows, cols = np.nonzero(lung)
        middle = rows.min() + 0.45 * np.ptp(rows)
        hilum = np.array([middle, cols.max() if label == 1 else cols.min()], dtype=float)
        spots = np.argwhere(lung & region)
        for _ in range(6):
            end = spots[ground.generator.integers(len(spots))] + 0.0
            bend = ground.generator.normal(0, 0.10, 2) * np.linalg.norm(end - hilum)
            t = np.linspace(0.25, 1, 400)[:, None]
            line = hilum + t * (end - hilum) + 4 * t * (1 - t) * bend
            at = np.clip(np.rint(line).astype(int), 0, np.array(region.shape) - 1)
            drawn[at[:, 0], at[:, 1]] = 1
    lines = ndimage.gaussian_filter(drawn, 0.8 / ground.mm)
    return (
        np.clip(lines / max(float(np.percentile(lines[drawn > 0], 50)), 1e-9), 0, 1) if drawn.any() else drawn
    )


def nodules(ground: Ground, area: float, number: int) -> tuple[Array, NDArray[np.bool_]]:
    """Place round nodules of the wanted total area; their opacity is a sphere's chord."""
    lung = ground.lungs > 0
    weights = ground.generator.lognormal(0, 0.35, number)
    radii = np.sqrt(weights / weights.sum() * area * lung.sum() / np.pi) * ground.mm
    total, region = np.zeros(lung.shape), np.zeros(lung.shape, dtype=bool)
    for radius in radii:
        row, column = ground.place(margin_mm=radius)
        wobble = 1 + 0.07 * ground.noise(max(radius, 3.0))
        rho = ground.distance(row, column) / radius * wobble
        total = np.maximum(total, np.sqrt(np.clip(1 - rho**2, 0, None)))
        region |= rho < 1
    return total * lung, region & lung


def miliary(ground: Ground, number: int) -> tuple[Array, NDArray[np.bool_]]:
    """Sow millet seeds, 1 to 2 mm in radius, through both lungs; chords add up where they overlap."""
    lung = ground.lungs > 0
    spots = np.argwhere(lung)
    total = np.zeros(lung.shape)
    chosen = spots[ground.generator.integers(len(spots), size=number)]
    sizes = ground.generator.uniform(0.8, 1.7, number)
    for radius in np.unique(np.round(sizes, 1)):
        seeds = np.zeros(lung.shape)
        here = chosen[np.round(sizes, 1) == radius]
        np.add.at(seeds, (here[:, 0], here[:, 1]), 1.0)
        r = radius / ground.mm
        half = int(np.ceil(r)) + 1
        yy, xx = np.mgrid[-half : half + 1, -half : half + 1]
        # Below a pixel's size the seed is drawn a pixel wide and thinner, so that its volume is kept.
        shown = max(r, 1.0)
        chord = np.sqrt(np.clip(1 - (yy**2 + xx**2) / shown**2, 0, None)) * (r / shown) ** 2 * radius / 2
        total += ndimage.convolve(seeds, chord, mode="constant")
    total = np.clip(total * 1.4, 0, 1.2) * lung
    return total, total > 0.12


def cavity(ground: Ground, area: float, number: int) -> tuple[Array, NDArray[np.bool_]]:
    """Place walled cavities: the chord of a shell, thick and uneven, with infiltrate around it."""
    lung = ground.lungs > 0
    weights = ground.generator.lognormal(0, 0.25, number)
    radii = np.sqrt(weights / weights.sum() * area * lung.sum() / np.pi) * ground.mm
    radii = np.clip(radii, 7.0, 32.0)
    total, region = np.zeros(lung.shape), np.zeros(lung.shape, dtype=bool)
    for radius in radii:
        row, column = ground.place(margin_mm=0.9 * radius)
        uneven = 1 + 0.10 * ground.noise(0.8 * radius)
        d = ground.distance(row, column) * uneven
        wall = (
            ground.generator.uniform(0.16, 0.30)
            * radius
            * np.clip(1 + 0.25 * ground.noise(0.7 * radius), 0.4, 2)
        )
        outer = np.sqrt(np.clip(radius**2 - d**2, 0, None))
        inner = np.sqrt(np.clip((radius - wall) ** 2 - d**2, 0, None)) * (d < radius - wall)
        # The lumen holds no lung: it takes away what the lung there weighed (a quarter of soft tissue).
        shell = (outer - inner) / np.sqrt(radius**2 - (0.78 * radius) ** 2) - 0.3 * inner / radius
        halo = 0.7 * np.exp(-np.clip(d - radius, 0, None) / 18) * np.clip(0.6 + 0.7 * ground.noise(9), 0, 2)
        halo *= d > radius - wall
        total = np.where(d < radius, shell, np.maximum(total, halo))
        region |= (d < radius) | (halo > 0.3)
    return np.clip(total, -0.3, 1) * lung, region & lung


def effusion(ground: Ground, area: float) -> tuple[Array, NDArray[np.bool_]]:
    """Fill the base of one lung with fluid: level inside, rising along the chest wall (meniscus)."""
    label = int(ground.generator.integers(1, 3))
    if not (ground.lungs == label).any():
        label = 3 - label
    lung = ground.lungs == label
    rows, cols = np.nonzero(lung)
    column = np.arange(lung.shape[1])
    lateral = (column - cols.min()) / max(int(np.ptp(cols)), 1)
    lateral = np.clip(1 - lateral if label == 1 else lateral, 0, 1)
    rise = (0.05 + 0.30 * lateral**2.6 + 0.05 * (1 - lateral) ** 6) * np.ptp(rows)
    depth = np.arange(lung.shape[0])[:, None] + rise[None, :]
    want = int(np.clip(area * (ground.lungs > 0).sum(), 20, 0.7 * lung.sum()))
    limit = np.sort(depth[lung])[-want]
    region = lung & (depth >= limit)
    # Above its edge the fluid thins out towards nothing within two centimetres.
    thick = np.clip((depth - limit) * ground.mm / 20 + 0.25, 0, 1)
    # Fluid also lies before the dome and the chest wall: without it their edge would stay visible.
    near = np.clip(3 * ndimage.gaussian_filter(lung.astype(float), 1.5 / ground.mm), 0, 1)
    near[(near < 0.1) | (depth < limit - 20 / ground.mm)] = 0
    return near * thick, region
