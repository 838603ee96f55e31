"""How much tracer every part of a simulated body takes up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

if TYPE_CHECKING:
    from napari_tbcad.simulate.skeleton import Body

Sex = Literal["male", "female"]

# Concentration by region, soft tissue = 1; (man, woman).
CONCENTRATION: dict[str, tuple[float, float]] = {
    "skull": (30.0, 32.0),
    "cervical": (110.0, 85.0),
    "thoracic": (77.0, 67.0),
    "rib": (42.0, 54.0),
    "sternum": (112.0, 120.0),
    "clavicle": (59.0, 52.0),
    "scapula": (34.0, 44.0),
    "humerus": (15.0, 18.0),
    "lumbar": (64.0, 69.0),
    "sacrum": (77.0, 111.0),
    "pelvis": (49.0, 52.0),
    "femur": (17.5, 21.0),
}

OTHER_BONE = 13.0
"""Bones of no region: forearms, hands, knees, lower legs, feet."""

# By kind of what is not bone.
SOFT: dict[str, float] = {"soft": 1.0, "lung": 0.35, "kidney": 14.0, "liver": 1.3, "bladder": 1.0}
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


def draw_uptake(body: Body, sex: Sex, generator: np.random.Generator, *, spread: float = 1.0) -> Uptake:
    """Return the tracer in a body without hotspots.

    Parameters
    ----------
    body : Body
        The body on its grid.
    sex : {"male", "female"}
        Whose table is used.
    generator : numpy.random.Generator
        Source of what differs between persons, bones and places.
    spread : float
        Factor of all those differences; 0 gives the table.
    """
    of_part = np.zeros(256, np.float32)
    column = 0 if sex == "male" else 1
    person = {name: generator.standard_normal() for name in (*CONCENTRATION, "", *SOFT)}
    for part in body.parts:
        if part.kind != "bone":
            level = SOFT.get(part.kind, 1.0)
            # Soft tissue is the unit of the table.
            change = 0.0 if part.kind == "soft" else 1.5 * PERSON_SPREAD * person.get(part.kind, 0.0)
        else:
            level = CONCENTRATION[part.region][column] if part.region else OTHER_BONE
            change = PERSON_SPREAD * person[part.region or ""] + PART_SPREAD * generator.standard_normal()
        of_part[part.id] = level * np.exp(spread * change)
    activity = of_part[body.part]
    is_bone, is_inner = kind_masks(body)
    activity *= body.fill
    flat, fill = activity.ravel(), body.fill.ravel()
    # Soft tissue fills what an inner part leaves of a voxel; at the skin it is air.
    inner = np.flatnonzero(is_inner[body.part])
    places = inner[is_bone[body.part.ravel()[inner]]]
    if spread > 0:
        flat[places] *= np.exp(spread * GRAIN_SPREAD * _grain(body, places, generator))
    flat[inner] += 1 - fill[inner]
    return Uptake(activity, of_part)


def kind_masks(body: Body) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return by part id (256,) whether it is bone, and whether it lies within soft tissue."""
    is_bone, is_inner = np.zeros(256, bool), np.zeros(256, bool)
    for part in body.parts:
        is_bone[part.id] = part.kind == "bone"
        is_inner[part.id] = part.kind != "soft"
    return is_bone, is_inner


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
