"""A training that is killed again and again: how much is lost, and whether it ends as one that was not.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/training_kill.py [--times 8] [--seed 1]

A small network learns to find two ellipses (64 × 64 pixels, 24 images, 6 of them watched) in a process of its
own. First it does so without interruption; then in another folder, where it is killed (SIGKILL) at a random
moment and gone on with, as often as is said: in a step, in validation, while it writes checkpoint or log.
Printed is what every kill cost, and how far the weights in the last checkpoint are in the end from those of
the training that was left alone. U-Net++ has no dropout; FPN has, which needs the generator's state as well.
"""

from __future__ import annotations

import argparse
import multiprocessing
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import imageio.v3 as iio
import numpy as np
import torch

from napari_tbcad.networks.config import TrainingConfig, load_config, save_config
from napari_tbcad.networks.fit import train
from napari_tbcad.networks.training_folder import LAST, MODEL

ARCHITECTURES: dict[str, tuple[int, ...]] = {"UnetPlusPlus": (32, 16, 16, 8, 8), "FPN": (32, 32)}
EPOCHS, PER_STEP = 10, 3


def drawn(folder: Path) -> Path:
    """Write dark ellipses on bright ground with their labels."""
    generator = np.random.default_rng(0)
    rows, columns = np.mgrid[:64, :64]
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    for n in range(24):
        labels = np.zeros((64, 64), np.uint8)
        for value, column in ((1, 18), (2, 46)):
            shift = generator.integers(-4, 5)
            labels[((rows - 32) / 18) ** 2 + ((columns - column - shift) / 9) ** 2 < 1] = value
        image = np.where(labels > 0, 60, 170) + generator.normal(0, 12, labels.shape)
        iio.imwrite(folder / "images" / f"{n}.png", image.clip(0, 255).astype(np.uint8))
        iio.imwrite(folder / "labels" / f"{n}.png", labels)
    return folder


def configured(architecture: str, images: Path) -> TrainingConfig:
    """Return the training."""
    return TrainingConfig.model_validate(
        {
            "name": "killed",
            "architecture": {
                "architecture": architecture,
                "encoder": "tu-mobilenetv3_small_050",
                "decoder_channels": ARCHITECTURES[architecture],
            },
            "input": {"height": 64, "width": 64},
            "data": {"validation": 0.25, "sources": [{"name": "drawn", "folder": images}]},
            "fit": {"epochs": EPOCHS, "batch": PER_STEP, "device": "cpu", "keep": "best"},
        }
    )


def at_work(config: Path, out: Path, told: Any) -> None:
    """Train until somebody kills the program; every event goes to who started it."""
    torch.set_num_threads(1)
    train(load_config(config), out, resume=True, say=lambda _: None, on_event=lambda e: told.send(dict(e)))


class Moment(NamedTuple):
    """When a training is killed: so many steps after it began or went on, and so many seconds later.

    Counted in steps, since on a busy machine a time alone may be over before anything was learned.
    """

    steps: int
    then: float

    @classmethod
    def within(cls, epoch: Epoch, generator: np.random.Generator) -> Moment:
        """Return one within two and a half epochs: in a step, in validation, or while files are written."""
        steps = int(generator.integers(0, 5 * epoch.steps // 2 + 1))
        return cls(steps, float(generator.uniform(0, epoch.seconds / 2)))


class Epoch(NamedTuple):
    """What an epoch takes: clock time and steps."""

    seconds: float
    steps: int


def events_of(config: Path, out: Path, kill: Moment | None) -> Iterator[dict[str, Any]]:
    """Run the training in a process of its own, and kill it at a moment."""
    # Forked, so that torch is not imported anew each time.
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    worker = context.Process(target=at_work, args=(config, out, there))
    worker.start()
    there.close()
    last: int | None = None
    for event in received(here):
        yield event
        if kill is None:
            continue
        if event["event"] == "begun":
            last = event["step"] + kill.steps
        if last is not None and event["event"] in ("begun", "step") and event["step"] >= last:
            last = None
            time.sleep(kill.then)
            worker.kill()
    worker.join()
    if worker.exitcode and (kill is None or worker.exitcode != -signal.SIGKILL):
        raise SystemExit(f"the training ended by itself ({worker.exitcode})")


def received(pipe: Any) -> Iterator[dict[str, Any]]:
    """Return what comes until the other end is closed; half an event of a killed process is left out."""
    while True:
        try:
            yield pipe.recv()
        except (EOFError, OSError):
            return


def whole(config: Path, out: Path) -> Epoch:
    """Train without interruption; return what an epoch took."""
    events = list(events_of(config, out, None))
    rows = [event for event in events if event["event"] == "epoch"]
    begun = next(event for event in events if event["event"] == "begun")
    return Epoch(sum(row["seconds"] for row in rows) / len(rows), begun["steps"] // begun["epochs"])


def killed(config: Path, out: Path, times: int, epoch: Epoch, generator: np.random.Generator) -> list[float]:
    """Kill a training so often, then let it end; return the epochs that every kill cost."""
    lost: list[float] = []
    done, an_epoch = 0, 1
    for number in range(times + 1):
        after = Moment.within(epoch, generator) if number < times else None
        began = None
        for event in events_of(config, out, after):
            if event["event"] == "begun":
                an_epoch = event["steps"] // event["epochs"]
                began = event["step"]
                if number:
                    lost.append((done - began) / an_epoch)
                    print(
                        f"    after step {done} of {event['steps']}: {lost[-1]:.2f} epochs are done again",
                        flush=True,
                    )
                done = began
            elif event["event"] == "step":
                done = event["step"]
        if began is None:
            break  # all was learned; only the file was left to write
    return lost


def difference(one: Path, other: Path) -> float:
    """Return the largest difference between the weights of two checkpoints."""
    first, second = (torch.load(path / LAST, weights_only=True)["state_dict"] for path in (one, other))
    return max(float((first[name].double() - second[name].double()).abs().max()) for name in first)


def main() -> None:
    """Kill trainings of each architecture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    generator = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        images = drawn(Path(folder) / "drawn")
        for architecture in ARCHITECTURES:
            place = Path(folder) / architecture
            config = place / "training.yaml"
            save_config(configured(architecture, images), config)
            print(f"{architecture}: {EPOCHS} epochs", flush=True)
            epoch = whole(config, place / "whole")
            lost = killed(config, place / "killed", options.times, epoch, generator)
            far = difference(place / "whole", place / "killed")
            same = (place / "whole" / MODEL).is_file() and (place / "killed" / MODEL).is_file()
            print(
                f"  killed {len(lost)} times, at most {max(lost, default=0):.2f} epochs done again "
                f"({epoch.seconds:.2f} s each); largest difference of a weight {far:.3g}; both ended: {same}",
                flush=True,
            )


if __name__ == "__main__":
    main()
