"""The hotspot that a person means by a box: Otsu's threshold of what rises above the bone around it.

Otsu's threshold of the counts themselves parts bone from what is not bone wherever a box holds both. So the
background under the hotspot is filled in from its surroundings, as for a click, and the threshold is that of
the pixels in the box that rise above it; both in turns until they agree (:mod:`napari_tbcad.bone.grow`).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.box import Bounds, BoxParameters, box_hotspot, box_slices
from napari_tbcad.bone.grow import SMOOTHING_PX, USUAL_SPACING_MM, filled_background
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import ScanView
from napari_tbcad.imaging.morphology import fill_holes
from napari_tbcad.record import field

_AROUND_MM = 32.0
"""As far beyond the box the surroundings are looked at: four standard deviations of the window."""
_MOST_ROUNDS = 4
_EIGHT = np.ones((3, 3), bool)


class BoxToolParameters(BoxParameters):
    """Parameters of :func:`hotspot_in_box`; the morphology is that of BS-80K's recipe alone."""

    method: Literal["otsu", "bs80k"] = field(
        "otsu",
        title="Inside the box",
        description="otsu: Otsu's threshold of what rises above the bone around the hotspot. bs80k: the "
        "recipe of the data set BS-80K, Otsu's threshold of the counts, widened and filled, which gives "
        "larger hotspots.",
    )


def hotspot_in_box(
    view: ScanView | NDArray[Any],
    box: Bounds,
    parameters: BoxToolParameters = BoxToolParameters(),
    *,
    spacing_mm: tuple[float, float] | None = None,
    allowed: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Find the hotspot that a box was drawn around.

    Parameters
    ----------
    view : ScanView or (H, W) array
        Counts or grey values, hotspots bright.
    box : (int, int, int, int)
        Top, left, bottom, right; the last two one beyond the last pixel. Cut at the image's border.
    parameters : BoxToolParameters
        Otsu's threshold of what rises above the background, or
        :func:`~napari_tbcad.bone.box.box_hotspot`.
    spacing_mm : (float, float), optional
        Row and column spacing; 2.3 mm where unknown.
    allowed : (H, W) array of bool, optional
        Pixels that may be taken.

    Returns
    -------
    (H, W) array of bool
        Inside the box; by Otsu's threshold one 8-connected piece without holes (but where pixels are not
        allowed). Empty where nothing rises above its surroundings.

    Raises
    ------
    BadInput
        If the box is empty or lies outside the view, or `allowed` is on another grid.

    References
    ----------
    N. Otsu, A threshold selection method from gray-level histograms, IEEE Trans. SMC 9(1), 1979.
    """
    counts = view.counts if isinstance(view, ScanView) else np.asarray(view)
    if allowed is not None and allowed.shape != counts.shape:
        raise BadInput("box", f"the allowed pixels have the shape {allowed.shape}, not {counts.shape}")
    if parameters.method == "bs80k":
        found = box_hotspot(counts, box, parameters)
        return found if allowed is None else found & allowed
    found = np.zeros(counts.shape, bool)
    inside = box_slices(box, counts.shape)
    spacing = np.asarray(spacing_mm or USUAL_SPACING_MM, float)
    around = np.ceil(_AROUND_MM / spacing).astype(int)
    window = tuple(slice(max(s.start - r, 0), s.stop + r) for s, r in zip(inside, around, strict=True))
    smooth = ndimage.gaussian_filter(counts[window].astype(np.float32), SMOOTHING_PX, mode="nearest")
    part = tuple(slice(s.start - w.start, s.stop - w.start) for s, w in zip(inside, window, strict=True))
    free = np.ones(smooth[part].shape, bool) if allowed is None else allowed[inside]
    found[inside] = _cut(smooth, part, free, spacing)
    return found


def _cut(
    smooth: NDArray[np.float32],
    part: tuple[slice, ...],
    free: NDArray[np.bool_],
    spacing: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Cut the hotspot in a part of an image and fill in the background under it in turns."""
    piece = np.zeros(smooth.shape, bool)
    piece[part] = _highest_piece(smooth[part], free, smooth[part])
    for _ in range(_MOST_ROUNDS):
        if not piece.any():
            break
        risen = (smooth - filled_background(smooth, piece, spacing))[part]
        before = piece[part].copy()
        piece[part] = _highest_piece(risen, free, risen[risen > 0])
        if (piece[part] == before).all():
            break
    return piece[part]


def _highest_piece(values: NDArray[Any], free: NDArray[np.bool_], sample: NDArray[Any]) -> NDArray[np.bool_]:
    """Return the piece that holds the highest value, above Otsu's threshold of a sample."""
    from skimage.filters import threshold_otsu

    above = np.zeros(values.shape, bool)
    if not free.any() or sample.size < 2 or np.ptp(sample) <= 0:
        return above
    above = (values > threshold_otsu(sample)) & free
    if not above.any():
        return above
    pieces, _ = ndimage.label(above, _EIGHT)
    highest = pieces[np.unravel_index(np.where(above, values, -np.inf).argmax(), values.shape)]
    return fill_holes(pieces == highest) & free
