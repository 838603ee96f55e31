"""Hotspots of a simulated body: where activity is added, and how its volume is filled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_tbcad.simulate.skeleton import Body

Point = tuple[float, float, float]
Block = tuple[slice, slice, slice]

SPINE = frozenset({"cervical", "thoracic", "lumbar", "sacrum"})
"""Regions over whose borders a lesion may grow; elsewhere it stays in its bone."""


@dataclass(frozen=True)
class Site:
    """One place of added activity.

    Parameters
    ----------
    name : str
        Where, such as ``"rib 7 right"`` or ``"right knee"``.
    label : {"abnormal", "normal", "non_bone"}
        Its class.
    cause : str
        ``"metastasis"``, ``"degeneration"``, ``"fracture"``, ``"organ"``, ``"injection"`` or ``"urine"``.
    centre_mm : (float, float, float)
        Depth, row, column, from the centre of the body's voxel (0, 0, 0).
    radius_mm : (float, float, float)
        Half axes of the ellipsoid.
    activity : float
        Added concentration; soft tissue has 1.
    amplitude : float
        The same over that of the bone around it; 0 outside the bones.
    region : str or None
        Skeleton region of the bone at its centre.
    parts : tuple of int
        Ids of the parts it is cut with; empty: whatever is inside the body.
    """

    name: str
    label: str
    cause: str
    centre_mm: Point
    radius_mm: Point
    activity: float
    amplitude: float
    region: str | None
    parts: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Deposit:
    """A site's voxels.

    Parameters
    ----------
    block : tuple of slice
        The part of the body's grid that holds it.
    cover : (d, h, w) array of float32
        Share of each voxel that is hotspot: ellipsoid and bone.
    """

    block: Block
    cover: NDArray[np.float32]


def deposit(body: Body, site: Site) -> Deposit | None:
    """Return the voxels of a site, cut with its parts; None when nothing is left.

    Parameters
    ----------
    body : Body
        The body on its grid.
    site : Site
        An ellipsoid in it. Its edge is soft over one voxel.
    """
    block = _block(body, site)
    if any(s.stop <= s.start for s in block):
        return None
    squares: NDArray[np.float32] = np.zeros((1, 1, 1), np.float32)
    for axis, (cut, centre, radius) in enumerate(zip(block, site.centre_mm, site.radius_mm, strict=True)):
        step = body.spacing_mm[axis]
        place = np.arange(cut.start, cut.stop) * step - centre
        # A voxel is as large as the smallest lesion in depth: the edge is softened by half a voxel.
        scaled = (place / max(radius, 0.5 * step)).astype(np.float32) ** 2
        squares = squares + scaled.reshape([-1 if a == axis else 1 for a in range(3)])
    edge = np.float32(np.mean(body.spacing_mm) / np.mean(site.radius_mm))
    cover = np.clip((1 - np.sqrt(squares)) / edge + np.float32(0.5), 0, 1)
    part, fill = body.part[block], body.fill[block]
    cover *= np.where(np.isin(part, site.parts), fill, 0) if site.parts else part > 0
    if float(cover.max(initial=0.0)) <= 0.05:
        return None
    return Deposit(block, cover.astype(np.float32))


def _block(body: Body, site: Site) -> Block:
    """Return the voxels around an ellipsoid, inside the grid."""
    slices = []
    for size, step, centre, radius in zip(
        body.part.shape, body.spacing_mm, site.centre_mm, site.radius_mm, strict=True
    ):
        low = max(int(np.floor((centre - radius) / step)) - 1, 0)
        high = min(int(np.ceil((centre + radius) / step)) + 2, size)
        slices.append(slice(low, max(high, low)))
    return slices[0], slices[1], slices[2]


def parts_for(body: Body, part: int) -> tuple[int, ...]:
    """Return the parts a lesion that starts in `part` may grow into.

    A lesion of a rib stays in that rib though a sphere reaches the next one; one of the spine may take two
    vertebrae; in other bones it stays within the region and side.
    """
    own = next(p for p in body.parts if p.id == part)
    if own.region is None or own.region == "rib":
        return (part,)
    if own.region in SPINE:
        return tuple(p.id for p in body.parts if p.kind == "bone" and p.region in SPINE)
    same = [p for p in body.parts if p.kind == "bone" and p.region == own.region]
    return tuple(p.id for p in same if own.side is None or p.side in (None, own.side))
