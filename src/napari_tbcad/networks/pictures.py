"""Pictures of what a network found beside the truth, the worst first, for a person to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.files import written_whole
from napari_tbcad.imaging.grid import grid_shape, resize_labels, resize_soft
from napari_tbcad.schemes import IGNORE, LabelScheme

_SIDE = 768
_SPARE_COLOURS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7")


@dataclass(frozen=True)
class Picture:
    """One image with what was found, small, for a person to look at.

    Parameters
    ----------
    name : str
        Name of its file, without rank.
    badness : float
        The worst comes first.
    grey : (h, w) array of uint8
        The image.
    found, truth : (h, w) array of uint8
        Class ids.
    """

    name: str
    badness: float
    grey: NDArray[np.uint8]
    found: NDArray[np.uint8]
    truth: NDArray[np.uint8]


def picture_of(
    name: str,
    badness: float,
    pixels: NDArray[np.float32],
    found: NDArray[np.uint8],
    truth: NDArray[np.uint8],
) -> Picture:
    """Shrink an image and its labels, (H, W) each, to at most 768 pixels a side; 255 is shown as nothing."""
    shape = grid_shape(truth.shape, _SIDE)  # type: ignore[arg-type]
    small = resize_soft(pixels, shape)
    low, high = np.percentile(small, (0.5, 99.5))
    grey = np.rint(255 * np.clip((small - low) / max(float(high - low), 1e-9), 0, 1)).astype(np.uint8)
    said = np.where(truth == IGNORE, 0, truth)
    labels = [resize_labels(each, shape).astype(np.uint8) for each in (found, said)]
    return Picture(name, badness, grey, *labels)


def write_pictures(folder: Path, pictures: Sequence[Picture], scheme: LabelScheme) -> None:
    """Write ``RANK_NAME_SCORE.png``: what was found as full lines, the truth as broken ones.

    Pictures of an earlier evaluation in the folder are removed, since their ranks no longer hold.
    """
    for old in folder.glob("[0-9][0-9][0-9]_*.png"):
        old.unlink()
    for rank, one in enumerate(sorted(pictures, key=lambda each: -each.badness), start=1):
        write_picture(folder / f"{rank:03d}_{one.name}_{1 - one.badness:.3f}.png", one, scheme)


def write_picture(path: Path, picture: Picture, scheme: LabelScheme) -> None:
    """Write one: what was found as full lines, the truth as broken ones, each class in its colour."""
    from napari_tbcad.imaging.overlay import draw_outlines, write_signed

    values = [value for value in scheme.names if value]
    colours = {
        value: scheme.colours.get(scheme.names[value]) or _SPARE_COLOURS[(value - 1) % len(_SPARE_COLOURS)]
        for value in values
    }
    drawn = draw_outlines(picture.grey, picture.found, picture.truth, colours=colours)
    with written_whole(path) as temporary:
        write_signed(temporary, drawn)
