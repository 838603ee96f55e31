"""What a person does in a window for hours, an errand at a time; each ends with nothing open."""

from __future__ import annotations

import csv
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QEventLoop, Qt, QTimer
from qtpy.QtTest import QTest

import bone_person
import person
import training_window
from person import Mismatch, Seat

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
CHEST, BONE, TRAIN, EVALUATE, BATCH = "Chest X-ray", "Bone scan", "Train a network", "Evaluate", "Batch"
STEPS = ("Chest 1 Enhance", "Chest 2 Lung masks", "Chest 3 Correct", "Chest 4 Features", "Chest 5 Result")
LISTS = ("Chest worklist", "Bone worklist")
LONG = 300.0
_LEFT_OUT = {"close viewer", "close panel", "delete film", "another film", "save and reopen", "step dock"}
"""Done by errands of their own."""
_EVERY = {n: (w, f) for n, (w, f) in person.ACTIONS.items() if n not in _LEFT_OUT}


def spin(until: Callable[[], bool], seconds: float) -> bool:
    """Run the event loop, as napari does, until something holds; False when it does not in time.

    `processEvents` would never delete what was closed: Qt does that when a loop that was entered goes on.
    """
    loop, end = QEventLoop(), time.monotonic() + seconds
    asking = QTimer()
    asking.setInterval(5)
    asking.timeout.connect(lambda: loop.quit() if until() or time.monotonic() > end else None)
    asking.start()
    loop.exec()
    asking.stop()
    return until()


def wait(seconds: float) -> None:
    """Run the event loop for so long."""
    spin(lambda: False, seconds)


person.spin, person.wait = spin, wait


class Desk(Seat):
    """One window with the panels of this plugin, docked as from the menu."""

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer)
        self.docked: dict[str, tuple[Any, Any]] = {}

    def dock(self, name: str) -> Any:
        """Open a panel, or find it open."""
        if name not in self.docked:
            dock, widget = self.viewer.window.add_plugin_dock_widget("napari-tbcad", name, tabify=True)
            self.docked[name] = dock, getattr(widget, "native", widget)
            wait(0.2)
        panel = self.docked[name][1]
        if name == CHEST:
            self.panel, self.bench = panel, panel.bench
            spin(lambda: not panel.bench.shelf.loading, 60)
        return panel

    def undock(self, name: str) -> None:
        """Close a panel."""
        dock, _ = self.docked.pop(name)
        if name == CHEST:
            self.panel = None
        self.viewer.window.remove_dock_widget(dock)
        wait(0.2)

    def clear(self) -> None:
        """Close everything that is open."""
        self.viewer.layers.clear()
        wait(0.3)


class Errands:
    """All errands, with what they need.

    Parameters
    ----------
    place : Path
        Folder for everything that is written.
    seed : int
        Of all choices.
    """

    def __init__(self, place: Path, seed: int) -> None:
        self.place, self.rng = place, np.random.default_rng(seed)
        self.desks: list[Desk] = []
        self.done: Counter[str] = Counter()
        self.log: list[str] = []
        self.films, self.scans = real_films(), real_scans(place)
        self.drawn = training_window.drawn(place / "drawn")
        self.small = training_window.small_network(place / "small", images=self.drawn)
        self.judged = labelled(place / "judged")
        self._number = 0
        self.films_as_arrays = person.films_to_open()

    def one(self, name: str, desk: Desk) -> None:
        """Run an errand to its end, and clear the desk."""
        self.log.clear()
        self.done[name] += 1
        try:
            ERRANDS[name][1](self, desk)
        finally:
            desk.clear()

    def choose(self) -> str:
        """Return the name of the next errand."""
        names = list(ERRANDS)
        weights = np.array([ERRANDS[name][0] for name in names], float)
        return str(self.rng.choice(names, p=weights / weights.sum()))

    def pick(self, things: list[Any]) -> Any:
        """Return one of several."""
        return things[int(self.rng.integers(len(things)))]

    def case(self) -> Path:
        """Return a file for a case; the one of twenty errands ago gives way."""
        self._number += 1
        path = self.place / "cases" / f"case{self._number % 20}.tbcad"
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        return path


def settled(panel: Any, seconds: float = LONG) -> None:
    """Wait until a panel has a study and nothing is under way.

    Raises
    ------
    Mismatch
        When it does not come to rest.
    """

    def holds() -> bool:
        session = panel.session
        return session is not None and session.settled

    wait(0.1)
    if not spin(holds, seconds):
        raise Mismatch(f"never settles: {panel.session and panel.session.film_problem}")
    wait(0.05)
    spin(holds, seconds)


def opened(panel: Any, path: Path, rng: np.random.Generator) -> None:
    """Open a study, and take or leave what is offered to go on with."""
    before = panel.session
    panel.open_film(path)
    if not spin(lambda: panel.session is not None and panel.session is not before, 60):
        raise Mismatch(f"{path.name} does not open")
    settled(panel)
    wait(0.1)
    if not panel.leftover.isHidden():
        (panel.leftover.go_on if rng.random() < 0.5 else panel.leftover.leave).click()
        if not spin(panel.leftover.isHidden, 30):
            raise Mismatch("the offer to go on cannot be answered")
        settled(panel)


def chest(errands: Errands, desk: Desk) -> None:
    """Open a film, run, correct at random, look at the explanation, save, reopen: it must be the same."""
    panel = desk.dock(CHEST)
    opened(panel, errands.pick(errands.films), errands.rng)
    panel.run_bar.run_button.click()
    settled(panel)
    hand = scripted(errands, desk, panel)
    for _ in range(int(errands.rng.integers(6, 16))):
        errands.log.append(acted(hand, desk))
    settled(panel)
    for _ in range(3):
        if panel.session.edits.problems or panel.session.film_problem:
            break  # a film whose masks cannot be measured is not saved with a result
        panel.run_bar.run_button.click()
        settled(panel)
        if panel.session.fresh("result"):
            person.check(desk)
            if errands.rng.random() < 0.3:
                panel.session.explaining.want(True)
                spin(lambda: not panel.session.explaining.busy, 60)
                panel.session.explaining.want(False)
            break
    reopened(errands, panel, chest_shot)


def acted(hand: person.Person, desk: Desk) -> str:
    """Do one random thing that leaves panel and window where they are; return what."""
    weights = np.array([weight for weight, _ in _EVERY.values()], float)
    name = str(hand.rng.choice(list(_EVERY), p=weights / weights.sum()))
    hand.log.append(name)
    _EVERY[name][1](hand, desk)
    wait(float(hand.rng.choice((0.0, 0.01, 0.05, 0.2))))
    return name


def scripted(errands: Errands, desk: Desk, panel: Any) -> person.Person:
    """Return a random hand of person.py that stays with this window."""
    hand = person.Person(int(errands.rng.integers(1 << 30)), lambda: None, [], errands.place)
    hand.films = errands.films_as_arrays
    hand.seats = [desk]
    desk.panel, desk.bench = panel, panel.bench
    return hand


def chest_shot(panel: Any) -> tuple[Any, ...]:
    """Return what a case of a film must bring back."""
    session = panel.session
    masks = tuple(_bytes(session.value(kind)) for kind in person.KINDS)
    result = session.value("result")
    return masks, None if result is None else (result.decision, result.probability), session.run.journal


def _bytes(mask: Any) -> bytes:
    return b"" if mask is None else np.ascontiguousarray(mask.labels).tobytes()


def bone_shot(panel: Any) -> tuple[Any, ...]:
    """Return what a case of a scan must bring back."""
    shot = bone_person.Shot.of(panel.session)
    images = {name: None if one is None else one.tobytes() for name, one in shot.images.items()}
    return shot.views, shot.marks, images, panel.session.run.journal


def reopened(errands: Errands, panel: Any, shot: Callable[[Any], Any]) -> None:
    """Save the case, close the study, open the case: what it held must be there."""
    if panel.session.run is None or not panel.can_save():
        return
    path, before = errands.case(), shot(panel)
    panel.exporter.save_to(path)
    if not spin(path.is_file, 60):
        raise Mismatch("the case is not saved")
    settled(panel)
    panel.bench.close_film()
    wait(0.2)
    panel.open_film(path)
    if not spin(lambda: panel.session is not None and panel.session.run is not None, 60):
        raise Mismatch("the case does not open")
    settled(panel)
    if (after := shot(panel)) != before:
        differs = [number for number, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
        raise Mismatch(f"the case is not what was saved: parts {differs}; after {errands.log}")


def bone(errands: Errands, desk: Desk) -> None:
    """Open a scan, run, do random things with every tool, undo some, save, reopen: it must be the same."""
    panel = desk.dock(BONE)
    desk.docked[BONE][0].raise_()
    opened(panel, errands.pick(errands.scans), errands.rng)
    panel.run_bar.run_button.click()
    settled(panel)
    seed = int(errands.rng.integers(1 << 30))
    hand = bone_person.Person(panel, wait, lambda: settled(panel), seed)
    hand.work(int(errands.rng.integers(10, 30)))
    settled(panel)
    panel.run_bar.run_button.click()
    settled(panel)
    reopened(errands, panel, bone_shot)


def train(errands: Errands, desk: Desk) -> None:
    """Look at a data set; half of the times train, pause, go on, stop, and delete the training."""
    panel = desk.dock(TRAIN)
    desk.docked[TRAIN][0].raise_()
    hand = object.__new__(training_window.Person)
    hand.viewer, hand.panel, hand.docked = desk.viewer, panel, desk.docked[TRAIN][0]
    hand.drop(errands.drawn)
    hand.begin_with(str(errands.small))
    hand.settle(LONG)
    if hand.button == "Look at the data":  # else the same were looked at before
        hand.press("Look at the data")
    hand.settle(LONG)
    hand.setting("epochs", int(errands.rng.integers(2, 5)))
    hand.settle(LONG)
    if errands.rng.random() < 0.5:
        hand.press("Train", LONG)
        spin(lambda: len(hand.session.history.epochs) > 0, LONG)
        if hand.button == "Pause":
            hand.press("Pause")
            spin(lambda: hand.button == "Go on", 60)
            wait(1.0)
            hand.press("Go on")
        wait(float(errands.rng.random()) * 5)
        hand.session.stop()
    hand.settle(LONG)
    folder = hand.session.folder
    hand.clear()
    hand.settle(LONG)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
        hand.session.forget(folder)
    wait(0.3)


def evaluate(errands: Errands, desk: Desk) -> None:
    """Look at a labelled set; half of the times evaluate quickly, stop at a random moment or see the end."""
    panel = desk.dock(EVALUATE)
    desk.docked[EVALUATE][0].raise_()
    session = panel.session
    panel.take_files([errands.judged])
    wait(0.5)
    if not spin(lambda: session.settled, LONG):
        raise Mismatch(f"the data are not looked at: {session.phase}")
    if errands.rng.random() < 0.5 and session.plan.possible:
        session.quick_look()
        patience = LONG if errands.rng.random() < 0.5 else float(errands.rng.random()) * 20
        spin(lambda: not session.busy, patience)
        session.stop()
        if not spin(lambda: session.settled, LONG):
            raise Mismatch(f"the evaluation does not stop: {session.phase}")
        errands.log.append(f"results {session.results is not None}, {session.problem}")
        wait(1.0)
    folder = session.folder
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
        session.forget(folder)
    wait(0.3)


def batch(errands: Errands, desk: Desk) -> None:
    """Run five films, one of them broken; half of the times stop and go on; open one from the table."""
    panel, films = desk.dock(BATCH), errands.place / "batch films"
    desk.docked[BATCH][0].raise_()
    shutil.rmtree(films, ignore_errors=True)
    films.mkdir()
    pngs = [path for path in errands.films if path.suffix == ".png"]
    for number in errands.rng.choice(len(pngs), 4, replace=False):
        (films / pngs[number].name).symlink_to(pngs[number])
    (films / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    session, bar, rows = panel.session, panel.run_bar, panel.session.rows
    panel.take_files([films])
    if not spin(
        lambda: session.found is not None and session.settled and panel.choice.chain is not None, LONG
    ):
        raise Mismatch(f"the films are not looked at: {session.problem}")
    spin(bar.run_button.isEnabled, 10)
    bar.run_button.click()
    spin(lambda: session.busy, 30)
    if errands.rng.random() < 0.5:
        spin(lambda: rows.counts["done"] + rows.counts["failed"] > 0 or not session.busy, LONG)
        bar.cancel_button.click()
        spin(lambda: not session.busy, LONG)
        errands.log.append(f"stopped with {dict(rows.counts)}")
        if rows.counts["done"] + rows.counts["kept"] + rows.counts["failed"] < 5:
            spin(bar.run_button.isEnabled, 10)
            bar.run_button.click()
            spin(lambda: session.busy, 30)
    spin(lambda: not session.busy and session.settled, LONG)
    wait(0.5)
    if (rows.counts["done"] + rows.counts["kept"], rows.counts["failed"]) != (4, 1):
        raise Mismatch(
            f"a batch of four films and a broken one ends with {dict(rows.counts)}: {session.problem}"
        )
    table = panel.run.list.table
    table.setCurrentIndex(table.rows.index(int(errands.rng.integers(5)), 0))
    QTest.keyClick(table, Qt.Key.Key_Return)
    spin(lambda: bool(panel.run.opened.text() or panel.run.problem.text()), 60)
    errands.log.append(panel.run.opened.text() or panel.run.problem.text())
    folder = session.folder
    shutil.rmtree(folder, ignore_errors=True)
    session.forget(folder)
    wait(0.3)


def worklist(errands: Errands, desk: Desk) -> None:
    """Read three films of a folder one after the other, correct one, finish two."""
    panel, films = desk.dock(CHEST), errands.place / "worklist"
    shutil.rmtree(films, ignore_errors=True)
    films.mkdir()
    pngs = [path for path in errands.films if path.suffix == ".png"]
    for number in errands.rng.choice(len(pngs), 3, replace=False):
        (films / pngs[number].name).symlink_to(pngs[number])
    view = desk.dock(LISTS[0]).view
    view.set_reader("H. A.")
    view.open_folder(films)
    spin(lambda: view.worklist is not None and len(view.worklist.items) == 3, 60)
    for number in range(3):
        view.go_next() if number else view.open(view.worklist.items[0].path)
        if not spin(lambda: panel.session is not None and panel.session.run is not None, 60):
            raise Mismatch(f"item {number} does not open")
        settled(panel)
        person.paint(scripted(errands, desk, panel), desk)
        settled(panel)
        if number < 2 and view.footer.done_button.isEnabled():
            view.footer.done_button.click()
            wait(0.3)
            settled(panel)
    view.set_worklist(None)
    desk.undock(LISTS[0])


def docks(errands: Errands, desk: Desk) -> None:
    """With a film open, close and open panels in any order; steps as panels of their own."""
    panel = desk.dock(CHEST)
    opened(panel, errands.pick(errands.films), errands.rng)
    panel.run_bar.run_button.click()
    for _ in range(6):
        name = str(errands.rng.choice([*STEPS, *LISTS, CHEST, BONE, TRAIN, EVALUATE, BATCH]))
        errands.log.append(name)
        desk.undock(name) if name in desk.docked else desk.dock(name)
        wait(float(errands.rng.choice((0.0, 0.1, 0.5))))
    for name in [name for name in desk.docked if name in (*STEPS, *LISTS)]:
        desk.undock(name)
    settled(desk.dock(CHEST))


def layers(errands: Errands, desk: Desk) -> None:
    """Several films in one window: rename, move and delete what there is, while work goes on."""
    panel = desk.dock(CHEST)
    for path in (errands.pick(errands.films) for _ in range(2)):
        opened(panel, path, errands.rng)
    hand = scripted(errands, desk, panel)
    kinds = ["rename", "delete mask", "reorder", "foreign layer", "switch film", "run all", "cancel", "paint"]
    for _ in range(int(errands.rng.integers(8, 16))):
        name = str(errands.rng.choice([*kinds, "delete any", "undo", "flip"]))
        errands.log.append(name)
        hand.log.append(name)
        person.ACTIONS[name][1](hand, desk)
        wait(float(errands.rng.choice((0.0, 0.05, 0.3))))
    spin(lambda: desk.settled, LONG)


ERRANDS: dict[str, tuple[float, Callable[[Errands, Desk], None]]] = {
    "chest": (6, chest),
    "bone": (4, bone),
    "train": (1, train),
    "evaluate": (1, evaluate),
    "batch": (1, batch),
    "worklist": (1.5, worklist),
    "docks": (2, docks),
    "layers": (2, layers),
}
"""What a person does: how often, and how."""


def real_films() -> list[Path]:
    """Return films of the shared data, and this project's own samples."""
    from napari_tbcad.simulate.samples import sample_path

    found = [sample_path(name) for name in ("normal_man", "effusion", "normal_cr")]
    for name, number in (("jsrt", 6), ("shenzhen_sample", 3), ("pneumonia_lesions", 4), ("nih_sample", 3)):
        found += sorted((SHARED / "chest" / name / "images").glob("*.png"))[:number]
    return found


def real_scans(place: Path) -> list[Path]:
    """Return bone scans of the shared data, and a simulated one."""
    pairs = sorted((SHARED / "bone" / "pairs").rglob("*.dcm"))[:5]
    return [bone_person.coarse_scan(place), *pairs]


def labelled(folder: Path, number: int = 24) -> Path:
    """Write a list of real films with labels, as a data set to evaluate on; without them, simulated ones."""
    source = SHARED / "chest" / "tb_multisource"
    if not source.is_dir():
        from napari_tbcad.simulate.samples import write_simulated_set

        write_simulated_set(folder, number, seed=9, size=256)
        return folder
    with (source / "labels.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = [[row for row in rows if row["label"] == label][: number // 2] for label in "01"]
    (folder / "images").mkdir(parents=True)
    lines = ["path,label"]
    for row in (row for half in chosen for row in half):
        name = Path(row["file"]).name
        (folder / "images" / name).symlink_to(source / "images" / row["file"])
        lines.append(f"images/{name},{row['label']}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
