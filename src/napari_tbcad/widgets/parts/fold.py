"""A button that shows and hides what is below it."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSizePolicy, QToolButton, QWidget


class Fold(QToolButton):
    """A button that shows and hides a widget below it.

    Parameters
    ----------
    below : QWidget
        Hidden at first.
    tip : str
        What is to be found there.
    """

    def __init__(self, below: QWidget, tip: str, text: str = "") -> None:
        super().__init__()
        self._below = below
        self.setText(text)
        self.setToolTip(tip)
        self.setCheckable(True)
        self.setAutoRaise(True)
        self.setArrowType(Qt.ArrowType.RightArrow)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        below.hide()
        self.toggled.connect(self._unfold)

    def _unfold(self, on: bool) -> None:
        self._below.setVisible(on)
        self.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
