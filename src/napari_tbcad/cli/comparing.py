"""``napari-tbcad networks compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from napari_tbcad.cli import options

if TYPE_CHECKING:
    from napari_tbcad.networks.devices import Device

ConfigFile = Annotated[
    Path, typer.Argument(metavar="CONFIG.yaml", help="A comparison; `networks template compare` prints one.")
]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("compare")(compare)


def compare(
    config: ConfigFile,
    out: options.Out,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="NAME", help="Do only runs whose names begin so; repeat as needed."),
    ] = None,
    tables: Annotated[
        bool, typer.Option("--tables", help="Train nothing: tables and report of what is done.")
    ] = False,
    device: options.Device = None,
    assign: options.Assignments = None,
) -> None:
    """Compare networks, schemes and views on one split with one budget; goes on where it was stopped.

    Several processes may share --out: each takes a run that no other is at work on.
    """
    from napari_tbcad.evaluate.compare.comparison import Comparison, Outcome
    from napari_tbcad.evaluate.compare.config import load_compare_config
    from napari_tbcad.networks.fit import TrainingStopped

    options.require_device(device)
    chosen = load_compare_config(config, options.assignments(None, assign))
    where = cast("Device", device or "auto")
    comparison = Comparison(chosen, out.absolute(), where, typer.echo)
    try:
        outcome = Outcome() if tables else comparison.run_all(only=only or ())
    except TrainingStopped as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    for run in outcome.busy:
        typer.echo(f"{run.name}: another process is at work on it")
    typer.echo(f"report: {comparison.write()}")
    if missing := comparison.missing():
        typer.echo(f"{len(missing)} runs are missing, the first {missing[0].name}")
    raise typer.Exit(1 if outcome.diverged else 0)
