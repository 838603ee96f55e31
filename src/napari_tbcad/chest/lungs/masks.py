"""The two masks of the method, made from a segmenter's soft lungs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.chest.lungs.air import excess
from napari_tbcad.chest.lungs.fields import LungMasks, MaskKind, SoftLungs
from napari_tbcad.imaging.grid import grid_shape, resize_soft
from napari_tbcad.imaging.morphology import disk, fill_holes, largest_component
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.memory import Memory, recall, resized_labels
from napari_tbcad.record import Parameters, Step, field

# Masks are worked out on at most this grid and then brought to the film's own, so that a slider stays
# quick and a 10 000 x 10 000 film small.
LONGEST = 512


class InsensitiveParameters(Parameters):
    """Parameters of :func:`insensitive_mask`."""

    threshold: float = field(
        0.25,
        title="Threshold",
        gt=0,
        lt=1,
        slider=True,
        description="Membership from which a pixel belongs to the anatomical lung field. Lower takes more.",
    )


class SensitiveParameters(Parameters):
    """Parameters of :func:`sensitive_mask`."""

    threshold: float = field(
        0.3,
        title="Threshold",
        gt=0,
        lt=1,
        slider=True,
        description="Membership from which a pixel can belong to the air cavity. Higher takes less.",
    )
    air: bool = field(True, title="Air only", description="Leave out what is too bright to be aerated lung.")
    tolerance: float = field(
        1.8,
        title="Air tolerance",
        unit="normal spreads",
        ge=-2,
        le=20,
        slider=True,
        description="How much brighter than normal lung at the same place a pixel may be. Higher keeps more.",
    )
    least_kept: float = field(
        0.2,
        title="Least kept",
        ge=0,
        le=1,
        more=True,
        description="Share of each lung that stays in any case, so that a white lung still has a shape.",
    )


def insensitive_mask(
    soft: SoftLungs,
    film: Radiograph,
    parameters: InsensitiveParameters = InsensitiveParameters(),
    *,
    memory: Memory | None = None,
) -> LungMasks:
    """Make the anatomical lung field, consolidation included, by a low threshold.

    Parameters
    ----------
    soft : SoftLungs
        Lungs of a segmenter; the early field is used where there is one.
    film : Radiograph
        The film, for its grid.
    parameters : InsensitiveParameters
        The threshold.
    memory : Memory, optional
        Keeps what does not depend on the parameters, so that the mask follows a slider.

    Returns
    -------
    LungMasks
        Labels on the film's own grid, one connected part a side without holes.
    """
    labels = _labelled(_membership(soft, film, "insensitive", memory), parameters.threshold)
    step = Step("insensitive_mask", parameters)
    labels = resized_labels(memory, "mask", labels, film.shape).copy()
    return LungMasks(labels, "insensitive", record=soft.record + step)


def sensitive_mask(
    soft: SoftLungs,
    film: Radiograph,
    parameters: SensitiveParameters = SensitiveParameters(),
    *,
    memory: Memory | None = None,
) -> LungMasks:
    """Make the air cavity: a high threshold, and out with what is too bright for aerated lung.

    Parameters
    ----------
    soft : SoftLungs
        Lungs of a segmenter after all its iterations.
    film : Radiograph
        Film with pixels (H, W), air dark.
    parameters : SensitiveParameters
        Threshold and intensity term.
    memory : Memory, optional
        Keeps what does not depend on the parameters, so that the mask follows a slider.

    Returns
    -------
    LungMasks
        Labels on the film's own grid, one connected part a side. An opacity that the lung surrounds is a
        hole; holes smaller than a thousandth of the picture are filled.
    """
    labels = _labelled(_membership(soft, film, "sensitive", memory), parameters.threshold)
    if parameters.air and labels.any():
        above = resize_soft(excess(film, labels, memory=memory), labels.shape)
        labels = _aerated(labels, above, parameters)
    step = Step("sensitive_mask", parameters)
    labels = resized_labels(memory, "mask", labels, film.shape).copy()
    return LungMasks(labels, "sensitive", record=soft.record + step)


def _membership(
    soft: SoftLungs, film: Radiograph, kind: MaskKind, memory: Memory | None
) -> NDArray[np.float32]:
    """Return the soft lungs of a kind, (2, h, w), on the grid on which masks are worked out."""
    shape = grid_shape(film.shape, LONGEST)
    return recall(memory, "membership", (soft, shape, kind), lambda: resize_soft(soft.of_kind(kind), shape))


def _aerated(
    labels: NDArray[np.uint8], above: NDArray[np.float32], parameters: SensitiveParameters
) -> NDArray[np.uint8]:
    """Keep the largest part of each lung whose excess is within the tolerance."""
    out = np.zeros_like(labels)
    cut = disk(max(labels.shape) / 256)
    for index, box in enumerate(ndimage.find_objects(labels, max_label=2)):
        if box is None:
            continue
        lung, excess_here = labels[box] == index + 1, above[box]
        kept = lung
        # What a patchy opacity leaves in specks is opened away: the least share may take a higher limit.
        for share in (parameters.least_kept, 0.4, 0.6, 0.8, 0.9):
            limit = max(parameters.tolerance, float(np.quantile(excess_here[lung], share)))
            kept = largest_component(ndimage.binary_opening(lung & (excess_here <= limit), cut))
            if kept.sum() >= parameters.least_kept * lung.sum():
                break
        else:
            kept = lung
        out[box][_without_small_holes(kept, lung, labels.size / 1000)] = index + 1
    return out


def _without_small_holes(mask: NDArray[np.bool_], lung: NDArray[np.bool_], area: float) -> NDArray[np.bool_]:
    """Give back to `mask` the parts of the lung outside it that are smaller than `area` pixels."""
    parts, _ = ndimage.label(lung & ~mask)
    small = np.bincount(parts.ravel()) < area
    small[0] = False
    # What is given back at the rim may only touch the mask, never make an island.
    return largest_component(mask | small[parts])


def _labelled(membership: NDArray[np.float32], threshold: float) -> NDArray[np.uint8]:
    """Threshold both memberships; one connected, filled part a side, the stronger side where both claim."""
    claimed = (membership >= threshold) & (membership > 0)
    claimed[0] &= membership[0] >= membership[1]
    claimed[1] &= ~claimed[0]
    labels = np.zeros(membership.shape[1:], np.uint8)
    for index, claim in enumerate(claimed):
        boxes = ndimage.find_objects(claim.view(np.uint8))
        if boxes:
            box = boxes[0]
            part = fill_holes(largest_component(claim[box]))
            labels[box][part & (labels[box] == 0)] = index + 1
    return labels
