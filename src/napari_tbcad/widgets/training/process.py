"""The child process that trains."""

from __future__ import annotations

from pathlib import Path

from napari_tbcad.batch.trainings.state import job_command
from napari_tbcad.widgets.child_process import ChildProcess


class TrainingProcess(ChildProcess):
    """One training at a time."""

    def command(self, folder: Path) -> list[str]:
        """Return program and arguments for a folder."""
        return job_command(folder)

    def pause(self) -> None:
        """Ask the child to wait after the step under way."""
        self.ask("pause")

    def go_on(self) -> None:
        """Ask a child that waits to go on."""
        self.ask("go on")
