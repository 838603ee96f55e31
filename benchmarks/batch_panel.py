"""The Batch panel in a real window: 500 films looked at, run, cancelled, gone on with, tried again, opened.

    xvfb-run -a -s "-screen 0 1280x1024x24" .venv/bin/python benchmarks/batch_panel.py [--films 500]
        [--data ../shared/data/chest] [--workers 2] [--keep DIR] [--opening]

A person drops a folder of films (real ones where there is a folder of data, simulated ones, some broken),
starts the batch, cancels it at a third, goes on, closes the window at two thirds, goes on in a new window as
is offered there, mends what was broken, tries it again and opens some films. Printed is what the panel said,
how long each step took, and every entry of this project's code that held the window up for more than 100 ms:
wall time, and time of its thread alone (others may use the machine, and a window has one processor in two).
The last part lists 5000 studies and has them change, be sorted and searched.

``--opening`` measures no more than the opening of 8 real films and 4 real scans; see batch_opening.py.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import napari
from qtpy.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QPushButton

from batch_opening import opening as measure_opening
from napari_tbcad.batch.runs import window_jobs
from napari_tbcad.simulate.samples import write_simulated_set
from slots import Slots

HELD_MS = 100
LONG_S = 3600.0
_REAL = ("jsrt", "nih_sample", "tb_multisource")


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


class Watch:
    """Both clocks over the same entries: what the wall shows, and what the thread itself took."""

    def __init__(self) -> None:
        self.wall, self.own = Slots(), Slots(clock=time.thread_time)

    @contextmanager
    def on(self) -> Iterator[None]:
        """Profile while inside."""

        def both(frame: Any, event: str, more: Any) -> None:
            self.wall(frame, event, more)
            self.own(frame, event, more)

        sys.setprofile(both)
        try:
            yield
        finally:
            sys.setprofile(None)

    def tell(self) -> None:
        """Print the longest entries, with and without what they had napari do, and how many were too long."""
        for slots, what in ((self.wall, "on the wall"), (self.own, "of its thread")):
            taken = [(own, whole, name) for name, all_ in slots.entries.items() for whole, own in all_]
            long = sorted((one for one in taken if one[1] * 1000 > HELD_MS), reverse=True)
            ours = [one for one in long if one[0] * 1000 > HELD_MS]
            longest = max((one[0] for one in taken), default=0.0)
            say(
                f"    {len(taken)} entries; longest {longest * 1000:.0f} ms {what} without napari's; above "
                f"{HELD_MS} ms: {len(ours)} without, {len(long)} with napari's"
            )
            for own, whole, name in long[:5]:
                say(f"        {own * 1000:6.0f} ms, with napari's {whole * 1000:6.0f} ms  {name}")


def spin(until: Callable[[], bool], seconds: float = LONG_S) -> bool:
    """Let the window live until something is so; return whether it came to be."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        if until():
            return True
        time.sleep(0.005)
    return False


class Person:
    """A window with the Batch panel, and somebody who uses it."""

    def __init__(self) -> None:
        self.viewer = napari.Viewer()
        self.viewer.window.resize(1280, 800)
        _, self.panel = self.viewer.window.add_plugin_dock_widget("napari-tbcad", "Batch")
        self.session = self.panel.session
        spin(lambda: False, 1.0)

    def press(self, button: QPushButton) -> None:
        """Press a button that is there."""
        spin(button.isEnabled, 10)
        assert button.isEnabled(), f"nobody could press {button.text()}"
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def drop(self, path: Path) -> None:
        """Drop a folder on the panel."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        drop = QDropEvent(
            QPointF(9, 9),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
            QEvent.Type.Drop,
        )
        self.panel.dropEvent(drop)

    @property
    def far(self) -> int:
        """Studies that are done or failed."""
        return sum(self.session.rows.counts[state] for state in ("done", "kept", "failed"))

    def told(self) -> str:
        """Return what the panel says of the run."""
        counts = self.session.rows.counts
        said = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()) if number)
        return (
            f"{said}; button “{self.panel.run_bar.run_button.text()}”; problem: {self.session.problem or '–'}"
        )


def films_for(folder: Path, data: Path, number: int, broken: int) -> Path:
    """Write a folder of films: copies of real ones, an eighth simulated, and some that are no films."""
    films = folder / "films"
    (films / "real").mkdir(parents=True)
    real = [path for part in _REAL for path in sorted(_pictures(data / part))][: number * 7 // 8]
    for path in real:
        shutil.copy(path, films / "real" / f"{path.parent.name}_{path.name}")
    simulated = number - len(real) - broken
    if simulated > 0:
        write_simulated_set(folder / "made", simulated, seed=10, size=256)
        (folder / "made" / "films").rename(films / "simulated")
    for place in range(broken):
        (films / f"broken{place}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(place))
    say(f"{len(real)} real films, {simulated} simulated, {broken} broken")
    return films


def _pictures(folder: Path) -> list[Path]:
    return [
        p for p in folder.rglob("*.png") if p.is_file() and "mask" not in str(p.relative_to(folder)).lower()
    ]


def cancelled_and_gone_on(person: Person, films: Path, number: int) -> None:
    """Look, run, cancel at a third, go on, and close the window at two thirds."""
    session, bar = person.session, person.panel.run_bar
    began = time.monotonic()
    person.drop(films)
    spin(lambda: session.found is not None and session.settled)
    say(f"looked at in {time.monotonic() - began:.1f} s: {person.panel.inputs.counted.text()}")
    spin(lambda: person.panel.choice.chain is not None, 120)
    began = time.monotonic()
    person.press(bar.run_button)
    spin(lambda: person.far >= number // 3)
    said = person.panel.run.times.text()
    say(f"a third done after {time.monotonic() - began:.0f} s; it says: {said}")
    began = time.monotonic()
    person.press(bar.cancel_button)
    spin(lambda: not session.busy)
    spin(lambda: False, 0.5)
    done = person.far
    say(f"cancelled in {time.monotonic() - began:.1f} s: {person.told()}")
    began = time.monotonic()
    person.press(bar.run_button)
    spin(lambda: person.far >= number * 2 // 3)
    kept = session.rows.counts["kept"]
    say(f"went on: {kept} of {done} kept, two thirds after {time.monotonic() - began:.0f} s more")


def closed(person: Person) -> None:
    """Close the window in the middle of the work; its child ends its studies without it."""
    folder, began = person.session.folder, time.monotonic()
    person.session.child.close()
    said = f"the child was told in {(time.monotonic() - began) * 1000:.0f} ms"
    began = time.monotonic()
    person.viewer.close()
    say(f"{said}, window closed in {time.monotonic() - began:.1f} s")
    spin(lambda: window_jobs.state_of(folder).phase != "running", 60)
    state = window_jobs.state_of(folder)
    say(f"the child ended {time.monotonic() - began:.1f} s later: {state.phase}, {state.done} done")


def finished(person: Person, films: Path) -> None:
    """Go on in a new window, mend what is broken, try it again."""
    session, panel = person.session, person.panel
    spin(panel.shelf.offer.isVisible, 30)
    if panel.shelf.offer.isVisible():
        say(f"the new window offers: {panel.shelf.offer.text.text()}")
        person.press(panel.shelf.offer.go_button)
    else:
        panel.shelf.button.setChecked(True)
        spin(lambda: panel.shelf.rows.count() > 0, 30)
        panel.shelf.rows.setCurrentRow(0)
        say(f"the new window's list: {panel.shelf.rows.item(0).text()!r}")
        person.press(panel.shelf.resume_button)
    began = time.monotonic()
    spin(lambda: session.busy, 30)
    spin(lambda: not session.busy)
    spin(lambda: False, 0.5)
    new = session.rows.counts["done"]
    seconds = time.monotonic() - began
    say(f"finished after {seconds:.0f} s more ({new / seconds:.2f} films/s): {person.told()}")
    say(f"results: {panel.result.answers.text()}")
    whole = next(path for path in sorted(films.rglob("*.png")) if path.stat().st_size > 1000)
    for path in films.glob("broken*.png"):
        shutil.copy(whole, path)
    person.press(panel.run.retry_button)
    began = time.monotonic()
    spin(lambda: session.busy, 30)
    spin(lambda: not session.busy)
    spin(lambda: False, 0.5)
    say(f"mended and tried again in {time.monotonic() - began:.0f} s: {person.told()}")


def opened(person: Person, number: int) -> None:
    """Open some films from the table and hold their masks against the batch's."""
    run = person.panel.run
    for row in range(0, number, max(1, number // 4)):
        table = run.list.table
        table.setCurrentIndex(table.rows.index(row, 0))
        began = time.monotonic()
        QTest.keyClick(table, Qt.Key.Key_Return)
        spin(lambda: bool(run.opened.text() or run.problem.text()), 120)
        said = run.opened.text() or run.problem.text()
        name = table.rows.all[table.rows.place(row)].name
        say(f"{name} opened in {time.monotonic() - began:.1f} s: {said}")


def many_rows(person: Person, number: int = 5000) -> None:
    """List very many studies in the same table, and have them change, be sorted and searched."""
    rows, table = person.session.rows, person.panel.run.list
    lines = [[f"film{place:05d}", [f"/films/film{place:05d}.png"], ""] for place in range(number)]
    times: dict[str, list[float]] = {}

    def timed(what: str, call: Callable[[], Any]) -> None:
        began = time.perf_counter()
        call()
        QApplication.processEvents()
        times.setdefault(what, []).append(time.perf_counter() - began)

    rows.clear()
    for first in range(0, number, 400):
        timed("400 listed", lambda first=first: rows.add(lines[first : first + 400], first))
    for first in range(0, number, 400):
        changes = [
            [place, "done", 1.0, "tb_suspect", place % 97 / 97, ""] for place in range(first, first + 400)
        ]
        timed("400 changed", lambda changes=changes: rows.take(changes))
    for column in range(4):
        timed("sorted", lambda column=column: table.table.sortByColumn(column, Qt.SortOrder.DescendingOrder))
    for text in ("film", "77", "no such"):
        timed("searched", lambda text=text: table.search.setText(text))
    table.search.clear()
    for what, taken in times.items():
        say(f"{number} studies, {what}: at most {max(taken) * 1000:.0f} ms with drawing")


def main() -> None:
    """Go through it once."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--films", type=int, default=500)
    parser.add_argument("--broken", type=int, default=5)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/chest"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--opening", action="store_true", help="Only open studies of finished batches")
    parser.add_argument("--scans", type=Path, default=Path("../shared/data/bone/pairs/png"))
    parser.add_argument("--keep", type=Path, help="Folder for films and results, kept [a temporary one]")
    chosen = parser.parse_args()
    place = chosen.keep or Path(tempfile.mkdtemp(prefix="batch-panel-"))
    window_jobs.batches_home = lambda: place / "batches"
    if chosen.opening:
        films = [path for part in _REAL for path in sorted(_pictures(chosen.data / part))[:3]][:8]
        measure_opening(place, films, sorted(chosen.scans.glob("*.png"))[:8], Person, spin)
        return
    films = films_for(place, chosen.data, chosen.films, chosen.broken)
    batch, opening = Watch(), Watch()
    person = Person()
    person.session.configure(workers=chosen.workers)
    with batch.on():
        cancelled_and_gone_on(person, films, chosen.films)
        closed(person)
    person = Person()
    with batch.on():
        finished(person, films)
    say("this project's code on the window's thread, the batch:")
    batch.tell()
    with opening.on():
        opened(person, chosen.films)
    say("films opened:")
    opening.tell()
    many_rows(person)
    person.viewer.close()
    spin(lambda: False, 1.0)
    if chosen.keep is None:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
