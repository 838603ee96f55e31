"""The command tree and how errors leave it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Annotated

import typer

from napari_tbcad import __version__
from napari_tbcad.cli import chest, demo, verify
from napari_tbcad.errors import Cancelled, TbcadError

app = typer.Typer(
    name="napari-tbcad",
    help="Computer-aided detection with a person in the loop. Research use only, never a diagnosis.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(chest.app, name="chest")
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
    import click

    warnings.filterwarnings("ignore", category=DeprecationWarning)
    try:
        outcome = app(list(arguments), standalone_mode=False)
        return outcome if isinstance(outcome, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt, Cancelled):
        typer.echo("stopped; what was finished is written", err=True)
        return 1
    except TbcadError as error:
        # Raised before the first film: the request itself cannot be met.
        typer.echo(f"error: {error}", err=True)
        return 2
