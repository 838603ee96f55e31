"""How much features depend on who drew the masks: agreement of two sets of masks, feature by feature.

The intraclass correlation used is ICC(A,1): two-way, absolute agreement, one reader. It asks whether a second
reader's value could stand in for the first one's, so a constant shift between readers counts against it,
which it does not in a correlation or in ICC(C,1).

References
----------
K. O. McGraw, S. P. Wong, Forming inferences about some intraclass correlation coefficients, Psychological
Methods 1:30-46, 1996 (tables 4 and 7).
P. E. Shrout, J. L. Fleiss, Intraclass correlations: uses in assessing rater reliability, Psychological
Bulletin 86:420-428, 1979 (ICC(2,1) there).
T. K. Koo, M. Y. Li, A guideline of selecting and reporting intraclass correlation coefficients, J Chiropr
Med 15:155-163, 2016 (below 0.5 poor, 0.75 moderate, 0.9 good, above excellent).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.metrics import UNDEFINED, Figure

MEDIAN = "(median)"
"""Stands in the column feature for the median of a group."""

COLUMNS = ("feature", "group", "icc", "low", "high", "n", "bias", "pair", "bias_sd")


def icc(values: ArrayLike, *, level: float = 0.95) -> Figure:
    """Return the intraclass correlation ICC(A,1): two-way, absolute agreement, single reader.

    Parameters
    ----------
    values : (n, k) array-like of float
        n films measured by each of k readers.
    level : float
        Of the interval.

    Returns
    -------
    Figure
        Value and F-based interval; not defined with fewer than 3 films or where nothing varies.

    Notes
    -----
    With mean squares of rows R, columns C and error E of the two-way analysis of variance:
    ICC = (R − E) / (R + (k − 1) E + k (C − E) / n), McGraw and Wong, table 4; interval from their table 7,
    with Satterthwaite's degrees of freedom for the mixture of C and E.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] < 2:
        raise BadInput("agreement", "needs a table of films × at least two readers")
    n, k = x.shape
    if n < 3 or not np.isfinite(x).all() or np.ptp(x) == 0:
        return UNDEFINED
    x = (x - x.mean()) / x.std()
    rows, columns = x.mean(axis=1), x.mean(axis=0)
    r = k * float((rows**2).sum()) / (n - 1)
    c = n * float((columns**2).sum()) / (k - 1)
    e = float(((x - rows[:, None] - columns) ** 2).sum()) / ((n - 1) * (k - 1))
    if e <= 1e-24:
        # Nothing but a shift is between the readers: then F has no error to be measured by.
        value = r / (r + k * c / n)
        return Figure(value, value, value) if c <= 1e-24 else Figure(value, 0.0, 1.0)
    value = (r - e) / (r + (k - 1) * e + k * (c - e) / n)
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    freedom = (a * c + b * e) ** 2 / ((a * c) ** 2 / (k - 1) + (b * e) ** 2 / ((n - 1) * (k - 1)))
    tail = (1 + level) / 2
    lower, upper = stats.f.ppf(tail, n - 1, freedom), stats.f.ppf(tail, freedom, n - 1)
    rest = k * c + (k * n - k - n) * e
    low = n * (r - lower * e) / (lower * rest + n * r)
    high = n * (upper * r - e) / (rest + n * upper * r)
    return Figure(float(value), float(low), float(high))


def group_of(name: str) -> str:
    """Return the family of a feature by its name: shape, modes, firstorder, glcm, bands or opacity."""
    groups = {"mode_": "modes", "firstorder_": "firstorder", "glcm_": "glcm", "band_": "bands"}
    for prefix, group in groups.items():
        if name.startswith(prefix):
            return group
    return "opacity" if name.startswith("opacity") else "shape"


def stability(
    automatic: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    groups: dict[str, str] | None = None,
    pair: str = "automatic against reader",
) -> pd.DataFrame:
    """Compare features of the same films under two sets of masks.

    Parameters
    ----------
    automatic, reference : DataFrame
        Index the file, one column a feature; films and features of both are matched by name.
    groups : dict of str to str, optional
        Family of each feature; :func:`group_of` by default.
    pair : str
        What is compared, for the table.

    Returns
    -------
    DataFrame
        feature, group, icc, low, high, n, bias, pair, bias_sd: `bias` is the mean of first − second in the
        feature's unit, `bias_sd` the same over the spread (standard deviation between films) of the second.
        After the features one row a group, called ``(median)``: the median of its coefficients, with the
        first and third quartile of the features as low and high, and the median of the absolute biases.

    Raises
    ------
    BadInput
        If fewer than 3 films are in both tables.
    """
    both = automatic.index.intersection(reference.index)
    names = [str(name) for name in automatic.columns if name in reference.columns]
    if len(both) < 3 or not names:
        raise BadInput("agreement", f"{len(both)} films and {len(names)} features are in both tables")
    first, second = automatic.loc[both, names], reference.loc[both, names]
    family = {name: (groups or {}).get(name) or group_of(name) for name in names}
    rows = []
    for name in names:
        pairs = np.column_stack([first[name].to_numpy(np.float64), second[name].to_numpy(np.float64)])
        pairs = pairs[np.isfinite(pairs).all(axis=1)]
        found = icc(pairs) if len(pairs) else UNDEFINED
        bias = float((pairs[:, 0] - pairs[:, 1]).mean()) if len(pairs) else np.nan
        spread = float(pairs[:, 1].std(ddof=1)) if len(pairs) > 1 else np.nan
        relative = bias / spread if spread > 0 else np.nan
        rows.append((name, family[name], *found, len(pairs), bias, pair, relative))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return pd.concat([table, _medians(table, pair)], ignore_index=True)


def _medians(table: pd.DataFrame, pair: str) -> pd.DataFrame:
    rows = []
    for group, part in table.groupby("group", sort=False):
        known = part["icc"].dropna()
        ends = (known.median(), known.quantile(0.25), known.quantile(0.75))
        shift = part["bias_sd"].abs().median()
        rows.append((MEDIAN, group, *ends, int(part["n"].median()), np.nan, pair, shift))
    return pd.DataFrame(rows, columns=list(COLUMNS))
