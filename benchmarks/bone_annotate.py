"""A scripted person annotates and classes simulated scans in a real window, and what that takes.

    xvfb-run -a -s "-screen 0 1280x800x24" .venv/bin/python benchmarks/bone_annotate.py --data DIR [--scans 5]

DIR as for bone_index.py. Of its patients those are taken that have exactly ten lesions which both views show:
twenty marks. The person opens the scan in napari (1280 × 800), the regions are found, and then all is done
on the canvas, by mouse and keys: Shift-click on a lesion (off by a normal error of 3 mm) in the view that
shows it better; its class key, where the class is not that of the one before; Enter where the outline
proposed in the other view lies on the same lesion, else Shift-click there, and Enter where the first one is
what is proposed for it, else the menu's Link. Lesions are gone through by class, from head to foot. A
hotspot is not drawn anew however it turned out. Counted is every press of a button or key. Computing is the
time from each until nothing is under way any more, drawing included, and beside it the processor time of the
whole program in that time: on a busy machine only the latter says much.

Then, on the last scan: times from a click to the grown hotspot (and to the frame that shows it), from a class
key to the new index, and how long the cross-hair takes to follow the pointer. Milliseconds, p50 / p95 / max.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QObject, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from bone_index import Truth, patients, read_truth
from hand import Hand, spin, wait
from napari_tbcad.imaging.bonescan import VIEWS, ViewName

LESIONS = 10
CLICK_MM = 3.0
KEYS = {"abnormal": Qt.Key.Key_A, "normal": Qt.Key.Key_N, "non_bone": Qt.Key.Key_U}
NO_KEYS = Qt.KeyboardModifier.NoModifier


class Mouse(Hand):
    """A mouse with keys held, and a keyboard, over the canvas."""

    def move(self, at: QPointF) -> None:
        """Move the pointer with no button down."""
        none = Qt.MouseButton.NoButton
        place = QPointF(self.canvas.mapToGlobal(at.toPoint()))
        event = QMouseEvent(QEvent.Type.MouseMove, at, place, none, none, NO_KEYS)
        QApplication.sendEvent(self.canvas, event)

    def click(self, at: QPointF, held: Qt.KeyboardModifier = NO_KEYS) -> None:
        """Click with the left button."""
        place = QPointF(self.canvas.mapToGlobal(at.toPoint()))
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        for kind, buttons in ((QEvent.Type.MouseButtonPress, left), (QEvent.Type.MouseButtonRelease, none)):
            QApplication.sendEvent(self.canvas, QMouseEvent(kind, at, place, left, buttons, held))

    def key(self, key: Qt.Key) -> None:
        """Press a key."""
        QTest.keyClick(self.canvas, key)


@dataclass
class Lesion:
    """A lesion that both views show: class, its pixels by view, where the person sees it better."""

    label: str
    pixels: dict[ViewName, NDArray[np.bool_]]
    better: ViewName

    @property
    def other(self) -> ViewName:
        """The view in which it is not clicked."""
        return VIEWS[1 - VIEWS.index(self.better)]


@dataclass
class Scores:
    """What was done and what came of it, over the scans."""

    actions: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    dice: list[float] = field(default_factory=list)
    marks: Counter[str] = field(default_factory=Counter)
    index: list[tuple[float, float]] = field(default_factory=list)


def lesions_of(truth: Truth, facts: dict[str, Any]) -> list[Lesion]:
    """Return the lesions that both views show, by class, from head to foot."""
    found = []
    for lesion in facts["lesions"]:
        if any(lesion["ids"][view] is None for view in VIEWS):
            continue
        pixels = {view: truth.hotspots.labels(view) == lesion["ids"][view] for view in VIEWS}
        rise = {view: _rise(truth.scan.view(view).counts, pixels[view]) for view in VIEWS}
        found.append(Lesion(lesion["label"], pixels, max(VIEWS, key=lambda view: rise[view])))
    order = list(KEYS)
    return sorted(found, key=lambda one: (order.index(one.label), _middle(one.pixels[one.better])[0]))


def _rise(counts: NDArray[Any], pixels: NDArray[np.bool_]) -> float:
    from scipy import ndimage

    around = ndimage.binary_dilation(pixels, iterations=4) & ~ndimage.binary_dilation(pixels, iterations=2)
    return float(counts[pixels].mean() / max(counts[around].mean(), 0.5))


def _middle(pixels: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.argwhere(pixels).mean(axis=0)


class Annotator:
    """Somebody who knows the lesions and marks them.

    Parameters
    ----------
    viewer, panel
        A window with a scan whose regions were found.
    rng : numpy.random.Generator
        Of the hand.
    scores : Scores
        Where everything is noted.
    """

    def __init__(self, viewer: Any, panel: Any, rng: np.random.Generator, scores: Scores) -> None:
        self.viewer, self.panel, self.rng, self.scores = viewer, panel, rng, scores
        self.mouse = Mouse(viewer)
        self.actions, self.seconds, self.processor = 0, 0.0, 0.0

    @property
    def session(self) -> Any:
        """Session of the scan."""
        return self.panel.session

    def place(self, view: ViewName, at: NDArray[np.float64]) -> QPointF:
        """Return where a pixel of a view lies on the canvas."""
        return self.mouse.place(*at, self.session.layers.picture(view))

    def aim(self, view: ViewName, pixels: NDArray[np.bool_]) -> QPointF:
        """Return where the person clicks on a lesion."""
        spacing = np.asarray(self.session.value("scan").spacing_mm)
        at = _middle(pixels) + self.rng.normal(0, CLICK_MM, 2) / spacing
        return self.place(view, np.clip(at, 0, np.array(pixels.shape) - 1))

    def act(self, name: str, action: Any) -> None:
        """Do one thing and wait until nothing is under way."""
        began, used = time.perf_counter(), time.process_time()
        action()
        drawn = len(self.mouse.drawn)
        if not spin(lambda: self.session.settled, 20):
            raise RuntimeError(f"{name}: never settles")
        spin(lambda: len(self.mouse.drawn) > drawn, 0.1)
        self.seconds += time.perf_counter() - began
        self.processor += time.process_time() - used
        self.actions += 1
        self.scores.kinds[name] += 1
        # A person needs a moment; what idle timers do then is not waited for.
        wait(0.1)

    def shift_click(self, view: ViewName, pixels: NDArray[np.bool_]) -> int | None:
        """Grow a lesion by Shift-click; return its number."""
        shift = Qt.KeyboardModifier.ShiftModifier
        before = self.session.hands.last_grow
        self.act("Shift-click", lambda: self.mouse.click(self.aim(view, pixels), shift))
        last = self.session.hands.last_grow
        return None if last is None or last is before else int(last.number)

    def mark(self, lesion: Lesion, in_hand: str) -> str:
        """Mark a lesion in both views; return the class that is made next."""
        number = self.shift_click(lesion.better, lesion.pixels[lesion.better])
        if number is None:
            return in_hand
        if lesion.label != in_hand:
            self.act("class key", lambda: self.mouse.key(KEYS[lesion.label]))
            in_hand = lesion.label
        proposal = self.session.hands.proposal(number)
        there = lesion.pixels[lesion.other]
        if proposal is not None and _dice(proposal.mask, there) > 0.2:
            self.act("Enter", lambda: self.mouse.key(Qt.Key.Key_Return))
            return in_hand
        partner = self.shift_click(lesion.other, there)
        if partner is None:
            return in_hand
        proposal = self.session.hands.proposal(partner)
        if proposal is not None and proposal.existing == number:
            self.act("Enter", lambda: self.mouse.key(Qt.Key.Key_Return))
        else:
            self.link(number, partner, lesion)
        return in_hand

    def link(self, number: int, partner: int, lesion: Lesion) -> None:
        """Ctrl-click the first one, too, then the menu's entry Link."""
        from napari_tbcad.widgets.bone.hotspot_menu import hotspot_menu

        labels = self.session.value("hotspots").labels(lesion.better)
        at = np.argwhere(labels == number)
        middle = at[np.abs(at - at.mean(axis=0)).sum(axis=1).argmin()].astype(float)
        place = self.place(lesion.better, middle)
        self.act("Ctrl-click", lambda: self.mouse.click(place, Qt.KeyboardModifier.ControlModifier))
        menu = hotspot_menu(self.panel.bench, self.session.look.selected)
        entry = next((a for a in menu.actions() if "link" in a.text().lower() and a.isEnabled()), None)
        if entry is not None:
            self.act("menu", entry.trigger)
            self.scores.kinds["menu"] += 1
            self.actions += 1

    def work(self, lesions: list[Lesion]) -> None:
        """Mark everything."""
        in_hand = "abnormal"
        for lesion in lesions:
            in_hand = self.mark(lesion, in_hand)
        self._judge(lesions)

    def _judge(self, lesions: list[Lesion]) -> None:
        """Hold the marks against the truth."""
        scores, hotspots = self.scores, self.session.value("hotspots")
        for lesion in lesions:
            numbers = {}
            for view in VIEWS:
                labels, true = hotspots.labels(view), lesion.pixels[view]
                shares = {n: _dice(labels == n, true) for n in np.unique(labels[true]) if n}
                best = max(shares, key=lambda n: shares[n], default=None)
                scores.dice.append(0.0 if best is None else shares[best])
                if best is None:
                    scores.marks["missed"] += 1
                    continue
                numbers[view] = int(best)
                mark = hotspots.mark(int(best))
                scores.marks["right class" if mark.label == lesion.label else "wrong class"] += 1
                scores.marks["judged"] += mark.judged
            linked = len(numbers) == 2 and hotspots.mark(numbers["anterior"]).linked == numbers["posterior"]
            scores.marks["linked pairs"] += linked
        scores.actions.append(self.actions)
        scores.seconds.append(self.seconds)
        scores.processor.append(self.processor)


def _dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float(2 * np.count_nonzero(one & other) / max(int(one.sum()) + int(other.sum()), 1))


# -- times ------------------------------------------------------------------------------------------------


class Times:
    """Named lists of milliseconds."""

    def __init__(self) -> None:
        self.lists: dict[str, list[float]] = {}

    def add(self, name: str, seconds: float) -> None:
        """Keep one."""
        self.lists.setdefault(name, []).append(1000 * seconds)

    def show(self) -> None:
        """Print all."""
        for name, values in self.lists.items():
            p50, p95 = np.percentile(values, (50, 95))
            print(f"  {name:52s} {p50:7.1f} / {p95:7.1f} / {max(values):7.1f}   n = {len(values)}")


def time_growing(person: Annotator, lesions: list[Lesion], number: int, times: Times) -> None:
    """Click, wait for the hotspot and its frame, undo."""
    session, mouse = person.session, person.mouse
    for turn in range(number):
        lesion = lesions[turn % len(lesions)]
        view = VIEWS[turn % 2]
        layer = session.layers.layer(f"{view} hotspots")
        place, before = person.aim(view, lesion.pixels[view]), np.array(layer.data)
        wait(0.15)
        began = time.perf_counter()
        mouse.click(place, Qt.KeyboardModifier.ShiftModifier)
        written = time.perf_counter()
        if np.array_equal(layer.data, before):
            continue
        times.add("Shift-click → hotspot in its layer", written - began)
        if spin(lambda w=written: bool(mouse.drawn) and mouse.drawn[-1] > w, 2):
            times.add("Shift-click → first frame that shows it", mouse.drawn[-1] - began)
        if spin(lambda: session.fresh("index") and session.fresh("table"), 5):
            times.add("Shift-click → table and index", time.perf_counter() - began)
        spin(lambda: session.settled, 10)
        session.hands.undo()
        spin(lambda: session.settled, 10)


def shown(panel: Any) -> bool:
    """Tell whether the panel shows the present index."""
    from napari_tbcad.widgets.bone.index_words import answer_of

    index = panel.session.value("index")
    if index is None or not panel.session.fresh("index"):
        return False
    return bool(panel.answer.text() == answer_of(index, fresh=True))


def time_classes(person: Annotator, number: int, times: Times) -> None:
    """Give one hotspot one class after the other."""
    session, mouse = person.session, person.mouse
    numbers = [mark.id for mark in session.value("hotspots").marks]
    keys = (Qt.Key.Key_N, Qt.Key.Key_A)
    for turn in range(number):
        session.look.choose(numbers[(turn // 2) % len(numbers)])
        spin(lambda: session.settled, 10)
        wait(0.15)
        before = session.value("index")
        began = time.perf_counter()
        mouse.key(keys[turn % 2])
        called = time.perf_counter()
        if not spin(lambda b=before: shown(person.panel) and session.value("index") is not b, 1):
            continue
        times.add("class key → new index shown in the panel", time.perf_counter() - began)
        times.add("class key: the call", called - began)
        spin(lambda: session.settled, 10)


class _Painted(QObject):
    """Notes when a widget was painted."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Count."""
        self.count += event is not None and event.type() == QEvent.Type.Paint
        return False


def time_crosshair(person: Annotator, number: int, times: Times) -> None:
    """Move the pointer over a view, each move as soon as the last one is drawn."""
    sheets = [one for one in person.mouse.canvas.findChildren(QWidget) if one.isVisible()]
    ear = _Painted()
    for sheet in sheets:
        sheet.installEventFilter(ear)
    picture = person.session.layers.picture("anterior")
    rows, columns = picture.data.shape
    began_all = time.perf_counter()
    for turn in range(number):
        share = turn / number
        at = np.array([rows * (0.1 + 0.8 * share), columns * (0.5 + 0.3 * np.sin(20 * share))])
        place, count = person.place("anterior", at), ear.count
        began = time.perf_counter()
        person.mouse.move(place)
        if spin(lambda c=count: ear.count > c, 1):
            times.add("pointer moved → cross-hair drawn", time.perf_counter() - began)
    took = time.perf_counter() - began_all
    print(f"  cross-hair: {number / took:.0f} updates a second over {number} moves")
    for sheet in sheets:
        sheet.removeEventFilter(ear)


# -- all of it --------------------------------------------------------------------------------------------


def opened(path: Path) -> tuple[Any, Any]:
    """Open a scan in a new window and find its regions."""
    import napari

    from napari_tbcad.widgets.bone.panel import BonePanel

    viewer = napari.Viewer()
    viewer.window.resize(1280, 760)
    panel = BonePanel(viewer)
    viewer.window.add_dock_widget(panel, name="Bone scan")
    panel.open_film(path)
    assert spin(lambda: panel.session is not None and panel.session.value("scan") is not None, 60)
    panel.session.request("regions")
    assert spin(lambda: panel.session.value("regions") is not None and panel.session.settled, 120)
    wait(1.0)
    return viewer, panel


def chosen(folder: Path) -> list[Path]:
    """Return the truth files of patients with ten lesions that both views show."""
    found = []
    for path in patients(folder):
        facts = json.loads(path.read_text(encoding="utf-8"))
        both = [all(one is not None for one in lesion["ids"].values()) for lesion in facts["lesions"]]
        if sum(both) == LESIONS:
            found.append(path)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--scans", type=int, default=5)
    parser.add_argument("--seed", type=int, default=5, help="of the person's hand")
    parser.add_argument("--times", type=int, default=40, help="clicks and classes that are timed")
    options = parser.parse_args()
    import napari

    from napari_tbcad.widgets import preferences

    paths = chosen(options.data)[: options.scans]
    print(f"{datetime.date.today()}, napari {napari.__version__}, load {os.getloadavg()[0]:.1f}")
    scores, times = Scores(), Times()
    with tempfile.TemporaryDirectory() as folder:
        preferences.default_folder = lambda: Path(folder) / "autosave"
        for number, path in enumerate(paths):
            truth = read_truth(path)
            lesions = lesions_of(truth, json.loads(path.read_text(encoding="utf-8")))
            viewer, panel = opened(path.parents[1] / "scans" / f"{path.stem}.dcm")
            person = Annotator(viewer, panel, np.random.default_rng((options.seed, number)), scores)
            person.work(lesions)
            said = Counter(one.label for one in lesions)
            print(
                f"{path.stem}: {dict(said)}; {person.actions} actions, {person.seconds:.2f} s of computing",
                flush=True,
            )
            if path == paths[-1]:
                time_classes(person, options.times, times)
                time_crosshair(person, 5 * options.times, times)
                panel.session.hands.delete([m.id for m in panel.session.value("hotspots").marks])
                spin(lambda panel=panel: panel.session.settled, 10)
                time_growing(person, lesions, options.times, times)
            viewer.close()
            wait(0.3)
    report(scores, times)


def report(scores: Scores, times: Times) -> None:
    """Print everything."""
    marks = 2 * LESIONS * len(scores.actions)
    print(
        f"actions a scan: median {np.median(scores.actions):.0f}, most {max(scores.actions)} "
        f"({dict(scores.kinds)}); computing a scan: median {np.median(scores.seconds):.2f} s, "
        f"most {max(scores.seconds):.2f} s; processor time of all threads, the drawing by software included: "
        f"median {np.median(scores.processor):.2f} s, most {max(scores.processor):.2f} s"
    )
    print(f"of {marks} marks: {dict(scores.marks)}; median Dice {np.median(scores.dice):.3f}")
    print("ms: p50 / p95 / max")
    times.show()


if __name__ == "__main__":
    main()
