"""What a comparison on held-out patients allows to be said, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from napari_tbcad.widgets.training.curve_data import number

Against = Literal["packaged", "start"]
METRICS = {"dice": "Dice", "iou": "IoU"}
MEAN = "mean"
FEW = 10
"""Fewer patients than these show nothing about which of two networks is better."""
_SAME = 0.0005
"""Differences below this are none in the three digits that are told."""


@dataclass(frozen=True)
class Row:
    """One class by one metric.

    Parameters
    ----------
    name : str
        The class, or ``"mean"`` of all.
    new, other : float or None
        Scores; None where there is none.
    difference, low, high : float or None
        New minus other, and its 95 % interval.
    images, patients : int
        Behind the scores.
    """

    name: str
    new: float | None
    other: float | None
    difference: float | None
    low: float | None
    high: float | None
    images: int
    patients: int

    @property
    def sign(self) -> int:
        """1 where the interval lies above 0, −1 where below, 0 where it shows no difference."""
        if self.low is None or self.high is None or max(abs(self.low), abs(self.high)) < _SAME:
            return 0
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


def rows_of(judged: Mapping[str, Any], metric: str, against: Against = "packaged") -> list[Row]:
    """Return the rows of a metric, the mean first."""
    prefix = "" if against == "packaged" else "start_"
    rows = [
        Row(
            str(row.get("class", "")),
            number(row.get("new")),
            number(row.get(against)),
            number(row.get(f"{prefix}difference")),
            number(row.get(f"{prefix}low")),
            number(row.get(f"{prefix}high")),
            int(number(row.get("images")) or 0),
            int(number(row.get("patients")) or 0),
        )
        for row in judged.get("table", ())
        if row.get("metric") == metric
    ]
    return sorted(rows, key=lambda row: row.name != MEAN)


def others_of(judged: Mapping[str, Any]) -> dict[Against, str]:
    """Return the networks that the new one was compared with, as they are called in a sentence."""
    names = judged.get("names") or {}
    known: dict[Against, str] = {}
    if any(number(row.get("packaged")) is not None for row in judged.get("table", ())):
        known["packaged"] = "the packaged network"
    if names.get("start"):
        known["start"] = f"its start “{names['start']}”"
    return known


def seen_before(judged: Mapping[str, Any], against: Against) -> int:
    """Return how many held-out patients either network has learned from, as far as is known.

    What the start has learned the new network knows as well: its score is too good beside any other.
    """
    start = int(number(judged.get("learned_start")) or 0)
    return start if against == "start" else max(start, int(number(judged.get("learned")) or 0))


def is_fair(judged: Mapping[str, Any], against: Against) -> bool:
    """Return whether the intervals may be read as differences between the networks."""
    return patients_of(judged) >= FEW and not seen_before(judged, against)


def patients_of(judged: Mapping[str, Any]) -> int:
    """Return the number of held-out patients."""
    given = number(judged.get("patients"))
    most = (int(number(row.get("patients")) or 0) for row in judged.get("table", ()))
    return int(given) if given is not None else max(most, default=0)


def sentence(judged: Mapping[str, Any], metric: str = "dice", against: Against = "packaged") -> str:
    """Return in plain words what the comparison shows."""
    rows, patients = rows_of(judged, metric, against), patients_of(judged)
    mean = next((row for row in rows if row.name == MEAN), rows[0] if len(rows) == 1 else None)
    if not patients or mean is None or mean.new is None:
        return "Nobody is held out: how good the network is on other patients cannot be said."
    name = f"mean {METRICS[metric]}"
    scores = f"{name} {mean.new:.3f}"
    held = f"{patients} patient{'s' if patients > 1 else ''}"
    other = others_of(judged).get(against)
    if mean.other is None or other is None:
        return f"There is no other network to compare with: {scores} on {held} held out."
    scores += f", {other} {mean.other:.3f}"
    if (seen := seen_before(judged, against)) > 0:
        who = other
        if against == "packaged" and not number(judged.get("learned")):
            who = "the network it was started from"
        return (
            f"{who[0].upper()}{who[1:]} has learned from {seen} of the {held} held out: "
            f"which one is better for others cannot be said. Here: {scores}."
        )
    if patients < FEW:
        return f"Only {held} held out: too few to say which network is better. Here: {scores}."
    if mean.low is None or mean.high is None:
        return f"No interval could be drawn, so nothing can be said of the difference. Here: {scores}."
    return _claim(mean, name, other, held, scores) + _but(rows, mean.sign)


def _claim(mean: Row, name: str, other: str, held: str, scores: str) -> str:
    low, high = mean.low or 0.0, mean.high or 0.0
    if mean.sign:
        word = "Higher" if mean.sign > 0 else "Lower"
        near, far = sorted((abs(low), abs(high)))
        return (
            f"{word} {name} than {other}: {mean.new:.3f} instead of {mean.other:.3f}, "
            f"by {near:.3f} to {far:.3f} (95 % interval, {held})."
        )
    if max(abs(low), abs(high)) < _SAME:
        return f"The same as {other}, to three digits: {scores} ({held})."
    return (
        f"No difference that {held} can show: {scores}; the difference lies between "
        f"{signed(low)} and {signed(high)} (95 % interval)."
    )


def _but(rows: list[Row], sign: int) -> str:
    """Name the classes that got worse: a mean hides them."""
    worse = [row.name for row in rows if row.name != MEAN and row.sign < 0]
    if not worse or sign < 0:
        return ""
    named = worse[0] if len(worse) == 1 else f"{', '.join(worse[:-1])} and {worse[-1]}"
    return f" Lower for {named}."


def signed(value: float) -> str:
    """Return a number with its sign, three digits."""
    return f"{value:+.3f}".replace("-", "−") if abs(value) >= _SAME else "0.000"
