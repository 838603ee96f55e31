"""``napari-tbcad networks …``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_tbcad.cli import comparing, options

if TYPE_CHECKING:
    from napari_tbcad.networks.config import TrainingConfig
    from napari_tbcad.networks.evaluate import Evaluation
    from napari_tbcad.networks.store import Network

app = typer.Typer(
    help="Segmentation networks: train, judge, install.", no_args_is_help=True, rich_markup_mode=None
)
comparing.add_to(app)

ConfigFile = Annotated[
    Path, typer.Argument(metavar="CONFIG.yaml", help="A training; `networks template` prints an example.")
]
Inside = Annotated[
    str | None,
    typer.Option(
        "--inside",
        help="Where probabilities are judged: a folder of lung masks, a lung network, or none (whole "
        "image) [opacities: inside the lungs as the network lungs finds them].",
    ),
]
Overlays = Annotated[int, typer.Option("--overlays", min=0, help="Pictures to keep, the worst first.")]


def _configured(path: Path, device: str | None, pairs: list[str] | None) -> TrainingConfig:
    """Return the training of a file, changed as the command line says."""
    from napari_tbcad.networks.config import config_from, load_config

    # Absolute, so that the copy in the output folder means the same folders.
    path = path.absolute()
    config = load_config(path)
    changes = options.assignments(None, pairs, fit__device=device)
    if not changes:
        return config
    content: dict[str, Any] = config.model_dump()
    for name, value in changes.items():
        *sections, last = name.split(".")
        place = content
        for section in sections:
            place = place.setdefault(section, {})
            if not isinstance(place, dict):
                raise typer.BadParameter(f"--set {name}: there is no section {section!r}")
        place[last] = value
    return config_from(content, path, path.parent)


def _use(config: TrainingConfig, file: Path) -> str:
    """Return the line that says how a network is used; "" where it is of no use in a workflow."""
    from napari_tbcad.networks.finetune_config import setting_of
    from napari_tbcad.schemes import REGIONS

    if config.task == "lungs":
        command = "chest run FILMS --out DIR --segmenter network --set lungs.network.model="
        return f"use it with: napari-tbcad {command}{file}"
    views: set[str] = set(config.input.views) or {
        source.where.get("view", "") for source in config.data.sources
    }
    view = views.pop() if len(views) == 1 else ""
    if view and config.task == REGIONS.name:
        return f"it reads {view} views only: bone run needs a skeleton network of both views"
    setting = setting_of(config.task, view)
    return f"use it with: napari-tbcad bone run SCANS --out DIR --set {setting}={file}" if setting else ""


def _tell(evaluation: Evaluation, lines: Sequence[Any], out: Path) -> None:
    from napari_tbcad.networks.evaluate import headline

    for line in headline(lines):
        typer.echo(line)
    for row in evaluation.failed:
        typer.echo(f"{row['image']}: ERROR {row['message']}", err=True)
    typer.echo(f"{len(evaluation.images)} images judged; tables and overlays, the worst first, in {out}")


@app.command("survey")
def survey(config: ConfigFile, assign: options.Assignments = None) -> None:
    """Look at what a training would learn from: numbers, classes, patients, images that cannot be used."""
    from napari_tbcad.cli.network_checks import tell_survey

    raise typer.Exit(tell_survey(_configured(config, None, assign)))


@app.command("train")
def train(
    config: ConfigFile,
    out: options.Out,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")
    ] = False,
    device: options.Device = None,
    assign: options.Assignments = None,
) -> None:
    """Train a network, from the start or from another one; it is saved as model.safetensors."""
    from napari_tbcad.networks.fit import MODEL, TrainingStopped
    from napari_tbcad.networks.fit import train as fit

    chosen = _configured(config, device, assign)
    try:
        fit(chosen, out, resume=resume, say=typer.echo)
    except TrainingStopped as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    if use := _use(chosen, out / MODEL):
        typer.echo(use)


@app.command("crossvalidate")
def crossvalidate(
    config: ConfigFile,
    out: options.Out,
    folds: Annotated[int | None, typer.Option("--folds", min=2, help="Number of folds [the file's].")] = None,
    fold: Annotated[
        list[int] | None, typer.Option("--fold", min=0, help="Train only this one, from 0; repeat as needed.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the out-of-fold probabilities (probabilities/*.npz).")
    ] = False,
    inside: Inside = None,
    device: options.Device = None,
    assign: options.Assignments = None,
) -> None:
    """Train a network for every fold of patients; score every image by the one that never saw its patient."""
    from napari_tbcad.networks.crossvalidate import crossvalidate as folds_of
    from napari_tbcad.networks.fit import TrainingStopped
    from napari_tbcad.networks.predict import PredictParameters
    from napari_tbcad.networks.regions import region_for

    pairs = [*(assign or []), *([] if folds is None else [f"data.folds={folds}"])]
    chosen = _configured(config, device, pairs)
    region = region_for(chosen.task, inside, device=device or "auto", say=typer.echo)
    try:
        evaluation = folds_of(
            chosen,
            out,
            only=fold,
            parameters=PredictParameters.model_validate({"device": device or "auto"}),
            region=region,
            keep=keep,
            say=typer.echo,
        )
    except TrainingStopped as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    if evaluation is not None:
        _tell(evaluation, evaluation.summary(), out)
        raise typer.Exit(1 if evaluation.failed else 0)


@app.command("evaluate")
def evaluate(
    model: Annotated[str, typer.Argument(help="Packaged or installed name, or a network file.")],
    dataset: Annotated[
        Path,
        typer.Argument(help="Folder with images/ and labels/, a known chest data set, or a CONFIG.yaml."),
    ],
    out: options.Out,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Of a CONFIG.yaml, only what its training does not see.")
    ] = False,
    inside: Inside = None,
    spacing: Annotated[
        float | None,
        typer.Option(
            "--spacing", min=1e-3, help="Pixel spacing of all images in mm: distances in mm as well."
        ),
    ] = None,
    overlays: Overlays = 40,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="NAME", help="Judge this one, too, and how they differ."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the probabilities (probabilities/*.npz).")
    ] = False,
    device: options.Device = None,
    assign: options.Assignments = None,
) -> None:
    """Judge a network: Dice, IoU, surface distances, AUC and calibration, each image and all together."""
    from napari_tbcad.errors import BadInput
    from napari_tbcad.files import require_writable
    from napari_tbcad.networks.evaluate import evaluate as judge
    from napari_tbcad.networks.models import find_network
    from napari_tbcad.networks.predict import PredictParameters
    from napari_tbcad.networks.regions import region_for
    from napari_tbcad.networks.sample_sets import find_samples

    network = find_network(model)
    samples = find_samples(dataset, network.card.task, held_out=held_out)
    require_writable(out)
    settings = options.assignments(None, assign, device=device)
    try:
        parameters = PredictParameters.model_validate(settings)
    except ValueError as error:
        raise BadInput("--set", str(error)) from error
    region = region_for(network.card.task, inside, device=parameters.device, say=typer.echo)

    def judged(one: Network, folder: Path) -> Evaluation:
        return judge(
            one,
            samples,
            parameters=parameters,
            region=region,
            spacing_mm=None if spacing is None else (spacing, spacing),
            n_pictures=overlays,
            keep=folder / "probabilities" if keep else None,
            progress=lambda done, total, name: typer.echo(f"[{done}/{total}] {name}"),
        )

    evaluation = judged(network, out)
    _tell(evaluation, evaluation.write(out), out)
    if against is not None:
        from napari_tbcad.cli.network_checks import AGAINST, tell_against

        other = partial(judged, folder=out / AGAINST)
        tell_against(evaluation, against, other, network.card.task, out)
    raise typer.Exit(1 if evaluation.failed else 0)


@app.command("corrections")
def corrections(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Cases (.tbcad), folders of cases, or folders that chest run, bone run or an export wrote."
        ),
    ],
    out: options.Out,
    what: Annotated[
        str | None,
        typer.Option(
            "--what",
            help="lungs, or of bone scans hotspots or regions [lungs; of bone scans alone it must be said].",
        ),
    ] = None,
    patients: Annotated[
        Path | None,
        typer.Option(
            "--patients",
            exists=True,
            dir_okay=False,
            help="CSV with file,patient: images of one patient stay together.",
        ),
    ] = None,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Also take readings that are still in progress.")
    ] = False,
) -> None:
    """Gather what a person corrected as a data set, for `networks train` to learn from."""
    from napari_tbcad.batch.corrections import THINGS, gather_corrections

    if what is not None and what not in THINGS:
        raise typer.BadParameter(f"--what is one of {', '.join(THINGS)}, not {what!r}")
    gathered = gather_corrections(
        paths, out, what=what, patients=patients, unfinished=unfinished, say=typer.echo
    )
    typer.echo(f"{len(gathered.rows)} {THINGS[gathered.what]} in {out}")
    about = {"lungs": "", "hotspots": "--task 4 --view anterior ", "regions": "--task regions "}
    typer.echo(f"next: napari-tbcad networks template finetune {about[gathered.what]}> finetune.yaml")
    raise typer.Exit(1 if gathered.skipped else 0)


@app.command("list")
def list_() -> None:
    """List the networks that can be asked for by name."""
    from napari_tbcad.errors import BadInput
    from napari_tbcad.networks.models import list_networks, models_folder

    for entry in list_networks():
        where = "packaged" if entry.packaged else "installed"
        try:
            card = entry.card()
        except BadInput as error:
            typer.echo(f"{entry.name} ({where}): {error}", err=True)
            continue
        size = entry.path.stat().st_size / 2**20
        typer.echo(f"{entry.name} ({where}): {card.task}, {card.architecture.encoder}, {size:.1f} MB")
        for design, score in card.headline().items():
            typer.echo(f"    {design} {score}")
    typer.echo(f"folder for networks of your own: {models_folder()}")


@app.command("install")
def install(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A network file.")],
    name: Annotated[str | None, typer.Option("--name", help="Name to ask for it by [the file's].")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of one of this name.")] = False,
) -> None:
    """Copy a network file to where it can be asked for by name, after checking it."""
    from napari_tbcad.networks.models import install_network

    entry = install_network(file, name=name, replace=replace)
    typer.echo(f"installed as {entry.name}: {entry.path}")


@app.command("fetch")
def fetch(
    what: Annotated[str, typer.Argument(metavar="NAME|URL", help="Name in downloads.json, or an address.")],
    sha256: Annotated[str | None, typer.Option("--sha256", help="Hash of the file, for an address.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name to ask for it by.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of one of this name.")] = False,
) -> None:
    """Download a network, check its hash and install it. Nothing is ever downloaded unasked."""
    from napari_tbcad.networks.models import fetch_listed, fetch_network

    if "://" not in what:
        entry = fetch_listed(what, replace=replace, say=typer.echo)
    elif sha256 is None:
        raise typer.BadParameter("an address needs --sha256, the hash the file must have")
    else:
        entry = fetch_network(what, sha256, name=name, replace=replace, say=typer.echo)
    typer.echo(f"installed as {entry.name}: {entry.path}")


@app.command("remove")
def remove(name: Annotated[str, typer.Argument(help="Name of an installed network.")]) -> None:
    """Delete an installed network."""
    from napari_tbcad.networks.models import remove_network

    typer.echo(f"removed {remove_network(name)}")


@app.command("settings")
def settings() -> None:
    """List every setting of a training: its name in CONFIG.yaml, its default and what it changes."""
    from napari_tbcad.networks.config import DataSource, TrainingConfig

    for prefix, section in (("", TrainingConfig()), ("data.sources[].", DataSource())):
        for name, default, about in options.listed(section, prefix):
            typer.echo(f"{name} = {default}")
            typer.echo(f"    {about}")


@app.command("template")
def template(
    name: Annotated[
        str,
        typer.Argument(help="What to print: `finetune` learns from your corrections, `compare` compares."),
    ],
    model: Annotated[
        str | None, typer.Option("--model", help="Network to start from; its architecture is filled in.")
    ] = None,
    task: Annotated[
        str,
        typer.Option(
            "--task", help="finetune only: lungs, regions, 4 or 3 [the model's; lungs without one]."
        ),
    ] = "",
    view: Annotated[
        str, typer.Option("--view", help="finetune of bone scans only: anterior or posterior.")
    ] = "",
) -> None:
    """Print an example CONFIG.yaml to change and train with."""
    from napari_tbcad.networks.example_configs import example_config
    from napari_tbcad.networks.finetune_config import finetune_config

    if name == "compare":
        from napari_tbcad.evaluate.compare.config import example_comparison

        if task or view or model:
            raise typer.BadParameter("--model, --task and --view are not for compare")
        text = example_comparison()
    elif name == "finetune":
        text = finetune_config(task, view=view, model=model)
    elif task or view:
        raise typer.BadParameter("--task and --view are for finetune")
    else:
        text = example_config(name, model=model)
    typer.echo(text, nl=False)
