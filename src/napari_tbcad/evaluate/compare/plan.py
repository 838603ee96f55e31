"""The runs of a comparison: which there are, where they lie, and what each is trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.compare.config import NONE, CompareConfig, SchemeName, classifier_name
from napari_tbcad.imaging.bonescan import ViewName
from napari_tbcad.networks.config import DataSource, TrainingConfig
from napari_tbcad.networks.samples import Sample, load_samples
from napari_tbcad.networks.splits import Split, split_samples
from napari_tbcad.schemes import FOUR_CLASS, THREE_CLASS

Kind = Literal["network", "threshold", "kmeans", "place", "classifier"]
SPLIT = "split.csv"


@dataclass(frozen=True)
class Run:
    """One method, trained once.

    Parameters
    ----------
    method : str
        Name of the network or baseline, ``"classifier"`` or ``"classifier_WEIGHTS"``.
    scheme : {"4", "3"}
        Label scheme; of a classifier the scheme whose abnormal class it looks for.
    view : {"anterior", "posterior"}
    seed : int
        0 for baselines, in which nothing is random.
    kind : {"network", "threshold", "kmeans", "place", "classifier"}
    weights : str
        What a classifier starts from.
    """

    method: str
    scheme: SchemeName
    view: ViewName
    seed: int
    kind: Kind = "network"
    weights: str = NONE

    @property
    def name(self) -> str:
        """Name of the run and of its folder, such as ``unetplusplus-4-anterior-0``."""
        return f"{self.method}-{self.scheme}-{self.view}-{self.seed}"

    def folder(self, out: Path) -> Path:
        """Return the run's folder."""
        return out / "runs" / self.name


def plan(config: CompareConfig) -> list[Run]:
    """Return all runs, the first seed of every method before the second of any.

    Each network is trained in the first scheme; the first network also in the others.
    """
    first, *others = config.schemes
    runs = [Run(method, first, view, 0, kind=method) for method in config.baselines for view in config.views]
    for seed in config.seeds:
        for view in config.views:
            runs += [Run(name, first, view, seed) for name in config.networks]
            runs += [Run(config.main, scheme, view, seed) for scheme in others]
            runs += [
                Run(classifier_name(weights), first, view, seed, "classifier", weights)
                for weights in config.classifier.weights
            ]
    return runs


def training_config(config: CompareConfig, run: Run, *, split: Path) -> TrainingConfig:
    """Return what a run is trained on and how, but for the tuned learning rate.

    Parameters
    ----------
    config : CompareConfig
    run : Run
    split : Path
        The file that says who is trained on, watched and tested.
    """
    base = config.training
    architecture = config.networks.get(run.method, base.architecture)
    return base.model_copy(
        update={
            "name": run.name,
            "task": run.scheme,
            "seed": run.seed,
            "architecture": architecture,
            "input": base.input.model_copy(update={"views": (run.view,)}),
            "data": base.data.model_copy(
                update={"sources": sources(config, run.scheme, run.view), "split": split, "fold": None}
            ),
        }
    )


def sources(config: CompareConfig, scheme: SchemeName, view: ViewName) -> tuple[DataSource, ...]:
    """Return the collections, of one view, with labels of a scheme."""
    merged = config.training.task == FOUR_CLASS.name and scheme == THREE_CLASS.name
    return tuple(
        one.model_copy(
            update={
                "where": {**one.where, "view": view},
                "values": _without_normal(one.values) if merged else one.values,
            }
        )
        for one in config.training.data.sources
    )


def _without_normal(values: Mapping[int, int]) -> dict[int, int]:
    """Return what label values mean when normal hotspots count as bone."""
    bone, normal = THREE_CLASS.ids["bone"], FOUR_CLASS.ids["normal"]
    out = {there: bone if here == normal else here for there, here in values.items()}
    out.setdefault(normal, bone)
    return out


def samples_of(config: CompareConfig, scheme: SchemeName, view: ViewName) -> list[Sample]:
    """Return the samples of a view, of all roles."""
    task = config.training.model_copy(update={"task": scheme})
    return [s for one in sources(config, scheme, view) for s in load_samples(one, task.scheme)]


def write_split(config: CompareConfig, out: Path) -> Path:
    """Draw who is trained on, watched and tested, once for all runs; what was drawn before is kept.

    Returns
    -------
    Path
        ``out/split.csv``.

    Raises
    ------
    BadInput
        If nobody would be watched or tested, a patient would have two roles, or `out` was begun with other
        images.
    """
    scheme = config.schemes[0]
    samples = [s for view in config.views for s in samples_of(config, scheme, view)]
    split = split_samples(samples, config.training.data, config.training.seed)
    for role in ("validation", "test"):
        if not getattr(split, role):
            raise BadInput("training.data", f"nobody is left for {role}")
    path = out / SPLIT
    split.require_same(path)
    if not path.is_file():
        split.save(path)
    return path


def split_of_run(config: CompareConfig, run: Run, split: Path) -> Split:
    """Return the samples of a run by role."""
    chosen = training_config(config, run, split=split)
    return split_samples(samples_of(config, run.scheme, run.view), chosen.data, chosen.seed)
