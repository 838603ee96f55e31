"""``napari-tbcad report``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from napari_tbcad.evaluate.reports.words import Language


class Languages(StrEnum):
    """In which language a report is written."""

    en = "en"
    id = "id"
    both = "both"


def report(
    subject: Annotated[
        Path,
        typer.Argument(
            metavar="CASE|RUN",
            help="A case (*.tbcad), or a folder of chest evaluate, chest run, bone run or networks compare.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html", help="Where the report goes.")],
    language: Annotated[
        Languages,
        typer.Option("--language", help="English, Indonesian, or both (FILE.html and FILE.id.html)."),
    ] = Languages.en,
    reading: Annotated[
        int | None,
        typer.Option("--reading", min=1, help="Of a case: which reading [the last finished one]."),
    ] = None,
    blind: Annotated[
        bool,
        typer.Option("--blind", help="Of a case: leave out every answer, for a reader who must not know."),
    ] = False,
    classifier: Annotated[
        str | None,
        typer.Option(
            "--classifier", help="Of a film's case: the model file it was read with, if not packaged."
        ),
    ] = None,
    earlier: Annotated[
        Path | None,
        typer.Option(
            "--earlier",
            exists=True,
            dir_okay=False,
            help="Of a bone scan's case: an earlier case to compare with.",
        ),
    ] = None,
) -> None:
    """Write a report as one HTML file: of a case, an experiment, or a folder of results."""
    from napari_tbcad.evaluate.reports.subject import CaseOptions, pages_of, places_of, write_pages

    both: tuple[Language, ...] = ("en", "id")
    languages = both if language is Languages.both else tuple(one for one in both if one == language.value)
    places = places_of(out, languages, subject)
    options = CaseOptions(reading, blind, classifier, earlier)
    for path in write_pages(pages_of(subject, languages=languages, options=options), places):
        typer.echo(f"report: {path}")
