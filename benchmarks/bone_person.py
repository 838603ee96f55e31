"""Random actions on a bone scan, all undone and all done again: is anything left behind.

    xvfb-run -a .venv/bin/python benchmarks/bone_person.py [--actions 300] [--seeds 1 2 3] [--scans FILE ...]

Opens the panel with a simulated scan (512 × 128, coarse) or the scans given, runs everything, then grows,
boxes, paints, erases, splits, merges, deletes, links, classes, confirms, accepts partners, paints regions,
swaps and flips views, goes back to the automatic hotspots or regions, undoes and redoes, at random and at a
random pace, all through the session's hands and the viewer's layers. After every undo and redo hotspots,
regions and views must be what they were at that step. At the end everything is undone: hotspots, regions,
views, pixels of all layers, colours, table and index must be those of the beginning; then redone: those of
the end.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.schemes import HOTSPOT_CLASSES, REGION_IDS

NAMES = ("hotspots", "regions")


class Mismatch(AssertionError):
    """What is there is not what must be."""


@dataclass(frozen=True)
class Shot:
    """Hotspots, regions and views of a run at one moment."""

    views: Any
    marks: tuple[Any, ...]
    images: dict[str, NDArray[Any] | None]

    @classmethod
    def of(cls, session: Any) -> Shot:
        """Look; a person's values only, for the automatic ones are found anew after the views were turned."""
        run = session.run
        given = {name: run.get(name) if run.edited(name) else None for name in NAMES}
        images = {
            f"{view} {name}": None if value is None else _copy(value.labels(view))
            for name, value in given.items()
            for view in VIEWS
        }
        marks = () if given["hotspots"] is None else given["hotspots"].marks
        return cls(run.settings.views, marks, images)

    def differs(self, other: Shot) -> str:
        """Say what differs; empty when nothing does."""
        if self.views != other.views:
            return f"views {self.views} and {other.views}"
        for name, image in self.images.items():
            if not np.array_equal(image, other.images[name], equal_nan=False):  # type: ignore[arg-type]
                return name
        if self.marks != other.marks:
            pairs = zip(self.marks, other.marks, strict=False)
            return f"marks {next(((a, b) for a, b in pairs if a != b), (len(self.marks), len(other.marks)))}"
        return ""


def _copy(labels: NDArray[Any] | None) -> NDArray[Any] | None:
    return None if labels is None else np.array(labels)


def everything(widget: Any) -> dict[str, Any]:
    """Return all that a settled panel holds and shows, by name."""
    session = widget.session
    widget.refresh()
    found: dict[str, Any] = {"views": session.run.settings.views}
    for name in NAMES:
        value = session.value(name)
        found |= {f"{view} {name}": _copy(value.labels(view)) for view in VIEWS}
        for view in VIEWS:
            layer = session.layers.layer(f"{view} {name}")
            found[f"layer {view} {name}"] = None if layer is None else np.array(layer.data)
    for view, picture in session.layers.pictures().items():
        found[f"counts {view}"] = np.array(picture.data)
    marks = session.value("hotspots").marks
    found["marks"] = marks
    for mark in marks:
        layer = session.layers.layer(f"{mark.view} hotspots")
        if layer is not None:
            found[f"colour {mark.id}"] = tuple(np.asarray(layer.get_color(mark.id), float))
    found["table"] = session.value("table").rows
    found["index"] = session.value("index")
    found["fresh"] = session.fresh("index")
    found["shown table"] = sorted(map(tuple, widget.hotspots.table.values()))
    return found


def same(one: dict[str, Any], other: dict[str, Any]) -> str:
    """Name what differs between two of :func:`everything`; empty when nothing does."""
    for name in {**one, **other}:
        a, b = one.get(name), other.get(name)
        equal = np.array_equal(a, b) if isinstance(a, np.ndarray) else repr(a) == repr(b)
        if not equal:
            return name if isinstance(a, np.ndarray) else f"{name}: {a!r:.300} / {b!r:.300}"
    return ""


class Person:
    """Does random things to the scan of one panel.

    Parameters
    ----------
    widget : BonePanel
        With a scan that was run.
    spin : callable
        Runs the event loop for so many seconds.
    settle : callable
        Runs it until nothing is under way.
    seed : int
    """

    def __init__(
        self, widget: Any, spin: Callable[[float], None], settle: Callable[[], None], seed: int
    ) -> None:
        self.widget, self.spin, self.settle = widget, spin, settle
        self.rng = np.random.default_rng(seed)
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.log: list[str] = []

    @property
    def session(self) -> Any:
        """Session of the scan."""
        return self.widget.session

    @property
    def hands(self) -> Any:
        """What the person does it with."""
        return self.session.hands

    def work(self, actions: int) -> None:
        """Act, and hold every undo and redo against what was there before."""
        history, place = [Shot.of(self.session)], 0
        for _ in range(actions):
            name = self._choose()
            self.log.append(name)
            text, top = self.hands.undo_text, self.session.edits.steps.top
            did = ACTIONS[name][1](self)
            self.done[name] += 1
            if not did:
                self.refused[name] += 1
            now, newest = Shot.of(self.session), self.session.edits.steps.top
            if name in ("undo", "redo"):
                place += (1 if name == "redo" else -1) if did else 0
                if place < 0 or place >= len(history):
                    raise Mismatch(f"{name} went beyond what was done; {self.last()}")
                if wrong := history[place].differs(now):
                    raise Mismatch(f"after {name} of {text!r}: {wrong}; {self.last()}")
            elif newest is top:
                if wrong := history[place].differs(now):
                    raise Mismatch(f"{name} is no step ({did}) and changed {wrong}; {self.last()}")
            else:
                # The slider lets the last step end in another state; all else is a new one.
                goes_on = top is not None and newest is not None and newest.before is top.before
                place += 0 if goes_on else 1
                history[place:] = [now]
            self._look()
            self.spin(float(self.rng.choice((0.0, 0.0, 0.005, 0.03))))

    def _look(self) -> None:
        """Check what must hold at any moment."""
        session = self.session
        hotspots = session.value("hotspots")
        known = hotspots.by_id()
        if any(number not in known for number in session.look.selected):
            raise Mismatch(f"a hotspot that is gone is selected; {self.last()}")
        if self.hands.can_undo != bool(self.hands.undo_text):
            raise Mismatch("undo")

    def last(self) -> str:
        """Tell the last actions."""
        return "after " + ", ".join(self.log[-12:])

    def _choose(self) -> str:
        names = list(ACTIONS)
        weights = np.array([ACTIONS[name][0] for name in names], float)
        return str(self.rng.choice(names, p=weights / weights.sum()))

    # -- what is chosen -------------------------------------------------------------------------------

    def a_view(self) -> Any:
        """Return a view that there is; now and then of a single view the other."""
        scan = self.session.value("scan")
        views = [view for view in VIEWS if scan.view(view) is not None or self.rng.random() < 0.02]
        return views[self.rng.integers(len(views))]

    def numbers(self, view: str | None = None) -> list[int]:
        """Return the hotspots there are."""
        return [m.id for m in self.session.value("hotspots").marks if view in (None, m.view)]

    def a_number(self, view: str | None = None) -> int:
        """Return a hotspot."""
        found = self.numbers(view)
        # Now and then one that is not there.
        return int(self.rng.choice(found)) if found and self.rng.random() < 0.97 else 999

    def a_place(self, view: str) -> tuple[float, float]:
        """Return a place in a view, rather a bright one."""
        scan = self.session.value("scan")
        counts = (scan.view(view) or next(iter(scan))[1]).counts
        rows, columns = np.nonzero(counts > np.quantile(counts, 0.97))
        index = int(self.rng.integers(rows.size))
        near = self.rng.normal(0, 2, 2)
        place = np.clip(np.array([rows[index], columns[index]]) + near, 0, np.array(counts.shape) - 1)
        return float(place[0]), float(place[1])


# -- what a person does: each returns whether something was done ------------------------------------------


def _grow(p: Person) -> bool:
    view = p.a_view()
    return p.hands.grow(view, p.a_place(view)) is not None


def _regrow(p: Person) -> bool:
    done = False
    for fraction in p.rng.uniform(0.15, 0.9, int(p.rng.integers(1, 4))):
        done = bool(p.hands.regrow(float(fraction))) or done
    return done


def _grow_and_slide(p: Person) -> bool:
    if not _grow(p):
        return False
    p.spin(float(p.rng.choice((0.0, 0.02))))
    _regrow(p)
    return True


def _box(p: Person) -> bool:
    view = p.a_view()
    row, column = p.a_place(view)
    up, left, down, right = p.rng.integers(2, 9, 4)
    bounds = (round(row - up), round(column - left), round(row + down), round(column + right))
    return p.hands.box(view, tuple(map(int, bounds))) is not None


def _split(p: Person) -> bool:
    number = p.a_number()
    known = p.session.value("hotspots").by_id()
    if number not in known:
        return bool(p.hands.split(number, (0, 0), (5, 5)))
    middle = np.argwhere(p.session.value("hotspots").labels(known[number].view) == number).mean(axis=0)
    step = p.rng.normal(0, 4, 2)
    return bool(p.hands.split(number, tuple(middle - step), tuple(middle + step)))


def _split_at(p: Person) -> bool:
    number = p.a_number()
    known = p.session.value("hotspots").by_id()
    view = known[number].view if number in known else p.a_view()
    return bool(p.hands.split_at(number, [p.a_place(view), p.a_place(view)]))


def _merge(p: Person) -> bool:
    view = p.a_view()
    return bool(p.hands.merge([p.a_number(view), p.a_number(view if p.rng.random() < 0.9 else None)]))


def _delete(p: Person) -> bool:
    return bool(p.hands.delete([p.a_number() for _ in range(int(p.rng.integers(1, 3)))]))


def _disk(p: Person, view: str, radius: float) -> NDArray[np.bool_]:
    shape = p.session.value("scan").shape
    row, column = p.a_place(view)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - row) ** 2 + (columns - column) ** 2 <= radius**2


def _erase(p: Person) -> bool:
    view = p.a_view()
    number = p.a_number(view) if p.rng.random() < 0.5 else None
    return bool(p.hands.erase(view, _disk(p, view, 6), number))


def _class(p: Person) -> bool:
    numbers = [p.a_number() for _ in range(int(p.rng.integers(1, 4)))]
    return bool(p.hands.set_class(numbers, str(p.rng.choice(HOTSPOT_CLASSES))))


def _confirm(p: Person) -> bool:
    return bool(p.hands.confirm([p.a_number()]))


def _link(p: Person) -> bool:
    return bool(p.hands.link(p.a_number("anterior"), p.a_number("posterior")))


def _unlink(p: Person) -> bool:
    return bool(p.hands.unlink([p.a_number()]))


def _partner(p: Person) -> bool:
    number = p.a_number()
    if p.rng.random() < 0.5:
        p.session.look.choose(number)
        return p.hands.accept_partner() is not None
    return p.hands.accept_partner(number) is not None


def _brush_class(p: Person) -> bool:
    p.hands.set_brush_class(str(p.rng.choice(HOTSPOT_CLASSES)))
    return True


def _stroke(layer: Any, p: Person, view: str, value: int, size: int) -> None:
    """Paint a stroke into a layer, as a script or napari does."""
    row, column = p.a_place(view)
    layer.brush_size = size
    with layer.block_history():
        for step in range(int(p.rng.integers(1, 4))):
            layer.paint((row + step, column), value)
    layer.mode = "pan_zoom"


def _paint(p: Person) -> bool:
    """Take the brush for a new hotspot or to correct one, and paint; napari tells when it is done."""
    view = p.a_view()
    p.settle()
    number = p.a_number(view) if p.rng.random() < 0.5 else None
    if number == 999 or not p.hands.paint(view, number):
        return False
    p.settle()
    layer = p.session.layers.layer(f"{view} hotspots")
    _stroke(layer, p, view, int(layer.selected_label), int(p.rng.integers(2, 8)))
    p.settle()
    return True


def _rub(p: Person) -> bool:
    """Paint with the eraser of napari, and go on before anything was answered."""
    view = p.a_view()
    layer = p.session.layers.layer(f"{view} hotspots")
    if layer is None:
        return False
    _stroke(layer, p, view, 0, int(p.rng.integers(2, 8)))
    p.settle()
    return True


def _hasty(p: Person) -> bool:
    """Paint and undo in the same breath, before anything was answered; then do it again after all."""
    view = p.a_view()
    layer = p.session.layers.layer(f"{view} hotspots")
    if layer is None:
        return False
    p.settle()
    before, pixels = Shot.of(p.session), np.array(layer.data)
    _stroke(layer, p, view, int(p.rng.choice([0, *p.numbers(view)[:1]])), 4)
    if np.array_equal(layer.data, pixels):
        return False
    p.hands.undo()
    if wrong := before.differs(Shot.of(p.session)):
        raise Mismatch(f"a stroke undone at once left {wrong}; {p.last()}")
    p.hands.redo()
    p.settle()
    return True


def _paint_region(p: Person) -> bool:
    view, region = p.a_view(), str(p.rng.choice(list(REGION_IDS)))
    p.settle()
    if not p.hands.paint_region(view, region):
        return False
    layer = p.session.layers.layer(f"{view} regions")
    _stroke(layer, p, view, int(layer.selected_label), 6)
    p.settle()
    return True


def _swap(p: Person) -> bool:
    p.settle()
    done = bool(p.hands.swap_views())
    p.settle()
    return done


def _flip(p: Person) -> bool:
    p.settle()
    done = bool(p.hands.flip_view(p.a_view()))
    p.settle()
    return done


def _back(p: Person) -> bool:
    return bool(p.hands.back_to_automatic(str(p.rng.choice(NAMES))))


def _candidates(p: Person) -> bool:
    """Add the candidates found to the person's own."""
    return bool(p.hands.add_candidates())


def _undo(p: Person) -> bool:
    return _turned(p, p.hands.undo)


def _redo(p: Person) -> bool:
    return _turned(p, p.hands.redo)


def _turned(p: Person, go: Callable[[], bool]) -> bool:
    """Undo or redo; where the views were turned, wait until they are named anew."""
    views = p.session.run.settings.views
    did = bool(go())
    if p.session.run.settings.views != views:
        p.settle()
    return did


ACTIONS: dict[str, tuple[float, Callable[[Person], bool]]] = {
    "grow": (9, _grow),
    "grow and slide": (6, _grow_and_slide),
    "regrow": (5, _regrow),
    "box": (9, _box),
    "split": (5, _split),
    "split at": (4, _split_at),
    "merge": (5, _merge),
    "delete": (5, _delete),
    "erase": (5, _erase),
    "class": (9, _class),
    "confirm": (5, _confirm),
    "link": (4, _link),
    "unlink": (4, _unlink),
    "partner": (7, _partner),
    "brush class": (3, _brush_class),
    "paint": (5, _paint),
    "rub": (3, _rub),
    "hasty stroke": (3, _hasty),
    "paint region": (3, _paint_region),
    "swap": (1, _swap),
    "flip": (1.2, _flip),
    "back": (1.5, _back),
    "candidates": (1.5, _candidates),
    "undo": (18, _undo),
    "redo": (10, _redo),
}
"""What a person does: how often, and how."""


def to_the_start_and_back(person: Person, actions: int) -> int:
    """Act, undo everything, redo everything, undo everything; return how many steps there were.

    Raises
    ------
    Mismatch
        Where something is not what it was.
    """
    widget, hands, settle = person.widget, person.hands, person.settle
    settle()
    start = everything(widget)
    person.work(actions)
    settle()
    while hands.redo():
        settle()
    settle()
    end = everything(widget)
    steps = _all_the_way(hands.undo, hands, settle, person)
    if wrong := same(start, everything(widget)):
        raise Mismatch(f"all undone, and not as at the start: {wrong}")
    if hands.can_undo:
        raise Mismatch("all is undone, and there is more to undo")
    redone = _all_the_way(hands.redo, hands, settle, person)
    if wrong := same(end, everything(widget)):
        raise Mismatch(f"all redone, and not as at the end: {wrong}")
    if redone != steps:
        raise Mismatch(f"{steps} steps undone, {redone} redone")
    _all_the_way(hands.undo, hands, settle, person)
    if wrong := same(start, everything(widget)):
        raise Mismatch(f"all undone once more, and not as at the start: {wrong}")
    return steps


def _all_the_way(go: Callable[[], bool], hands: Any, settle: Callable[[], None], person: Person) -> int:
    steps = 0
    while _turned(person, go):
        steps += 1
    settle()
    return steps


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--actions", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1])
    parser.add_argument("--scans", type=Path, nargs="*", default=[], help="instead of the simulated one")
    options = parser.parse_args()
    import napari

    from hand import spin, wait
    from napari_tbcad.widgets import preferences
    from napari_tbcad.widgets.bone.panel import BonePanel

    with tempfile.TemporaryDirectory() as folder:
        preferences.default_folder = lambda: Path(folder) / "autosave"
        paths = options.scans or [coarse_scan(Path(folder))]
        for path, seed in ((path, seed) for path in paths for seed in options.seeds):
            viewer = napari.Viewer()
            viewer.window.resize(1280, 760)
            widget = BonePanel(viewer)
            viewer.window.add_dock_widget(widget, name="Bone scan")
            widget.open_film(path)

            def settle(widget: Any = widget) -> None:
                def done() -> bool:
                    return widget.session is not None and widget.session.settled

                wait(0.02)
                if not spin(done, 60):
                    raise Mismatch("never settles")
                wait(0.02)
                spin(done, 60)

            settle()
            widget.run_bar.run_button.click()
            settle()
            began = time.perf_counter()
            person = Person(widget, wait, settle, seed)
            try:
                steps = to_the_start_and_back(person, options.actions)
            finally:
                print(dict(person.done), "of these refused:", dict(person.refused), flush=True)
            took = time.perf_counter() - began
            print(
                f"{path.name}, seed {seed}: {options.actions} actions, {steps} steps undone, redone and "
                f"undone, all the same; {took:.0f} s",
                flush=True,
            )
            viewer.close()
            wait(0.2)


def coarse_scan(folder: Path) -> Path:
    """Write a simulated scan as a DICOM file, coarse and quick to go through."""
    from napari_tbcad.io.nuclear_writing import write_nuclear
    from napari_tbcad.simulate.bone_scan import ScanParameters, simulate_scan
    from napari_tbcad.simulate.skeleton import BodyParameters

    coarse = BodyParameters(shape=(512, 128), slab_mm=10.0)
    made = simulate_scan(ScanParameters(abnormal=6, counts=8e5), seed=0, person=coarse)
    frames = [view.counts for _, view in made.scan]
    return write_nuclear(folder / "patient.dcm", frames, spacing_mm=made.scan.spacing_mm, name="A", study="1")


if __name__ == "__main__":
    main()
