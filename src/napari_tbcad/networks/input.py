"""How a film becomes a network's input, and how what comes out returns to the film."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator, model_validator

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.imaging.grid import resize_labels, resize_soft
from napari_tbcad.record import Parameters, field

STRIDE = 32
"""Encoders halve the image five times, so both sides must be multiples of this."""


class InputParameters(Parameters):
    """The grid and the normalisation a network was trained with; part of its card."""

    height: int = field(256, title="Height", unit="px", ge=32, le=4096, description="Rows of the input.")
    width: int = field(256, title="Width", unit="px", ge=32, le=4096, description="Columns of the input.")
    fit: Literal["stretch", "pad", "native"] = field(
        "stretch",
        title="Fit",
        description="stretch: the film fills the input whatever its proportions. pad: proportions are kept "
        "and the rest is empty. native: the film's own pixels, padded to a multiple of 32.",
    )
    intensity: Literal["percentiles", "counts"] = field(
        "percentiles",
        title="Normalisation",
        description="percentiles: the 1st and 99th percentile of the film become -1 and 1. counts: square "
        "root of the counts, which makes Poisson noise even, over its own mean weighted by itself.",
    )
    views: tuple[ViewName, ...] = field(
        (),
        title="Views",
        description="Views of a bone scan that the network reads; none for other images. One of both views "
        "is told which by a second channel, -1 anterior and 1 posterior.",
    )

    @field_validator("views")
    @classmethod
    def _in_order(cls, views: tuple[ViewName, ...]) -> tuple[ViewName, ...]:
        return tuple(view for view in VIEWS if view in views)

    @model_validator(mode="after")
    def _whole_strides(self) -> InputParameters:
        if self.height % STRIDE or self.width % STRIDE:
            raise ValueError(f"height and width must be multiples of {STRIDE}")
        return self

    @property
    def channels(self) -> int:
        """Channels of the input: the image, and the view where there are two."""
        return 2 if len(self.views) > 1 else 1

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width


@dataclass(frozen=True, eq=False)
class NetworkInput:
    """What a network is given for one film.

    Parameters
    ----------
    pixels : (h, w) array of float32
        Normalised grey levels.
    rows, columns : (int, int)
        First and last-but-one row and column of `pixels` that show the film; the rest is padding.
    view : str
        Which view of a bone scan, "" for other images.
    """

    pixels: NDArray[np.float32]
    rows: tuple[int, int]
    columns: tuple[int, int]
    view: str = ""

    def inner(self, array: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the part of an array (…, h, w) that covers the film's field of view."""
        return array[..., slice(*self.rows), slice(*self.columns)]


def to_input(pixels: NDArray[np.float32], parameters: InputParameters) -> NetworkInput:
    """Bring a film onto a network's grid and into its range.

    Parameters
    ----------
    pixels : (H, W) array of float32
        Film, air dark, or counts.
    parameters : InputParameters
        Of the network's card.

    Raises
    ------
    BadInput
        If the film has one single grey level.
    """
    given = on_grid(pixels, parameters)
    if parameters.intensity == "counts":
        return replace(given, pixels=normalised_counts(given.pixels))
    normal = _normalised(given.inner(given.pixels))
    return _padded(normal, given.pixels.shape, float(normal.min()))  # type: ignore[arg-type]


def on_grid(pixels: NDArray[np.float32], parameters: InputParameters) -> NetworkInput:
    """Bring an image onto a network's grid, its range as it is.

    Of counts the sums are kept: a pixel of the grid holds what was counted in it, so that it still is a
    Poisson number (exactly where the grid's pixels are whole multiples of the image's). Padding is the least
    value.
    """
    shape = _fitted(pixels.shape, parameters)
    small = resize_soft(pixels, shape) if shape != pixels.shape else np.asarray(pixels, np.float32)
    if parameters.intensity == "counts":
        small = np.clip(small, 0, None) * np.float32(pixels.size / (shape[0] * shape[1]))
    return _padded(small, _outer(shape, parameters), float(small.min()))


def normalised_counts(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return √n / m − 1 with m = Σ n / Σ √n, (H, W) float32.

    m is the mean of the roots, each weighted by itself: air, however much of it there is, has no say, and a
    hot bladder little. A scan of twice the time gives the same.

    Raises
    ------
    BadInput
        If there is not one count.
    """
    root = np.sqrt(np.clip(counts, 0, None))
    total = float(root.sum(dtype=np.float64))
    if not total:
        raise BadInput("image", "there is not one count in it")
    level = float(np.square(root, dtype=np.float64).sum()) / total
    return (root / np.float32(level) - 1).astype(np.float32)


def labels_to_input(labels: NDArray[np.uint8], parameters: InputParameters, empty: int) -> NDArray[np.uint8]:
    """Bring a label image (H, W) onto the same grid; padding gets the value `empty`."""
    shape = _fitted(labels.shape, parameters)
    small = resize_labels(labels, shape) if shape != labels.shape else labels
    out = np.full(_outer(shape, parameters), empty, np.uint8)
    out[: shape[0], : shape[1]] = small
    return out


def _fitted(shape: tuple[int, ...], parameters: InputParameters) -> tuple[int, int]:
    height, width = shape
    if parameters.fit == "stretch":
        return parameters.size
    if parameters.fit == "native":
        return height, width
    scale = min(parameters.height / height, parameters.width / width)
    return max(1, min(parameters.height, round(height * scale))), max(
        1, min(parameters.width, round(width * scale))
    )


def _outer(shape: tuple[int, int], parameters: InputParameters) -> tuple[int, int]:
    if parameters.fit != "native":
        return parameters.size
    return -(-shape[0] // STRIDE) * STRIDE, -(-shape[1] // STRIDE) * STRIDE


def _padded(pixels: NDArray[np.float32], shape: tuple[int, int], empty: float) -> NetworkInput:
    height, width = pixels.shape
    out = pixels
    if pixels.shape != shape:
        out = np.full(shape, empty, np.float32)
        out[:height, :width] = pixels
    return NetworkInput(np.ascontiguousarray(out), (0, height), (0, width))


def _normalised(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = np.percentile(pixels, (1, 99))
    if high <= low:
        low, high = float(pixels.min()), float(pixels.max())
    if high <= low:
        raise BadInput("image", "it has one single grey level, so there is nothing to segment")
    return np.clip((pixels - low) * (2 / (high - low)) - 1, -1.5, 1.5).astype(np.float32)
