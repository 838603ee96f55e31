"""The whole comparison: every run trained and scored, each once, then tables and report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.evaluate.compare.config import CompareConfig, load_compare_config
from napari_tbcad.evaluate.compare.locks import claimed
from napari_tbcad.evaluate.compare.plan import (
    Run,
    plan,
    samples_of,
    split_of_run,
    training_config,
    write_split,
)
from napari_tbcad.evaluate.compare.region_images import RegionImages, given_regions
from napari_tbcad.evaluate.compare.run_scores import SCORES, RunScores
from napari_tbcad.evaluate.compare.training import Trainer, predictor, training_facts, weights_of
from napari_tbcad.evaluate.compare.tuning import Busy, diverged, write_tuning
from napari_tbcad.files import require_writable
from napari_tbcad.networks.config import save_config

if TYPE_CHECKING:
    from napari_tbcad.evaluate.compare.classifying import ClassifierScores
    from napari_tbcad.evaluate.compare.scoring import Predict
    from napari_tbcad.networks.devices import Device

CONFIG = "comparison.yaml"
_FREE = ("name", "description", "seeds", "baselines", "index", "schemes", "effort")
"""What may change in a comparison that was begun: it adds runs, or says how they are put side by side."""


@dataclass
class Outcome:
    """What came of a call, beside the scores.

    Parameters
    ----------
    busy : list of Run
        Another process is at work on these.
    diverged : list of (Run, str)
        The loss of these became NaN or infinite, and where.
    """

    busy: list[Run] = field(default_factory=list)
    diverged: list[tuple[Run, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """A comparison in its folder.

    Parameters
    ----------
    config : CompareConfig
    out : Path
        Folder of all its files.
    device : str, optional
        Where networks are trained; ``"auto"`` leaves it to the configuration.
    say : callable, optional
        Told what is being done, a line each.
    cancelled : callable, optional
        Asked between steps; what is done stays done.
    """

    config: CompareConfig
    out: Path
    device: Device = "auto"
    say: Callable[[str], None] = print
    cancelled: Callable[[], bool] | None = None
    _regions: list[RegionImages] = field(default_factory=list, repr=False)

    @cached_property
    def split(self) -> Path:
        """The file that says who is trained on, watched and tested; drawn when first asked for.

        Raises
        ------
        BadInput
            See :func:`~napari_tbcad.evaluate.compare.plan.write_split`; also if the folder holds another
            comparison.
        """
        require_writable(self.out)
        with claimed(self.out):
            _require_same(self.config, self.out / CONFIG)
            split = write_split(self.config, self.out)
            save_config(self.config, self.out / CONFIG)
        return split

    def missing(self) -> list[Run]:
        """Return the runs that have no scores yet."""
        return [run for run in plan(self.config) if not (run.folder(self.out) / SCORES).is_file()]

    def run_all(self, *, only: Sequence[str] = ()) -> Outcome:
        """Train and score what is not done, one run after the other.

        A run whose loss becomes NaN is told and the others go on.

        Parameters
        ----------
        only : sequence of str, optional
            Begin only runs whose names begin with one of these.

        Returns
        -------
        Outcome
            What was left undone.

        Raises
        ------
        BadInput, TrainingStopped
            If a run cannot be done for another reason, such as a full disk; all before it are kept.
        Cancelled
            If `cancelled` said so.
        """
        todo = [run for run in self.missing() if not only or run.name.startswith(tuple(only))]
        outcome = Outcome()
        self.say(f"{len(plan(self.config))} runs, {len(todo)} to be done")
        for run in todo:
            if self.cancelled is not None and self.cancelled():
                raise Cancelled("comparison stopped")
            self._try(run, outcome)
        return outcome

    def _try(self, run: Run, outcome: Outcome) -> None:
        from napari_tbcad.networks.fit import TrainingStopped

        try:
            if not self.do(run):
                outcome.busy.append(run)
        except Busy:
            outcome.busy.append(run)
        except TrainingStopped as error:
            if not diverged(error):
                raise
            outcome.diverged.append((run, str(error)))
            self.say(f"{run.name}: {error}")

    def do(self, run: Run) -> bool:
        """Train and score one run; returns False where another process is at it."""
        split, place = self.split, run.folder(self.out)
        with claimed(place) as own:
            if not own:
                return False
            if (place / SCORES).is_file():
                return True
            scores = self._scored(run, split)
            scores.save(place / SCORES)
            # Once it is scored nothing goes on from them, and thirty runs of them fill a disk.
            for checkpoint in place.glob("*.ckpt"):
                checkpoint.unlink()
        self.say(f"{run.name}: scored")
        return True

    def scores(self) -> list[RunScores | ClassifierScores]:
        """Return the scores there are, in the order of the plan."""
        from napari_tbcad.evaluate.compare.classifying import ClassifierScores

        return [
            (ClassifierScores if run.kind == "classifier" else RunScores).load(run.folder(self.out) / SCORES)
            for run in plan(self.config)
            if (run.folder(self.out) / SCORES).is_file()
        ]

    def write(self) -> Path:
        """Write tables and report of what is done; returns the report.

        Raises
        ------
        BadInput
            If no run is scored yet, a file cannot be written, or the folder holds another comparison.
        """
        from napari_tbcad.evaluate.compare.report import write_report

        _require_same(self.config, self.out / CONFIG)
        scores = self.scores()
        if not scores:
            raise BadInput(self.out, "no run of this comparison is scored yet")
        write_tuning(self.out)
        return write_report(scores, self.config, self.out)

    def _scored(self, run: Run, split: Path) -> RunScores | ClassifierScores:
        from napari_tbcad.evaluate.compare.scoring import score_run

        if run.kind == "classifier":
            from napari_tbcad.evaluate.compare.classifying import classify_run

            return classify_run(self._trainer(split), run)
        samples = split_of_run(self.config, run, split).test
        if run.kind == "network":
            network = self._trainer(split).network(run)
            predict = predictor(network, run.view, self.device)
            parameters, training = weights_of(network), training_facts(network, run.folder(self.out))
        else:
            predict, parameters, training = self._baseline(run, split), 0, {}
        self.say(f"{run.name}: scoring {len(samples)} images")
        return score_run(
            run,
            samples,
            predict,
            regions=self._region_images(),
            parameters=parameters,
            training=training,
            cancelled=self.cancelled,
        )

    def _baseline(self, run: Run, split: Path) -> Predict:
        from napari_tbcad.evaluate.compare.baselines import fitted

        shared = split_of_run(self.config, run, split)
        config = training_config(self.config, run, split=split)
        return fitted(run, shared, config, run.folder(self.out)).predict

    def _trainer(self, split: Path) -> Trainer:
        return Trainer(self.config, self.out, split, self.device, self.say, self.cancelled)

    def _region_images(self) -> RegionImages:
        if not self._regions:
            scheme = self.config.schemes[0]
            samples = [s for view in self.config.views for s in samples_of(self.config, scheme, view)]
            given = given_regions(self.config.training.data.sources)
            self._regions.append(RegionImages(samples, self.out / "regions", given=given))
        return self._regions[0]


def _require_same(config: CompareConfig, path: Path) -> None:
    """Refuse a folder whose runs were trained on other data, with another budget, or as other networks."""
    if not path.is_file():
        return
    before = load_compare_config(path)
    changed = [name for name, one in config.networks.items() if before.networks.get(name, one) != one]
    if changed:
        raise BadInput(path, f"{changed[0]!r} is another network in this folder; give it another name")
    if config.classifier.encoder != before.classifier.encoder and before.classifier.weights:
        raise BadInput(path, f"the classifier of this folder is a {before.classifier.encoder}")
    # Where it is trained does not matter; runs may be added.
    place = {"device": "auto", "devices": 1, "precision": "32-true"}
    same = {name: getattr(config, name) for name in (*_FREE, "networks", "classifier")}

    def plain(one: CompareConfig) -> CompareConfig:
        training = one.training
        fit = training.fit.model_copy(update=place)
        return one.model_copy(update={**same, "training": training.model_copy(update={"fit": fit})})

    if plain(before) != plain(config):
        said = "this folder holds a comparison on other data or with another budget; choose another"
        raise BadInput(path, said)
