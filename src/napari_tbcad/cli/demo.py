"""``napari-tbcad demo``: both workflows on the packaged samples."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from napari_tbcad.batch.rows import Row
    from napari_tbcad.batch.runs.inputs import Study
    from napari_tbcad.batch.runs.job import Job
    from napari_tbcad.cli.running import Line


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for results and pictures.")] = Path(
        "demo_output"
    ),
    gui: Annotated[bool, typer.Option("--gui", help="Open napari with a sample and the panel.")] = False,
) -> None:
    """Run both workflows on the samples; print the results and where the pictures are."""
    typer.echo("Chest X-rays")
    chest, film = _chest(out / "chest")
    typer.echo("\nBone scans")
    bone = _bone(out / "bone")
    typer.echo("")
    for name, rows, tables, made in (
        ("chest", chest, "results.csv, features.csv", "masks"),
        ("bone", bone, "results.csv, regions.csv, hotspots.csv", "label images"),
    ):
        done = sum(row.ok for row in rows)
        typer.echo(f"{name}: {done} of {len(rows)} done. Pictures in {out / name / 'overlays'};")
        typer.echo(f"  {tables} in {out / name}, {made} in masks, what was done in records.")
    if gui:
        # Through napari's own command line: this room knows no napari.
        show = [sys.executable, "-m", "napari", str(film), "--with", "napari-tbcad", "Chest X-ray"]
        subprocess.run(show, check=False)
    raise typer.Exit(0 if all(row.ok for row in [*chest, *bone]) else 1)


def _chest(out: Path) -> tuple[Sequence[Row], Path]:
    from napari_tbcad.batch.films import ChestJob
    from napari_tbcad.batch.runs.inputs import chest_inputs
    from napari_tbcad.chest.classify.packaged import DEMONSTRATION
    from napari_tbcad.cli.chest import tell_model, teller
    from napari_tbcad.simulate.samples import sample_names, sample_path

    films = chest_inputs([sample_path(name) for name in sample_names()])
    job = ChestJob(out, DEMONSTRATION)
    model = job.model_file()
    tell_model(model)
    typer.echo(
        "The samples are simulated and the model learned from real films: its answers on them show how"
    )
    typer.echo("the program works, not how well.")
    return _rows(films, job, teller(model, films)), films[0].path


def _bone(out: Path) -> Sequence[Row]:
    import json

    from napari_tbcad.batch.runs.inputs import bone_inputs
    from napari_tbcad.batch.scans import BoneJob
    from napari_tbcad.cli.bone import Teller
    from napari_tbcad.simulate.bone_samples import sample_scan_names, sample_scan_path, sample_truth_path

    typer.echo("The samples are simulated. Automatic hotspots are candidates for a person to judge: the")
    typer.echo("index of those is a beginning, not an answer.")
    names = sample_scan_names()
    scans = bone_inputs([sample_scan_path(name) for name in names])
    rows = _rows(scans, BoneJob(out), Teller())
    given = BoneJob(out.with_name(f"{out.name}_given"), masks=sample_truth_path(names[0]).parent)
    typer.echo(f"The same with the hotspots and regions that a perfect reader would draw ({given.out}):")
    for name, row, judged in zip(names, rows, _rows(scans, given), strict=True):
        truth = json.loads(sample_truth_path(name).read_text(encoding="utf-8"))["true_bsi"]
        if row.ok and judged.ok:
            true = truth[row.result["weights"]]
            typer.echo(
                f"  {name}: from candidates {row.result['bsi']:.2f} %, by the perfect reader "
                f"{judged.result['bsi']:.2f} %, true {true:.2f} %"
            )
    typer.echo(
        "Even the perfect reader's index is not the true one: it takes areas for masses, and small lesions"
    )
    typer.echo("look larger than they are (docs/bone.md, Known limits).")
    return rows


def _rows(studies: Sequence[Study], job: Job, line: Line | None = None) -> list[Row]:
    """Do all studies anew, print a line for each where asked, and return their rows."""
    from napari_tbcad.batch.runs.run import StudyEvent, run_studies

    rows: list[Row] = []

    def take(event: StudyEvent) -> None:
        if event.row is not None:
            rows.append(event.row)
            if line is not None:
                line(len(rows), len(studies), event.row)

    run_studies(studies, job, again="all", progress=take)
    return rows
