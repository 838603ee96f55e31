"""Skull, spine, chest and pelvis of the average body, as solids.

Places were read off the mean of 48 whole-body scans and their region outlines; depths and thicknesses are
rounded textbook values of an adult. The chest phantom's rods are flat shadows of a film; here the same way
of laying a rib round the chest is used in three dimensions.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from napari_tbcad.simulate.skeleton_shapes import (
    Ellipsoid,
    Part,
    Rod,
    Sheet,
    Solid,
    Triple,
    as_points,
    both_sides,
)

# Rib cage: rows, half width (pixels), half depth and middle z (mm) of the ribs' middle line.
_ROWS = [160, 168, 176, 190, 205, 225, 260, 300, 340, 370]
_HALF_WIDTH = [22, 29, 37, 48, 55, 61, 65, 68, 68, 63]
_HALF_DEPTH = [30, 36, 42, 52, 62, 73, 87, 93, 90, 85]
_MIDDLE = [8, 7, 5, 3, 2, 1, 0, 0, 0, 0]

# A rib each: fall from head to front end (pixels), how far round the chest the bone reaches (1: sternum),
# half thickness (mm).
_FALL = [20, 34, 43, 51, 57, 61, 64, 66, 63, 55, 40, 20]
_REACH = [0.80, 0.81, 0.82, 0.82, 0.81, 0.79, 0.76, 0.70, 0.64, 0.57, 0.44, 0.30]
_THICK = [5.5, 5.1, 5.1, 5.2, 5.3, 5.3, 5.3, 5.2, 5.1, 4.9, 4.4, 4.0]

_VERTEBRA_ROWS = (
    [101.0 + 9.0 * k for k in range(7)],
    [169.0 + 14.1 * k for k in range(12)],
    [341.0 + 17.5 * k for k in range(5)],
)
_VERTEBRA_DEPTH = (
    [4, 3, 2, 2, 3, 5, 8],
    [11, 15, 20, 26, 33, 40, 45, 48, 49, 47, 43, 36],
    [26, 16, 10, 10, 16],
)


def vertebra(name: str) -> Triple:
    """Return the centre of a vertebral body, ``"C1"`` to ``"L5"`` (template point)."""
    group = "CTL".index(name[0])
    k = int(name[1:]) - 1
    return 0.0, _VERTEBRA_ROWS[group][k], float(_VERTEBRA_DEPTH[group][k])


def skull() -> list[Part]:
    """Return cranium, orbits, nose, teeth, mandible and larynx."""
    cranium = (
        Ellipsoid((0, 55, 6), (78, 81, 91), shell=6.5),
        Ellipsoid((0, 93, 12), (48, 9, 52)),
        Rod(((-20, 96, -5), (-28, 96, 15)), (9, 9)),
        Rod(((20, 96, -5), (28, 96, 15)), (9, 9)),
    )
    arch = [(24, 86, -48), (33, 88, -22), (34, 90, 2)]
    nose = (Ellipsoid((0, 88, -58), (20, 26, 22)), Ellipsoid((0, 98, -56), (26, 16, 22)))
    face: list[Solid] = []
    teeth_parts: list[Solid] = []
    jaw = [(28.0, 93.0, -8.0), (28, 111, -20), (22, 124, -48), (10, 133, -72), (0, 134, -76)]
    teeth = [(21.0, 106.0, -40.0), (14, 110, -64), (0, 111, -74)]
    for s in (-1, 1):
        face.append(Rod(tuple((s * x, y, z) for x, y, z in arch), (5, 4, 4)))
        orbit = [
            (17 + 9 * np.cos(t), 77 + 9.5 * np.sin(t), -70 + 8 * np.cos(t)) for t in np.linspace(0, 6.3, 9)
        ]
        face.append(Rod(tuple((s * float(x), float(y), float(z)) for x, y, z in orbit), (4.0,) * 9))
        teeth_parts.append(Rod(tuple((s * x, y, z) for x, y, z in teeth), (6, 8, 8)))
        teeth_parts.append(Rod(tuple((s * 0.95 * x, y + 9, z) for x, y, z in teeth), (5, 6.5, 6.5)))
    mandible = tuple(Rod(tuple((s * x, y, z) for x, y, z in jaw), (5.5, 6.5, 6.5, 7, 7.5)) for s in (-1, 1))
    # Thyroid cartilage takes up in adults; it is no part of the spine.
    larynx = (Ellipsoid((0, 150, -38), (17, 20, 11)),)
    return [
        Part("cranium", "bone", cranium, "skull", limb="head"),
        Part("face orbits", "bone", tuple(face), "skull", limb="head"),
        Part("face nose", "bone", nose, "skull", limb="head"),
        Part("face teeth", "bone", tuple(teeth_parts), "skull", limb="head"),
        Part("mandible", "bone", mandible, "skull", limb="head"),
        Part("larynx", "bone", larynx, limb="head"),
    ]


def spine() -> list[Part]:
    """Return for each vertebra its body and its posterior elements."""
    parts = []
    for group, region in zip("CTL", ("cervical", "thoracic", "lumbar"), strict=True):
        for k in range(len(_VERTEBRA_ROWS["CTL".index(group)])):
            name = f"{group}{k + 1}"
            body, arch = _vertebra(group, k, vertebra(name))
            limb = "head" if group == "C" else "trunk"
            parts.append(Part(f"{name} body", "bone", body, region, limb=limb))
            parts.append(Part(f"{name} arch", "bone", arch, region, limb=limb))
    return parts


def _vertebra(group: str, k: int, centre: Triple) -> tuple[tuple[Ellipsoid, ...], tuple[Rod, ...]]:
    _, y, z = centre
    if group == "C":
        semi, back, facet, wing, spike = (13.0, 7.9, 9.0), 20, (7.5, 6.0), 9.0, 34
    elif group == "T":
        semi, back, facet, wing, spike = (13.0 + 0.5 * k, 12.2, 11.5 + 0.3 * k), 27, (6.5, 7.0), 13.0, 42
    else:
        semi, back, facet, wing, spike = (20.0 + 0.6 * k, 15.2, 15.5), 34, (8.5, 9.0), 16.0, 54
    x, radius = facet
    low = 2.0 if group == "C" else 5.0
    arch = [
        Rod(
            ((-x, y + 1, z + back), (0, y + 1, z + back + 6), (x, y + 1, z + back)), (radius, radius, radius)
        ),
        Rod(((0, y + 1, z + back + 6), (0, y + low, z + spike)), (5.5, 5.0)),
    ]
    for s in (-1, 1):
        arch.append(Rod(((s * x * 0.8, y - 1, z + 6), (s * x, y - 1, z + back)), (5.0, 5.0)))
        arch.append(Rod(((s * x, y, z + back), (s * wing, y - 1, z + back)), (5.0, 4.0)))
    return (Ellipsoid(centre, semi, power=4.0),), tuple(arch)


def rib_line(number: int, *, points: int = 18) -> np.ndarray:
    """Return the middle line of a left rib, 1 to 12, from the head to the front end: (points, 3)."""
    k = number - 1
    reach = _REACH[k]
    u = np.linspace(0.035, reach, points)
    s = u / reach
    head = 168.0 + 14.1 * k
    y = head - 3.0 * np.sin(np.pi * np.clip(u / 0.2, 0, 1)) + _FALL[k] * s**1.35
    wide, deep, middle = (PchipInterpolator(_ROWS, v)(y) for v in (_HALF_WIDTH, _HALF_DEPTH, _MIDDLE))
    angle = np.pi * u
    x = wide * np.abs(np.sin(angle)) ** (2 / 2.3)
    z = middle + np.sign(np.cos(angle)) * deep * np.abs(np.cos(angle)) ** (2 / 2.3)
    # The neck comes forward from the angle of the rib to the vertebral body.
    z = z - 28 * np.clip(1 - u / 0.13, 0, 1)
    return np.column_stack([x, y, z])


def ribs() -> list[Part]:
    """Return the twenty-four ribs, bone only: costal cartilage takes up like soft tissue."""
    parts: list[Part] = []
    for number in range(1, 13):
        line = rib_line(number)
        size = _THICK[number - 1] * (0.92 + 0.12 * np.linspace(0, 1, len(line)))
        rod = Rod(tuple((float(x), float(y), float(z)) for x, y, z in line), tuple(map(float, size)))
        parts.extend(both_sides(Part(f"rib {number}", "bone", (rod,), "rib")))
    return parts


def sternum() -> list[Part]:
    """Return manubrium and body with the xiphoid."""
    manubrium = Sheet(
        as_points("-12,187 0,190 12,187 17,192 14,201 8,213 -8,213 -14,201 -17,192"),
        as_points("-16,194,-52 16,194,-52 0,190,-54 0,202,-60 -9,213,-67 9,213,-67"),
        10.0,
    )
    body = Sheet(
        as_points("-6,214 6,214 6,232 7.5,250 7,262 3,270 1,280 -1,280 -3,270 -7,262 -7.5,250 -6,232"),
        as_points("-8,216,-69 8,216,-69 -9,248,-86 9,248,-86 0,264,-90 0,279,-91 0,232,-80"),
        9.0,
    )
    return [
        Part("manubrium", "bone", (manubrium,), "sternum"),
        Part("sternal body", "bone", (body,), "sternum"),
    ]


def pelvis() -> list[Part]:
    """Return sacrum, and for each side ilium, its margin at the sacroiliac joint, ischium and pubis."""
    sacrum = Sheet(
        as_points("-23,420 -12,415 12,415 23,420 22,440 17,456 10,468 3,476 -3,476 -10,468 -17,456 -22,440"),
        as_points("-22,422,56 22,422,56 0,416,46 -18,450,74 18,450,74 0,448,80 0,474,72"),
        14.0,
    )
    spike = Rod(((0, 424, 66), (0, 448, 92)), (5, 5))
    wing = Sheet(
        as_points(
            "24,420 31,411 41,406 51,406 60,411 67,419 70,427 69,438 63,450 57,464 54,474 44,478 "
            "33,470 27,458 24,446"
        ),
        as_points(
            "24,422,74 25,444,72 38,408,42 50,408,6 62,413,-34 69,427,-62 66,442,-62 56,464,-42 "
            "44,476,-12 34,468,22 46,440,8 36,440,40"
        ),
        8.0,
    )
    rim = [(25.0, 430.0, 76.0), (30, 413, 66), (40, 407, 40), (51, 407, 4), (61, 412, -34), (69, 425, -64)]
    front = [(69.0, 425.0, -64.0), (67, 438, -68), (60, 454, -58), (54, 466, -50), (49, 474, -36)]
    joint = (Rod(((25.0, 424.0, 70.0), (27, 438, 66), (26, 452, 62)), (7, 9, 7)),)
    strut = [(28.0, 452.0, 60.0), (33, 466, 40), (38, 476, 18)]
    ilium = (
        wing,
        Rod(tuple(rim), (6.5, 6.0, 6.0, 6.5, 7.5, 6.5)),
        Rod(tuple(front), (6.5, 6.5, 7.5, 9.0, 10.0)),
        Rod(tuple(strut), (10, 11, 11)),
        Ellipsoid((43, 476, -2), (20, 22, 24)),
    )
    ischium = (
        Rod(
            ((39, 472, 20), (40, 486, 24), (37, 500, 28), (32, 513, 25), (28, 520, 14)),
            (12, 13, 12.5, 13.5, 10),
        ),
        Rod(((27, 520, 12), (19, 522, -14), (12, 519, -40)), (8.5, 7.0, 7.0)),
    )
    pubis = (
        Rod(((42, 484, -22), (33, 490, -44), (22, 496, -60), (8, 502, -70)), (11, 10, 9, 9.5)),
        Rod(((6, 503, -70), (6, 514, -62), (12, 519, -42)), (8.5, 8, 6.5)),
    )
    body = (
        Ellipsoid((0, 422, 26), (24, 13, 17), power=4.0),
        Ellipsoid((0, 437, 46), (20, 13, 15), power=3.0),
    )
    # The ala reaches to the joint; it takes up more than the middle.
    ala = (
        Rod(((8, 426, 34), (17, 426, 46), (21, 430, 56)), (12, 13, 12)),
        Rod(((16, 436, 56), (18, 448, 68)), (11, 9)),
    )
    parts = [
        Part("sacrum", "bone", (sacrum, spike, *body), "sacrum"),
        *both_sides(Part("sacral ala", "bone", ala, "sacrum")),
    ]
    for name, solids in (
        ("ilium", ilium),
        ("sacroiliac joint", joint),
        ("ischium", ischium),
        ("pubis", pubis),
    ):
        parts.extend(both_sides(Part(name, "bone", solids, "pelvis")))
    return parts
