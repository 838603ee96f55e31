"""The chest X-ray panel: one narrow dock that stacks the steps of the chain."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Image
from napari.utils.notifications import show_error
from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_tbcad.widgets.chest.correct import CorrectStep
from napari_tbcad.widgets.chest.enhance import EnhanceStep
from napari_tbcad.widgets.chest.features import FeaturesStep
from napari_tbcad.widgets.chest.masks import MasksStep
from napari_tbcad.widgets.chest.result import ResultStep
from napari_tbcad.widgets.chest.session import ChestSession, forget, session_of
from napari_tbcad.widgets.chest.shelf import ModelShelf
from napari_tbcad.widgets.films import facts_of
from napari_tbcad.widgets.parts.layer_picker import LayerPicker
from napari_tbcad.widgets.parts.run_bar import RunBar
from napari_tbcad.widgets.parts.step import AMBER
from napari_tbcad.widgets.proxies import bare
from napari_tbcad.widgets.reader import film_layer
from napari_tbcad.widgets.work import leave_a_core, start_call

if TYPE_CHECKING:
    import napari

_FILMS = "Films (*.dcm *.dicom *.ima *.png *.jpg *.jpeg *.tif *.tiff *.bmp *.img);;All files (*)"
_TICK_MS = 80
_FADED = "color: gray;"


class ChestPanel(QWidget):
    """Film in, lung masks as layers, features and a result out.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer whose films are worked on; held weakly.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        viewer = bare(napari_viewer)
        self._viewer = weakref.ref(viewer)
        self.session: ChestSession | None = None
        self.shelf = ModelShelf(self)
        self.setMinimumWidth(320)
        self.setAcceptDrops(True)
        self.picker = LayerPicker(viewer)
        self.enhance, self.masks, self.correct = EnhanceStep(), MasksStep(), CorrectStep()
        self.features, self.result = FeaturesStep(), ResultStep(self.shelf)
        self.steps = (self.enhance, self.masks, self.correct, self.features, self.result)
        self.run_bar = RunBar()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 4)
        layout.setSpacing(4)
        layout.addLayout(self._header())
        layout.addWidget(self._empty_state(), 1)
        layout.addWidget(self._scrolling(), 1)
        layout.addWidget(self.run_bar)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._connect(viewer)
        leave_a_core()
        self.shelf.load_packaged()
        self._bind(self.picker.layer)

    # -- building -------------------------------------------------------------------------------------

    def _header(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(3)
        row = QHBoxLayout()
        row.addWidget(self.picker, 1)
        self.open_button = QPushButton("Open…")
        self.open_button.setToolTip("Open a film: DICOM, PNG, JPEG or TIFF. Films can be dropped here, too.")
        self.open_button.clicked.connect(self._ask_for_film)
        row.addWidget(self.open_button)
        column.addLayout(row)
        facts = QHBoxLayout()
        self.facts = QLabel("")
        self.facts.setStyleSheet(_FADED)
        self.facts.setWordWrap(True)
        self.chip = QToolButton()
        self.chip.setCheckable(True)
        self.chip.setChecked(True)
        self.chip.setAutoRaise(True)
        self.chip.toggled.connect(lambda: self._show_warnings())
        facts.addWidget(self.facts, 1)
        facts.addWidget(self.chip)
        column.addLayout(facts)
        return column

    def _empty_state(self) -> QWidget:
        self.empty = QWidget()
        column = QVBoxLayout(self.empty)
        said = QLabel("Open a film, drop one here, or try a sample.")
        said.setWordWrap(True)
        column.setContentsMargins(0, 12, 0, 0)
        column.addWidget(said)
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
        self.warnings = QLabel("")
        self.warnings.setWordWrap(True)
        self.warnings.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.warnings.setStyleSheet(f"border-left: 3px solid {AMBER}; padding: 2px 2px 2px 6px;")
        column.addWidget(self.warnings)
        for step in self.steps:
            line = QFrame()
            line.setFrameShape(QFrame.Shape.HLine)
            column.addWidget(line)
            column.addWidget(step)
        column.addStretch()
        self.scroll_area = QScrollArea()
        self.scroll_area.setWidgetResizable(True)
        self.scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll_area.setWidget(inside)
        return self.scroll_area

    def _connect(self, viewer: Any) -> None:
        self.picker.chosen.connect(self._bind)
        self.run_bar.run.connect(self.run_all)
        self.run_bar.cancel.connect(self.cancel)
        self.shelf.ready.connect(self._on_model)
        self.result.wants_model.connect(self.shelf.load_file)
        # The dock may die with its window, or be closed alone: work must stop in both cases.
        self._farewell = _Farewell(viewer, self.picker)
        self.destroyed.connect(self._farewell)

    # -- what a person does ---------------------------------------------------------------------------

    def run_all(self) -> None:
        """Bring every step of the chosen film up to date."""
        if self.session is not None:
            self.session.run_all()

    def cancel(self) -> None:
        """Stop the work on the chosen film."""
        if self.session is not None:
            self.session.cancel()

    def open_sample(self, key: str) -> None:
        """Open one of the project's phantoms."""
        from napari_tbcad.widgets.samples import sample_layers

        start_call(lambda: sample_layers(key), on_result=self._add, on_error=self._complain)

    def open_film(self, path: str | Path) -> None:
        """Open a film from a file, in the way the command line reads it."""
        from napari_tbcad.io.read import read_film

        start_call(lambda: [film_layer(read_film(path))], on_result=self._add, on_error=self._complain)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open dropped files."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.open_film(url.toLocalFile())

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop the work when the panel is closed as a window of its own."""
        self.cancel()
        super().closeEvent(event)

    def event(self, event: QEvent) -> bool:
        """Follow the viewer while docked.

        napari takes the panel out of a dock that is closed; it may be docked anew.
        """
        if event.type() == QEvent.Type.ParentChange:
            if self.parent() is None:
                self.cancel()
                self._farewell.unbind()
            else:
                self._farewell.bind()
        return super().event(event)

    # -- inside ---------------------------------------------------------------------------------------

    def _ask_for_film(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a chest film", "", _FILMS)
        if path:
            self.open_film(path)

    def _add(self, layers: list[Any]) -> None:
        viewer = self._viewer()
        if viewer is None:
            return
        for data, options, _ in layers:
            self.picker.choose(viewer.add_image(data, **options))
        viewer.reset_view()

    def _complain(self, error: Exception) -> None:
        self.facts.setText(str(error))
        show_error(str(error))

    def _bind(self, layer: Image | None) -> None:
        viewer = self._viewer()
        if self.session is not None:
            self.session.changed.disconnect(self.refresh)
        self.session = None
        if layer is not None and viewer is not None:
            self.session = session_of(viewer, layer, self.shelf)
            self.session.changed.connect(self.refresh)
        for step in self.steps:
            step.bind(self.session)
        self.refresh()

    def _on_model(self) -> None:
        # A model brings its own settings, so the forms are filled anew.
        for step in self.steps:
            step.bind(self.session)
        self.refresh()

    def refresh(self) -> None:
        """Show the session as it stands."""
        session = self.session
        self.empty.setVisible(session is None)
        self.scroll_area.setVisible(session is not None)
        if session is None:
            self.facts.setText("")
        elif session.film_problem:
            self.facts.setText(session.film_problem)
        elif session.run is not None:
            self.facts.setText(facts_of(session.run.get("upright") or session.run.get("film")))
        for step in self.steps:
            step.refresh()
        self._show_warnings()
        self._show_work()

    def _show_warnings(self) -> None:
        session = self.session
        said = session.warnings() if session is not None else ()
        problem = bool(session is not None and session.film_problem)
        ran = session is not None and session.value("upright") is not None
        self.chip.setVisible(session is not None and (ran or bool(said) or problem))
        if problem:
            self.chip.setText("✕ not a film")
        elif said:
            self.chip.setText(f"▲ {len(said)} warning{'s' if len(said) > 1 else ''}")
        elif session is not None and not session.settled:
            self.chip.setText("checking…")
        else:
            self.chip.setText("✓ checks passed")
        self.chip.setToolTip("Press to fold the warnings." if said else "Nothing to complain about so far.")
        self.warnings.setText("\n".join(f"• {text}" for text in said))
        self.warnings.setVisible(bool(said) and self.chip.isChecked())

    def _show_work(self) -> None:
        session = self.session
        busy = session is not None and session.busy
        job = session.job if session is not None else None
        if busy:
            share = job.share if job is not None else 0.0
            what = job.what if job is not None else "loading the model"
            self.run_bar.show_progress(share, what)
            self._timer.start()
        else:
            self.run_bar.show_progress(None, can_run=session is not None and session.run is not None)
            self._timer.stop()

    def _tick(self) -> None:
        session = self.session
        if session is None:
            self._timer.stop()
            return
        for step in self.steps:
            if step.name and step is not self.correct and session.run is not None:
                state = session.state(step.name)
                if state is not step.dot.state:
                    step.refresh()
                step.dot.turn()
        self._show_work()


class _Farewell:
    """Closes the session of a removed film, and all of a viewer when its panel is destroyed.

    Nothing here touches a Qt object, which may be gone: of the picker only its ties to the viewer.
    """

    def __init__(self, viewer: Any, picker: LayerPicker) -> None:
        self._viewer = weakref.ref(viewer)
        self._picker = picker
        self._bound = False
        self.bind()

    def bind(self) -> None:
        """Follow the viewer (again)."""
        viewer = self._viewer()
        if viewer is not None and not self._bound:
            self._bound = True
            viewer.layers.events.removed.connect(self._on_removed)
        self._picker.bind()

    def unbind(self) -> None:
        """Follow the viewer no more."""
        viewer = self._viewer()
        if viewer is not None and self._bound:
            viewer.layers.events.removed.disconnect(self._on_removed)
        self._bound = False
        self._picker.unbind()

    def __call__(self, gone: object = None) -> None:
        self.unbind()
        viewer = self._viewer()
        if viewer is not None:
            forget(viewer)

    def _on_removed(self, event: Any) -> None:
        viewer = self._viewer()
        if viewer is not None and isinstance(event.value, Image):
            forget(viewer, event.value)
