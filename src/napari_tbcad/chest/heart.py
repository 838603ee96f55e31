"""The side of the heart, which tells a mirrored film."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.polarity import block_means
from napari_tbcad.imaging.radiograph import Radiograph

_HEART_SIDE = 32
# Weight, centre (row, column) and half widths (rows, columns) of each shadow, as shares of the lungs' box.
_HEART_BLOBS = (
    (1.0, 0.70, 0.64, 0.10, 0.09),
    (0.5, 0.38, 0.55, 0.12, 0.03),
    (-0.35, 0.93, 0.78, 0.06, 0.12),
)


def heart_side(film: Radiograph, lungs: NDArray[np.bool_]) -> float:
    """Measure on which side of the chest the heart lies.

    The box around the lungs is shrunk to 32 × 32 and ranked; what is left of it after its mirror image is
    subtracted is correlated with a sketch of the shadows that make a chest asymmetric: heart and aortic
    arch bright on the patient's left, the stomach's air dark below them.

    Parameters
    ----------
    film : Radiograph
        The film, air dark, (H, W).
    lungs : (H, W) array of bool
        Both lungs; only their common box is used.

    Returns
    -------
    float
        Correlation in [-1, 1], above 0 with the heart on the patient's left.
    """
    from scipy.stats import rankdata
    from skimage.transform import resize

    rows, columns = (np.flatnonzero(lungs.any(axis=axis)) for axis in (1, 0))
    box = film.pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    box = block_means(box, 4 * _HEART_SIDE)
    small = resize(box.astype(np.float64), (_HEART_SIDE, _HEART_SIDE), order=1, anti_aliasing=True)
    # Rounded, so that what is equal but for arithmetic gets equal ranks.
    ranks = rankdata(np.round(small, 6 - int(np.log10(max(np.ptp(small), 1e-30))))).reshape(small.shape)
    odd = ranks - ranks[:, ::-1]
    if not odd.any():
        return 0.0
    return float(np.corrcoef(odd.ravel(), _heart_sketch().ravel())[0, 1])


def _heart_sketch() -> NDArray[np.float64]:
    """Return the odd part of heart, aortic arch and stomach air as (32, 32) Gaussian blobs."""
    centres = (np.arange(_HEART_SIDE) + 0.5) / _HEART_SIDE
    row, column = centres[:, None], centres[None, :]
    sketch: Any = 0.0
    for weight, y, x, height, width in _HEART_BLOBS:
        sketch = sketch + weight * np.exp(-(((row - y) / height) ** 2 + ((column - x) / width) ** 2) / 2)
    return np.asarray(sketch - sketch[:, ::-1])
