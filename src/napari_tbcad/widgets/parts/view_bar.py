"""One row for looking at the film: window, invert, ruler, keys; for a scan a second one with a slider."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSizePolicy, QSpinBox, QVBoxLayout, QWidget

from napari_tbcad.widgets.parts.slider import NumberSlider

_STEPS = 200
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
    crosshair_tip : str, optional
        What a cross-hair does; without it there is no such button.
    slider_tip, letters_tip, normalise_tip : str, optional
        What a slider for the window does and what the toggles beside it; without the first there are none.
    parent : QWidget, optional
        Qt parent.

    Attributes
    ----------
    preset : Signal(str)
        A window preset was chosen.
    invert, ruler, crosshair, letters, normalise : Signal(bool)
        A toggle was set by the person.
    slid : Signal(float)
        The slider was moved; 0 to 1, its left and right end.
    help : Signal
        The keys are asked for.
    """

    preset = Signal(str)
    invert = Signal(bool)
    ruler = Signal(bool)
    crosshair = Signal(bool)
    letters = Signal(bool)
    normalise = Signal(bool)
    slid = Signal(float)
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
        crosshair_tip: str = "",
        slider_tip: str = "",
        letters_tip: str = "",
        normalise_tip: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        hints = hints or {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        row = QHBoxLayout()
        row.setSpacing(3)
        column.addLayout(row)
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
        self.crosshair_button = self._button(
            "Cross", crosshair_tip + hints.get("crosshair", ""), "Cross-hair"
        )
        if not crosshair_tip:
            self.crosshair_button.hide()
        for button, signal in (
            (self.invert_button, self.invert),
            (self.crosshair_button, self.crosshair),
            (self.ruler_button, self.ruler),
        ):
            button.setCheckable(True)
            button.toggled.connect(signal)
        self.help_button = self._button("?", "Keys and mouse" + hints.get("help", ""), "Keys and mouse")
        self.help_button.setShortcut(QKeySequence(help_key))
        self.help_button.clicked.connect(lambda: self.help.emit())
        row.addWidget(self.window_button, 1)
        for button in (self.invert_button, self.crosshair_button, self.ruler_button, self.help_button):
            row.addWidget(button)
        self._steps: QSpinBox | None = None
        self.slider: NumberSlider | None = None
        self.letters_button: QPushButton | None = None
        self.normalise_button: QPushButton | None = None
        self._second_row: QHBoxLayout | None = None
        if slider_tip:
            self._second_row = self._slider_row(slider_tip, letters_tip, normalise_tip)
            column.addLayout(self._second_row)

    def put_before_slider(self, widget: QWidget) -> None:
        """Put something else to the left of the slider."""
        if self._second_row is not None:
            self._second_row.insertWidget(0, widget)

    def show_window(self, text: str) -> None:
        """Show window width and level on their button; its name when the text is empty."""
        self.window_button.setText(text or self._window_name)

    def show_slider(self, share: float, *, normalised: bool) -> None:
        """Set the slider (0 to 1) and the toggle beside it, without a signal."""
        if self.slider is None or self.normalise_button is None or self._steps is None:
            return
        if not self.slider.isSliderDown():
            with QSignalBlocker(self._steps):
                self._steps.setValue(round(share * _STEPS))
            with QSignalBlocker(self.slider):
                self.slider.setValue(self._steps.value())
        with QSignalBlocker(self.normalise_button):
            self.normalise_button.setChecked(normalised)

    def show_letters(self, on: bool) -> None:
        """Set the letters toggle, without a signal."""
        if self.letters_button is not None:
            with QSignalBlocker(self.letters_button):
                self.letters_button.setChecked(on)

    def show_crosshair(self, on: bool) -> None:
        """Set the cross-hair toggle, without a signal."""
        with QSignalBlocker(self.crosshair_button):
            self.crosshair_button.setChecked(on)

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
        second = (self.slider, self.letters_button, self.normalise_button)
        for control in (self.invert_button, self.crosshair_button, *second):
            if control is not None:
                control.setEnabled(window)
        self.ruler_button.setEnabled(ruler)

    def _slider_row(self, slider_tip: str, letters_tip: str, normalise_tip: str) -> QHBoxLayout:
        # The steps are equal ratios of a number that the window button shows: no box beside the slider.
        self._steps = QSpinBox(self)
        self._steps.setRange(0, _STEPS)
        self._steps.setSingleStep(_STEPS // 20)
        self._steps.hide()
        self._steps.valueChanged.connect(lambda step: self.slid.emit(step / _STEPS))
        self.slider = NumberSlider(self._steps, 1)
        self.slider.setToolTip(slider_tip)
        self.slider.setAccessibleName(self._window_name)
        self.letters_button = self._button("Letters", letters_tip, "Letters")
        self.normalise_button = self._button("Same grey", normalise_tip, "Same grey for the same bone")
        for button, signal in ((self.letters_button, self.letters), (self.normalise_button, self.normalise)):
            button.setCheckable(True)
            button.toggled.connect(signal)
        row = QHBoxLayout()
        row.setSpacing(3)
        row.addWidget(self.slider, 1)
        row.addWidget(self.letters_button)
        row.addWidget(self.normalise_button)
        return row

    def _button(self, text: str, tooltip: str, name: str) -> QPushButton:
        # Not a QToolButton: napari's themes show none of its states.
        button = QPushButton(text)
        button.setToolTip(tooltip)
        button.setAccessibleName(name)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setStyleSheet("padding: 4px 6px;")
        return button
