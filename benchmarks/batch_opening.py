"""Opening studies of a finished batch from the Batch panel: how long it takes, and what holds the window up.

    xvfb-run -a -s "-screen 0 1280x1024x24" .venv/bin/python benchmarks/batch_panel.py --opening
        [--data ../shared/data/chest] [--scans ../shared/data/bone/pairs/png]

Films and pairs of views are run by the command line, in a process of its own, and opened with Return from
the panel, each twice. Without a profiler, which multiplies the time of much called code: only the functions
named here, where the event loop enters this project's code, are timed, by the wall and by the thread's own
clock. What of that napari took is what its own functions for adding, removing and docking were in.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

ENTRIES = (
    ("parts.row_table", "RowTable", "keyPressEvent"),
    ("chest.showing", "MaskShow", "_show_next"),
    ("bone.showing", "LabelShow", "_show_next"),
    ("bone.showing", "LabelShow", "recolour"),
    ("workflow.session", "Session", "_on_value"),
    ("workflow.session", "Session", "_on_end"),
    ("workflow.session", "Session", "go_on"),
    ("batch.taking", "Taking", "_look"),
    ("work", "_Delivery", "take"),
)
"""Where the event loop enters: module below widgets, class, method."""
THEIRS = (
    ("napari.components.layerlist", "LayerList", "append"),
    ("napari.components.layerlist", "LayerList", "insert"),
    ("napari.components.layerlist", "LayerList", "remove"),
    ("napari.components.viewer_model", "ViewerModel", "add_labels"),
    ("napari.components.viewer_model", "ViewerModel", "add_image"),
    ("napari.components.viewer_model", "ViewerModel", "add_layer"),
    ("napari.layers", "Labels", "__init__"),
    ("napari.layers", "Image", "__init__"),
)
"""What napari does inside."""
_HELD_S = 0.1


class Held:
    """Time that entries took: of the wall and of the thread, and how much of it was napari's."""

    def __init__(self) -> None:
        self.taken: list[tuple[float, float, float, float, str]] = []
        self._inside = ""
        self._theirs: list[tuple[float, float]] | None = None

    def entry(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that is timed where the event loop, not this project's code, called it."""

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            if self._inside:
                return function(*args, **kwargs)
            self._inside, self._theirs = name, None
            theirs: list[float] = [0.0, 0.0]
            self._sum = theirs
            wall, own = time.perf_counter(), time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                wall, own = time.perf_counter() - wall, time.thread_time() - own
                self._inside = ""
                self.taken.append((wall, own, *theirs, name))

        return timed

    def theirs(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of napari's whose time is told apart while one of ours calls it."""

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            if not self._inside or self._theirs is not None:
                return function(*args, **kwargs)
            self._theirs = []
            wall, own = time.perf_counter(), time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                self._sum[0] += time.perf_counter() - wall
                self._sum[1] += time.thread_time() - own
                self._theirs = None

        return timed

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Time while inside; objects that are made inside only."""
        kept = []
        for where, function in ((ENTRIES, None), (THEIRS, self.theirs)):
            for module, owner, name in where:
                place = module if function else f"napari_tbcad.widgets.{module}"
                cls = getattr(import_module(place), owner)
                whole = getattr(cls, name)
                kept.append((cls, name, whole))
                setattr(cls, name, function(whole) if function else self.entry(f"{owner}.{name}", whole))
        try:
            yield
        finally:
            for cls, name, whole in kept:
                setattr(cls, name, whole)

    def tell(self, say: Callable[[str], None]) -> None:
        """Print all that took longer than 100 ms, and forget it."""
        long = sorted((one for one in self.taken if one[0] > _HELD_S), reverse=True)
        say(f"  {len(self.taken)} entries, {len(long)} above {_HELD_S * 1000:.0f} ms:")
        for wall, own, their_wall, their_own, name in long:
            say(
                f"    {wall * 1000:6.0f} ms on the wall (napari's {their_wall * 1000:5.0f}), "
                f"{own * 1000:6.0f} ms of its thread (napari's {their_own * 1000:5.0f})  {name}"
            )
        self.taken.clear()


def finished_run(workflow: str, inputs: Path, out: Path) -> Path:
    """Have the command line go through a folder."""
    command = [
        str(Path(sys.executable).with_name("napari-tbcad")),
        workflow,
        "run",
        str(inputs),
        "--out",
        str(out),
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return out


def gathered(paths: list[Path], folder: Path) -> Path:
    """Copy files into a folder."""
    folder.mkdir(parents=True)
    for path in paths:
        shutil.copy(path, folder / path.name)
    return folder


def opened_twice(person: Any, out: Path, workflow: str, spin: Callable[..., bool], held: Held) -> None:
    """Show a run in the panel and open each of its studies twice, in turn."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    run, session = person.panel.run, person.session
    person.panel.take_files([out])
    spin(lambda: session.settled and session.rows.rowCount() > 0, 60)
    spin(lambda: False, 1.0)
    table = run.list.table
    for turn in ("first", "second"):
        for row in range(session.rows.rowCount()):
            name = table.rows.all[table.rows.place(row)].name
            table.setCurrentIndex(table.rows.index(row, 0))
            began = time.monotonic()
            QTest.keyClick(table, Qt.Key.Key_Return)
            shown = {}

            def look(shown: dict[str, float] = shown, began: float = began) -> bool:
                if "masks" not in shown and _labels(person.viewer, workflow):
                    shown["masks"] = time.monotonic() - began
                return bool(run.opened.text() or run.problem.text())

            spin(look, 180)
            compared = time.monotonic() - began
            spin(lambda shown=shown, look=look: look() and "masks" in shown, 5)
            said = run.opened.text() or run.problem.text()
            masks = shown.get("masks")
            words = "no masks shown" if masks is None else f"masks shown after {masks:.1f} s"
            print(f"{name}, {turn} time: {words}, compared after {compared:.1f} s: {said}", flush=True)
            spin(lambda: False, 0.5)
            held.tell(lambda text: print(text, flush=True))


def _labels(viewer: Any, workflow: str) -> bool:
    """Tell whether all masks of a study have their layers."""
    number = sum(type(layer).__name__ == "Labels" for layer in viewer.layers)
    return number >= (4 if workflow == "bone" else 2)


def opening(
    place: Path, films: list[Path], scans: list[Path], person_of: Callable[[], Any], spin: Any
) -> None:
    """Run some films and scans, then open each twice."""
    runs = []
    for workflow, paths in (("chest", films), ("bone", scans)):
        if paths:
            out = place / f"{workflow}_results"
            runs.append((workflow, finished_run(workflow, gathered(paths, place / workflow), out)))
    held = Held()
    with held.watch():
        person = person_of()
        for workflow, out in runs:
            print(f"{workflow}:", flush=True)
            opened_twice(person, out, workflow, spin, held)
        person.viewer.close()
        spin(lambda: False, 1.0)
