"""Evaluating in one viewer: the plan, the child that evaluates, the results that are shown.

It outlives the panel: an evaluation goes on while its dock is closed, and stops with the window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal

from napari_tbcad.batch.evaluating import jobs
from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.chest.opening import FilmOpener
from napari_tbcad.widgets.child_session import ChildSession
from napari_tbcad.widgets.child_work import Phase as Phase
from napari_tbcad.widgets.evaluating.plan import Plan, assignments_of_preferences
from napari_tbcad.widgets.evaluating.process import Child
from napari_tbcad.widgets.evaluating.shown import Shown, no_evaluation
from napari_tbcad.widgets.work import timer

if TYPE_CHECKING:
    from napari_tbcad.batch.evaluating.config import EvaluationConfig
    from napari_tbcad.batch.evaluating.jobs import Doing, EvaluationState
    from napari_tbcad.widgets.evaluating.results import Results

_ESTIMATE_MS = 700
"""A person who sets several things is not measured after each."""


class EvaluationSession(ChildSession):
    """What the evaluation panels of a viewer show.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.

    Attributes
    ----------
    shown : Signal
        Other results are shown, or none.
    evaluations_changed : Signal
        An evaluation came, ended or went.
    plan : Plan
        Data and settings.
    opener : FilmOpener
        Opens test films in the viewer.
    view : Shown
        The evaluation that is shown, and its results.
    """

    shown = Signal()
    evaluations_changed = Signal()
    thing = "evaluation"

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer)
        self.plan = Plan(self, self.child.after)
        self.plan.changed.connect(self.changed)
        self.opener = FilmOpener(viewer, self)
        self.view = Shown(self)
        self.view.changed.connect(self._on_shown)
        self.view.failed.connect(self.fail)
        self._soon = timer(self, self._estimate)

    def make_child(self) -> Child:
        """Return what looks, estimates and evaluates."""
        return Child(self)

    # -- what a panel shows ---------------------------------------------------------------------------

    @property
    def folder(self) -> Path | None:
        """The evaluation that is shown."""
        return self.view.folder

    @property
    def state(self) -> EvaluationState | None:
        """How far that is, from its files; None while it runs."""
        return self.view.state

    @property
    def results(self) -> Results | None:
        """What it found."""
        return self.view.results

    @property
    def reading(self) -> bool:
        """Whether results are being read."""
        return self.view.reading

    @property
    def settled(self) -> bool:
        """Whether nothing at all is under way."""
        return self.child.settled and not self.reading and not self._soon.isActive()

    @property
    def resumable(self) -> bool:
        """Whether the evaluation that is shown can be gone on with."""
        return not self.busy and self.state is not None and self.state.resumable

    # -- what a panel asks ----------------------------------------------------------------------------

    def choose(self, path: Path | None, test: Path | None = None) -> None:
        """Take other data, and look at them."""
        if self.busy:
            return
        self._soon.stop()
        self.child.forget_wanted()
        self.problem = ""
        self.plan.choose(path, test)
        if path is not None:
            self._ask(self.plan.new_place(), ("survey", "estimate"))

    def configure(self, config: EvaluationConfig) -> None:
        """Compare something else; how long that takes is measured a moment later."""
        if self.busy or config == self.plan.config:
            return
        self.plan.configure(config)
        if self.plan.possible:
            self._soon.start(_ESTIMATE_MS)

    def evaluate(self) -> None:
        """Begin the evaluation that is planned."""
        self._begin(self.plan.config)

    def quick_look(self) -> None:
        """Begin an evaluation of one variant without repeats and what takes long beside."""
        self._begin(self.plan.config.quick())

    def resume(self, folder: Path) -> None:
        """Go on with an evaluation that was stopped, interrupted or failed."""
        if self.busy:
            return
        try:
            job = jobs.read_job(folder)
            config = jobs.config_of(job, folder)
        except BadInput as error:
            self.fail(str(error))
            return
        test = Path(job["test"]) if job.get("test") else None
        if self._write(folder, ("survey", "evaluate"), Path(job["path"]), test, config):
            self.plan.used |= folder == self.plan.folder
            self._start(folder)

    def open(self, folder: Path) -> None:
        """Show an evaluation as it stands; reading it takes a worker."""
        if self.busy:
            return
        try:
            state = jobs.state_of(folder)
        except BadInput as error:
            self.fail(no_evaluation(folder, error))
            return
        self.problem = state.cause if state.phase == "failed" else ""
        self.view.show(folder, state)
        self.view.read()
        self.changed.emit()

    def stop(self) -> None:
        """Stop after the step under way, or stop looking; an evaluation can be gone on with later."""
        self._soon.stop()
        super().stop()

    def forget(self, folder: Path) -> None:
        """Show an evaluation no more: it was deleted."""
        if folder == self.folder and not self.busy:
            self.view.show(None)
        if self.plan.before == folder:
            self.plan.before = None
        if self.plan.folder == folder:
            self.plan.folder, self.plan.used = None, False
        self.evaluations_changed.emit()

    def close(self) -> None:
        """End everything: the window goes. An evaluation stops after its step, and can be gone on with."""
        self.blockSignals(True)
        self._soon.stop()
        self.child.close()
        self.plan.blockSignals(True)
        self.plan.drop()

    # -- the child ------------------------------------------------------------------------------------

    def _begin(self, config: EvaluationConfig) -> None:
        plan = self.plan
        if not plan.possible or self.busy or plan.path is None:
            return
        folder = plan.new_place()
        if self._write(folder, ("survey", "evaluate"), plan.path, plan.test, config):
            plan.used = True
            self._start(folder)

    def _estimate(self) -> None:
        if self.plan.possible and not self.busy:
            self._ask(self.plan.new_place(), ("estimate",))

    def _ask(self, folder: Path, do: tuple[Doing, ...]) -> None:
        plan = self.plan
        if plan.path is not None and self._write(folder, do, plan.path, plan.test, plan.config):
            self.child.run(folder, do)

    def _write(
        self,
        folder: Path,
        do: Sequence[Doing],
        path: Path,
        test: Path | None,
        config: EvaluationConfig,
    ) -> bool:
        try:
            jobs.write_job(
                folder,
                do,
                path=path,
                test=test,
                config=config,
                assignments=assignments_of_preferences(),
                before=self.plan.before if folder == self.plan.folder else None,
            )
        except BadInput as error:
            self.fail(str(error))
            return False
        return True

    def _start(self, folder: Path) -> None:
        self._soon.stop()
        self.problem = ""
        self.view.show(folder)
        self._runs = folder
        # The look before it takes no longer than a moment, and must not give way to anything.
        self.child.run(folder, ("evaluate",))
        self.evaluations_changed.emit()

    def take(self, event: Mapping[str, Any], *, light: bool) -> None:
        """Take what the child says of films and of the evaluation."""
        kind = event["event"]
        if kind == "found":
            self.plan.found, self.plan.problem = event, ""
            self.plan.changed.emit()
        elif kind == "estimate":
            self.plan.seconds, self.plan.no_time = float(event["seconds"]), ""
            self.plan.changed.emit()
        elif kind == "failed":
            if light and event.get("what") == "survey":
                self.plan.problem = self.name_of(event)
            elif light:
                self.plan.no_time = str(event.get("cause", ""))
            else:
                self.problem = self.name_of(event)
            self.changed.emit()

    def ended(self, folder: Path) -> None:
        """An evaluation is over: its results are shown, where it is the one that is looked at."""
        if folder == self.folder:
            problem = self.problem
            self.open(folder)
            self.problem = self.problem or problem
        self.evaluations_changed.emit()

    # -- inside ---------------------------------------------------------------------------------------

    def _on_shown(self) -> None:
        self.shown.emit()
        self.changed.emit()
