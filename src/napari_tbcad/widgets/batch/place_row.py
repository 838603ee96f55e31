"""A folder or file that may be chosen: what it is for, which it is, and what holds without one."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from napari_tbcad.widgets.parts.quiet import QuietLabel


class PlaceRow(QWidget):
    """One line with a button to choose and one to take back.

    Parameters
    ----------
    text, tip : str
        What it is for.
    otherwise : str
        What is said while none is chosen.

    Attributes
    ----------
    chosen : Signal(object)
        A path, or None.
    """

    chosen = Signal(object)

    def __init__(self, text: str, tip: str, otherwise: str) -> None:
        super().__init__()
        self._text, self._otherwise = text, otherwise
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        self.kind = QLabel(text)
        self.kind.setToolTip(tip)
        self.name = QuietLabel()
        self.button = QPushButton("Choose…")
        self.button.setToolTip(tip)
        self.button.setAccessibleName(f"Choose {text.lower()}")
        self.button.setStyleSheet("padding: 4px;")
        self.back = QToolButton()
        self.back.setText("✕")
        self.back.setAutoRaise(True)
        self.back.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.back.setToolTip(f"Back to: {otherwise}")
        self.back.setAccessibleName(f"{text}: back to {otherwise}")
        line.addWidget(self.kind)
        line.addWidget(self.name, 1)
        line.addWidget(self.back)
        line.addWidget(self.button)
        self.button.clicked.connect(self._ask)
        self.back.clicked.connect(lambda: self.chosen.emit(None))

    def show_path(self, path: Path | None) -> None:
        """Show what is chosen."""
        self.name.set_text(self._otherwise if path is None else (path.name or str(path)))
        self.name.setToolTip(self._otherwise if path is None else str(path))
        self.back.setVisible(path is not None)

    def _ask(self) -> None:
        path = QFileDialog.getExistingDirectory(self, self._text)
        if path:
            self.chosen.emit(Path(path))
