"""Polarity: a film stored with air bright is recognised and turned round."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.record import Parameters, Step, field

_SIDE = 64
_WORK_SIDE = 256
_MARGIN_RANGE = 0.02
_SMALLEST_KEPT = 0.3
# Two tilted super-ellipses about a shared midline, by least squares on the mean lung field of normal adults
# (shares of the image's height and width): centre row and column, half height and width, lean of the axis,
# softness of the edge, exponent.
_CENTRE, _HALF, _LEAN, _SOFT, _POWER = (0.40, 0.28), (0.32, 0.13), -0.24, 0.15, 2.5
_ROWS, _COLUMNS = slice(5, 55), slice(6, 58)

_SMALL: WeakKeyDictionary[Radiograph, tuple[NDArray[np.float32], NDArray[np.float32]]] = WeakKeyDictionary()


class PolarityParameters(Parameters):
    """Parameters of :func:`correct_polarity`."""

    mode: Literal["auto", "keep", "invert"] = field(
        "auto",
        title="Polarity",
        description="auto: turn the grey scale round when the lungs are brighter than the body; "
        "keep: leave it; invert: turn it round.",
    )
    certainty: float = field(
        0.15,
        title="Certainty",
        description="A score nearer to zero than this is reported as uncertain; its sign still decides.",
        ge=0,
        le=1,
        more=True,
    )


def correct_polarity(film: Radiograph, parameters: PolarityParameters = PolarityParameters()) -> Radiograph:
    """Turn an inverted film round so that air is dark.

    Parameters
    ----------
    film : Radiograph
        Film with pixels (H, W), float32, either way round.
    parameters : PolarityParameters
        Decide, keep or invert, and the score below which a decision counts as uncertain.

    Returns
    -------
    Radiograph
        The film, air dark; when it was turned round, a warning says so and `inverted` and the display
        window are turned as well. The score is in the record (see :func:`polarity_score`).
    """
    score = polarity_score(film)
    automatic = parameters.mode == "auto"
    turn = score < 0 if automatic else parameters.mode == "invert"
    step = Step(
        "polarity", parameters.model_dump(mode="json"), facts={"score": round(score, 4), "turned": turn}
    )
    result = (invert(film) if turn else film).after(step)
    said: tuple[str, ...] = ()
    if automatic and turn:
        said = ("The film was stored with air bright; it was turned round (check it, or choose keep).",)
    if automatic and 0 < abs(score) < parameters.certainty:
        said += ("Whether air is dark or bright in this film is uncertain; look at it and set the polarity.",)
    result = replace(result, warnings=(*result.warnings, *said))
    if not turn:
        _SMALL[result] = small_film(film)
    return result


def polarity_score(film: Radiograph) -> float:
    """Measure how much darker the lung fields of a film are than the rest of the chest.

    The film without its flat margins is shrunk to 64 × 64, its grey values are replaced by their ranks, and
    these are correlated with a smooth picture of two lung fields, inside the chest only: room air, borders,
    markers and the tone curve then hardly matter.

    Parameters
    ----------
    film : Radiograph
        Film with pixels (H, W).

    Returns
    -------
    float
        Spearman's correlation with the sign changed, in [-1, 1]: above 0 when air is dark. Turning the film
        round changes the sign exactly. 0 for a constant film.
    """
    return _likeness(chest_picture(film, _SIDE))


def turn_score(film: Radiograph) -> float:
    """Measure whether a film lies on its side or stands on its head.

    Parameters
    ----------
    film : Radiograph
        Film with pixels (H, W), of either polarity.

    Returns
    -------
    float
        The largest size of the polarity score of the film turned by 90°, 180° and 270°, less that of the
        film as it is: below 0 for an upright frontal film, in [-1, 1].
    """
    picture = chest_picture(film, _SIDE)
    upright, *turned = (abs(_likeness(np.rot90(picture, quarter))) for quarter in range(4))
    return max(turned) - upright


def _likeness(picture: NDArray[np.float64]) -> float:
    """Return the polarity score of a (64, 64) picture."""
    from scipy.stats import rankdata

    small = picture[_ROWS, _COLUMNS]
    if small.max() - small.min() <= 1e-9 * max(abs(small.max()), 1.0):
        return 0.0
    fields = _lung_fields()[_ROWS, _COLUMNS]
    return -float(np.corrcoef(rankdata(small), fields.ravel())[0, 1])


def chest_picture(film: Radiograph, side: int) -> NDArray[np.float64]:
    """Return the film without its flat margins as (side, side) means, quickly also for large films."""
    from skimage.transform import resize

    _, inside = small_film(film)
    return np.asarray(resize(inside.astype(np.float64), (side, side), order=1, anti_aliasing=True))


def small_film(film: Radiograph) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a film of 256 to 511 pixels (a smaller one as it is), and that without its flat margins.

    A film does not change, and many checks look at these: they are kept as long as the film is.
    """
    if film not in _SMALL:
        small = block_means(film.pixels, _WORK_SIDE)
        _SMALL[film] = small, without_flat_margins(small)
    return _SMALL[film]


def block_means(pixels: NDArray[np.float32], longest: int) -> NDArray[np.float32]:
    """Shrink by whole factors, to no less than `longest` pixels on the longer side."""
    factor = max(pixels.shape) // longest
    if factor < 2:
        return pixels
    blocks = tuple(min(factor, size) for size in pixels.shape)
    rows, columns = (size // block for size, block in zip(pixels.shape, blocks, strict=True))
    whole = pixels[: rows * blocks[0], : columns * blocks[1]]
    return whole.reshape(rows, blocks[0], columns, blocks[1]).mean(axis=(1, 3))


def without_flat_margins(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut off border rows and columns without content, such as the canvas a film was pasted on.

    Parameters
    ----------
    pixels : (H, W) array
        Grey values.

    Returns
    -------
    (h, w) array
        A view of `pixels`; all of it where less than 30 % of a side would be left.
    """
    low, high = np.percentile(pixels, (0.5, 99.5))
    tolerance = _MARGIN_RANGE * (high - low)
    if tolerance <= 0:
        return pixels
    kept = pixels
    # Cutting the columns can make further rows flat (a film in the corner of a canvas), hence twice.
    for _ in range(2):
        for axis in (0, 1):
            spread = np.percentile(kept, 98, axis=1 - axis) - np.percentile(kept, 2, axis=1 - axis)
            content = np.flatnonzero(spread > tolerance)
            if len(content) < _SMALLEST_KEPT * pixels.shape[axis]:
                return pixels
            inside = slice(int(content[0]), int(content[-1]) + 1)
            kept = kept[inside] if axis == 0 else kept[:, inside]
    return kept


def invert(film: Radiograph) -> Radiograph:
    """Turn the grey scale of a film round within its own range; twice gives the film back.

    Parameters
    ----------
    film : Radiograph
        Any film.

    Returns
    -------
    Radiograph
        Pixels ``min + max - x``; window and `inverted` turned as well.
    """
    pivot = float(film.pixels.min()) + float(film.pixels.max())
    window = None if film.window is None else (pivot - film.window[1], pivot - film.window[0])
    step = Step("invert", facts={"inverted_about": pivot / 2})
    pixels = (pivot - film.pixels.astype(np.float64)).astype(np.float32)
    return film.after(step, pixels=pixels, window=window, inverted=not film.inverted)


def _lung_fields() -> NDArray[np.float64]:
    """Return a smooth (64, 64) picture of two lung fields, 1 inside."""
    centres = (np.arange(_SIDE) + 0.5) / _SIDE
    row, column = centres[:, None], centres[None, :]
    down = (row - _CENTRE[0]) / _HALF[0]
    across = (column - _CENTRE[1] - _LEAN * (row - _CENTRE[0])) / _HALF[1]
    radius = (np.abs(down) ** _POWER + np.abs(across) ** _POWER) ** (1 / _POWER)
    lung = 1 / (1 + np.exp((radius - 1) / _SOFT))
    return np.asarray(lung + lung[:, ::-1])
