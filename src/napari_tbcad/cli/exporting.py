"""``napari-tbcad export`` and ``napari-tbcad deidentify``."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from napari_tbcad.batch.clinic import Done


class DatesChoice(StrEnum):
    """What becomes of dates."""

    remove = "remove"
    shift = "shift"


_Dates = Annotated[
    DatesChoice,
    typer.Option(
        "--dates",
        help="Where identity is removed: remove dates, or shift all of a patient by as many unknown days.",
    ),
]
_MOST_NAMES = 5
_IDENTITY = "The files carry the patient's identity, as the images do: --deidentify removes it."


def export(
    subject: Annotated[
        Path,
        typer.Argument(
            metavar="CASE|RUN", exists=True, help="A case (*.tbcad), or a folder of chest run or bone run."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the files.")],
    dicom: Annotated[
        bool,
        typer.Option("--dicom", help="DICOM segmentations and a structured report (TID 1500) of each study."),
    ] = False,
    deidentify: Annotated[
        bool,
        typer.Option(
            "--deidentify", help="Write copies of the images without identity beside them and refer to those."
        ),
    ] = False,
    reading: Annotated[
        int | None, typer.Option("--reading", min=1, help="Of a case: which reading [the last].")
    ] = None,
    dates: _Dates = DatesChoice.remove,
) -> None:
    """Write masks, hotspots, features and results in a clinic's formats."""
    from napari_tbcad.batch.clinic import export_subject
    from napari_tbcad.io.clinic.deidentify import Deidentification

    if not dicom:
        typer.echo("error: say which format: --dicom", err=True)
        raise typer.Exit(2)
    which = -1 if reading is None else reading - 1
    without = Deidentification(dates=dates.value) if deidentify else None
    done = _tell(export_subject(subject, out, deidentification=without, reading=which), "study", "studies")
    if not deidentify:
        typer.echo(_IDENTITY)
    good = [one.exported for one in done if one.exported is not None]
    files = sum(len(exported.paths) for exported in good)
    typer.echo(f"{len(good)} of {_counted(len(done), 'study', 'studies')} written, {files} files; in {out}")
    raise typer.Exit(0 if good and len(good) == len(done) else 1)


def deidentify(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", exists=True, help="Images and cases, or folders of them."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="An empty folder for the copies.")],
    dates: _Dates = DatesChoice.remove,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            metavar="FILE.csv",
            help="Also write which file became which; whoever has it has the identities.",
        ),
    ] = None,
) -> None:
    """Write copies of films, bone scans and cases without identity."""
    from napari_tbcad.batch.deidentified import deidentify_files, write_key
    from napari_tbcad.errors import BadInput
    from napari_tbcad.io.clinic.deidentify import Deidentification

    if key is not None and out.resolve() in key.resolve().parents:
        raise BadInput(key, "the key lies in the folder of the copies: choose a place apart from it")
    done = _tell(deidentify_files(paths, out, Deidentification(dates=dates.value)), "file", "files")
    if key is not None:
        typer.echo(f"key: {write_key(key, done)}")
    good = [one.study for one in done if one.exported is not None]
    studies = _counted(len(set(good)), "study", "studies")
    typer.echo(f"{len(good)} of {_counted(len(done), 'file', 'files')} copied, {studies}; in {out}")
    raise typer.Exit(0 if good and len(good) == len(done) else 1)


def _tell(done: Iterable[Done], thing: str, things: str) -> list[Done]:
    """Print a line for each study or file, and at the end what is to be noted of how many of them."""
    told: list[Done] = []
    noted: dict[str, list[str]] = {}
    for one in done:
        told.append(one)
        name = Path(one.source).name
        if one.exported is None:
            typer.echo(f"{name}: ERROR {one.fault}", err=True)
            continue
        typer.echo(f"{name}: {', '.join(path.name for path in one.exported.paths)}")
        for note in one.exported.notes:
            noted.setdefault(note, []).append(one.exported.name)
    good = sum(one.exported is not None for one in told)
    for note, names in noted.items():
        typer.echo(f"{_of_which(names, good, thing, things)}: {note}")
    return told


def _of_which(names: list[str], good: int, thing: str, things: str) -> str:
    """Return of how many, and of which where not of all, a note holds that is said of one."""
    named = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    which = "" if len(names) == good else f" ({named})"
    return f"{_counted(len(names), thing, things)}{which}{', each' if len(names) > 1 else ''}"


def _counted(number: int, thing: str, things: str) -> str:
    return f"{number} {thing if number == 1 else things}"
