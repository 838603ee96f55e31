"""A scripted person: random edits, deletions, film switches in two windows; is the answer ever wrong.

    xvfb-run -a .venv/bin/python benchmarks/person.py [--actions N] [--seed S] [--hidden] [--paint-only]

Two napari windows with several films each (phantoms of this project at 256 px, and real films where
../shared/data is there) and the Chest X-ray panel in both. Every few actions, once the work has settled, the
shown answer is held against :func:`napari_tbcad.chest.workflow.analyse` of the film and masks that are in
the layers: features and result must be equal to the last bit, the numbers in the panel those of the session,
and what is out of date greyed. Any exception, in a slot, a worker or a thread, and any warning of Qt counts
as a failure; the actions that led there are printed. OpenGL errors inside napari's own drawing are counted
apart: with two windows open, vispy now and then talks to the other window's context.

A hidden mask layer is left out: napari says nothing of an undo on one until it is shown again.

Memory: what Python and NumPy hold (tracemalloc) after each check. "Flat" means that over the second half of
the actions its fitted slope is below 0.1 MB an action, and that no more sessions live than there are films.
Two kinds of growth are wanted and bounded: undo histories of napari (100 steps a layer) and the chain's
memory of earlier masks (200 MB a film). The resident set is printed, but is no criterion: under software
OpenGL a bare napari keeps memory of every Labels layer that was added and removed, which the control, the
same in a window without us, measures in the same run.

`--paint-only` paints strokes on one film in one window instead and prints the slopes a stroke.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import sys
import tempfile
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Labels
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QEventLoop, QPointF, Qt, QtMsgType, qInstallMessageHandler
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QAbstractSlider, QAbstractSpinBox, QApplication, QWidget

KINDS = ("sensitive", "insensitive")
MOST_FILMS, MOST_LAYERS = 3, 14
FLAT_MB = 0.1


def spin(until: Callable[[], bool], seconds: float) -> bool:
    """Run the event loop until something holds; False when it does not in time."""
    loop, end = QEventLoop(), time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            return False
        if not loop.processEvents(QEventLoop.ProcessEventsFlag.AllEvents):
            time.sleep(0.001)
    return True


def wait(seconds: float) -> None:
    """Run the event loop for so long."""
    end = time.monotonic() + seconds
    spin(lambda: time.monotonic() > end, seconds + 1)


def resident_mb() -> float:
    """Return the resident set of this process in MB; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * 4096 / 1e6


@dataclass(frozen=True)
class Memory:
    """What was held at one moment, in MB: the resident set, and what tracemalloc traced (0: off)."""

    resident: float
    traced: float

    @classmethod
    def now(cls) -> Memory:
        """Look."""
        gc.collect()
        return cls(resident_mb(), tracemalloc.get_traced_memory()[0] / 1e6)


def slope(values: list[float], step: float) -> float:
    """Return the fitted slope over the second half of values taken every `step` actions."""
    half = values[len(values) // 2 :]
    return float(np.polyfit(np.arange(len(half)) * step, half, 1)[0]) if len(half) > 2 else float("nan")


def control(viewer: Any, number: int = 60) -> float:
    """Return how much the resident set grows, in MB a layer, when a bare viewer gets and loses Labels."""
    labels = np.zeros((256, 256), np.uint8)

    def once() -> None:
        viewer.layers.remove(viewer.add_labels(labels.copy()))
        wait(0.01)

    for _ in range(10):
        once()
    before = Memory.now().resident
    for _ in range(number):
        once()
    return (Memory.now().resident - before) / number


@dataclass
class Seat:
    """One window: its viewer, the workflow panel while it is docked, docks of single steps."""

    viewer: Any
    panel: Any = None
    docks: dict[str, QWidget] = field(default_factory=dict)
    bench: Any = None

    @property
    def session(self) -> Any:
        """Session of the chosen film."""
        return self.bench.session

    def mask(self, kind: str) -> Labels | None:
        """Layer of a mask of the chosen film."""
        return self.session.layers.layer(kind) if self.session is not None else None

    @property
    def settled(self) -> bool:
        """Whether nothing is under way here."""
        return self.session is None or bool(self.session.settled)


class Mismatch(AssertionError):
    """What is shown is not what was asked for."""


def check(seat: Seat) -> str:
    """Hold what a settled seat shows against an analysis of its own; return what was found.

    Raises
    ------
    Mismatch
        If anything shown differs.
    """
    from napari_tbcad.chest.workflow import analyse
    from napari_tbcad.errors import BadInput
    from napari_tbcad.widgets.films import film_of

    session, panel = seat.session, seat.panel
    if session is None or session.run is None:
        _check_empty(seat)
        return "no film"
    result, fresh = session.value("result"), session.fresh("result")
    if panel is not None:
        panel.refresh()
        _check_numbers(session, panel, fresh)
    if not fresh:
        return "out of date"
    run = session.run
    masks = {}
    for kind in KINDS:
        layer = seat.mask(kind)
        if run.edited(kind):
            seen = layer is not None and layer.visible
            masks[kind] = np.array(layer.data if seen else run.get(kind).labels)
    try:
        done = analyse(film_of(session.layer), settings=run.settings, model=session.shelf.model, masks=masks)
    except BadInput as error:
        raise Mismatch(f"shown as up to date, but refused: {error}") from error
    for kind in KINDS:
        layer, mask = seat.mask(kind), getattr(done, kind)
        if layer is not None and layer.visible and not np.array_equal(layer.data, mask.labels):
            differ = np.count_nonzero(np.asarray(layer.data) != mask.labels)
            ours = np.array_equal(layer.data, run.get(kind).labels)
            raise Mismatch(
                f"the {kind} layer is not the mask that was measured: {differ} px, "
                f"{'the session has it so, too' if ours else 'the session has another'}; "
                f"corrected {[k for k in KINDS if run.edited(k)]}"
            )
    if not np.array_equal(session.value("features").values, done.features.values):
        raise Mismatch("features of other masks or of another film")
    if result != done.result:
        raise Mismatch(f"another result: {result} instead of {done.result}")
    return "equal, corrected" if masks else "equal"


def _check_empty(seat: Seat) -> None:
    session, panel = seat.session, seat.panel
    if session is not None and not session.film_problem:
        raise Mismatch("a film without a run that says nothing")
    if panel is not None:
        panel.refresh()
        if session is None and panel.empty.isHidden():
            raise Mismatch("no film, and the panel does not say so")
        if panel.run_bar.run_button.isEnabled():
            raise Mismatch("something can be run where there is no film")


def _check_numbers(session: Any, panel: Any, fresh: bool) -> None:
    features, result = session.value("features"), session.value("result")
    shown = panel.features.values()
    wanted = {} if features is None else {n: f"{v:.5g}" for n, v in features.as_dict().items()}
    if shown != wanted:
        raise Mismatch("the table does not show the session's features")
    if result is None:
        return
    if panel.result.bar.probability != result.probability:
        raise Mismatch("the bar does not show the session's probability")
    if panel.result.bar.isEnabledTo(panel) != fresh:
        raise Mismatch(f"fresh is {fresh}, the bar says otherwise")
    if panel.result.sentence.text().startswith("Out of date") == fresh:
        raise Mismatch(f"fresh is {fresh}, the sentence says otherwise")


class Person:
    """Does random things at random seats.

    Parameters
    ----------
    seed : int
        Of all choices.
    open_viewer : callable
        Gives a new viewer.
    films : list of (H, W) array
        What is opened; some again and again.
    folder : Path
        Where cases are saved.
    """

    def __init__(
        self, seed: int, open_viewer: Callable[[], Any], films: list[NDArray[Any]], folder: Path
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self._open_viewer, self.films, self.folder = open_viewer, films, folder
        self.log: list[str] = []
        self.outcomes: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.seats: list[Seat] = []
        self._named = 0

    # -- going about ----------------------------------------------------------------------------------

    def sit_down(self) -> Seat:
        """Open a window with a panel and a film."""
        seat = Seat(self._open_viewer())
        self.dock_panel(seat)
        self.add_film(seat)
        self.seats.append(seat)
        return seat

    def dock_panel(self, seat: Seat) -> None:
        """Dock the workflow panel."""
        from napari_tbcad.widgets.chest.panel import ChestPanel

        seat.panel = ChestPanel(seat.viewer)
        seat.bench = seat.panel.bench
        seat.viewer.window.add_dock_widget(seat.panel, name="Chest X-ray")
        spin(lambda: not seat.bench.shelf.loading, 60)

    def add_film(self, seat: Seat) -> None:
        """Add a film as a layer."""
        self._named += 1
        pixels = self.films[self.rng.integers(len(self.films))]
        if self.rng.random() < 0.5:
            pixels = np.ascontiguousarray(pixels[:, ::-1])
        seat.viewer.add_image(pixels.copy(), name=f"film {self._named}")

    def act(self) -> str:
        """Do one random thing; return what."""
        seat = self.seats[self.rng.integers(len(self.seats))]
        names = list(ACTIONS)
        weights = np.array([ACTIONS[name][0] for name in names], float)
        name = str(self.rng.choice(names, p=weights / weights.sum()))
        self.log.append(f"{self.seats.index(seat)} {name}")
        ACTIONS[name][1](self, seat)
        self.done[name] += 1
        wait(float(self.rng.choice((0.0, 0.01, 0.05, 0.2))))
        return name

    def look(self, *, run: bool) -> None:
        """Wait until all is settled, and check every seat; with `run` bring it up to date before."""
        for seat in self.seats:
            wait(0.1)
            if not spin(lambda seat=seat: seat.settled, 60):
                raise Mismatch(f"never settles: {unsettled(seat.session)}")
            if run and seat.panel is not None and seat.panel.run_bar.run_button.isEnabled():
                seat.panel.run_bar.run_button.click()
                spin(lambda seat=seat: seat.settled, 60)
            wait(0.02)
            if seat.settled:
                try:
                    self.outcomes[check(seat)] += 1
                except Mismatch as error:
                    raise Mismatch(f"seat {self.seats.index(seat)}: {error}") from error

    # -- what is chosen -------------------------------------------------------------------------------

    def a_mask(self, seat: Seat) -> Labels | None:
        """Return one of the chosen film's mask layers."""
        found = [layer for layer in map(seat.mask, KINDS) if layer is not None]
        return found[self.rng.integers(len(found))] if found else None

    def a_place(self, layer: Labels) -> tuple[int, int]:
        """Return a pixel, rather one near a border of a lung."""
        labels = np.asarray(layer.data)
        rows, columns = np.nonzero(labels[:, 1:] != labels[:, :-1])
        if rows.size and self.rng.random() < 0.8:
            index = int(self.rng.integers(rows.size))
            return int(rows[index]), int(columns[index])
        return tuple(int(self.rng.integers(side)) for side in labels.shape)  # type: ignore[return-value]

    def pick(self, things: list[Any]) -> Any:
        """Return one of several, None of none."""
        return things[self.rng.integers(len(things))] if things else None


def unsettled(session: Any) -> str:
    """Say what a session waits for."""
    names = ("busy", "reading", "closed", "job")
    said = {name: getattr(session, name) for name in names}
    return (
        f"{said}, dirty {session.edits.dirty}, checking {session.checks.busy}, saving {session.desk.saving}"
    )


# -- what a person does -----------------------------------------------------------------------------------


def paint(person: Person, seat: Seat) -> None:
    if (layer := person.a_mask(seat)) is not None:
        layer.visible = True
        seat.viewer.layers.selection.active = layer
        layer.mode, layer.brush_size = "paint", int(person.rng.integers(3, 30))
        for _ in range(int(person.rng.integers(1, 6))):
            layer.paint(person.a_place(layer), int(person.rng.choice((0, 1, 2))))


def paint_too_much(person: Person, seat: Seat) -> None:
    if (layer := person.a_mask(seat)) is not None:
        layer.visible = True
        layer.paint(person.a_place(layer), 3)
        if person.rng.random() < 0.8:
            wait(0.05)
            layer.undo()


def fill(person: Person, seat: Seat) -> None:
    if (layer := person.a_mask(seat)) is not None:
        layer.visible = True
        layer.fill(person.a_place(layer), int(person.rng.choice((0, 1, 2))))
        if person.rng.random() < 0.7:
            layer.undo()


def stroke(person: Person, seat: Seat) -> None:
    """Drag a real mouse over the canvas."""
    layer, canvas = person.a_mask(seat), canvas_of(seat)
    if layer is None or canvas is None:
        return
    layer.visible = True
    seat.viewer.layers.selection.active = layer
    layer.mode, layer.selected_label = "paint", int(person.rng.choice((0, 1, 2)))
    start = np.array(person.a_place(layer), float)
    path = start + np.arange(6)[:, None] * person.rng.normal(0, 3, 2)
    events = [QEvent.Type.MouseButtonPress, *[QEvent.Type.MouseMove] * 5, QEvent.Type.MouseButtonRelease]
    for kind, point in zip(events, [*path, path[-1]], strict=True):
        send(canvas, kind, place_of(seat.viewer, canvas, layer, point))
        wait(0.004)


def canvas_of(seat: Seat) -> Any:
    """Return the drawing surface of a seat, None while its panel is not docked or its window not shown."""
    if seat.panel is None:
        return None
    found = [w for w in seat.panel.window().findChildren(QWidget) if w.inherits("QOpenGLWidget")]
    return next((w for w in found if w.isVisible()), None)


def place_of(viewer: Any, canvas: QWidget, layer: Any, point: NDArray[np.float64]) -> QPointF:
    """Return where a pixel of a layer lies on the canvas."""
    world = np.asarray(layer.data_to_world(tuple(point)))
    camera = getattr(viewer, "scene", viewer).camera
    offset = (world - np.asarray(camera.center)[-2:]) * camera.zoom
    return QPointF(canvas.width() / 2 + offset[1], canvas.height() / 2 + offset[0])


def send(canvas: QWidget, kind: QEvent.Type, at: QPointF) -> None:
    """Send one event of the left button."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind == QEvent.Type.MouseMove else left
    held = none if kind == QEvent.Type.MouseButtonRelease else left
    place = QPointF(canvas.mapToGlobal(at.toPoint()))
    QApplication.sendEvent(canvas, QMouseEvent(kind, at, place, button, held, Qt.KeyboardModifier.NoModifier))


def erase_band(person: Person, seat: Seat) -> None:
    if (layer := person.a_mask(seat)) is not None:
        layer.visible = True
        top = int(person.rng.integers(layer.data.shape[0] - 12))
        where = np.nonzero(np.asarray(layer.data)[top : top + 12])
        layer.data_setitem((where[0] + top, where[1]), 0)


def undo(person: Person, seat: Seat) -> None:
    if (layer := person.a_mask(seat)) is not None:
        for _ in range(int(person.rng.integers(1, 5))):
            layer.undo()


def redo(person: Person, seat: Seat) -> None:
    if (layer := person.a_mask(seat)) is not None:
        for _ in range(int(person.rng.integers(1, 4))):
            layer.redo()


def new_data(person: Person, seat: Seat) -> None:
    if (layer := person.a_mask(seat)) is not None:
        layer.data = np.roll(np.asarray(layer.data), int(person.rng.integers(-4, 5)), axis=0)


def tools(person: Person, seat: Seat) -> None:
    """Mirror, smooth, clean up, copy: any entry of the two menus."""
    if seat.panel is not None and seat.mask("insensitive") is not None:
        menus = (seat.panel.correct.mirror_button.menu(), seat.panel.correct.tidy_button.menu())
        action = person.pick([action for menu in menus for action in menu.actions()])
        person.log[-1] += f" {action.text()}"
        action.trigger()


def buttons(person: Person, seat: Seat) -> None:
    """Any button of the Correct step."""
    if seat.panel is not None:
        correct = seat.panel.correct
        every = [*correct.brushes.values(), *correct.kinds.values(), *correct.outlines.values()]
        every += [correct.undo_button, correct.redo_button, correct.back_button]
        button = person.pick([button for button in every if button.isEnabled()] or every)
        person.log[-1] += f" {button.text()}"
        button.click()


def back(person: Person, seat: Seat) -> None:
    if seat.panel is not None:
        seat.panel.correct.back_button.click()


def slide(person: Person, seat: Seat) -> None:
    """Move a slider or a number of the steps before the features."""
    if seat.panel is None:
        return
    step = person.pick([seat.panel.masks, seat.panel.masks, seat.panel.enhance])
    kinds = (QAbstractSlider, QAbstractSpinBox)
    found = [w for kind in kinds for w in step.findChildren(kind) if hasattr(w, "setValue") and w.isEnabled()]
    if (control := person.pick(found)) is not None:
        low, high = control.minimum(), control.maximum()
        share = float(person.rng.random())
        value = type(low)(low + share * (high - low))
        person.log[-1] += f" {control.accessibleName() or control.toolTip()[:30]} {value}"
        control.setValue(value)


def flip(person: Person, seat: Seat) -> None:
    if seat.panel is not None:
        seat.panel.enhance.flip_button.click()
        if person.rng.random() < 0.7:
            wait(0.05)
            seat.panel.enhance.flip_button.click()


def preview(person: Person, seat: Seat) -> None:
    if seat.panel is not None:
        seat.panel.enhance.preview.click()


def rename(person: Person, seat: Seat) -> None:
    if (layer := person.pick(list(seat.viewer.layers))) is not None:
        layer.name = str(person.rng.choice(("Ibu A", "my mask", "film insensitive", "x" * 80, "film")))


def delete_mask(person: Person, seat: Seat) -> None:
    if (layer := person.a_mask(seat)) is not None:
        seat.viewer.layers.remove(layer)


def delete_any(person: Person, seat: Seat) -> None:
    """Delete whatever there is, but not the last film."""
    films = seat.bench.films()
    layers = [one for one in seat.viewer.layers if one not in films or len(films) > 1]
    if (layer := person.pick(layers)) is not None:
        seat.viewer.layers.remove(layer)


def delete_film(person: Person, seat: Seat) -> None:
    """Delete the chosen film, perhaps while it is worked on, and open another if it was the last."""
    if (film := seat.bench.film) is not None:
        seat.viewer.layers.remove(film)
    if not seat.bench.films():
        person.add_film(seat)


def reorder(person: Person, seat: Seat) -> None:
    number = len(seat.viewer.layers)
    if number > 1:
        seat.viewer.layers.move(int(person.rng.integers(number)), int(person.rng.integers(number)))


def foreign(person: Person, seat: Seat) -> None:
    """Add a layer that is none of ours."""
    viewer, rng = seat.viewer, person.rng
    if len(viewer.layers) >= MOST_LAYERS:
        delete_any(person, seat)
        return
    what = int(rng.integers(5))
    if what == 0:
        viewer.add_shapes(np.array([[0, 0], [40, 60]]), shape_type="line")
    elif what == 1:
        viewer.add_image(rng.integers(0, 255, (60, 50, 3), np.uint8), rgb=True, name="photo")
    elif what == 2:
        viewer.add_image(rng.random((3, 40, 40)), name="stack")
    elif what == 3:
        viewer.add_labels(rng.integers(0, 9, (50, 50)), name="film insensitive")
    else:
        viewer.add_points(rng.random((5, 2)) * 100)


def switch(person: Person, seat: Seat) -> None:
    """Choose another film in the list."""
    if seat.panel is not None and seat.panel.picker.count():
        index = int(person.rng.integers(seat.panel.picker.count()))
        seat.panel.picker.setCurrentIndex(index)
        seat.panel.picker.activated.emit(index)


def another_film(person: Person, seat: Seat) -> None:
    if len(seat.bench.films()) < MOST_FILMS:
        person.add_film(seat)
    else:
        delete_film(person, seat)


def replace_film(person: Person, seat: Seat) -> None:
    """Put other pixels into the film's layer: the same film in other greys, or another one."""
    film = seat.bench.film
    if film is not None and film.ndim == 2 and not film.rgb:
        pixels = person.pick(person.films)
        film.data = pixels.copy() if person.rng.random() < 0.5 else np.asarray(film.data) * 1.1


def step_dock(person: Person, seat: Seat) -> None:
    """Open the dock of a step, or close it."""
    from napari_tbcad.widgets.chest import panel as panels

    name = str(person.rng.choice(("Enhance", "Masks", "Correct", "Features", "Result")))
    if name in seat.docks:
        widget = seat.docks.pop(name)
        seat.viewer.window.remove_dock_widget(widget)
        widget.deleteLater()
    else:
        widget = getattr(panels, f"{name}Panel")(seat.viewer)
        seat.docks[name] = widget
        seat.viewer.window.add_dock_widget(widget, name=name, tabify=True)


def close_panel(person: Person, seat: Seat) -> None:
    """Close the workflow panel and open it again."""
    if seat.panel is not None:
        widget, seat.panel = seat.panel, None
        seat.viewer.window.remove_dock_widget(widget)
        widget.deleteLater()
        wait(float(person.rng.choice((0.0, 0.1))))
    person.dock_panel(seat)


def run_all(person: Person, seat: Seat) -> None:
    if seat.panel is not None:
        seat.panel.run_bar.run_button.click()


def run_step(person: Person, seat: Seat) -> None:
    if seat.panel is not None:
        person.pick(list(seat.panel.steps)).run_button.click()


def cancel(person: Person, seat: Seat) -> None:
    """Run, and cancel at a random moment."""
    if seat.panel is not None:
        seat.panel.run_bar.run_button.click()
        wait(float(person.rng.random()) * 0.3)
        seat.panel.run_bar.cancel_button.click()


def save_and_reopen(person: Person, seat: Seat) -> None:
    """Save the case; when it is there, take the film out and open the case."""
    session = seat.session
    if seat.panel is None or session is None or session.run is None or len(seat.bench.films()) > MOST_FILMS:
        return
    path = person.folder / f"case{len(person.log)}.tbcad"
    seat.panel.exporter.save_to(path)
    spin(lambda: path.is_file() and session.settled, 20)
    if path.is_file() and person.rng.random() < 0.7:
        number = len(seat.viewer.layers)
        seat.bench.close_film()
        seat.panel.open_film(path)
        spin(lambda: len(seat.viewer.layers) > number - 3 and seat.settled, 10)


def transpose(person: Person, seat: Seat) -> None:
    if seat.viewer.dims.ndim == 2:
        seat.viewer.dims.transpose()


def close_viewer(person: Person, seat: Seat) -> None:
    """Close the window in the middle of a run, and open another."""
    if seat.panel is not None:
        seat.panel.run_bar.run_button.click()
    wait(float(person.rng.random()) * 0.2)
    person.seats.remove(seat)
    seat.viewer.close()
    seat.viewer = seat.panel = seat.bench = None
    seat.docks.clear()
    person.sit_down()


ACTIONS: dict[str, tuple[float, Callable[[Person, Seat], None]]] = {
    "paint": (14, paint),
    "stroke": (6, stroke),
    "erase": (5, erase_band),
    "fill": (3, fill),
    "label 3": (1, paint_too_much),
    "undo": (7, undo),
    "redo": (4, redo),
    "data =": (2, new_data),
    "tools": (4, tools),
    "buttons": (6, buttons),
    "back": (2, back),
    "slide": (5, slide),
    "flip": (2, flip),
    "preview": (2, preview),
    "rename": (4, rename),
    "delete mask": (2, delete_mask),
    "delete any": (2, delete_any),
    "delete film": (1, delete_film),
    "reorder": (3, reorder),
    "foreign layer": (3, foreign),
    "switch film": (7, switch),
    "another film": (2, another_film),
    "film.data =": (1, replace_film),
    "step dock": (3, step_dock),
    "close panel": (1, close_panel),
    "run all": (8, run_all),
    "run step": (3, run_step),
    "cancel": (3, cancel),
    "save and reopen": (2, save_and_reopen),
    "transpose": (1, transpose),
    "close viewer": (0.6, close_viewer),
}
"""What a person does: how often, and how."""


# -- what must not happen ---------------------------------------------------------------------------------

_NOISE = ("propagateSizeHints", "QSocketNotifier", "XDG_RUNTIME_DIR", "Could not find the Qt platform")


@contextmanager
def caught() -> Iterator[tuple[list[str], list[str]]]:
    """Collect exceptions that nobody handles, and warnings of Qt; apart, OpenGL errors while napari draws."""
    found: list[str] = []
    of_napari: list[str] = []

    def on_exception(kind: Any, error: Any, trace: Any) -> None:
        import traceback

        text = "".join(traceback.format_exception(kind, error, trace))
        drawing = "OpenGL" in text and "napari_tbcad" not in text
        (of_napari if drawing else found).append(text)

    def on_message(kind: QtMsgType, context: Any, text: str) -> None:
        if (
            kind != QtMsgType.QtDebugMsg
            and kind != QtMsgType.QtInfoMsg
            and not any(n in text for n in _NOISE)
        ):
            found.append(f"Qt: {text}")

    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    sys.excepthook = on_exception
    threading.excepthook = lambda args: on_exception(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: on_exception(type(args.exc_value), args.exc_value, args.exc_traceback)
    old = qInstallMessageHandler(on_message)
    try:
        yield found, of_napari
    finally:
        qInstallMessageHandler(old)
        sys.excepthook, threading.excepthook, sys.unraisablehook = before


def alive() -> dict[str, int]:
    """Count what lives: sessions, runs and layers."""
    from napari_tbcad.chain import Run
    from napari_tbcad.widgets.chest.session import ChestSession

    gc.collect()
    gc.unfreeze()  # what widgets/collecting.py spares is not listed
    kinds = {"sessions": ChestSession, "runs": Run, "labels": Labels, "images": Image}
    counts = dict.fromkeys(kinds, 0)
    for thing in gc.get_objects():
        for name, kind in kinds.items():
            counts[name] += type(thing) is kind
    return counts


def films_to_open() -> list[NDArray[Any]]:
    """Return phantoms, and real films where they are, at 256 px."""
    from napari_tbcad.imaging.grid import resize_soft
    from napari_tbcad.io.read import read_film
    from napari_tbcad.simulate.samples import sample_path

    paths = [sample_path(name) for name in ("normal_man", "effusion", "upper_lobe_cavity")]
    real = Path(__file__).resolve().parents[2] / "shared" / "data" / "chest"
    for name in ("jsrt", "shenzhen_sample", "pneumonia_lesions"):
        paths += sorted((real / name / "images").glob("*.png"))[:1]
    films = []
    for path in paths:
        pixels = read_film(path).pixels
        scale = 256 / max(pixels.shape)
        shape = tuple(round(side * scale) for side in pixels.shape)
        films.append(resize_soft(pixels, shape) if pixels.shape != shape else pixels)
    return films


def use_otsu() -> None:
    """Have every panel start with the quick segmenter; the model is the packaged one."""
    from napari_tbcad.widgets.chest.shelf import ModelShelf

    usual = ModelShelf.settings

    def quick(self: Any, base: Any = None) -> Any:
        settings = usual(self, base)
        lungs = settings.lungs.model_copy(update={"segmenter": "otsu"})
        return settings.model_copy(update={"lungs": lungs})

    ModelShelf.settings = quick  # type: ignore[method-assign]


def work(person: Person, actions: int, problems: list[str], *, every: int = 5) -> list[Memory]:
    """Let a person work and check every few actions; return the memory held at each check.

    Raises
    ------
    Mismatch
        With the last actions, at the first thing that is wrong.
    """
    held = []
    for number in range(1, actions + 1):
        try:
            person.act()
            if number % every == 0:
                person.look(run=bool(person.rng.random() < 0.6))
                held.append(Memory.now())
        except Exception as error:
            problems.append(f"{type(error).__name__}: {error}")
            if not isinstance(error, Mismatch):
                raise
        if problems:
            raise Mismatch("\n".join([*problems, "after", ", ".join(person.log[-15:])]))
    return held


def paint_only(person: Person, strokes: int, *, every: int = 10) -> list[Memory]:
    """Paint on the one film of a person's first seat; return the memory held every few strokes."""
    (seat,) = person.seats
    seat.panel.run_bar.run_button.click()
    if not spin(lambda: seat.settled and seat.session.value("result") is not None, 120):
        raise Mismatch(f"no result: {unsettled(seat.session)}")
    held = []
    for number in range(1, strokes + 1):
        paint(person, seat)
        person.done["paint"] += 1
        wait(0.02)
        if number % every == 0:
            wait(0.1)
            spin(lambda: seat.settled, 60)
            held.append(Memory.now())
    person.look(run=False)
    return held


def main() -> None:
    """Open two windows and let the person work."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--actions", type=int, help="300; with --paint-only 400 strokes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hidden", action="store_true", help="windows are not shown: nothing is drawn")
    parser.add_argument("--paint-only", action="store_true", help="only strokes, on one film")
    wanted = parser.parse_args()
    actions = wanted.actions or (400 if wanted.paint_only else 300)
    import napari

    from napari_tbcad.widgets import preferences

    def open_viewer() -> Any:
        viewer = napari.Viewer(show=not wanted.hidden)
        viewer.window.resize(1280, 760)
        return viewer

    with tempfile.TemporaryDirectory() as folder, caught() as (problems, of_napari):
        preferences.default_folder = lambda: Path(folder) / "autosave"
        use_otsu()
        person = Person(wanted.seed, open_viewer, films_to_open(), Path(folder))
        print(f"{datetime.date.today()}, seed {wanted.seed}, {len(person.films)} films", flush=True)
        bare_window = open_viewer()
        a_layer = control(bare_window)
        bare_window.close()
        print(
            f"control: a bare window keeps {a_layer:+.2f} MB of a Labels layer added and removed", flush=True
        )
        tracemalloc.start()
        person.sit_down()
        began = time.monotonic()
        if wanted.paint_only:
            held = paint_only(person, actions)
        else:
            person.sit_down()
            held = work(person, actions, problems)
        report(person, held, time.monotonic() - began)
        for seat in person.seats:
            seat.viewer.close()
        wait(0.5)
    print(f"problems: {len(problems)}; OpenGL errors of napari's own drawing: {len(of_napari)}")
    sys.exit(bool(problems))


def report(person: Person, held: list[Memory], seconds: float) -> None:
    """Print what was done, what was found and where the memory went."""
    print(f"{sum(person.done.values())} actions in {seconds:.0f} s: {dict(person.done)}")
    print(f"checks: {dict(person.outcomes)}")
    step = sum(person.done.values()) / max(len(held), 1)
    films = sum(len(seat.bench.films()) for seat in person.seats)
    layers = sum(len(seat.viewer.layers) for seat in person.seats)
    living = alive()
    for name in ("traced", "resident"):
        values = [getattr(one, name) for one in held]
        some = " ".join(f"{value:.0f}" for value in values[:: max(1, len(values) // 12)])
        grows = slope(values, step)
        print(f"{name} MB: {some}; slope over the second half {grows:+.3f} MB an action")
        if name == "traced" and np.isfinite(grows):
            flat = grows < FLAT_MB and living["sessions"] <= films
            print(f"memory is {'flat' if flat else 'not flat'}")
    print(f"alive: {living}, in the windows: {films} films, {layers} layers")


if __name__ == "__main__":
    main()
