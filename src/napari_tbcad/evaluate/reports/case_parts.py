"""What the reports of films and bone scans gather and put together in the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from napari_tbcad.case import Case, Reading
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.page import page
from napari_tbcad.evaluate.reports.case_privacy import bare
from napari_tbcad.evaluate.reports.case_record import edit_table, record_list
from napari_tbcad.evaluate.reports.case_sections import STYLE, Head, complaints_section, head, name_of
from napari_tbcad.evaluate.reports.words import Words

Image = TypeVar("Image")


@dataclass(frozen=True, eq=False, kw_only=True)
class CaseSubject:
    """What every report of a case tells.

    Parameters
    ----------
    case : Case
    index : int
        Which of its readings, from 0.
    folders : tuple of str
        Folders that its texts may name and the report must not.
    missing : str
        Why its image is not at hand.
    notes : tuple of str
        What is at hand now that is not what the reading was made with, and what could not be done.
    """

    case: Case
    index: int
    folders: tuple[str, ...] = ()
    missing: str = ""
    notes: tuple[str, ...] = ()

    @property
    def reading(self) -> Reading:
        """The reading that is reported."""
        return self.case.readings[self.index]


@dataclass(frozen=True)
class Body:
    """What a report says between its head and its end.

    Parameters
    ----------
    facts : mapping of str to str
        Of the image.
    complaints : sequence of str
        Of the program.
    found : sequence of str
        HTML before the complaints.
    models : str
        HTML at the end.
    measured : str
        HTML between complaints and record.
    """

    facts: Mapping[str, str]
    complaints: Sequence[str]
    found: Sequence[str]
    models: str
    measured: str = ""


def case_page(subject: CaseSubject, body: Body, text: Words, *, blind: bool, style: str = STYLE) -> str:
    """Return the report of a case as one page with everything in it.

    Parameters
    ----------
    subject : CaseSubject
    body : Body
    text : Words
        The words of the report.
    blind : bool
        Whether answers are left out.
    style : str, optional
        CSS of the page.
    """
    problems = [text("image_missing", cause=subject.missing)] if subject.missing else []
    title = text("title", name=name_of(subject.case))
    about = Head(title, body.facts, body.complaints, [*problems, *subject.notes], blind)
    parts = [
        head(about, subject.case, subject.index, text),
        *body.found,
        complaints_section(body.complaints, text),
        body.measured,
        f"<h2>{text('record')}</h2>",
        record_list(subject.reading.record, text, folders=subject.folders, blind=blind),
        f"<h2>{text('cards')}</h2>{body.models}",
    ]
    return page(title, parts, language=text.language, style=style)


def corrections_section(subject: CaseSubject, text: Words, *, lead: str = "") -> str:
    """Return what a person corrected; `lead` is HTML before the table of it."""
    edits = subject.reading.edits
    body = lead + edit_table(edits, text) if edits else f"<p>{text('not_corrected')}</p>"
    return f"<h2>{text('corrected')}</h2>{body}"


def at_hand(
    find: Callable[[Case, str | Path], Image], case: Case, path: str | Path, folders: Sequence[str]
) -> tuple[Image | None, str]:
    """Return the image of a case, or why it is not at hand.

    Parameters
    ----------
    find : callable
        Reads it, and raises :class:`~napari_tbcad.errors.BadInput` where it is nowhere.
    case : Case
    path : str or Path
        Where the case was read from: its image is sought from there.
    folders : sequence of str
        Folders that the report must not name.
    """
    try:
        return find(case, path), ""
    except (BadInput, OSError) as error:
        # Where it was looked for is for who runs the program, not for who reads the page.
        return None, bare(cause_of(error).partition(" (looked at")[0], folders)


def cause_of(error: Exception) -> str:
    """Return what went wrong without the file it is about."""
    return error.cause if isinstance(error, BadInput) else str(error)
