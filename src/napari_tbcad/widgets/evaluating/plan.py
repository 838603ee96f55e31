"""What is to be evaluated: the data, what was found in them, what is compared, how long it takes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from operator import call
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_tbcad.batch.evaluating.config import EvaluationConfig
from napari_tbcad.batch.evaluating.jobs import new_folder, read_job
from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.evaluating.home import evaluations_folder
from napari_tbcad.widgets.preferences import preferences


class Plan(QObject):
    """What a person chose, and what is known of it.

    Parameters
    ----------
    parent : QObject, optional
        Qt parent.
    after : callable, optional
        Calls what it is given as soon as no process works in the folder; at once where it is not given.

    Attributes
    ----------
    changed : Signal
        Anything here differs.
    path, test : Path or None
        The data set, and another one to test on.
    config : EvaluationConfig
        What is compared.
    found : mapping or None
        What a look at the films found; see :func:`napari_tbcad.batch.evaluating.job.found_json`.
    seconds : float or None
        How long it will take; None while that is not known.
    folder : Path or None
        The folder of the evaluation that is planned.
    problem : str
        Why the films cannot be looked at.
    no_time : str
        Why it is not known how long it will take.
    used : bool
        The evaluation that was planned has begun: another one gets a folder of its own.
    """

    changed = Signal()

    def __init__(
        self, parent: QObject | None = None, after: Callable[[Callable[[], object]], object] = call
    ) -> None:
        super().__init__(parent)
        self._after = after
        self.path: Path | None = None
        self.test: Path | None = None
        self.config = EvaluationConfig()
        self.found: Mapping[str, Any] | None = None
        self.seconds: float | None = None
        self.folder: Path | None = None
        self.problem = self.no_time = ""
        self.used = False
        self.before: Path | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """What forbids the evaluation."""
        return () if self.found is None else tuple(map(str, self.found.get("problems", ())))

    @property
    def possible(self) -> bool:
        """Whether the evaluation can begin."""
        return self.found is not None and not self.problems and self.path is not None

    def choose(self, path: Path | None, test: Path | None) -> None:
        """Take other data."""
        self.drop()
        self.path, self.test = path, test
        self.before = None
        self.changed.emit()

    def configure(self, config: EvaluationConfig) -> None:
        """Compare something else."""
        if config != self.config:
            self.config, self.seconds, self.no_time = config, None, ""
            self.changed.emit()

    def new_place(self) -> Path:
        """Return the folder of the evaluation, made up anew where the last one has begun."""
        if self.folder is None or self.used:
            name = self.path.stem if self.path is not None else ""
            if self.test is not None:
                name += f"-on-{self.test.stem}"
            if self.used:
                self.before = self.folder
            self.folder, self.used = new_folder(evaluations_folder(), name), False
        return self.folder

    def drop(self) -> None:
        """Forget what was found; a folder in which nothing was evaluated goes."""
        if self.folder is not None and not self.used:
            self._after(partial(_delete_unless_begun, self.folder))
        self.folder, self.used, self.found, self.seconds = None, False, None, None
        self.problem = self.no_time = ""


def _delete_unless_begun(folder: Path) -> None:
    # Only what this panel made and never used: its own job says so.
    with suppress(BadInput, OSError):
        if "evaluate" not in read_job(folder)["do"]:
            shutil.rmtree(folder)


def assignments_of_preferences() -> dict[str, Any]:
    """Return the preferences that hold for an evaluation: where it computes, and which networks."""
    own = preferences().assignments()
    return {name: value for name, value in own.items() if name not in ("lungs.segmenter", "features.grid")}
