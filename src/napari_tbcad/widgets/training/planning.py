"""What is to be trained: a person's choice, what was found for it, the settings, and how long it takes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from operator import call
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_tbcad.widgets.training.data import Choice
from napari_tbcad.widgets.training.home import trainings_folder
from napari_tbcad.widgets.training.looking import Look, Looked

if TYPE_CHECKING:
    from napari_tbcad.networks.config import TrainingConfig

MINUTES = 30.0
"""A training takes no longer than this unless a person says so."""
_COSTS = ("batch", "precision", "device", "devices")
"""Settings on which the time of a step depends."""


class Plan(QObject):
    """Steps 1 and 2, and the settings of step 3.

    Parameters
    ----------
    parent : QObject, optional
        Qt parent.
    after : callable, optional
        Calls what it is given as soon as no process works in the folder; at once where it is not given.

    Attributes
    ----------
    changed : Signal
        Anything that is shown of it may differ.
    looked_well : Signal
        Images were found that can be trained on: their time can be estimated.
    choice : Choice
        What the person said.
    look : Look or None
        The look under way.
    looked : Looked or None
        What the last one found.
    problem : str
        Why the last one found nothing.
    config : TrainingConfig or None
        The training, with the person's settings.
    costs : dict or None
        The child's estimate; None while there is none for these settings.
    folder : Path or None
        Where it will be trained; made by the first look.
    used : bool
        A training was begun with it: another one needs another look.
    minutes : float
        How long the training may take.
    wished : int
        Epochs it would have if there were time for all.
    """

    changed = Signal()
    looked_well = Signal()

    def __init__(
        self, parent: QObject | None = None, after: Callable[[Callable[[], object]], object] = call
    ) -> None:
        super().__init__(parent)
        self._after = after
        self.choice = Choice()
        self.look: Look | None = None
        self.looked: Looked | None = None
        self.problem = ""
        self.config: TrainingConfig | None = None
        self.costs: dict[str, Any] | None = None
        self.folder: Path | None = None
        self.used = False
        self.minutes = MINUTES
        self.wished = 0

    @property
    def stale(self) -> bool:
        """Whether something else is asked for than what was looked for."""
        if self.looked is None:
            return False
        return self.used or self.lost or self.looked.choice.looks_at != self.choice.looks_at

    @property
    def lost(self) -> bool:
        """Whether what a look wrote down is not there any more, or not where trainings are kept now."""
        folder = self.folder
        if self.looked is None or folder is None:
            return False
        return not folder.is_dir() or folder.parent != trainings_folder()

    @property
    def readable(self) -> bool:
        """Whether a training could begin once what cannot be read is left out."""
        looked = self.looked
        if looked is None or self.stale or self.look is not None:
            return False
        return bool(looked.survey.unreadable) and bool(looked.survey.possible)

    @property
    def possible(self) -> bool:
        """Whether a training can begin."""
        there = self.looked is not None and self.looked.possible
        return there and not self.stale and self.look is None and self.config is not None

    @property
    def seconds(self) -> float | None:
        """How long the training takes on this device; None while that is not known."""
        if self.costs is None or self.config is None:
            return None
        return self._seconds_of(self.config.fit.epochs)

    def choose(self, choice: Choice) -> None:
        """Take what the person says in step 1."""
        if choice != self.choice:
            self.choice, self.problem = choice, ""
            self.changed.emit()

    def look_at_data(self, device: str = "auto") -> None:
        """Find the images and survey them, on a worker."""
        from napari_tbcad.batch.trainings.state import new_folder

        if self.look is not None or not self.choice.given:
            return
        if self.folder is None or self.used or self.folder.parent != trainings_folder():
            self.forget()
            self.folder = new_folder(trainings_folder(), self.choice.name)
            self.used = False
        self.looked = self.config = self.costs = None
        self._begin(Look(self.choice, self.folder, device=device, parent=self)).start()

    def leave_out_unreadable(self) -> None:
        """Go on without the images that cannot be read."""
        if self.looked is not None and self.folder is not None and self.look is None and not self.stale:
            look = Look(self.looked.choice, self.folder, parent=self)
            self._begin(look).start_without_unreadable(self.looked)

    def cancel(self) -> None:
        """Stop looking."""
        if self.look is not None:
            self.look.cancel()

    def configure(self, config: TrainingConfig) -> None:
        """Take settings; those on which the time of a step depends have it estimated again."""
        before, self.config = self.config, config
        if before is None or before.fit.epochs != config.fit.epochs:
            self.wished = config.fit.epochs
        if before is not None and any(getattr(before.fit, n) != getattr(config.fit, n) for n in _COSTS):
            self.costs = None
            self.looked_well.emit()
        self.changed.emit()

    def take_estimate(self, event: Mapping[str, Any]) -> None:
        """Take what the child measured; more epochs than there is time for are cut, as is said."""
        if self.config is None:
            return
        # A person may have asked for more or fewer meanwhile.
        epochs = max(1, int(event["epochs"]))
        decoding = float(event.get("seconds_decoding") or 0.0)
        whole = float(event["seconds"])
        self.costs = dict(event) | {"decoding": decoding, "epoch": max(0.0, whole - decoding) / epochs}
        self.set_minutes(self.minutes)

    def set_minutes(self, minutes: float) -> None:
        """Take as many epochs as there is time for."""
        from napari_tbcad.batch.trainings.plan import fit_epochs

        self.minutes = minutes
        if self.config is not None and self.costs is not None:
            # From all that was wished: what less time cut comes back with more.
            fit = self.config.fit.model_copy(update={"epochs": self.wished})
            whole = self.config.model_copy(update={"fit": fit})
            self.config = fit_epochs(whole, seconds=self._seconds_of(self.wished), minutes=minutes)
        self.changed.emit()

    def drop(self) -> None:
        """Let go of what was found: the next training needs another look."""
        self.forget()
        self.looked = self.config = self.costs = None
        self.changed.emit()

    def forget(self) -> None:
        """Remove what a look left on disk when no training was begun with it."""
        self.cancel()
        if self.folder is not None and not self.used:
            self._after(partial(_delete_unless_begun, self.folder))
        self.folder = None

    # -- inside ---------------------------------------------------------------------------------------

    def _seconds_of(self, epochs: int) -> float:
        assert self.costs is not None
        return float(self.costs["decoding"] + epochs * self.costs["epoch"])

    def _begin(self, look: Look) -> Look:
        self.look, self.problem = look, ""
        look.ended.connect(self._take)
        self.changed.emit()
        return look

    def _take(self) -> None:
        look, self.look = self.look, None
        if look is None:
            return
        self.problem = look.problem
        if look.looked is not None:
            self.looked, self.config = look.looked, look.looked.config
            self.costs = None
            self.wished = self.config.fit.epochs
        look.deleteLater()
        if self.possible:
            self.looked_well.emit()
        self.changed.emit()


def _delete_unless_begun(folder: Path) -> None:
    # Another panel may have found it on the shelf, and trained it.
    if not was_begun(folder):
        with suppress(OSError):
            shutil.rmtree(folder)


def was_begun(folder: Path) -> bool:
    """Tell whether a training was begun in a folder, by whomever; then it is nothing to be cleared away."""
    from napari_tbcad.batch.trainings.state import JOB, LAST, LOG, MODEL, SPLIT, read_json

    wanted = (read_json(folder / JOB) or {}).get("do", ())
    return "train" in wanted or any((folder / name).exists() for name in (SPLIT, LOG, LAST, MODEL))
