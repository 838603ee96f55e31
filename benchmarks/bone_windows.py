"""A scripted person at two windows with bone scans: random work, and is anything shown that does not hold.

    xvfb-run -a .venv/bin/python benchmarks/bone_windows.py [--actions 300] [--seeds 1 2] [--hidden]

Two napari windows, three simulated scans (512 × 128): hotspots grown, boxed, painted and classed, layers
renamed, moved, hidden, deleted, replaced, foreign layers added, scans switched, opened and closed, views
turned, steps run and cancelled, keys pressed, cases saved and opened, panels and windows closed and opened.
Every few actions, once the work has settled, what each window holds and shows is held against itself: layers
hold the run's labels, table and index are those of :func:`measure_hotspots` and :func:`bone_scan_index` on
them, the table in the panel lists these hotspots. Any exception, in a slot, a worker or a thread, and any
warning of Qt counts as a failure; the actions that led there are printed.

With windows that are shown vispy now and then draws into the other window's context, which may end in a
segmentation fault that has nothing to do with this project; hidden ones draw nothing.
"""

from __future__ import annotations

import argparse
import datetime
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from bone_person import ACTIONS as ON_A_SCAN
from bone_person import Mismatch
from bone_person import Person as OnAScan
from napari_tbcad.imaging.bonescan import VIEWS
from person import caught, spin, wait

MOST_SCANS, MOST_LAYERS = 2, 24
WORDS = ("anterior hotspots", "Ibu A", "x" * 70, "patient posterior", "letters")


class Seat:
    """One window with its panel."""

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.panel: Any = None
        self.dock()

    def dock(self) -> None:
        """Dock the workflow panel."""
        from napari_tbcad.widgets.bone.panel import BonePanel

        self.panel = BonePanel(self.viewer)
        self.viewer.window.add_dock_widget(self.panel, name="Bone scan")

    @property
    def session(self) -> Any:
        """Session of the chosen scan."""
        return self.panel.session if self.panel is not None else None

    @property
    def settled(self) -> bool:
        """Whether nothing is under way."""
        return self.session is None or bool(self.session.settled)

    def canvas(self) -> Any:
        """Return the canvas."""
        found = [w for w in self.panel.window().findChildren(QWidget) if w.inherits("QOpenGLWidget")]
        return found[0] if found else None


def check(seat: Seat) -> str:
    """Hold what a settled window holds and shows against itself; return what was found."""
    session, panel = seat.session, seat.panel
    if session is None or session.run is None:
        panel.refresh()
        if session is None and panel.empty.isHidden():
            raise Mismatch("no scan, and the panel does not say so")
        return "no scan"
    _check_layers(session)
    panel.refresh()
    hotspots, table, index = (session.value(name) for name in ("hotspots", "table", "index"))
    if hotspots is None:
        return "no hotspots"
    known = set(hotspots.by_id())
    if session.look.chosen is not None and session.look.chosen not in known:
        raise Mismatch(f"{session.look.chosen} is chosen and gone")
    if table is not None and not session.fresh("table"):
        return "out of date"
    if table is None:
        return "no table"
    shown = {int(row[0]) for row in panel.hotspots.table.values()}
    if {row.id for row in table} != known or not shown <= known:
        raise Mismatch(f"the table lists {sorted(shown)}, the scan has {sorted(known)}")
    return _check_numbers(session, hotspots, table, index)


def _check_layers(session: Any) -> None:
    scan = session.value("scan")
    for view in VIEWS:
        picture = session.layers.picture(view)
        if session.fresh("scan") and picture is not None and scan is not None:
            image = scan.view(view)
            if image is not None and not np.array_equal(picture.data, image.counts):
                raise Mismatch(f"the {view} picture is not the {view} view")
    for name in ("hotspots", "regions"):
        value = session.value(name)
        for view in VIEWS:
            layer = session.layers.layer(f"{view} {name}")
            labels = None if value is None else value.labels(view)
            if layer is None or labels is None or not layer.visible or session.edits.problems:
                continue
            if not np.array_equal(layer.data, labels):
                differ = "another size"
                if layer.data.shape == labels.shape:
                    differ = f"{np.count_nonzero(np.asarray(layer.data) != labels)} px"
                raise Mismatch(f"the {view} {name} layer is not what is measured: {differ}")


def _check_numbers(session: Any, hotspots: Any, table: Any, index: Any) -> str:
    from napari_tbcad.bone.bsi import bone_scan_index
    from napari_tbcad.bone.measure import measure_hotspots

    scan, regions = session.value("scan"), session.value("regions")
    if repr(measure_hotspots(hotspots, scan, regions).rows) != repr(table.rows):
        raise Mismatch("the table is of other hotspots or regions")
    if index is None or not session.fresh("index"):
        return "no index"
    wanted = bone_scan_index(hotspots, regions, scan, session.run.settings.index)
    if repr(wanted.value) != repr(index.value) or wanted.excluded != index.excluded:
        raise Mismatch(f"the index is {index.value}, not {wanted.value}")
    return "equal, by hand" if session.run.edited("hotspots") else "equal"


class Person:
    """Does random things at random windows."""

    def __init__(self, seed: int, open_viewer: Callable[[], Any], scans: list[Path], folder: Path) -> None:
        self.rng = np.random.default_rng(seed)
        self.seed, self._open_viewer, self.scans, self.folder = seed, open_viewer, scans, folder
        self.seats: list[Seat] = []
        self.log: list[str] = []
        self.done: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()

    def sit_down(self) -> Seat:
        """Open a window with a scan."""
        seat = Seat(self._open_viewer())
        self.seats.append(seat)
        self.open_scan(seat)
        return seat

    def open_scan(self, seat: Seat) -> None:
        """Open a scan and wait until it is there."""
        number = len(seat.viewer.layers)
        seat.panel.open_film(self.scans[self.rng.integers(len(self.scans))])
        spin(lambda: len(seat.viewer.layers) > number and seat.session is not None, 20)

    def pick(self, things: Any) -> Any:
        """Return one of several, None of none."""
        things = list(things)
        return things[self.rng.integers(len(things))] if things else None

    def act(self) -> None:
        """Do one random thing."""
        seat = self.seats[self.rng.integers(len(self.seats))]
        names = list(ACTIONS)
        weights = np.array([ACTIONS[name][0] for name in names], float)
        name = str(self.rng.choice(names, p=weights / weights.sum()))
        self.log.append(f"{self.seats.index(seat)} {name}")
        ACTIONS[name][1](self, seat)
        self.done[name] += 1
        wait(float(self.rng.choice((0.0, 0.01, 0.05, 0.2))))

    def look(self) -> None:
        """Wait until all is settled, and check every window."""
        for seat in self.seats:
            wait(0.1)
            if not spin(lambda seat=seat: seat.settled, 60):
                raise Mismatch(f"never settles: {vars(seat.session)}")
            wait(0.05)
            if spin(lambda seat=seat: seat.settled, 60):
                try:
                    self.outcomes[check(seat)] += 1
                except Mismatch as error:
                    raise Mismatch(f"window {self.seats.index(seat)}: {error}") from error


def on_a_scan(person: Person, seat: Seat) -> None:
    """Do what is done to the hotspots, regions and views of one scan."""
    session = seat.session
    if session is None or session.value("scan") is None or not session.fresh("scan"):
        return
    if session.value("hotspots") is None:
        session.hands.box("anterior", (200, 50, 220, 70))
        if session.value("hotspots") is None:
            return

    def settle() -> None:
        spin(lambda: seat.settled, 30)

    if len(session.layers.pictures()) < len(VIEWS):
        return
    someone = OnAScan(seat.panel, wait, settle, 0)
    someone.rng = person.rng
    names = [name for name in ON_A_SCAN if name != "hasty stroke"]
    weights = np.array([ON_A_SCAN[name][0] for name in names], float)
    name = str(person.rng.choice(names, p=weights / weights.sum()))
    person.log[-1] += f" {name}"
    ON_A_SCAN[name][1](someone)


def run_all(person: Person, seat: Seat) -> None:
    seat.panel.run_bar.run_button.click()


def run_step(person: Person, seat: Seat) -> None:
    person.pick(seat.panel.steps).run_button.click()


def cancel(person: Person, seat: Seat) -> None:
    seat.panel.run_bar.run_button.click()
    wait(float(person.rng.random()) * 0.3)
    seat.panel.run_bar.cancel_button.click()


def keys(person: Person, seat: Seat) -> None:
    """Press a key over the canvas."""
    canvas = seat.canvas()
    key = person.pick("ANUIYGOKJHBCX")
    if person.rng.random() < 0.3:
        key = person.pick((Qt.Key.Key_Return, Qt.Key.Key_Delete, Qt.Key.Key_Tab, Qt.Key.Key_Escape))
    else:
        key = getattr(Qt.Key, f"Key_{key}")
    person.log[-1] += f" {key}"
    if canvas is not None:
        QTest.keyClick(canvas, key)
        wait(0.02)
        if seat.panel.bench.viewing is not None and seat.panel.bench.viewing.tools is not None:
            seat.panel.bench.viewing.tools.take(None)


def choose(person: Person, seat: Seat) -> None:
    session = seat.session
    hotspots = session.value("hotspots") if session is not None else None
    if hotspots is not None and hotspots.marks:
        number = int(person.rng.integers(1, 4))
        session.look.select([person.pick(hotspots.marks).id for _ in range(number)])


def settings(person: Person, seat: Seat) -> None:
    """Change the detector's threshold or the index's rule."""
    session = seat.session
    if session is None or session.run is None:
        return
    index = session.run.settings.index
    rule = person.pick(("mean", "max", "pooled", "anterior", "posterior"))
    session.configure("index", index.model_copy(update={"combine": rule}), live=True)


def napari_undo(person: Person, seat: Seat) -> None:
    """Undo and redo as napari's own menu does."""
    layer = person.pick(ours(seat))
    if layer is not None:
        for _ in range(int(person.rng.integers(1, 4))):
            person.pick((layer.undo, layer.undo, layer.redo))()


def new_data(person: Person, seat: Seat) -> None:
    """Replace the pixels of a label layer."""
    layer = person.pick(ours(seat))
    if layer is not None:
        layer.data = np.roll(np.asarray(layer.data), int(person.rng.integers(-3, 4)), axis=0)


def wipe(person: Person, seat: Seat) -> None:
    """Clear a band of a label layer."""
    layer = person.pick(ours(seat))
    if layer is not None:
        top = int(person.rng.integers(layer.data.shape[0] - 40))
        where = np.nonzero(np.asarray(layer.data)[top : top + 40])
        layer.data_setitem((where[0] + top, where[1]), 0)


def ours(seat: Seat) -> list[Any]:
    """Return the label layers of the chosen scan."""
    session = seat.session
    found = [] if session is None else [session.layers.layer(kind) for kind in session.layers.kinds]
    return [layer for layer in found if layer is not None]


def hide(person: Person, seat: Seat) -> None:
    layer = person.pick(seat.viewer.layers)
    if layer is not None:
        layer.visible = not layer.visible


def show_again(person: Person, seat: Seat) -> None:
    for layer in ours(seat):
        layer.visible = True


def rename(person: Person, seat: Seat) -> None:
    layer = person.pick(seat.viewer.layers)
    if layer is not None:
        layer.name = str(person.rng.choice(WORDS))


def reorder(person: Person, seat: Seat) -> None:
    number = len(seat.viewer.layers)
    if number > 1:
        seat.viewer.layers.move(int(person.rng.integers(number)), int(person.rng.integers(number)))


def activate(person: Person, seat: Seat) -> None:
    layer = person.pick(seat.viewer.layers)
    if layer is not None:
        seat.viewer.layers.selection.active = layer


def delete_labels(person: Person, seat: Seat) -> None:
    if (layer := person.pick(ours(seat))) is not None:
        seat.viewer.layers.remove(layer)


def delete_any(person: Person, seat: Seat) -> None:
    if (layer := person.pick(seat.viewer.layers)) is not None:
        seat.viewer.layers.remove(layer)
    if not seat.panel.bench.films():
        person.open_scan(seat)


def foreign(person: Person, seat: Seat) -> None:
    """Add a layer that is none of ours."""
    viewer, rng = seat.viewer, person.rng
    if len(viewer.layers) >= MOST_LAYERS:
        delete_any(person, seat)
        return
    what = int(rng.integers(4))
    if what == 0:
        viewer.add_shapes(np.array([[0, 0], [40, 60]]), shape_type="line")
    elif what == 1:
        viewer.add_image(rng.random((3, 40, 40)), name="stack")
    elif what == 2:
        viewer.add_labels(rng.integers(0, 9, (50, 50)), name="anterior hotspots")
    else:
        viewer.add_points(rng.random((5, 2)) * 100)


def switch(person: Person, seat: Seat) -> None:
    """Choose another scan in the list."""
    picker = seat.panel.picker
    if picker.count():
        index = int(person.rng.integers(picker.count()))
        picker.setCurrentIndex(index)
        picker.activated.emit(index)


def another(person: Person, seat: Seat) -> None:
    if len(seat.panel.bench.films()) < MOST_SCANS:
        person.open_scan(seat)
    else:
        close(person, seat)


def close(person: Person, seat: Seat) -> None:
    seat.panel.bench.close_film()
    wait(0.05)
    if not seat.panel.bench.films():
        person.open_scan(seat)


def save_and_reopen(person: Person, seat: Seat) -> None:
    """Save a case, close the scan and open the case; the hotspots are the same."""
    session = seat.session
    if session is None or session.value("hotspots") is None or not spin(lambda: seat.settled, 30):
        return
    path = person.folder / f"case{person.seed}_{len(person.log)}.tbcad"
    if not seat.panel.exporter.save_to(path) and not path.is_file():
        spin(lambda: path.is_file() and seat.settled, 20)
    spin(lambda: path.is_file() and seat.settled, 20)
    if not path.is_file():
        return
    marks = session.value("hotspots").marks
    labels = [np.array(session.value("hotspots").labels(view)) for view in VIEWS]
    seat.panel.bench.close_film()
    wait(0.05)
    seat.panel.open_film(path)

    def there() -> bool:
        return seat.session is not None and seat.session.desk.path == path

    if not spin(there, 20) or not spin(lambda: seat.settled, 30):
        raise Mismatch("the saved case does not open")
    found = seat.session.value("hotspots")
    if found is None or found.marks != marks:
        raise Mismatch("the reopened case has other hotspots")
    for view, before in zip(VIEWS, labels, strict=True):
        if not np.array_equal(found.labels(view), before):
            raise Mismatch(f"the reopened case has other {view} pixels")


def close_panel(person: Person, seat: Seat) -> None:
    """Close the panel and open it again."""
    widget, seat.panel = seat.panel, None
    seat.viewer.window.remove_dock_widget(widget)
    widget.deleteLater()
    wait(float(person.rng.choice((0.0, 0.1))))
    seat.dock()


def close_viewer(person: Person, seat: Seat) -> None:
    """Close the window in the middle of a run, and open another."""
    seat.panel.run_bar.run_button.click()
    wait(float(person.rng.random()) * 0.2)
    person.seats.remove(seat)
    seat.viewer.close()
    seat.viewer = seat.panel = None
    person.sit_down()


ACTIONS: dict[str, tuple[float, Callable[[Person, Seat], None]]] = {
    "hands": (40, on_a_scan),
    "run all": (6, run_all),
    "run step": (3, run_step),
    "cancel": (3, cancel),
    "key": (8, keys),
    "choose": (6, choose),
    "settings": (3, settings),
    "napari's undo": (3, napari_undo),
    "data =": (1.5, new_data),
    "wipe": (2, wipe),
    "hide": (3, hide),
    "show again": (4, show_again),
    "rename": (4, rename),
    "reorder": (2, reorder),
    "activate": (3, activate),
    "delete labels": (2, delete_labels),
    "delete any": (1.5, delete_any),
    "foreign layer": (3, foreign),
    "switch": (6, switch),
    "another scan": (2, another),
    "close scan": (1, close),
    "save and reopen": (2, save_and_reopen),
    "close panel": (1, close_panel),
    "close window": (0.6, close_viewer),
}
"""What a person does: how often, and how."""


def work(person: Person, actions: int, problems: list[str], *, every: int = 5) -> None:
    """Let a person work, and check every few actions."""
    for number in range(1, actions + 1):
        try:
            person.act()
            if number % every == 0:
                person.look()
        except Exception as error:
            problems.append(f"{type(error).__name__}: {error}")
            if not isinstance(error, Mismatch):
                raise
        if problems:
            raise Mismatch("\n".join([*problems, "after", ", ".join(person.log[-20:])]))


def scans_in(folder: Path) -> list[Path]:
    """Write simulated scans as DICOM files, coarse and quick to go through."""
    from napari_tbcad.io.nuclear_writing import write_nuclear
    from napari_tbcad.simulate.bone_scan import ScanParameters, simulate_scan
    from napari_tbcad.simulate.skeleton import BodyParameters

    coarse = BodyParameters(shape=(512, 128), slab_mm=10.0)
    paths = []
    for seed, name in enumerate("ABC"):
        made = simulate_scan(ScanParameters(abnormal=2 + 2 * seed, counts=8e5), seed=seed, person=coarse)
        frames = [view.counts for _, view in made.scan]
        path = folder / f"patient{name}.dcm"
        paths.append(write_nuclear(path, frames, spacing_mm=made.scan.spacing_mm, name=name, study=name))
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--actions", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1])
    parser.add_argument("--hidden", action="store_true", help="windows are not shown: nothing is drawn")
    options = parser.parse_args()
    import napari

    from napari_tbcad.widgets import preferences

    def open_viewer() -> Any:
        viewer = napari.Viewer(show=not options.hidden)
        viewer.window.resize(1280, 760)
        return viewer

    failed = False
    with tempfile.TemporaryDirectory() as folder:
        preferences.default_folder = lambda: Path(folder) / "autosave"
        scans = scans_in(Path(folder))
        for seed in options.seeds:
            person, began = Person(seed, open_viewer, scans, Path(folder)), time.monotonic()
            with caught() as (problems, of_napari):
                try:
                    person.sit_down()
                    person.sit_down()
                    work(person, options.actions, problems)
                except Mismatch as error:
                    print(error)
                    failed = True
                for seat in person.seats:
                    seat.viewer.close()
                wait(0.5)
            failed = failed or bool(problems)
            print(
                f"{datetime.date.today()}, seed {seed}: {sum(person.done.values())} actions in "
                f"{time.monotonic() - began:.0f} s: {dict(person.done)}\nchecks: {dict(person.outcomes)}\n"
                f"problems: {len(problems)}; OpenGL errors of napari's own drawing: {len(of_napari)}",
                flush=True,
            )
            for problem in problems:
                print(problem)
    sys.exit(failed)


if __name__ == "__main__":
    main()
