"""The plots of an evaluation behind tabs, each of which can be enlarged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent, QMouseEvent
from qtpy.QtWidgets import QDialog, QHBoxLayout, QPushButton, QTabBar, QVBoxLayout, QWidget

from napari_tbcad.widgets.evaluating.axes import Plot
from napari_tbcad.widgets.evaluating.plots import Calibration, Confusion, Learning, Roc
from napari_tbcad.widgets.parts.quiet import QuietLabel

if TYPE_CHECKING:
    from napari_tbcad.widgets.evaluating.results import Results

PLOTS: tuple[type[Plot], ...] = (Roc, Calibration, Confusion, Learning)
_SHORT = {"Learning curve": "Learning"}


class PlotTabs(QWidget):
    """One plot at a time; those that an evaluation does not have are not offered."""

    def __init__(self) -> None:
        super().__init__()
        self._results: Results | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.bar = QTabBar()
        self.bar.setExpanding(False)
        self.bar.setDrawBase(False)
        self.bar.setToolTip("Plots; a double click or Return enlarges the one shown.")
        self.bar.setAccessibleName("Plots")
        column.addWidget(self.bar)
        self.plots = tuple(kind() for kind in PLOTS)
        for plot in self.plots:
            column.addWidget(plot)
            plot.hide()
        self.said = QuietLabel(wrap=True)
        column.addWidget(self.said)
        self.large = QPushButton("Enlarge")
        self.large.setToolTip("Show this plot in a window of its own.")
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self.large)
        column.addLayout(row)
        self.there: list[Plot] = []
        self.bar.currentChanged.connect(self._choose)
        self.large.clicked.connect(self.enlarge)

    def show_results(self, results: Results | None) -> None:
        """Show the plots of an evaluation."""
        self._results = results
        self.there = [] if results is None else [one for one in self.plots if one.show_results(results)]
        self.bar.blockSignals(True)
        while self.bar.count():
            self.bar.removeTab(0)
        for plot in self.there:
            self.bar.addTab(_SHORT.get(plot.title, plot.title))
        self.bar.blockSignals(False)
        self.setVisible(bool(self.there))
        self._choose(self.bar.currentIndex())

    @property
    def shown(self) -> Plot | None:
        """The plot in sight."""
        place = self.bar.currentIndex()
        return self.there[place] if 0 <= place < len(self.there) else None

    def enlarge(self) -> QDialog | None:
        """Show the plot in a window of its own; it may stay open while others are looked at."""
        plot = self.shown
        if plot is None or self._results is None:
            return None
        dialog = QDialog(self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(
            f"{plot.title}: {self._results.about.get('title') or self._results.folder.name}"
        )
        large = type(plot)()
        large.show_results(self._results)
        large.free()
        column = QVBoxLayout(dialog)
        column.addWidget(large)
        dialog.resize(720, 640)
        dialog.show()
        return dialog

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Enlarge."""
        self.enlarge()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enlarge with Return."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.enlarge()
        else:
            super().keyPressEvent(event)

    def _choose(self, place: int) -> None:
        for plot in self.plots:
            plot.setVisible(plot is self.shown)
        learning = isinstance(self.shown, Learning) and self._results is not None
        self.said.set_text(self._results.learning if learning and self._results is not None else "")
        self.said.setVisible(bool(self.said.text()))
