"""The two masks of the method, made from a segmenter's soft lungs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.chest.lungs.fields import LungMasks, SoftLungs
from napari_tbcad.imaging.grid import grid_shape, resize_labels, resize_soft
from napari_tbcad.imaging.intensity import robust_range, to_unit
from napari_tbcad.imaging.morphology import fill_holes, largest_component, open_
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.record import Parameters, Step, field

# Masks are worked out on at most this grid and then brought to the film's own.
_LONGEST = 512


class InsensitiveParameters(Parameters):
    """Parameters of :func:`insensitive_mask`."""

    threshold: float = field(
        0.4,
        title="Threshold",
        gt=0,
        lt=1,
        description="Membership from which a pixel belongs to the anatomical lung field. Lower takes more.",
    )


class SensitiveParameters(Parameters):
    """Parameters of :func:`sensitive_mask`."""

    threshold: float = field(
        0.6,
        title="Threshold",
        gt=0,
        lt=1,
        description="Membership from which a pixel can belong to the air cavity. Higher takes less.",
    )
    air: bool = field(True, title="Air only", description="Leave out what is too bright to be aerated lung.")
    tolerance: float = field(
        1.0,
        title="Air tolerance",
        ge=0,
        le=5,
        description="How much brighter than the film's own aerated lung a pixel may be. Higher keeps more.",
    )


def insensitive_mask(
    soft: SoftLungs, film: Radiograph, parameters: InsensitiveParameters = InsensitiveParameters()
) -> LungMasks:
    """Make the anatomical lung field, consolidation included, by a low threshold."""
    shape = grid_shape(film.shape, _LONGEST)
    labels = _labelled(resize_soft(soft.of_kind("insensitive"), shape), parameters.threshold)
    step = Step("insensitive_mask", parameters)
    return LungMasks(resize_labels(labels, film.shape), "insensitive", record=soft.record + step)


def sensitive_mask(
    soft: SoftLungs, film: Radiograph, parameters: SensitiveParameters = SensitiveParameters()
) -> LungMasks:
    """Make the air cavity: a high threshold, and out with what is too bright for aerated lung."""
    shape = grid_shape(film.shape, _LONGEST)
    field_labels = _labelled(resize_soft(soft.of_kind("sensitive"), shape), parameters.threshold)
    labels = field_labels
    if parameters.air and field_labels.any():
        unit = to_unit(
            resize_soft(film.pixels, shape), robust_range(film.pixels, source=film.source or "film")
        )
        smooth = ndimage.gaussian_filter(unit, max(shape) * 0.01)
        values = smooth[field_labels > 0]
        middle = np.median(values)
        spread = 1.4826 * np.median(np.abs(values - middle)) + 1e-6
        air = smooth <= middle + (0.5 + parameters.tolerance) * spread
        labels = np.zeros_like(field_labels)
        for label in (1, 2):
            kept = largest_component(open_((field_labels == label) & air, max(shape) / 256))
            labels[fill_holes(kept)] = label
    step = Step("sensitive_mask", parameters)
    return LungMasks(resize_labels(labels, film.shape), "sensitive", record=soft.record + step)


def _labelled(membership: NDArray[np.float32], threshold: float) -> NDArray[np.uint8]:
    """Threshold both memberships; one connected, filled part a side, the stronger side where both claim."""
    right_wins = membership[0] >= membership[1]
    labels = np.zeros(membership.shape[1:], np.uint8)
    for side, wins in enumerate((right_wins, ~right_wins)):
        labels[fill_holes(largest_component((membership[side] >= threshold) & wins)) & (labels == 0)] = (
            side + 1
        )
    return labels
