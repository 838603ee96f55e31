"""Texts and numbers as a reader of one language expects them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from string import Formatter
from typing import Any, Literal

from napari_tbcad.evaluate.page_tables import Cell

Language = Literal["en", "id"]

Texts = Mapping[str, str]
"""What is written in one language, by key, with places for :meth:`str.format`."""

_TO = {"en": " to ", "id": " sampai "}


@dataclass(frozen=True)
class Words:
    """Everything that is written on a page in one language.

    Parameters
    ----------
    language : {"en", "id"}
        Indonesian writes a decimal comma.
    texts : mapping of str to str
        See :data:`Texts`.
    digits : int
        Decimals of figures between 0 and 1: what the number of films can tell apart.
    """

    language: Language
    texts: Texts
    digits: int = 3

    def __call__(self, key: str, **fill: Any) -> str:
        """Return a text with its places filled; numbers among them have the language's decimal mark."""
        return _Filling(self).format(self.texts[key], **fill)

    def name(self, kind: str, raw: Any) -> str:
        """Return the name of something from a table, such as a method; as it is when there is no text."""
        return self.texts.get(f"{kind}_{raw}", str(raw))

    def number(self, value: Any, digits: int | None = None) -> str:
        """Return a number; a dash where it is not defined."""
        found = as_float(value)
        if math.isnan(found):
            return "–"
        text = f"{found:.{self.digits if digits is None else digits}f}"
        text = text.replace("-", "−") if float(text) else text.lstrip("-")
        return self.marked(text)

    def write(self, value: float, spec: str) -> str:
        """Return a number as :func:`format` writes it, with the language's decimal mark.

        Parameters
        ----------
        value : float
        spec : str
            Such as ``".3f"``.
        """
        return self.marked(format(value, spec))

    def marked(self, number: str) -> str:
        """Return a number that stands with a decimal point with the mark of the language."""
        return number.replace(".", ",") if self.language == "id" else number

    def signed(self, value: Any, digits: int | None = None) -> str:
        """Return a difference with its sign."""
        text = self.number(value, digits)
        return f"+{text}" if as_float(value) > 0 and text.strip("0.,") and text != "–" else text

    def count(self, value: Any) -> str:
        """Return a whole number; a dash where it is not known."""
        found = as_float(value)
        return "–" if math.isnan(found) else f"{found:.0f}"

    def percent(self, share: Any) -> str:
        """Return a share between 0 and 1 in per cent."""
        found = as_float(share)
        return "–" if math.isnan(found) else f"{self.number(100 * found, 0)} %"

    def p(self, value: Any) -> str:
        """Return a p value as it stands in a sentence after "p": ``= 0.03``, ``< 0.001``."""
        found = as_float(value)
        if math.isnan(found):
            return "–"
        if found < 0.001:
            return f"< {self.number(0.001, 3)}"
        return f"= {self.number(found, 3 if found < 0.1 else 2)}"

    def p_cell(self, value: Any) -> str:
        """Return a p value as it stands in a table."""
        return self.p(value).removeprefix("= ")

    def interval(self, low: Any, high: Any, digits: int | None = None) -> str:
        """Return the ends of an interval; empty where they are not defined."""
        ends = as_float(low), as_float(high)
        if any(math.isnan(end) for end in ends):
            return ""
        said = [self.number(end, digits) for end in ends]
        between = _TO[self.language] if any(one.startswith("−") for one in said) else "–"
        return between.join(said)

    def said(self, value: Any, low: Any, high: Any, digits: int | None = None) -> str:
        """Return a value and its interval as they stand in a sentence: ``0.93 (0.89–0.96)``."""
        within = self.interval(low, high, digits)
        return self.number(value, digits) + (f" ({within})" if within else "")

    def cell(self, value: Any, low: Any, high: Any, digits: int | None = None) -> Cell:
        """Return a value and its interval as they stand in a table."""
        return Cell(self.number(value, digits), self.interval(low, high, digits))

    def figure(self, row: Mapping[Any, Any], name: str, digits: int | None = None) -> Cell:
        """Return the cell of a figure: columns `name`, `name_low` and `name_high` of a row."""
        return self.cell(*ends(row, name), digits)

    def figure_said(self, row: Mapping[Any, Any], name: str, digits: int | None = None) -> str:
        """Return :meth:`figure` for a sentence."""
        return self.said(*ends(row, name), digits)

    def duration(self, seconds: Any) -> str:
        """Return a time in its handiest unit."""
        found = as_float(seconds)
        if math.isnan(found):
            return "–"
        for unit, size in (("hours", 3600), ("minutes", 60)):
            if found >= 2 * size:
                return self(unit, n=self.number(found / size, 1))
        return self("seconds", n=self.number(found, 0 if found >= 10 else 1))


class _Filling(Formatter):
    """Fills the places of a text; names, versions and paths are no numbers and stay as they are."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def format_field(self, value: Any, format_spec: str) -> str:
        said: str = super().format_field(value, format_spec)
        return self._words.marked(said) if isinstance(value, Real) else said


def ends(row: Mapping[Any, Any], name: str) -> tuple[float, float, float]:
    """Return a figure of a row and its interval; NaN for what is missing."""
    value, low, high = (as_float(row.get(f"{name}{end}")) for end in ("", "_low", "_high"))
    return value, low, high


def as_float(value: Any) -> float:
    """Return a cell of a table as a number; NaN when it is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
