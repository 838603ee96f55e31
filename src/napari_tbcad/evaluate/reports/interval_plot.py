"""A small plot of figures with their intervals, drawn as SVG: sharp on paper, in the page's own colours."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

Kind = Literal["lead", "other", "control", "loud"]
"""The leading score, another one, a control, a control that says something against the score."""

_AXIS, _VALUES, _ROW, _TOP = 330, 175, 24, 20
_LETTER = 7.6
"""Width that a letter of a label is given: SVG does not measure text."""


@dataclass(frozen=True)
class Mark:
    """One row: a figure with its interval, and how it is drawn."""

    label: str
    value: float
    low: float
    high: float
    said: str
    kind: Kind = "other"


def interval_plot(
    marks: Sequence[Mark],
    *,
    alt: str,
    lines: Sequence[tuple[float, str]] = ((0.5, ""),),
    floor: float = 0.4,
    number: Callable[[float], str] = "{:.1f}".format,
) -> str:
    """Return an SVG element: one row a mark on an axis up to 1.

    Parameters
    ----------
    marks : sequence of Mark
        Those without a value are left out.
    alt : str
        What is drawn, for those who cannot see it.
    lines : sequence of (float, str)
        Vertical lines and what stands above them.
    floor : float
        Where the axis begins, or lower where an interval does.
    number : callable, optional
        How a number is written on the axis.
    """
    shown = [mark for mark in marks if not math.isnan(mark.value)]
    if not shown:
        return ""
    lowest = min(_end(mark.low, mark.value) for mark in shown)
    start = min(floor, max(0.0, math.floor(lowest * 10) / 10))

    labels = min(480.0, 24 + _LETTER * max(len(mark.label) for mark in shown))

    def x(value: float) -> float:
        return labels + _AXIS * (min(max(value, start), 1.0) - start) / (1 - start)

    bottom = _TOP + _ROW * len(shown)
    width, height = round(labels) + _AXIS + _VALUES, bottom + 22
    parts = [_line(x(at), _TOP - 4, x(at), bottom, "var(--line)", dashes="4 3") for at, _ in lines]
    parts += [_text(x(at), 11, word, "middle", quiet=True) for at, word in lines if word]
    parts.append(_line(labels, bottom, labels + _AXIS, bottom, "var(--quiet)"))
    for tick in range(math.ceil(start * 10 - 1e-9), 11):
        parts.append(_line(x(tick / 10), bottom, x(tick / 10), bottom + 4, "var(--quiet)"))
        if tick % 2 == 0 or len(range(math.ceil(start * 10), 11)) <= 7:
            parts.append(_text(x(tick / 10), bottom + 17, number(tick / 10), "middle", quiet=True))
    for place, mark in enumerate(shown):
        parts += _row(mark, _TOP + _ROW * (place + 0.5), labels, x)
    return (
        f"<svg role='img' aria-label='{escape(alt)}' viewBox='0 0 {width} {height}' width='{width}' "
        f"height='{height}' font-size='13' fill='currentColor'>{''.join(parts)}</svg>"
    )


def _row(mark: Mark, y: float, labels: float, x: Callable[[float], float]) -> list[str]:
    colour = {"lead": "var(--blue)", "other": "var(--quiet)", "control": "var(--ink)", "loud": "var(--red)"}
    paint, at = colour[mark.kind], x(mark.value)
    if mark.kind in ("lead", "other"):
        shape = f"<circle cx='{at:.1f}' cy='{y:.1f}' r='5' fill='{paint}'/>"
    else:
        corners = f"{at:.1f},{y - 6:.1f} {at + 6:.1f},{y:.1f} {at:.1f},{y + 6:.1f} {at - 6:.1f},{y:.1f}"
        shape = f"<polygon points='{corners}' fill='var(--paper)' stroke='{paint}' stroke-width='2'/>"
    bold = mark.kind in ("lead", "loud")
    return [
        _text(labels - 12, y + 4.5, mark.label, "end", bold=bold),
        _line(x(_end(mark.low, mark.value)), y, x(_end(mark.high, mark.value)), y, paint, thick=2.5),
        shape,
        _text(labels + _AXIS + 14, y + 4.5, mark.said, "start", bold=bold),
    ]


def _end(value: float, otherwise: float) -> float:
    return otherwise if math.isnan(value) else value


def _line(
    x1: float, y1: float, x2: float, y2: float, paint: str, *, thick: float = 1, dashes: str = ""
) -> str:
    dash = f" stroke-dasharray='{dashes}'" if dashes else ""
    return (
        f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{paint}' "
        f"stroke-width='{thick}'{dash}/>"
    )


def _text(x: float, y: float, said: str, anchor: str, *, quiet: bool = False, bold: bool = False) -> str:
    weight = " font-weight='600'" if bold else ""
    paint = " fill='var(--quiet)' font-size='11'" if quiet else ""
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'{weight}{paint}>{escape(said)}</text>"
