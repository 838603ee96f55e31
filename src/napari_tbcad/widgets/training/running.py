"""Step 3: how long it takes, the settings, and the training as it goes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QWidget

from napari_tbcad.chain import State
from napari_tbcad.networks.config import FitParameters
from napari_tbcad.widgets.parts.notice import Notice
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.training.curves import Curves
from napari_tbcad.widgets.training.progress import Progress
from napari_tbcad.widgets.training.session import Phase, TrainingSession
from napari_tbcad.widgets.training.settings import TimeAndSettings
from napari_tbcad.widgets.training.step import TrainingStep
from napari_tbcad.widgets.training.words import (
    RESUMED,
    estimate_words,
    short_of_time,
    time_words,
    training_words,
)


class TrainStep(TrainingStep):
    """Estimate, settings, progress and curves."""

    number, heading = 3, "Train"
    purpose = "Trains the network in a process of its own; the window stays free."

    def __init__(self, session: TrainingSession, *, open_: bool = False) -> None:
        super().__init__(session, open_=open_)
        self._planned: object = None
        self.empty = QuietLabel("There is nothing to train on yet: look at the data first.", wrap=True)
        self.estimate = QuietLabel(quiet=False, wrap=True)
        self.short = Notice()
        self.settings = TimeAndSettings()
        self.shown = QuietLabel(quiet=False, wrap=True)
        self.progress = Progress()
        self.curves = Curves()
        self.note = QuietLabel(RESUMED, wrap=True)
        widgets: tuple[QWidget, ...] = (
            self.empty,
            self.estimate,
            self.short,
            self.settings,
            self.shown,
            self.progress,
            self.curves,
            self.note,
        )
        for widget in widgets:
            self.body.addWidget(widget)
        self.settings.changed.connect(self._configure)
        self.settings.minutes_changed.connect(session.plan.set_minutes)
        self.run_wanted.connect(session.train)
        session.begun.connect(self._begin)
        session.said.connect(self._take)
        if session.folder is not None:
            self._begin(session.folder)
            self._replay()

    @property
    def made_for(self) -> int:
        """Number of controls made so far."""
        return self.body.count() + (self.settings.form is not None)

    def refresh(self) -> None:
        """Show how long it takes, or how far it is."""
        session, plan = self.session, self.session.plan
        running = session.busy or session.folder is not None
        planned = session.shows_plan
        self.empty.setVisible(not planned and not running)
        self.estimate.setVisible(planned)
        self.settings.setVisible(planned)
        for widget in (self.progress, self.curves):
            widget.setVisible(running and not planned)
        self.shown.setVisible(running and not planned and not session.busy)
        self.note.setVisible(session.busy or plan.possible)
        self.allow_run(plan.possible and not session.busy)
        if planned and plan.config is not None and plan.looked is not None:
            self.estimate.set_text(estimate_words(session))
            timed = plan.costs is not None
            self.short.tell(short_of_time(plan.wished, plan.config.fit.epochs))
            self.settings.show_settings(plan.config.fit, plan.looked.config.fit, plan.minutes, timed=timed)
        if not planned:
            self.short.tell()
        self.shown.set_text(training_words(session))
        self._show_state(planned=planned)

    def _show_state(self, *, planned: bool) -> None:
        session = self.session
        if session.problem:
            # Once is enough.
            told = not planned and self.progress.state == "failed"
            self.set_state(State.FAILED, "" if told else session.problem)
        elif session.busy and session.phase is not Phase.JUDGING:
            self.set_state(State.RUNNING)
        elif planned:
            self.set_state(State.NOT_RUN)
        elif session.busy or (session.state is not None and session.state.model is not None):
            self.set_state(State.DONE)
        elif session.state is not None and session.state.resumable:
            self.set_state(State.STALE)
        else:
            self.set_state(State.NOT_RUN)
        self.summarise(time_words(session) if planned else training_words(session, named=False))

    def _configure(self, fit: FitParameters) -> None:
        plan = self.session.plan
        if plan.config is not None:
            plan.configure(plan.config.model_copy(update={"fit": fit}))

    # -- the training that is shown -------------------------------------------------------------------

    def _begin(self, folder: Path | None) -> None:
        config = self.session.config
        self.progress.clear()
        self.curves.clear()
        if folder is None or config is None:
            return
        self.curves.begin(config.task, epochs=config.fit.epochs)
        if self.session.plan.costs is not None:
            self.progress.set_device(str(self.session.plan.costs.get("device", "")))
        self.curves.show_all(self.session.history.epochs, self.session.history.steps)

    def _replay(self) -> None:
        if self.session.history.last:
            self.curves.show_event(self.session.history.last)
            if self.session.busy:
                self.progress.show_event(self.session.history.last)

    def _take(self, event: Mapping[str, Any]) -> None:
        self.progress.show_event(event)
        self.curves.show_event(event)
