"""Which hotspots a table shows, and where: a row keeps its place until the person sorts again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from napari_tbcad.widgets.bone.hotspot_table.words import WORDS, place_of

ID, PLACE, CLASS, AREA, RATIO, PROBABILITY, NEED, LINK = range(8)
"""The columns."""


@dataclass(frozen=True)
class Filter:
    """Which hotspots are shown.

    Parameters
    ----------
    label : str or None
        Of this class only.
    view : str or None
        Of this view only.
    judged : bool or None
        Those that a person judged, or those that none did.
    text : str
        Words that all stand in number, place, class or origin; a number alone is that hotspot's.
    """

    label: str | None = None
    view: str | None = None
    judged: bool | None = None
    text: str = ""

    @property
    def on(self) -> bool:
        """Whether it keeps anything back."""
        return self != Filter()

    def lets(self, row: Any) -> bool:
        """Tell whether a hotspot is shown."""
        if self.label is not None and row.label != self.label:
            return False
        if self.view is not None and row.view != self.view:
            return False
        if self.judged is not None and row.judged is not self.judged:
            return False
        said = (
            f"{place_of(row)} {row.view} {row.nearest_region or ''} {WORDS[row.label]} {row.origin}".lower()
        )
        return all(
            row.id == int(word) if word.isdecimal() else word in said for word in self.text.lower().split()
        )


class RowOrder:
    """The rows of a table in order; nothing jumps under the hand while a person judges.

    A row has its place from the last time the table was sorted, also when its class or area differs since.
    What was made later follows at the end, what was taken away and comes back stands where it stood.

    Attributes
    ----------
    column : int
        The column sorted by.
    descending : bool
    filter : Filter
    """

    def __init__(self) -> None:
        self.column, self.descending = NEED, True
        self.filter = Filter()
        self._places: dict[int, int] = {}

    def forget(self) -> None:
        """Sort anew when rows come next: they are others."""
        self._places.clear()

    def sort(self, column: int, *, descending: bool) -> None:
        """Sort by a column when rows come next."""
        self.column, self.descending = column, descending
        self.forget()

    def arrange(self, rows: Iterable[Any], *, held: Collection[int] = ()) -> tuple[Any, ...]:
        """Return the rows shown, from above.

        Parameters
        ----------
        rows : iterable of HotspotRow
            All there are.
        held : collection of int
            Hotspots that stay in sight whatever the filter: those the person is at.
        """
        rows = tuple(rows)
        if not any(row.id in self._places for row in rows):
            self.forget()
        new = [row for row in rows if row.id not in self._places]
        if not self._places:
            # By number within equals, whichever way round.
            new.sort(key=lambda row: row.id)
            new.sort(key=lambda row: sort_key(row, self.column), reverse=self.descending)
        first = max(self._places.values(), default=-1) + 1
        self._places.update({row.id: first + place for place, row in enumerate(new)})
        lets = self.filter.lets if self.filter.on else None
        shown = [row for row in rows if lets is None or row.id in held or lets(row)]
        return tuple(sorted(shown, key=lambda row: self._places[row.id]))

    def next_to_judge(self, rows: Sequence[Any], current: int | None, step: int = 1) -> int | None:
        """Return the next hotspot that needs a person's eye, after the last the first.

        Parameters
        ----------
        rows : sequence of HotspotRow
            As they are shown.
        current : int or None
            Where the person is; it may be gone, or not shown.
        step : {1, -1}
            Onwards or back.

        Returns
        -------
        int or None
            When all are judged simply the next one; None without rows.
        """
        end = -1 if step > 0 else len(self._places)
        here = self._places.get(current, end) if current is not None else end
        ways = list(rows) if step > 0 else list(rows)[::-1]
        ahead = [row for row in ways if (self._places[row.id] - here) * step > 0]
        behind = [row for row in ways if (self._places[row.id] - here) * step < 0]
        others = ahead + behind
        following = [row for row in others if not row.judged] or others or ways
        return following[0].id if following else None


def sort_key(row: Any, column: int) -> Any:
    """Return what a column is sorted by."""
    if column == PLACE:
        return place_of(row)
    if column == CLASS:
        return (WORDS[row.label], row.judged)
    numbers = {
        ID: row.id,
        AREA: row.area_px,
        RATIO: -1.0 if row.ratio_contralateral is None else row.ratio_contralateral,
        PROBABILITY: -1.0 if row.probability is None else row.probability,
        NEED: need(row),
        LINK: -1 if row.linked is None else row.linked,
    }
    return float(numbers[column])


def need(row: Any) -> float:
    """Return how much a hotspot needs a person's eye: those judged come after all others."""
    if row.judged:
        return -2.0
    return -0.5 if row.uncertainty is None else row.uncertainty
