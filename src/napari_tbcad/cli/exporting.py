"""``napari-tbcad export`` and ``napari-tbcad deidentify``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_tbcad.cli.running import BROKEN_OFF, ended_in_order, names_told

if TYPE_CHECKING:
    from napari_tbcad.batch.clinic import Done
    from napari_tbcad.batch.deidentified_key import Key
    from napari_tbcad.io.clinic.export import Exported


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
    done: list[Done] = []
    with ended_in_order() as cancelled, _stops(lambda: _where_export_stopped(done, out, deidentify)):
        found = export_subject(subject, out, deidentification=without, reading=which, cancelled=cancelled)
        _tell(found, done, _last_part, "study", "studies")
    good = [one.exported for one in done if one.exported is not None]
    files = sum(len(exported.paths) for exported in good)
    if not deidentify and any(map(_carries_identity, good)):
        typer.echo(_IDENTITY)
    typer.echo(f"{len(good)} of {_counted(len(done), 'study', 'studies')} written, {files} files; in {out}")
    raise typer.Exit(0 if good and len(good) == len(done) else 1)


def _carries_identity(exported: Exported) -> bool:
    """Tell whether a study's image may say who it is of: one that was no DICOM file does not."""
    return not any(path.stem.endswith("_source") for path in exported.paths)


def _where_export_stopped(done: Sequence[Done], out: Path, deidentified: bool) -> str:
    good = sum(one.exported is not None for one in done)
    on = "the same command writes them again, with the others"
    if deidentified:
        on = "the same command writes all of them anew, with other pseudonyms: delete these first"
    return f"stopped: {_counted(good, 'study', 'studies')} written, in {out}; {on}"


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
            help="Also write which file became which; whoever has it has the identities. With it, a command "
            "that was stopped goes on when it is given again.",
        ),
    ] = None,
) -> None:
    """Write copies of films, bone scans and cases without identity."""
    from napari_tbcad.batch.deidentified import deidentify_files, files_below
    from napari_tbcad.batch.deidentified_key import Key
    from napari_tbcad.io.clinic.deidentify import Deidentification

    files = files_below(paths, out)
    table = None if key is None else Key(key, out, dates.value)
    how = Deidentification(dates=dates.value)
    if table is not None:
        how = Deidentification(dates=dates.value, secret=table.secret)
    done: list[Done] = []
    with ended_in_order() as cancelled, _stops(lambda: _where_copies_stopped(done, len(files), out, table)):
        copied = deidentify_files(files, out, how, key=table, cancelled=cancelled)
        _tell(copied, done, names_told(files), "file", "files")
    good = [one.study for one in done if one.exported is not None]
    kept = 0 if table is None else table.kept
    if table is not None:
        typer.echo(f"key: {table.path}")
    studies = _counted(len(set(good)), "study", "studies")
    what = f"{kept} of them before" if kept else studies
    typer.echo(f"{len(good) + kept} of {_counted(len(files), 'file', 'files')} copied, {what}; in {out}")
    raise typer.Exit(0 if len(good) + kept == len(files) else 1)


def _where_copies_stopped(done: Sequence[Done], total: int, out: Path, key: Key | None) -> str:
    good = sum(one.exported is not None for one in done) + (0 if key is None else key.kept)
    where = f"stopped: {good} of {_counted(total, 'file', 'files')} copied, in {out}"
    if key is not None:
        return f"{where}; key {key.path}; the same command goes on with the others"
    return (
        f"{where}; without --key nothing says which file became which, and the command cannot go on: "
        "delete these copies and give it again"
    )


@contextmanager
def _stops(told: Callable[[], str]) -> Iterator[None]:
    """Say where a command was stopped, and leave with 1, or with 130 where it was broken off."""
    from napari_tbcad.batch.deidentified_key import KeyNotWritten
    from napari_tbcad.errors import Cancelled

    try:
        yield
    except (Cancelled, KeyboardInterrupt) as stop:
        typer.echo(told(), err=True)
        raise typer.Exit(BROKEN_OFF if isinstance(stop, KeyboardInterrupt) else 1) from None
    except KeyNotWritten as error:
        typer.echo(f"error: {error}\n{told()}", err=True)
        raise typer.Exit(1) from None


def _tell(
    coming: Iterable[Done], told: list[Done], name_of: Callable[[str], str], thing: str, things: str
) -> None:
    """Print a line for each study or file, and at the end what is to be noted of how many of them."""
    noted: dict[str, list[str]] = {}
    try:
        for one in coming:
            told.append(one)
            name = name_of(one.source)
            if one.exported is None:
                typer.echo(f"{name}: ERROR {one.fault}", err=True)
                continue
            typer.echo(f"{name}: {', '.join(path.name for path in one.exported.paths)}")
            for note in one.exported.notes:
                noted.setdefault(note, []).append(one.exported.name)
    finally:
        good = sum(one.exported is not None for one in told)
        for note, names in noted.items():
            typer.echo(f"{_of_which(names, good, thing, things)}: {note}")


def _last_part(source: str) -> str:
    return Path(source).name


def _of_which(names: list[str], good: int, thing: str, things: str) -> str:
    """Return of how many, and of which where not of all, a note holds that is said of one."""
    named = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    which = "" if len(names) == good else f" ({named})"
    return f"{_counted(len(names), thing, things)}{which}{', each' if len(names) > 1 else ''}"


def _counted(number: int, thing: str, things: str) -> str:
    return f"{number} {thing if number == 1 else things}"
