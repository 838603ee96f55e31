"""How far two readers of one scan agree: on pixels, on classes, on the index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from statistics import fmean, stdev

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.schemes import HOTSPOT_CLASSES

CLASSES = tuple(label for label in HOTSPOT_CLASSES if label != "ignore")
"""Classes whose pixels are compared: an ignored hotspot makes no statement."""

_LIMITS = 1.96


@dataclass(frozen=True)
class Agreement:
    """Two readings of one scan side by side; of the hotspots that each reader judged.

    Parameters
    ----------
    shared : dict of str to (int, int)
        By class, the pixels that both gave it, and the sum of those that either did, over both views.
    pairs : tuple of (str, str)
        Classes that the two gave to each hotspot they have in common: one to one, of those that overlap
        the pairs with the greatest intersection over union in sum.
    first_only, second_only : int
        Hotspots of the one that overlap none of the other, or none that is left.
    bsi : tuple of (float, float) or None
        Index of the first and of the second; None where one is missing or they were computed in different
        ways.
    """

    shared: dict[str, tuple[int, int]] = dataclass_field(default_factory=dict)
    pairs: tuple[tuple[str, str], ...] = ()
    first_only: int = 0
    second_only: int = 0
    bsi: tuple[float, float] | None = None

    def dice(self, label: str) -> float | None:
        """Return Dice of a class, 2|A∩B| / (|A| + |B|); None where neither reader has a pixel of it."""
        both, sum_of = self.shared.get(label, (0, 0))
        return 2 * both / sum_of if sum_of else None

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa of the classes of common hotspots; see :func:`cohens_kappa`."""
        return cohens_kappa(self.pairs)

    @property
    def bsi_difference(self) -> float | None:
        """Second minus first, in % of the skeleton's mass."""
        return None if self.bsi is None else self.bsi[1] - self.bsi[0]


def agreement(
    first: Hotspots, second: Hotspots, *, bsi: tuple[float | None, float | None] = (None, None)
) -> Agreement:
    """Compare two readings of one scan.

    Parameters
    ----------
    first, second : Hotspots
        On the same grid. Hotspots that nobody judged are left out: two readers who kept what the program
        proposed do not agree by that.
    bsi : (float or None, float or None), optional
        Their indices, in %.

    Raises
    ------
    BadInput
        If they are not on the same grid.
    """
    shared = dict.fromkeys(CLASSES, (0, 0))
    pairs: list[tuple[str, str]] = []
    ours = theirs = 0
    for view in VIEWS:
        one, other = _judged(first, view), _judged(second, view)
        if one is None and other is None:
            continue
        if one is None or other is None or one.shape != other.shape:
            raise BadInput("agreement", f"the two readings have other pixels in the {view} view")
        for label in CLASSES:
            a, b = _of_class(one, first, label), _of_class(other, second, label)
            both, sum_of = shared[label]
            shared[label] = (both + int(np.count_nonzero(a & b)), sum_of + int(a.sum() + b.sum()))
        for i, j in common_hotspots(one, other):
            pairs.append((first.mark(i).label, second.mark(j).label))
        ours, theirs = ours + len(_ids(one)), theirs + len(_ids(other))
    known = None if None in bsi else (float(bsi[0]), float(bsi[1]))  # type: ignore[arg-type]
    return Agreement(shared, tuple(pairs), ours - len(pairs), theirs - len(pairs), known)


def common_hotspots(one: NDArray[np.uint16], other: NDArray[np.uint16]) -> list[tuple[int, int]]:
    """Pair the instances of two label images one to one, so that the sum of their IoU is greatest.

    Parameters
    ----------
    one, other : (H, W) array of uint16
        0 background; only instances that share a pixel are paired.

    Returns
    -------
    list of (int, int)
        Ids in `one` and in `other`.
    """
    ours, theirs = _ids(one), _ids(other)
    if not ours or not theirs:
        return []
    area, others_area = np.bincount(one.ravel()), np.bincount(other.ravel())
    both = (one > 0) & (other > 0)
    found, number = np.unique(np.stack([one[both], other[both]]), axis=1, return_counts=True)
    iou = np.zeros((len(ours), len(theirs)))
    rows, columns = np.searchsorted(ours, found[0]), np.searchsorted(theirs, found[1])
    iou[rows, columns] = number / (area[found[0]] + others_area[found[1]] - number)
    chosen = linear_sum_assignment(iou, maximize=True)
    return [(ours[i], theirs[j]) for i, j in zip(*chosen, strict=True) if iou[i, j] > 0]


def cohens_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Return Cohen's kappa of two readers' classes of the same hotspots.

    κ = (p_o − p_e) / (1 − p_e), p_o the share of equal classes, p_e the share expected if both gave theirs by
    chance. None without a hotspot, and where all classes of both readers are one: chance alone explains that.

    References
    ----------
    J. Cohen, A coefficient of agreement for nominal scales, Educ Psychol Meas 20:37-46, 1960.
    """
    if not pairs or len({label for pair in pairs for label in pair}) < 2:
        return None
    n = len(pairs)
    observed = sum(a == b for a, b in pairs) / n
    firsts, seconds = [a for a, _ in pairs], [b for _, b in pairs]
    by_chance = sum(firsts.count(label) * seconds.count(label) for label in HOTSPOT_CLASSES) / n**2
    return (observed - by_chance) / (1 - by_chance)


@dataclass(frozen=True)
class Pooled:
    """Agreement over the scans of a project.

    Parameters
    ----------
    scans : int
        Scans that two readers have read.
    dice : dict of str to float or None
        By class, of all pixels together.
    kappa : float or None
        Of all common hotspots together.
    common, first_only, second_only : int
        Hotspots.
    bsi : (float, float, float) or None
        Mean difference of the index, second minus first, and the limits of agreement, mean ± 1.96 standard
        deviations (Bland and Altman, Lancet 1:307-310, 1986); None for fewer than two scans.
    """

    scans: int
    dice: dict[str, float | None]
    kappa: float | None
    common: int
    first_only: int
    second_only: int
    bsi: tuple[float, float, float] | None

    def lines(self) -> list[str]:
        """Return the agreement in sentences."""
        if not self.scans:
            return ["No scan has been read by a second reader."]
        dice = ", ".join(
            f"{label.replace('_', '-')} {_number(value, 2)}" for label, value in self.dice.items()
        )
        lines = [
            f"Two readers: {self.scans} scan{'' if self.scans == 1 else 's'}; Dice {dice}",
            f"{self.common} common hotspots, {self.first_only} of the first and {self.second_only} of the "
            f"second reader alone; Cohen's kappa of classes {_number(self.kappa, 2)}",
        ]
        if self.bsi is not None:
            mean, low, high = self.bsi
            lines.append(
                f"BSI second − first: mean {mean:+.2f}, limits of agreement {low:+.2f} to {high:+.2f}"
            )
        return lines


def pooled(readings: Iterable[Agreement]) -> Pooled:
    """Return the agreement of all scans together: sums of pixels and hotspots, not means of ratios."""
    found = list(readings)
    sums = {
        label: tuple(sum(one.shared.get(label, (0, 0))[k] for one in found) for k in (0, 1))
        for label in CLASSES
    }
    pairs = [pair for one in found for pair in one.pairs]
    differences = [one.bsi_difference for one in found if one.bsi_difference is not None]
    return Pooled(
        len(found),
        {label: 2 * both / sum_of if sum_of else None for label, (both, sum_of) in sums.items()},
        cohens_kappa(pairs),
        len(pairs),
        sum(one.first_only for one in found),
        sum(one.second_only for one in found),
        _limits(differences),
    )


def _limits(differences: Sequence[float]) -> tuple[float, float, float] | None:
    n = len(differences)
    if n < 2:
        return None
    mean, spread = fmean(differences), _LIMITS * stdev(differences)
    return mean, mean - spread, mean + spread


def _judged(hotspots: Hotspots, view: ViewName) -> NDArray[np.uint16] | None:
    """Return the label image of the judged hotspots of a view."""
    labels = hotspots.labels(view)
    if labels is None:
        return None
    keep = np.zeros(int(labels.max(initial=0)) + 1, labels.dtype)
    for mark in hotspots.marks:
        if mark.view == view and mark.judged:
            keep[mark.id] = mark.id
    return keep[labels]


def _of_class(labels: NDArray[np.uint16], hotspots: Hotspots, label: str) -> NDArray[np.bool_]:
    wanted = [mark.id for mark in hotspots.marks if mark.label == label]
    return np.isin(labels, wanted)


def _ids(labels: NDArray[np.uint16]) -> list[int]:
    return [int(number) for number in np.unique(labels) if number]


def _number(value: float | None, digits: int) -> str:
    return "not known" if value is None else f"{value:.{digits}f}"
