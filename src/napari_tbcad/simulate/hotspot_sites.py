"""Where hotspots of a simulated scan lie, how large and how hot they are.

Size, number and share of pixels pull against each other. The number of metastases, the span of their radii
and the share of pixels they take (about 0.07 % in BS-80K, Huang et al., 2022; normal ones 0.11 to 0.19 %) are
given; together they leave small lesions, a median of some 50 pixels, where the hotspots that a detector and
Otsu's threshold draw in real scans have some 250. `RADIUS_SHAPE` is the one free choice, made for the share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.simulate.hotspots import Point, Site, parts_for
from napari_tbcad.simulate.organ_sites import SIDES, between

if TYPE_CHECKING:
    from napari_tbcad.simulate.skeleton import Body

Generator = np.random.Generator

NO_LESION = 0.40
"""Share of patients without metastases."""

MORE_LESIONS, FEW_OR_MANY = 5.0, 1.0
"""Metastases beyond the first: negative binomial, mean and dispersion (1: geometric)."""

MOST_LESIONS = 40

REGION_SHARE = {
    "thoracic": 0.20,
    "rib": 0.20,
    "lumbar": 0.17,
    "pelvis": 0.15,
    "sacrum": 0.06,
    "skull": 0.06,
    "femur": 0.06,
    "scapula": 0.04,
    "sternum": 0.03,
    "humerus": 0.03,
}

RADIUS_MM, RADIUS_SHAPE = (8.0, 30.0), (0.5, 4.0)
"""Half axes: a beta distribution between the two."""

AMPLITUDE = (1.5, 8.0)
"""Added concentration over that of the bone, log-uniform."""

# Joint: probability, landmarks, radius (mm, low to high), stretch of the half axes (depth, row, column).
BENIGN: dict[str, tuple[float, tuple[str, ...], tuple[float, float], Point]] = {
    "knee": (0.45, ("knee", "knee medial", "knee lateral", "patella"), (7.0, 13.0), (1.0, 0.9, 1.1)),
    "foot": (0.40, ("ankle", "midfoot", "big toe"), (6.0, 11.0), (1.0, 1.0, 1.0)),
    "shoulder": (0.40, ("shoulder", "acromioclavicular"), (6.0, 10.5), (1.0, 1.0, 1.0)),
    "facet": (0.35, ("L3 facet", "L4 facet", "L5 facet"), (6.0, 10.0), (1.0, 1.0, 1.0)),
    "hand": (0.30, ("wrist", "hand", "thumb base"), (5.0, 9.0), (1.0, 1.0, 1.0)),
    "sternoclavicular": (0.25, ("sternoclavicular",), (6.0, 9.0), (1.0, 1.0, 1.0)),
    "hip": (0.20, ("hip", "greater trochanter"), (7.0, 12.0), (1.0, 1.0, 1.0)),
    "sacroiliac": (0.15, ("sacroiliac",), (6.0, 10.0), (1.0, 2.0, 0.8)),
    "elbow": (0.15, ("elbow",), (6.0, 10.0), (1.0, 1.0, 1.0)),
}
BENIGN_AMPLITUDE = (1.0, 3.5)
BOTH_SIDES = 0.6
FRACTURE_ROW = 0.08


def draw_abnormal(
    body: Body,
    bone: NDArray[np.intp],
    of_part: NDArray[np.float32],
    generator: Generator,
    *,
    number: int | None = None,
) -> list[Site]:
    """Draw metastases.

    Parameters
    ----------
    body : Body
        The body on its grid.
    bone : (n,) array of int
        Flat indices of its bone voxels.
    of_part : (256,) array of float32
        Concentration by part, for the amplitude.
    generator : numpy.random.Generator
        Source of all draws.
    number : int, optional
        How many; drawn when not given.
    """
    if number is None:
        sick = generator.random() >= NO_LESION
        more = int(generator.negative_binomial(FEW_OR_MANY, FEW_OR_MANY / (FEW_OR_MANY + MORE_LESIONS)))
        number = min(1 + more, MOST_LESIONS) if sick else 0
    if number == 0:
        return []
    regions, shares = list(REGION_SHARE), np.array(list(REGION_SHARE.values()))
    chosen = generator.choice(len(regions), number, p=shares / shares.sum())
    by_region = _by_region(body, bone)
    sites = []
    for index in chosen:
        region = regions[int(index)]
        voxel = _draw_voxel(body, by_region[region], region, generator)
        centre = tuple(
            (i + generator.random() - 0.5) * s for i, s in zip(voxel, body.spacing_mm, strict=True)
        )
        low, high = RADIUS_MM
        radius = low + (high - low) * generator.beta(*RADIUS_SHAPE)
        axes = radius * np.exp(0.2 * generator.standard_normal(3))
        amplitude = _log_uniform(generator, AMPLITUDE)
        part = int(body.part[voxel])
        name = next(p.name for p in body.parts if p.id == part)
        sites.append(
            Site(
                name,
                "abnormal",
                "metastasis",
                centre,  # type: ignore[arg-type]
                tuple(np.clip(axes, *RADIUS_MM).tolist()),
                amplitude * float(of_part[part]),
                amplitude,
                region,
                parts_for(body, part),
            )
        )
    return sites


def draw_benign(body: Body, of_part: NDArray[np.float32], generator: Generator) -> list[Site]:
    """Draw degenerative joints and rows of rib fractures; parameters as :func:`draw_abnormal`."""
    sites: list[Site] = []
    for chance, landmarks, radii, stretch in BENIGN.values():
        present, first = generator.random() < chance, int(generator.random() < 0.5)
        both, draws = generator.random() < BOTH_SIDES, generator.random((2, 3))
        which = landmarks[int(generator.random() * len(landmarks))]
        if not present:
            continue
        amplitude = between(draws[0, 0], BENIGN_AMPLITUDE)
        for k, side in enumerate((SIDES[first], SIDES[1 - first])[: 2 if both else 1]):
            radius = between(draws[k, 1], radii)
            # The two sides are alike, not equal.
            strength = amplitude * (0.75 + 0.5 * draws[k, 2])
            site = _at_bone(body, of_part, f"{which} {side}", radius, stretch, strength)
            sites += [site] if site else []
    if generator.random() < FRACTURE_ROW:
        sites += _fracture_row(body, of_part, generator)
    return sites


def _at_bone(
    body: Body,
    of_part: NDArray[np.float32],
    landmark: str,
    radius: float,
    stretch: Point,
    amplitude: float,
) -> Site | None:
    """Return a worn joint at a landmark, cut with all bone near it; None where there is no bone."""
    point = body.landmarks[landmark]
    near = _nearest_bone(body, point, radius)
    if near is None:
        return None
    region = next(p.region for p in body.parts if p.id == near)
    axes = (radius * stretch[0], radius * stretch[1], radius * stretch[2])
    bones = tuple(p.id for p in body.parts if p.kind == "bone")
    return Site(
        landmark,
        "normal",
        "degeneration",
        point,
        axes,
        amplitude * float(of_part[near]),
        amplitude,
        region,
        bones,
    )


def _nearest_bone(body: Body, point: Point, radius: float) -> int | None:
    """Return the bone that fills most of the surroundings of a point."""
    reach = [
        slice(max(int((c - radius) / s), 0), max(int((c + radius) / s) + 2, 0))
        for c, s in zip(point, body.spacing_mm, strict=True)
    ]
    block = tuple(reach)
    sums = np.bincount(body.part[block].ravel(), body.fill[block].ravel(), minlength=256)
    bones = [p.id for p in body.parts if p.kind == "bone" and sums[p.id] > 0]
    return max(bones, key=lambda i: float(sums[i])) if bones else None


def _fracture_row(body: Body, of_part: NDArray[np.float32], generator: Generator) -> list[Site]:
    """Return fractures of neighbouring ribs of one side, one below the other."""
    side = SIDES[int(generator.random() < 0.5)]
    ribs = sorted(
        (p for p in body.parts if p.kind == "bone" and p.region == "rib" and p.side == side),
        key=lambda p: p.id,
    )
    number = int(generator.integers(2, 6))
    first = int(generator.integers(3, max(len(ribs) - number - 1, 4)))
    share, amplitude = generator.uniform(0.15, 0.85), between(generator.random(), (1.5, 3.5))
    sites = []
    for rib in ribs[first : first + number]:
        voxels = np.argwhere((body.part == rib.id) & (body.fill > 0.5))
        if len(voxels) == 0:
            continue
        # Along the rib by its depth: fractures of a row lie on one line of the chest wall.
        voxel = voxels[int(np.clip(share + 0.04 * generator.standard_normal(), 0, 0.999) * len(voxels))]
        point = tuple((voxel * body.spacing_mm).tolist())
        radius = float(generator.uniform(5.0, 8.0))
        strength = amplitude * float(generator.uniform(0.7, 1.3))
        sites.append(
            Site(
                f"fracture {rib.name}",
                "normal",
                "fracture",
                point,
                (radius, radius, radius),
                strength * float(of_part[rib.id]),
                strength,
                "rib",
                (rib.id,),
            )
        )
    return sites


def _by_region(body: Body, bone: NDArray[np.intp]) -> dict[str, NDArray[np.intp]]:
    """Return the flat indices of well-filled bone voxels of every region."""
    region_of = np.zeros(256, np.uint8)
    names = sorted({p.region for p in body.parts if p.kind == "bone" and p.region})
    for part in body.parts:
        if part.kind == "bone" and part.region:
            region_of[part.id] = names.index(part.region) + 1
    filled = bone[body.fill.ravel()[bone] > 0.5]
    regions = region_of[body.part.ravel()[filled]]
    return {name: filled[regions == k] for k, name in enumerate(names, start=1)}


def _draw_voxel(
    body: Body, places: NDArray[np.intp], region: str, generator: Generator
) -> tuple[int, int, int]:
    """Draw one voxel of a region; in the long bones mostly of the upper third, where red marrow is."""
    weights = None
    if region in ("humerus", "femur"):
        rows = (places // body.part.shape[2]) % body.part.shape[1]
        share = (rows - rows.min()) / max(int(rows.max() - rows.min()), 1)
        weights = np.exp(-3.5 * share)
        weights /= weights.sum()
    flat = places[int(generator.choice(len(places), p=weights))]
    z, y, x = np.unravel_index(flat, body.part.shape)
    return int(z), int(y), int(x)


def _log_uniform(generator: Generator, span: tuple[float, float]) -> float:
    return float(np.exp(generator.uniform(np.log(span[0]), np.log(span[1]))))
