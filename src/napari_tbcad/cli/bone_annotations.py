"""``napari-tbcad bone annotations``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from napari_tbcad.notice import NOTICE


class Schemes(StrEnum):
    """Label schemes to export."""

    four = "4"
    three = "3"
    both = "both"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("annotations")(annotations_)


def annotations_(
    folder: Annotated[
        Path, typer.Argument(help="Folder of cases (.tbcad), such as the folder cases of a worklist.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            file_okay=False,
            help="Folder for annotations.csv, label images, tables and a set for bone train [only look].",
        ),
    ] = None,
    scheme: Annotated[
        Schemes, typer.Option("--scheme", help="Classes: 4, 3 (normal hotspots count as bone) or both.")
    ] = Schemes.four,
    voc: Annotated[bool, typer.Option("--voc", help="Write boxes (Pascal VOC) as well.")] = False,
    second: Annotated[
        Path | None,
        typer.Option(
            "--second",
            exists=True,
            file_okay=False,
            help="Folder of cases in which others read the same scans without seeing these.",
        ),
    ] = None,
    patients: Annotated[
        Path | None,
        typer.Option(
            "--patients", exists=True, dir_okay=False, help="CSV with file,patient: patients stay together."
        ),
    ] = None,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Export readings that are still in progress, too.")
    ] = False,
) -> None:
    """Tell how far an annotation project is, how two readers agree, and export it for training."""
    from napari_tbcad.batch.annotation_lines import lines_of
    from napari_tbcad.batch.annotation_project import look_at

    project = look_at(folder, second=second)
    for line in lines_of(project):
        typer.echo(line)
    failed = sum(bool(one.problem) for one in project.cases)
    if out is not None:
        from napari_tbcad.batch.annotation_set import SET, export_project
        from napari_tbcad.bone.annotation import SCHEMES

        schemes = SCHEMES if scheme is Schemes.both else (scheme.value,)
        done = export_project(
            project, out, schemes=schemes, voc=voc, unfinished=unfinished, patients=patients, say=typer.echo
        )
        failed += len(done.failed)
        typer.echo("")
        scans = f"{done.scans} scan{'' if done.scans == 1 else 's'}"
        typer.echo(f"annotations of {scans} in {out}; {done.left_out} not finished and left out")
        if done.unjudged:
            typer.echo(f"{done.unjudged} hotspots in them nobody judged: column judged, and 255 in the set")
        if done.set_images:
            typer.echo(
                f"{done.set_images} views to learn from; next: napari-tbcad bone train {out / SET} --out DIR"
            )
    typer.echo(NOTICE)
    raise typer.Exit(1 if failed else 0)
