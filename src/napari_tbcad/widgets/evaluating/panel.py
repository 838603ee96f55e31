"""The panel in which methods are compared: data, what is compared, the run, its result, film by film."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.batch.evaluating.jobs import EVALUATION
from napari_tbcad.widgets.child_panel import Action, ChildPanel
from napari_tbcad.widgets.evaluating.choice_step import ChoiceStep
from napari_tbcad.widgets.evaluating.data_step import DataStep
from napari_tbcad.widgets.evaluating.films_step import FilmsStep
from napari_tbcad.widgets.evaluating.result_step import ResultStep
from napari_tbcad.widgets.evaluating.run_step import RunStep
from napari_tbcad.widgets.evaluating.session import EvaluationSession, Phase
from napari_tbcad.widgets.evaluating.sessions import SESSIONS, evaluation_session_of
from napari_tbcad.widgets.evaluating.shelf import Shelf
from napari_tbcad.widgets.evaluating.words import action_of, activity_of

if TYPE_CHECKING:
    import napari


class EvaluatingPanel(ChildPanel):
    """Steps with a foot that says what comes next.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        Held weakly.
    """

    session: EvaluationSession
    light_tip = "Stop looking or measuring; nothing is lost."

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__(evaluation_session_of(napari_viewer), SESSIONS)
        self.data, self.choice = DataStep(self.session), ChoiceStep(self.session)
        self.run, self.result = RunStep(self.session), ResultStep(self.session)
        self.films = FilmsStep(self.session)
        self.shelf = Shelf(self.session)
        self.session.said.connect(self._on_said)
        self.begin(self.shelf, self.data, self.choice, self.run, self.result, self.films)

    def _on_said(self, event: object) -> None:
        # A bound method, which Qt holds weakly: a lambda would keep the panel for as long as the session.
        self.show_work()

    @property
    def up_to_date(self) -> bool:
        """Whether everything that changed is shown."""
        return super().up_to_date and self.result.complete

    def take_files(self, paths: list[Path]) -> None:
        """Evaluate a dropped data set, or show a dropped evaluation."""
        evaluations = [path for path in paths if (path / EVALUATION).is_file()]
        if evaluations:
            self.session.open(evaluations[0])
            return
        self.data.set_open(True)
        self.data.take_files(paths)

    def state_now(self) -> tuple[Any, ...]:
        """Return the data found, what the child does, and the results shown."""
        session = self.session
        return session.plan.found, session.phase, session.results

    def lead(self, before: tuple[Any, ...], now: tuple[Any, ...]) -> None:
        """Open the step that has come up."""
        session = self.session
        if now[0] is not before[0] and session.plan.found is not None and not session.busy:
            self.open_only(self.data, *([self.choice] if session.plan.possible else []))
        if session.phase is Phase.EVALUATING and before[1] is not Phase.EVALUATING:
            self.open_only(self.run)
        if now[2] is not before[2] and session.results is not None:
            self.open_only(self.result, self.films)
            self.scroll_area.verticalScrollBar().setValue(0)

    def activity(self) -> tuple[float | None, str]:
        """Return how far the evaluation is."""
        return activity_of(self.session)

    def next_action(self) -> Action:
        """Return the next sensible thing to do."""
        return action_of(self.session)

    def act(self) -> None:
        """Do the next thing."""
        session, name = self.session, self.next_action().name
        if name == "choose":
            self.data.ask_for_folder()
        elif name == "look":
            session.choose(session.plan.path, session.plan.test)
        elif name == "evaluate":
            session.evaluate()
        elif name == "resume" and session.folder is not None:
            session.resume(session.folder)
        elif name == "report":
            self.result.open_report()

    @property
    def can_stop(self) -> bool:
        """Whether the child does anything that it has not been asked to stop."""
        return self.session.phase not in (Phase.IDLE, Phase.STOPPING)
