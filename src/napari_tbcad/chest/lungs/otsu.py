"""Lung fields by threshold and morphology, made to work.

One Otsu threshold on a whole film fails as soon as the film is shaded, the lungs touch room air or a
lung is partly white. Here the film is first freed of its shading, then cut at a sweep of levels around
Otsu's; every dark part becomes a candidate, and the pair of candidates that most looks like two lungs
(area, place, proportions, solidity, edge contrast, symmetry) is taken. Nothing is learned.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.chest.lungs.fields import SoftLungs
from napari_tbcad.imaging.grid import grid_shape, resize_soft
from napari_tbcad.imaging.intensity import local_contrast, robust_range, to_unit
from napari_tbcad.imaging.morphology import (
    close,
    convex_hull,
    fill_holes,
    hull_area,
    open_,
    signed_distance,
    within,
)
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.record import Parameters, Step, field

Bool = NDArray[np.bool_]
Float = NDArray[np.float32]

_FAR = 10.0
"""Widths from the edge beyond which membership is level."""
_LEAST_SCORE = -30.0
"""A part that looks less like a lung is not kept."""


class OtsuParameters(Parameters):
    """Parameters of :func:`otsu`."""

    size: int = field(
        256, title="Working size", unit="px", ge=64, le=1024, description="Longest side of the working grid."
    )
    levels: int = field(
        9,
        title="Levels",
        ge=1,
        le=41,
        description="Thresholds tried on either side of Otsu's. 1 is Otsu's alone.",
    )
    closing: float = field(
        3.0,
        title="Closing",
        unit="% of the longest side",
        ge=0,
        le=10,
        description="Gaps between dark parts narrower than about twice this are closed.",
    )
    growth: float = field(
        1.8,
        title="Growth",
        unit="% of the longest side",
        ge=0,
        le=3,
        more=True,
        description="The outer wall is moved outwards by this: a threshold lies on the dark side of it.",
    )
    softness: float = field(
        1.0,
        title="Softness",
        unit="% of the longest side",
        gt=0,
        le=10,
        more=True,
        description="Distance from the edge over which membership goes from 0.5 to 0.88.",
    )


@dataclass(frozen=True)
class _Candidate:
    """A dark part that may be a lung: side 0 the patient's right, its looks as fractions of the picture."""

    side: int
    mask: Bool
    score: float
    area: float
    height: float
    top: float


def otsu(film: Radiograph, parameters: OtsuParameters = OtsuParameters()) -> SoftLungs:
    """Find both lungs as the dark parts inside the body.

    Parameters
    ----------
    film : Radiograph
        Film with pixels (H, W), float32, air dark, frontal.
    parameters : OtsuParameters
        Working size, sweep and morphology.

    Returns
    -------
    SoftLungs
        Membership on the working grid: 0.5 on the edge, a logistic function of the distance to it.
        A lung that was not found is 0 everywhere and named in the warnings.

    Raises
    ------
    BadInput
        If the film has one grey value only.

    References
    ----------
    N. Otsu, A threshold selection method from gray-level histograms, IEEE Trans. SMC 9(1), 1979.
    """
    shape = grid_shape(film.shape, parameters.size)
    window = robust_range(film.pixels, source=film.source or "film")
    unit = to_unit(resize_soft(film.pixels, shape), window)
    picture = _picture_box(unit)
    pair = _best_pair(_candidates(unit[picture], parameters))
    longest = max(unit[picture].shape)
    soft = np.zeros((2, *shape), np.float32)
    for candidate in pair:
        mask = np.zeros(shape, bool)
        mask[picture] = _finished(
            candidate, closing=longest * parameters.closing / 100, growth=longest * parameters.growth / 100
        )
        soft[candidate.side] = _softened(mask, longest * parameters.softness / 100)
    facts = {"scores": [round(candidate.score, 3) for candidate in pair]}
    return SoftLungs(
        soft,
        film.shape,
        segmenter="otsu",
        warnings=_complaints(pair),
        record=film.record + Step("otsu", parameters, facts=facts),
    )


def _picture_box(unit: Float) -> tuple[slice, slice]:
    """Return the rows and columns inside any flat frame (padding, collimator)."""
    box = []
    for axis in (1, 0):
        spread = np.percentile(unit, 95, axis=axis) - np.percentile(unit, 5, axis=axis)
        busy = np.flatnonzero(spread > 0.06)
        enough = busy.size > 0 and busy[-1] + 1 - busy[0] >= unit.shape[1 - axis] // 3
        box.append(slice(int(busy[0]), int(busy[-1]) + 1) if enough else slice(0, unit.shape[1 - axis]))
    return box[0], box[1]


def _candidates(unit: Float, parameters: OtsuParameters) -> list[_Candidate]:
    """Cut the film, plain and freed of shading, at each level and list the dark parts worth a look."""
    from skimage.filters import threshold_otsu

    longest = max(unit.shape)
    smooth = ndimage.gaussian_filter(unit, longest * 0.006)
    gradient = ndimage.gaussian_gradient_magnitude(unit, longest * 0.008)
    edges = gradient / (np.percentile(gradient, 90) + 1e-6)
    middle = _midline(smooth)
    found = []
    images = [smooth] + [local_contrast(smooth, longest * width) for width in (0.12, 0.2)]
    for image in images:
        centre, spread = threshold_otsu(image), float(image.std())
        for offset in np.linspace(-1, 1, parameters.levels) if parameters.levels > 1 else (0.0,):
            dark = image < centre + offset * spread
            dark[:, middle] = False
            for radius in (0.006, 0.02):
                found += _parts(open_(dark, longest * radius), middle, edges)
    return found


def _midline(smooth: Float) -> int:
    """Return the column of the spine and mediastinum: the brightest of the middle third."""
    height, width = smooth.shape
    profile = smooth[height // 6 : height * 2 // 3].mean(axis=0)
    profile = ndimage.gaussian_filter1d(profile, width * 0.03, mode="nearest")
    x = np.arange(width) / width
    profile = profile - 2.0 * (x - 0.5) ** 2
    low, high = int(width * 0.35), max(int(width * 0.65), int(width * 0.35) + 1)
    return low + int(profile[low:high].argmax())


def _parts(dark: Bool, middle: int, edges: Float) -> list[_Candidate]:
    """Judge the large 4-connected parts that do not touch the border."""
    parts, number = ndimage.label(dark)
    if not number:
        return []
    large = np.bincount(parts.ravel(), minlength=number + 1) / dark.size > 0.025
    for edge in (parts[0], parts[-1], parts[:, 0], parts[:, -1]):
        large[edge] = False
    large[0] = False
    return [
        candidate
        for label in np.flatnonzero(large)
        if (candidate := _judged(parts == label, middle, edges)) is not None
    ]


def _judged(mask: Bool, middle: int, edges: Float) -> _Candidate | None:
    """Score how much a part looks like a lung; expected values are those of an adult frontal film."""
    (box,) = ndimage.find_objects(mask.view(np.uint8), max_label=1)
    whole = fill_holes(mask)
    part, near = whole[box], edges[box]
    (rows, columns), pixels = mask.shape, int(part.sum())
    area = pixels / whole.size
    top, left = box[0].start, box[1].start
    y = top + float(part.sum(axis=1) @ np.arange(part.shape[0])) / pixels
    x = left + float(part.sum(axis=0) @ np.arange(part.shape[1])) / pixels
    height, width = part.shape[0] / rows, part.shape[1] / columns
    place = (
        _misfit(np.log(area), np.log(0.13), 0.45),
        _misfit(y / rows, 0.46, 0.10),
        _misfit(abs(x - middle) / columns, 0.21, 0.06),
        _misfit(np.log(height / width * rows / columns), np.log(2.0), 0.35),
        _misfit(height, 0.6, 0.15),
    )
    # What is out of place is not a lung whatever its outline looks like.
    if -float(sum(place)) < _LEAST_SCORE:
        return None
    solidity = pixels / hull_area(part)
    contrast = float(np.clip(near[_rim(part)], 0, 2).mean())
    outline = (_misfit(min(solidity, 0.9), 0.9, 0.06), _misfit(min(contrast, 1.2), 1.2, 0.25))
    score = -float(sum(place + outline))
    if score < _LEAST_SCORE:
        return None
    return _Candidate(int(x >= middle), whole, score, area, height, top / rows)


def _rim(part: Bool) -> Bool:
    """Return the pixels of a part with one of their four neighbours outside it (or outside the box)."""
    padded = np.pad(part, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return part & ~inner


def _misfit(value: float, expected: float, spread: float) -> float:
    return 0.5 * ((value - expected) / spread) ** 2


def _best_pair(candidates: list[_Candidate]) -> tuple[_Candidate, ...]:
    """Choose the right and the left lung that look most like lungs, and like each other."""
    right, left = (
        sorted((c for c in candidates if c.side == side), key=lambda c: -c.score)[:12] for side in (0, 1)
    )
    if not right or not left:
        return tuple(side[0] for side in (right, left) if side)

    def together(pair: tuple[_Candidate, _Candidate]) -> float:
        a, b = pair
        unlike = (
            _misfit(np.log(a.area / b.area), 0.1, 0.3)
            + _misfit(np.log(a.height / b.height), 0, 0.2)
            + _misfit(a.top, b.top, 0.05)
        )
        return a.score + b.score - unlike

    return max(itertools.product(right, left), key=together)


def _finished(candidate: _Candidate, *, closing: float, growth: float) -> Bool:
    """Close gaps, give the lung its convex outer wall and move that wall out to the inner rib edge."""
    mask = fill_holes(close(candidate.mask, closing))
    # The chest wall is convex; ribs and clavicle that cross it bite pieces out. The inner edge is not
    # convex (heart), so only what lies outside the middle of each row's extent is filled.
    hull, _ = convex_hull(mask)
    grown = within(hull, growth) if growth > 0 else hull
    rows = np.flatnonzero(mask.any(axis=1))
    here = np.flatnonzero(grown.any(axis=1))
    # Above and below the part the nearest row tells where its middle is.
    nearest = rows[np.abs(rows - here[:, None]).argmin(axis=1)]
    first = mask[nearest].argmax(axis=1)
    last = mask.shape[1] - 1 - mask[nearest][:, ::-1].argmax(axis=1)
    centre = ((first + last) / 2)[:, None]
    columns = np.arange(mask.shape[1])
    outer = columns <= centre if candidate.side == 0 else columns >= centre
    filled = mask.copy()
    filled[here] |= grown[here] & outer
    return fill_holes(filled)


def _softened(mask: Bool, width: float) -> Float:
    """Return the membership of a mask, 0.88 at `width` pixels inside its edge."""
    # Further away than this the logistic function is as good as level.
    reach = int(_FAR * width) + 2
    out = np.full(mask.shape, _logistic(np.float32(-np.inf)), np.float32)
    (box,) = ndimage.find_objects(mask.view(np.uint8), max_label=1)
    if box is not None:
        near = tuple(slice(max(side.start - reach, 0), side.stop + reach) for side in box)
        out[near] = _logistic(signed_distance(mask[near]) / width)
    return out


def _logistic(distance: Float | np.float32) -> Float:
    return np.asarray(1 / (1 + np.exp(-2 * np.clip(distance, -_FAR, _FAR))), np.float32)


def _complaints(pair: tuple[_Candidate, ...]) -> tuple[str, ...]:
    names = ("right", "left")
    found = {candidate.side for candidate in pair}
    missing = tuple(f"Otsu found no {names[s]} lung." for s in (0, 1) if s not in found)
    doubtful = tuple(
        f"The {names[c.side]} lung found by Otsu does not look like one; check the mask."
        for c in pair
        if c.score < -10
    )
    return missing + doubtful
