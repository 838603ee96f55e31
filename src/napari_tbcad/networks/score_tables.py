"""Scores of images gathered into tables, with intervals by resampling patients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.networks.image_scores import DISTANCES, ImageScore, plain
from napari_tbcad.networks.scores import (
    RELIABILITY_BINS,
    SurfaceDistance,
    area_under,
    overlap,
)

SUMMARY_COLUMNS = ("source", "metric", "class", "value", "low", "high", "images", "patients", "note")

N_BOOTSTRAP = 1000
"""Resamples of patients behind every interval."""


@dataclass(frozen=True)
class Summary:
    """One number of a data set, with its interval.

    Parameters
    ----------
    source : str
        Collection, or ``"all"``.
    metric, group : str
        What was measured of what.
    value, low, high : float
        NaN where it is not defined.
    images, patients : int
        How many it rests on.
    note : str
        Which image, for the worst.
    """

    source: str
    metric: str
    group: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    images: int = 0
    patients: int = 0
    note: str = ""

    def row(self) -> dict[str, Any]:
        """Return the row of summary.csv."""
        return {
            "class" if name == "group" else name: plain(value)
            for name, value in ((n, getattr(self, n)) for n in self.__dataclass_fields__)
        }


def summarise(
    images: Sequence[ImageScore], *, n_bootstrap: int = N_BOOTSTRAP, random_state: int = 0
) -> list[Summary]:
    """Return every number of a data set, of all its images and of each collection.

    Parameters
    ----------
    images : sequence of ImageScore
        Of one label scheme.
    n_bootstrap : int, optional
        Resamples of patients for the 95 % percentile intervals; 0 gives none.
    random_state : int, optional
        Seed of the resamples.

    Returns
    -------
    list of Summary
        Pooled scores (``dice``, ``iou``, ``auc``, ``brier``, ``calibration_error``) come from the pixels of
        all images together, ``*_mean``, ``*_median`` and ``*_worst`` from images that have the class;
        ``missed`` is the share of these in which nothing of it was found, ``false_alarm`` the share of
        images without the class in which it was found.
    """
    if not images:
        return []
    parts = {"all": list(images)}
    sources = sorted({one.source for one in images})
    if len(sources) > 1:
        parts |= {name: [one for one in images if one.source == name] for name in sources}
    return [
        line
        for source, some in parts.items()
        for line in _Set(source, some, n_bootstrap, random_state).lines()
    ]


@dataclass
class _Set:
    """Images of one collection as arrays, and the patients drawn from it."""

    source: str
    images: list[ImageScore]
    n_bootstrap: int
    random_state: int
    owners: NDArray[np.intp] = dataclass_field(init=False)
    draws: NDArray[np.float64] = dataclass_field(init=False)

    def __post_init__(self) -> None:
        # An image that names no patient is its own.
        keys = [one.patient or f"\0{n}" for n, one in enumerate(self.images)]
        known = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        self.owners = np.array([known[key] for key in keys], np.intp)
        count = len(known)
        generator = np.random.default_rng(self.random_state)
        drawn = generator.multinomial(count, np.full(count, 1 / count), size=self.n_bootstrap)
        # Weight of every image in every resample.
        self.draws = drawn[:, self.owners].astype(np.float64)

    def lines(self) -> Iterator[Summary]:
        parts = overlap(np.array([one.counts for one in self.images]))
        groups = self.images[0].groups
        for index, group in enumerate(groups):
            hits, truth, found = (part[:, index] for part in parts)
            here, stack = truth > 0, np.stack([hits, truth, found], 1)
            pooled = {
                "dice": lambda s: 2 * s[..., 0] / (s[..., 1] + s[..., 2]),
                "iou": lambda s: s[..., 0] / (s[..., 1] + s[..., 2] - s[..., 0]),
            }
            for metric, of in pooled.items():
                # A class that is in no image has no score, whatever was found.
                yield self._pooled(metric, group, stack, of if here.any() else _undefined)
            yield from self._each("dice", group, np.where(here, parts.dice[:, index], np.nan), worst=min)
            yield from self._each("iou", group, np.where(here, parts.iou[:, index], np.nan))
            for unit, name in (("px", "distances"), ("mm", "distances_mm")):
                for metric, part in DISTANCES.items():
                    values = np.array([_distance(getattr(one, name), index, part) for one in self.images])
                    if np.isfinite(values).any():
                        yield from self._each(f"{metric}_{unit}", group, values, worst=max)
            nothing, something = (found == 0).astype(float), (found > 0).astype(float)
            yield self._mean("missed", group, np.where(here, nothing, np.nan))
            if not here.all():
                yield self._mean("false_alarm", group, np.where(here, np.nan, something))
            yield from self._probabilities(index, group)

    def _probabilities(self, index: int, group: str) -> Iterator[Summary]:
        pixels = [one.pixels for one in self.images]
        if any(each is None for each in pixels):
            return
        told = [each for each in pixels if each is not None]
        bins = told[0].positives.shape[-1]
        both = np.array([np.concatenate([each.positives[index], each.negatives[index]]) for each in told])
        yield self._pooled("auc", group, both, lambda s: area_under(s[..., :bins], s[..., bins:]))
        squares = np.array([[each.squares[index], each.n[index].sum()] for each in told])
        yield self._pooled("brier", group, squares, lambda s: s[..., 0] / s[..., 1])
        tenths = np.array(
            [np.concatenate([each.hits[index] - each.probability[index], each.n[index]]) for each in told]
        )
        yield self._pooled(
            "calibration_error",
            group,
            tenths,
            lambda s: np.abs(s[..., :RELIABILITY_BINS]).sum(-1) / s[..., RELIABILITY_BINS:].sum(-1),
        )

    def _pooled(
        self, metric: str, group: str, parts: NDArray[np.float64], of: Callable[[Any], Any]
    ) -> Summary:
        """Score of sums over images: of all, and of every resample."""
        with np.errstate(divide="ignore", invalid="ignore"):
            value, drawn = float(of(parts.sum(0))), of(self.draws @ parts)
        return self._line(metric, group, value, drawn, np.ones(len(parts), bool))

    def _mean(self, metric: str, group: str, values: NDArray[np.float64]) -> Summary:
        known = np.isfinite(values)
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = self.draws @ np.where(known, values, 0) / (self.draws @ known)
        value = float(values[known].mean()) if known.any() else float("nan")
        return self._line(metric, group, value, drawn, known)

    def _each(
        self, metric: str, group: str, values: NDArray[np.float64], *, worst: Callable[..., Any] | None = None
    ) -> Iterator[Summary]:
        """Mean, median and worst over the images that have a value."""
        yield self._mean(f"{metric}_mean", group, values)
        known = np.flatnonzero(np.isfinite(values))
        if not len(known):
            return
        # A median has no weights of its own: the resampled images are spelled out.
        drawn = [
            np.median(np.repeat(values[known], row[known].astype(int))) if row[known].any() else np.nan
            for row in self.draws
        ]
        value = float(np.median(values[known]))
        yield self._line(f"{metric}_median", group, value, np.array(drawn), np.isfinite(values))
        if worst is not None:
            at = int(worst(known, key=lambda n: values[n]))
            yield Summary(
                self.source,
                f"{metric}_worst",
                group,
                float(values[at]),
                images=len(known),
                patients=len(set(self.owners[known])),
                note=self.images[at].name,
            )

    def _line(
        self, metric: str, group: str, value: float, drawn: NDArray[np.float64], used: NDArray[np.bool_]
    ) -> Summary:
        drawn = np.asarray(drawn, np.float64)
        drawn = drawn[np.isfinite(drawn)]
        patients = len(set(self.owners[used]))
        if np.isnan(value) or not len(drawn) or patients < 2:
            low = high = float("nan")  # one patient has no spread
        else:
            low, high = (float(each) for each in np.quantile(drawn, [0.025, 0.975]))
        return Summary(self.source, metric, group, value, low, high, int(used.sum()), patients)


def _undefined(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.full(sums.shape[:-1], np.nan)


def _distance(distances: tuple[SurfaceDistance, ...], index: int, part: str) -> float:
    return float(getattr(distances[index], part)) if distances else float("nan")


def calibration_rows(images: Sequence[ImageScore]) -> list[Mapping[str, Any]]:
    """Return the reliability table: mean probability and observed share by tenth and group."""
    told = [one.pixels for one in images if one.pixels is not None]
    if not told:
        return []
    total = sum(told[1:], start=told[0])
    rows: list[Mapping[str, Any]] = []
    for index, group in enumerate(images[0].groups):
        for tenth in range(RELIABILITY_BINS):
            n = total.n[index, tenth]
            rows.append(
                {
                    "class": group,
                    "low": tenth / RELIABILITY_BINS,
                    "high": (tenth + 1) / RELIABILITY_BINS,
                    "pixels": int(n),
                    "mean_probability": total.probability[index, tenth] / n if n else None,
                    "observed_share": total.hits[index, tenth] / n if n else None,
                }
            )
    return rows


CALIBRATION_COLUMNS = ("class", "low", "high", "pixels", "mean_probability", "observed_share")
