"""The panel for many studies: inputs, what is done to each, the run, its results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.batch.runs.window_jobs import JOB
from napari_tbcad.run_folder import ABOUT, RUN
from napari_tbcad.widgets.batch.choice_step import ChoiceStep
from napari_tbcad.widgets.batch.inputs_step import InputsStep
from napari_tbcad.widgets.batch.result_step import ResultStep
from napari_tbcad.widgets.batch.run_step import RunStep
from napari_tbcad.widgets.batch.session import BatchSession, Phase
from napari_tbcad.widgets.batch.sessions import SESSIONS, batch_session_of
from napari_tbcad.widgets.batch.shelf import Shelf
from napari_tbcad.widgets.batch.words import action_of, activity_of
from napari_tbcad.widgets.child_panel import Action, ChildPanel

if TYPE_CHECKING:
    import napari


class BatchPanel(ChildPanel):
    """Steps with a foot that says what comes next.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        Held weakly.
    """

    session: BatchSession
    stop_tip = "Stop after the studies under way; “Go on” does what is left."
    light_tip = "Stop looking; nothing is lost."

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__(batch_session_of(napari_viewer), SESSIONS)
        self.inputs, self.choice = InputsStep(self.session), ChoiceStep(self.session)
        self.run, self.result = RunStep(self.session), ResultStep(self.session)
        self.shelf = Shelf(self.session)
        self.session.said.connect(self._on_said)
        self.result.failed_button.clicked.connect(self.show_failed)
        self.begin(self.shelf, self.inputs, self.choice, self.run, self.result)

    def take_files(self, paths: list[Path]) -> None:
        """Take dropped inputs, or show the batch whose folder was dropped."""
        batches = [path for path in paths if (path / RUN / ABOUT).is_file() or (path / JOB).is_file()]
        if batches and len(paths) == 1:
            self.session.open(batches[0])
            return
        self.inputs.set_open(True)
        self.inputs.take_files(paths)

    def show_failed(self) -> None:
        """List the studies that failed."""
        self.run.set_open(True)
        self.run.list.show_kind("failed")
        self.scroll_area.ensureWidgetVisible(self.run.list)

    def state_now(self) -> tuple[Any, ...]:
        """Return what was found, what the child does, and whose results are shown."""
        session = self.session
        return session.found, session.phase, None if session.reading else session.out

    def lead(self, before: tuple[Any, ...], now: tuple[Any, ...]) -> None:
        """Open the step that has come up."""
        session = self.session
        if now[0] is not before[0] and session.found is not None and not session.busy:
            self.open_only(self.inputs, self.choice)
        elif session.phase is Phase.RUNNING and before[1] is not Phase.RUNNING:
            self.open_only(self.run)
            self.scroll_area.verticalScrollBar().setValue(0)
        elif (before[1] in (Phase.RUNNING, Phase.STOPPING) and session.phase is Phase.IDLE) or (
            now[2] is not None and now[2] != before[2] and not session.busy
        ):
            self.open_only(self.run, self.result)

    def activity(self) -> tuple[float | None, str]:
        """Return how far the batch is."""
        return activity_of(self.session)

    def next_action(self) -> Action:
        """Return the next sensible thing to do."""
        return action_of(self.session)

    def act(self) -> None:
        """Do the next thing."""
        session, name = self.session, self.next_action().name
        if name == "choose":
            self.inputs.ask_for_folder()
        elif name == "look":
            session.choose(session.plan.inputs, workflow=session.plan.workflow)
        elif name == "run":
            session.run()
        elif name == "resume" and session.folder is not None:
            session.resume(session.folder)
        elif name == "folder":
            self.result.open_folder()

    @property
    def can_stop(self) -> bool:
        """Whether the child does anything that it has not been asked to stop."""
        return self.session.phase not in (Phase.IDLE, Phase.STOPPING)

    def _on_said(self, event: dict[str, Any]) -> None:
        """Follow the work: all numbers at once would be too much to draw after every study."""
        if event["event"] in ("rows", "progress"):
            self.run.show_progress()
            self.show_work()
