"""Lesions: which true ones the found ones mark, and the free-response curve of a set of views.

A found hotspot marks a true one when its centroid lies on it, or else when at least a third of its pixels lie
on true ones: then that with most of them. One mark finds one lesion, so that a blob over half the skeleton
does not find all of its lesions; several marks on one lesion find it once, and none of them is false. What
marks nothing is false, also a benign hotspot called abnormal.

References
----------
P. C. Bunch et al., A free response approach to the measurement and characterization of radiographic observer
performance, Proc SPIE 127:124-135, 1977.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.candidates_instances import find_instances
from napari_tbcad.bone.candidates_maps import pixel_mm
from napari_tbcad.bone.candidates_network import SCORE_MM, NetworkParameters
from napari_tbcad.imaging.bonescan import BoneScan, ScanView
from napari_tbcad.schemes import BONE_SCHEMES, IGNORE

POINTS = (1, 2, 3, 5, 8)
"""False positives a view at which sensitivities are told."""

MISSED = -1.0
"""Score of a lesion that nothing marks."""

_SHARE = 1 / 3
_LEAST = 0.01
_AROUND = np.ones((3, 3), bool)


@dataclass(frozen=True)
class LesionScores:
    """What one view says of lesions; scores are in [0, 1].

    Parameters
    ----------
    lesions : tuple of float
        The highest score that marks each true lesion, or :data:`MISSED`.
    false : tuple of float
        Score of each found lesion that marks none, falling.
    """

    lesions: tuple[float, ...]
    false: tuple[float, ...]

    @property
    def highest(self) -> float:
        """Highest score of all, 0 without any."""
        return max((0.0, *self.lesions, *self.false))


def score_lesions(
    labels: NDArray[np.integer], probabilities: NDArray[np.float32], scheme: str
) -> LesionScores:
    """Compare found abnormal hotspots with the true ones of a view.

    True lesions are the connected components (8 neighbours) of the abnormal label. Found ones are the
    instances of the program (:func:`~napari_tbcad.bone.candidates_instances.find_instances`), made without
    any threshold. Their score is how surely they are abnormal: the smoothed probability of being a hotspot
    times the abnormal class's share in it, which is 1 where a scheme has no normal hotspots. An instance of
    which more than half lies where the labels make no statement counts for nothing, unless it marks a lesion.

    Parameters
    ----------
    labels : (H, W) array of int
        Values of the scheme, or 255.
    probabilities : (K, H, W) array of float32
        Of the scheme's classes.
    scheme : {"4", "3"}
    """
    ids = BONE_SCHEMES[scheme].ids
    true, number = ndimage.label(labels == ids["abnormal"], _AROUND)
    instances, scores = found_lesions(probabilities, scheme)
    hits = marked(true, instances, len(scores))
    unsaid = _share_of(labels == IGNORE, instances, len(scores)) > 0.5
    best = np.full(number + 1, MISSED)
    np.maximum.at(best, hits, scores)
    false = scores[(hits == 0) & ~unsaid]
    return LesionScores(
        tuple(np.round(best[1:], 4).tolist()), tuple(np.round(np.sort(false)[::-1], 4).tolist())
    )


def found_lesions(
    probabilities: NDArray[np.float32], scheme: str
) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
    """Return the instances (H, W) that a method found, numbered from 1, and how surely each is abnormal (n,).

    Those below 0.01 are left out: they are hundreds in a view, and far beyond any operating point.
    """
    ids = BONE_SCHEMES[scheme].ids
    hot = np.zeros((2, *probabilities.shape[1:]), np.float32)
    hot[0] = probabilities[ids["abnormal"]]
    if ids["normal"] != ids["bone"]:
        hot[1] = probabilities[ids["normal"]]
    spacing, _ = pixel_mm(BoneScan(ScanView(hot[0]), None))
    sigma = SCORE_MM / spacing[0], SCORE_MM / spacing[1]
    labels, found = find_instances(hot, edge=NetworkParameters().edge, sigma=sigma)
    kept = [one for one in found if one.score * one.abnormal >= _LEAST]
    table = np.zeros(len(found) + 1, np.uint16)
    table[[one.id for one in kept]] = np.arange(1, len(kept) + 1)
    return table[labels], np.array([one.score * one.abnormal for one in kept], np.float64)


def marked(true: NDArray[np.integer], found: NDArray[np.integer], number: int) -> NDArray[np.int64]:
    """Return which true lesion each found one marks, by the rule of this module's text.

    Parameters
    ----------
    true, found : (H, W) array of int
        Lesions by number, 0 elsewhere.
    number : int
        Found lesions; each has at least one pixel.

    Returns
    -------
    (number,) array of int64
        Number of the true lesion, 0 for none.
    """
    if not number:
        return np.zeros(0, np.int64)
    places = np.flatnonzero(found)
    ids, under = found.ravel()[places].astype(np.int64), true.ravel()[places].astype(np.int64)
    rows, columns = np.divmod(places, found.shape[1])
    size = np.bincount(ids, minlength=number + 1)[1:]
    centre = [
        np.rint(np.bincount(ids, weights=axis, minlength=number + 1)[1:] / size).astype(np.int64)
        for axis in (rows, columns)
    ]
    hits = true[centre[0], centre[1]].astype(np.int64)
    width = int(true.max()) + 1
    shared = np.bincount(ids * width + under, minlength=(number + 1) * width).reshape(-1, width)[1:, 1:]
    if shared.size:
        enough = shared.sum(1) >= _SHARE * size
        hits = np.where((hits == 0) & enough, shared.argmax(1) + 1, hits)
    return hits


def _share_of(mask: NDArray[np.bool_], found: NDArray[np.integer], number: int) -> NDArray[np.float64]:
    """Return the share (number,) of each found lesion's pixels that lie in a mask."""
    ids = found.ravel().astype(np.int64)
    size = np.bincount(ids, minlength=number + 1)[1:]
    return np.bincount(ids, weights=mask.ravel(), minlength=number + 1)[1:] / np.maximum(size, 1)


@dataclass(frozen=True, eq=False)
class Curve:
    """A free-response curve; one entry an operating point, from the strictest on.

    Parameters
    ----------
    false : (P,) array of float64
        False positives a view.
    sensitivity : (P,) array of float64
        Share of the lesions found, in [0, 1]; NaN where there is no lesion.
    threshold : (P,) array of float64
        Least score of what counts as found; the first is infinite.
    """

    false: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    threshold: NDArray[np.float64]

    def at(self, points: Sequence[float] = POINTS) -> NDArray[np.float64]:
        """Return sensitivity and threshold (len(points), 2) at the last operating point with so few.

        Nothing is interpolated: a threshold exists for every number. A method that never makes as many false
        positives is given its last point.
        """
        where = np.searchsorted(self.false, np.asarray(points, float), side="right") - 1
        return np.stack([self.sensitivity[where], self.threshold[where]], axis=1)


class FreeResponse:
    """The scores of many views, sorted once, so that curves of patients drawn again are quick.

    Parameters
    ----------
    lesions : sequence of sequences of float
        By view, the score of each true lesion, negative where it was missed.
    false : sequence of sequences of float
        By view, the scores of false ones.
    """

    def __init__(self, lesions: Sequence[Sequence[float]], false: Sequence[Sequence[float]]) -> None:
        self.n_views = len(lesions)
        views = np.arange(self.n_views)
        true_scores = np.array([score for one in lesions for score in one], np.float64)
        false_scores = np.array([score for one in false for score in one], np.float64)
        owner = np.repeat(views, [len(one) for one in lesions])
        # Every lesion counts in the denominator, only those that something marks are events.
        self._lesions = np.bincount(owner, minlength=self.n_views).astype(np.float64)
        hit = true_scores >= 0
        scores = np.concatenate([true_scores[hit], false_scores])
        order = np.argsort(-scores, kind="stable")
        self._scores = scores[order]
        self._owner = np.concatenate([owner[hit], np.repeat(views, [len(one) for one in false])])[order]
        self._true = np.repeat([True, False], [int(hit.sum()), len(false_scores)])[order]
        # Equal scores pass a threshold together: the curve has a point behind the last of them.
        self._ends = np.flatnonzero(np.append(np.diff(self._scores) != 0, True)[: len(self._scores)])

    @property
    def n_lesions(self) -> int:
        """True lesions of all views."""
        return int(self._lesions.sum())

    def curve(self, weights: NDArray[np.number] | None = None) -> Curve:
        """Return the curve.

        Parameters
        ----------
        weights : (n_views,) array, optional
            How often each view is counted, such as how often its patient was drawn; once when not given.
        """
        times: NDArray[np.float64] = (
            np.ones(self.n_views) if weights is None else np.asarray(weights, np.float64)
        )
        each = times[self._owner]
        found = np.cumsum(np.where(self._true, each, 0))[self._ends]
        false = np.cumsum(np.where(self._true, 0, each))[self._ends]
        total, views = float(times @ self._lesions), float(times.sum())
        share = np.append(0, found) / total if total else np.full(len(found) + 1, np.nan)
        return Curve(
            np.append(0, false) / max(views, 1e-300), share, np.append(np.inf, self._scores[self._ends])
        )
