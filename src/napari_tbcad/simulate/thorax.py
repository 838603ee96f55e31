"""The chest phantom: a frontal film of a parametric thorax, with its truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.record import Parameters, Record, Step, field
from napari_tbcad.schemes import LEFT as LEFT
from napari_tbcad.schemes import RIGHT as RIGHT
from napari_tbcad.simulate import anatomy, bones
from napari_tbcad.simulate.anatomy import Build
from napari_tbcad.simulate.projection import (
    Frame,
    Interval,
    Tube,
    difference_length,
    expose,
    film_curve,
    frame,
    length,
    project_tubes,
    smooth_noise,
)
from napari_tbcad.simulate.vessels import grow

Array = NDArray[np.float64]

ATTENUATION = {
    "soft": 0.0202,
    "lung": 0.0050,
    "fat": 0.0182,
    "blood": 0.0214,
    "cortex": 0.0560,
    "marrow": 0.0262,
}
"""Linear attenuation coefficients at 60 keV (the mean of a filtered 120 kV beam), 1/mm: mass coefficients
of ICRU-44 tissues (Hubbell and Seltzer, NISTIR 5632) times densities 1.05, 0.26, 0.95, 1.06, 1.85, 1.16."""


class ThoraxParameters(Parameters):
    """Parameters of :func:`simulate_thorax`."""

    size: int = field(512, title="Size", unit="px", ge=64, le=4096, description="Side of the square film.")
    field_mm: float = field(358.0, title="Field", unit="mm", ge=300, le=450, description="Side of the film.")
    width: float = field(
        1.0, title="Chest width", ge=0.85, le=1.12, description="Factor of the chest's width."
    )
    wall: float = field(
        1.0, title="Chest wall", ge=0.5, le=2.0, description="Factor of the thickness of fat and muscle."
    )
    inspiration: float = field(
        0.0,
        title="Inspiration",
        unit="mm",
        ge=-40,
        le=30,
        description="How far the domes lie below the average.",
    )
    heart: float = field(1.0, title="Heart size", ge=0.8, le=1.4, description="Factor of the heart's width.")
    breast: float = field(0.0, title="Breasts", ge=0, le=1, description="Size of the breasts; 0 none.")
    rotation: float = field(
        0.0, title="Rotation", unit="degree", ge=-8, le=8, description="Turn of the body about its long axis."
    )
    vessels: float = field(
        1.0, title="Vessels", ge=0, le=2, description="Factor of the number of lung vessels."
    )
    scatter: float = field(
        0.09, title="Scatter", ge=0, le=1, description="Scattered over primary intensity after the grid."
    )
    photons: float = field(
        60000.0,
        title="Dose",
        unit="quanta/mm²",
        ge=0,
        description="Quanta of the open beam at the detector; 0 leaves noise out.",
        more=True,
    )
    blur_mm: float = field(
        0.22,
        title="Blur",
        unit="mm",
        ge=0,
        le=3,
        description="Standard deviation of the detector's blur.",
        more=True,
    )


@dataclass(frozen=True, eq=False)
class SimulatedFilm:
    """A phantom film and what is true about it.

    Parameters
    ----------
    film : Radiograph
        8-bit grey values (whole numbers in 0..255), air dark, spacing known.
    lungs : (H, W) array of uint8
        0 background, 1 right lung, 2 left lung: lung seen in projection and hidden neither behind
        heart and mediastinum nor behind the domes (the convention of the JSRT outlines).
    lung_mm : (2, H, W) array of float32
        Path length through the right and the left lung, mm, hidden parts included.
    bone_mm : (H, W) array of float32
        Path length through bone, mm.
    log_exposure : (H, W) array of float32
        Noise-free natural logarithm of the exposure.
    """

    film: Radiograph
    lungs: NDArray[np.uint8]
    lung_mm: NDArray[np.float32]
    bone_mm: NDArray[np.float32]
    log_exposure: NDArray[np.float32]


def simulate_thorax(parameters: ThoraxParameters = ThoraxParameters(), *, seed: int = 0) -> SimulatedFilm:
    """Make a frontal chest film.

    Parameters
    ----------
    parameters : ThoraxParameters
        The person and the exposure.
    seed : int
        Seed of everything random: vessels, texture, small differences of the ribs, noise.

    Returns
    -------
    SimulatedFilm
        The film and its truth; the same for the same seed.

    Notes
    -----
    Line integrals of the attenuation coefficient along parallel rays (Beer–Lambert), scatter, a Gaussian
    detector blur, quantum noise, a film curve, 8 bit. See docs/simulation.md.
    """
    generator = np.random.default_rng(seed)
    grid = frame(parameters.size, parameters.field_mm)
    build = Build(
        width=parameters.width,
        wall=parameters.wall,
        domes=parameters.inspiration,
        heart=parameters.heart,
        breast=parameters.breast,
        turn=float(np.deg2rad(parameters.rotation)),
    )
    pleura = anatomy.pleura(build, grid)
    organs = [*anatomy.heart(build, grid), *anatomy.mediastinum(build, grid)]
    domes = [anatomy.dome(build, grid, side) for side in (-1, 0, 1)]
    lungs = _lung_lengths(grid, pleura, [*organs, *domes])
    truth = _visible_lungs(grid, pleura, lungs, organs, domes)
    soft = _soft_path(build, grid, generator, pleura, lungs)
    bone_path, bone_mm = _bone_path(build, grid, generator)
    path = soft + bone_path + _vessel_path(build, grid, lungs, pleura, parameters.vessels, generator)
    clean = expose(
        path, grid, scatter=parameters.scatter, photons=0, blur_mm=parameters.blur_mm, generator=generator
    )
    log_exposure = expose(
        path,
        grid,
        scatter=parameters.scatter,
        photons=parameters.photons,
        blur_mm=parameters.blur_mm,
        generator=generator,
    )
    step = Step("simulate_thorax", {**parameters.model_dump(mode="json"), "seed": seed})
    film = Radiograph(
        np.rint(film_curve(log_exposure)).astype(np.float32),
        spacing_mm=(grid.spacing, grid.spacing),
        source=f"phantom seed {seed}",
        view="PA",
        record=Record((step,)),
    )
    return SimulatedFilm(
        film, truth, lungs.astype(np.float32), bone_mm.astype(np.float32), clean.astype(np.float32)
    )


def _lung_lengths(grid: Frame, pleura: Interval, removed: list[Interval]) -> Array:
    """Return (2, H, W) path lengths through the right and the left lung."""
    air = difference_length(pleura, removed)
    return np.stack([np.where(grid.x < 0, air, 0), np.where(grid.x >= 0, air, 0)])


def _visible_lungs(
    grid: Frame, pleura: Interval, lungs: Array, organs: list[Interval], domes: list[Interval]
) -> NDArray[np.uint8]:
    """Return the lung labels by the JSRT convention."""
    hidden = np.zeros(grid.shape, dtype=bool)
    for organ in [*organs, *domes]:
        # Only what stands before or behind lung hides it.
        hidden |= length((np.maximum(organ[0], pleura[0]), np.minimum(organ[1], pleura[1]))) > 0
    labels = np.zeros(grid.shape, dtype=np.uint8)
    for label, lung in ((RIGHT, lungs[0]), (LEFT, lungs[1])):
        seen = ndimage.binary_opening((lung > 4) & ~hidden, iterations=max(1, grid.shape[0] // 256))
        parts, number = ndimage.label(seen)
        if number:
            sizes = np.bincount(parts.ravel())[1:]
            labels[parts == 1 + int(np.argmax(sizes))] = label
    return labels


def _soft_path(
    build: Build, grid: Frame, generator: np.random.Generator, pleura: Interval, lungs: Array
) -> Array:
    """Return the line integral through soft tissue, lungs and air, without bone and vessels."""
    parts = anatomy.body(build, grid)
    thickness = np.zeros(grid.shape)
    for i, part in enumerate(parts):
        thickness += difference_length(part, parts[:i]) if i else length(part)
    thickness += anatomy.breasts(build, grid)
    air = lungs.sum(axis=0)
    airways = project_tubes(grid, bones.airways(build, 0.7))
    bubble = length(anatomy.stomach(build, grid))
    # A few millimetres of fat and muscle come and go: the mottle of soft tissue.
    mottle = 2.2 * smooth_noise(generator, grid, 22) + 0.9 * smooth_noise(generator, grid, 7)
    tissue = np.maximum(thickness - air - airways - bubble, 0)
    path = ATTENUATION["soft"] * np.maximum(tissue + mottle * np.clip(thickness / 60, 0, 1), 0)
    # Parenchyma is denser towards the bases, and grainy where vessels are too small to be drawn.
    density = ATTENUATION["lung"] * (0.86 + 0.0011 * grid.y)
    grain = 0.035 * smooth_noise(generator, grid, 2.2) + 0.035 * smooth_noise(generator, grid, 5)
    return path + density * air * (1 + grain)


def _bone_path(build: Build, grid: Frame, generator: np.random.Generator) -> tuple[Array, Array]:
    """Return what bone adds to the line integral, and its path length in mm."""
    step = max(0.5, 0.6 * grid.spacing)
    ribs, girdle = bones.ribs(build, step, generator), bones.shoulder_girdle(build, step)
    more_cortex = ATTENUATION["cortex"] - ATTENUATION["soft"]
    more_marrow = ATTENUATION["marrow"] - ATTENUATION["soft"]
    path, total = np.zeros(grid.shape), np.zeros(grid.shape)
    for tubes, shell in ((ribs, 1.1), (girdle, 1.9)):
        outer, inner = project_tubes(grid, tubes), project_tubes(grid, tubes, shrink=shell)
        path += more_cortex * (outer - inner) + more_marrow * inner
        total += outer
    cortex, marrow = bones.spine(build, grid)
    cortex = cortex + bones.scapular_plates(build, grid)
    path += more_cortex * cortex + more_marrow * marrow
    # Trabeculae: bone is not even.
    return path * (1 + 0.05 * smooth_noise(generator, grid, 2.5)), total + cortex + marrow


def _ends(
    grid: Frame, lung: Array, pleura: Interval, number: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return points spread evenly through a lung, (n, 3) mm."""
    weight = (
        ndimage.zoom(lung, 128 / lung.shape[0], order=1, grid_mode=True, mode="nearest")
        if lung.shape[0] != 128
        else lung
    )
    weight = np.clip(weight, 0, None)
    side = weight.shape[0]
    chosen = generator.choice(weight.size, size=number, p=(weight / weight.sum()).ravel())
    spacing = grid.spacing * grid.shape[0] / side
    rows, cols = np.divmod(chosen, side)
    y = (rows + generator.random(number)) * spacing
    x = (cols + generator.random(number)) * spacing - spacing * side / 2
    iy = np.clip((y / grid.spacing).astype(int), 0, grid.shape[0] - 1)
    ix = np.clip(((x - grid.x[0, 0]) / grid.spacing).astype(int), 0, grid.shape[1] - 1)
    back, front = (
        np.broadcast_to(pleura[0], grid.shape)[iy, ix],
        np.broadcast_to(pleura[1], grid.shape)[iy, ix],
    )
    z = back + (front - back) * generator.uniform(0.05, 0.95, number)
    return np.stack([x, y, z], axis=1)


def _vessel_path(
    build: Build, grid: Frame, lungs: Array, pleura: Interval, amount: float, generator: np.random.Generator
) -> Array:
    """Return what the pulmonary arteries and veins add to the line integral."""
    if amount <= 0:
        return np.zeros(grid.shape)
    step = max(0.6, 0.6 * grid.spacing)
    # A coarse film cannot show the finest branches; leaving them out saves their time.
    amount *= min(1.0, grid.shape[0] / 384)
    tubes: list[Tube] = []
    low = 0.5 * build.domes
    roots = (
        # artery and vein of the right, then of the left side: the left hilum lies higher
        (0, (-40.0, 152.0 + low, -8.0), 760, 9.0),
        (0, (-26.0, 178.0 + low, -12.0), 420, 8.0),
        (1, (38.0, 142.0 + low, -12.0), 680, 9.0),
        (1, (30.0, 172.0 + low, -14.0), 380, 8.0),
    )
    for side, root, number, largest in roots:
        ends = _ends(grid, lungs[side], pleura, max(4, int(number * amount)), generator)
        tubes += grow(np.array(root), ends, end_radius=0.72, largest=largest, step=step, generator=generator)
    drawn = project_tubes(grid, tubes)
    # Bronchial walls, lymph nodes and the fat between them make up the rest of a hilum.
    for x, y, long in ((-43, 160 + low, 19), (40, 150 + low, 17)):
        cloud = np.exp(-(((grid.x - x) / 9) ** 2) - ((grid.y - y) / long) ** 2)
        drawn = drawn + 7.5 * cloud * np.clip(1 + 0.5 * smooth_noise(generator, grid, 6), 0, None)
    # A vessel is seen only where it lies in lung.
    share = np.clip(lungs.sum(axis=0) / 25, 0, 1)
    return (ATTENUATION["blood"] - ATTENUATION["lung"]) * np.minimum(drawn, lungs.sum(axis=0) + 8) * share
