"""A person to scan: a parametric skeleton with soft tissue in voxels, its regions and its landmarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import ViewName
from napari_tbcad.schemes import REGION_NAMES
from napari_tbcad.simulate.skeleton_axial import pelvis, ribs, skull, spine, sternum
from napari_tbcad.simulate.skeleton_landmarks import place_landmarks
from napari_tbcad.simulate.skeleton_limbs import arms, legs, shoulders
from napari_tbcad.simulate.skeleton_maps import draw_regions
from napari_tbcad.simulate.skeleton_parameters import BodyParameters, Person, draw_person
from napari_tbcad.simulate.skeleton_pose import TEMPLATE_MM, Pose
from napari_tbcad.simulate.skeleton_shapes import Part
from napari_tbcad.simulate.skeleton_soft import organs, outline
from napari_tbcad.simulate.skeleton_voxels import Grid, paint

__all__ = [
    "Body",
    "BodyParameters",
    "BodyPart",
    "region_map",
    "region_volumes",
    "simulate_body",
    "simulate_region_maps",
]

# Share of the rows between crown and toes in a scan that is stretched to the field.
_FIELD = 0.993


@dataclass(frozen=True)
class BodyPart:
    """One bone, piece of bone or organ.

    Parameters
    ----------
    id : int
        Its value in :attr:`Body.part`, from 1.
    name : str
        Unique, such as ``"rib 7 left"`` or ``"L3 arch"``.
    kind : str
        ``"bone"``, ``"soft"``, ``"lung"``, ``"kidney"``, ``"bladder"`` or ``"liver"``.
    region : str or None
        One of the twelve regions; None for soft parts and for knees, forearms, hands, tibiae, feet.
    side : str or None
        ``"right"`` or ``"left"``, the patient's.
    """

    id: int
    name: str
    kind: str
    region: str | None
    side: str | None


@dataclass(frozen=True, eq=False)
class Body:
    """A person lying below and above the camera heads.

    Parameters
    ----------
    part : (D, H, W) array of uint8
        Part of each voxel, 0 air. Axis 0 runs from front to back, axis 1 from head to feet, axis 2 from the
        patient's right to the left: column 0 is the left edge of an anterior view.
    fill : (D, H, W) array of float32
        Share of the voxel that belongs to its part, in [0, 1]; the rest is soft tissue, at the skin air.
    parts : tuple of BodyPart
    spacing_mm : (float, float, float)
        Depth, row, column.
    landmarks : mapping of str to (z, y, x)
        Sites of lesions and of benign uptake, mm from the centre of voxel (0, 0, 0); a site may lie outside
        the grid. Names in :mod:`~napari_tbcad.simulate.skeleton_landmarks`.
    person : Person
    grid : Grid
    """

    part: NDArray[np.uint8]
    fill: NDArray[np.float32]
    parts: tuple[BodyPart, ...]
    spacing_mm: tuple[float, float, float]
    landmarks: Mapping[str, tuple[float, float, float]]
    person: Person
    grid: Grid


def simulate_body(parameters: BodyParameters | None = None, *, seed: int = 0) -> Body:
    """Return the body that `seed` stands for.

    Parameters
    ----------
    parameters : BodyParameters, optional
        What is not left to the seed.
    seed : int
        Not negative.

    Returns
    -------
    Body

    Raises
    ------
    BadInput
        If the seed is negative.
    """
    if seed < 0:
        raise BadInput("body", f"the seed is {seed}; seeds start at 0")
    parameters = parameters or BodyParameters()
    person = draw_person(parameters, seed)
    pose = Pose(person)
    grid = _grid(parameters, pose)
    solids = _parts(person)
    part, fill = paint(grid, pose, solids)
    return Body(
        part=part,
        fill=fill,
        parts=tuple(BodyPart(i, p.name, p.kind, p.region, p.side) for i, p in enumerate(solids, start=1)),
        spacing_mm=grid.spacing,
        landmarks=place_landmarks(pose, grid),
        person=person,
        grid=grid,
    )


def _parts(person: Person) -> list[Part]:
    return [*outline(person.build), *organs(), *_bones()]


@cache
def _bones() -> tuple[Part, ...]:
    """Return the average skeleton; only the pose makes it a person's."""
    trunk = (*skull(), *spine(), *ribs(), *sternum(), *pelvis())
    return (*trunk, *shoulders(), *arms(), *legs())


def _grid(parameters: BodyParameters, pose: Pose) -> Grid:
    rows, columns = parameters.shape
    if parameters.pixel_mm is None:
        pixel = (pose.length_mm / (_FIELD * rows), TEMPLATE_MM[0] * 256.0 / columns)
    else:
        pixel = parameters.pixel_mm
    half = 118.0 * pose.person.build * pose.scale + 1.5 * parameters.slab_mm
    slabs = 2 * int(np.ceil(half / parameters.slab_mm))
    down, across = pose.person.shift_mm
    spacing = (float(parameters.slab_mm), float(pixel[0]), float(pixel[1]))
    origin = (
        -(slabs - 1) / 2 * spacing[0],
        pose.length_mm / 2 - down - (rows - 1) / 2 * spacing[1],
        -across - (columns - 1) / 2 * spacing[2],
    )
    return Grid((slabs, rows, columns), spacing, origin)


def region_map(body: Body, view: ViewName) -> NDArray[np.uint8]:
    """Return the twelve regions of a body as outlined on one view.

    Parameters
    ----------
    body : Body
    view : "anterior" or "posterior"
        The posterior one is seen from behind: the patient's left is the image's left.

    Returns
    -------
    (H, W) array of uint8
        0 or the region's id (:data:`~napari_tbcad.schemes.REGION_IDS`).
    """
    drawn = draw_regions(body.grid, Pose(body.person), view)
    return drawn if view == "anterior" else np.ascontiguousarray(drawn[:, ::-1])


def simulate_region_maps(
    parameters: BodyParameters | None = None, *, seed: int = 0
) -> dict[ViewName, NDArray[np.uint8]]:
    """Return the region maps of both views of :func:`simulate_body`'s body without building its voxels."""
    parameters = parameters or BodyParameters()
    pose = Pose(draw_person(parameters, seed))
    grid = _grid(parameters, pose)
    return {
        "anterior": draw_regions(grid, pose, "anterior"),
        "posterior": np.ascontiguousarray(draw_regions(grid, pose, "posterior")[:, ::-1]),
    }


def region_volumes(body: Body) -> dict[str, float]:
    """Return the volume of each region's bone, mm³."""
    filled = np.bincount(body.part.ravel(), weights=body.fill.ravel(), minlength=256)
    volume = dict.fromkeys(REGION_NAMES, 0.0)
    voxel = float(np.prod(body.spacing_mm))
    for part in body.parts:
        if part.region is not None:
            volume[part.region] += float(filled[part.id]) * voxel
    return volume
