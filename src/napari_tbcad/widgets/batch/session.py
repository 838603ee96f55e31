"""Batches in one viewer: what is planned, the child that works, the studies that are listed.

It outlives the panel: a batch goes on while its dock is closed, and stops with the window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal

from napari_tbcad.batch.runs import window_jobs as jobs
from napari_tbcad.batch.runs.window_jobs import BatchPlan
from napari_tbcad.errors import BadInput
from napari_tbcad.run_folder import INPUTS, RUN
from napari_tbcad.widgets.batch.opening import StudyOpener
from napari_tbcad.widgets.batch.process import Child
from napari_tbcad.widgets.batch.rows import BatchRows
from napari_tbcad.widgets.batch.shown import Planned, Shown
from napari_tbcad.widgets.child_session import ChildSession
from napari_tbcad.widgets.child_work import Phase as Phase

if TYPE_CHECKING:
    from napari_tbcad.batch.runs.shown import ShownRun
    from napari_tbcad.batch.runs.window_jobs import BatchState, Doing


class BatchSession(ChildSession):
    """What the batch panels of a viewer show.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.

    Attributes
    ----------
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
    shown : Shown
        The batch that is shown.
    left : float or None
        Seconds that it still takes.
    notes : tuple of str
        What was said of earlier results.
    opener : StudyOpener
        Opens studies in the viewer.
    """

    batches_changed = Signal()
    thing = "batch"

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer)
        self.plan = BatchPlan()
        self.found: Mapping[str, Any] | None = None
        self.look_problem = ""
        self.rows = BatchRows(self)
        self.shown = Shown(self)
        self.shown.came.connect(self._on_read)
        self.shown.failed.connect(self.fail)
        self.left: float | None = None
        self.notes: tuple[str, ...] = ()
        self.opener = StudyOpener(viewer, self)
        self._planned = Planned(self.child.after)

    def make_child(self) -> Child:
        """Return what looks and runs."""
        return Child(self)

    # -- what a panel shows ---------------------------------------------------------------------------

    @property
    def folder(self) -> Path | None:
        """Job of the batch that is shown; None for one of the command line."""
        return self.shown.folder

    @property
    def out(self) -> Path | None:
        """Its results; None before anything has begun."""
        return self.shown.out

    @property
    def state(self) -> BatchState | None:
        """How far it is, from its files; None while it runs."""
        return self.shown.state

    @property
    def reading(self) -> bool:
        """Whether results are being read."""
        return self.shown.reading

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
        self._planned.drop()
        self.plan = replace(self.plan, inputs=tuple(dict.fromkeys(paths)), workflow=workflow)
        self.found, self.look_problem, self.problem = None, "", ""
        self._show_nothing()
        self.rows.clear(workflow or "chest")
        if paths:
            folder = self._planned.folder(self.plan.name)
            if self._write(folder, ("look",), self.plan):
                self.child.run(folder, ("look",))
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
        folder = self._planned.folder(self.plan.name)
        if self._write(folder, ("run",), self.plan):
            self._planned.begun()
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
        if state is None:
            self.shown.show(None, folder)
        else:
            self.problem = state.cause
            self.shown.show(folder, state.out, state)
        self.rows.clear()
        if state is None or (state.out / RUN / INPUTS).is_file():
            self.shown.read()
        else:  # it ended before any study: models were refused, or it was stopped while they were loaded
            self.plan = jobs.plan_in(folder) or self.plan
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
        self._planned.drop()

    def open_study(self, number: int) -> None:
        """Open one of the studies in the viewer, with what the batch made of it."""
        if 0 <= number < len(self.rows.all):
            self.opener.open(self.rows.all[number], self.rows.workflow, self.out, self.plan)

    # -- the child ------------------------------------------------------------------------------------

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
        self.shown.show(folder, self.plan.output(folder))
        self.rows.workflow = self.workflow or "chest"
        self._runs = folder
        self.child.run(folder, ("run",))
        self.batches_changed.emit()
        self.changed.emit()

    def take(self, event: Mapping[str, Any], *, light: bool) -> None:
        """Take what the child says of studies."""
        kind = event["event"]
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
            if light:
                self.look_problem = self.name_of(event)
            else:
                self.problem = self.name_of(event)
            self.changed.emit()
        elif kind == "say" and not light:
            self.notes = (*self.notes, str(event.get("text", "")))
            self.changed.emit()

    def ended(self, folder: Path) -> None:
        """A batch is over: what was under way waits again."""
        self.rows.set_waiting()
        self.left = None
        self.shown.look_again()
        self.batches_changed.emit()

    def _on_read(self, got: ShownRun) -> None:
        self.rows.clear(got.workflow)
        self.rows.add(got.lines, 0)
        self.rows.take(got.changes)
        planned = None if self.folder is None else jobs.plan_in(self.folder)
        self.plan = planned or BatchPlan(workflow=got.workflow, classifier=got.classifier or "none")
        self.found = None
        self.changed.emit()

    def _show_nothing(self) -> None:
        self.shown.show(None, None)
        self.notes, self.left = (), None
