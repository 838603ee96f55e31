"""Training in one viewer: the plan, the child that trains, and the training that is shown.

It outlives the panel: a training goes on while its dock is closed, and stops with the window.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.preferences import preferences
from napari_tbcad.widgets.proxies import bare
from napari_tbcad.widgets.training.history import History, read_history
from napari_tbcad.widgets.training.home import set_trainings_folder, trainings_folder
from napari_tbcad.widgets.training.planning import Plan
from napari_tbcad.widgets.training.process import TrainingProcess

if TYPE_CHECKING:
    from napari_tbcad.batch.training_state import Doing, TrainingState
    from napari_tbcad.networks.config import TrainingConfig


_WHOLE: tuple[Doing, ...] = ("train", "judge")


class Phase(Enum):
    """What the child does."""

    IDLE = "idle"
    ESTIMATING = "estimating"
    TRAINING = "training"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPING = "stopping"
    JUDGING = "judging"


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
    phase : Phase
        What the child does.
    stage : str
        What it is at: ``survey``, ``estimate``, ``train``, ``judge``.
    share : float or None
        How much of it is done; None while that is not known.
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
        self.plan = Plan(self)
        self.plan.changed.connect(self.changed)
        self.plan.looked_well.connect(self._estimate)
        self.process = TrainingProcess(self)
        self.process.said.connect(self._take)
        self.process.ended.connect(self._end)
        self.folder: Path | None = None
        self.config: TrainingConfig | None = None
        self.state: TrainingState | None = None
        self.history = History()
        self.phase = Phase.IDLE
        self.stage = ""
        self.share: float | None = None
        self.text = ""
        self.problem = ""
        self._wanted: tuple[Path, tuple[Doing, ...]] | None = None
        self._settled = self._looks_back = False
        self._window: weakref.ref[QObject] | None = None

    # -- what a panel shows ---------------------------------------------------------------------------

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
        return self.phase not in (Phase.IDLE, Phase.ESTIMATING)

    @property
    def shows_plan(self) -> bool:
        """Whether step 3 shows what is planned, and not a training that was begun."""
        plan = self.plan
        return plan.config is not None and not plan.stale and not self.busy and not self._looks_back

    @property
    def settled(self) -> bool:
        """Whether nothing at all is under way."""
        return self.phase is Phase.IDLE and self.plan.look is None and self._wanted is None

    # -- what a panel asks ----------------------------------------------------------------------------

    def look(self) -> None:
        """Find the images that were named, and survey them."""
        if not self.busy:
            self._drop_estimate()
            self._looks_back = False
            self.plan.look_at_data(preferences().device)

    def leave_out(self) -> None:
        """Go on without the images that cannot be read."""
        if not self.busy:
            self.plan.leave_out_unreadable()

    def train(self) -> None:
        """Begin the training that is planned."""
        plan = self.plan
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
        if self.phase is Phase.TRAINING:
            self.process.pause()
            self._set(Phase.PAUSING)

    def go_on(self) -> None:
        """Let a training that waits go on."""
        if self.phase in (Phase.PAUSED, Phase.PAUSING):
            self.process.go_on()
            self._set(Phase.TRAINING)

    def stop(self) -> None:
        """Stop after the step under way, or stop looking; a training can be gone on with later."""
        self.plan.cancel()
        if self.busy:
            self.process.stop()
            self._set(Phase.STOPPING)

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
        self.trainings_changed.emit()
        self.changed.emit()

    def close(self) -> None:
        """End everything: the window goes. A training stops after its step, and can be gone on with."""
        self.blockSignals(True)
        self.process.close()
        self.plan.forget()
        self._wanted, self.phase = None, Phase.IDLE

    def follow(self, window: QObject) -> None:
        """End with a window; a dock may be closed and opened again."""
        if self._window is None or self._window() is not window:
            self._window = weakref.ref(window)
            window.destroyed.connect(partial(_close, weakref.ref(self)))

    # -- the child ------------------------------------------------------------------------------------

    def _estimate(self) -> None:
        plan = self.plan
        if plan.config is None or plan.folder is None or self.busy:
            return
        if self._write(plan.folder, plan.config, ("estimate",)):
            self._run(plan.folder, ("estimate",))

    def _drop_estimate(self) -> None:
        if self.phase is Phase.ESTIMATING:
            self.process.kill()

    def _write(self, folder: Path, config: TrainingConfig | None, do: Sequence[Doing]) -> bool:
        from napari_tbcad.batch.training_state import write_job

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
        self._wanted = (folder, do)
        if self.process.running:
            self._drop_estimate()  # what is wanted begins when it is gone
        else:
            self._start()

    def _start(self) -> None:
        assert self._wanted is not None
        (folder, do), self._wanted = self._wanted, None
        self.problem, self.share, self.text = "", None, ""
        self._settled = False
        self.stage = do[0]
        self.process.start(folder)
        phases = {"estimate": Phase.ESTIMATING, "judge": Phase.JUDGING}
        self._set(phases.get(do[0], Phase.TRAINING))

    def _take(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        if kind in ("stage", "progress", "decoding", "begun", "step"):
            self._take_progress(kind, event)
        elif kind == "paused" and self.phase is Phase.PAUSING:
            self._set(Phase.PAUSED)
        elif kind == "estimate" and self.phase is Phase.ESTIMATING:
            self.plan.take_estimate(event)
        elif kind in ("done", "stopped"):
            self._settled = True
        elif kind == "failed":
            self._settled = True
            self._fail(f"{Path(str(event.get('source', ''))).name or 'training'}: {event.get('cause', '')}")
        if self.phase is Phase.ESTIMATING:
            return
        self.history.take(event)
        self.said.emit(event)
        if kind == "epoch":
            self.changed.emit()
        elif kind == "judged":
            self.judged.emit(event)
        elif kind == "trained":
            self.trainings_changed.emit()

    def _take_progress(self, kind: str, event: Mapping[str, Any]) -> None:
        if kind == "stage":
            self.stage, self.share, self.text = str(event.get("what", "")), None, ""
            if self.stage == "judge" and self.phase is not Phase.STOPPING:
                self._set(Phase.JUDGING)
        elif kind == "progress":
            self.share, self.text = float(event.get("share") or 0.0), str(event.get("text", ""))
        elif kind == "decoding":
            self.share, self.text = event["done"] / max(1, event["of"]), "reading the images"
        elif kind == "step":
            self.share, self.text = event["step"] / max(1, event["steps"]), ""

    def _end(self, code: int) -> None:
        estimated = self.phase is Phase.ESTIMATING
        stopping = self.phase is Phase.STOPPING
        if self._wanted is not None:
            self._start()
            return
        if not self._settled and not stopping and not (estimated and code == -1):
            self._tell_death(code)
        elif stopping and not self._settled:
            self._take({"event": "stopped", "what": self.stage})
        self.phase, self.share = Phase.IDLE, None
        if not estimated:
            self.state = _state_of(self.folder)
            self.trainings_changed.emit()
        self.changed.emit()

    def _tell_death(self, code: int) -> None:
        """Say that the child ended without a word, as it would have said it."""
        why = self.process.complaint or ("killed, or out of memory" if code < 0 else f"exit code {code}")
        cause = f"its process ended by itself ({why})"
        if self.history.epochs:
            cause += "; go on from the last whole epoch"
        name = self.config.name if self.config is not None else "training"
        self._take({"event": "failed", "source": name, "cause": cause, "kind": "Died"})

    # -- inside ---------------------------------------------------------------------------------------

    def _show(self, folder: Path, config: TrainingConfig) -> None:
        self.folder, self.config, self.problem = folder, config, ""
        self.history, self.state = read_history(folder), _state_of(folder)
        self.begun.emit(folder)
        self.trainings_changed.emit()
        self.changed.emit()

    def _set(self, phase: Phase) -> None:
        self.phase = phase
        self.changed.emit()

    def _fail(self, problem: str) -> None:
        self.problem = problem
        self.changed.emit()


def _close(session: weakref.ref[TrainingSession], gone: object = None) -> None:
    """End a session: its window is gone. At the end of the program Qt may have deleted it first."""
    if (alive := session()) is not None and isalive(alive):
        alive.close()


def _state_of(folder: Path | None) -> TrainingState | None:
    from napari_tbcad.batch.training_state import state_of

    try:
        return None if folder is None else state_of(folder)
    except BadInput:
        return None


_SESSIONS: weakref.WeakKeyDictionary[Any, TrainingSession] = weakref.WeakKeyDictionary()


def training_session_of(viewer: Any) -> TrainingSession:
    """Return the session of a viewer, made on first use."""
    viewer = bare(viewer)
    if viewer not in _SESSIONS:
        _SESSIONS[viewer] = TrainingSession(viewer)
    return _SESSIONS[viewer]
