"""A person at the training panel, for the benchmarks: a window, drawn images, a network of a second."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEventLoop, QMimeData, QPointF, Qt, QTimer, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QLabel, QWidget

SIZE = (1280, 800)
SIDE = 64


def own_folders(where: Path | None = None) -> Path:
    """Let napari and this plugin keep what they keep in a folder of this benchmark; call it before napari."""
    where = where or Path(tempfile.mkdtemp(prefix="training-"))
    os.environ["XDG_DATA_HOME"] = str(where / "data")
    os.environ["XDG_CONFIG_HOME"] = str(where / "config")
    os.environ["NAPARI_CONFIG"] = str(where / "napari.yaml")
    return where


def drawn(folder: Path, number: int = 24, *, seed: int = 0) -> Path:
    """Write bright ground with two dark ellipses, and their labels, as a set of the task lungs."""
    generator = np.random.default_rng(seed)
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    for place in range(number):
        image, labels = one_drawn(generator)
        iio.imwrite(folder / "images" / f"film{place}.png", image)
        iio.imwrite(folder / "labels" / f"film{place}.png", labels)
    return folder


def one_drawn(generator: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return an image and its labels."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    labels = np.zeros((SIDE, SIDE), np.uint8)
    for value, column in ((1, 18), (2, 46)):
        shift = generator.integers(-4, 5)
        labels[((rows - 32) / 18) ** 2 + ((columns - column - shift) / 9) ** 2 < 1] = value
    image = np.where(labels > 0, 60, 170) + generator.normal(0, 12, labels.shape)
    return image.clip(0, 255).astype(np.uint8), labels


def small_network(folder: Path, task: str = "lungs", images: Path | None = None) -> Path:
    """Return the file of a network for small images, hardly trained: from it, steps are quick."""
    from napari_tbcad.batch.trainings.state import MODEL, job_command, write_job
    from napari_tbcad.networks.config import TrainingConfig

    if not (folder / MODEL).is_file():
        data = images or drawn(folder / "set", 8)
        content = {
            "name": "small",
            "task": task,
            "architecture": {"encoder": "tu-test_efficientnet", "decoder_channels": (16, 16, 8, 8, 8)},
            "input": {"height": SIDE, "width": SIDE},
            "data": {"validation": 0.25, "sources": [{"name": "drawn", "folder": data}]},
            "fit": {"epochs": 1, "batch": 2, "device": "cpu"},
        }
        write_job(folder, TrainingConfig.model_validate(content), ("train",))
        done = subprocess.run([*job_command(folder), "--alone"], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stdout.splitlines()[-1])
    return folder / MODEL


def rest(seconds: float) -> None:
    """Run the event loop for so long."""
    until(lambda: False, seconds)


def until(holds: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Run the event loop, as napari does, until something holds; False when it does not in time."""
    loop, end = QEventLoop(), time.monotonic() + seconds
    asking = QTimer()
    asking.setInterval(50)

    def ask() -> None:
        if holds() or time.monotonic() > end:
            loop.quit()

    asking.timeout.connect(ask)
    asking.start()
    loop.exec()
    asking.stop()
    return holds()


class Gaps:
    """How long the event loop took nothing: between two beats of a timer of 10 ms."""

    def __init__(self) -> None:
        self.longest: dict[str, float] = {}
        self.part = ""
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(10)
        self._timer.timeout.connect(self._beat)

    @contextmanager
    def watch(self, part: str) -> Iterator[None]:
        """Note gaps for a part of the work."""
        self.part, self._last = part, time.perf_counter()
        self._timer.start()
        try:
            yield
        finally:
            self._timer.stop()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.longest[self.part] = max(self.longest.get(self.part, 0.0), now - self._last)
        self._last = now


class Person:
    """A window with the panel docked, and what a person does there."""

    def __init__(self, viewer: Any = None) -> None:
        import napari

        self.viewer = viewer or napari.Viewer()
        self.viewer.window.resize(*SIZE)
        self.dock()

    def dock(self) -> None:
        """Open the panel."""
        self.docked, panel = self.viewer.window.add_plugin_dock_widget(
            "napari-tbcad", "Train a network", tabify=True
        )
        self.panel: Any = getattr(panel, "native", panel)
        rest(0.5)

    def undock(self) -> None:
        """Close the panel."""
        self.viewer.window.remove_dock_widget(self.docked)
        rest(0.2)

    @property
    def session(self) -> Any:
        """What the panel shows."""
        return self.panel.session

    def drop(self, *paths: Path) -> None:
        """Drop files on the panel."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        none = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
        self.panel.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, none[1], none[0]))
        rest(0.2)

    def clear(self) -> None:
        """Take all places away."""
        places = self.panel.choose.places
        while self.session.plan.choice.given:
            places.removed.emit(0)
        rest(0.1)

    def begin_with(self, start: str) -> None:
        """Choose what a training starts from; a file as if it had been chosen in the dialog."""
        box = self.panel.choose.start
        box.set_value(start)
        box.activated.emit(box.currentIndex())
        rest(0.1)

    def name(self, name: str) -> None:
        """Give the network a name."""
        self.panel.choose.name.setText(name)
        self.panel.choose.name.editingFinished.emit()

    def setting(self, name: str, value: Any) -> None:
        """Set one of the settings of step 3."""
        form = self.panel.train.settings.form
        form.set_value(form.value.model_copy(update={name: value}))
        form.changed.emit(form.value)
        rest(0.2)

    @property
    def button(self) -> str:
        """What the button in the foot says."""
        bar = self.panel.run_bar.run_button
        return str(bar.text()) if bar.isEnabled() else ""

    def press(self, text: str, seconds: float = 60.0) -> None:
        """Press the button in the foot once it says something."""
        if not until(lambda: self.button == text, seconds):
            said = f"no “{text}” but “{self.panel.run_bar.run_button.text()}”; {self.told()}"
            raise SystemExit(f"{said}; {self.session.phase}, {self.session.problem}")
        self.panel.run_bar.run_button.click()
        rest(0.1)

    def settle(self, seconds: float = 600.0) -> None:
        """Wait until nothing is under way."""
        if not until(lambda: self.session.settled, seconds):
            raise SystemExit(f"it does not come to rest: {self.session.phase}, {self.told()}")
        rest(0.3)

    def look(self) -> None:
        """Look at the data and wait for the estimate."""
        self.press("Look at the data")
        self.settle()

    def told(self) -> str:
        """Return what stands in the panel that tells of trouble: lines beside a bar, red or amber."""
        said = [
            label.text().replace("\u200b", "").strip()
            for label in self.panel.findChildren(QLabel)
            if "border-left" in label.styleSheet() and not label.isHidden() and _shown(label, self.panel)
        ]
        return " | ".join(dict.fromkeys(text for text in said if text))

    def child(self) -> int:
        """Return the process that trains, 0 for none."""
        process = self.session.process._process
        return int(process.processId()) if process is not None else 0

    def close(self) -> None:
        """Close the window."""
        self.viewer.close()
        rest(0.3)


def _shown(label: QWidget, panel: QWidget) -> bool:
    return bool(label.isVisibleTo(panel))


def alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def jobs_in(folder: Path) -> list[int]:
    """Return the processes that train below a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            line = (path / "cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if "training_job" in line and str(folder) in line and alive(int(path.name)):
            found.append(int(path.name))
    return found


def tell(**what: Any) -> None:
    """Print a line of JSON."""
    print(json.dumps(what, ensure_ascii=False, default=str), flush=True)
