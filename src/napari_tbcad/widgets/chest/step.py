"""What every step of the chest chain shows: one session, its settings as a form."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QLabel,
)

from napari_tbcad.chain import State
from napari_tbcad.widgets.chest.session import ChestSession
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.parts.step import StepRow


class ChestStep(StepRow):
    """A step that shows one session; `name` is its key in the session's table of stages."""

    name = ""

    def __init__(self, number: int, title: str, tooltip: str, *, open_: bool = False) -> None:
        super().__init__(number, title, tooltip, open_=open_)
        self.session: ChestSession | None = None

    def bind(self, session: ChestSession | None) -> None:
        """Show another session."""
        self.session = session
        if session is not None and session.run is not None:
            self.build(session.run.settings)
        self.refresh()

    def build(self, settings: Any) -> None:
        """Make, or refill, the controls from the settings of the run."""

    def refresh(self) -> None:
        """Show state, summary and values."""
        if self.session is None:
            self.set_state(State.NOT_RUN)
            self.summarise("")
            return
        self.set_state(self.session.state(self.name), self.session.error(self.name))

    def settings(self) -> Any:
        """Return the settings of the run, None without one."""
        run = self.session.run if self.session is not None else None
        return None if run is None else run.settings

    def form(self, old: ParameterForm | None, value: Any, section: str, **options: Any) -> ParameterForm:
        """Return a form for a section of the settings: the old one refilled, or a new one in the body."""
        live = options.pop("live", False)
        if old is not None and type(old.value) is type(value):
            old.set_value(value)
            return old
        form = ParameterForm(value, **options)
        form.changed.connect(
            lambda new: self.session.configure(section, new, live=live) if self.session is not None else None
        )
        self.body.addWidget(form)
        return form


def left_aligned(text: str) -> QLabel:
    """Return a wrapping label whose text can be selected."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
