"""The chest X-ray panels: the workflow, which stacks all steps, and each step as a panel of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QFrame, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from napari_tbcad.widgets.chest.bench import bench_of
from napari_tbcad.widgets.chest.correct import CorrectStep
from napari_tbcad.widgets.chest.dock import Dock
from napari_tbcad.widgets.chest.enhance import EnhanceStep
from napari_tbcad.widgets.chest.exporting import Exporter
from napari_tbcad.widgets.chest.features import FeaturesStep
from napari_tbcad.widgets.chest.header import Header
from napari_tbcad.widgets.chest.leftover import Leftover
from napari_tbcad.widgets.chest.masks import MasksStep
from napari_tbcad.widgets.chest.result import ResultStep
from napari_tbcad.widgets.chest.step import ChestStep
from napari_tbcad.widgets.parts.quiet import breakable
from napari_tbcad.widgets.parts.run_bar import RunBar

if TYPE_CHECKING:
    import napari

_MOST_WARNINGS_PX = 150
"""More warnings than have room here are scrolled, so that the steps stay in sight."""


class ChestPanel(Dock):
    """Film in, lung masks as layers, features and a result out.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer whose films are worked on; held weakly.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__(bench_of(napari_viewer))
        bench = self.bench
        self.header = Header(bench)
        self.enhance, self.masks, self.correct = EnhanceStep(bench), MasksStep(bench), CorrectStep(bench)
        self.features, self.result = FeaturesStep(bench), ResultStep(bench)
        self.steps = (self.enhance, self.masks, self.correct, self.features, self.result)
        self.run_bar = RunBar()
        self.column.addWidget(self.header)
        self.leftover = Leftover(bench)
        self.column.addWidget(self.leftover)
        self.column.addWidget(self._empty_state(), 1)
        self.column.addWidget(self._scrolling(), 1)
        self.column.addWidget(self.run_bar)
        self.run_bar.run.connect(self.run_all)
        self.run_bar.cancel.connect(self.cancel)
        self.exporter = Exporter(bench, self)
        self.exporter.fill(self.run_bar.export_menu)
        self.run_bar.save.connect(self.exporter.save)
        bench.save_wanted.connect(self.exporter.save)
        self.features.wants_export.connect(self.exporter.ask_for_folder)
        self.setAcceptDrops(True)
        self.begin()

    # What a test or a script reaches for, wherever it lives.

    @property
    def picker(self) -> QWidget:
        """The choice of films."""
        return self.header.picker

    def run_all(self) -> None:
        """Bring every step of the chosen film up to date."""
        if self.session is not None:
            self.session.run_all()

    def open_sample(self, key: str) -> None:
        """Open one of the project's phantoms."""
        self.bench.open_sample(key)

    def open_film(self, path: str | Path) -> None:
        """Open a film or a case from a file."""
        self.bench.open_film(path)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open dropped files."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.open_film(url.toLocalFile())

    def refresh(self) -> None:
        """Show the session as it stands."""
        session = self.session
        # First the one that goes: room for both at once would make the window grow, for good.
        pages = (self.empty, self.scroll_area) if session is None else (self.scroll_area, self.empty)
        pages[1].hide()
        pages[0].show()
        self.header.refresh()
        self.leftover.refresh()
        self.run_bar.allow_save(session is not None and session.value("sensitive") is not None)
        self.warnings.setText(breakable("\n".join(f"• {text}" for text in self.header.said)))
        shown = bool(self.header.said) and self.header.chip.isChecked()
        self.warnings.setVisible(shown)
        self.warnings_area.setVisible(shown)
        width = self.warnings_area.viewport().width()
        self.warnings_area.setFixedHeight(max(0, min(self.warnings.heightForWidth(width), _MOST_WARNINGS_PX)))
        super().refresh()

    def _empty_state(self) -> QWidget:
        self.empty = QWidget()
        column = QVBoxLayout(self.empty)
        said = QLabel("Open a film, drop one here, or try a sample.")
        said.setWordWrap(True)
        column.setContentsMargins(0, 12, 0, 0)
        column.addWidget(said)
        opener = QPushButton("Open a film or a case…")
        opener.setToolTip("DICOM, PNG, JPEG, TIFF, or a case saved by this panel.")
        opener.clicked.connect(lambda: self.header.ask_for_film())
        column.addWidget(opener)
        for text, key in (
            ("Normal sample", "normal_man"),
            ("Sample with cavities", "upper_lobe_cavity"),
            ("DICOM sample", "normal_cr"),
        ):
            button = QPushButton(text)
            button.setToolTip("A phantom made by this project, no patient.")
            button.clicked.connect(lambda _=False, key=key: self.open_sample(key))
            column.addWidget(button)
        column.addStretch()
        return self.empty

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


class StepPanel(Dock):
    """One step as a panel of its own: the same widget as in the workflow, on the same film.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer whose films are worked on; held weakly.
    """

    step_class: type[ChestStep]

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__(bench_of(napari_viewer))
        self.header = Header(self.bench, brief=True)
        self.step = self.step_class(self.bench)
        self.step.stand_alone()
        self.steps = (self.step,)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 4, 0)
        column.addWidget(self.step)
        column.addStretch()
        self.run_bar = RunBar(f"Run {self.step.heading}", save=False)
        self.run_bar.run_button.setVisible(self.step.can_run)
        self.column.addWidget(self.header)
        self.column.addWidget(scrolling(inside), 1)
        self.column.addWidget(self.run_bar)
        self.run_bar.run.connect(self.step.run_wanted)
        self.run_bar.cancel.connect(self.cancel)
        self.begin()

    def refresh(self) -> None:
        """Show the session as it stands."""
        self.header.refresh()
        super().refresh()


class EnhancePanel(StepPanel):
    """Step 1 as a panel of its own."""

    step_class = EnhanceStep


class MasksPanel(StepPanel):
    """Step 2 as a panel of its own."""

    step_class = MasksStep


class CorrectPanel(StepPanel):
    """Step 3 as a panel of its own."""

    step_class = CorrectStep


class FeaturesPanel(StepPanel):
    """Step 4 as a panel of its own."""

    step_class = FeaturesStep


class ResultPanel(StepPanel):
    """Step 5 as a panel of its own."""

    step_class = ResultStep


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
