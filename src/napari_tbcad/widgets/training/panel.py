"""The panel in which anyone can train a network: data, what was found, training, comparison, use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.widgets.child_panel import Action, ChildPanel
from napari_tbcad.widgets.training.choosing import ChooseStep
from napari_tbcad.widgets.training.comparing import CompareStep
from napari_tbcad.widgets.training.found import FoundStep
from napari_tbcad.widgets.training.running import TrainStep
from napari_tbcad.widgets.training.session import Phase, TrainingSession
from napari_tbcad.widgets.training.sessions import SESSIONS, training_session_of
from napari_tbcad.widgets.training.trainings import Trainings
from napari_tbcad.widgets.training.words import action_of, activity_of

if TYPE_CHECKING:
    import napari

USE = Action("Use this network", "Find with the network that was just trained from now on.", "use")
USED = "In use"
"""What the button of step 4 says then."""


class TrainingPanel(ChildPanel):
    """Steps with a foot that says what comes next.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        Held weakly.
    """

    session: TrainingSession
    light_tip = "Stop looking; nothing is lost."

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__(training_session_of(napari_viewer), SESSIONS)
        self.choose, self.found = ChooseStep(self.session), FoundStep(self.session)
        self.train, self.compare = TrainStep(self.session), CompareStep(self.session)
        self.trainings = Trainings(self.session)
        self.compare.use.used.connect(self.refresh_soon)
        self.compare.use.given_up.connect(self.refresh_soon)
        self.begin(self.trainings, self.choose, self.found, self.train, self.compare)

    def take_files(self, paths: list[Path]) -> None:
        """Learn from dropped folders, tables and cases."""
        self.choose.set_open(True)
        self.choose.take_files(paths)

    def state_now(self) -> tuple[Any, ...]:
        """Return what was looked at, what the child does, and the training shown."""
        session = self.session
        return session.plan.looked, session.phase, session.folder

    def lead(self, before: tuple[Any, ...], now: tuple[Any, ...]) -> None:
        """Open the step that has come up."""
        session = self.session
        if now[0] is not before[0] and session.plan.looked is not None:
            self.open_only(self.found, *([self.train] if session.plan.possible else []))
        if session.folder is not before[2] and not session.shows_plan and session.folder is not None:
            self.open_only(self.train, self.compare)
        if session.phase is Phase.TRAINING and before[1] in (Phase.IDLE, Phase.ESTIMATING):
            self.open_only(self.train)
        # A slow window may not have seen the child judge.
        judged = before[1] is Phase.JUDGING or (session.state is not None and session.state.judged)
        ended = session.phase is Phase.IDLE and before[1] not in (Phase.IDLE, Phase.ESTIMATING)
        if ended and judged and not session.problem:
            self.open_only(self.compare)

    def show_work(self) -> None:
        """Show how far it is; how long a training takes is told in step 3, where it was measured."""
        self.run_bar.tells_time = self.session.plan.look is not None
        super().show_work()

    def activity(self) -> tuple[float | None, str]:
        """Return how far looking, training or comparing is."""
        return activity_of(self.session)

    def next_action(self) -> Action:
        """Return what the foot offers: what was just trained is used before anything else begins."""
        session, plan = self.session, self.session.plan
        action = action_of(session)
        trained = session.state is not None and session.state.judged and session.state.model is not None
        other = plan.looked is not None and plan.looked.choice.looks_at != plan.choice.looks_at
        if action.name not in ("", "look") or not trained or session.busy or plan.look is not None or other:
            return action
        return action if self.compare.use.use_button.text() == USED else USE

    def act(self) -> None:
        """Do what the foot offers."""
        session, name = self.session, self.next_action().name
        if name == "use":
            self.open_only(self.compare)
            self.compare.use.use()
        elif name == "go_on_later":
            if session.folder is not None:
                session.resume(session.folder)
        elif name:
            getattr(session, name)()

    @property
    def can_stop(self) -> bool:
        """Whether the child works, or the data are looked at."""
        session = self.session
        return (session.busy and session.phase is not Phase.STOPPING) or session.plan.look is not None
