"""Where the body lies in a view: the affine transform from the frame of the atlas to the view."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.skeleton_appearance import appearance, silhouette
from napari_tbcad.imaging.registration import (
    affine_map,
    chain_affine,
    correlation,
    register_affine,
    resample,
    warp,
)

Matrix = NDArray[np.float64]

# Last row of the body that the view still shows, and how much wider than its outline the body is: tried
# when the patient is larger than the field.
_CUTS, _WIDER = (1.0, 0.85, 0.72, 0.6, 0.5), (0.85, 1.0, 1.2, 1.45)
_REFINED = 5


def find_pose(
    counts: NDArray[np.float32],
    template: NDArray[np.float32],
    outline: NDArray[np.bool_],
    *,
    cuts: Sequence[float] = _CUTS,
) -> tuple[Matrix, float]:
    """Find the body in a view by its outline, then by its bones.

    Parameters
    ----------
    counts : (H, W) array of float32
        The view, seen from the front.
    template : (h, w) array of float32
        Mean appearance of the atlas in this view.
    outline : (h, w) array of bool
        Body of the mean person in this view.
    cuts : sequence of float, optional
        Shares of the body, from the top, tried as what the field holds.

    Returns
    -------
    matrix : (2, 3) array of float64
        From the frame to the view, both the unit square.
    score : float
        Correlation of the posed view with the template where the view reaches; 0 for an empty view.
    """
    frame: tuple[int, int] = template.shape  # type: ignore[assignment]
    body = silhouette(counts)
    if not body.any():
        return np.eye(2, 3), 0.0
    coarse = (frame[0] // 2, frame[1] // 2)
    view, goal = appearance(counts, coarse, body=body), resample(template, coarse)
    starts = [_by_outline(body, outline, cut, wider) for cut in cuts for wider in _WIDER]
    starts.sort(key=lambda start: -_agreement(goal, view, start))
    refined = [
        register_affine(goal, view, start=start, weights=field_of_view(start, coarse) + 1e-3, iterations=10)
        for start in starts[:_REFINED]
    ]
    best = max(refined, key=lambda matrix: _agreement(goal, view, matrix))
    for _ in range(2):
        # Appearance depends on the size of its neighbourhoods, which is known only with the pose.
        seen, weights = posed(counts, body, best, frame)
        best = chain_affine(best, register_affine(template, seen, start=np.eye(2, 3), weights=weights + 1e-3))
    seen, weights = posed(counts, body, best, frame)
    return best, correlation(seen, template, weights + 1e-6)


def posed(
    counts: NDArray[np.float32], body: NDArray[np.bool_], matrix: Matrix, frame: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the appearance (h, w) of a view in the frame, and where the view reaches (0 or 1)."""
    working = (2 * frame[0], 2 * frame[1])
    sampling = affine_map(matrix, working, counts.shape)  # type: ignore[arg-type]
    blur = [
        max(0.0, 0.5 * (n * matrix[i, i] / m - 1))
        for i, (n, m) in enumerate(zip(counts.shape, working, strict=True))
    ]
    smooth = ndimage.gaussian_filter(counts, blur, mode="nearest")
    skin = warp(body, sampling, outside=0.0) > 0.5
    return appearance(warp(smooth, sampling, outside=0.0), frame, body=skin), field_of_view(matrix, frame)


def field_of_view(matrix: Matrix, frame: tuple[int, int]) -> NDArray[np.float32]:
    """Return 1 where a pixel (h, w) of the frame lies inside the view, else 0."""
    rows, columns = affine_map(matrix, frame, frame)
    inside = (rows > -0.5) & (rows < frame[0] - 0.5) & (columns > -0.5) & (columns < frame[1] - 0.5)
    return inside.astype(np.float32)


def _agreement(goal: NDArray[np.float32], view: NDArray[np.float32], matrix: Matrix) -> float:
    """Correlation over the whole frame; what the view does not show counts as empty."""
    seen = warp(view, affine_map(matrix, goal.shape, view.shape), outside=float(view.min()))  # type: ignore[arg-type]
    weights = field_of_view(matrix, goal.shape)  # type: ignore[arg-type]
    # Weighted by the share of the frame that is seen, so that a small overlap cannot win by chance.
    return correlation(goal, seen, weights + 1e-6) * float(weights.mean()) ** 0.25


def _by_outline(body: NDArray[np.bool_], own: NDArray[np.bool_], cut: float, wider: float) -> Matrix:
    """Scale and shift by rows from head to the cut, and by the spread of columns in these rows."""
    top, bottom = _rows(own)
    bottom = top + cut * (bottom - top)
    first, last = _rows(body)
    down = (last - first) / (bottom - top)
    centre, spread = _columns(own[: max(2, round(bottom * len(own)))])
    middle, width = _columns(body)
    across = wider * width / spread
    return np.array([[down, 0, first - down * top], [0, across, middle - across * centre]])


def _rows(mask: NDArray[np.bool_]) -> tuple[float, float]:
    rows = np.flatnonzero(mask.any(axis=1))
    return rows[0] / len(mask), (rows[-1] + 1) / len(mask)


def _columns(mask: NDArray[np.bool_]) -> tuple[float, float]:
    weights = mask.sum(axis=0) / mask.sum()
    places = (np.arange(mask.shape[1]) + 0.5) / mask.shape[1]
    middle = float((weights * places).sum())
    return middle, float(np.sqrt((weights * (places - middle) ** 2).sum()))
