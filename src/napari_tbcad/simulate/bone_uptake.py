"""How much tracer every part of a simulated body takes up.

The tables were set on 2026-11-22 so that the ratios of region to thigh in simulated scans agree with their
medians over real pairs, which `benchmarks/bone_simulator.py` lists and measures, starting from published
concentrations relative to soft tissue. No index of a simulated scan had a part in choosing them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.simulate.hotspots import Site, deposit

if TYPE_CHECKING:
    from napari_tbcad.simulate.skeleton import Body

Sex = Literal["male", "female"]

# Concentration by region, soft tissue = 1; (man, woman).
CONCENTRATION: dict[str, tuple[float, float]] = {
    "skull": (28.2, 30.0),
    "cervical": (168.2, 134.4),
    "thoracic": (136.4, 123.0),
    "rib": (58.8, 70.4),
    "sternum": (90.4, 96.6),
    "clavicle": (57.9, 55.4),
    "scapula": (32.4, 41.7),
    "humerus": (16.2, 19.3),
    "lumbar": (69.6, 75.0),
    "sacrum": (63.1, 90.9),
    "pelvis": (86.9, 92.3),
    "femur": (19.9, 23.7),
}

# Bones of no region by the beginning of their name; the last holds for the rest.
OTHER_BONE: dict[str, float] = {"tibia": 20.0, "patella": 20.0, "hand": 16.0, "foot": 12.0, "": 13.0}

# Factor of a part by a piece of its name, within its region.
PART_FACTOR: dict[str, float] = {
    "face": 1.4,
    "mandible": 1.3,
    "sacroiliac": 1.7,
    "pubis": 0.75,
    "ischium": 0.85,
    **{f"C{k} arch": 0.35 for k in range(1, 8)},
    **{f"T{k} arch": 0.7 for k in range(1, 13)},
    **{f"L{k} arch": 2.0 for k in range(1, 6)},
}

# Factor of a bone around a landmark: 1 + gain in its middle, fading over a distance (sigma, mm).
# Joints take up more than shafts in every adult; the gain differs from person to person. One below 0 cools.
WARM: dict[str, tuple[float, float]] = {
    "shoulder": (1.6, 17.0),
    "acromioclavicular": (0.3, 10.0),
    "sternoclavicular": (0.9, 11.0),
    "hip": (0.3, 22.0),
    "acetabulum": (-0.45, 18.0),
    "greater trochanter": (1.2, 16.0),
    "sacroiliac": (0.8, 13.0),
    "knee medial": (0.9, 14.0),
    "knee lateral": (0.9, 14.0),
    "patella": (0.5, 14.0),
    "ankle": (0.6, 16.0),
    "elbow": (0.4, 14.0),
    "wrist": (0.8, 12.0),
    "thumb base": (0.8, 9.0),
}
WARM_SPREAD = 0.35

# Soft tissue by the end of its part's name, thigh = 1; elsewhere 1. Blood, bowel and liver lie in the trunk.
SOFT_FACTOR: dict[str, float] = {"trunk": 1.7, "head": 1.3}

# Blood pools in the back of the legs of a patient who lies: share that the soft tissue of the thighs has more
# behind, and less in front, than in the middle. Set so that the ratios of both views agree with real scans.
DEPENDENT = 0.60

LARYNX = (36.0, (10.0, 26.0, 20.0), 20.0)
"""Larynx and thyroid, seen faintly in most adults: concentration, half axes and depth below the skin (mm)."""

# By kind of what is neither bone nor plain soft tissue.
SOFT: dict[str, float] = {"soft": 1.0, "lung": 1.2, "kidney": 14.0, "liver": 2.0, "bladder": 1.7}
"""Urine in the bladder is a hotspot of its own (hotspot_sites)."""

PERSON_SPREAD, PART_SPREAD, GRAIN_SPREAD = 0.13, 0.07, 0.13
"""Standard deviation of the log concentration: of a region between persons, of a bone within its region,
of a place within its bone."""

GRAIN_MM = 14.0
"""Distance over which a place within a bone stays alike."""


@dataclass(frozen=True, eq=False)
class Uptake:
    """Tracer in a body.

    Parameters
    ----------
    activity : (D, H, W) array of float32
        Concentration in every voxel, soft tissue = 1.
    of_part : (256,) array of float32
        Concentration of every part before its grain.
    """

    activity: NDArray[np.float32]
    of_part: NDArray[np.float32]


def draw_uptake(
    body: Body, places: NDArray[np.intp], sex: Sex, generator: np.random.Generator, *, spread: float = 1.0
) -> Uptake:
    """Return the tracer in a body without hotspots.

    Parameters
    ----------
    body : Body
        The body on its grid.
    places : (n,) array of int
        Flat indices of its bone voxels (:func:`bone_voxels`).
    sex : {"male", "female"}
        Whose table is used.
    generator : numpy.random.Generator
        Source of what differs between persons, bones and places.
    spread : float
        Factor of all those differences; 0 gives the table.
    """
    of_part = _levels(body, sex, generator, spread)
    activity = mix(body, _pooled(body, of_part), np.float32(SOFT_FACTOR["trunk"]))
    if spread > 0:
        grain = np.exp(np.float32(spread * GRAIN_SPREAD) * _grain(body, places, generator))
        activity.ravel()[places] *= grain
    _fade_to_legs(body, activity)
    _warm(body, activity, generator, spread)
    _add_larynx(body, activity, generator, spread)
    return Uptake(activity, of_part)


def bone_voxels(body: Body) -> NDArray[np.intp]:
    """Return the flat indices of all voxels of bone."""
    is_bone = np.zeros(256, bool)
    is_bone[[p.id for p in body.parts if p.kind == "bone"]] = True
    return np.flatnonzero(is_bone[body.part])


def _pooled(body: Body, of_part: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the concentration of every part in every slab (D, 256), with blood pooled in the legs."""
    table = np.repeat(of_part[None], len(body.part), axis=0)
    legs = [p.id for p in body.parts if p.kind == "soft" and p.name.endswith("legs")]
    for number in legs:
        share = (body.part[:, ::4, ::2] == number).mean(axis=(1, 2))
        lit = np.flatnonzero(share > 0)
        if len(lit) > 1:
            height = np.clip((np.arange(len(table)) - lit.mean()) / (0.5 * np.ptp(lit)), -1, 1)
            table[:, number] *= 1 + DEPENDENT * height
    return table


def _fade_to_legs(body: Body, activity: NDArray[np.float32]) -> None:
    """Let the soft tissue of trunk and legs go over into each other from the hips to the thighs, in place."""
    soft = SOFT_FACTOR["trunk"]
    step, rows = body.spacing_mm[1], body.part.shape[1]
    top, end = (body.landmarks[f"{name} left"][1] / step for name in ("hip", "femoral shaft"))
    first, last = (int(np.clip(round(value), 0, rows)) for value in (top, end))
    wanted = np.interp(np.arange(first, rows), [top, end], [soft, 1.0]).astype(np.float32)
    for ending, level in (("trunk", soft), ("legs", 1.0)):
        numbers = [p.id for p in body.parts if p.kind == "soft" and p.name.endswith(ending)]
        stop = last if ending == "legs" else rows
        change = (wanted[: max(stop - first, 0)] / np.float32(level))[None, :, None]
        near = (slice(None), slice(first, first + change.shape[1]))
        activity[near] *= np.where(np.isin(body.part[near], numbers), change, np.float32(1))


def mix(body: Body, of_part: NDArray[np.float32], around: np.float32) -> NDArray[np.float32]:
    """Return a property of every voxel (D, H, W), mixed of its part and of what is around it.

    `of_part` has 256 values, or 256 for every slab.

    What an inner part leaves of its voxel is soft tissue; what the skin leaves is air, which has nothing.
    """
    rest = np.zeros(256, np.float32)
    rest[[p.id for p in body.parts if p.kind != "soft"]] = around
    own = np.broadcast_to(of_part - rest, (len(body.part), 256))
    volume = np.empty(body.part.shape, np.float32)
    for slab, part, fill, table in zip(volume, body.part, body.fill, own, strict=True):
        np.multiply(table[part], fill, out=slab)
        slab += rest[part]
    return volume


def _levels(body: Body, sex: Sex, generator: np.random.Generator, spread: float) -> NDArray[np.float32]:
    """Draw the concentration of every part."""
    of_part = np.zeros(256, np.float32)
    column = 0 if sex == "male" else 1
    person = {name: generator.standard_normal() for name in (*CONCENTRATION, "", *SOFT)}
    for part in body.parts:
        if part.kind == "bone":
            table = CONCENTRATION[part.region][column] if part.region else _first(OTHER_BONE, part.name)
            factor = next((f for piece, f in PART_FACTOR.items() if piece in part.name), 1.0)
            level = table * factor
            change = PERSON_SPREAD * person[part.region or ""] + PART_SPREAD * generator.standard_normal()
        elif part.kind == "soft":
            # The thighs are the unit of the table.
            level, change = next((f for end, f in SOFT_FACTOR.items() if part.name.endswith(end)), 1.0), 0.0
        else:
            level = SOFT.get(part.kind, SOFT_FACTOR["trunk"])
            change = 1.5 * PERSON_SPREAD * person.get(part.kind, 0.0)
        of_part[part.id] = level * np.exp(spread * change)
    return of_part


def _first(table: dict[str, float], name: str) -> float:
    return next(value for start, value in table.items() if name.startswith(start))


def _warm(body: Body, activity: NDArray[np.float32], generator: np.random.Generator, spread: float) -> None:
    """Raise the bone around joints, in place."""
    is_bone = np.zeros(256, bool)
    is_bone[[p.id for p in body.parts if p.kind == "bone"]] = True
    for joint, (gain, sigma) in WARM.items():
        own = max(gain * np.exp(spread * WARM_SPREAD * generator.standard_normal()), -0.6)
        for side in ("right", "left"):
            strength = own * np.exp(0.3 * spread * WARM_SPREAD * np.clip(generator.standard_normal(), -3, 3))
            block: list[slice] = []
            squares: NDArray[np.float32] = np.zeros((1, 1, 1), np.float32)
            for axis, centre in enumerate(body.landmarks[f"{joint} {side}"]):
                step, size = body.spacing_mm[axis], body.part.shape[axis]
                low, high = int((centre - 2.5 * sigma) / step), int((centre + 2.5 * sigma) / step) + 2
                part = slice(min(max(low, 0), size), min(max(high, 0), size))
                place = ((np.arange(part.start, part.stop) * step - centre) / sigma).astype(np.float32) ** 2
                squares = squares + place.reshape([-1 if a == axis else 1 for a in range(3)])
                block.append(part)
            near = tuple(block)
            bump = np.float32(strength) * np.exp(np.float32(-0.5) * squares)
            activity[near] *= 1 + bump * is_bone[body.part[near]]


def _add_larynx(
    body: Body, activity: NDArray[np.float32], generator: np.random.Generator, spread: float
) -> None:
    """Raise the soft tissue in front of the lower neck, in place."""
    level, half, below = LARYNX
    level *= np.exp(spread * WARM_SPREAD * generator.standard_normal())
    _, row, column = body.landmarks["C6"]
    at = [
        int(np.clip(round(c / s), 0, n - 1))
        for c, s, n in zip((row, column), body.spacing_mm[1:], body.part.shape[1:], strict=True)
    ]
    skin = np.flatnonzero(body.part[:, at[0], at[1]])
    if len(skin) == 0:
        return
    centre = (skin[0] * body.spacing_mm[0] + below, row, column)
    site = Site("larynx", "normal", "organ", centre, half, 0.0, 0.0, None)
    item = deposit(body, site)
    if item is not None:
        activity[item.block] += np.float32(level) * item.cover


def _grain(body: Body, places: NDArray[np.intp], generator: np.random.Generator) -> NDArray[np.float32]:
    """Return a smooth random field of unit variance at some voxels."""
    size = [int(np.ceil(n * s / GRAIN_MM)) + 2 for n, s in zip(body.part.shape, body.spacing_mm, strict=True)]
    coarse = generator.standard_normal(size, dtype=np.float32)
    index = np.unravel_index(places, body.part.shape)
    at = np.stack([i * np.float32(s / GRAIN_MM) for i, s in zip(index, body.spacing_mm, strict=True)])
    # Linear interpolation averages up to eight draws: on average its variance is (2/3)³.
    return np.asarray(ndimage.map_coordinates(coarse, at, order=1, mode="nearest"), np.float32) / np.float32(
        (2 / 3) ** 1.5
    )
