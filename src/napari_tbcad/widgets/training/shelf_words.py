"""What a training on the shelf is told in: two lines, more when it is chosen, and its size."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_tbcad.batch.trainings.state import TrainingState

MARKS = {
    "planned": ("○", "not begun"),
    "running": ("▶", "running"),
    "interrupted": ("◐", "interrupted"),
    "stopped": ("❚❚", "stopped"),
    "finished": ("✓", "finished"),
    "failed": ("✕", "failed"),
}
"""A sign and a word for each state."""
TASKS = {"4": "hotspots, 4 classes", "3": "hotspots, 3 classes", "regions": "skeleton regions"}


def line_of(state: TrainingState) -> str:
    """Return a training in two lines: what it is, and how far it is."""
    mark, word = MARKS.get(state.phase, ("", state.phase))
    done = f"epoch {state.epochs_done} of {state.epochs}" if state.epochs_done else ""
    parts = [word, done if state.phase != "finished" else "", _iou(state), _day(state.when)]
    return f"{mark} {state.name}\n     " + " · ".join(filter(None, parts))


def more_of(state: TrainingState) -> str:
    """Return what else is known of a training."""
    task = TASKS.get(state.task, state.task)
    if state.view:
        task += f", {state.view} view"
    start = Path(state.start).stem if state.start else "a random start"
    parts = [task, f"from {start}", f"{state.epochs_done} epochs"]
    if state.phase == "finished":
        parts.append("compared" if state.judged else "not compared yet")
    return " · ".join(filter(None, parts))


def size_in_words(folder: Path) -> str:
    """Return how much a folder holds, such as ``"214 MB"``; what goes away meanwhile is not counted."""
    whole = 0
    # Not `Path.rglob`, which raises when a folder is deleted between being named and being opened.
    for inside, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                whole += Path(inside, name).lstat().st_size
    megabytes = whole / 1e6
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{max(1, round(megabytes))} MB"


def _iou(state: TrainingState) -> str:
    return "" if state.iou is None else f"IoU {state.iou:.2f}"


def _day(when: str) -> str:
    """Return a time of the files (UTC) as this place's clock shows it."""
    try:
        there = datetime.fromisoformat(when).astimezone()
    except ValueError:
        return ""
    now = datetime.now(there.tzinfo)
    return f"{there:%H:%M}" if there.date() == now.date() else f"{there:%Y-%m-%d}"
