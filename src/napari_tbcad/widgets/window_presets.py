"""Window presets and the arithmetic of window and level; no Qt, no viewer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from napari.layers import Image
from napari.utils import Colormap
from napari.utils.colormaps import ensure_colormap
from numpy.typing import NDArray

from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.widgets.reader import METADATA_KEY

Limits = tuple[float, float]

_SIDE = 256
_PX_PER_RANGE = 600
_NARROWEST, _WIDEST = 1 / 1000, 2.0


@dataclass(frozen=True, eq=False)
class Picture:
    """What a preset needs to know of a film.

    Parameters
    ----------
    sample : array of float
        At most 256 × 256 of its pixels, finite, in the film's units.
    extremes : (float, float)
        Smallest and largest pixel.
    stored : (float, float), optional
        The window that the file asks for.
    air_dark : bool
        Whether lungs are darker than the body.
    """

    sample: NDArray[np.floating]
    extremes: Limits
    stored: Limits | None = None
    air_dark: bool = True


def as_stored(picture: Picture) -> Limits:
    """Return the window that the file asks for (DICOM Window Center and Width), else the full range."""
    return picture.stored or full_range(picture)


def full_range(picture: Picture) -> Limits:
    """Return the smallest and the largest pixel value."""
    return _widened(*picture.extremes)


def lung_fields(picture: Picture) -> Limits:
    """Return a window for the lung fields: the darker part of the film over the whole grey scale.

    From the 2nd to the 70th percentile of the pixels, collimated borders left out (the brighter part
    on a film with bright air); mediastinum and bone saturate.
    """
    return _between(picture, 2, 70)


def mediastinum_and_bone(picture: Picture) -> Limits:
    """Return a window for mediastinum and bone: the brighter part of the film over the whole grey scale.

    From the 45th to the 99.8th percentile of the pixels, collimated borders left out (the darker part on
    a film with bright air); the lung fields go to black.
    """
    return _between(picture, 45, 99.8)


PRESETS: dict[str, Callable[[Picture], Limits]] = {
    "As stored": as_stored,
    "Full range": full_range,
    "Lung fields": lung_fields,
    "Mediastinum and bone": mediastinum_and_bone,
}
"""Window presets by the name a person reads."""


def dragged(limits: Limits, *, right: float, down: float, span: Limits) -> Limits:
    """Return display limits after a drag, as viewers of DICOM images do it.

    Parameters
    ----------
    limits : (float, float)
        Limits when the drag began.
    right, down : float
        Distance dragged, in screen pixels: to the right widens the window, down raises the level
        (a darker picture). 600 px are the whole range.
    span : (float, float)
        Range of the film's pixels.

    Returns
    -------
    (float, float)
        Increasing limits; width 1/1000 to 2 ranges, level within the range.
    """
    size = span[1] - span[0]
    step = size / _PX_PER_RANGE
    width = float(np.clip(limits[1] - limits[0] + right * step, _NARROWEST * size, _WIDEST * size))
    level = float(np.clip((limits[0] + limits[1]) / 2 + down * step, *span))
    return level - width / 2, level + width / 2


def inverted_colormap(colormap: Colormap) -> Colormap:
    """Return a colour map turned round: "gray" for "gray_r" and the reverse, or any other's mirror image."""
    name = colormap.name[:-2] if colormap.name.endswith("_r") else f"{colormap.name}_r"
    try:
        return ensure_colormap(name)
    except KeyError:
        controls = 1 - np.asarray(colormap.controls)[::-1]
        return Colormap(np.asarray(colormap.colors)[::-1], name=name, controls=controls)


def picture_of(layer: Image, *, air_dark: bool = True) -> Picture | None:
    """Return what presets need to know of a layer; None for RGB and for layers without a finite pixel."""
    sample = _sample(layer)
    if sample is None:
        return None
    film = layer.metadata.get(METADATA_KEY)
    own = isinstance(film, Radiograph) and not layer.multiscale and film.pixels is layer.data
    whole = layer.data if isinstance(layer.data, np.ndarray) else sample
    extremes = (float(whole.min()), float(whole.max()))
    if not np.isfinite(extremes).all():
        extremes = (float(sample.min()), float(sample.max()))
    return Picture(sample, extremes, film.window if own else None, air_dark)


def _sample(layer: Image) -> NDArray[np.floating] | None:
    """Return at most 256 × 256 finite pixels, as they lie in the image; None when there are none."""
    if layer.rgb:
        return None
    data = layer.data[-1] if layer.multiscale else layer.data
    while data.ndim > 2:
        data = data[data.shape[0] // 2]
    rows, columns = (max(1, -(-side // _SIDE)) for side in data.shape)
    sample = np.asarray(data[::rows, ::columns], dtype=np.float64)
    finite = np.isfinite(sample)
    if not finite.any():
        return None
    return np.where(finite, sample, sample[finite].min())


def span_of(layer: Image) -> Limits | None:
    """Return a range that holds nearly all pixels, from a sample of them; None where there are none."""
    sample = _sample(layer)
    return None if sample is None else _widened(float(sample.min()), float(sample.max()))


def _between(picture: Picture, low: float, high: float) -> Limits:
    """Return two percentiles, counted from the bright end on a film with bright air."""
    sample = picture.sample
    # Collimated borders and burnt-out air are one value each: they say nothing of the picture.
    inner = sample[(sample > sample.min()) & (sample < sample.max())]
    if inner.size < sample.size // 10:
        inner = sample.ravel()
    ends = (low, high) if picture.air_dark else (100 - high, 100 - low)
    first, second = np.percentile(inner, ends)
    return _widened(float(first), float(second))


def _widened(low: float, high: float) -> Limits:
    """Return increasing limits, also for a film of one grey value."""
    return (low, high) if high > low else (low, low + 1.0)
