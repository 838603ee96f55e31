"""Trainings that are killed (SIGKILL) at random moments; part of kill.py.

The trainings of training_kill.py: two architectures learn to find two ellipses, each once without harm. Then
the same is killed again and again in another folder, in a step, in validation, while checkpoint or log are
written, until it ends; and another folder is begun. After each kill: checkpoints and log are read. In the end
weights and log must be those of the training that was left alone.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import torch

from kill_batch import Broken, Tally
from napari_tbcad.networks.config import save_config
from napari_tbcad.networks.training_folder import BEST, LAST, LOG, MODEL
from training_kill import ARCHITECTURES, Moment, configured, difference, drawn, events_of, whole

_NOT_COMPARED = ("seconds", "when")


def read_all(out: Path) -> int:
    """Read checkpoints, log and network of a training; return how many there are.

    Raises
    ------
    Broken
        For one that cannot be read.
    """
    from safetensors import safe_open

    number = 0
    try:
        for path in (out / LAST, out / BEST):
            if path.is_file():
                torch.load(path, weights_only=True)
                number += 1
        if (out / LOG).is_file():
            log_of(out)
            number += 1
        if (out / MODEL).is_file():
            with safe_open(out / MODEL, "pt") as file:
                [file.get_tensor(name) for name in file.keys()]  # noqa: SIM118  it is no dict
            number += 1
    except Exception as error:
        raise Broken(f"a file of {out} cannot be read: {error}") from error
    return number


def log_of(out: Path) -> list[dict[str, str]]:
    """Return the log but for times."""
    with (out / LOG).open(encoding="utf-8-sig", newline="") as file:
        return [{k: v for k, v in row.items() if k not in _NOT_COMPARED} for row in csv.DictReader(file)]


def once(
    config: Path, out: Path, after: Moment | None, before: tuple[int, int]
) -> tuple[bool, int, int, float]:
    """Begin or go on, and kill at a moment; never where there is none.

    Returns
    -------
    bool
        Whether it was killed.
    int, int
        The last step told, and steps of an epoch.
    float
        Epochs that were done again.
    """
    done, an_epoch = before
    again = 0.0
    for event in events_of(config, out, after):
        if event["event"] == "begun":
            an_epoch = event["steps"] // event["epochs"]
            again = max(0.0, (done - event["step"]) / an_epoch)
            if again > 1.01 + 1 / an_epoch:
                raise Broken(f"step {event['step']} after {done}: more than an epoch is lost")
            done = event["step"]
        elif event["event"] == "step":
            done = event["step"]
    return not (out / MODEL).is_file(), done, an_epoch, again


def training(place: Path, times: int, seed: int) -> list[Tally]:
    """Kill trainings of each architecture equally often."""
    generator, images, tallies = np.random.default_rng(seed), drawn(place / "drawn"), []
    for architecture in ARCHITECTURES:
        tally = Tally(f"training, {architecture}", "epochs done again")
        config, alone = place / architecture / "training.yaml", place / architecture / "whole"
        save_config(configured(architecture, images), config)
        epoch = whole(config, alone)
        print(f"{tally.part}: {epoch.seconds:.2f} s and {epoch.steps} steps an epoch", flush=True)
        round_, state = 0, (0, 1)
        under_way = False
        while tally.kills < times // len(ARCHITECTURES) or under_way:
            out = place / architecture / f"killed{round_}"
            try:
                last = tally.kills >= times // len(ARCHITECTURES)
                after = None if last else Moment.within(epoch, generator)
                killed, done, an_epoch, again = once(config, out, after, state)
                tally.cost, state = max(tally.cost, again), (done, an_epoch)
                tally.files += read_all(out)
                under_way = killed
                if killed:
                    tally.kills += 1
                    tally.finished += max(0, done // an_epoch)
                    continue
                far = difference(alone, out)
                if far or log_of(alone) != log_of(out):
                    raise Broken(f"weights differ by {far:.3g}, or the log does")
                tally.ends += 1
            except Broken as error:
                under_way = False
                tally.faults.append(f"{tally.part}, kill {tally.kills}: {error}")
                print(tally.faults[-1], flush=True)
            shutil.rmtree(out, ignore_errors=True)
            round_, state = round_ + 1, (0, 1)
        if not tally.finished or not tally.ends:
            tally.faults.append(f"{tally.part}: no kill hit a training that had learned anything")
        tallies.append(tally)
    return tallies
