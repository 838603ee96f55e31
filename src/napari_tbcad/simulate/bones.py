"""The skeleton of the chest phantom: ribs, clavicles, scapulae, humeri, spine, and the airways' tubes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator

from napari_tbcad.simulate.anatomy import Build, cage
from napari_tbcad.simulate.projection import Frame, Tube, project_tubes, resample

Array = NDArray[np.float64]

# One entry a rib, 1 to 12: height of the head (mm), fall from head to front end (mm), how far round the
# chest the bone reaches (1 = the sternum), half height (mm).
_HEAD = 25.0 + 22.4 * np.arange(12)
_FALL = np.array([36, 62, 80, 95, 104, 110, 114, 116, 112, 100, 70, 44], dtype=float)
_REACH = np.array([0.80, 0.81, 0.82, 0.82, 0.81, 0.79, 0.76, 0.70, 0.64, 0.58, 0.48, 0.38])
# Share of the fall by the way round the chest: level behind, steepest at the flank and in front.
_FALLEN = PchipInterpolator([0.0, 0.25, 0.45, 0.55, 0.82, 1.0], [0.0, 0.08, 0.26, 0.43, 0.95, 1.12])
_HALF_HEIGHT = np.array([6.5, 5.6, 5.8, 6.0, 6.2, 6.4, 6.4, 6.3, 6.1, 5.8, 5.2, 4.4])


def ribs(build: Build, step: float, generator: np.random.Generator) -> list[Tube]:
    """Return the twenty-four ribs as flat rods on the surface of the chest.

    A rib leaves its vertebra almost level and falls most steeply at the flank and towards its front
    end, so that on a frontal film the posterior arcs run gently and the anterior ones steeply,
    """
    tubes = []
    fall_factor = generator.uniform(0.92, 1.08)
    for k in range(12):
        for side in (-1, 1):
            u = np.linspace(0.045, _REACH[k], 160)
            fall = _FALLEN(u)
            y = _HEAD[k] - 3.5 * np.sin(np.pi * np.clip(u / 0.22, 0, 1)) + fall_factor * _FALL[k] * fall
            wide, deep, middle = cage(build, y)
            wide, deep = wide + 2.0, deep + 4.0
            angle = np.pi * u
            x = side * wide * np.abs(np.sin(angle)) ** (2 / 2.3)
            z = middle - np.sign(np.cos(angle)) * deep * np.abs(np.cos(angle)) ** (2 / 2.3)
            # Head and neck come forward from the angle to the vertebral body.
            z = z + 30 * np.clip(1 - u / 0.12, 0, 1)
            x = x + side * generator.normal(0, 0.6)
            y = y + generator.normal(0, 0.9)
            normal = np.stack(
                [side * np.abs(np.sin(angle)) / wide, 0.002 + 0 * u, -np.cos(angle) / deep], axis=1
            )
            points = np.stack([x + z * np.sin(build.turn), y, z], axis=1)
            size = _HALF_HEIGHT[k] * (0.86 + 0.18 * u / _REACH[k] + 0.10 * (u > 0.96 * _REACH[k]))
            tubes.append(_flat(points, size, normal, step, flat=0.62))
    return tubes


def _flat(points: Array, radius: Array, normal: Array, step: float, *, flat: float) -> Tube:
    """Return a resampled flat rod."""
    axis, size = resample(points, radius, step)
    where = np.linspace(0, 1, len(axis))
    given = np.linspace(0, 1, len(points))
    n = np.stack([np.interp(where, given, normal[:, i]) for i in range(3)], axis=1)
    n /= np.linalg.norm(n, axis=1, keepdims=True)
    return Tube(axis, size, flat, n)


def curve(knots: list[tuple[float, float, float]], radii: list[float], step: float) -> Tube:
    """Return a round rod through knots (mm), smoothed by a cubic spline."""
    at = np.linspace(0, 1, len(knots))
    fine = np.linspace(0, 1, 200)
    points = CubicSpline(at, np.asarray(knots, dtype=float))(fine)
    return Tube(*resample(points, np.interp(fine, at, radii), step))


def shoulder_girdle(build: Build, step: float) -> list[Tube]:
    """Return clavicles, scapulae (border, spine, acromion, coracoid, glenoid) and humeri as rods."""
    tubes = []
    w, s = build.width, np.sin(build.turn)
    for side in (-1, 1):

        def at(x: float, y: float, z: float, side: int = side) -> tuple[float, float, float]:
            return side * x * w + z * s, y, z

        tubes += [
            curve(
                [at(15, 71, 80), at(40, 63, 82), at(80, 49, 62), at(115, 36, 35), at(148, 31, 15)],
                [8.5, 6.3, 5.4, 5.6, 6.5],
                step,
            ),
            curve(
                [at(131, 66, -30), at(127, 100, -55), at(118, 140, -70), at(112, 168, -72)],
                [5.5, 4.2, 3.6, 3.4],
                step,
            ),
            curve(
                [at(112, 168, -72), at(97, 130, -82), at(92, 90, -80), at(100, 55, -70)],
                [3.0, 1.9, 1.9, 2.2],
                step,
            ),
            curve(
                [at(95, 84, -82), at(120, 62, -72), at(146, 40, -40), at(160, 35, -8)],
                [2.6, 4.2, 5.2, 6.5],
                step,
            ),
            curve([at(118, 52, -20), at(126, 48, 0), at(134, 54, 15)], [4.5, 4.8, 5.0], step),
            curve([at(137, 52, -15), at(136, 66, -18), at(133, 78, -22)], [5.5, 7.0, 5.0], step),
            curve(
                [
                    at(158, 50, -8),
                    at(163, 62, -8),
                    at(169, 80, -8),
                    at(174, 110, -8),
                    at(184, 190, -8),
                    at(192, 260, -8),
                ],
                [18, 22.5, 17, 12, 11, 11],
                step,
            ),
        ]
    return tubes


def scapular_plates(build: Build, grid: Frame) -> Array:
    """Return the thickness (mm) of the two thin blades of the shoulder blades."""
    total = np.zeros(grid.shape)
    corners = np.array([(100, 55), (131, 60), (128, 100), (113, 168), (97, 130), (92, 90)], dtype=float)
    for side in (-1, 1):
        x = grid.x - np.sin(build.turn) * -75
        inside = np.ones(grid.shape)
        for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            gap = (x1 - x0) * (grid.y - y0) - (y1 - y0) * (side * x / build.width - x0)
            inside *= np.clip(gap / np.hypot(x1 - x0, y1 - y0) / 1.5 + 0.5, 0, 1)
        total += 1.6 * inside
    return total


def spine(build: Build, grid: Frame) -> tuple[Array, Array]:
    """Return thickness (mm) of cortical and of cancellous bone of the vertebral column."""
    cortex, marrow = np.zeros(grid.shape), np.zeros(grid.shape)
    x0 = -60 * np.sin(build.turn)
    rings: list[Tube] = []
    for k in range(-2, 16):
        # Bodies grow from 14 mm (C6) to 27 mm (L2) high.
        middle = 36 + 22.0 * k + 0.12 * k * abs(k)
        high, half = 8.2 + 0.22 * k, 13.5 + 0.45 * k
        u = np.abs(grid.y - middle) / high
        waist = half * (0.90 + 0.10 * np.clip(u, 0, 1) ** 4)
        across = np.sqrt(np.clip(1 - np.abs((grid.x - x0) / waist) ** 3, 0, None))
        box = across * np.clip((1 - u) * high / 1.2 + 0.5, 0, 1)
        plate = across * np.exp(-(((u - 0.96) * high / 1.1) ** 2))
        rim = np.exp(-(((np.abs(grid.x - x0) - waist + 1.2) / 0.9) ** 2)) * (u < 1)
        marrow += 20 * box
        cortex += 4.0 * plate + 2.4 * rim
        for side in (-1, 1):
            angle = np.linspace(0, 2 * np.pi, 40)
            ring = np.stack(
                [
                    x0 + side * half * 0.66 + 3.0 * np.cos(angle),
                    middle - 3.5 + 4.8 * np.sin(angle),
                    -75 + 0 * angle,
                ],
                1,
            )
            rings.append(Tube(*resample(ring, np.full(40, 0.9), 0.7)))
            wing = curve(
                [
                    (x0 + side * half * 0.7, middle - 4, -80),
                    (x0 + side * (half + 10), middle - 7, -90),
                    (x0 + side * (half + 18), middle - 8, -92),
                ],
                [3.5, 3.6, 4.4],
                0.7,
            )
            rings.append(wing)
        rings.append(
            curve(
                [(x0, middle + 2, -88), (x0, middle + 12, -100), (x0, middle + 17, -104)],
                [2.2, 2.0, 2.8],
                0.7,
            )
        )
    return cortex + 0.9 * project_tubes(grid, rings), marrow


def airways(build: Build, step: float) -> list[Tube]:
    """Return trachea and main bronchi: rods of air."""
    s = np.sin(build.turn)
    fork = (3 - 20 * s, 128.0, -20.0)
    return [
        curve(
            [(-45 * s, -10, -25), (-40 * s, 30, -30), (1 - 30 * s, 80, -28), fork], [8.5, 8.5, 8.5, 8.8], step
        ),
        curve(
            [fork, (-12 - 20 * s, 140, -20), (-24 - 20 * s, 153, -22), (-31, 172, -26)],
            [7.2, 7.0, 6.2, 4.8],
            step,
        ),
        curve(
            [fork, (16 - 20 * s, 138, -22), (32 - 20 * s, 147, -28), (44, 162, -34)],
            [6.6, 6.2, 5.8, 4.4],
            step,
        ),
    ]
