"""Checks of a film and of its lung masks: each complaint says the cause and what to do."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.heart import heart_side
from napari_tbcad.chest.lungs.fields import LEFT, RIGHT, LungMasks
from napari_tbcad.chest.polarity import (
    chest_picture,
    polarity_score,
    small_film,
    turn_score,
    without_flat_margins,
)
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.record import Step

SMALLEST_SIDE = 16
"""Below this many pixels a side no lung can be found."""

_TINY_SIDE = 128
_LOOK_SIDE = 512

# Thresholds: beyond what the usable films of benchmarks/quality.py show, with room to spare.
_FEWEST_LEVELS = 24
_LEAST_CONTRAST = 8.0
_LEAST_LIKENESS = 0.2
_MOST_TURNED, _TURNED_LIKENESS = 0.1, 0.3
_LEAST_SYMMETRY = 0.35
_MISSING_SHARE = 0.05
_AREA_SHARE = (0.12, 0.65)
_LEAST_RATIO = 0.4
_MOST_CUT = 0.04
_MIRRORED = -0.25

_SAID: WeakKeyDictionary[Radiograph, tuple[str, ...]] = WeakKeyDictionary()


def require_usable(film: Radiograph) -> None:
    """Refuse a film on which nothing can be measured.

    Raises
    ------
    BadInput
        If the film is constant or has fewer than 16 rows or columns.
    """
    source = film.source or "film"
    few = film.pixels[::64, ::64]
    if few.min() == few.max() and film.pixels.min() == film.pixels.max():
        raise BadInput(source, f"the film is constant: every pixel is {film.pixels.flat[0]:g}")
    if min(film.shape) < SMALLEST_SIDE:
        rows, columns = film.shape
        raise BadInput(source, f"the film has {rows} × {columns} pixels, too few to find a lung")


def flip(film: Radiograph) -> Radiograph:
    """Mirror a film left to right, for one that was stored back to front.

    Parameters
    ----------
    film : Radiograph
        Any film. Its masks, if there are any, must be mirrored too.

    Returns
    -------
    Radiograph
        The mirrored film, `flipped` turned.
    """
    return film.after(Step("flip"), pixels=film.pixels[:, ::-1], flipped=not film.flipped)


def check_film(film: Radiograph) -> tuple[str, ...]:
    """Look for reasons not to trust a film, before its lungs are known.

    Parameters
    ----------
    film : Radiograph
        The film, air dark.

    Returns
    -------
    tuple of str
        One sentence per complaint: too small, washed out, noisy, turned, not a frontal chest film. A lateral
        view named by the file's header is complained of on reading and not repeated here.

    Raises
    ------
    BadInput
        If nothing can be measured on it (:func:`require_usable`).
    """
    # A film does not change, and it is asked about after every edit of its masks.
    if film not in _SAID:
        _SAID[film] = _complaints(film)
    return _SAID[film]


def _complaints(film: Radiograph) -> tuple[str, ...]:
    require_usable(film)
    said = []
    if min(film.shape) < _TINY_SIDE:
        said.append(
            f"The film has only {film.shape[0]} × {film.shape[1]} pixels; its texture is not reliable. "
            "Use the film at its own resolution."
        )
    levels = grey_levels(film)
    if levels < _FEWEST_LEVELS:
        said.append(
            f"The film is washed out: the chest has only {levels} different grey values. "
            "Export it anew with 12 or 16 bits or another window."
        )
    elif contrast_to_noise(film) < _LEAST_CONTRAST:
        said.append("The film has little contrast: it hardly rises above its noise. Check the exposure.")
    turned = turn_score(film)
    # Turned, it must look like a chest: a lateral view is no better for being turned.
    if turned > _MOST_TURNED and turned + abs(polarity_score(film)) > _TURNED_LIKENESS:
        said.append("The film seems to lie on its side or to stand on its head; turn it upright.")
    elif film.view != "LATERAL" and not looks_frontal(film):
        said.append(
            "This does not look like a frontal chest film (lateral view, or not a chest?). "
            "Look at it before using the result."
        )
    return tuple(said)


def grey_levels(film: Radiograph) -> int:
    """Count the different grey values between the 5th and the 95th percentile in the middle of the film."""
    chest = _middle(film)
    chest = chest[:: max(1, chest.shape[0] // _LOOK_SIDE), :: max(1, chest.shape[1] // _LOOK_SIDE)]
    low, high = np.percentile(chest, (5, 95))
    return int(np.unique(chest[(chest >= low) & (chest <= high)]).size)


def contrast_to_noise(film: Radiograph) -> float:
    """Return the grey range of the chest over its noise.

    The range is that between the 5th and the 95th percentile of the means of 16 × 16 parts of the film; the
    noise is the median absolute mixed second difference of neighbours, scaled to a standard deviation.
    """
    low, high = np.percentile(chest_picture(film, 16), (5, 95))
    # Up to 512 × 512 pixels about the centre, at full resolution: shrinking would remove the noise.
    rows, columns = ((size // 2, min(size // 2, _LOOK_SIDE // 2)) for size in film.shape)
    part = film.pixels[
        rows[0] - rows[1] : rows[0] + rows[1], columns[0] - columns[1] : columns[0] + columns[1]
    ]
    mixed = part[1:, 1:] - part[:-1, 1:] - part[1:, :-1] + part[:-1, :-1]
    noise = float(np.median(np.abs(mixed))) / 0.6745 / 2
    return float(high - low) / noise if noise > 0 else np.inf


def looks_frontal(film: Radiograph) -> bool:
    """Tell whether a film has two lung fields side by side, about symmetric to an upright midline."""
    return polarity_score(film) >= _LEAST_LIKENESS or symmetry(film) >= _LEAST_SYMMETRY


def symmetry(film: Radiograph) -> float:
    """Return the rank correlation of a film with its mirror image at the best midline, in [-1, 1]."""
    from scipy.stats import rankdata
    from skimage.transform import resize

    small = resize(
        without_flat_margins(film.pixels).astype(np.float64), (64, 64), order=1, anti_aliasing=True
    )
    ranks = rankdata(small).reshape(small.shape)[5:55, 6:58]
    best = -1.0
    for shift in range(-10, 11):
        part = ranks[:, max(0, shift) : ranks.shape[1] + min(0, shift)]
        if part.max() > part.min():
            best = max(best, float(np.corrcoef(part.ravel(), part[:, ::-1].ravel())[0, 1]))
    return best


def check_masks(film: Radiograph, masks: LungMasks) -> tuple[str, ...]:
    """Look for reasons not to trust the lung masks of a film, or the film in their light.

    Parameters
    ----------
    film : Radiograph
        The film, air dark, (H, W).
    masks : LungMasks
        Its lungs, (H, W).

    Returns
    -------
    tuple of str
        One sentence per complaint: a lung missing, areas beyond what lungs have, labels of the wrong
        side, a lung cut by the film's edge, the heart on the wrong side.

    Raises
    ------
    BadInput
        If the masks are not on the film's grid.
    """
    if masks.labels.shape != film.shape:
        raise BadInput(f"{masks.kind} mask", f"has the shape {masks.labels.shape}, its film {film.shape}")
    right, left = (int(np.count_nonzero(masks.labels == side)) for side in (RIGHT, LEFT))
    if right + left == 0:
        return ("No lung was found; look at the film and draw the lungs by hand.",)
    if min(right, left) < _MISSING_SHARE * max(right, left):
        side = "right" if right < left else "left"
        missing = f"The patient's {side} lung is missing in the {masks.kind} mask; correct the mask."
        return (missing, *_check_edges(masks))
    return (*_check_areas(film, masks, right, left), *_check_edges(masks), *_check_sides(film, masks))


def _check_areas(film: Radiograph, masks: LungMasks, right: int, left: int) -> list[str]:
    said = []
    # The area of the film without the canvas it may lie on, from a small copy.
    small, inside = small_film(film)
    share = (right + left) / masks.labels.size * small.size / inside.size
    if not _AREA_SHARE[0] <= share <= _AREA_SHARE[1]:
        size = "small" if share < _AREA_SHARE[0] else "large"
        said.append(f"The {masks.kind} mask is implausibly {size} ({share:.0%} of the film); check it.")
    ratio = min(right, left) / max(right, left)
    if ratio < _LEAST_RATIO:
        side = "right" if right < left else "left"
        said.append(f"The {side} lung has only {ratio:.0%} of the other's area; check the {masks.kind} mask.")
    return said


def _check_edges(masks: LungMasks) -> list[str]:
    inside = masks.labels > 0
    edges = {"top": inside[0], "bottom": inside[-1], "left": inside[:, 0], "right": inside[:, -1]}
    cut = [name for name, edge in edges.items() if edge.mean() > _MOST_CUT]
    where = " and ".join(cut)
    return (
        [f"The lungs are cut by the {where} edge of the film: do not trust what their shape says."]
        if cut
        else []
    )


def _check_sides(film: Radiograph, masks: LungMasks) -> list[str]:
    columns = np.arange(film.shape[1])
    profiles = ((masks.labels == side).sum(axis=0) for side in (RIGHT, LEFT))
    right, left = (float(profile @ columns / profile.sum()) for profile in profiles)
    if right > left:
        return [
            f"The {masks.kind} mask has its right lung (label 1) on the right of the image, where the "
            "patient's left lung is expected: the labels are swapped or the film is mirrored."
        ]
    if heart_side(film, masks.labels > 0) < _MIRRORED:
        return [
            "The heart seems to lie on the wrong side: the film may be mirrored, or the patient has "
            "dextrocardia. Look at the side marker."
        ]
    return []


def _middle(film: Radiograph) -> NDArray[np.float32]:
    """Return a view of the middle three quarters of the film."""
    rows, columns = film.shape
    return film.pixels[rows // 8 : rows - rows // 8, columns // 8 : columns - columns // 8]
