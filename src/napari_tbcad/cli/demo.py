"""``napari-tbcad demo``: the workflows on the packaged samples."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for results and pictures.")] = Path(
        "demo_output"
    ),
    gui: Annotated[bool, typer.Option("--gui", help="Open napari with a sample and the panel.")] = False,
) -> None:
    """Run the chest workflow on the sample films; print the results and where the pictures are."""
    from napari_tbcad.batch.films import ChestJob, chest_batch
    from napari_tbcad.chest.classify.packaged import DEMONSTRATION
    from napari_tbcad.cli.chest import tell, tell_model
    from napari_tbcad.io.read import find_films
    from napari_tbcad.simulate.samples import sample_names, sample_path

    films = find_films([sample_path(name) for name in sample_names()])
    job = ChestJob(out / "chest", DEMONSTRATION)
    tell_model(job.model())
    typer.echo(
        "The samples are simulated and the model learned from real films: its answers on them show how"
    )
    typer.echo("the program works, not how well.")
    rows = chest_batch(films, job, progress=tell)
    typer.echo(f"tables:   {job.out / 'results.csv'} and features.csv")
    typer.echo(f"pictures: {job.out / 'overlays'}")
    typer.echo(f"masks:    {job.out / 'masks'}, records: {job.out / 'records'}")
    if gui:
        # Through napari's own command line: this room knows no napari.
        show = [sys.executable, "-m", "napari", str(films[0].path), "--with", "napari-tbcad", "Chest X-ray"]
        subprocess.run(show, check=False)
    raise typer.Exit(0 if all(row.ok for row in rows) else 1)
