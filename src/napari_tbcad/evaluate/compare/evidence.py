"""What runs say about patients, in arrays, and the measures that are made from them.

A measure of a set of patients is computed from their sums, never as a mean over patients: F1 and IoU from the
pixels of all, sensitivity from the lesions of all, the index's error from the patients. So patients can be
drawn again by weights, and the evidence of two methods can be mixed patient by patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.evaluate.compare.free_response import DrawnResponse
from napari_tbcad.evaluate.compare.lesions import POINTS
from napari_tbcad.evaluate.compare.run_scores import common_counts
from napari_tbcad.networks.scores import area_under, overlap
from napari_tbcad.schemes import FOUR_CLASS, THREE_CLASS

Key = tuple[str, str]
"""Metric and class (or ``"image"``, ``"index"``)."""

Measured = dict[Key, NDArray[np.float64]]
"""One value (B,) a set of weights, by metric; NaN where it is not defined."""

GRID = (0.125, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)
"""False positives a view at which the free-response curve is drawn, those of the tables among them."""

WORKING_POINT = 3.0
"""False positives a view at which methods are tested, and at whose threshold clean views are looked at."""

CALLED = 0.5
"""Least score with which a view counts as called abnormal: what no method was tuned to."""


class Evidence(Protocol):
    """What one run says; weights are by patient, in the order of `patients`."""

    @property
    def patients(self) -> tuple[str, ...]:
        """Names, the same and in the same order in everything that is compared."""

    def measures(self, mixture: Mixture, points: Sequence[float] = GRID) -> Measured:
        """Return all measures of a mixture of evidence of this kind."""


Mixture = Sequence[tuple[Any, NDArray[np.float64]]]
"""Evidence of one kind, each with weights (B, P) of its patients."""

E = TypeVar("E", bound=Evidence)


def sensitivity_at(point: float) -> str:
    """Return the metric's name of lesion sensitivity at so many false positives a view."""
    return f"sensitivity_at_{point:g}"


def owner_name(row: Any) -> str:
    """Return whose an image is; one that names no patient is its own."""
    return row.patient or f"\0{row.image}"


def call_score(row: Any) -> float:
    """Return how surely a view is called abnormal: a classifier's probability, or the best lesion's score."""
    return float(row.probability if hasattr(row, "probability") else row.image_score)


def _owners(rows: Sequence[Any], patients: Sequence[str]) -> NDArray[np.intp]:
    place = {name: number for number, name in enumerate(patients)}
    return np.array([place[owner_name(row)] for row in rows], np.intp)


def _by_patient(values: NDArray[Any], owners: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    """Sum the rows (n, ...) of every patient."""
    out = np.zeros((count, *values.shape[1:]))
    np.add.at(out, owners, values)
    return out


def ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a quotient, NaN where the divisor is 0."""
    below = np.asarray(below, np.float64)
    return np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=below > 0)


class CallEvidence:
    """Which views a run calls abnormal, and how surely.

    Parameters
    ----------
    rows : sequence
        ImageRow or the classifier's rows.
    patients : sequence of str
        Whom the rows belong to.
    """

    def __init__(self, rows: Sequence[Any], patients: Sequence[str]) -> None:
        self.patients = tuple(patients)
        self._owners = _owners(rows, patients)
        self._abnormal = np.array([row.abnormal for row in rows], bool)
        self._scores = np.array([call_score(row) for row in rows], np.float64)
        called = self._scores >= CALLED
        cells = [self._abnormal & called, self._abnormal, ~self._abnormal & ~called, ~self._abnormal]
        self._cells = _by_patient(np.stack(cells, 1).astype(float), self._owners, len(patients))

    def measures(self, mixture: Mixture, points: Sequence[float] = GRID) -> Measured:
        """Return AUC, and sensitivity and specificity at a score of :data:`CALLED`."""
        cells = sum(weights @ one._cells for one, weights in mixture)
        out: Measured = {
            ("auc", "image"): self._auc(mixture),
            ("sensitivity", "image"): ratio(cells[:, 0], cells[:, 1]),
            ("specificity", "image"): ratio(cells[:, 2], cells[:, 3]),
        }
        return out

    @staticmethod
    def _auc(mixture: Mixture) -> NDArray[np.float64]:
        scores = np.concatenate([one._scores for one, _ in mixture])
        abnormal = np.concatenate([one._abnormal for one, _ in mixture])
        order = np.argsort(scores, kind="stable")
        starts = np.flatnonzero(np.append(True, np.diff(scores[order]) > 0))
        weights = np.concatenate([given[:, one._owners] for one, given in mixture], axis=1)[:, order]
        sick = abnormal[order]
        positive = np.add.reduceat(np.where(sick, weights, 0), starts, axis=1)
        negative = np.add.reduceat(np.where(sick, 0, weights), starts, axis=1)
        return area_under(positive, negative)


class ViewEvidence:
    """What a segmenting run found in the views of some patients.

    Parameters
    ----------
    rows : sequence of ImageRow
    patients : sequence of str
        Whom they belong to.
    scheme : {"4", "3"}
    common : bool, optional
        Judge in the classes that both schemes have: normal hotspots, true and found, count as bone.
    """

    def __init__(
        self, rows: Sequence[Any], patients: Sequence[str], scheme: str, *, common: bool = False
    ) -> None:
        self.patients = tuple(patients)
        n = len(self.patients)
        self._owners = _owners(rows, patients)
        counts = np.array([row.counts for row in rows], np.int64)
        names = (THREE_CLASS if common or scheme == THREE_CLASS.name else FOUR_CLASS).names
        self.classes = tuple(names[value] for value in sorted(names))
        counts = common_counts(counts, scheme) if common else counts
        self._counts = _by_patient(counts.astype(float), self._owners, n)
        self._calls = CallEvidence(rows, patients)
        self._lesions = [row.lesions for row in rows]
        self._false = [row.false for row in rows]
        each = np.array([len(row.false) for row in rows], np.float64)
        self._false_counts = _by_patient(each, self._owners, n)
        self._clean = np.array([not row.abnormal for row in rows], bool)

    def measures(self, mixture: Mixture, points: Sequence[float] = GRID) -> Measured:
        """Return measures of pixels, lesions and views.

        Pixels: ``accuracy``, ``f1`` and ``iou`` by class, ``iou`` of ``"mean"`` over the classes but the
        background. A class of which the labels have no pixel has none of them, whatever was found. Lesions:
        sensitivity at `points` false positives a view; false positives in clean views at the threshold that
        makes :data:`WORKING_POINT` of them in all views; how many a view there are without a threshold
        (``false_at_most``). Views: see :class:`CallEvidence`.
        """
        return {
            **self._pixels(mixture),
            **self._free_response(mixture, points),
            **self._calls.measures([(one._calls, weights) for one, weights in mixture]),
        }

    def _pixels(self, mixture: Mixture) -> Measured:
        k = len(self.classes)
        counts = sum(weights @ one._counts.reshape(-1, k * k) for one, weights in mixture)
        counts = counts.reshape(-1, k, k)
        parts = overlap(counts)
        there = parts.truth > 0
        f1, iou = (np.where(there, value, np.nan) for value in (parts.dice, parts.iou))
        # Which classes the mean is over is fixed by all patients, lest it jump when one is not drawn.
        known = sum(one._counts.sum(0).sum(-1)[1:] for one, _ in mixture) > 0
        mean = iou[:, : k - 1][:, known].mean(1) if known.any() else np.full(len(counts), np.nan)
        right, all_pixels = np.trace(counts, axis1=1, axis2=2), counts.sum((1, 2))
        out: Measured = {("accuracy", "all"): ratio(right, all_pixels), ("iou", "mean"): mean}
        for index, name in enumerate(self.classes[1:]):
            out["f1", name], out["iou", name] = f1[:, index], iou[:, index]
        return out

    @staticmethod
    def _free_response(mixture: Mixture, points: Sequence[float]) -> Measured:
        free = DrawnResponse(
            [one for each, _ in mixture for one in each._lesions],
            [one for each, _ in mixture for one in each._false],
            np.concatenate([each._clean for each, _ in mixture]),
        )
        weights = np.concatenate([given[:, each._owners] for each, given in mixture], axis=1)
        found, wrong = free.at(weights, points, WORKING_POINT)
        all_false = sum(given @ each._false_counts for each, given in mixture)
        out: Measured = {
            (sensitivity_at(point), "abnormal"): found[:, index] for index, point in enumerate(points)
        }
        out["false_in_clean_views", "abnormal"] = wrong
        out["false_at_most", "abnormal"] = ratio(all_false, weights.sum(1))
        return out


class IndexEvidence:
    """The Bone Scan Index of patients, found and of the labels, in %.

    Parameters
    ----------
    rows : sequence of IndexRow
    patients : sequence of str
        One for each row, in any order.
    """

    def __init__(self, rows: Sequence[Any], patients: Sequence[str]) -> None:
        self.patients = tuple(patients)
        by_name = {row.patient: row for row in rows}
        found = np.array([by_name[name].index for name in self.patients], np.float64)
        truth = np.array([by_name[name].reference for name in self.patients], np.float64)
        error = found - truth
        # Centred, so that sums of squares keep their digits.
        x, y = truth - truth.mean(), found - found.mean()
        self._middle = np.array([truth.mean(), found.mean()])
        self._sums = np.stack([np.ones_like(x), np.abs(error), error, x, y, x * x, y * y, x * y], 1)

    def measures(self, mixture: Mixture, points: Sequence[float] = GRID) -> Measured:
        """Return the mean absolute error, the bias (found − labels) and the correlation r with the labels."""
        total = sum(weights @ one._shifted(self._middle) for one, weights in mixture)
        n, absolute, error, x, y, xx, yy, xy = total.T
        spread = (xx - ratio(x * x, n)) * (yy - ratio(y * y, n))
        # Where one side is constant, rounding leaves something near 0 of either sign.
        defined = spread > 1e-20
        r = np.divide(xy - ratio(x * y, n), np.sqrt(np.where(defined, spread, 1)))
        return {
            ("mae", "index"): ratio(absolute, n),
            ("bias", "index"): ratio(error, n),
            ("r", "index"): np.where(defined, r, np.nan),
        }

    def _shifted(self, middle: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sums about another centre."""
        dx, dy = self._middle - middle
        one, absolute, error, x, y, *_ = self._sums.T
        x, y = x + dx, y + dy
        return np.stack([one, absolute, error, x, y, x * x, y * y, x * y], 1)


TABLE_POINTS = tuple(float(point) for point in POINTS)
"""False positives a view in the tables."""
