"""The bone scan panel: from the camera's file to a Bone Scan Index that a person has judged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout

from napari_tbcad.widgets.bone.bench import BoneBench, bone_bench_of
from napari_tbcad.widgets.bone.earlier import EarlierStep
from napari_tbcad.widgets.bone.exporting import BoneExporter
from napari_tbcad.widgets.bone.header import BoneHeader
from napari_tbcad.widgets.bone.hotspots import HotspotsStep
from napari_tbcad.widgets.bone.index import IndexStep
from napari_tbcad.widgets.bone.index_words import answer_of
from napari_tbcad.widgets.bone.layer_pair import LayerPair
from napari_tbcad.widgets.bone.regions import RegionsStep
from napari_tbcad.widgets.bone.session import BoneSession
from napari_tbcad.widgets.bone.tab_key import TabKey
from napari_tbcad.widgets.bone.views import ViewsStep
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.parts.run_bar import RunBar
from napari_tbcad.widgets.workflow.leftover import Leftover
from napari_tbcad.widgets.workflow.panel import WorkflowPanel

if TYPE_CHECKING:
    import napari

SAMPLES = (
    ("Sample without lesions", "clean_woman"),
    ("Sample with few lesions", "few_lesions"),
    ("Sample with many lesions, few counts", "many_lesions_low_counts"),
)


class BonePanel(WorkflowPanel):
    """Scan in, hotspots and regions as layers, an index out.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer whose scans are worked on; held weakly.
    """

    bench: BoneBench
    # Three lines: the table of hotspots needs the height.
    most_warnings_px = 54

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        bench = bone_bench_of(napari_viewer)
        self.views, self.regions = ViewsStep(bench), RegionsStep(bench)
        self.hotspots, self.index = HotspotsStep(bench), IndexStep(bench)
        self.earlier = EarlierStep(bench)
        self.pair = LayerPair(bench)
        header = BoneHeader(bench)
        bar = RunBar(
            save_tip="Save hotspots, regions, classes, settings, index and the record of every step and edit "
            "in one file, to go on later.",
            export_tip="Results as tables and label images, annotations for learning, pictures.",
        )
        self.leftover = Leftover(
            bench, did="worked on this scan", brings="hotspots, regions, classes, settings and record"
        )
        steps = (self.views, self.regions, self.hotspots, self.index, self.earlier)
        super().__init__(bench, header, steps, bar, between=[self.pair, self.leftover])
        # The table names the place of a hotspot in full.
        self.setMinimumWidth(360)
        # Always in sight: a person sees the index move while they judge.
        self.answer = QuietLabel(quiet=False, scale=1.25)
        self.column.insertWidget(self.column.indexOf(bar), self.answer)
        header.layers_button.toggled.connect(self._show_pair)
        self.pair.used.connect(lambda: header.layers_button.setChecked(False))
        self.exporter = BoneExporter(bench, self)
        self.exporter.fill(bar.export_menu)
        bar.save.connect(self.exporter.save)
        bench.save_wanted.connect(self.exporter.save)
        self.tab_key = TabKey(self, self._point_on)
        self._answered: Any = None
        bench.changed.connect(self._answer_at_once)
        self.begin()

    @property
    def session(self) -> BoneSession | None:
        """Session of the chosen scan."""
        return self.bench.session

    def can_save(self) -> bool:
        """Tell whether there is something to go on with: labels, the program's or a person's."""
        names = ("regions", "hotspots")
        return self.session is not None and any(self.session.value(name) is not None for name in names)

    def refresh(self) -> None:
        """Show the session as it stands."""
        self.leftover.refresh()
        super().refresh()
        self._show_answer()

    def _answer_at_once(self) -> None:
        """Show a new index in the breath of the edit; the rest follows once the canvas was drawn."""
        session = self.session
        index = session.value("index") if session is not None else None
        if session is not None and index is not self._answered and session.fresh("index"):
            self._show_answer()
            self.index.refresh()

    def _show_answer(self) -> None:
        index = self._answered = self.session.value("index") if self.session is not None else None
        self.answer.setVisible(index is not None)
        if index is not None and self.session is not None:
            fresh = self.session.fresh("index")
            self.answer.setEnabled(fresh)
            self.answer.set_text(answer_of(index, fresh=fresh))

    def open_dropped(self, paths: list[Path]) -> None:
        """Open what was dropped together: two pictures may be the views of one scan."""
        if len(paths) == 1:
            self.open_film(paths[0])
        elif paths:
            self.bench.open_all(paths)

    def fill_empty(self, column: QVBoxLayout) -> None:
        """Offer a file, open layers or a simulated scan."""
        said = QLabel("Open a whole-body bone scan, drop one here, or try a sample.")
        said.setWordWrap(True)
        column.addWidget(said)
        self.add_buttons(
            column,
            "Open a bone scan or a case…",
            "DICOM of nuclear medicine, pictures of both views, or a case saved by this panel.",
            SAMPLES,
        )
        button = QPushButton("Use open layers…")
        button.setToolTip("Say which open layers are the anterior and the posterior view.")
        button.clicked.connect(self._show_layers)
        column.addWidget(button)

    def _show_layers(self) -> None:
        self.header.layers_button.setChecked(True)

    def showEvent(self, event: QShowEvent) -> None:
        """Take the keys: the panel is in sight."""
        super().showEvent(event)
        self.bench.set_active(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave the keys to the panel that is in sight now."""
        super().hideEvent(event)
        self.bench.set_active(False)

    def _point_on(self, step: int) -> None:
        """Point at the next hotspot that nobody judged, as the table is sorted."""
        self.hotspots.go_to_next(step)

    def _show_pair(self, shown: bool) -> None:
        if shown:
            self.pair.fill()
        self.pair.setVisible(shown)

    header: Any
