"""Exchanging two methods' results patient by patient, for many exchanges at once.

References
----------
A. I. Bandos, H. E. Rockette, D. Gur, A permutation test sensitive to differences in areas for comparing ROC
curves from a paired design, Stat Med 24:2873, 2005.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from napari_tbcad.evaluate.resampling import exchanges
from napari_tbcad.evaluate.weighted import Judged, per_owner

Floats = NDArray[np.float64]

MEASURES = ("auc", "accuracy", "recall", "specificity", "brier")
"""What is tested, in the order of the columns of :func:`exchange_shifts`."""

_AT_ONCE = 500


def exchange_shifts(first: Judged, second: Judged, patients: int) -> Floats:
    """Return what each patient adds to the difference of each of :data:`MEASURES`: (P, 5).

    The difference is the sum over patients; exchanging both results of a patient turns the sign of what he or
    she adds. For the AUC, let ψ(x, y) be 1, ½ or 0 as the case's rank x lies above, on or below the control's
    y, and s = −1 where a film's results are exchanged, else 1. Then case i and control j add
    ½(s_i + s_j)[ψ(a_i, a_j) − ψ(b_i, b_j)] + ½(s_i − s_j)[ψ(a_i, b_j) − ψ(b_i, a_j)]: what i adds and what j
    adds.

    Parameters
    ----------
    first, second : Judged
        The same films in the same order.
    patients : int
        Number of owners.
    """
    y, n = first.truth, len(first.truth)
    right = (first.decision == y).astype(float) - (second.decision == y)
    square = (first.score - y) ** 2 - (second.score - y) ** 2
    cases, controls = max(1, int(y.sum())), max(1, int((~y).sum()))
    added = [_area_shifts(first, second), right / n, right * y / cases, right * ~y / controls, square / n]
    return per_owner(np.column_stack(added), first.owner, patients)


def _area_shifts(first: Judged, second: Judged) -> Floats:
    y = first.truth
    a, b = (stats.rankdata(films.score) for films in (first, second))
    beaten = {
        (one, other): _placed(x[y], z[~y])
        for one, x in (("a", a), ("b", b))
        for other, z in (("a", a), ("b", b))
    }
    out = np.zeros(len(y))
    for side, sign in ((0, 1.0), (1, -1.0)):
        alike = beaten["a", "a"][side] - beaten["b", "b"][side]
        mixed = beaten["a", "b"][side] - beaten["b", "a"][side]
        out[y if side == 0 else ~y] = (alike + sign * mixed) / 2
    return out / max(1, int(y.sum()) * int((~y).sum()))


def _placed(cases: Floats, controls: Floats) -> tuple[Floats, Floats]:
    """Return how many controls each case beats, and by how many cases each control is beaten; ties half."""

    def below(values: Floats, among: Floats) -> Floats:
        ordered = np.sort(among)
        both = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
        return np.asarray(both / 2)

    return below(cases, controls), len(cases) - below(controls, cases)


def exchanged_differences(shifts: Sequence[Floats], n: int, random_state: int) -> list[tuple[Floats, bool]]:
    """Return the differences under the same exchanges for several pairs.

    Parameters
    ----------
    shifts : sequence of (P, k) arrays
        Of :func:`exchange_shifts`; the same patients in all.
    n : int
        Exchanges, where there are not fewer.
    random_state : int

    Returns
    -------
    list of ((m, k) array, bool)
        And whether these are all exchanges there are.
    """
    if not shifts:
        return []
    together = np.concatenate(shifts, axis=1)
    patients = len(together)
    if patients < 60 and 2**patients <= n + 1:
        swapped, every = exchanges(patients, n, random_state)
        found = (1 - 2 * swapped) @ together
    else:
        every, generator = False, np.random.default_rng(random_state)
        sizes = [min(_AT_ONCE, n - at) for at in range(0, n, _AT_ONCE)]
        signs = (generator.integers(0, 2, (size, patients), np.int8) for size in sizes)
        found = np.concatenate([(1.0 - 2.0 * part) @ together for part in signs])
    ends = np.cumsum([one.shape[1] for one in shifts])[:-1]
    return [(part, every) for part in np.split(found, ends, axis=1)]
