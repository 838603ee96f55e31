"""One row for looking at the film: window, invert, ruler, keys."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSizePolicy, QWidget

_WINDOW_TIP = (
    "Window presets. On the film: drag with the right mouse button, sideways for width, up and down for "
    "level; double right click for the stored window."
)
_INVERT_TIP = (
    "Show the film with its grey scale turned round. Display only: pixels and result stay as they are."
)


class ViewBar(QWidget):
    """Window presets, invert, ruler and help; knows nothing of a viewer.

    Parameters
    ----------
    presets : sequence of str
        Names of the window presets.
    ruler_tip : str, optional
        What the ruler does, for its tooltip.
    hints : dict of str to str, optional
        Keys to name in tooltips, for ``"window"``, ``"invert"``, ``"ruler"`` and ``"help"``.
    help_key : str, optional
        Shortcut of the help button, in Qt's notation.
    window_name, window_tip, invert_tip : str, optional
        Other words for a window that is no radiograph's.
    parent : QWidget, optional
        Qt parent.

    Attributes
    ----------
    preset : Signal(str)
        A window preset was chosen.
    invert, ruler : Signal(bool)
        A toggle was set by the person.
    help : Signal
        The keys are asked for.
    """

    preset = Signal(str)
    invert = Signal(bool)
    ruler = Signal(bool)
    help = Signal()

    def __init__(
        self,
        presets: Sequence[str],
        *,
        ruler_tip: str = "Draw lines with their length.",
        hints: dict[str, str] | None = None,
        help_key: str = "",
        window_name: str = "Window",
        window_tip: str = _WINDOW_TIP,
        invert_tip: str = _INVERT_TIP,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        hints = hints or {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        self._window_name = window_name
        self.window_button = self._button(
            window_name, window_tip + hints.get("window", ""), f"{window_name} presets"
        )
        # The numbers change with every drag: the row must not move with them.
        self.window_button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.window_button.setMinimumWidth(110)
        self.menu = QMenu(self)
        for name in presets:
            action = QAction(name, self.menu)
            action.triggered.connect(lambda _=False, name=name: self.preset.emit(name))
            self.menu.addAction(action)
        self.window_button.setMenu(self.menu)
        self.invert_button = self._button("Invert", invert_tip + hints.get("invert", ""), "Invert")
        self.ruler_button = self._button("Ruler", ruler_tip + hints.get("ruler", ""), "Ruler")
        for button, signal in ((self.invert_button, self.invert), (self.ruler_button, self.ruler)):
            button.setCheckable(True)
            button.toggled.connect(signal)
        self.help_button = self._button("?", "Keys and mouse" + hints.get("help", ""), "Keys and mouse")
        self.help_button.setShortcut(QKeySequence(help_key))
        self.help_button.clicked.connect(lambda: self.help.emit())
        row.addWidget(self.window_button, 1)
        for button in (self.invert_button, self.ruler_button, self.help_button):
            row.addWidget(button)

    def show_window(self, text: str) -> None:
        """Show window width and level on their button; its name when the text is empty."""
        self.window_button.setText(text or self._window_name)

    def show_inverted(self, on: bool) -> None:
        """Set the invert toggle, without a signal."""
        with QSignalBlocker(self.invert_button):
            self.invert_button.setChecked(on)

    def show_ruler(self, on: bool) -> None:
        """Set the ruler toggle, without a signal."""
        with QSignalBlocker(self.ruler_button):
            self.ruler_button.setChecked(on)

    def set_available(self, *, window: bool, ruler: bool) -> None:
        """Enable what the present film allows: a window needs a grey film, the ruler any film."""
        self.window_button.setEnabled(window)
        self.invert_button.setEnabled(window)
        self.ruler_button.setEnabled(ruler)

    def _button(self, text: str, tooltip: str, name: str) -> QPushButton:
        # Not a QToolButton: napari's themes show none of its states.
        button = QPushButton(text)
        button.setToolTip(tooltip)
        button.setAccessibleName(name)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setStyleSheet("padding: 4px 6px;")
        return button
