"""Shoulder girdle, arms and legs of the average body, as solids; described on the patient's left."""

from __future__ import annotations

from napari_tbcad.simulate.skeleton_shapes import Ellipsoid, Part, Rod, Sheet, Solid, as_points, both_sides


def shoulders() -> list[Part]:
    """Return clavicles and scapulae; the spine of the scapula with the acromion is a part of its own."""
    clavicle = Rod(
        ((14, 189, -58), (22, 187, -62), (36, 181, -52), (54, 172, -22), (68, 167, 2), (77, 168, 8)),
        (8.5, 7.0, 6.0, 5.5, 6.0, 6.5),
    )
    blade = Sheet(
        as_points("41,177 38,186 38,200 42,218 48,232 54,238 59,234 64,214 71,200 72,190 64,183 54,178"),
        as_points(
            "41,178,78 38,195,90 44,222,98 54,237,98 62,216,76 71,198,34 70,188,26 55,180,62 52,205,82"
        ),
        5.0,
    )
    border = (
        Rod(((71, 197, 32), (65, 212, 66), (59, 231, 92), (54, 238, 98)), (6, 5, 5, 5.5)),
        Rod(((41, 178, 78), (38, 195, 90), (44, 222, 98), (54, 238, 98)), (3.5, 3.5, 3.5, 4.5)),
        Ellipsoid((72, 190, 20), (9, 19, 15)),
        Rod(((70, 181, 14), (68, 177, -8), (73, 180, -22)), (7, 6.5, 6)),
    )
    ridge = (
        Rod(((39, 189, 92), (52, 183, 90), (66, 174, 68), (78, 168, 36), (85, 169, 10)), (4, 5, 6, 8, 7)),
        Ellipsoid((83, 169, 14), (14, 8, 20)),
    )
    parts: list[Part] = []
    for name, solids, region in (
        ("clavicle", (clavicle,), "clavicle"),
        ("scapula", (blade, *border), "scapula"),
        ("scapular spine", ridge, "scapula"),
    ):
        parts.extend(both_sides(Part(name, "bone", solids, region)))
    return parts


def arms() -> list[Part]:
    """Return humeri, radii, ulnae and hands."""
    humerus = (
        Ellipsoid((82, 189, 8), (23, 24, 24)),
        Rod(
            ((86, 192, 8), (88, 208, 8), (92, 245, 10), (98, 290, 12), (104, 322, 12), (106, 334, 12)),
            (17, 14, 11.5, 11, 12, 14),
        ),
        Rod(((99, 338, 12), (112, 338, 12)), (12, 11)),
    )
    ulna = Rod(
        ((105, 338, 26), (104, 352, 20), (107, 400, 14), (107, 440, 10), (107, 470, 8)), (11, 10, 7, 6, 6.5)
    )
    radius = Rod(
        ((112, 349, 4), (112, 362, 2), (113, 400, 2), (112, 440, 0), (112, 471, 0)), (9, 7, 6.5, 7, 11)
    )
    hand: list[Solid] = [Ellipsoid((110, 484, 2), (17, 17, 22))]
    for k in range(4):
        z = 26.0 - 16.0 * k
        end = (560.0, 574, 578, 570)[k]
        hand.append(
            Rod(
                (
                    (110, 490, z * 0.6),
                    (110 - 0.6 * k, 522, z),
                    (105 - 0.6 * k, 550, z),
                    (99 - 0.6 * k, end, z * 0.9),
                ),
                (6, 6, 5, 4),
            )
        )
    hand.append(Rod(((109, 486, -16), (105, 508, -34), (101, 528, -38)), (6.5, 6, 4.5)))
    parts: list[Part] = []
    for name, solids, region in (
        ("humerus", humerus, "humerus"),
        ("ulna", (ulna,), None),
        ("radius", (radius,), None),
        ("hand", tuple(hand), None),
    ):
        parts.extend(both_sides(Part(name, "bone", solids, region, limb="arm")))
    return parts


def legs() -> list[Part]:
    """Return femora, patellae, tibiae, fibulae and feet."""
    femur = (
        Ellipsoid((46, 484, -4), (22.5, 22.5, 22.5)),
        Rod(((46, 484, -4), (64, 499, 4)), (15, 15)),
        Ellipsoid((67.5, 499, 10), (14, 24, 18), tilt_deg=-8),
        Rod(
            (
                (64, 506, 4),
                (61, 525, 2),
                (58.5, 548, -4),
                (54, 600, -10),
                (50.5, 640, -8),
                (47, 672, -2),
                (45, 694, 2),
            ),
            (19, 17, 15, 14, 14.5, 17, 24),
        ),
        Ellipsoid((45, 712, 4), (38, 22, 28)),
    )
    patella = Ellipsoid((44, 706, -38), (21, 22, 10))
    tibia = (
        Ellipsoid((44, 737, 2), (37, 15, 25)),
        Rod(
            ((44, 744, 0), (43, 765, -6), (41, 810, -10), (38, 860, -6), (35.5, 920, 2), (34, 952, 6)),
            (24, 17, 13, 12, 13, 19),
        ),
    )
    fibula = Rod(
        ((55, 744, 16), (54, 790, 16), (50, 860, 14), (43, 930, 14), (41, 960, 12)), (10, 6, 6, 6.5, 9)
    )
    foot: list[Solid] = [Ellipsoid((35, 968, 14), (24, 24, 34)), Ellipsoid((36, 966, 40), (17, 22, 22))]
    for k in range(5):
        x = 31.0 + 4.4 * k
        end = (1009.0, 1007, 1004, 1001, 997)[k]
        hand = (33 + 1.6 * k, 972.0, -4.0)
        foot.append(Rod((hand, (x, 992, -24), (x + 1.5, end, -34)), (8.5, 7, 5 if k else 7)))
    parts: list[Part] = []
    for name, solids, region in (
        ("femur", femur, "femur"),
        ("patella", (patella,), None),
        ("tibia", tibia, None),
        ("fibula", (fibula,), None),
        ("foot", tuple(foot), None),
    ):
        parts.extend(both_sides(Part(name, "bone", solids, region, limb="leg")))
    return parts
