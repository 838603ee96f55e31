"""How far a person is with judging, and the buttons that say a class."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from qtpy.QtCore import QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPalette
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from napari_tbcad.widgets.bone.actions import CLASS_KEYS
from napari_tbcad.widgets.bone.hotspot_table.chips import chip
from napari_tbcad.widgets.bone.hotspot_table.words import JUDGED, WORDS
from napari_tbcad.widgets.keys import hint, key_of
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.parts.step import GREEN


class Progress(QWidget):
    """How many are judged, "6 of 14 judged", over a thin bar."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._share = 0.0
        self.label = QuietLabel(quiet=False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 5)
        row.addWidget(self.label)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """What it says."""
        return self.label.text()

    def show_rows(self, rows: Iterable[Any]) -> None:
        """Count the judged among hotspots."""
        rows = tuple(rows)
        judged = sum(row.judged for row in rows)
        self._share = judged / len(rows) if rows else 0.0
        self.label.set_text(progress_text(judged, len(rows)))
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for the text and the bar below it."""
        return QSize(80, self.fontMetrics().height() + 7)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the bar; its colour says nothing that the text does not."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        ground = QColor(self.palette().color(QPalette.ColorRole.WindowText))
        ground.setAlpha(50)
        box = QRectF(0, self.height() - 4, self.width(), 3)
        painter.setBrush(ground)
        painter.drawRoundedRect(box, 1.5, 1.5)
        if self._share > 0:
            painter.setBrush(QColor(GREEN))
            painter.drawRoundedRect(QRectF(0, box.top(), box.width() * self._share, 3), 1.5, 1.5)


def progress_text(judged: int, total: int) -> str:
    """Return how far judging is, "6 of 14 judged"."""
    if not total:
        return "No hotspots"
    if judged == total > 1:
        return f"All {total} judged"
    return f"{judged} of {total} judged"


class ClassRow(QWidget):
    """A button for each class, with its letter, and one that confirms the class there is.

    Attributes
    ----------
    class_wanted : Signal(str)
        A person said a class.
    confirm_wanted : Signal()
        A person said that the class is right.
    """

    class_wanted = Signal(str)
    confirm_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self.buttons: dict[str, QPushButton] = {}
        for key, label in CLASS_KEYS.items():
            button = _button(
                WORDS[label].capitalize(), "Class of the hotspots selected; of what is made next", key
            )
            button.setIcon(chip(label))
            button.setCheckable(True)
            button.clicked.connect(partial(self._say, label))
            row.addWidget(button, 1)
            self.buttons[label] = button
        self.confirm_button = _button(
            f"{JUDGED} {key_of('confirm').keys}",
            "Judged: the class that the selected hotspots have is right",
            "confirm",
        )
        self.confirm_button.setAccessibleName("Confirm the class")
        self.confirm_button.setMinimumWidth(28)
        self.confirm_button.clicked.connect(lambda: self.confirm_wanted.emit())
        row.addWidget(self.confirm_button)

    def show_class(self, label: str | None) -> None:
        """Press the button of a class down; None presses none."""
        for name, button in self.buttons.items():
            button.setChecked(name == label)

    def _say(self, label: str, checked: bool = False) -> None:
        self.class_wanted.emit(label)


class HeadRow(QWidget):
    """How many are judged, and what takes a person on: filter, go on, next.

    Attributes
    ----------
    progress : Progress
    filter_button : QPushButton
        Shows the filters while it is down.
    onward_button : QPushButton
        While it is down, the next hotspot follows one that was judged.
    next_button : QPushButton
        Takes on to the next hotspot that needs an eye.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.progress = Progress()
        self.filter_button = _button(
            "Filter", "Show only some hotspots: by words, class, view, judged or not"
        )
        self.onward_button = _button(
            "Go on", "Once you judged a hotspot, point at the next that needs your eye, without Tab"
        )
        self.next_button = _button(
            "Next",
            "Point at the next hotspot that needs your eye; Shift+Tab at the one before",
            "next_hotspot",
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        row.addWidget(self.progress, 1)
        for button in (self.filter_button, self.onward_button, self.next_button):
            button.setCheckable(button is not self.next_button)
            button.setStyleSheet(button.styleSheet().replace("3px 1px", "2px 6px"))
            row.addWidget(button)


def _button(text: str, tip: str, key: str = "") -> QPushButton:
    button = QPushButton(text)
    points = max(7.0, button.font().pointSizeF() - 1)
    button.setStyleSheet(f"padding: 3px 1px; font-size: {points:g}pt;")
    # A click leaves the keys where they were, on canvas or table.
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setToolTip(f"{tip}{hint(key) if key else ''}.")
    return button
