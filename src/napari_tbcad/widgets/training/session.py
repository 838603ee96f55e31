"""Training in one viewer: the plan, the child that trains, and the training that is shown.

It outlives the panel: a training goes on while its dock is closed, and stops with the window.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error
from qtpy.QtCore import QObject, Signal

from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.preferences import preferences
from napari_tbcad.widgets.proxies import bare
from napari_tbcad.widgets.training.child import Child
from napari_tbcad.widgets.training.child import Phase as Phase
from napari_tbcad.widgets.training.history import History, read_history, read_state
from napari_tbcad.widgets.training.home import set_trainings_folder, trainings_folder
from napari_tbcad.widgets.training.planning import Plan

if TYPE_CHECKING:
    from napari_tbcad.batch.trainings.state import Doing, TrainingState
    from napari_tbcad.networks.config import TrainingConfig
    from napari_tbcad.widgets.training.process import TrainingProcess


_WHOLE: tuple[Doing, ...] = ("train", "judge")


class TrainingSession(QObject):
    """What the training panels of a viewer show.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.

    Attributes
    ----------
    changed : Signal
        Anything that is shown may differ.
    said : Signal(object)
        Every event of the child that trains or judges, in order, as a dict.
    begun : Signal(object)
        Another training is shown (its folder): a new one, a resumed one, one that was opened.
    judged : Signal(object)
        The event that compares the networks.
    trainings_changed : Signal
        A training came, ended or went.
    plan : Plan
        Choice, data found, settings.
    folder : Path or None
        The training that is shown.
    config : TrainingConfig or None
        Its configuration.
    state : TrainingState or None
        How far it is, from its files; None for one that runs.
    history : History
        What it has said so far.
    child : Child
        What trains and judges.
    problem : str
        Why the last thing that the child was asked for failed; empty when it did not.
    """

    changed = Signal()
    said = Signal(object)
    begun = Signal(object)
    judged = Signal(object)
    trainings_changed = Signal()

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = weakref.ref(bare(viewer))
        self.child = Child(self)
        self.plan = Plan(self, self.child.after)
        self.plan.changed.connect(self.changed)
        self.plan.looked_well.connect(self._estimate)
        self.child.changed.connect(self.changed)
        self.child.said.connect(self._take)
        self.child.died.connect(self._tell_death)
        self.child.ended.connect(self._end)
        self.folder: Path | None = None
        self.config: TrainingConfig | None = None
        self.state: TrainingState | None = None
        self.history = History()
        self.problem = ""
        self._looks_back = False

    # -- what a panel shows ---------------------------------------------------------------------------

    @property
    def process(self) -> TrainingProcess:
        """The process in which it trains."""
        return self.child.process

    @property
    def viewer(self) -> Any:
        """The viewer while it lives."""
        return self._viewer()

    @property
    def home(self) -> Path:
        """Folder in which each training has its own."""
        return trainings_folder()

    @property
    def busy(self) -> bool:
        """Whether a training or a judgement is under way; an estimate gives way to them."""
        return self.child.busy

    @property
    def phase(self) -> Phase:
        """What the child does."""
        return self.child.phase

    @property
    def shows_plan(self) -> bool:
        """Whether step 3 shows what is planned, and not a training that was begun."""
        plan = self.plan
        return plan.config is not None and not plan.stale and not self.busy and not self._looks_back

    @property
    def settled(self) -> bool:
        """Whether nothing at all is under way."""
        return self.child.settled and self.plan.look is None

    # -- what a panel asks ----------------------------------------------------------------------------

    def look(self) -> None:
        """Find the images that were named, and survey them."""
        if not self.busy:
            self.child.drop_estimate()
            self._looks_back = False
            self.plan.look_at_data(preferences().device)

    def leave_out(self) -> None:
        """Go on without the images that cannot be read."""
        if not self.busy:
            self.plan.leave_out_unreadable()

    def train(self) -> None:
        """Begin the training that is planned."""
        plan = self.plan
        if plan.lost:  # deleted from the list of trainings, or kept elsewhere from now on
            self.look()
            return
        if plan.possible and plan.folder is not None and plan.config is not None and not self.busy:
            config = plan.config.model_copy(update={"name": plan.choice.name})
            if not self._write(plan.folder, config, _WHOLE):
                return
            plan.used = True
            self._show(plan.folder, config)
            self._run(plan.folder, _WHOLE)

    def resume(self, folder: Path) -> None:
        """Go on with a training that was stopped, interrupted or failed, after its last whole epoch."""
        if self.busy or (config := self._read(folder)) is None:
            return
        if self._write(folder, None, _WHOLE):
            self.plan.used |= folder == self.plan.folder
            self._show(folder, config)
            self._run(folder, _WHOLE)

    def compare(self) -> None:
        """Judge the network that was trained, beside the packaged one, on the held-out patients."""
        if self.folder is not None and not self.busy and self._write(self.folder, None, ("judge",)):
            self._run(self.folder, ("judge",))

    def open(self, folder: Path) -> None:
        """Show a training as it stands."""
        if not self.busy and (config := self._read(folder)) is not None:
            self._looks_back = True
            self._show(folder, config)

    def back(self) -> None:
        """Show the settings of the planned training again."""
        self._looks_back = False
        self.changed.emit()

    def pause(self) -> None:
        """Let the training wait after its step: the processor is free meanwhile."""
        self.child.pause()

    def go_on(self) -> None:
        """Let a training that waits go on."""
        self.child.go_on()

    def stop(self) -> None:
        """Stop after the step under way, or stop looking; a training can be gone on with later."""
        self.plan.cancel()
        self.child.stop()

    def forget(self, folder: Path) -> None:
        """Show a training no more: it was deleted."""
        if folder == self.folder and not self.busy:
            self.folder = self.config = self.state = None
            self.history, self.problem = History(), ""
            self.begun.emit(None)
            self.changed.emit()
        self.trainings_changed.emit()

    def set_home(self, folder: Path) -> None:
        """Keep trainings from now on in another folder."""
        if not set_trainings_folder(folder):
            show_error("napari does not keep preferences for this plugin: install it to choose a folder.")
        if self.plan.lost and not self.busy:
            self.child.drop_estimate()
            self.plan.drop()
        self.trainings_changed.emit()
        self.changed.emit()

    def close(self) -> None:
        """End everything: the window goes. A training stops after its step, and can be gone on with."""
        self.blockSignals(True)
        self.child.close()
        self.plan.forget()

    # -- the child ------------------------------------------------------------------------------------

    def _estimate(self) -> None:
        plan = self.plan
        if plan.config is None or plan.folder is None or plan.lost or self.busy:
            return
        if self._write(plan.folder, plan.config, ("estimate",)):
            self._run(plan.folder, ("estimate",))

    def _write(self, folder: Path, config: TrainingConfig | None, do: Sequence[Doing]) -> bool:
        from napari_tbcad.batch.trainings.state import write_job

        try:
            write_job(folder, config, do)
        except (BadInput, OSError) as error:
            self._fail(str(error))
            return False
        return True

    def _read(self, folder: Path) -> TrainingConfig | None:
        from napari_tbcad.networks.config import load_config

        try:
            return load_config(folder / "config.yaml")
        except BadInput as error:
            self._fail(str(error))
            return None

    def _run(self, folder: Path, do: tuple[Doing, ...]) -> None:
        self.problem = ""
        self.child.run(folder, do)

    def _take(self, event: Mapping[str, Any]) -> None:
        kind = event["event"]
        if kind == "failed":
            self._fail(f"{Path(str(event.get('source', ''))).name or 'training'}: {event.get('cause', '')}")
        if self.phase is Phase.ESTIMATING:
            if kind == "estimate":
                self.plan.take_estimate(event)
            return
        self.history.take(event)
        self.said.emit(event)
        if kind == "epoch":
            self.changed.emit()
        elif kind == "judged":
            self.judged.emit(event)
        elif kind == "trained":
            self.trainings_changed.emit()

    def _end(self, estimated: bool) -> None:
        if not estimated:
            self.state = read_state(self.folder)
            self.trainings_changed.emit()
        self.changed.emit()

    def _tell_death(self, why: str) -> None:
        """Say that the child ended without a word, as it would have said it."""
        cause = f"its process ended by itself ({why})"
        if self.history.epochs and self.phase is not Phase.ESTIMATING:
            cause += "; go on from the last whole epoch"
        name = self.config.name if self.config is not None else "training"
        self._take({"event": "failed", "source": name, "cause": cause, "kind": "Died"})

    # -- inside ---------------------------------------------------------------------------------------

    def _show(self, folder: Path, config: TrainingConfig) -> None:
        self.folder, self.config, self.problem = folder, config, ""
        self.history, self.state = read_history(folder), read_state(folder)
        self.begun.emit(folder)
        self.trainings_changed.emit()
        self.changed.emit()

    def _fail(self, problem: str) -> None:
        self.problem = problem
        self.changed.emit()
