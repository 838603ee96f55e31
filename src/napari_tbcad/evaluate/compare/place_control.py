"""What each method's score is worth beside that of place alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from napari_tbcad.evaluate.compare.answers import PRIMARY, Answer, Row
from napari_tbcad.evaluate.compare.layout import interval, number
from napari_tbcad.evaluate.compare.report_texts import Texts
from napari_tbcad.evaluate.compare.study import PLACE, method_title

if TYPE_CHECKING:
    from napari_tbcad.evaluate.compare.tables import Results

COLUMNS = (
    *("source", "view", "method", "scheme", "metric", "class", "value", "low", "high"),
    *("control", "control_value", "control_low", "control_high", "level", "patients"),
)
"""Of controls.csv."""


@dataclass(frozen=True)
class Controlled:
    """F1 of abnormal pixels of a method, and of the control that never sees the scan."""

    row: Row
    control: Row

    @property
    def level(self) -> str:
        """``"red"`` where the control's value lies within the method's interval or above it, else ""."""
        low, value = self.row.estimate.low, self.control.estimate.value
        # Of a single patient there is no interval, and nothing that could be told apart.
        return "" if value < low else "red"


def controlled(answer: Answer | None) -> list[Controlled]:
    """Return every method beside the control; nothing where the control was not run."""
    rows = [one for one in answer.rows if one.key == PRIMARY and one.judged == "own"] if answer else []
    controls = {one.view: one for one in rows if one.method == PLACE}
    return [
        Controlled(one, controls[one.view]) for one in rows if one.method != PLACE and one.view in controls
    ]


def control_rows(found: Results) -> list[Mapping[str, Any]]:
    """Return the rows of controls.csv."""
    return [
        {
            **{name: getattr(one.row, name) for name in ("source", "view", "method", "scheme")},
            "metric": one.row.key[0],
            "class": one.row.key[1],
            **{name: getattr(one.row.estimate, name) for name in ("value", "low", "high", "patients")},
            "control": PLACE,
            "control_value": one.control.estimate.value,
            "control_low": one.control.estimate.low,
            "control_high": one.control.estimate.high,
            "level": one.level,
        }
        for answer in found.answers
        if answer.question == "networks"
        for one in controlled(answer)
    ]


def control_lines(answer: Answer | None, text: Texts) -> Iterator[str]:
    """Yield a sentence a view: which methods are no better than place alone; none where all are."""
    loud = [one for one in controlled(answer) if one.level]
    for view, some in groupby(loud, key=lambda one: one.row.view):
        ours = list(some)
        names = [f"{method_title(o.row.method)} ({number(o.row.estimate.value)})" for o in ours]
        last = f"{text['and']}{names[-1]}" if len(names) > 1 else names[-1]
        control = ours[0].control.estimate
        yield text["place_warning"].format(
            view=text[f"view_{view}"],
            methods=", ".join(names[:-1]) + last,
            value=f"{number(control.value)} {interval(control.low, control.high, 3)}",
        )
