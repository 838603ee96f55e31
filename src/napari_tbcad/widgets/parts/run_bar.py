"""The fixed foot of a workflow panel: run, cancel, progress with time left, save, export."""

from __future__ import annotations

import time

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_tbcad.durations import left_in_words
from napari_tbcad.notice import NOTICE
from napari_tbcad.widgets.parts.progress_line import ProgressLine
from napari_tbcad.widgets.parts.quiet import QuietLabel

_TELL_AFTER_S = 1.5
"""Time left is told from here on: before, a guess would only flicker."""


_READER_PX = 120
"""Room for a reader's name beside the line below."""

_SAVE_TIP = "Save masks, features, result and the record of every step and edit in one file, to go on later."


class RunBar(QWidget):
    """Run · Cancel · Save · Export · progress · the research-use line.

    Parameters
    ----------
    run_text : str, optional
        What the run button says.
    save : bool, optional
        Whether there is a button to save.
    export : bool, optional
        Whether there is one to export beside it.
    save_text, save_tip, export_tip : str, optional
        What the buttons say.
    parent : QWidget, optional
        Qt parent.

    Attributes
    ----------
    run, cancel, save : Signal
        A button was pressed.
    export_menu : QMenu
        Filled by the panel; its button shows when `save` was asked for.
    reader_button : QToolButton
        Says who reads; hidden until :meth:`name_reader` is called.
    """

    run = Signal()
    cancel = Signal()
    save = Signal()

    def __init__(
        self,
        run_text: str = "Run all",
        *,
        save: bool = True,
        export: bool = True,
        save_text: str = "Save case",
        save_tip: str = _SAVE_TIP,
        export_tip: str = "Tables, masks for other programs, pictures.",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._began: float | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(3)
        self._make_buttons(run_text, save_text, save_tip, export_tip)
        layout.addLayout(self._button_row(save, export))
        self.progress = ProgressLine()
        self.progress.setAccessibleName("Share of the work done")
        layout.addWidget(self.progress)
        layout.addLayout(self._foot())
        self.run_button.clicked.connect(lambda: self.run.emit())
        self.cancel_button.clicked.connect(lambda: self.cancel.emit())
        self.save_button.clicked.connect(lambda: self.save.emit())
        self.show_progress(None)
        self.allow_save(False)

    def _make_buttons(self, run_text: str, save_text: str, save_tip: str, export_tip: str) -> None:
        self.run_button = QPushButton(run_text)
        self.run_button.setToolTip("Bring everything shown here up to date.")
        self.run_button.setStyleSheet("font-weight: bold; padding: 5px;")
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setToolTip("Stop the work under way; what is finished stays.")
        self.cancel_button.setStyleSheet("padding: 5px;")
        self.save_button = QPushButton(save_text)
        self.save_button.setToolTip(save_tip)
        self.save_button.setStyleSheet("padding: 5px;")
        self.export_menu = QMenu(self)
        self.export_button = QPushButton("Export")
        self.export_button.setToolTip(export_tip)
        self.export_button.setMenu(self.export_menu)
        self.export_button.setStyleSheet("padding: 5px;")

    def _button_row(self, save: bool, export: bool) -> QHBoxLayout:
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        buttons.addWidget(self.run_button, 2)
        buttons.addWidget(self.cancel_button, 1)
        if save:
            buttons.addWidget(self.save_button, 1)
        if save and export:
            buttons.addWidget(self.export_button)
        return buttons

    def _foot(self) -> QVBoxLayout:
        foot = QVBoxLayout()
        foot.setSpacing(0)
        self.text = QuietLabel(scale=0.9)
        self.text.setAccessibleName("Progress")
        notice = QuietLabel(NOTICE, scale=0.9)
        notice.setAlignment(Qt.AlignmentFlag.AlignRight)
        notice.setToolTip(
            "Research use only. Not a medical device; not for diagnosis, triage or decisions about a patient."
        )
        # One above the other: side by side neither has room, and the line would jump when work begins.
        foot.addWidget(self.text)
        last = QHBoxLayout()
        self.reader_button = QToolButton()
        self.reader_button.setText("Reader…")
        self.reader_button.setAutoRaise(True)
        self.reader_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.reader_button.setToolTip(
            "Who reads: your name or initials. Cases, journal and annotations say it; another name adds a "
            "second reading to a case."
        )
        self.reader_button.hide()
        last.addWidget(self.reader_button)
        last.addWidget(notice, 1)
        foot.addLayout(last)
        return foot

    def show_progress(self, share: float | None, what: str = "", *, can_run: bool = True) -> None:
        """Show the share done in [0, 1] and what is being done; None when nothing is."""
        busy = share is not None
        if not busy:
            self._began = None
        elif self._began is None:
            self._began = time.monotonic()
        self.progress.show_share(share or 0.0)
        self.text.set_text(what + self._time_left(share))
        self.run_button.setEnabled(can_run and not busy)
        self.cancel_button.setEnabled(busy)

    def name_reader(self, reader: str) -> None:
        """Show who reads."""
        said = f"Reader: {reader}" if reader else "Reader…"
        metrics = self.reader_button.fontMetrics()
        self.reader_button.setText(metrics.elidedText(said, Qt.TextElideMode.ElideRight, _READER_PX))
        self.reader_button.show()

    def allow_save(self, allowed: bool) -> None:
        """Enable or disable saving and exporting."""
        self.save_button.setEnabled(allowed)
        self.export_button.setEnabled(allowed)

    def _time_left(self, share: float | None) -> str:
        if share is None or self._began is None or not 0.05 < share < 1:
            return ""
        spent = time.monotonic() - self._began
        return f", {left_in_words(spent * (1 - share) / share)}" if spent > _TELL_AFTER_S else ""
