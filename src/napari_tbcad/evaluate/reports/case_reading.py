"""Which reading of a case a report is of, and what it says of the others."""

from __future__ import annotations

from html import escape
from pathlib import Path

from napari_tbcad.case import Case, Reading
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.reports.words import Words


def chosen(case: Case, number: int | None, source: str | Path) -> int:
    """Return the index of the reading that is reported.

    Parameters
    ----------
    case : Case
    number : int or None
        Counted from 1; the last finished reading, else the last, when not given.
    source : str or Path
        Of the case, for the message.

    Raises
    ------
    BadInput
        If the case has no such reading.
    """
    if number is not None:
        if not 1 <= number <= len(case.readings):
            has = "one reading" if len(case.readings) == 1 else f"readings 1 to {len(case.readings)}"
            raise BadInput(source, f"there is no reading {number}: it has {has}")
        return number - 1
    finished = [n for n, one in enumerate(case.readings) if one.finished]
    return finished[-1] if finished else len(case.readings) - 1


def when_of(reading: Reading) -> str:
    """Return the time of a reading to the minute, UTC."""
    return moment(reading.when)


def moment(when: str) -> str:
    """Return an ISO time as ``2026-11-22 14:05 UTC``; as it is where it is none."""
    day, middle, clock = when.partition("T")
    return f"{day} {clock[:5]} UTC" if middle and len(clock) >= 5 else when


def reader_of(reading: Reading, text: Words) -> str:
    """Return who read, or that nobody said."""
    return reading.reader or text("nobody")


def list_of_readings(case: Case, index: int, text: Words) -> str:
    """Return all readings as a table, the reported one marked; empty where it is the only one.

    Nothing of what the others found is told, so that it also stands before a blinded reader.
    """
    if len(case.readings) < 2:
        return ""
    rows = []
    for number, one in enumerate(case.readings):
        mark = f"<b>{text('this_one')}</b>" if number == index else ""
        cells = (str(number + 1), reader_of(one, text), text(f"verdict_{one.verdict}"), when_of(one))
        rows.append(
            "<tr>" + "".join(f"<td class='l'>{escape(c)}</td>" for c in cells) + f"<td>{mark}</td></tr>"
        )
    head = "".join(f"<th class='l'>{text(name)}</th>" for name in ("number", "reader", "state", "when"))
    body = f"<table><thead><tr>{head}<th></th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    lead = f"<h3>{text('readings')}</h3><p class='note'>{text('readings_lead')}</p>"
    return f"{lead}<div class='scroll'>{body}</div>"
