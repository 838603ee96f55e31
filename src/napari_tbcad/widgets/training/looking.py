"""Looking at the data before anything starts: found, planned and surveyed by a worker."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.widgets.training.data import Choice
from napari_tbcad.widgets.work import start_call

if TYPE_CHECKING:
    from napari_tbcad.batch.trainings.data import FoundData
    from napari_tbcad.networks.config import TrainingConfig
    from napari_tbcad.networks.survey import Survey

DATA = "data"
"""Folder below that of a training for what was gathered and written down for it."""


@dataclass(frozen=True)
class Looked:
    """What was found.

    Parameters
    ----------
    choice : Choice
        What was asked for.
    data : FoundData
        Collections, notes and what was passed over.
    config : TrainingConfig
        The training as planned.
    survey : Survey
        Counts, unreadable images, refusals and warnings.
    notes : tuple of str
        What the person should know of data and plan.
    """

    choice: Choice
    data: FoundData
    config: TrainingConfig
    survey: Survey
    notes: tuple[str, ...] = ()

    @property
    def possible(self) -> bool:
        """Whether a training can begin."""
        return bool(self.survey.possible) and not self.survey.unreadable


class Look(QObject):
    """One look; told and cancelled from the GUI thread.

    Parameters
    ----------
    choice : Choice
        What is looked for.
    folder : Path
        The folder of the training.
    device : str, optional
        Where it is to be trained.
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    ended : Signal
        It is over: `looked`, `problem` or neither (cancelled) is there.
    share, what : float and str
        How far it is.
    """

    ended = Signal()

    def __init__(
        self, choice: Choice, folder: Path, *, device: str = "auto", parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.choice, self.folder, self.device = choice, folder, device
        self.looked: Looked | None = None
        self.problem = ""
        self.share, self.what = 0.0, "looking for images"
        self._stop = threading.Event()

    def start(self) -> None:
        """Find images and survey them."""
        start_call(self._find, on_result=self._take, on_error=self._fail)

    def start_without_unreadable(self, looked: Looked) -> None:
        """Leave out what cannot be read, and survey the rest."""
        start_call(lambda: self._leave_out(looked), on_result=self._take, on_error=self._fail)

    def cancel(self) -> None:
        """Stop at the next image."""
        self._stop.set()

    # -- on the worker --------------------------------------------------------------------------------

    def _find(self) -> Looked:
        from napari_tbcad.batch.trainings.data import together
        from napari_tbcad.batch.trainings.plan import plan_notes, training_plan

        choice, out = self.choice, self.folder / DATA
        if out.is_dir():
            # From an earlier look of this very training: nothing was learned from it.
            shutil.rmtree(out)
        data = together([self._part(number) for number in range(len(choice.given))])
        self._require_going()
        config = training_plan(
            choice.goal.key,
            data,
            start=choice.start,
            held_out=choice.shares.held_out,
            watched=choice.shares.watched,
            device=self.device,
            name=choice.name,
            out=self.folder,
        )
        notes = (*data.notes, *plan_notes(config, data, home=self.folder.parent))
        return self._survey(choice, data, config, notes)

    def _part(self, number: int) -> FoundData:
        from napari_tbcad.batch.trainings.data import find_data
        from napari_tbcad.batch.trainings.state import KEY
        from napari_tbcad.widgets.training.finding import find_in_child, takes_a_network

        choice, given = self.choice, self.choice.given[number]
        self._require_going()

        def progress(share: float, what: str) -> None:
            self.share, self.what = 0.5 * (number + share) / len(choice.given), what or self.what

        out = self.folder / DATA / str(number + 1)
        if takes_a_network(choice, given):
            return find_in_child(choice, given, out, progress=progress, cancelled=self._stop.is_set)
        return find_data(
            choice.goal.key,
            given.kind,
            given.paths,
            out=out,
            view=choice.goal.view,
            scheme=choice.scheme,
            key=self.folder.parent / KEY,
            say=lambda text: None,
            progress=progress,
            cancelled=self._stop.is_set,
        )

    def _leave_out(self, looked: Looked) -> Looked:
        from napari_tbcad.networks.survey import without_unreadable

        config = without_unreadable(looked.config, looked.survey, self.folder / DATA)
        return self._survey(looked.choice, looked.data, config, looked.notes)

    def _survey(
        self, choice: Choice, data: FoundData, config: TrainingConfig, notes: tuple[str, ...]
    ) -> Looked:
        from napari_tbcad.batch.trainings.state import keep_survey
        from napari_tbcad.networks.survey import survey

        self._require_going()
        found = survey(config, progress=self._count, cancelled=self._stop.is_set)
        self._require_going()
        # The child would look itself otherwise.
        keep_survey(self.folder, found)
        return Looked(choice, data, config, found, notes)

    def _require_going(self) -> None:
        if self._stop.is_set():
            raise Cancelled

    def _count(self, done: int, of: int, name: str) -> None:
        self.share, self.what = 0.5 + 0.5 * done / max(1, of), f"reading {name} ({done} of {of})"

    # -- on the GUI thread ----------------------------------------------------------------------------

    def _take(self, looked: Looked) -> None:
        self.looked = looked
        self.ended.emit()

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, Cancelled):
            self.problem = said_of(error)
        self.ended.emit()


def said_of(error: Exception) -> str:
    """Return what to say of an error: those that name thing and cause speak for themselves."""
    return str(error) if isinstance(error, BadInput | OSError) else f"{type(error).__name__}: {error}"
