"""``napari-tbcad chest evaluate``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_tbcad.cli import options
from napari_tbcad.cli.options import Dataset, Splits
from napari_tbcad.errors import BadInput

if TYPE_CHECKING:
    from napari_tbcad.batch.evaluating.config import EvaluationConfig
    from napari_tbcad.evaluate.evaluation import Evaluation

OtherSet = Annotated[Path | None, typer.Option("--test", help="Another data set to test on.")]
Judged = Annotated[
    str | None,
    typer.Option("--classifier", help="Judge this model (name or file) instead of training anew."),
]
Design = Annotated[str | None, typer.Option("--design", help="auto, cross-source, folds or holdout [auto].")]
Folds = Annotated[
    int | None, typer.Option("--folds", min=2, help="Folds of stratified k-fold [10; fewer for a small set].")
]
Repeats = Annotated[
    int | None, typer.Option("--repeats", min=1, help="Repeats of k-fold on other divisions [3].")
]
Holdout = Annotated[float | None, typer.Option("--holdout", min=0.01, max=0.9, help="Share held out [0.2].")]
Segmenters = Annotated[
    list[str] | None,
    typer.Option(
        "--segmenter",
        help="network, atlas or otsu; repeat, or separate by commas, to compare [network]. The first leads.",
    ),
]
FeatureSets = Annotated[
    list[str] | None,
    typer.Option("--feature-set", help="Feature sets to compare [chandra113]; the first leads."),
]
Definitions = Annotated[
    list[str] | None,
    typer.Option(
        "--definition", help="Definitions of the texture features to compare: ibsi, uppuluri [ibsi]."
    ),
]
Methods = Annotated[list[str] | None, typer.Option("--method", help="Classifiers to compare [all four].")]
Reader = Annotated[
    Path | None,
    typer.Option("--reader", exists=True, file_okay=False, help="Folder with another reader's masks."),
]
LearningCurve = Annotated[
    bool | None,
    typer.Option("--learning-curve/--no-learning-curve", help="Score against the number of films [on]."),
]
Explained = Annotated[
    int | None, typer.Option("--explain", min=0, help="Films on which the explanation is tested [24].")
]
Bootstrap = Annotated[int | None, typer.Option("--bootstrap", min=100, help="Draws of the patients [1000].")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Of the divisions [0].")]
Quick = Annotated[
    bool, typer.Option("--quick", help="One variant, no repeats, nothing beside scores and controls.")
]


def evaluation_config(**given: Any) -> EvaluationConfig:
    """Return the configuration of what was given; None means not given.

    Raises
    ------
    BadInput
        If a name does not exist or a value is out of bounds.
    """
    from pydantic import ValidationError

    from napari_tbcad.batch.evaluating.config import EvaluationConfig
    from napari_tbcad.settings import first_fault

    try:
        return EvaluationConfig(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        where, said = first_fault(error)
        name = where.partition(".")[0].removesuffix("s").replace("_", "-")
        raise BadInput(f"--{name}", said) from error


def tell_evaluation(evaluation: Evaluation, out: Path) -> None:
    """Print the scores and the controls of every variant."""
    typer.echo(f"{evaluation.about.get('title', '')}:")
    several = len(evaluation.summary.drop_duplicates(["segmenter", "feature_set", "definition"])) > 1
    _tell_scores(evaluation, several)
    _tell_controls(evaluation, several)
    if len(evaluation.failed):
        typer.echo(f"  {len(evaluation.failed)} films were left out; failed.csv says why")
    typer.echo(f"tables, folds and report.html in {out}")


def _tell_scores(evaluation: Evaluation, several: bool) -> None:
    for row in evaluation.summary.to_dict("records"):
        typer.echo(
            f"  {row['method']:17s} {_auc(row['auc'], row['auc_low'], row['auc_high'])}  "
            f"accuracy {row['accuracy']:.3f}  recall {row['recall']:.3f}  precision {row['precision']:.3f}  "
            f"F1 {row['f1']:.3f}  decided by shape {row['share_stage1']:.0%}{_variant(row, several)}"
        )


def _tell_controls(evaluation: Evaluation, several: bool) -> None:
    leading = evaluation.of_main(evaluation.controls).index
    for number, row in zip(evaluation.controls.index, evaluation.controls.to_dict("records"), strict=True):
        if number not in leading and not (row["level"] and ", fold " not in row["control"]):
            continue  # of the other variants what warns; controls.csv has them all
        level = f"  {str(row['level']).upper()}: {row['warning']}" if row["level"] else ""
        auc = _auc(row["auc"], row["low"], row["high"])
        typer.echo(f"  control {row['control']}: {auc}{_variant(row, several)}{level}")


def _variant(row: Mapping[Any, Any], several: bool) -> str:
    """Return how a row was measured, where the rows differ in it."""
    return f"  [{row['segmenter']} {row['feature_set']} {row['definition']}]" if several else ""


def _auc(value: float, low: float, high: float) -> str:
    """Return an AUC with its interval, where it has one."""
    if math.isnan(value):
        return "AUC not to be had"
    return f"AUC {value:.3f}" + ("" if math.isnan(low) or math.isnan(high) else f" ({low:.3f}–{high:.3f})")


def evaluate(
    dataset: Dataset,
    out: options.Out,
    test: OtherSet = None,
    classifier: Judged = None,
    design: Design = None,
    folds: Folds = None,
    repeats: Repeats = None,
    holdout: Holdout = None,
    splits: Splits = None,
    segmenter: Segmenters = None,
    feature_set: FeatureSets = None,
    definition: Definitions = None,
    method: Methods = None,
    reader: Reader = None,
    learning_curve: LearningCurve = None,
    explain: Explained = None,
    bootstrap: Bootstrap = None,
    seed: Seed = None,
    quick: Quick = False,
    atlas: options.AtlasFile = None,
    workers: options.Workers = 1,
    scheduler: options.Scheduler = None,
    params: options.ParameterFile = None,
    assign: options.Assignments = None,
) -> None:
    """Repeat the experiment of the studies: classifiers compared, with controls, into one folder.

    A run that was stopped goes on where it was when the same command is given again.
    """
    from napari_tbcad.batch.evaluating.about import typed_command
    from napari_tbcad.batch.evaluating.run import evaluate_dataset

    _require_one_division(folds, holdout, splits, test, classifier)
    config = evaluation_config(
        segmenters=options.several(segmenter) or (("atlas",) if atlas is not None else None),
        feature_sets=options.several(feature_set),
        definitions=options.several(definition),
        methods=options.several(method),
        design=design or _design_of(folds, holdout),
        folds=folds,
        repeats=repeats,
        holdout=holdout,
        learning_curve=learning_curve,
        explain=explain,
        bootstrap=bootstrap,
        seed=seed,
    )
    evaluation = evaluate_dataset(
        dataset,
        out,
        config.quick() if quick else config,
        test=test,
        splits=splits,
        classifier=classifier,
        assignments=options.assignments(params, assign),
        atlas=str(atlas) if atlas else None,
        reader=reader,
        workers=workers,
        scheduler=scheduler,
        say=typer.echo,
        command=typed_command(),
    )
    tell_evaluation(evaluation, out)
    raise typer.Exit(_exit_code(evaluation))


def _require_one_division(*choices: object) -> None:
    """Refuse options that each say by themselves which films train and which test."""
    if sum(choice is not None for choice in choices) > 1:
        raise typer.BadParameter("choose one of --folds, --holdout, --splits, --test and --classifier")


def _design_of(folds: int | None, holdout: float | None) -> str | None:
    """Return the design that the other options mean; None where they leave it open."""
    return "folds" if folds else "holdout" if holdout else None


def _exit_code(evaluation: Evaluation) -> int:
    """Return 1 where a film with a label could not be judged; one without a label is no failure."""
    lost = evaluation.failed[~evaluation.failed["kind"].isin(["label"])] if len(evaluation.failed) else ()
    return 1 if len(lost) else 0
