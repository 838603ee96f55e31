"""Pictures of the batch panel: simulated films, some broken, looked at, run, cancelled, opened.

Called by screenshots.py. The films are this project's own simulations: the answers say nothing of patients.
Batches go into the scene's folder; nobody's own are touched.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_tbcad.batch.runs import window_jobs
from napari_tbcad.simulate.bone_samples import sample_scan_names, sample_scan_path
from napari_tbcad.simulate.samples import write_simulated_set
from napari_tbcad.widgets.chest.bench import bench_of
from screenshots import Scene, cut, pause, save, spin
from screenshots_training import beside

FILMS, SIDE = 30, 512
LONG = 1800.0
"""Seconds that the batch may take here."""
BATCH = "Batch"


class BatchScene(Scene):
    """A window with the batch panel and a person before it."""

    @property
    def batch(self) -> Any:
        """The panel."""
        return self.panels[BATCH]

    @property
    def state(self) -> Any:
        """What the panel shows."""
        return self.batch.session

    @property
    def session(self) -> Any:
        """Session of the chosen film."""
        return bench_of(self.viewer).session

    def rest(self) -> None:
        """Wait until nothing is under way but a batch."""
        pause(0.3)
        spin(lambda: self.state.busy or self.state.settled, LONG)
        spin(lambda: self.session is None or self.session.settled, LONG)
        pause(0.3)

    def looked(self, inputs: Path) -> None:
        """Drop inputs and wait for what is found, and for the forms of its settings."""
        self.batch.take_files([inputs])
        spin(lambda: self.state.found is not None, LONG)
        spin(lambda: self.batch.choice.chain is not None, LONG)
        self.rest()

    def panel_picture(self) -> Any:
        """Return what the panel shows."""
        return cut(self.picture(), self.box(self.batch))


def simulated(folder: Path) -> Path:
    """Write films as a person would have them: two of them were cut short in copying."""
    data = folder / "made"
    write_simulated_set(data, FILMS, seed=12, size=SIDE)
    films = (data / "films").rename(folder / "night shift")
    whole = sorted(films.glob("*.png"))[-1].read_bytes()
    (films / "copied in haste.png").touch()
    (films / "0x cut short.png").write_bytes(whole[: len(whole) // 3])
    return films


def chest(out: Path, folder: Path) -> None:
    """Go from a folder of films to one of them in the viewer, with its masks."""
    window_jobs.batches_home = lambda: folder / "batches"
    scene = BatchScene(BATCH)
    start = scene.panel_picture()
    films = simulated(folder)
    scene.looked(films)
    save(out, "batch_inputs", beside(start, scene.panel_picture()))
    scene.batch.run_bar.run_button.click()
    spin(lambda: scene.state.rows.counts["done"] >= FILMS // 2, LONG)
    pause(0.5)
    save(out, "batch_running", scene.panel_picture())
    spin(lambda: not scene.state.busy, LONG)
    scene.rest()
    finished = scene.panel_picture()
    scene.batch.result.failed_button.click()
    pause()
    save(out, "batch_result", beside(finished, scene.panel_picture()))
    scene.batch.run.list.show_kind("suspect")
    table = scene.batch.run.list.table
    table.setCurrentIndex(table.rows.index(0, 0))
    scene.batch.run.open_button.click()
    spin(lambda: bool(scene.batch.run.opened.text()), LONG)
    scene.rest()
    scene.viewer.reset_view()
    pause(0.5)
    save(out, "batch_opened", scene.picture())
    scene.close()


def bone(out: Path, folder: Path) -> None:
    """Show the settings of bone scans, and the light theme."""
    window_jobs.batches_home = lambda: folder / "batches"
    scans = folder / "ward 4"
    scans.mkdir()
    for name in sample_scan_names():
        shutil.copy(sample_scan_path(name), scans)
    scene = BatchScene(BATCH)
    scene.looked(scans)
    chain = scene.batch.choice.chain
    chain.more.click()
    chain.folds["views"].click()
    pause()
    settings = scene.panel_picture()
    scene.viewer.theme = "light"
    scene.batch.run_bar.run_button.click()
    spin(lambda: scene.state.busy, LONG)
    spin(lambda: not scene.state.busy, LONG)
    scene.rest()
    save(out, "batch_bone", beside(settings, scene.panel_picture()))
    scene.viewer.theme = "dark"
    scene.close()


SCENES: dict[str, Callable[[Path, Path], None]] = {"batch": chest, "batch_bone": bone}
"""Scenes by name; each is given the folder of pictures and one for its own files."""
