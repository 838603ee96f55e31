"""Images of a gathered data set as files: films as grey values, counts as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.files import written_whole


def write_film(path: Path, pixels: NDArray[np.float32]) -> Path:
    """Write a film as grey PNG: its own values where 8 or 16 bit hold them, else scaled to 16 bit."""
    low, high = float(pixels.min()), float(pixels.max())
    whole = bool((pixels == np.rint(pixels)).all())
    if whole and low >= 0 and high <= 255:
        stored = pixels.astype(np.uint8)
    elif whole and high - low <= 65535:
        stored = (pixels - low).astype(np.uint16)
    else:
        stored = np.rint((pixels - low) * (65535 / max(high - low, 1e-30))).astype(np.uint16)
    return _write(path, stored)


def write_counts(path: Path, counts: NDArray[np.float32]) -> Path:
    """Write counts exactly: as PNG with 8 or 16 bit, or as TIFF of float32 where they do not fit.

    Parameters
    ----------
    path : Path
        Ends in ``.png``.
    counts : (H, W) array of float32
        Not negative.

    Returns
    -------
    Path
        The file written: ``.tif`` instead of ``.png`` for numbers that are not whole or above 65535.
    """
    high = float(counts.max())
    if not (counts == np.rint(counts)).all() or high > 65535:
        return _write(path.with_suffix(".tif"), np.asarray(counts, np.float32))
    return _write(path, counts.astype(np.uint8 if high <= 255 else np.uint16))


def _write(path: Path, stored: NDArray[Any]) -> Path:
    from PIL import Image

    with written_whole(path) as temporary:
        Image.fromarray(stored).save(temporary, format="TIFF" if path.suffix == ".tif" else "PNG")
    return path
