"""Pictures of the training panel: a person lets a network learn from simulated films, then from bone scans.

Called by screenshots.py. Films, scans and their truth are this project's own simulations; the trainings are
far too short for a score to mean anything. Trainings and networks go into the scene's folder; nobody's own
are touched.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog, QMenu, QWidget

from napari_tbcad.batch.trainings import state as training_state
from napari_tbcad.networks import listing
from napari_tbcad.simulate.bone_samples import write_simulated_scans
from napari_tbcad.simulate.samples import write_simulated_set
from screenshots import Scene, cut, pause, save, spin
from screenshots_bone import pixels_of

PATIENTS, SIDE = 26, 256
EPOCHS, PAUSED_AFTER = 8, 4
SCANS, SCAN_EPOCHS, STOPPED_AFTER = 10, 10, 6
LONG = 900.0
"""Seconds that a training, or the look at its images, may take here."""
TRAIN, CHEST = "Train a network", "Chest X-ray"


class TrainingScene(Scene):
    """A window with the training panel and a person before it."""

    @property
    def training(self) -> Any:
        """The panel."""
        return self.panels[TRAIN]

    @property
    def state(self) -> Any:
        """What the panel shows."""
        return self.training.session

    @property
    def session(self) -> Any:
        """Session of the chosen film; None while only networks are trained."""
        return self.panels[CHEST].bench.session if CHEST in self.panels else None

    def rest(self) -> None:
        """Wait until nothing is under way but a training."""
        pause(0.3)
        spin(lambda: self.session is None or self.session.settled, LONG)
        spin(lambda: self.training.session.plan.look is None, LONG)
        pause(0.3)

    def press(self, button: QWidget) -> None:
        """Press a button."""
        assert button.isVisible(), "nobody sees it"
        assert button.isEnabled(), "nobody could press it"
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        pause(0.2)

    def act(self, text: str) -> None:
        """Press the button in the foot, which says what comes next."""
        button = self.training.run_bar.run_button
        assert button.text() == text, f"the foot says “{button.text()}”, not “{text}”"
        self.press(button)

    def settle(self) -> None:
        """Wait until the child has done all it was asked for."""
        spin(lambda: self.state.settled, LONG)
        self.rest()

    def name_folder(self, folder: Path) -> None:
        """Choose *Add images*, *Folder…*, and this folder in the dialogue."""
        asked = QFileDialog.getExistingDirectory
        QFileDialog.getExistingDirectory = lambda *_, **__: str(folder)
        try:
            action = next(a for a in self.add_menu().actions() if a.text() == "Folder…")
            action.trigger()
        finally:
            QFileDialog.getExistingDirectory = asked
        self.rest()

    def add_menu(self) -> QMenu:
        """Return the menu of places."""
        menu: QMenu = self.training.choose.places.button.menu()
        return menu

    def with_menu(self, menu: QMenu, below: QWidget) -> NDArray[np.uint8]:
        """Return the picture of the window with the menu of a button open."""
        picture = self.picture().copy()
        menu.ensurePolished()
        menu.adjustSize()
        image = pixels_of(menu)
        left, _, _, top = self.box(below)
        picture[top : top + image.shape[0], left : left + image.shape[1]] = image
        return picture

    def set_epochs(self, number: int) -> None:
        """Type a number of epochs."""
        box = self.training.train.settings.form.controls["epochs"]
        box.setFocus()
        box.selectAll()
        QTest.keyClicks(box, str(number))
        QTest.keyClick(box, Qt.Key.Key_Return)
        self.rest()

    def wait_epochs(self, number: int) -> None:
        """Wait until so many epochs are done, and a step of the next one."""

        def there() -> bool:
            assert not self.state.problem, self.state.problem
            done = self.state.history
            return len(done.epochs) >= number and (done.last or {}).get("epoch", 0) > number

        spin(there, LONG)

    def scroll_to(self, widget: QWidget | None) -> None:
        """Scroll the panel to a widget; None to the top."""
        area = self.training.scroll_area
        place = 0 if widget is None else widget.mapTo(area.widget(), QPoint(0, 0)).y() - 2
        area.verticalScrollBar().setValue(place)
        pause()

    def panel_picture(self) -> NDArray[np.uint8]:
        """Return what the panel shows."""
        return cut(self.picture(), self.box(self.training))

    def remove_layers(self, beginning: str) -> None:
        """Take layers out by their names, one by one: napari 0.9.2 may end where several go in one turn."""
        for layer in [one for one in self.viewer.layers if one.name.startswith(beginning)]:
            self.viewer.layers.remove(layer)
            pause()

    def raise_dock(self, panel: str) -> None:
        """Bring a panel in front of the other."""
        self.docks[list(self.panels).index(panel)].raise_()
        self.rest()


def beside(*pictures: NDArray[np.uint8], gap: int = 12) -> NDArray[np.uint8]:
    """Return pictures of one height side by side."""
    strip = np.full((pictures[0].shape[0], gap, 3), 255, np.uint8)
    parts = [part for picture in pictures for part in (picture, strip)]
    return np.hstack(parts[:-1])


def own_folders(folder: Path) -> None:
    """Keep trainings and networks in a scene's own folder."""
    home = folder / "trainings"
    training_state.trainings_home = lambda: home
    os.environ[listing.VARIABLE] = str(folder / "models")


def simulated_films(folder: Path) -> Path:
    """Write films with their true lungs as a person would keep them; one file was cut short in copying."""
    made, own = folder / "made", folder / "my films"
    write_simulated_set(made, PATIENTS, seed=8, size=SIDE)
    for part in ("images", "labels"):
        (own / part).mkdir(parents=True)
    rows = []
    for number, film in enumerate(sorted((made / "films").glob("*.png")), start=1):
        name = f"film_{number:02d}.png"
        shutil.move(film, own / "images" / name)
        shutil.move(made / "truth" / f"{film.stem}_lungs.png", own / "labels" / name)
        rows.append((name, f"patient {number:02d}"))
    with (own / "samples.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("image", "patient"), *rows])
    short = own / "images" / "film_07.png"
    short.write_bytes(short.read_bytes()[:4000])
    return own


def films(out: Path, folder: Path) -> None:
    """Go from a folder of films to the new network at work."""
    own_folders(folder)
    data = simulated_films(folder)
    scene = TrainingScene(CHEST, TRAIN, tabs=True)
    scene.panels[CHEST].bench.open_sample("upper_lobe_cavity")
    spin(lambda: scene.session is not None, LONG)
    scene.rest()
    scene.viewer.reset_view()
    plan(scene, out, data)
    run(scene, out)
    result(scene, out)
    use(scene, out)
    scene.close()


def plan(scene: TrainingScene, out: Path, data: Path) -> None:
    """Picture step 1, what was found, and the training as planned."""
    button = scene.training.choose.places.button
    first = cut(scene.with_menu(scene.add_menu(), button), scene.box(scene.training))
    scene.name_folder(data)
    save(out, "training_data", beside(first, scene.panel_picture()))
    scene.act("Look at the data")
    scene.rest()
    scene.scroll_to(None)
    found = scene.panel_picture()
    scene.act("Leave these out")
    scene.rest()
    scene.settle()
    scene.scroll_to(scene.training.found)
    save(out, "training_found", beside(found, scene.panel_picture()))


def run(scene: TrainingScene, out: Path) -> None:
    """Picture a training as it goes, and while it waits."""
    scene.set_epochs(EPOCHS)
    scene.act("Train")
    scene.wait_epochs(PAUSED_AFTER)
    scene.scroll_to(None)
    save(out, "training_running", scene.picture())
    scene.act("Pause")
    spin(lambda: scene.state.phase.value == "paused", LONG)
    save(out, "training_paused", scene.panel_picture())
    scene.act("Go on")
    scene.settle()


def result(scene: TrainingScene, out: Path) -> None:
    """Picture the comparison, with the worst image opened in the viewer."""
    compare = scene.training.compare
    spin(lambda: bool(compare.result.pictures.pairs), LONG)
    scene.press(compare.result.pictures.pairs[0])
    pause(1.5)
    scene.scroll_to(compare)
    save(out, "training_result", scene.picture())


def use(scene: TrainingScene, out: Path) -> None:
    """Picture the network put to use, and the chest panel that works with it."""
    box = scene.training.compare.use
    scene.scroll_to(box)
    scene.press(box.use_button)
    spin(lambda: not box.busy, LONG)
    scene.rest()
    scene.scroll_to(box)
    save(out, "training_use", scene.panel_picture())
    scene.raise_dock(CHEST)
    scene.remove_layers("film_")
    panel = scene.panels[CHEST]
    scene.session.look.evidence.show(False)
    panel.run_bar.run_button.click()
    spin(lambda: scene.session.settled, LONG)
    scene.rest()
    scene.session.look.evidence.show(False)
    scene.viewer.reset_view()
    for step in panel.steps:
        step.set_open(step is panel.masks)
    scene.rest()
    save(out, "training_used", scene.picture(), scene.right())


def scans(out: Path, folder: Path) -> None:
    """Let a network learn hotspots from simulated scans: stop, go on from the shelf, compare."""
    own_folders(folder)
    data = folder / "simulated"
    write_simulated_scans(data, SCANS, seed=8)
    scene = TrainingScene(TRAIN)
    panel = scene.training
    task = panel.choose.task
    place = next(n for n in range(task.count()) if task.itemText(n) == "Hotspots on bone scans, anterior")
    task.setCurrentIndex(place)
    task.activated.emit(place)
    scene.name_folder(data)
    scene.act("Look at the data")
    scene.rest()
    scene.settle()
    scene.scroll_to(None)
    found = scene.panel_picture()
    scene.set_epochs(SCAN_EPOCHS)
    scene.act("Train")
    scene.wait_epochs(STOPPED_AFTER)
    scene.press(panel.run_bar.cancel_button)
    scene.settle()
    panel.trainings.button.click()
    scene.scroll_to(None)
    save(out, "training_shelf", beside(found, scene.panel_picture()))
    panel.trainings.button.click()
    scene.act("Go on")
    scene.settle()
    spin(lambda: bool(panel.compare.result.pictures.pairs), LONG)
    scene.press(panel.compare.result.pictures.pairs[0])
    pause(1.5)
    scene.scroll_to(panel.compare)
    save(out, "training_bone", scene.picture())
    scene.close()


SCENES: dict[str, Callable[[Path, Path], None]] = {"training_films": films, "training_scans": scans}
"""Scenes by name; each is given the folder of pictures and one for its own files."""
