"""Uptake outside the bones that a simulated scan shows: urine, kidneys, what stayed at the injection site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.simulate.hotspots import Point, Site

if TYPE_CHECKING:
    from napari_tbcad.simulate.skeleton import Body

SIDES = ("right", "left")
BLADDER_ACTIVITY, BLADDER_FACTOR, BLADDER_EMPTY = 120.0, (0.4, 1.5), 0.10
HOT_KIDNEY, INJECTION, URINE_SPOT = 0.06, 0.15, 0.10


def draw_non_bone(body: Body, generator: np.random.Generator) -> list[Site]:
    """Draw urine in the bladder, hot kidneys, what is left at the injection site, and spots of urine."""
    bladder, kidney = generator.random(8), generator.random(8)
    needle, spot = generator.random(8), generator.random(8)
    sites: list[Site] = []
    if bladder[0] >= BLADDER_EMPTY:
        sites += _bladder(body, bladder)
    if kidney[0] < HOT_KIDNEY:
        sites += _hot_kidney(body, kidney)
    if needle[0] < INJECTION:
        sites += _injection(body, needle)
    if spot[0] < URINE_SPOT:
        sites += _urine_spot(body, spot)
    return sites


def _bladder(body: Body, draws: NDArray[np.float64]) -> list[Site]:
    """Return urine: the lower middle of the bladder, more or less of it."""
    parts = tuple(p.id for p in body.parts if p.kind == "bladder")
    box = _bounds(body, parts)
    if box is None:
        return []
    centre, half = box
    size = 0.4 + 0.5 * draws[1] ** 2
    shape = (half[0] * size, half[1] * size, half[2] * size * (0.85 + 0.3 * draws[3]))
    activity = BLADDER_ACTIVITY * between(draws[2], BLADDER_FACTOR)
    # Urine lies low in the bladder of a patient on the back: behind, and towards its neck.
    centre = (centre[0] + (half[0] - shape[0]) * 0.5, centre[1] + (half[1] - shape[1]) * 0.6, centre[2])
    return [Site("bladder", "non_bone", "organ", centre, shape, activity, 0.0, None, parts)]


def _hot_kidney(body: Body, draws: NDArray[np.float64]) -> list[Site]:
    """Return urine held back in one kidney or both."""
    sides = SIDES if draws[1] < 0.3 else (SIDES[int(draws[2] < 0.5)],)
    sites = []
    for k, side in enumerate(sides):
        parts = tuple(p.id for p in body.parts if p.kind == "kidney" and p.side == side)
        box = _bounds(body, parts)
        if box is None:
            continue
        centre, half = box
        size = 0.4 + 0.5 * draws[3]
        shape = (half[0] * size, half[1] * size, half[2] * size)
        activity = 30 + 90 * draws[4 + k]
        sites.append(Site(f"{side} kidney", "non_bone", "organ", centre, shape, activity, 0.0, None, parts))
    return sites


def _injection(body: Body, draws: NDArray[np.float64]) -> list[Site]:
    """Return tracer beside a vein of the elbow or the hand."""
    side = SIDES[int(draws[1] < 0.5)]
    vein = f"{'elbow vein' if draws[2] < 0.7 else 'wrist'} {side}"
    point = body.landmarks[vein]
    radius = between(draws[3], (4.0, 9.0))
    point = (point[0], point[1] + 20 * (draws[4] - 0.5), point[2] + 12 * (draws[5] - 0.5))
    activity = 60.0 * 15 ** draws[6]
    return [
        Site(
            f"injection, {vein}",
            "non_bone",
            "injection",
            point,
            (radius, radius * (1 + draws[7]), radius),
            activity,
            0.0,
            None,
        )
    ]


def _urine_spot(body: Body, draws: NDArray[np.float64]) -> list[Site]:
    """Return urine on the skin between the thighs."""
    _, row, column = body.landmarks["perineum"]
    row += 80 * (draws[1] - 0.4)
    column += 80 * (draws[2] - 0.5)
    _, rows, columns = body.part.shape
    at_row = int(np.clip(round(row / body.spacing_mm[1]), 0, rows - 1))
    at_column = int(np.clip(round(column / body.spacing_mm[2]), 0, columns - 1))
    skin = np.flatnonzero(body.part[:, at_row, at_column])
    if len(skin) == 0:
        return []
    radius = between(draws[3], (4.0, 9.0))
    depth = skin[0] * body.spacing_mm[0] + radius
    point = (float(depth), float(row), float(column))
    activity = 40.0 * 6 ** draws[4]
    return [Site("urine", "non_bone", "urine", point, (radius, radius, radius), activity, 0.0, None)]


def _bounds(body: Body, parts: tuple[int, ...]) -> tuple[Point, Point] | None:
    """Return middle and half size of some parts' bounding box in mm."""
    wanted = np.zeros(256, bool)
    wanted[list(parts)] = True
    inside = wanted[body.part]
    if not inside.any():
        return None
    middle, half = [], []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        lit = np.flatnonzero(inside.any(axis=others))
        low, high = (lit[0] - 0.5) * body.spacing_mm[axis], (lit[-1] + 0.5) * body.spacing_mm[axis]
        middle.append(float(low + high) / 2)
        half.append(float(high - low) / 2)
    return (middle[0], middle[1], middle[2]), (half[0], half[1], half[2])


def between(share: float, span: tuple[float, float]) -> float:
    """Return the value at a share (0 to 1) of a span."""
    return float(span[0] + (span[1] - span[0]) * share)
