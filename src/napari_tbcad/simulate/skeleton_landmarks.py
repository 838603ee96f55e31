"""Named places in the body: where joints wear, where tracer collects, where lesions may sit."""

from __future__ import annotations

import numpy as np

from napari_tbcad.simulate.skeleton_axial import rib_line, vertebra
from napari_tbcad.simulate.skeleton_pose import Pose
from napari_tbcad.simulate.skeleton_shapes import Triple
from napari_tbcad.simulate.skeleton_voxels import Grid

# Name: (limb, point on the patient's left).
_PAIRED: dict[str, tuple[str, Triple]] = {
    "knee": ("leg", (44, 722, 0)),
    "knee medial": ("leg", (34, 726, 0)),
    "knee lateral": ("leg", (54, 726, 0)),
    "patella": ("leg", (44, 706, -38)),
    "ankle": ("leg", (34, 956, 8)),
    "midfoot": ("leg", (36, 974, -6)),
    "big toe": ("leg", (31, 994, -26)),
    "hip": ("leg", (48, 484, -4)),
    "greater trochanter": ("leg", (68, 498, 10)),
    "femoral shaft": ("leg", (54, 600, -10)),
    "shoulder": ("arm", (80, 186, 8)),
    "humeral shaft": ("arm", (95, 268, 11)),
    "elbow": ("arm", (106, 343, 12)),
    "wrist": ("arm", (110, 478, 3)),
    "hand": ("arm", (108, 510, 0)),
    "thumb base": ("arm", (109, 488, -18)),
    "elbow vein": ("arm", (105, 348, -14)),
    "acromioclavicular": ("trunk", (79, 168, 2)),
    "sternoclavicular": ("trunk", (15, 189, -53)),
    "scapula": ("trunk", (52, 205, 72)),
    "clavicle": ("trunk", (45, 177, -35)),
    "sacroiliac": ("trunk", (25, 438, 68)),
    "iliac crest": ("trunk", (51, 410, 4)),
    "anterior iliac spine": ("trunk", (68, 430, -64)),
    "acetabulum": ("trunk", (42, 474, -4)),
    "ischium": ("trunk", (31, 513, 24)),
    "pubis": ("trunk", (18, 498, -64)),
    "kidney": ("trunk", (31, 346, 42)),
}
_MIDLINE: dict[str, tuple[str, Triple]] = {
    "skull vault": ("head", (0, 16, 0)),
    "jaw": ("head", (0, 130, -72)),
    "manubrium": ("trunk", (0, 198, -58)),
    "sternal body": ("trunk", (0, 245, -85)),
    "xiphoid": ("trunk", (0, 276, -91)),
    "sacrum": ("trunk", (0, 438, 52)),
    "bladder": ("trunk", (0, 497, -42)),
    "perineum": ("trunk", (0, 540, 0)),
}


def landmark_points() -> dict[str, tuple[str, Triple]]:
    """Return limb and template point of every landmark.

    Paired ones are named ``"knee right"``, ``"knee left"``; a vertebra by its name (``"L4"``), its facets
    ``"L4 facet right"``; ribs ``"rib 7 left back"``, ``"… side"``, ``"… front"``.
    """
    points = dict(_MIDLINE)
    for name, (limb, (x, y, z)) in _PAIRED.items():
        points[f"{name} right"] = (limb, (-x, y, z))
        points[f"{name} left"] = (limb, (x, y, z))
    for group, number, facet, back in (("C", 7, 7.5, 20), ("T", 12, 6.5, 27), ("L", 5, 8.5, 34)):
        limb = "head" if group == "C" else "trunk"
        for k in range(1, number + 1):
            _, y, z = vertebra(f"{group}{k}")
            points[f"{group}{k}"] = (limb, (0.0, y, z))
            points[f"{group}{k} facet right"] = (limb, (-facet, y, z + back))
            points[f"{group}{k} facet left"] = (limb, (facet, y, z + back))
    for k in range(1, 13):
        line = rib_line(k)
        for where, share in (("back", 0.25), ("side", 0.55), ("front", 0.92)):
            x, y, z = (float(v) for v in line[round(share * (len(line) - 1))])
            points[f"rib {k} right {where}"] = ("trunk", (-x, y, z))
            points[f"rib {k} left {where}"] = ("trunk", (x, y, z))
    return points


def place_landmarks(pose: Pose, grid: Grid) -> dict[str, tuple[float, float, float]]:
    """Return every landmark as (z, y, x) in mm from the centre of voxel (0, 0, 0)."""
    placed = {}
    for name, (limb, point) in landmark_points().items():
        at = pose(np.asarray(point, dtype=float), limb)[::-1] - np.asarray(grid.origin)
        placed[name] = (float(at[0]), float(at[1]), float(at[2]))
    return placed
