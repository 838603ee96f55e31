"""Pictures of the evaluation panel: classifiers are compared on simulated films, their errors looked at.

Called by screenshots.py. The films are this project's own simulations: the scores say nothing of patients.
Evaluations go into the scene's folder; nobody's own are touched.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from napari_tbcad.batch.evaluating import jobs
from napari_tbcad.simulate.samples import write_simulated_set
from napari_tbcad.widgets.chest.bench import bench_of
from napari_tbcad.widgets.panels import CHEST, show_panel
from screenshots import Scene, cut, pause, save, spin
from screenshots_training import beside

FILMS, SIDE = 48, 512
LONG = 1800.0
"""Seconds that the evaluation may take here."""
EVALUATE = "Evaluate"


class EvaluationScene(Scene):
    """A window with the evaluation panel and a person before it."""

    @property
    def evaluating(self) -> Any:
        """The panel."""
        return self.panels[EVALUATE]

    @property
    def state(self) -> Any:
        """What the panel shows."""
        return self.evaluating.session

    @property
    def session(self) -> Any:
        """Session of the chosen film."""
        return bench_of(self.viewer).session

    def rest(self) -> None:
        """Wait until nothing is under way but an evaluation."""
        pause(0.3)
        spin(lambda: self.state.busy or self.state.settled, LONG)
        shelf = bench_of(self.viewer).shelf
        spin(lambda: not shelf.loading and not self.state.opener.busy, LONG)
        spin(lambda: self.session is None or self.session.settled, LONG)
        pause(0.3)

    def press(self, button: QWidget) -> None:
        """Press a button."""
        assert button.isVisible(), "nobody sees it"
        assert button.isEnabled(), "nobody could press it"
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        pause(0.2)

    def scroll_to(self, widget: QWidget | None) -> None:
        """Scroll the panel to a widget; None to the top."""
        area = self.evaluating.scroll_area
        place = 0 if widget is None else widget.mapTo(area.widget(), QPoint(0, 0)).y() - 2
        area.verticalScrollBar().setValue(place)
        pause()

    def panel_picture(self) -> NDArray[np.uint8]:
        """Return what the panel shows."""
        return cut(self.picture(), self.box(self.evaluating))


def simulated(folder: Path) -> Path:
    """Write films as a person would have them: a copy among them, and one that was cut short in copying."""
    data = folder / "simulated films"
    write_simulated_set(data, FILMS, seed=9, size=SIDE)
    films = sorted((data / "films").glob("*.png"))
    shutil.copy(films[3], data / "films" / "copy of 3.png")
    (data / "films" / "empty.png").touch()
    with (data / "labels.csv").open("a", encoding="utf-8") as table:
        table.write("films/copy of 3.png,1\nfilms/empty.png,0\n")
    return data


def begin(folder: Path) -> tuple[EvaluationScene, NDArray[np.uint8]]:
    """Open the panel, choose films and what is compared; return it with the picture of its start."""
    home = folder / "evaluations"
    jobs.evaluations_home = lambda: home
    data = simulated(folder)
    scene = EvaluationScene(EVALUATE)
    start = scene.panel_picture()
    scene.evaluating.take_files([data])
    scene.rest()
    # As little as shows everything: it is run anew for every set of pictures.
    for name, value in (("repeats", 1), ("explain", 4)):
        scene.evaluating.choice.form.controls[name].setValue(value)
    folds = scene.evaluating.choice.form.controls["folds"]
    folds.setText("5")
    folds.editingFinished.emit()
    pause(1.0)  # until how long it takes is measured anew
    scene.rest()
    return scene, start


def data(out: Path, folder: Path) -> None:
    """Picture the panel before anything is chosen, and what was found."""
    scene, start = begin(folder)
    scene.scroll_to(None)
    save(out, "evaluate_data", beside(start, scene.panel_picture()))
    scene.close()


def evaluate(out: Path, folder: Path) -> None:
    """Go from a folder of films to the film that was judged most wrongly."""
    scene, _ = begin(folder)
    run(scene, out)
    result(scene, out)
    film(scene, out)
    scene.close()


def run(scene: EvaluationScene, out: Path) -> None:
    """Picture an evaluation as it goes, and its end."""
    scene.press(scene.evaluating.run_bar.run_button)
    spin(lambda: (scene.state.child.share or 0) > 0.2 or not scene.state.busy, LONG)
    scene.scroll_to(None)
    save(out, "evaluate_running", scene.panel_picture())
    spin(lambda: not scene.state.busy, LONG)
    scene.rest()
    assert scene.state.results is not None, scene.state.problem


def result(scene: EvaluationScene, out: Path) -> None:
    """Picture verdict, scores, table and plots, in the dark and in the light theme."""
    panel = scene.evaluating
    scene.scroll_to(panel.result)
    first = scene.panel_picture()
    scene.scroll_to(panel.result.plots)
    pictures = [first, scene.panel_picture()]
    panel.result.plots.bar.setCurrentIndex(2)
    scene.viewer.theme = "light"
    pause(0.5)
    save(out, "evaluate_result", beside(*pictures))
    scene.scroll_to(panel.result)
    light = scene.panel_picture()
    scene.scroll_to(panel.result.plots)
    save(out, "evaluate_light", beside(light, scene.panel_picture()))
    scene.viewer.theme = "dark"
    pause(0.5)


def film(scene: EvaluationScene, out: Path) -> None:
    """Picture the film that was judged most wrongly, and why it was."""
    panel = scene.evaluating
    panel.result.set_open(False)
    scene.rest()
    scene.scroll_to(None)
    table = panel.films.table
    table.setCurrentIndex(table.rows.index(0, 0))
    QTest.keyClick(table, Qt.Key.Key_Return)
    scene.rest()
    spin(lambda: scene.session is not None and scene.session.explaining.fresh, LONG)
    scene.rest()
    scene.viewer.reset_view()
    save(out, "evaluate_film", scene.picture())
    show_panel(scene.viewer, CHEST)
    scene.rest()
    save(out, "evaluate_answer", scene.picture(), scene.right())


SCENES: dict[str, Callable[[Path, Path], None]] = {
    "evaluate_data": data,
    "evaluate": evaluate,
}
"""Scenes by name; each is given the folder of pictures and one for its own files."""
