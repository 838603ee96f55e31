"""Five tasks of a newcomer, with a real mouse on visible widgets only; how many clicks do they take.

    xvfb-run -a -s "-screen 0 1280x800x24" .venv/bin/python benchmarks/newcomer.py [--film FILE.dcm]

Open a DICOM film, get the lung masks, correct the left lung, read why, save the case. napari is open with the
Chest X-ray panel docked; nothing is called but what a click or a key on a widget in sight sets off. A file
dialog is answered by its path and counted as two clicks (the file, Open). A brush stroke on the film is one
press of the mouse and counts as a click. The film is the project's DICOM phantom, or the one given.
"""

from __future__ import annotations

import argparse
import datetime
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QScrollArea, QWidget

from hand import spin
from napari_tbcad.simulate.samples import sample_path

DIALOG = 2
"""Clicks in a file dialog: the file and Open (or, to save, the name that is offered and Save)."""


class Newcomer:
    """Clicks and counts.

    Parameters
    ----------
    viewer : napari.Viewer
        Open, at 1280 × 760.
    panel : ChestPanel
        Docked.
    """

    def __init__(self, viewer: Any, panel: Any) -> None:
        self.viewer, self.panel = viewer, panel
        self.clicks = self.keys = self.scrolls = 0
        self.log: list[str] = []

    def click(self, widget: QWidget, what: str) -> None:
        """Click the middle of a widget; it must be in sight and enabled."""
        self.bring_into_sight(widget, what)
        assert widget.isEnabled(), f"{what} is greyed"
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
        self.clicks += 1
        self.log.append(what)
        spin(lambda: False, 0.1)

    def bring_into_sight(self, widget: QWidget, what: str) -> None:
        """Turn the wheel over the panel when the widget is below its edge; counted apart."""
        assert widget.isVisible(), f"{what} is not shown"
        if not widget.visibleRegion().contains(widget.rect().center()):
            area = next(a for a in self.panel.findChildren(QScrollArea) if a.isAncestorOf(widget))
            area.ensureWidgetVisible(widget)
            self.scrolls += 1
            spin(lambda: False, 0.1)
        assert widget.visibleRegion().contains(widget.rect().center()), f"{what} is out of sight"

    def sees(self, widget: QWidget, what: str) -> None:
        """Read something; it must be in sight, perhaps after the wheel."""
        self.bring_into_sight(widget, what)

    def stroke(self, layer: Any, path: np.ndarray) -> None:
        """Draw with the left button along (n, 2) pixels of a layer."""
        found = [w for w in self.panel.window().findChildren(QWidget) if w.inherits("QOpenGLWidget")]
        canvas = next(w for w in found if w.isVisible())
        moves = [QEvent.Type.MouseMove] * (len(path) - 1)
        kinds = [QEvent.Type.MouseButtonPress, *moves, QEvent.Type.MouseButtonRelease]
        for kind, point in zip(kinds, [*path, path[-1]], strict=True):
            self._send(canvas, kind, self._place(canvas, layer, point))
            spin(lambda: False, 0.01)
        self.clicks += 1
        self.log.append("stroke")

    def _place(self, canvas: QWidget, layer: Any, point: np.ndarray) -> QPointF:
        world = np.asarray(layer.data_to_world(tuple(point)))
        camera = getattr(self.viewer, "scene", self.viewer).camera
        offset = (world - np.asarray(camera.center)[-2:]) * camera.zoom
        place = QPointF(canvas.width() / 2 + offset[1], canvas.height() / 2 + offset[0])
        assert canvas.rect().contains(place.toPoint()), "the lung is out of the picture"
        return place

    @staticmethod
    def _send(canvas: QWidget, kind: QEvent.Type, at: QPointF) -> None:
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        button = none if kind == QEvent.Type.MouseMove else left
        held = none if kind == QEvent.Type.MouseButtonRelease else left
        place = QPointF(canvas.mapToGlobal(at.toPoint() or QPoint()))
        event = QMouseEvent(kind, at, place, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(canvas, event)


def open_film(person: Newcomer, film: Path) -> None:
    """Open a DICOM film."""
    QFileDialog.getOpenFileName = staticmethod(lambda *_, **__: (str(film), ""))
    button = person.panel.empty.findChildren(type(person.panel.header.open_button))[0]
    person.click(button, f"“{button.text()}”")
    person.clicks += DIALOG
    assert spin(lambda: person.panel.session is not None and person.panel.session.run is not None, 60)
    spin(lambda: person.panel.session.settled, 60)


def get_masks(person: Newcomer) -> None:
    """Get the lung masks."""
    session = person.panel.session
    if session.value("result") is None:
        person.click(person.panel.run_bar.run_button, "“Run all”")
    assert spin(lambda: session.value("result") is not None and session.settled, 300), "no result"


def correct_left_lung(person: Newcomer) -> None:
    """Add to the left lung with the brush, and see what was changed."""
    correct, session = person.panel.correct, person.panel.session
    if not correct.is_open:
        person.click(correct.arrow, "arrow of “3 Correct”")
    person.click(correct.brushes[2], "“Left lung”")
    layer, before = session.layers.layer("insensitive"), session.value("result")
    rows, columns = np.nonzero(np.asarray(layer.data) == 2)
    edge = columns[rows == int(np.median(rows))].max()
    step = max(layer.data.shape) / 100
    path = np.array([[np.median(rows) + k * step, edge + step] for k in range(-6, 7)])
    person.stroke(layer, path)
    assert spin(lambda: session.run.edited("insensitive") and session.settled, 30), "nothing was corrected"
    assert session.value("result") is not before, "the answer did not follow"
    person.sees(correct.facts, "pixels changed")
    assert "px changed" in correct.facts.text()


def read_why(person: Newcomer) -> None:
    """Read the answer and what moved it."""
    result = person.panel.result
    if not result.is_open:
        person.click(result.arrow, "arrow of “5 Result”")
    for widget, what in ((result.sentence, "the sentence"), (result.contributions, "the reasons")):
        person.sees(widget, what)


def save(person: Newcomer, case: Path) -> None:
    """Save the case."""
    QFileDialog.getSaveFileName = staticmethod(lambda *_, **__: (str(case), ""))
    person.click(person.panel.run_bar.save_button, "“Save case”")
    person.clicks += DIALOG
    assert spin(case.is_file, 30), "the case was not saved"


def main() -> None:
    """Do the five tasks and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--film", type=Path, default=sample_path("normal_cr"))
    film = parser.parse_args().film
    from napari_tbcad.widgets import preferences

    with tempfile.TemporaryDirectory() as folder:
        preferences.default_folder = lambda: Path(folder) / "autosave"
        viewer = napari.Viewer()
        viewer.window.resize(1280, 760)
        _, panel = viewer.window.add_plugin_dock_widget("napari-tbcad", "Chest X-ray")
        spin(lambda: not panel.bench.shelf.loading, 60)
        spin(lambda: False, 0.5)
        person = Newcomer(viewer, panel)
        tasks: list[tuple[str, Callable[[], None]]] = [
            ("open a DICOM film", lambda: open_film(person, film)),
            ("get the masks", lambda: get_masks(person)),
            ("fix the left lung", lambda: correct_left_lung(person)),
            ("read why", lambda: read_why(person)),
            ("save", lambda: save(person, Path(folder) / "case.tbcad")),
        ]
        print(f"{datetime.date.today()}, {film.name}, window 1280 × 760")
        for name, task in tasks:
            before = person.clicks, person.keys, person.scrolls
            person.log.clear()
            began = time.monotonic()
            task()
            clicks, keys, scrolls = (
                now - was
                for now, was in zip((person.clicks, person.keys, person.scrolls), before, strict=True)
            )
            seconds = time.monotonic() - began
            print(f"  {name:20s} {clicks:2d} clicks, {keys} keys, {scrolls} turns of the wheel", end="")
            print(f", {seconds:4.1f} s: {', '.join(person.log)}")
        print(f"  all {person.clicks} clicks, {person.keys} keys, {person.scrolls} turns of the wheel")
        viewer.close()
        spin(lambda: False, 0.5)
    sys.exit(person.clicks > 15)


if __name__ == "__main__":
    main()
