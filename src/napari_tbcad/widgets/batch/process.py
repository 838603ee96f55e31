"""The child process that looks at inputs and works through them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from qtpy.QtCore import QObject

from napari_tbcad.batch.runs.window_jobs import job_command
from napari_tbcad.widgets.child_process import ChildProcess
from napari_tbcad.widgets.child_work import ChildWork, Phase


class BatchProcess(ChildProcess):
    """One batch at a time."""

    def command(self, folder: Path) -> list[str]:
        """Return program and arguments for a folder."""
        return job_command(folder)


class Child(ChildWork):
    """The process that looks and runs, as phases.

    Parameters
    ----------
    parent : QObject, optional
        Qt parent.
    """

    phases: ClassVar[Mapping[str, Phase]] = {"look": Phase.LOOKING, "run": Phase.RUNNING}

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(BatchProcess(), parent)
