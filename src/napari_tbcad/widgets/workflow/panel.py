"""A panel that stacks the steps of a workflow: empty state, warnings, steps that scroll, a fixed foot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import (
    QFrame,
    QInputDialog,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_tbcad.widgets.parts.quiet import breakable
from napari_tbcad.widgets.parts.run_bar import RunBar
from napari_tbcad.widgets.workflow.bench import Bench
from napari_tbcad.widgets.workflow.dock import Dock
from napari_tbcad.widgets.workflow.header import PanelHeader
from napari_tbcad.widgets.workflow.step import SessionStep


class WorkflowPanel(Dock):
    """Header, empty state or steps, foot.

    Parameters
    ----------
    bench : Bench
        What the panels of a viewer share.
    header : PanelHeader
        The head.
    steps : tuple of SessionStep
        The steps, in order.
    run_bar : RunBar
        The foot.
    between : sequence of QWidget, optional
        What stands between the head and the steps.

    Attributes
    ----------
    most_warnings_px : int
        More warnings than have room in this height are scrolled, so that the steps stay in sight.
    """

    most_warnings_px = 150

    def __init__(
        self,
        bench: Bench,
        header: PanelHeader,
        steps: tuple[SessionStep, ...],
        run_bar: RunBar,
        *,
        between: Sequence[QWidget] = (),
    ) -> None:
        super().__init__(bench)
        self.header, self.steps, self.run_bar = header, steps, run_bar
        self.empty = QWidget()
        column = QVBoxLayout(self.empty)
        column.setContentsMargins(0, 12, 0, 0)
        self.fill_empty(column)
        column.addStretch()
        self.column.addWidget(header)
        for widget in between:
            self.column.addWidget(widget)
        self.column.addWidget(self.empty, 1)
        self.column.addWidget(self._scrolling(), 1)
        self.column.addWidget(run_bar)
        run_bar.run.connect(self.run_all)
        run_bar.cancel.connect(self.cancel)
        # Bound methods, which Qt holds weakly: with a lambda that knows the panel, PySide keeps a closed one.
        run_bar.reader_button.clicked.connect(self.ask_for_reader)
        self.setAcceptDrops(True)

    # -- what a workflow says -------------------------------------------------------------------------

    def fill_empty(self, column: QVBoxLayout) -> None:
        """Fill what is shown while there is nothing to work on: it teaches what to do."""
        raise NotImplementedError

    def can_save(self) -> bool:
        """Tell whether there is something to save."""
        raise NotImplementedError

    # -- what a test or a script reaches for, wherever it lives ---------------------------------------

    @property
    def picker(self) -> QWidget:
        """The choice of studies."""
        return self.header.picker

    def run_all(self) -> None:
        """Bring every step of what is chosen up to date."""
        if self.session is not None:
            self.session.run_all()

    def open_sample(self, key: str) -> None:
        """Open one of the project's phantoms."""
        self.bench.open_sample(key)

    def open_film(self, path: str | Path) -> None:
        """Open a study or a case from a file."""
        self.bench.open_film(path)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open dropped files."""
        self.open_dropped([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])

    def open_dropped(self, paths: list[Path]) -> None:
        """Open what was dropped together."""
        for path in paths:
            self.open_film(path)

    def refresh(self) -> None:
        """Show the session as it stands."""
        session = self.session
        # First the one that goes: room for both at once would make the window grow, for good.
        pages = (self.empty, self.scroll_area) if session is None else (self.scroll_area, self.empty)
        pages[1].hide()
        pages[0].show()
        self.header.refresh()
        self.run_bar.allow_save(self.can_save())
        self.run_bar.name_reader(self.bench.reader)
        self.warnings.setText(breakable("\n".join(f"• {text}" for text in self.header.said)))
        shown = bool(self.header.said) and self.header.chip.isChecked()
        self.warnings.setVisible(shown)
        self.warnings_area.setVisible(shown)
        width = self.warnings_area.viewport().width()
        self.warnings_area.setFixedHeight(
            max(0, min(self.warnings.heightForWidth(width), self.most_warnings_px))
        )
        super().refresh()

    def add_buttons(
        self, column: QVBoxLayout, opener: str, tip: str, samples: Sequence[tuple[str, str]]
    ) -> None:
        """Add a button that opens a file, and one for each sample (text, key)."""
        button = QPushButton(opener)
        button.setToolTip(tip)
        button.clicked.connect(self._ask_for_film)
        column.addWidget(button)
        for text, key in samples:
            sample = _SampleButton(text, key)
            sample.chosen.connect(self.open_sample)
            column.addWidget(sample)

    def ask_for_reader(self) -> None:
        """Let the person say who reads."""
        name, said = QInputDialog.getText(
            self, "Reader", "Your name or initials:", QLineEdit.EchoMode.Normal, self.bench.reader
        )
        if said:
            self.bench.set_reader(name)

    def _ask_for_film(self) -> None:
        self.header.ask_for_film()

    def _scrolling(self) -> QScrollArea:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(2)
        self.warnings = self.header.warnings_label()
        self.warnings_area = scrolling(self.warnings)
        self.warnings_area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.warnings_area.setAccessibleName("Warnings")
        self.warnings_area.setToolTip("What the checks complain about; the arrow keys scroll.")
        column.addWidget(self.warnings_area)
        for step in self.steps:
            line = QFrame()
            line.setFrameShape(QFrame.Shape.HLine)
            column.addWidget(line)
            column.addWidget(step)
        column.addStretch()
        self.scroll_area = scrolling(inside)
        return self.scroll_area


class _SampleButton(QPushButton):
    """Says which of the project's phantoms it stands for."""

    chosen = Signal(str)

    def __init__(self, text: str, key: str) -> None:
        super().__init__(text)
        self._key = key
        self.setToolTip("A phantom made by this project, no patient.")
        self.clicked.connect(self._choose)

    def _choose(self) -> None:
        self.chosen.emit(self._key)


def scrolling(inside: QWidget) -> QScrollArea:
    """Return a frameless area that scrolls a widget up and down only."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inside)
    # The Tab key goes to what lies inside, and the area follows it.
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area
