"""Which hotspots the table shows: the row of choices above it."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QWidget

from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.schemes import HOTSPOT_CLASSES
from napari_tbcad.widgets.bone.hotspot_table.chips import chip
from napari_tbcad.widgets.bone.hotspot_table.order import Filter
from napari_tbcad.widgets.bone.hotspot_table.words import WORDS

_JUDGED = (("All", None), ("To judge", False), ("Judged", True))


class FilterRow(QWidget):
    """Words, class, view, judged or not.

    Attributes
    ----------
    changed : Signal(object)
        Another Filter is wanted.
    done : Signal()
        Return was pressed in the field of words.
    """

    changed = Signal(object)
    done = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        self.text = QLineEdit()
        self.text.setPlaceholderText("Find")
        self.text.setClearButtonEnabled(True)
        self.text.setToolTip(
            "Show only hotspots with these words in place, view or class, or with this number. "
            "Return: to the first of them."
        )
        self.text.setAccessibleName("Find hotspots")
        self.text.textChanged.connect(lambda _: self._tell())
        self.text.returnPressed.connect(lambda: self.done.emit())
        self.judged = _choice(
            "Show all hotspots, those left to judge, or those a person judged.", "Judged or not"
        )
        for word, judged in _JUDGED:
            self.judged.addItem(word, judged)
        self.label = _choice("Show the hotspots of one class only.", "Class shown")
        self.label.addItem("Any class", None)
        for label in HOTSPOT_CLASSES:
            self.label.addItem(chip(label), WORDS[label], label)
        self.view = _choice("Show the hotspots of one view only.", "View shown")
        self.view.addItem("Both", None)
        for view in VIEWS:
            self.view.addItem("ant" if view == "anterior" else "post", view)
        self.clear_button = QPushButton("✕")
        self.clear_button.setToolTip("Show all hotspots again.")
        self.clear_button.setAccessibleName("Show all hotspots")
        self.clear_button.setFixedWidth(24)
        self.clear_button.setStyleSheet("padding: 2px;")
        self.clear_button.clicked.connect(lambda: self.set_filter(Filter()))
        row.addWidget(self.text, 3)
        for box, share in ((self.judged, 3), (self.label, 4), (self.view, 3)):
            box.currentIndexChanged.connect(lambda _: self._tell())
            row.addWidget(box, share)
        row.addWidget(self.clear_button)
        self._show_clear()

    @property
    def filter(self) -> Filter:
        """What is chosen."""
        return Filter(
            label=self.label.currentData(),
            view=self.view.currentData(),
            judged=self.judged.currentData(),
            text=self.text.text().strip(),
        )

    def set_filter(self, filter_: Filter) -> None:
        """Choose, as a person does."""
        with QSignalBlocker(self):
            self.text.setText(filter_.text)
            for box, value in (
                (self.label, filter_.label),
                (self.view, filter_.view),
                (self.judged, filter_.judged),
            ):
                place = next(
                    n for n in range(box.count()) if box.itemData(n) is value or box.itemData(n) == value
                )
                box.setCurrentIndex(place)
        self._tell()

    def _tell(self) -> None:
        self._show_clear()
        self.changed.emit(self.filter)

    def _show_clear(self) -> None:
        self.clear_button.setVisible(self.filter.on)


def _choice(tip: str, name: str) -> QComboBox:
    box = QComboBox()
    box.setToolTip(tip)
    box.setAccessibleName(name)
    points = max(7.0, box.font().pointSizeF() - 1)
    # Four of them share the panel's width.
    box.setStyleSheet(
        f"QComboBox {{ padding: 2px 2px 2px 5px; font-size: {points:g}pt; }}"
        "QComboBox::drop-down { width: 14px; } QComboBox::down-arrow { width: 9px; height: 9px; }"
    )
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(4)
    box.view().setMinimumWidth(110)
    return box
