"""Batches in one viewer: what is planned, the child that works, the studies that are listed.

It outlives the panel: a batch goes on while its dock is closed, and stops with the window.
"""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_tbcad.batch.runs import window_jobs as jobs
from napari_tbcad.batch.runs.window_jobs import BatchPlan
from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.batch.opening import StudyOpener
from napari_tbcad.widgets.batch.process import Child
from napari_tbcad.widgets.batch.rows import BatchRows
from napari_tbcad.widgets.child_work import Phase as Phase
from napari_tbcad.widgets.proxies import bare
from napari_tbcad.widgets.work import start_call

if TYPE_CHECKING:
    from napari_tbcad.batch.runs.shown import ShownRun
    from napari_tbcad.batch.runs.window_jobs import BatchState, Doing


class BatchSession(QObject):
    """What the batch panels of a viewer show.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.

    Attributes
    ----------
    changed : Signal
        Anything that is shown may differ.
    said : Signal(object)
        Every event of a run, as a dict.
    batches_changed : Signal
        A batch came, ended or went.
    plan : BatchPlan
        What is asked for.
    found : mapping or None
        What a look at its inputs found; see :mod:`napari_tbcad.batch.runs.child`.
    look_problem : str
        Why the inputs cannot be looked at.
    rows : BatchRows
        The studies listed, and what became of each.
    folder : Path or None
        Job of the batch that is shown; None for one of the command line.
    out : Path or None
        Its results.
    state : BatchState or None
        How far it is, from its files; None while it runs.
    left : float or None
        Seconds that it still takes.
    notes : tuple of str
        What was said of earlier results.
    child : Child
        What looks and runs.
    opener : StudyOpener
        Opens studies in the viewer.
    problem : str
        Why the last thing that was asked for failed; empty when it did not.
    """

    changed = Signal()
    said = Signal(object)
    batches_changed = Signal()

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = weakref.ref(bare(viewer))
        self.plan = BatchPlan()
        self.found: Mapping[str, Any] | None = None
        self.look_problem = self.problem = ""
        self.rows = BatchRows(self)
        self.folder: Path | None = None
        self.out: Path | None = None
        self.state: BatchState | None = None
        self.left: float | None = None
        self.notes: tuple[str, ...] = ()
        self.child = Child(self)
        self.child.changed.connect(self.changed)
        self.child.said.connect(self._take)
        self.child.died.connect(self._tell_death)
        self.child.ended.connect(self._end)
        self.opener = StudyOpener(viewer, self)
        self._place: Path | None = None
        self._runs: Path | None = None
        self._token: object = None
        self.reading = False

    # -- what a panel shows ---------------------------------------------------------------------------

    @property
    def viewer(self) -> Any:
        """The viewer while it lives."""
        return self._viewer()

    @property
    def busy(self) -> bool:
        """Whether a batch is under way; looks give way to it."""
        return self.child.busy or self._runs is not None

    @property
    def phase(self) -> Phase:
        """What the child does."""
        return self.child.phase

    @property
    def settled(self) -> bool:
        """Whether nothing at all is under way."""
        return self.child.settled and not self.reading and not self.opener.busy

    @property
    def workflow(self) -> str:
        """What the studies are, ``"chest"`` or ``"bone"``; empty before anything was found."""
        return self.plan.workflow or str((self.found or {}).get("workflow", ""))

    @property
    def fresh(self) -> bool:
        """Whether what is planned has not begun: what is listed are its inputs."""
        return self.found is not None and self.out is None

    @property
    def resumable(self) -> bool:
        """Whether the batch that is shown can be gone on with."""
        return not self.busy and self.state is not None and self.state.resumable

    @property
    def can_retry(self) -> bool:
        """Whether there are failed studies that can be tried again."""
        return not self.busy and self.folder is not None and self.rows.counts["failed"] > 0

    # -- what a panel asks ----------------------------------------------------------------------------

    def choose(self, paths: Sequence[Path], *, workflow: str = "") -> None:
        """Take other inputs, and look at them; the settings stay where they are for the same workflow."""
        if self.busy:
            return
        self.child.forget_wanted()
        self._drop_place()
        self.plan = replace(self.plan, inputs=tuple(dict.fromkeys(paths)), workflow=workflow)
        self.found, self.look_problem, self.problem = None, "", ""
        self._show_nothing()
        self.rows.clear(workflow or "chest")
        if paths:
            self._look()
        self.changed.emit()

    def choose_workflow(self, workflow: str) -> None:
        """Take the inputs for films, or for bone scans, whatever they look like."""
        if workflow != self.workflow and not self.busy:
            self.plan = replace(self.plan, assignments={})
            self.choose(self.plan.inputs, workflow=workflow)

    def configure(self, **changes: Any) -> None:
        """Change settings of the plan."""
        plan = replace(self.plan, **changes)
        if self.busy or plan == self.plan:
            return
        self.plan = plan
        self.changed.emit()

    def plan_again(self) -> None:
        """Plan another batch of the same inputs: what is listed is begun anew."""
        self.choose(self.plan.inputs, workflow=self.plan.workflow)

    def run(self) -> None:
        """Begin what is planned."""
        if self.busy or self.found is None:
            return
        self.plan = replace(self.plan, workflow=self.workflow)
        folder = self._new_place()
        if self._write(folder, ("run",), self.plan):
            self._place = None
            self._start(folder)

    def resume(self, folder: Path) -> None:
        """Go on with a batch that was stopped, interrupted or failed."""
        self._again(folder, "unfinished")

    def retry_failed(self) -> None:
        """Try the studies again that failed; no others."""
        if self.folder is not None:
            self._again(self.folder, "failed")

    def open(self, folder: Path) -> None:
        """Show a batch as it stands: one of a window by its job, any by its results."""
        if self.busy:
            return
        self.child.forget_wanted()
        self.problem = ""
        try:
            state = jobs.state_of(folder) if (folder / jobs.JOB).is_file() else None
        except BadInput as error:
            self.fail(str(error))
            return
        self._show(folder if state is not None else None, folder if state is None else state.out, state)
        if state is not None:
            self.problem = state.cause
        self._read()

    def stop(self) -> None:
        """Stop after the studies under way, or stop looking; a batch can be gone on with later."""
        if self.busy:
            self.child.stop()
        else:
            self.child.forget_wanted()
        self.changed.emit()

    def forget(self, folder: Path) -> None:
        """Show a batch no more: it was deleted."""
        if folder == self.folder and not self.busy:
            self._show_nothing()
            self.rows.clear()
        self.batches_changed.emit()
        self.changed.emit()

    def close(self) -> None:
        """End everything: the window goes. A batch stops after its studies, and can be gone on with."""
        self.blockSignals(True)
        self.child.close()
        self._drop_place()

    def fail(self, problem: str) -> None:
        """Say what cannot be done."""
        self.problem = problem
        self.changed.emit()

    def open_study(self, number: int) -> None:
        """Open one of the studies in the viewer, with what the batch made of it."""
        if 0 <= number < len(self.rows.all):
            self.opener.open(self.rows.all[number], self.rows.workflow, self.out, self.plan)

    # -- the child ------------------------------------------------------------------------------------

    def _look(self) -> None:
        folder = self._new_place()
        if self._write(folder, ("look",), self.plan):
            self.child.run(folder, ("look",))

    def _again(self, folder: Path, again: str) -> None:
        if self.busy:
            return
        try:
            plan = jobs.plan_of(jobs.read_job(folder))
        except BadInput as error:
            self.fail(str(error))
            return
        if self._write(folder, ("run",), plan, again):
            self.plan = plan
            self._start(folder)

    def _write(self, folder: Path, do: Sequence[Doing], plan: BatchPlan, again: str = "unfinished") -> bool:
        try:
            jobs.write_job(folder, do, plan, again=again)
        except BadInput as error:
            self.fail(str(error))
            return False
        return True

    def _start(self, folder: Path) -> None:
        self.problem, self.notes, self.left = "", (), None
        self._show(folder, self.plan.output(folder), None)
        self.rows.workflow = self.workflow or "chest"
        self._runs = folder
        self.child.run(folder, ("run",))
        self.batches_changed.emit()
        self.changed.emit()

    def _take(self, event: Mapping[str, Any]) -> None:
        kind, light = event["event"], not self.busy
        if kind == "studies":
            self.rows.add(event["lines"], int(event["first"]))
        elif kind == "rows":
            self.rows.take(event["changes"])
            self.left = event.get("left")
        elif kind == "found":
            self.found, self.look_problem = event, ""
            self.rows.workflow = str(event["workflow"])
            self.changed.emit()
        elif kind == "failed":
            said = f"{Path(str(event.get('source', ''))).name or 'batch'}: {event.get('cause', '')}"
            if light:
                self.look_problem = said
            else:
                self.problem = said
            self.changed.emit()
        elif kind == "say" and not light:
            self.notes = (*self.notes, str(event.get("text", "")))
            self.changed.emit()
        if not light:
            self.said.emit(event)

    def _end(self, light: bool) -> None:
        if not light and self._runs is not None:
            folder, self._runs = self._runs, None
            self.rows.set_waiting()
            self.left = None
            with suppress(BadInput):
                self.state = jobs.state_of(folder)
            self.batches_changed.emit()
        self.changed.emit()

    def _tell_death(self, why: str) -> None:
        """Say that the child ended without a word, as it would have said it."""
        cause = f"its process ended by itself ({why}); go on from what was kept"
        self._take({"event": "failed", "source": self.plan.name, "cause": cause, "kind": "Died"})

    # -- what is shown --------------------------------------------------------------------------------

    def _show(self, folder: Path | None, out: Path | None, state: BatchState | None) -> None:
        self.folder, self.out, self.state = folder, out, state
        self._token, self.reading = object(), False

    def _show_nothing(self) -> None:
        self._show(None, None, None)
        self.notes, self.left = (), None

    def _read(self) -> None:
        """Read the results of the batch that is shown, on a worker."""
        out, token = self.out, self._token
        assert out is not None
        self.reading = True
        self.rows.clear()
        start_call(lambda: _outcome(token, out), on_result=self._on_read, on_error=self._raise)
        self.changed.emit()

    def _on_read(self, came: tuple[object, ShownRun | Exception]) -> None:
        token, got = came
        if token is not self._token:
            return
        self.reading = False
        if isinstance(got, Exception):
            told = isinstance(got, BadInput | OSError)
            self.fail(str(got) if told else f"{type(got).__name__}: {got}")
            return
        self.rows.clear(got.workflow)
        self.rows.add(got.lines, 0)
        self.rows.take(got.changes)
        if self.folder is not None:
            with suppress(BadInput):
                self.plan = jobs.plan_of(jobs.read_job(self.folder))
        else:
            self.plan = BatchPlan(workflow=got.workflow, classifier=got.classifier or "none")
        self.found = None
        self.changed.emit()

    def _raise(self, error: Exception) -> None:
        raise error  # every failure comes as an outcome

    # -- the folder of what is planned ----------------------------------------------------------------

    def _new_place(self) -> Path:
        """Return the folder of the job that is planned, made up anew where the last one has begun."""
        if self._place is None:
            self._place = jobs.new_folder(jobs.batches_home(), self.plan.name)
        return self._place

    def _drop_place(self) -> None:
        """Delete the folder of a look of which no batch came: its own job says so."""
        folder, self._place = self._place, None
        if folder is not None:
            with suppress(BadInput, OSError):
                if "run" not in jobs.read_job(folder)["do"]:
                    shutil.rmtree(folder)


def _outcome(token: object, out: Path) -> tuple[object, ShownRun | Exception]:
    from napari_tbcad.batch.runs.shown import read_run

    try:
        return token, read_run(out)
    except Exception as error:  # every failure is the person's to know
        return token, error
