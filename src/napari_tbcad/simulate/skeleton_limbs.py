"""Shoulder girdle, arms and legs of the average body, as solids; described on the patient's left."""

from __future__ import annotations

from napari_tbcad.simulate.skeleton_shapes import Ellipsoid, Part, Rod, Sheet, Solid, as_points, both_sides


def shoulders() -> list[Part]:
    """Return clavicles and scapulae; the spine of the scapula with the acromion is a part of its own."""
    clavicle = Rod(
        ((13, 189, -52), (22, 187, -57), (36, 181, -48), (54, 172, -22), (68, 167, -2), (77, 168, 4)),
        (10.5, 7.6, 6.6, 6.2, 6.8, 7.5),
    )
    blade = Sheet(
        as_points("41,177 38,186 38,200 42,218 48,232 54,238 59,234 64,214 71,200 72,190 64,183 54,178"),
        as_points(
            "41,178,64 38,195,76 44,222,84 54,237,84 62,216,62 71,198,20 70,188,12 55,180,48 52,205,68"
        ),
        7.0,
    )
    border = (
        Rod(((71, 197, 18), (65, 212, 52), (59, 231, 78), (54, 238, 84)), (6, 5, 5, 5.5)),
        Rod(((41, 178, 64), (38, 195, 76), (44, 222, 84), (54, 238, 84)), (3.5, 3.5, 3.5, 4.5)),
        Ellipsoid((72, 190, 6), (9, 19, 15)),
        Rod(((70, 181, 0), (68, 177, -22), (73, 180, -36)), (7, 6.5, 6)),
    )
    ridge = (
        Rod(((39, 189, 78), (52, 183, 76), (66, 174, 54), (78, 168, 22), (85, 169, -4)), (4, 5, 6, 8, 7)),
        Ellipsoid((83, 169, 0), (14, 8, 20)),
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
    hand: list[Solid] = [Ellipsoid((110, 485, 2), (20, 17, 16), power=3.0)]
    for k in range(4):
        # Little finger to index; the palm half faces the thigh.
        x, z = 112.5 - 3.6 * (k - 0.5), 14.0 - 9.0 * k
        end = (562.0, 576, 580, 572)[k]
        line = ((0.4 * x + 66, 492.0, 0.5 * z), (x, 520.0, z), (x - 2.5, 546.0, z), (x - 8, end, z))
        hand.append(Rod(line, (6.5, 6.5, 5.5, 4.5)))
        hand.append(Ellipsoid((x, 520, z), (8.5, 9, 8.5)))
    hand.append(Rod(((105, 488, -12), (98, 508, -24), (94, 526, -28)), (7, 7, 5.5)))
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
    )
    # Readers end the femur above the knee.
    knee = (Ellipsoid((45, 713, 4), (38, 28, 28), power=3.0),)
    patella = Ellipsoid((44, 707, -38), (21, 22, 11))
    tibia = (
        Ellipsoid((44, 738, 2), (37, 20, 26), power=3.0),
        Rod(
            ((44, 744, 0), (43, 765, -6), (41, 810, -10), (38, 860, -6), (35.5, 920, 2), (34, 952, 6)),
            (24, 17, 13, 12, 13, 19),
        ),
    )
    fibula = Rod(
        ((55, 744, 16), (54, 790, 16), (50, 860, 14), (43, 930, 14), (41, 960, 12)), (10, 6, 6, 6.5, 9)
    )
    foot: list[Solid] = [
        Ellipsoid((35, 966, 10), (24, 28, 28)),
        Ellipsoid((36, 966, 38), (18, 24, 22)),
        Ellipsoid((36, 982, -10), (25, 22, 19)),
    ]
    for k in range(5):
        x = 31.0 + 4.4 * k
        end = (1009.0, 1007, 1004, 1001, 997)[k]
        heel = (33 + 1.6 * k, 976.0, -6.0)
        foot.append(Rod((heel, (x, 992, -24), (x + 1.5, end, -34)), (9.5, 8, 6 if k else 9)))
    parts: list[Part] = []
    for name, solids, region in (
        ("femur", femur, "femur"),
        ("distal femur", knee, None),
        ("patella", (patella,), None),
        ("tibia", tibia, None),
        ("fibula", (fibula,), None),
        ("foot", tuple(foot), None),
    ):
        parts.extend(both_sides(Part(name, "bone", solids, region, limb="leg")))
    return parts
