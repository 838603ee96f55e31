"""Where a film lies among the normal films that a model was trained on."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, model_validator

if TYPE_CHECKING:
    import pandas as pd

    from napari_tbcad.chest.classify.card import ModelCard

LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Quantiles kept of each feature: enough to place a film, too few to tell a single patient's values."""


class NormalFilms(BaseModel):
    """Features and grey levels of the films without tuberculosis that a model was trained on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int = 0
    """Number of films; 0 when the card keeps none."""
    levels: tuple[float, ...] = LEVELS
    quantiles: dict[str, tuple[float, ...]] = {}
    """Quantiles of each measured feature, at `levels`."""
    grey_edges: tuple[float, ...] = ()
    """Edges of the bins of the lungs' grey levels, 0…256 on the 8-bit scale."""
    grey_low: tuple[float, ...] = ()
    """10 % quantile over films of the share of lung pixels in each bin."""
    grey_median: tuple[float, ...] = ()
    grey_high: tuple[float, ...] = ()
    """90 % quantile."""

    @model_validator(mode="after")
    def _fits(self) -> NormalFilms:
        rising = all(a < b for a, b in pairwise(self.levels))
        if not rising or 0.5 not in self.levels:
            raise ValueError("levels must rise and hold the median")
        for name, values in self.quantiles.items():
            falls = any(a > b for a, b in pairwise(values))
            if len(values) != len(self.levels) or falls:
                raise ValueError(f"{name}: one quantile a level, none falling, is wanted")
        bins = max(len(self.grey_edges) - 1, 0)
        if any(len(part) != bins for part in (self.grey_low, self.grey_median, self.grey_high)):
            raise ValueError("grey levels: one share a bin is wanted")
        return self


@dataclass(frozen=True)
class Place:
    """Where a value lies among the normal films.

    Parameters
    ----------
    value : float
        The film's value.
    median : float
        Of the normal films.
    low, high : float
        Ends of the range that is kept: the outermost quantiles (2.5 and 97.5 %); the median less and
        plus one spread on a card without quantiles.
    middle : (float, float) or None
        25 and 75 % quantiles; None when not kept.
    percentile : float or None
        0 to 100, between the kept quantiles by linear interpolation; None beyond them or when not kept.
    outside : int
        −1 below `low`, 1 above `high`, 0 between.
    beyond : (float, float) or None
        The outermost levels in per cent, such as (2.5, 97.5); None on a card without quantiles.
    n : int
        Number of normal films.
    """

    value: float
    median: float
    low: float
    high: float
    middle: tuple[float, float] | None
    percentile: float | None
    outside: int
    beyond: tuple[float, float] | None
    n: int

    @property
    def text(self) -> str:
        """A few words: ``percentile 93``, ``< 2.5 %``, ``> 97.5 %``, or ``+1.4 σ`` without quantiles."""
        if self.beyond is None:
            return f"{(self.value - self.median) / (self.high - self.median):+.1f} σ"
        if self.percentile is None:
            return f"< {self.beyond[0]:g} %" if self.outside < 0 else f"> {self.beyond[1]:g} %"
        return f"percentile {self.percentile:.0f}"

    @property
    def sentence(self) -> str:
        """All that is known: ``percentile 93 among 600 normal films; median 5.8, …``."""
        films = f"{self.n} normal films" if self.n else "the normal films"
        if self.beyond is None:
            spread = self.high - self.median
            return f"{self.text} from the median of {films}, {self.median:.4g} ± {spread:.3g}"
        words = {-1: f"{self.text}: lower than nearly all of", 1: f"{self.text}: higher than nearly all of"}
        said = words.get(self.outside, f"{self.text} among")
        text = f"{said} {films}; median {self.median:.4g}"
        if self.middle is not None:
            text += f", middle half {self.middle[0]:.4g} to {self.middle[1]:.4g}"
        share = self.beyond[1] - self.beyond[0]
        return f"{text}, {share:g} % lie between {self.low:.4g} and {self.high:.4g}"


def normal_films(features: pd.DataFrame, grey: pd.DataFrame | None = None) -> NormalFilms:
    """Summarise normal films for a model's card.

    Parameters
    ----------
    features : DataFrame
        One row a normal film, one column a feature; a column with a value that is not finite is left out.
    grey : DataFrame, optional
        One row a film, one column a bin of :data:`napari_tbcad.chest.views.GREY_EDGES`: the share of the
        lungs' pixels in it (:func:`napari_tbcad.chest.views.lung_histogram`).

    Returns
    -------
    NormalFilms
        Quantiles by linear interpolation between the films, with seven digits.
    """
    from napari_tbcad.chest.views import GREY_EDGES

    if features.empty:
        return NormalFilms()
    values = features.to_numpy(dtype=np.float64)
    table = np.quantile(values, LEVELS, axis=0)
    kept = {
        str(name): _digits(table[:, column])
        for column, name in enumerate(features.columns)
        if np.isfinite(values[:, column]).all()
    }
    bands: dict[str, tuple[float, ...]] = {}
    if grey is not None and not grey.empty:
        low, median, high = np.quantile(grey.to_numpy(dtype=np.float64), (0.1, 0.5, 0.9), axis=0)
        bands = {
            "grey_edges": tuple(map(float, GREY_EDGES)),
            "grey_low": _digits(low),
            "grey_median": _digits(median),
            "grey_high": _digits(high),
        }
    return NormalFilms(n=len(features), quantiles=kept, **bands)  # type: ignore[arg-type]


def place(card: ModelCard, name: str, value: float) -> Place | None:
    """Return where a film's value of a feature lies among the normal films of a model.

    Between two kept quantiles the percentile is interpolated linearly; a value that several quantiles
    share gets the middle of theirs. Beyond the outermost ones no percentile is claimed.

    Parameters
    ----------
    card : ModelCard
        Its `normal`, or, on an older card, `normal_median` and `normal_spread`.
    name : str
        Name of the feature.
    value : float
        The film's.

    Returns
    -------
    Place or None
        None when the card keeps nothing of this feature, or the value is not finite.
    """
    value = float(value)
    if not math.isfinite(value):
        return None
    known = card.normal.quantiles.get(name)
    if known is None:
        return _by_spread(card, name, value)
    levels = card.normal.levels
    quarters = all(level in levels for level in (0.25, 0.75))
    middle = (known[levels.index(0.25)], known[levels.index(0.75)]) if quarters else None
    outside = -1 if value < known[0] else 1 if value > known[-1] else 0
    return Place(
        value=value,
        median=known[levels.index(0.5)],
        low=known[0],
        high=known[-1],
        middle=middle,
        percentile=None if outside else 100 * _level_of(value, known, levels),
        outside=outside,
        beyond=(100 * levels[0], 100 * levels[-1]),
        n=card.normal.n,
    )


def _level_of(value: float, known: tuple[float, ...], levels: tuple[float, ...]) -> float:
    first, last = bisect_left(known, value), bisect_right(known, value) - 1
    if first <= last:
        return (levels[first] + levels[last]) / 2
    share = (value - known[last]) / (known[first] - known[last])
    return levels[last] + share * (levels[first] - levels[last])


def _by_spread(card: ModelCard, name: str, value: float) -> Place | None:
    if name not in card.feature_names or len(card.normal_median) != len(card.feature_names):
        return None
    index = card.feature_names.index(name)
    median, spread = card.normal_median[index], card.normal_spread[index]
    low, high = median - spread, median + spread
    outside = -1 if value < low else 1 if value > high else 0
    return Place(value, median, low, high, None, None, outside, None, card.n_normal)


def _digits(values: ArrayLike) -> tuple[float, ...]:
    return tuple(float(f"{value:.7g}") for value in np.asarray(values))
