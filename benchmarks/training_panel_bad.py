"""What the training panel says to bad input, and what it keeps when a training goes wrong.

    OMP_NUM_THREADS=1 xvfb-run -a .venv/bin/python benchmarks/training_panel_bad.py [--part look|train]

look: a person drops folders and tables that cannot be learned from, or begins with a network that cannot be
used, in a window; printed is what the panel shows. train: the training's own process (forked from one that
has torch already) on drawn images of 64 × 64 pixels meets damaged checkpoints, files that are gone, a full
disk (as root, on Linux), a device that is not there; printed is the event that the panel shows, and what the
folder holds then. Each must be one sentence that names file and cause.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np

from training_window import Person, drawn, own_folders, rest, small_network, until

Told = Callable[[dict[str, Any]], object]


def bad_sets(root: Path) -> dict[str, Path]:
    """Write what cannot be learned from; return what is dropped."""
    sets = {name: drawn(root / name) for name in ("label outside the scheme", "sizes and no images")}
    outside = sets["label outside the scheme"] / "labels" / "film3.png"
    labels = iio.imread(outside)
    labels[5, 5] = 7
    iio.imwrite(outside, labels)
    odd = sets["sizes and no images"]
    iio.imwrite(odd / "labels" / "film4.png", np.zeros((32, 64), np.uint8))
    (odd / "images" / "film5.png").write_bytes(b"no image")
    (odd / "images" / "film6.png").write_bytes((odd / "images" / "film7.png").read_bytes()[:300])
    sets["a class that is nowhere"] = empty = drawn(root / "one class")
    for path in (empty / "labels").iterdir():
        labels = iio.imread(path)
        iio.imwrite(path, np.where(labels == 2, 0, labels))
    sets["an empty folder"] = root / "empty"
    sets["an empty folder"].mkdir()
    sets["no labels"] = root / "no labels"
    for name in ("images", "labels"):
        (sets["no labels"] / name).mkdir(parents=True)
    films = drawn(root / "films")
    names = [(f"images/film{n}.png", f"labels/no{n}.png") for n in range(24)]
    sets["a table of labels that are gone"] = table(films / "gone.csv", ("image", "label"), names)
    sets["a table without images"] = table(films / "odd.csv", ("a", "b"), [(1, 2)])
    sets["a place that is gone"] = root / "gone"
    return sets


def table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    """Write a CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def bad_starts(root: Path, small: Path) -> dict[str, Path]:
    """Return files that no training can begin with."""
    import napari_tbcad

    weights = Path(napari_tbcad.__file__).parent / "weights"
    (root / "text.safetensors").write_text("hello")
    return {
        "start of another task": weights / "opacities.safetensors",
        "start with changed weights": changed(small, root / "changed.safetensors"),
        "start that is text": root / "text.safetensors",
        "start that is gone": root / "gone.safetensors",
    }


def changed(path: Path, copy: Path) -> Path:
    """Write a copy with one bit of its last part turned."""
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    copy.write_bytes(content)
    return copy


def looked(root: Path, small: Path) -> None:
    """Drop each, press the button, print what the panel says."""
    sets = bad_sets(root)
    person = Person()
    person.begin_with(str(small))
    for name, path in sets.items():
        look_at(person, name, path)
    good = drawn(root / "good", 6)
    for name, path in bad_starts(root, small).items():
        person.begin_with(str(path))
        look_at(person, name, good)
    person.close()
    person = Person()
    person.begin_with(str(small))
    (root / "a file").touch()
    person.session.set_home(root / "a file" / "trainings")
    look_at(person, "a home that cannot be written", good)
    person.close()


def look_at(person: Person, name: str, path: Path) -> None:
    """Look at one place."""
    person.clear()
    person.drop(path)
    if person.button == "Look at the data":
        person.panel.run_bar.run_button.click()
        until(lambda: person.session.plan.look is None, 300)
        rest(0.3)
    print(f"{name}: [{person.panel.found.dot.state.name}] {person.told()}", flush=True)


class Trials:
    """Trainings of a few epochs that something happens to."""

    def __init__(self, root: Path, small: Path) -> None:
        self.root = root
        self.images = drawn(root / "images")
        self.base = self.planned("base", self.images, small)

    def planned(self, name: str, images: Path, start: Path) -> Path:
        """Find, plan and survey."""
        from napari_tbcad.batch.trainings.state import write_job

        folder = self.root / name
        find = {"task": "lungs", "kind": "folder", "paths": [str(images)]}
        plan = {"start": str(start), "epochs": 3, "device": "cpu", "name": name}
        write_job(folder, None, ("find", "plan", "survey"), find=find, plan=plan)
        child(folder)
        return folder

    def copy(self, name: str, parent: Path | None = None, **fit: object) -> Path:
        """Return a planned training of its own, with other settings."""
        from napari_tbcad.batch.trainings.state import CONFIG

        folder = (parent or self.root) / name.replace(" ", "-")
        shutil.copytree(self.base, folder)
        text = (folder / CONFIG).read_text().replace(str(self.base), str(folder))
        for key, value in fit.items():
            before = next(line for line in text.splitlines() if line.strip().startswith(f"{key}:"))
            text = text.replace(before, f"{before.split(':')[0]}: {value}")
        (folder / CONFIG).write_text(text)
        return folder

    def run(self, name: str, folder: Path, told: Told = lambda event: None) -> None:
        """Train and print how it ended."""
        from napari_tbcad.batch.trainings.state import write_job

        write_job(folder, None, ("train",))
        show(name, folder, child(folder, told))

    def half(self, name: str) -> Path:
        """Return a training that was killed after its second epoch."""
        folder = self.copy(name)
        self.run(f"{name}: killed", folder, after(2, lambda event: os.kill(event["pid"], 9)))
        return folder


def after(epoch: int, act: Told) -> Told:
    """Do something once so many epochs are done; the event has the process's number then."""
    pid = 0

    def told(event: dict[str, Any]) -> None:
        nonlocal pid
        pid = event.get("pid", pid)
        if event["event"] == "epoch" and event["epoch"] == epoch:
            act(event | {"pid": pid})

    return told


def child(folder: Path, told: Told = lambda event: None) -> list[dict[str, Any]]:
    """Do a folder's job in a fork of this process, which has torch; return what it says."""
    read, write = os.pipe()
    heard, wish = os.pipe()
    pid = os.fork()
    if not pid:
        os.dup2(write, 1)
        os.dup2(heard, 0)
        os.close(read)
        os.close(wish)
        from napari_tbcad.batch.trainings import job as training_job

        os._exit(training_job.main([str(folder)]))
    os.close(write)
    os.close(heard)
    events = []
    with os.fdopen(read) as lines:
        for line in lines:
            events.append(json.loads(line))
            told(events[-1])
    os.waitpid(pid, 0)
    os.close(wish)
    return events


def show(name: str, folder: Path, events: Sequence[dict[str, Any]]) -> None:
    """Print the last event as the panel shows it, and what the shelf says."""
    from napari_tbcad.batch.trainings.state import state_of
    from napari_tbcad.errors import BadInput

    last = events[-1] if events else {"event": "nothing"}
    said = (
        f"{Path(str(last['source'])).name}: {last['cause']}" if last["event"] == "failed" else last["event"]
    )
    try:
        state = state_of(folder)
        kept = f"{state.phase}, {state.epochs_done} of {state.epochs} epochs"
    except BadInput as error:
        kept = str(error)
    print(f"{name}: {said}\n    shelf: {kept}", flush=True)


def trained(root: Path, small: Path) -> None:
    """Let a training meet what goes wrong."""
    import torch

    import napari_tbcad.batch.trainings.judged
    import napari_tbcad.networks.fit  # noqa: F401

    torch.set_num_threads(1)
    trials = Trials(root, small)
    trials.run(
        "a start with changed weights", trials.copy("a", start_from=changed(small, root / "c.safetensors"))
    )
    trials.run("a device that is not there", trials.copy("b", device="cuda"))
    trials.run("a learning rate of 1e9", trials.copy("c", learning_rate=1e9))
    for name, damage in (
        ("half a checkpoint", lambda content: content[: len(content) // 2]),
        ("a checkpoint of text", lambda content: b"hello"),
    ):
        folder = trials.half(name)
        last = folder / "last.ckpt"
        whole = last.read_bytes()
        last.write_bytes(damage(whole))
        trials.run(name, folder)
        last.write_bytes(whole)
        trials.run(f"{name}: put back", folder)
    folder = trials.half("a split that was changed")
    (folder / "split.csv").write_text("x")
    trials.run("a split that was changed", folder)
    folder = trials.copy("deleted")
    trials.run("the training's folder deleted", folder, after(2, lambda event: shutil.rmtree(folder)))
    if os.geteuid() == 0:
        full_disk(trials)


def full_disk(trials: Trials) -> None:
    """Fill a small file system after the first epoch, then make room."""
    place = trials.root / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(place)], check=True)
    try:
        folder = trials.copy("full", place)
        filled = place / "fill"

        def fill(event: dict[str, Any]) -> None:
            with suppress(OSError), filled.open("wb", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass

        trials.run("a full disk", folder, after(1, fill))
        filled.unlink()
        trials.run("a full disk: room was made", folder)
    finally:
        subprocess.run(["umount", str(place)], check=False)


def main() -> None:
    """Go through the parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=["look", "train"], help="Only this one.")
    part = parser.parse_args().part
    if part is None:
        for each in ("look", "train"):  # a process that has a window must not fork
            subprocess.run([sys.executable, __file__, "--part", each], check=False)
        return
    root = own_folders(Path(tempfile.mkdtemp(prefix="bad-")))
    small = small_network(root / "small")
    (looked if part == "look" else trained)(root, small)


if __name__ == "__main__":
    main()
