"""The fixed foot of a workflow panel: run, cancel, progress."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

NOTICE = "Research use only. Not for diagnosis."


class RunBar(QWidget):
    """Run all · Cancel · progress · the research-use line.

    Attributes
    ----------
    run, cancel : Signal
        A button was pressed.
    """

    run = Signal()
    cancel = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(3)
        buttons = QHBoxLayout()
        self.run_button = QPushButton("Run all")
        self.run_button.setToolTip("Bring every step up to date: enhance, masks, features, result.")
        self.run_button.setStyleSheet("font-weight: bold; padding: 5px;")
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setToolTip("Stop the work under way; what is finished stays.")
        self.cancel_button.setStyleSheet("padding: 5px;")
        buttons.addWidget(self.run_button, 2)
        buttons.addWidget(self.cancel_button, 1)
        layout.addLayout(buttons)
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        layout.addWidget(self.progress)
        foot = QHBoxLayout()
        self.text = QLabel("")
        notice = QLabel(NOTICE)
        notice.setToolTip(
            "Research use only. Not a medical device; not for diagnosis, triage or decisions about a patient."
        )
        for label in (self.text, notice):
            label.setStyleSheet("color: gray; font-size: 8pt;")
        foot.addWidget(self.text, 1)
        foot.addWidget(notice)
        layout.addLayout(foot)
        self.run_button.clicked.connect(lambda: self.run.emit())
        self.cancel_button.clicked.connect(lambda: self.cancel.emit())
        self.show_progress(None)

    def show_progress(self, share: float | None, what: str = "", *, can_run: bool = True) -> None:
        """Show the share done in [0, 1] and what is being done; None when nothing is."""
        busy = share is not None
        self.progress.setValue(round(1000 * (share or 0.0)))
        self.text.setText(what)
        self.run_button.setEnabled(can_run and not busy)
        self.cancel_button.setEnabled(busy)
