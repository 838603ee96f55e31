"""How well a label image and its probabilities agree with the truth: sums that add up over images.

Every score is made from counts, so that a data set's score is that of all its pixels and an absent class
never scores 1. Pixels whose truth is 255 make no statement and count nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from napari_tbcad.errors import BadInput
from napari_tbcad.schemes import IGNORE

ANY = "any"
"""Name of the union of all classes but the background."""

AUC_BINS, RELIABILITY_BINS = 2048, 10
_LOGIT_RANGE = 14.0


def groups_of(classes: tuple[str, ...]) -> tuple[str, ...]:
    """Return what is scored: every class but the background and, where there are several, their union."""
    return (*classes[1:], ANY) if len(classes) > 2 else tuple(classes[1:])


def confusion(truth: NDArray[np.integer], found: NDArray[np.integer], n_classes: int) -> NDArray[np.int64]:
    """Count pixels by true and found class.

    Parameters
    ----------
    truth : (H, W) array of int
        Class ids; 255 where nothing is said.
    found : (H, W) array of int
        Class ids.
    n_classes : int
        K, the background included.

    Returns
    -------
    (K, K) array of int64
        Rows are true classes.

    Raises
    ------
    BadInput
        If the shapes differ or a value is none of the K ids.
    """
    if truth.shape != found.shape:
        raise BadInput("labels", f"the truth has {truth.shape} pixels, the prediction {found.shape}")
    said = truth != IGNORE
    true, other = truth[said].astype(np.int64), found[said].astype(np.int64)
    for values, name in ((true, "truth"), (other, "prediction")):
        if values.size and not 0 <= values.min() <= values.max() < n_classes:
            odd = sorted({int(v) for v in np.unique(values)} - set(range(n_classes)))
            raise BadInput(name, f"it has labels outside 0 to {n_classes - 1}: {odd[:5]}")
    return np.bincount(true * n_classes + other, minlength=n_classes**2).reshape(n_classes, n_classes)


class Overlap(NamedTuple):
    """Pixels by group (see :func:`groups_of`); arrays (..., G) of float64."""

    hits: NDArray[np.float64]
    truth: NDArray[np.float64]
    found: NDArray[np.float64]

    @property
    def dice(self) -> NDArray[np.float64]:
        """2 hits / (truth + found); NaN where a class is in neither."""
        return ratio(2 * self.hits, self.truth + self.found)

    @property
    def iou(self) -> NDArray[np.float64]:
        """Hits / union (Jaccard); NaN where a class is in neither."""
        return ratio(self.hits, self.truth + self.found - self.hits)


def overlap(counts: NDArray[np.number]) -> Overlap:
    """Return the overlaps of confusion matrices (..., K, K) by group."""
    matrices: NDArray[np.float64] = np.asarray(counts, np.float64)
    classes = np.arange(1, matrices.shape[-1])
    parts = (
        matrices[..., classes, classes],
        matrices.sum(-1)[..., 1:],
        matrices.sum(-2)[..., 1:],
    )
    if len(classes) == 1:
        return Overlap(*parts)
    union = (
        matrices[..., 1:, 1:].sum((-1, -2)),
        matrices[..., 1:, :].sum((-1, -2)),
        matrices[..., :, 1:].sum((-1, -2)),
    )
    return Overlap(*(np.concatenate([p, u[..., None]], -1) for p, u in zip(parts, union, strict=True)))


def ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one array over another of its shape; NaN where nothing is divided by."""
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)


def group_masks(labels: NDArray[np.integer], n_classes: int) -> list[NDArray[np.bool_]]:
    """Return the mask (H, W) of every group; 255 belongs to none."""
    masks = [labels == value for value in range(1, n_classes)]
    return [*masks, np.logical_or.reduce(masks)] if len(masks) > 1 else masks


def group_probabilities(probabilities: NDArray[np.floating]) -> list[NDArray[np.floating]]:
    """Return the probability (H, W) of every group, of (K, H, W)."""
    parts = list(probabilities[1:])
    return [*parts, np.clip(1 - probabilities[0], 0, 1)] if len(parts) > 1 else parts


class SurfaceDistance(NamedTuple):
    """Distances between two outlines, in the unit of the spacing; NaN where one of them is missing.

    Parameters
    ----------
    mean : float
        Mean over the pixels of both outlines of the distance to the other (average symmetric surface
        distance).
    p95 : float
        The larger of both directions' 95th percentiles (95 % Hausdorff distance).
    """

    mean: float
    p95: float


NO_DISTANCE = SurfaceDistance(float("nan"), float("nan"))


def surface_distance(
    truth: NDArray[np.bool_], found: NDArray[np.bool_], spacing: tuple[float, float] = (1.0, 1.0)
) -> SurfaceDistance:
    """Measure how far two outlines lie apart.

    Parameters
    ----------
    truth, found : (H, W) array of bool
        Masks. Their outlines are the mask pixels with a 4-neighbour outside (the image's edge counts).
    spacing : (float, float), optional
        Row and column spacing of the pixels.

    References
    ----------
    T. Heimann et al., IEEE TMI 28:1251, 2009 (average symmetric surface distance);
    D. P. Huttenlocher et al., IEEE PAMI 15:850, 1993 (Hausdorff distance).
    """
    ends = [_outline(mask) * np.asarray(spacing) for mask in (truth, found)]
    if not all(map(len, ends)):
        return NO_DISTANCE
    there, back = cKDTree(ends[1]).query(ends[0])[0], cKDTree(ends[0]).query(ends[1])[0]
    return SurfaceDistance(
        float(np.concatenate([there, back]).mean()),
        float(max(np.percentile(there, 95), np.percentile(back, 95))),
    )


def _outline(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.argwhere(mask & ~ndimage.binary_erosion(mask)).astype(np.float64)


@dataclass(frozen=True, eq=False)
class ProbabilityCounts:
    """What the probabilities of one or several images say, by group; may be added.

    Parameters
    ----------
    positives, negatives : (G, B) arrays of float64
        Pixels of the group and others by bin of the probability's logit.
    n, probability, hits : (G, R) arrays of float64
        Pixels, sum of their probabilities and pixels of the group, by bin of the probability.
    squares : (G,) array of float64
        Sum of squared differences of probability and truth.
    """

    positives: NDArray[np.float64]
    negatives: NDArray[np.float64]
    n: NDArray[np.float64]
    probability: NDArray[np.float64]
    hits: NDArray[np.float64]
    squares: NDArray[np.float64]

    @property
    def auc(self) -> NDArray[np.float64]:
        """Area under the ROC curve by group (G,)."""
        return area_under(self.positives, self.negatives)

    @property
    def brier(self) -> NDArray[np.float64]:
        """Mean squared difference of probability and truth by group (G,)."""
        return ratio(self.squares, self.n.sum(-1))

    @property
    def calibration_error(self) -> NDArray[np.float64]:
        """Mean |observed share − mean probability| over pixels by group (G,)."""
        return ratio(np.abs(self.hits - self.probability).sum(-1), self.n.sum(-1))

    def __add__(self, other: ProbabilityCounts) -> ProbabilityCounts:
        return ProbabilityCounts(
            *(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__)
        )


def probability_counts(
    truth: NDArray[np.integer], probabilities: NDArray[np.floating], region: NDArray[np.bool_] | None = None
) -> ProbabilityCounts:
    """Count pixels by probability.

    Parameters
    ----------
    truth : (H, W) array of int
        Class ids; 255 where nothing is said.
    probabilities : (K, H, W) array of float
        Probability of every class.
    region : (H, W) array of bool, optional
        Where pixels count; everywhere when not given.
    """
    counted = truth != IGNORE
    if region is not None:
        counted &= region
    columns: list[list[NDArray[np.float64]]] = [[] for _ in range(6)]
    for mask, field in zip(
        group_masks(truth, len(probabilities)), group_probabilities(probabilities), strict=True
    ):
        for column, value in zip(columns, _counted(mask[counted], field[counted]), strict=True):
            column.append(value)
    return ProbabilityCounts(*(np.array(column, np.float64) for column in columns))


def _counted(true: NDArray[np.bool_], probability: NDArray[np.floating]) -> tuple[NDArray[np.float64], ...]:
    p = np.clip(probability.astype(np.float64), 0, 1)
    # Bins even in the logit keep rare classes apart, whose probabilities crowd near 0.
    safe = np.clip(p, 1e-9, 1 - 1e-9)
    logit = np.log(safe / (1 - safe)) / _LOGIT_RANGE
    place = np.clip(((logit + 1) / 2 * AUC_BINS).astype(np.intp), 0, AUC_BINS - 1)
    tenth = np.minimum((p * RELIABILITY_BINS).astype(np.intp), RELIABILITY_BINS - 1)

    def sums(
        where: NDArray[np.intp], bins: int, weights: NDArray[np.floating] | None = None
    ) -> NDArray[np.float64]:
        return np.bincount(where, weights=weights, minlength=bins).astype(np.float64)

    return (
        sums(place[true], AUC_BINS),
        sums(place[~true], AUC_BINS),
        sums(tenth, RELIABILITY_BINS),
        sums(tenth, RELIABILITY_BINS, p),
        sums(tenth[true], RELIABILITY_BINS),
        np.square(p - true).sum(),
    )


def area_under(positives: NDArray[np.number], negatives: NDArray[np.number]) -> NDArray[np.float64]:
    """Return the area under the ROC curve of binned scores (..., B); pixels of one bin count half.

    NaN where one of both is empty.
    """
    positives, negatives = (np.asarray(each, np.float64) for each in (positives, negatives))
    below = np.cumsum(negatives, -1) - negatives / 2
    return ratio((positives * below).sum(-1), positives.sum(-1) * negatives.sum(-1))
