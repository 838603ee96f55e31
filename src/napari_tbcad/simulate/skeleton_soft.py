"""Soft tissue of the average body: outline, lungs, liver, kidneys, bladder."""

from __future__ import annotations

from napari_tbcad.simulate.skeleton_shapes import Column, Ellipsoid, Part, Rod, Solid, both_sides

# Row, half width (pixels), middle z and half depth (mm) of neck and trunk.
_TRUNK = (
    (100, 25, 8, 62),
    (120, 26, 9, 66),
    (140, 28, 10, 67),
    (154, 38, 10, 68),
    (163, 66, 10, 71),
    (176, 86, 8, 76),
    (200, 88, 7, 83),
    (230, 84, 4, 96),
    (270, 80, 1, 107),
    (320, 79, 0, 107),
    (345, 78, 0, 103),
    (376, 77, 0, 100),
    (420, 82, 1, 105),
    (465, 89, 2, 110),
    (500, 90, 4, 108),
    (520, 87, 5, 96),
    (535, 82, 6, 72),
    (549, 70, 6, 24),
)
_ARM = (
    ((82, 186, 8), 46),
    ((88, 215, 8), 48),
    ((95, 270, 10), 44),
    ((104, 330, 12), 39),
    ((109, 370, 10), 39),
    ((110, 420, 6), 34),
    ((110, 472, 4), 25),
    ((109, 510, 2), 24),
    ((104, 550, 0), 18),
    ((100, 578, 0), 10),
)
_LEG = (
    ((45, 525, 6), 88),
    ((48, 560, 4), 84),
    ((49, 620, 2), 73),
    ((46, 690, 2), 57),
    ((44, 725, 0), 54),
    ((43, 770, 8), 55),
    ((41, 810, 8), 53),
    ((37, 890, 6), 38),
    ((34, 945, 8), 34),
    ((36, 970, 6), 40),
    ((39, 996, -22), 29),
)


def outline(build: float) -> list[Part]:
    """Return head, trunk, arms and legs as one soft part; `build` thickens everything but the head."""
    wide = 0.4 + 0.6 * build
    trunk = Column(
        tuple((y, 0.0, w * (wide if y > 150 else 1.0), z, d * build) for y, w, z, d in _TRUNK), power=2.6
    )
    solids: list[Solid] = [
        Ellipsoid((0, 57, 4), (86, 92, 99)),
        Ellipsoid((0, 108, -34), (62, 56, 56)),
        trunk,
    ]
    for line in (_ARM, _LEG):
        for s in (-1, 1):
            solids.append(
                Rod(
                    tuple((float(s * x), float(y), float(z)) for (x, y, z), _ in line),
                    tuple(r * wide for _, r in line),
                )
            )
    head, legs = tuple(solids[:2]), tuple(solids[5:])
    return [
        Part("soft tissue trunk", "soft", (trunk,)),
        Part("soft tissue head", "soft", head, limb="head"),
        Part("soft tissue arms", "soft", tuple(solids[3:5]), limb="arm"),
        Part("soft tissue legs", "soft", legs, limb="leg"),
    ]


def organs(*, bladder: float = 1.0) -> list[Part]:
    """Return lungs, liver, kidneys and a bladder whose width is `bladder` times the average."""
    lung = Column(
        (
            (176, 20, 10, 4, 20),
            (190, 27, 20, 2, 38),
            (220, 34, 25, 1, 56),
            (260, 38, 26, 2, 72),
            (296, 42, 23, 14, 70),
            (318, 48, 16, 30, 48),
            (336, 52, 8, 44, 24),
        ),
        power=2.2,
    )
    kidney = Ellipsoid((31, 346, 42), (27, 50, 24), tilt_deg=10)
    full = Ellipsoid((0, 497, -42), (38 * bladder, 30 * bladder, 32 * bladder))
    return [
        *both_sides(Part("lung", "lung", (lung,))),
        Part("liver", "liver", (Ellipsoid((-30, 312, -12), (86, 44, 68), tilt_deg=14),), side="right"),
        *both_sides(Part("kidney", "kidney", (kidney,))),
        Part("bladder", "bladder", (full,)),
    ]
