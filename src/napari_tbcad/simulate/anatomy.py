"""The soft anatomy of the chest phantom: body, lungs, heart, mediastinum, diaphragm.

Distances were read off the mean of the JSRT lung outlines (SCR, van Ginneken 2006) and of adult chest
CT as textbooks give it; they are rounded numbers of an average person, not of any one film.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from napari_tbcad.simulate.projection import Frame, Interval, ellipsoid

Array = NDArray[np.float64]

# Half width of the pleural cavity at heights of an average chest (mm; y from the upper film edge).
_HEIGHT = np.array([16, 24, 31, 37, 44, 58, 72, 100, 142, 198, 254, 290, 330, 420])
_HALF_WIDTH = np.array([40, 52, 64, 74, 84, 98, 108, 119, 127, 132, 137, 138, 136, 130])
# Half depth, and the z of the middle: the inlet is shallow and lies towards the back.
_HALF_DEPTH = np.array([28, 32, 36, 42, 47, 56, 64, 76, 88, 95, 98, 98, 97, 95])
_MIDDLE = np.array([-42, -40, -37, -34, -30, -24, -19, -10, -3, 0, 0, 0, 0, 0])
_SHAPE = 2.4  # exponent of the super-ellipse of a cross-section


@dataclass(frozen=True)
class Build:
    """The person: all factors are 1 (or 0 where signed) for an average adult.

    Parameters
    ----------
    width, wall : float
        Factors of the cage's width and of the thickness of the chest wall.
    domes : float
        How far the domes lie below the average, mm (deep inspiration > 0).
    heart : float
        Factor of the heart's width.
    breast : float
        Size of the breasts, 0 none to 1.
    turn : float
        Rotation about the body axis, radians; > 0 turns the front to the image's right.
    """

    width: float = 1.0
    wall: float = 1.0
    domes: float = 0.0
    heart: float = 1.0
    breast: float = 0.0
    turn: float = 0.0

    def turned(self, x: float, z: float) -> float:
        """Return where a point of depth `z` is seen after the turn."""
        return x + z * float(np.sin(self.turn))


def cage(build: Build, y: Array) -> tuple[Array, Array, Array]:
    """Return half width, half depth and middle z (mm) of the pleural cavity at heights `y`."""
    return (
        build.width * PchipInterpolator(_HEIGHT, _HALF_WIDTH, extrapolate=True)(y),
        PchipInterpolator(_HEIGHT, _HALF_DEPTH, extrapolate=True)(y),
        PchipInterpolator(_HEIGHT, _MIDDLE, extrapolate=True)(y),
    )


def pleura(build: Build, grid: Frame) -> Interval:
    """Return the inner chest wall: what the lungs would fill without organs between them."""
    y = np.clip(grid.y, _HEIGHT[0], _HEIGHT[-1])
    wide, deep, middle = cage(build, y)
    # The apex closes like a dome above the first rib.
    above = np.clip((46 - grid.y) / 19, 0, 1)
    deep = deep * np.sqrt(1 - above**2)
    half = deep * np.clip(1 - np.abs(grid.x / wide) ** _SHAPE, 0, None) ** (1 / _SHAPE)
    return middle - half, middle + half


def dome(build: Build, grid: Frame, side: int) -> Interval:
    """Return the abdomen below one hemidiaphragm, as far as it stands before the lung.

    Parameters
    ----------
    build : Build
        The person.
    grid : Frame
        The pixel grid.
    side : int
        -1 the patient's right (image left), +1 the left, 0 the saddle below the heart.
    """
    if side == 0:
        return _bowl(grid, (build.turned(4, 20), 246 + build.domes, 20), (62, 60, 130))
    top = (236 if side < 0 else 248) + build.domes
    return _bowl(grid, (side * 66 * build.width, top, 12), (84 * build.width, 80, 108))


def _bowl(grid: Frame, summit: tuple[float, float, float], semi: tuple[float, float, float]) -> Interval:
    """Return the region below an elliptical dome that hangs down to semi[1] below its summit."""
    depth = np.clip((grid.y - summit[1]) / semi[1], 0, 1)
    free = 1 - (1 - depth) ** 2 - ((grid.x - summit[0]) / semi[0]) ** 2
    half = semi[2] * np.sqrt(np.clip(free, 0, None))
    half = np.where(grid.y > summit[1] + semi[1], np.maximum(half, 200), half)
    return summit[2] - half, summit[2] + half


def heart(build: Build, grid: Frame) -> list[Interval]:
    """Return the heart: ventricles, right atrium, left atrium with its appendage, great vessels' root."""
    f, t = build.heart, build.turned
    low = build.domes * 0.7
    parts = [
        ((t(25 * f, 35), 221 + low, 35), (65 * f, 39 * f**0.5, 58), 36.0),  # ventricles
        ((t(38 * f, 35), 236 + low, 35), (48 * f, 25, 50), 24.0),  # apex
        ((t(-9 * f, 25), 205 + low, 25), (33 * f, 58, 52), 4.0),  # right atrium
        ((t(14 * f, 0), 176 + low, 0), (36 * f, 32, 40), 40.0),  # left atrium and appendage
        ((t(8, 30), 150 + low * 0.5, 25), (29, 38, 36), 12.0),  # outflow, pulmonary trunk
    ]
    return [ellipsoid(grid, c, s, tilt=a) for c, s, a in parts]


def mediastinum(build: Build, grid: Frame) -> list[Interval]:
    """Return the soft tissue between the lungs above, beside and behind the heart."""
    t = build.turned
    y = grid.y
    left = PchipInterpolator(
        [0, 24, 30, 38, 52, 75, 110, 160, 230, 300, 420], [80, 58, 43, 33, 27, 25, 26, 31, 38, 40, 40]
    )(y)
    right = PchipInterpolator(
        [0, 24, 30, 38, 52, 75, 110, 160, 230, 300, 420], [80, 58, 42, 31, 24, 19, 20, 25, 34, 40, 40]
    )(y)
    deep = np.interp(y, [0, 40, 110, 170, 250, 400], [75, 75, 78, 56, 56, 95])
    middle = (left - right) / 2 + t(0.0, 10.0)
    # Round borders above the heart, soft ones behind it.
    edge = np.interp(grid.y, [140, 190], [0.75, 1.6])
    half = deep * np.clip(1 - ((grid.x - middle) / ((left + right) / 2)) ** 2, 0, None) ** edge
    back = np.interp(grid.y, [0, 110, 170], [-15, -20, -45])
    column: Interval = (back - half, back + half)
    arch = [
        ellipsoid(grid, (t(16, -10), 102, -10), (19, 19, 30)),  # aortic knob
        ellipsoid(grid, (t(-11, 20), 122, 20), (15, 46, 16), tilt=-6),  # superior vena cava, ascending aorta
        ellipsoid(grid, (t(14, -50), 205, -50), (12, 110, 12), tilt=2),  # descending aorta
        ellipsoid(grid, (t(0, -62), 200, -62), (21, 260, 24)),  # vertebral column and its muscles
        ellipsoid(grid, (t(26, 5), 128, 5), (14, 13, 14), tilt=30),  # left pulmonary artery
    ]
    return [column, *arch]


def body(build: Build, grid: Frame) -> list[Interval]:
    """Return the body's soft tissue: torso, neck, shoulders, upper arms, breasts."""
    y, x = grid.y, grid.x
    wall = 24 * build.wall
    wide, deep, middle = cage(build, np.clip(y, _HEIGHT[0], _HEIGHT[-1]))
    # The shoulders fill the film's upper part; below the armpits the flanks end 25 mm outside the ribs.
    girth = PchipInterpolator([0, 60, 105, 150, 190, 260, 420], [80, 76, 66, 46, 33, 27, 22])(y)
    wide = np.maximum(wide, 128 * build.width) + wall * girth / 24
    deep = np.maximum(deep, 70) + 0.75 * wall
    # Shoulders slope from the neck outwards.
    slope = 3 + 30 * np.clip((np.abs(x) - 48) / 120, 0, 1) ** 1.2
    rise = np.clip((y - slope) / 26, 0, 1)
    half = deep * np.sqrt(1 - (1 - rise) ** 2) * np.clip(1 - np.abs(x / wide) ** 3, 0, None) ** (1 / 2.6)
    torso: Interval = (middle - half, middle + half)
    neck_half = 54 * build.wall**0.5 + 70 * np.clip(y / 34, 0, 1) ** 2
    neck = 52 * np.sqrt(np.clip(1 - (x / neck_half) ** 2, 0, None)) * np.clip((75 - y) / 35, 0, 1)
    parts: list[Interval] = [torso, (-20 - neck, -20 + neck)]
    for side in (-1, 1):
        parts.append(
            ellipsoid(grid, (side * 158 * build.width, 82, -8), (52, 65, 58 * build.wall), tilt=side * -12)
        )
        parts.append(
            ellipsoid(grid, (side * 190 * build.width, 140, -6), (36, 105, 42 * build.wall), tilt=side * 6)
        )
    return parts


def breasts(build: Build, grid: Frame) -> Array:
    """Return the thickness (mm) that breasts, or the pectoral muscles, add in front of the torso."""
    total = np.zeros(grid.shape)
    for side in (-1, 1):
        x = build.turned(side * 78 * build.width, 95)
        if build.breast > 0:
            size = build.breast
            # Rounded below with a sharp fold, fading upwards.
            back, front = ellipsoid(
                grid, (x, 215, 0), (50 + 14 * size, 48 + 16 * size, 55 * size), tilt=side * 8
            )
            fade = np.clip((grid.y - 130) / 75, 0, 1)
            total += 0.5 * (front - back) * fade
        else:
            back, front = ellipsoid(grid, (x + side * 12, 128, 0), (62, 58, 14), tilt=side * -28)
            total += 0.5 * (front - back)
    return total


def stomach(build: Build, grid: Frame) -> Interval:
    """Return the gas bubble under the left dome."""
    return ellipsoid(grid, (62 * build.width, 278 + build.domes, 0), (24, 13, 26), tilt=-14)
