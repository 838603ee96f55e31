"""What every step of a workflow shows: one session, its settings as a form."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from napari_tbcad.chain import State
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.parts.step import StepRow
from napari_tbcad.widgets.workflow.bench import Bench


class SessionStep(StepRow):
    """A step that shows the session of a bench.

    Parameters
    ----------
    bench : Bench
        What the panels of a viewer share.

    Attributes
    ----------
    name : str
        Its key in the session's table of stages.
    number, heading, purpose : int and str
        Its place, its title, and what it does in one sentence.
    """

    name = ""
    number = 0
    heading = ""
    purpose = ""
    can_run = True

    def __init__(self, bench: Bench, *, open_: bool = False) -> None:
        super().__init__(self.number, self.heading, self.purpose, open_=open_, can_run=self.can_run)
        self.bench = bench
        self._built: Any = None
        self.run_wanted.connect(self._run)

    @property
    def session(self) -> Any:
        """The session shown; None without one."""
        return self.bench.session

    def build(self, settings: Any) -> None:
        """Make, or refill, the controls from the settings of the run."""

    def refresh(self) -> None:
        """Show state, summary and values."""
        session = self.session
        if session is None:
            self.set_state(State.NOT_RUN)
            self.summarise("")
            self.allow_run(False)
            return
        if session.run is not None and session.run.settings is not self._built:
            self._built = session.run.settings
            self.build(self._built)
        self.set_state(session.state(self.name), session.error(self.name))
        self.allow_run(session.usable and not session.busy)

    @property
    def made_for(self) -> int:
        """Number of controls made so far, which differs once a form was made."""
        return self.body.count()

    def settings(self) -> Any:
        """Return the settings of the run, None without one."""
        run = self.session.run if self.session is not None else None
        return None if run is None else run.settings

    def form(
        self, old: ParameterForm | None, value: Any, section: str, *, live: bool = False, **options: Any
    ) -> ParameterForm:
        """Return a form for a section of the settings: the old one refilled, or a new one in the body."""
        if old is not None and type(old.value) is type(value):
            if old.value != value:
                old.set_value(value)
            return old
        form = ParameterForm(value, **options)
        form.changed.connect(lambda new: self.configure(section, new, live=live))
        self.body.addWidget(form)
        return form

    def configure(self, section: str, value: Any, *, live: bool = False) -> None:
        """Replace one section of the settings."""
        if self.session is not None:
            self.session.configure(section, value, live=live)

    def _run(self) -> None:
        if self.session is not None:
            self.session.run_step(self.name)


def left_aligned(text: str) -> QLabel:
    """Return a wrapping label whose text can be selected; what a file says is no markup in it."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
