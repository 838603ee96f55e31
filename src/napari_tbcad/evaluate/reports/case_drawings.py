"""Small vector pictures of numbers, drawn into the page: sharp on paper, readable without colour."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from napari_tbcad.chest.classify.normals import Place
from napari_tbcad.evaluate.reports.words import Words

SUSPECT, CLEAR = "#D55E00", "#0072B2"
"""Vermilion speaks for the finding, blue against it; words and sides say the same."""

_TEXT = "font-family='system-ui, sans-serif' fill='currentColor'"


def probability_bar(
    probability: float,
    threshold: float,
    ghost: float | None = None,
    *,
    text: Words,
    said: tuple[str, str] = ("", ""),
) -> str:
    """Draw a probability between 0 and 1, its threshold, and a ghost for comparison.

    Parameters
    ----------
    probability, threshold : float
    ghost : float, optional
        Another probability, drawn as a hollow diamond.
    text : Words
        Of the report: they write the numbers.
    said : (str, str)
        Words beside threshold and ghost.
    """
    left, wide, top, tall = 8, 584, 22, 20
    colour = SUSPECT if probability >= threshold else CLEAR
    parts = [
        f"<rect x='{left}' y='{top}' width='{wide}' height='{tall}' rx='4' "
        "fill='currentColor' opacity='.14'/>",
        f"<rect x='{left}' y='{top}' width='{max(3, wide * probability):.1f}' height='{tall}' rx='4' "
        f"fill='{colour}'/>",
        _tick(left + wide * min(max(threshold, 0), 1), top - 4, top + tall + 4),
        _words(left + wide * threshold, 14, f"{said[0]} {text.write(threshold, '.2f')}", (left, left + wide)),
        f"<text x='{left}' y='60' font-size='12' {_TEXT}>0</text>",
        f"<text x='{left + wide}' y='60' font-size='12' text-anchor='end' {_TEXT}>1</text>",
    ]
    if ghost is not None:
        x, y = left + wide * ghost, top + tall / 2
        points = f"{x - 6:.1f},{y} {x:.1f},{y - 8} {x + 6:.1f},{y} {x:.1f},{y + 8}"
        parts.append(
            f"<polygon points='{points}' fill='none' stroke='#fff' stroke-width='4'/>"
            f"<polygon points='{points}' fill='none' stroke='#111' stroke-width='1.8'/>"
        )
        parts.append(_words(x, 60, f"◇ {said[1]} {text.write(ghost, '.2f')}", (left + 12, left + wide - 12)))
    label = f"{text.write(probability, '.3f')}; {said[0]} {text.write(threshold, '.3f')}"
    if ghost is not None:
        label += f"; {said[1]} {text.write(ghost, '.3f')}"
    return _svg(600, 66, parts, label)


def gate_bar(probability: float | None, gate: float, text: Words) -> str:
    """Draw which side of a gate a probability lies on; an empty track without one."""
    parts = ["<rect x='2' y='6' width='216' height='10' rx='3' fill='currentColor' opacity='.14'/>"]
    if probability is not None:
        colour = SUSPECT if probability >= gate else CLEAR
        wide = max(2, 216 * probability)
        parts.append(f"<rect x='2' y='6' width='{wide:.1f}' height='10' rx='3' fill='{colour}'/>")
    parts.append(_tick(2 + 216 * min(max(gate, 0), 1), 2, 20))
    both = () if probability is None else (probability, gate)
    return _svg(220, 22, parts, " / ".join(text.write(one, ".3f") for one in both) or "–", width=220)


def signed_bars(rows: Sequence[tuple[str, float, str]], *, sides: tuple[str, str], text: Words) -> str:
    """Draw signed numbers as bars to either side of a line.

    Parameters
    ----------
    rows : sequence of (str, float, str)
        Name, number, and a note beside the name.
    sides : (str, str)
        What left and right mean.
    text : Words
        Of the report: they write the numbers.
    """
    if not rows:
        return ""
    step, top, middle, reach = 24, 24, 470, 112
    largest = max(abs(size) for _, size, _ in rows) or 1.0
    parts = [
        _side(middle - 8, f"◂ {sides[0]}", "end"),
        _side(middle + 8, f"{sides[1]} ▸", "start"),
    ]
    for number, (name, size, note) in enumerate(rows):
        y = top + step * number
        wide = reach * abs(size) / largest
        x = middle if size >= 0 else middle - wide
        colour = SUSPECT if size >= 0 else CLEAR
        parts.append(
            f"<rect x='{x:.1f}' y='{y}' width='{max(wide, 1):.1f}' height='15' rx='2' fill='{colour}'/>"
        )
        parts.append(
            f"<text x='0' y='{y + 12}' font-size='12' {_TEXT}>{escape(name)} "
            f"<tspan opacity='.7' font-size='11'>{escape(note)}</tspan></text>"
        )
        end = (middle + wide + 5, "start") if size >= 0 else (middle - wide - 5, "end")
        parts.append(_side(end[0], signed(size, text), end[1], y + 12))
    height = top + step * len(rows)
    parts.append(_tick(middle, top - 4, height, 1))
    said = "; ".join(f"{name} {text.write(size, '+.2f')}" for name, size, _ in rows)
    return _svg(640, height + 4, parts, said)


def range_bar(place: Place, said: str) -> str:
    """Draw where a value lies among normal films: a box their middle half, a line the rest, a mark the film.

    Parameters
    ----------
    place : Place
        Of a feature.
    said : str
        The same in words.
    """
    span = place.high - place.low
    if not span > 0:
        return ""
    wide, y = 96, 8

    def at(value: float) -> float:
        return 10 + (wide - 20) * min(max((value - place.low) / span, -0.05), 1.05)

    ends = (at(place.low), at(place.high))
    parts = [f"<line x1='{ends[0]}' x2='{ends[1]}' y1='{y}' y2='{y}' stroke='currentColor' opacity='.45'/>"]
    if place.middle is not None:
        first, last = map(at, place.middle)
        parts.append(
            f"<rect x='{first:.1f}' y='{y - 4}' width='{max(last - first, 1):.1f}' height='8' "
            "fill='currentColor' opacity='.22'/>"
        )
    parts.append(_tick(at(place.median), 3, 13, 1))
    x = at(place.value)
    if place.outside:
        side = 5 if place.outside > 0 else -5  # the triangle points outwards
        shape = f"{x:.1f},{y - 5} {x + side:.1f},{y} {x:.1f},{y + 5}"
        parts.append(f"<polygon points='{shape}' fill='{SUSPECT}'/>")
    else:
        parts.append(f"<circle cx='{x:.1f}' cy='{y}' r='3.6' fill='{CLEAR}'/>")
    return _svg(wide, 16, parts, said, width=wide)


def share_bars(rows: Sequence[tuple[str, float | None, str]], *, none: str, text: Words) -> str:
    """Draw parts of a sum as bars to the right; a row without a number says why.

    Parameters
    ----------
    rows : sequence of (str, float or None, str)
        Name, number, and a note behind it.
    none : str
        What stands where there is no number.
    text : Words
        Of the report: they write the numbers.
    """
    step, left, reach = 22, 110, 190
    largest = max((size for _, size, _ in rows if size), default=1.0) or 1.0
    parts, told = [], []
    for number, (name, size, note) in enumerate(rows):
        y = step * number
        parts.append(f"<text x='0' y='{y + 14}' font-size='12' {_TEXT}>{escape(name)}</text>")
        wide = 0.0 if not size else max(reach * size / largest, 1.0)
        if wide:
            parts.append(
                f"<rect x='{left}' y='{y + 3}' width='{wide:.1f}' height='14' rx='2' fill='{SUSPECT}'/>"
            )
        words = none if size is None else f"{text.write(size, '.2f')} %"
        told.append(f"{name} {words}")
        parts.append(
            f"<text x='{left + wide + 6:.1f}' y='{y + 14}' font-size='12' {_TEXT}>{escape(words)} "
            f"<tspan opacity='.7' font-size='11'>{escape(note)}</tspan></text>"
        )
    return _svg(560, step * len(rows) + 4, parts, "; ".join(told))


def scale(left: str, right: str, colours: Sequence[str], name: str) -> str:
    """Draw the colours of a map between two words; `name` tells two scales of one page apart."""
    stops = "".join(
        f"<stop offset='{n / (len(colours) - 1):.2f}' stop-color='{colour}'/>"
        for n, colour in enumerate(colours)
    )
    parts = [
        f"<defs><linearGradient id='{name}'>{stops}</linearGradient></defs>",
        f"<rect x='1' y='2' width='118' height='10' fill='url(#{name})' "
        "stroke='currentColor' stroke-opacity='.4'/>",
    ]
    bar = _svg(120, 14, parts, f"{left} – {right}", width=120)
    return f"<p class='note'>{escape(left)} {bar} {escape(right)}</p>"


def _tick(x: float, top: float, bottom: float, width: float = 2) -> str:
    ends = f"x1='{x:.1f}' x2='{x:.1f}' y1='{top}' y2='{bottom}'"
    return f"<line {ends} stroke='currentColor' stroke-width='{width}'/>"


def _side(x: float, said: str, anchor: str, y: float = 14) -> str:
    place = f"x='{x:.1f}' y='{y}' text-anchor='{anchor}'"
    return f"<text {place} font-size='11' {_TEXT}>{escape(said)}</text>"


def _words(x: float, y: float, said: str, within: tuple[float, float]) -> str:
    """Write words centred at x, or at the end of the line where they would leave it."""
    half = 3.1 * len(said)
    anchor, place = "middle", x
    if x - half < within[0]:
        anchor, place = "start", within[0]
    elif x + half > within[1]:
        anchor, place = "end", within[1]
    return (
        f"<text x='{place:.1f}' y='{y}' font-size='12' text-anchor='{anchor}' {_TEXT}>{escape(said)}</text>"
    )


def _svg(wide: int, tall: int, parts: Sequence[str], said: str, *, width: int | None = None) -> str:
    size = f"width='{width or wide}'"
    label = escape(said, quote=True)
    return f"<svg viewBox='0 0 {wide} {tall}' {size} role='img' aria-label='{label}'>{''.join(parts)}</svg>"


def signed(value: float, text: Words, digits: int = 2) -> str:
    """Return a number with its sign, a minus that is as wide as a plus."""
    return text.write(value, f"+.{digits}f").replace("-", "−")


def index_axis(
    readings: Sequence[tuple[float, str, str]], band: float, *, text: Words, unit: str = "%", said: str = ""
) -> str:
    """Draw numbers on a line from 0, each with the band within which a change may be chance.

    Parameters
    ----------
    readings : sequence of (float, str, str)
        Number, kind of mark (``"dot"``, ``"ring"`` or ``"tick"``) and name.
    band : float
        Half the width of the band of a dot.
    text : Words
        Of the report: they write the numbers.
    unit : str, optional
        Of the numbers.
    said : str, optional
        What the band means.
    """
    top = max(max((value for value, _, _ in readings), default=0.0) + 1.4 * band, 1.0)
    left, wide, y = 10, 560, 26

    def at(value: float) -> float:
        return left + wide * min(max(value / top, 0), 1)

    parts = [f"<line x1='{left}' x2='{left + wide}' y1='{y}' y2='{y}' stroke='currentColor' opacity='.5'/>"]
    for value in _round_steps(top):
        x = at(value)
        parts.append(_tick(x, y, y + 4) + _words(x, y + 17, f"{text.write(value, 'g')} {unit}", (6, 590)))
    for value, kind, _ in readings:
        x = at(value)
        if kind == "dot":
            low, high = at(value - band), at(value + band)
            parts.append(
                f"<rect x='{low:.1f}' y='{y - 7}' width='{high - low:.1f}' height='14' rx='3' "
                f"fill='{CLEAR}' opacity='.25'/><circle cx='{x:.1f}' cy='{y}' r='5.5' fill='{CLEAR}'/>"
            )
        elif kind == "ring":
            parts.append(
                f"<circle cx='{x:.1f}' cy='{y}' r='5.5' fill='none' stroke='{SUSPECT}' stroke-width='2'/>"
            )
        else:
            parts.append(_tick(x, y - 9, y + 9))
    marks = {"dot": "●", "ring": "○", "tick": "┃"}
    legend = "   ".join(
        f"{marks[kind]} {name} {text.write(value, '.2f')} {unit}" for value, kind, name in readings
    )
    parts.append(f"<text x='{left}' y='64' font-size='12' {_TEXT}>{escape(f'{legend}   ▭ {said}')}</text>")
    return _svg(600, 70, parts, legend)


def _round_steps(top: float) -> list[float]:
    step = next(one for one in (0.25, 0.5, 1, 2, 5, 10, 20, 50) if top / one <= 6)
    return [n * step for n in range(int(top / step) + 1)]
