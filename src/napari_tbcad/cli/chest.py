"""``napari-tbcad chest …``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_tbcad.cli import evaluating, options, running
from napari_tbcad.cli.options import Dataset, Splits

if TYPE_CHECKING:
    from napari_tbcad.batch.rows import Row
    from napari_tbcad.batch.runs.inputs import Study
    from napari_tbcad.chest.classify.model import ChestModel
    from napari_tbcad.chest.classify.model_file import ModelFile

app = typer.Typer(help="Tuberculosis on chest X-rays.", no_args_is_help=True, rich_markup_mode=None)
atlas_app = typer.Typer(help="Lung atlases.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(atlas_app, name="atlas")


class Method(StrEnum):
    """Classifier of each stage."""

    svm = "svm"
    nb = "nb"


def teller(model: ModelFile | None, films: Sequence[Study]) -> running.Line:
    """Return what prints a film's line; what :func:`tell_model` says of the model is left out of it."""
    from napari_tbcad.chest.classify.card import result_warnings

    said = () if model is None else result_warnings(model.card, model.warnings)
    name_of = running.names_told(film.path.as_posix() for film in films)

    def line(done: int, total: int, row: Row, left: str = "") -> None:
        _tell(said, name_of, done, total, row, left)

    return line


def _tell(
    said: Collection[str], name_of: Callable[[str], str], done: int, total: int, row: Row, left: str
) -> None:
    """Print one film's line, without the warnings that were said before."""
    from napari_tbcad.io.clinic.makers import tells_program

    result = row.result
    file = name_of(result["file"])
    if not row.ok:
        why = result["message"].removeprefix(f"{Path(file).name}: ")
        typer.echo(f"[{done}/{total}] {file}: ERROR {why}{left}", err=True)
        return
    if result.get("probability") is None:
        answer = str(result["decision"])
    else:
        stage = f", decided by stage {result['deciding_stage']}" if result["deciding_stage"] else ""
        point = f" (threshold {result['threshold']:.2f})"
        answer = f"{result['decision']} p={result['probability']:.2f}{point}{stage}"
    warnings = [w for w in result["warnings"].split(" | ") if w and w not in said and not tells_program(w)]
    note = f"  ({' '.join(warnings)})" if warnings else ""
    typer.echo(f"[{done}/{total}] {file}: {answer}, {result['seconds']:.1f} s{left}{note}")


def tell_model(model: ModelFile | ChestModel | None) -> None:
    """Print what the model is and how well it was measured to do."""
    if model is None:
        typer.echo("no classifier: the chain ends with the features")
        return
    from napari_tbcad.chest.classify.card import result_warnings

    card = model.card
    kind = "demonstration model" if card.demonstration else f"model {card.name}"
    typer.echo(f"{kind}: {card.n_tb} TB and {card.n_normal} other films. {card.notice}")
    for design, score in card.headline().items():
        typer.echo(f"  {design} {score}")
    for warning in result_warnings(card, model.warnings):
        if not warning.startswith("demonstration model"):  # its kind and scores are above
            typer.echo(f"  WARNING {warning}")


@app.command("run")
def run(
    paths: Annotated[
        list[Path], typer.Argument(help="Films, folders of films, or CSV lists with a column path or file.")
    ],
    out: options.Out,
    segmenter: options.Segmenter = None,
    atlas: options.AtlasFile = None,
    classifier: Annotated[
        str, typer.Option("--classifier", help="Packaged name, model file, or none.")
    ] = "demonstration",
    operating_point: Annotated[
        str | None, typer.Option("--operating-point", help="0.5, youden or sensitivity=0.9.")
    ] = None,
    early_exit: Annotated[
        bool, typer.Option("--early-exit", help="Skip grey-level features when the shape decides.")
    ] = False,
    masks: Annotated[
        Path | None,
        typer.Option("--masks", exists=True, file_okay=False, help="Folder with a person's masks."),
    ] = None,
    device: options.FilmsDevice = None,
    workers: options.Workers = 1,
    scheduler: options.Scheduler = None,
    again: running.AgainOption = running.Again.unfinished,
    params: options.ParameterFile = None,
    assign: options.Assignments = None,
) -> None:
    """Take films through the chain: masks, features, result, overlay and record for each."""
    from napari_tbcad.batch.films import ChestJob
    from napari_tbcad.batch.runs.inputs import chest_inputs

    if scheduler is None:  # the workers of a scheduler may have another device than this machine
        options.require_device(device)
    given = options.assignments(
        params,
        assign,
        lungs__segmenter=options.segmenter_for(segmenter, atlas),
        classify__operating_point=operating_point,
        classify__device=device,
        features__device=device,
        lungs__network__device=device,
        opacities__device=device,
        features__early_exit=early_exit or None,
    )
    films = chest_inputs(paths, say=typer.echo)
    job = ChestJob(out, classifier, given, str(atlas) if atlas else None, masks)
    job.absolute().require(films)  # before anything is said or written
    model = job.model_file()
    tell_model(model)
    line = teller(model, films)
    running.carry_out(films, job, line, things="films", workers=workers, scheduler=scheduler, again=again)


@app.command("train")
def train(
    dataset: Dataset,
    out: options.ModelOut,
    method: Annotated[Method, typer.Option("--method", help="Classifier of each stage.")] = Method.svm,
    single_stage: Annotated[
        bool, typer.Option("--single-stage", help="One classifier on all features instead of two stages.")
    ] = False,
    splits: Splits = None,
    segmenter: options.TrainedSegmenter = None,
    atlas: options.AtlasFile = None,
    workers: options.Workers = 1,
    scheduler: options.Scheduler = None,
    params: options.ParameterFile = None,
    assign: options.Assignments = None,
) -> None:
    """Train a classifier on your own films, for example Shenzhen, and save it with its card."""
    from napari_tbcad.batch.training import train_on

    given = options.assignments(params, assign, lungs__segmenter=options.segmenter_for(segmenter, atlas))
    model, failed = train_on(
        dataset,
        out,
        method=method.value,
        single_stage=single_stage,
        splits=splits,
        assignments=given,
        atlas=str(atlas) if atlas else None,
        workers=workers,
        scheduler=scheduler,
        say=typer.echo,
    )
    tell_model(model)
    typer.echo(f"saved as {out}; use it with: napari-tbcad chest run FILMS --out DIR --classifier {out}")
    raise typer.Exit(1 if failed else 0)


app.command("evaluate")(evaluating.evaluate)


@atlas_app.command("build")
def build(
    images: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of films.")],
    masks: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="Folder of masks of the same names.")
    ],
    out: options.AtlasOut,
) -> None:
    """Build a lung atlas from your own films and masks (labels 1 right lung, 2 left lung)."""
    from napari_tbcad.batch.atlas import build_from_folders

    library, skipped = build_from_folders(images, masks, out, say=typer.echo)
    typer.echo(f"atlas of {len(library)} films saved as {out}; use it with --segmenter atlas --atlas {out}")
    raise typer.Exit(1 if skipped else 0)


@app.command("settings")
def settings() -> None:
    """List every setting of the chain: its name for --set and --params, its default and what it changes."""
    from napari_tbcad.chest.workflow import ChestSettings

    for name, default, about in options.listed(ChestSettings()):
        typer.echo(f"{name} = {default}")
        typer.echo(f"    {about}")


@app.command("simulate")
def simulate(
    number: Annotated[int, typer.Option("--number", min=1, help="How many films.")],
    out: options.Out,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same films.")] = 0,
) -> None:
    """Make chest phantoms, half of them with lesions, with the truth for every pixel."""
    from napari_tbcad.simulate.samples import write_simulated_set

    write_simulated_set(out, number, seed, progress=lambda share, what: typer.echo(f"{share:4.0%} {what}"))
    typer.echo(f"films, truth and labels.csv in {out}")
