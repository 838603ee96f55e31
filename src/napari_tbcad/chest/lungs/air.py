"""How much brighter than aerated lung a film is, place by place: the intensity term of the sensitive mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.imaging.grid import grid_shape, resize_labels, resize_soft
from napari_tbcad.imaging.intensity import robust_range, to_unit
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.memory import Memory, recall

Float = NDArray[np.float32]

# Ribs and vessels are bright, thin and of no interest here: a low percentile over a window wider than a
# rib shows the lung between them. Both figures are for this grid.
_LONGEST, _WINDOW, _PERCENTILE = 128, 7, 20

# Opacity of normal lungs (median, spread by 1.4826 times the median absolute deviation) at six heights from
# apex to base (rows) and five depths from the mediastinum to the chest wall (columns), right lung then left.
# Fitted to the film's own scale of `opacity` on 24 JSRT films without a nodule by
# ``python benchmarks/lesion_coverage.py --segmenter atlas --fit-normal`` (2026-11-21).
NORMAL_MEDIAN = np.array(
    [
        [
            [0.64, 0.43, 0.38, 0.54, 0.71],
            [0.55, 0.25, 0.14, 0.37, 0.75],
            [0.44, 0.12, 0.06, 0.33, 0.79],
            [0.48, 0.25, 0.15, 0.3, 0.7],
            [0.45, 0.31, 0.23, 0.26, 0.51],
            [0.45, 0.32, 0.32, 0.36, 0.51],
        ],
        [
            [0.53, 0.37, 0.35, 0.48, 0.63],
            [0.32, 0.11, 0.09, 0.29, 0.65],
            [0.26, 0.04, 0.03, 0.29, 0.74],
            [0.22, 0.12, 0.14, 0.33, 0.69],
            [0.16, 0.14, 0.16, 0.23, 0.47],
            [0.31, 0.22, 0.25, 0.3, 0.45],
        ],
    ],
    np.float32,
)
NORMAL_SPREAD = np.array(
    [
        [
            [0.19, 0.25, 0.25, 0.2, 0.19],
            [0.23, 0.23, 0.15, 0.2, 0.16],
            [0.2, 0.15, 0.12, 0.19, 0.19],
            [0.18, 0.15, 0.12, 0.17, 0.21],
            [0.18, 0.2, 0.19, 0.24, 0.28],
            [0.36, 0.26, 0.26, 0.23, 0.29],
        ],
        [
            [0.19, 0.21, 0.24, 0.2, 0.18],
            [0.3, 0.23, 0.18, 0.2, 0.2],
            [0.2, 0.12, 0.1, 0.19, 0.19],
            [0.15, 0.12, 0.14, 0.18, 0.2],
            [0.22, 0.24, 0.28, 0.3, 0.32],
            [0.39, 0.33, 0.3, 0.31, 0.37],
        ],
    ],
    np.float32,
)


def excess(film: Radiograph, labels: NDArray[np.uint8], *, memory: Memory | None = None) -> Float:
    """Return how far each place of the lungs is brighter than normal lung at that place.

    The film is first put on its own scale (:func:`opacity`), then compared with normal lungs at the same
    relative height and depth.

    Parameters
    ----------
    film : Radiograph
        Film with pixels (H, W), float32, air dark.
    labels : (h, w) array of uint8
        Anatomical lung field, 1 right, 2 left, over the film's field of view.
    memory : Memory, optional
        Keeps what does not depend on the labels.

    Returns
    -------
    (a, b) array of float32
        Multiples of the normal spread on a coarse grid over the same field of view. Outside the lungs the
        nearest value inside is held, so that the field can be brought to a finer grid.
    """
    scaled, coarse = opacity(film, labels, memory=memory)
    height, depth = lung_coordinates(coarse)
    out = np.zeros(coarse.shape, np.float32)
    for side in (0, 1):
        inside = coarse == side + 1
        where = np.stack([height[inside] * 5, depth[inside] * 4])
        median = ndimage.map_coordinates(NORMAL_MEDIAN[side], where, order=1, mode="nearest")
        spread = ndimage.map_coordinates(NORMAL_SPREAD[side], where, order=1, mode="nearest")
        out[inside] = (scaled[inside] - median) / spread
    if (coarse > 0).any() and not (coarse > 0).all():
        nearest = ndimage.distance_transform_edt(coarse == 0, return_distances=False, return_indices=True)
        out = out[tuple(nearest)]
    return ndimage.gaussian_filter(out, 0.7)


def opacity(
    film: Radiograph, labels: NDArray[np.uint8], *, memory: Memory | None = None
) -> tuple[Float, NDArray[np.uint8]]:
    """Put a film on the scale 0 = its own aerated lung, 1 = the soft tissue around its lungs.

    Parameters
    ----------
    film : Radiograph
        Film with pixels (H, W), air dark.
    labels : (h, w) array of uint8
        Anatomical lung field.
    memory : Memory, optional
        Keeps what does not depend on the labels.

    Returns
    -------
    opacity : (a, b) array of float32
        Film without ribs and vessels on that scale, coarse grid.
    labels : (a, b) array of uint8
        The lung field on the same grid.
    """
    between_ribs, smooth = recall(memory, "coarse film", (film,), lambda: _coarse(film))
    coarse = resize_labels(labels, between_ribs.shape)
    inside = coarse > 0
    if not inside.any():
        return between_ribs, coarse
    away = ndimage.distance_transform_edt(~inside)
    ring = (away > 1) & (away <= 6) & ~_between_lungs(coarse)
    air = float(np.percentile(between_ribs[inside], 10))
    tissue = float(np.median(smooth[ring])) if ring.any() else 1.0
    return (between_ribs - air) / max(tissue - air, 0.05), coarse


def _coarse(film: Radiograph) -> tuple[Float, Float]:
    """Return the film in [0, 1] on the coarse grid, without ribs and vessels, and smoothed."""
    shape = grid_shape(film.shape, _LONGEST)
    unit = to_unit(resize_soft(film.pixels, shape), robust_range(film.pixels, source=film.source or "film"))
    between_ribs = ndimage.percentile_filter(unit, _PERCENTILE, size=_WINDOW, mode="nearest")
    return between_ribs, ndimage.gaussian_filter(unit, 1.25)


def lung_coordinates(labels: NDArray[np.uint8]) -> tuple[Float, Float]:
    """Return each lung pixel's height (0 apex, 1 base) and depth (0 mediastinal, 1 chest wall edge).

    Parameters
    ----------
    labels : (h, w) array of uint8
        1 right lung, 2 left lung.

    Returns
    -------
    height, depth : (h, w) arrays of float32
        0 outside the lungs.
    """
    height, depth = np.zeros(labels.shape, np.float32), np.zeros(labels.shape, np.float32)
    columns = np.arange(labels.shape[1])
    for label in (1, 2):
        mask = labels == label
        rows = np.flatnonzero(mask.any(axis=1))
        if rows.size == 0:
            continue
        up = (np.arange(labels.shape[0]) - rows[0]) / max(rows[-1] - rows[0], 1)
        first = mask.argmax(axis=1)[:, None]
        last = mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)[:, None]
        along = (columns - first) / np.maximum(last - first, 1)
        height[mask] = np.broadcast_to(up[:, None], mask.shape)[mask]
        # The patient's right lung lies left in the picture: its chest wall is at the first column.
        depth[mask] = (1 - along if label == 1 else along)[mask]
    return height, depth


def _between_lungs(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the pixels between the right lung's last and the left lung's first column of each row."""
    right, left = labels == 1, labels == 2
    both = (right.any(axis=1) & left.any(axis=1))[:, None]
    last_right = (labels.shape[1] - 1 - right[:, ::-1].argmax(axis=1))[:, None]
    first_left = left.argmax(axis=1)[:, None]
    columns = np.arange(labels.shape[1])
    return both & (columns > last_right) & (columns < first_left)
