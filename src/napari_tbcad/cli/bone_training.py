"""``napari-tbcad bone import`` and ``napari-tbcad bone train``."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_tbcad.cli import options

if TYPE_CHECKING:
    from napari_tbcad.batch.bone_set_labels import BoneSetParameters


class What(StrEnum):
    """What is learned."""

    hotspots = "hotspots"
    regions = "regions"


class View(StrEnum):
    """One of the two views."""

    anterior = "anterior"
    posterior = "posterior"


class Classes(StrEnum):
    """Label scheme of hotspots."""

    four = "4"
    three = "3"


class Bone(StrEnum):
    """What counts as bone beside hotspots."""

    regions = "regions"
    counts = "counts"


WhatOption = Annotated[What, typer.Option("--what", help="What is learned.")]
Masks = Annotated[
    Path | None,
    typer.Option(
        "--masks",
        exists=True,
        file_okay=False,
        help="Folder of region masks of your own (102_ant.png, 102_post.png …); regions need it.",
    ),
]
BoneOption = Annotated[
    Bone, typer.Option("--bone", help="Bone beside hotspots: regions and counts, or counts alone (quick).")
]
Contradicting = Annotated[
    bool,
    typer.Option(
        "--believe-boxes", help="Use images whose label and boxes contradict each other, by their boxes."
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Change one setting; repeat as needed."),
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("import")(import_)
    app.command("train")(train)


def _teller(every: float = 0.05) -> Callable[[float, str], None]:
    """Return a progress that prints a line every few per cent."""
    told = [-1.0]

    def tell(share: float, what: str) -> None:
        if share >= 1 or share - told[0] >= every:
            told[0] = share
            typer.echo(f"{share:4.0%} {what}")

    return tell


def _parameters(bone: Bone, believe: bool) -> BoneSetParameters:
    from napari_tbcad.batch.bone_set_labels import BoneSetParameters

    return BoneSetParameters(bone=bone.value, contradicting="boxes" if believe else "leave out")


def _regions(pairs: dict[str, Any]) -> Any:
    from napari_tbcad.bone.workflow import settings_from

    return settings_from(pairs).regions


def import_(
    folder: Annotated[Path, typer.Argument(help="The data set: wholeBodyANT, wholeBodyPOST, texts, boxes.")],
    out: options.Out,
    what: WhatOption = What.hotspots,
    masks: Masks = None,
    bone: BoneOption = Bone.regions,
    believe_boxes: Contradicting = False,
    workers: options.Workers = 1,
    assign: Settings = None,
) -> None:
    """Make a set to learn from of BS-80K: boxes become hotspots; what cannot be used is told."""
    from napari_tbcad.batch.bone_set import PROBLEMS, TABLE, import_bs80k

    made = import_bs80k(
        folder,
        out,
        what=what.value,
        masks=masks,
        parameters=_parameters(bone, believe_boxes),
        regions=_regions(options.assignments(None, assign)),
        workers=workers,
        progress=_teller(),
    )
    for line in (*made.found, *made.lines()):
        typer.echo(line)
    typer.echo(f"set: {out / TABLE}; what is not as it should be: {out / PROBLEMS}")


def train(
    folder: Annotated[
        Path, typer.Argument(help="A BS-80K folder, a set of bone import, or a folder of bone simulate.")
    ],
    out: options.Out,
    what: WhatOption = What.hotspots,
    view: Annotated[View | None, typer.Option("--view", help="Only this view [both].")] = None,
    scheme: Annotated[
        Classes, typer.Option("--scheme", help="Classes of hotspots; in 3, normal ones count as bone.")
    ] = Classes.four,
    fold: Annotated[
        int | None, typer.Option("--fold", min=0, help="Fold of patients held out, to be judged on [0].")
    ] = None,
    crossvalidate: Annotated[
        bool, typer.Option("--crossvalidate", help="Hold out every fold in turn: a network each.")
    ] = False,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Passes over the images.")] = None,
    start: Annotated[
        str, typer.Option("--from", help="packaged, none, or a network's name or file to start from.")
    ] = "packaged",
    masks: Masks = None,
    bone: BoneOption = Bone.regions,
    believe_boxes: Contradicting = False,
    device: options.Device = None,
    workers: options.Workers = 1,
    assign: Settings = None,
) -> None:
    """Train the bone networks and judge them on held-out patients; goes on where it was stopped."""
    from napari_tbcad.batch.bone_training import train_all, trainings
    from napari_tbcad.batch.bone_training_sets import training_set
    from napari_tbcad.networks.fit import TrainingStopped

    if crossvalidate and fold is not None:
        raise typer.BadParameter("--fold and --crossvalidate: choose one")
    options.require_device(device)
    given = options.assignments(None, assign)
    regions = {name: value for name, value in given.items() if name.startswith("regions.")}
    changes = {name: value for name, value in given.items() if name not in regions}
    if device:
        regions.setdefault("regions.network.device", device)
    source = training_set(
        folder.absolute(),
        out.absolute(),
        what=what.value,
        masks=masks,
        parameters=_parameters(bone, believe_boxes),
        regions=_regions(regions),
        workers=workers,
        say=typer.echo,
        progress=_teller(),
    )
    plan = trainings(
        source,
        out.absolute(),
        view=None if view is None else view.value,
        scheme=scheme.value,
        start=start,
        epochs=epochs,
        device=device,
        changes=changes,
    )
    held = None if crossvalidate else (fold or 0)
    try:
        results = train_all(plan, fold=held, device=device or "auto", say=typer.echo)
    except TrainingStopped as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    _tell(plan, results, held)


def _tell(plan: Any, results: Any, fold: int | None) -> None:
    """Print scores, where they come from, and how the networks are used."""
    from napari_tbcad.batch.bone_training import fold_lines
    from napari_tbcad.networks.evaluate import headline
    from napari_tbcad.networks.fit import MODEL

    failed = 0
    for one in plan:
        evaluation = results[one.part]
        if evaluation is not None:
            failed += len(evaluation.failed)
            lines = [f"{one.part}: {line}" for line in headline(evaluation.summary())]
        else:
            lines = fold_lines(one, fold or 0)
        kinds = sorted({source.terms for source in one.config.data.sources})
        typer.echo(f"held-out patients, labels: {'; '.join(kinds)}")
        for line in lines:
            typer.echo(line)
        model = one.folder / f"fold{fold or 0}" / MODEL
        use = f"hotspots.network.{one.part}" if one.config.task != "regions" else "regions.network.model"
        typer.echo(f"use it with: napari-tbcad bone run SCANS --out DIR --set {use}={model}")
    raise typer.Exit(1 if failed else 0)
