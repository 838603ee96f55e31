"""Features of a film without its lungs: outside them, along the border, where they were painted over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import convex_hull_image

from napari_tbcad.chest.band_texture import band_features
from napari_tbcad.chest.feature_sets import has_bands, has_modes, has_opacities
from napari_tbcad.chest.features import FeatureParameters, chest_features
from napari_tbcad.chest.lungs.fields import LEFT, RIGHT, LungMasks
from napari_tbcad.chest.opacities import opacities, opacity_features
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.verdicts import IMAGE_BORDER, OUTSIDE_LUNGS
from napari_tbcad.imaging.grid import resize_labels, resize_soft
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.record import Step

if TYPE_CHECKING:
    from napari_tbcad.chain import Run

MARGIN = 0.02
"""Share of the film's longest side around the lungs that counts as lung."""

CLEAR_LUNG = 0.65
"""Grey of a clear lung, from the darkest pixel (0) to the tissue around the lungs (1), as in normal films."""

_LONGEST = 512
"""Hull and margin are found on a grid of at most this many pixels: a control needs no finer border."""

_RING, _SOFT = 0.05, 0.006
"""Width of the ring around painted lungs, and of their soft edge, as shares of the longest side."""

_LEAST_LEFT = 0.002
"""Share of the film that must be left around painted lungs."""


def outside_lungs(masks: LungMasks, *, margin: float = MARGIN, hull: bool = True) -> LungMasks:
    """Return the film without its lungs, as masks that the feature functions take.

    Parameters
    ----------
    masks : LungMasks
        Lung labels (H, W).
    margin : float
        A rim around the lungs of this share of the film's longest side counts as lung, so that a mask
        drawn a little small does not leak lung into the control.
    hull : bool
        The convex hull of each lung counts as lung, so that consolidated lung which the mask left out does
        not count as outside.

    Returns
    -------
    LungMasks
        Same kind and grid; label 1 in the left half of the image and 2 in the right half.
    """
    free = _distance(masks.labels, hull=hull) > margin
    return LungMasks(resize_labels(_halves(free), masks.labels.shape), masks.kind)


def lung_box(masks: LungMasks, *, margin: float = MARGIN) -> LungMasks:
    """Return the rectangle around both lungs, halved between right and left.

    Parameters
    ----------
    masks : LungMasks
        Lung labels (H, W).
    margin : float
        Added on every side, as a share of the film's longest side; cut at the film's edge.

    Returns
    -------
    LungMasks
        Same kind and grid; label 1 in the left half of the rectangle and 2 in the right half. Empty where
        there are no lungs.
    """
    labels = np.asarray(masks.labels)
    box = np.zeros(labels.shape, np.uint8)
    rows, columns = (np.flatnonzero((labels > 0).any(axis=axis)) for axis in (1, 0))
    if rows.size:
        rim = round(margin * max(labels.shape))
        top, left = max(int(rows[0]) - rim, 0), max(int(columns[0]) - rim, 0)
        bottom, right = int(rows[-1]) + rim + 1, int(columns[-1]) + rim + 1
        middle = (left + min(right, labels.shape[1])) // 2
        box[top:bottom, left:middle], box[top:bottom, middle:right] = RIGHT, LEFT
    return LungMasks(box, masks.kind)


def painted_over(film: Radiograph, box: LungMasks) -> Radiograph:
    """Return a film whose lungs are painted over with one grey.

    A network sees further than the pixel it answers for: lesions put into lungs change its answer far
    outside them, so what it says there is no control. What it says of a film without lungs is: whatever it
    still reports where the lungs were, it took from elsewhere. A rectangle is painted and not the lungs'
    outline, since lesions change the outline (benchmarks/controls.py measures both).

    Parameters
    ----------
    film : Radiograph
        Pixels (H, W), air dark.
    box : LungMasks
        What is painted (H, W), from :func:`lung_box`.

    Returns
    -------
    Radiograph
        Inside, the grey of a clear lung as the surroundings tell it: :data:`CLEAR_LUNG` of the way from the
        darkest pixel outside to the median of a ring around the painted part. Nothing of the film's own lungs
        is left. The edge is softened outwards.

    Raises
    ------
    BadInput
        If next to nothing of the film is left around the lungs.
    """
    distance = _distance(box.labels, hull=False)
    painted = distance <= 0
    soft = ndimage.gaussian_filter(painted.astype(np.float32), _SOFT * max(painted.shape))
    weight = resize_soft(np.where(painted, 1, soft), film.shape)
    ring = resize_soft((~painted & (distance <= _RING)).astype(np.float32), film.shape)
    outside = film.pixels[weight < 0.5]
    if outside.size < _LEAST_LEFT * film.pixels.size:
        raise BadInput(film.source or "film", "lungs fill the film: nothing is left around them")
    around = film.pixels[ring > 0.5]
    low = float(outside.min())
    level = low + CLEAR_LUNG * (float(np.median(around if around.size else outside)) - low)
    pixels = film.pixels * (1 - weight) + level * weight
    return film.after(Step("painted_over", {"grey": level}), pixels=pixels.astype(np.float32))


def _distance(labels: NDArray[np.uint8], *, hull: bool) -> NDArray[np.float64]:
    """Return the distance from the lungs as a share of the longest side, on a small grid; 0 inside."""
    shrink = min(1.0, _LONGEST / max(labels.shape))
    small = resize_labels(labels, tuple(max(1, round(side * shrink)) for side in labels.shape))
    lungs = small > 0
    for side in (RIGHT, LEFT) if hull else ():
        if (small == side).any():
            lungs |= convex_hull_image(small == side)
    if not lungs.any():
        return np.full(small.shape, np.inf)
    return np.asarray(ndimage.distance_transform_edt(~lungs)) / max(small.shape)


def image_border(shape: tuple[int, int], kind: str = "insensitive", *, width: float = 0.05) -> LungMasks:
    """Return a frame along the edge of the film, `width` of its shortest side wide, as masks."""
    rim = max(1, round(width * min(shape)))
    frame = np.ones(shape, dtype=bool)
    frame[rim:-rim, rim:-rim] = False
    return LungMasks(_halves(frame), "sensitive" if kind == "sensitive" else "insensitive")


def _halves(region: NDArray[np.bool_]) -> NDArray[np.uint8]:
    labels = np.where(region, RIGHT, 0).astype(np.uint8)
    labels[:, labels.shape[1] // 2 :][region[:, labels.shape[1] // 2 :]] = LEFT
    return labels


def grey_features_of(
    image: Radiograph, sensitive: LungMasks, where: LungMasks, parameters: FeatureParameters
) -> dict[str, float]:
    """Measure the very grey-level features of a feature set in another place, by the same functions.

    Parameters
    ----------
    image : Radiograph
        The film on the feature grid, as for :func:`chest_features`.
    sensitive : LungMasks
        Lung masks of the film (needed by the function, not used in the result).
    where : LungMasks
        From :func:`outside_lungs` or :func:`image_border`.
    parameters : FeatureParameters
        Of the model under test.

    Returns
    -------
    dict of str to float
        First order and texture: one row of a control table.

    Raises
    ------
    BadInput
        If something cannot be measured there: lungs fill the film, or what is around them is one flat grey.
    """
    plain = parameters
    if has_modes(parameters.feature_set):
        # The grey-level part is chandra113's, and the shape part, which needs a shape model, is dropped.
        plain = parameters.model_copy(update={"feature_set": "chandra113"})
    found = chest_features(image, sensitive, where, plain)
    wanted = set(found.of_group("firstorder", "glcm"))
    return {name: value for name, value in found.as_dict().items() if name in wanted}


def bands_of(work: Radiograph, lungs: LungMasks, where: LungMasks) -> dict[str, float]:
    """Measure the texture in bands elsewhere, the bands as wide as those of the lungs of this film.

    Parameters
    ----------
    work : Radiograph
        The film before enhancement, on the feature grid.
    lungs, where : LungMasks
        Its lungs, whose area sets the width of the bands, and the place.

    Returns
    -------
    dict of str to float
        Band texture.

    Raises
    ------
    BadInput
        If there is nothing but one flat grey.
    """
    inside, place = (resize_labels(masks.labels, work.shape) > 0 for masks in (lungs, where))
    found = band_features(work.pixels, place, area=int(inside.sum()))
    if not all(np.isfinite(value) for value in found.values()):
        raise BadInput(work.source or "film", "what is around the lungs is one flat grey")
    return found


def features_elsewhere(run: Run, names: Sequence[str] | None = None) -> dict[str, dict[str, float]]:
    """Measure the features of a film in the chain without its lungs.

    Parameters
    ----------
    run : Run
        A film in the chest chain; what is missing is computed.
    names : sequence of str, optional
        Which controls; ``outside_lungs`` and ``image_border`` by default.

    Returns
    -------
    dict of str to dict of str to float
        Control → feature → value; empty where nothing can be measured. Outside the lungs: first order and
        texture of what lies there and, where the feature set reads opacities, those of the six
        zones of the lungs' box on the film with this box painted over. On the border: first order, texture.
    """
    settings: Any = run.settings
    features: FeatureParameters = settings.features
    work, enhanced, sensitive, insensitive = run.compute("work", "enhanced", "sensitive", "insensitive")
    image = enhanced if features.image == "enhanced" else work

    def outside() -> dict[str, float]:
        around = outside_lungs(insensitive)
        row = grey_features_of(image, sensitive, around, features)
        if has_bands(features.feature_set):
            row |= bands_of(work, insensitive, around)
        if has_opacities(features.feature_set):
            box = lung_box(insensitive)
            film = painted_over(run.get("upright"), box)
            row |= opacity_features(opacities(film, settings.opacities), box, source=film.source)
        return row

    def border() -> dict[str, float]:
        rim = image_border(image.shape)
        row = grey_features_of(image, sensitive, rim, features)
        return row | bands_of(work, insensitive, rim) if has_bands(features.feature_set) else row

    places = {OUTSIDE_LUNGS: outside, IMAGE_BORDER: border}
    rows: dict[str, dict[str, float]] = {}
    for name in places if names is None else names:
        try:
            rows[name] = places[name]()
        except BadInput:
            rows[name] = {}
    return rows
