"""The solids of which the body is made: rods, ellipsoids, curved sheets, columns of varying section.

All are described in template points (:mod:`~napari_tbcad.simulate.skeleton_pose`); radii and thicknesses are
mm of an average adult.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Triple = tuple[float, float, float]


def as_points(text: str) -> Points:
    """Return the (n, k) points written as ``"x,y x,y …"`` or ``"x,y,z x,y,z …"``."""
    return np.array([[float(v) for v in point.split(",")] for point in text.split()])


@dataclass(frozen=True)
class Rod:
    """A round rod along a line, its ends round, its radius linear between the points.

    Parameters
    ----------
    points : tuple of (x, y, z)
    radii : tuple of float
        One a point, mm.
    """

    points: tuple[Triple, ...]
    radii: tuple[float, ...]


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid, or with `shell` > 0 only its wall.

    Parameters
    ----------
    centre : (x, y, z)
    semi : (float, float, float)
        Half axes in mm along x, y, z, before the tilt.
    tilt_deg : float
        Turn in the image plane; > 0 brings the lower end to x > 0.
    shell : float
        Thickness of the wall, mm; 0 for a full ellipsoid.
    power : float
        2 is an ellipsoid, larger is more of a box.
    """

    centre: Triple
    semi: Triple
    tilt_deg: float = 0.0
    shell: float = 0.0
    power: float = 2.0


@dataclass(frozen=True, eq=False)
class Sheet:
    """A curved plate, thin from front to back.

    Parameters
    ----------
    outline : (n, 2) array of x, y
        Closed, in template pixels.
    surface : (m, 3) array of x, y, z
        At least six points of the middle surface; between them it is a quadratic surface.
    thickness : float
        From front to back, mm.
    """

    outline: Points
    surface: Points
    thickness: float


@dataclass(frozen=True)
class Column:
    """A solid with a super-elliptic cross-section at every height: trunk, lungs.

    Parameters
    ----------
    rows : tuple of (y, middle x, half width, middle z, half depth)
        x and width in template pixels, z and depth in mm; monotone between the rows.
    power : float
        2 is an ellipse, larger is more of a box.
    """

    rows: tuple[tuple[float, float, float, float, float], ...]
    power: float = 2.4


Solid = Rod | Ellipsoid | Sheet | Column


@dataclass(frozen=True)
class Part:
    """What is one thing: a bone, or a piece of it that takes up differently.

    Parameters
    ----------
    name : str
        Unique within a body once the side is added.
    kind : str
        ``"bone"``, ``"soft"``, ``"lung"``, ``"kidney"``, ``"bladder"``, ``"liver"``.
    solids : tuple of Solid
    region : str or None
        One of the twelve regions.
    side : str or None
        ``"right"`` or ``"left"``, the patient's.
    limb : str
        What it moves with (:class:`~napari_tbcad.simulate.skeleton_pose.Pose`).
    """

    name: str
    kind: str
    solids: tuple[Solid, ...]
    region: str | None = None
    side: str | None = None
    limb: str = "trunk"


def mirrored(solid: Solid) -> Solid:
    """Return the solid on the other side of the midline."""
    if isinstance(solid, Rod):
        return replace(solid, points=tuple((-x, y, z) for x, y, z in solid.points))
    if isinstance(solid, Ellipsoid):
        x, y, z = solid.centre
        return replace(solid, centre=(-x, y, z), tilt_deg=-solid.tilt_deg)
    if isinstance(solid, Sheet):
        flip = np.array([-1.0, 1.0, 1.0])
        return replace(solid, outline=solid.outline * flip[:2], surface=solid.surface * flip)
    return replace(solid, rows=tuple((y, -x, w, z, d) for y, x, w, z, d in solid.rows))


def both_sides(part: Part) -> tuple[Part, Part]:
    """Return the right and the left part of one described on the patient's left (x > 0)."""
    right = replace(
        part, name=f"{part.name} right", side="right", solids=tuple(mirrored(s) for s in part.solids)
    )
    return right, replace(part, name=f"{part.name} left", side="left")
