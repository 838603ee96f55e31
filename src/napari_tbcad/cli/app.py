"""The command tree and how errors leave it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Annotated

import typer

from napari_tbcad import __version__
from napari_tbcad.cli import bone, chest, demo, exporting, networks, reporting, verify
from napari_tbcad.errors import Cancelled, TbcadError

app = typer.Typer(
    name="napari-tbcad",
    help="Computer-aided detection with a person in the loop. Research use only, never a diagnosis.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(chest.app, name="chest")
app.add_typer(bone.app, name="bone")
app.add_typer(networks.app, name="networks")
app.command("report")(reporting.report)
app.command("export")(exporting.export)
app.command("deidentify")(exporting.deidentify)
app.command("demo")(demo.demo)
app.command("verify")(verify.verify)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Keep the options that stand before a command."""


def run(arguments: Sequence[str]) -> int:
    """Run the command tree and return the exit code."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    try:
        app(list(arguments))
    except SystemExit as stop:  # the parser's own way out, with 2 for wrong usage
        return stop.code if isinstance(stop.code, int) else 0
    except Cancelled:
        typer.echo("stopped; what was finished is written", err=True)
        return 1
    except TbcadError as error:
        # Raised before the first study: the request itself cannot be met.
        typer.echo(f"error: {error}", err=True)
        return 2
    return 0
