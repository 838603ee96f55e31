"""The chest X-ray panels: the workflow, which stacks all steps, and each step as a panel of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_tbcad.widgets.chest.bench import ChestBench, bench_of
from napari_tbcad.widgets.chest.correct import CorrectStep
from napari_tbcad.widgets.chest.enhance import EnhanceStep
from napari_tbcad.widgets.chest.exporting import Exporter
from napari_tbcad.widgets.chest.features import FeaturesStep
from napari_tbcad.widgets.chest.header import Header
from napari_tbcad.widgets.chest.lent import Lent
from napari_tbcad.widgets.chest.masks import MasksStep
from napari_tbcad.widgets.chest.result import ResultStep
from napari_tbcad.widgets.chest.step import ChestStep
from napari_tbcad.widgets.parts.run_bar import RunBar
from napari_tbcad.widgets.workflow.dock import Dock
from napari_tbcad.widgets.workflow.leftover import Leftover
from napari_tbcad.widgets.workflow.panel import WorkflowPanel, scrolling

if TYPE_CHECKING:
    import napari


class ChestPanel(WorkflowPanel):
    """Film in, lung masks as layers, features and a result out.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer whose films are worked on; held weakly.
    """

    bench: ChestBench

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        bench = bench_of(napari_viewer)
        self.enhance, self.masks, self.correct = EnhanceStep(bench), MasksStep(bench), CorrectStep(bench)
        self.features, self.result = FeaturesStep(bench), ResultStep(bench)
        self.leftover, self.lent = Leftover(bench), Lent(bench)
        super().__init__(
            bench,
            Header(bench),
            (self.enhance, self.masks, self.correct, self.features, self.result),
            RunBar(),
            between=[self.leftover, self.lent],
        )
        self.exporter = Exporter(bench, self)
        self.exporter.fill(self.run_bar.export_menu)
        self.run_bar.save.connect(self.exporter.save)
        bench.save_wanted.connect(self.exporter.save)
        self.features.wants_export.connect(self.exporter.ask_for_folder)
        self.begin()

    def can_save(self) -> bool:
        """Tell whether there are masks."""
        return self.session is not None and self.session.value("sensitive") is not None

    def refresh(self) -> None:
        """Show the session as it stands."""
        self.leftover.refresh()
        self.lent.refresh()
        super().refresh()

    def fill_empty(self, column: QVBoxLayout) -> None:
        """Offer a file or a phantom."""
        said = QLabel("Open a film, drop one here, or try a sample.")
        said.setWordWrap(True)
        column.addWidget(said)
        self.add_buttons(
            column,
            "Open a film or a case…",
            "DICOM, PNG, JPEG, TIFF, or a case saved by this panel.",
            (
                ("Normal sample", "normal_man"),
                ("Sample with cavities", "upper_lobe_cavity"),
                ("DICOM sample", "normal_cr"),
            ),
        )


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
