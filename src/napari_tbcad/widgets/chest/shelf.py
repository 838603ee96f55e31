"""The model in use: loaded off the GUI thread, once, and the settings that come with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.widgets.preferences import preferences
from napari_tbcad.widgets.work import start_call, timer

_OWN_WISHES = ("lungs.segmenter", "features.grid")
"""Preferences that do not hold for a model that is lent."""
NO_MODEL = "No model: masks and features work; open a model file (Result) for a probability."


class ModelShelf(QObject):
    """Holds the classifier of a panel.

    Attributes
    ----------
    ready : Signal
        A model was loaded, or it is certain that there is none.
    model : ChestModel or None
        The model.
    message : str
        Why there is none, why the last file was refused, or which preference cannot be followed.
    loading : bool
        True until `ready`; runs wait for it, since the model brings its own settings.
    lent : str
        What is to be said of a model that another panel put in the place of the person's own, such as the
        one that did not see this film; empty while the own one is in use.
    """

    ready = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.model: Any = None
        self.lent = ""
        self._own: Any = None
        self._own_number = self._packaged_number = 0
        self._loans: dict[int, str] = {}
        self._returned: set[int] = set()
        self._refusal = self._preference = ""
        self.loading = False
        self._asked = self._in_use = self._said = 0
        self._under_way: set[int] = set()
        self._packaged_soon = timer(self, self._load_packaged)

    @property
    def message(self) -> str:
        """What is to be said of model and preferences; empty when nothing is."""
        return "\n".join(filter(None, (self._refusal, self._preference)))

    @property
    def own_is_packaged(self) -> bool:
        """Whether the person's own model is the packaged one, or will be as soon as that is read."""
        return self._own_number in (0, self._packaged_number)

    def load_packaged(self) -> None:
        """Load the packaged demonstration model, after this turn of the event loop.

        A panel that is just being made would wait for the interpreter again and again.
        """
        if not self._packaged_soon.isActive():
            self._packaged_number = self._ask()
            self._packaged_soon.start(0)

    def load_file(self, path: str | Path) -> None:
        """Load a model file; on refusal the model in use stays."""
        self._load(partial(_from_file, Path(path)))

    def borrow(self, path: str | Path, said: str) -> None:
        """Use a model file for a while in the place of the person's own; :meth:`give_back` ends it.

        Parameters
        ----------
        path : str or Path
            The file; on refusal the model in use stays.
        said : str
            Why it is in use, shown beside every answer meanwhile.
        """
        self._loans[self._asked + 1] = said
        self._load(partial(_from_file, Path(path)))

    def give_back(self) -> None:
        """Use the person's own model again, also instead of one that is still being lent."""
        self._under_way.difference_update(self._loans)
        self._returned.update(self._loans)
        coming = bool(self._loans)
        self._loans.clear()
        if not self.lent and not coming:
            return
        self.lent, self._refusal = "", "" if self._own is not None else self._refusal
        self.model = self._own
        # What is asked for now is what counts; an own model that is still being read comes later.
        self._in_use = self._own_number
        self.loading = any(other > self._in_use for other in self._under_way)
        if not self.loading:
            self.ready.emit()

    def settings(self, base: Any = None) -> Any:
        """Return the settings the model was trained with, and the person's preferences on top.

        Parameters
        ----------
        base : ChestSettings, optional
            What neither of them says; the defaults when not given.
        """
        from napari_tbcad.chest.workflow import assignments_of, settings_from

        self._preference = ""
        learned = assignments_of(self.model) if self.model is not None else {}
        wishes = preferences().assignments()
        if self.lent:  # it judges as it was judged itself: with the masks and the grid it was trained with
            wishes = {name: value for name, value in wishes.items() if name not in _OWN_WISHES}
        try:
            return settings_from({**learned, **wishes}, base)
        except BadInput as error:
            self._preference = f"Preferences: {error}"
            return settings_from(learned, base)

    def _load(self, function: Callable[[], Any]) -> None:
        self._read(self._ask(), function)

    def _load_packaged(self) -> None:
        self._read(self._packaged_number, packaged)

    def _ask(self) -> int:
        """Return the number of what is going to be read."""
        self._asked += 1
        self._under_way.add(self._asked)
        self.loading = True
        return self._asked

    def _read(self, number: int, function: Callable[[], Any]) -> None:
        start_call(partial(_outcome, number, function), on_result=self._take, on_error=self._refuse)

    def _take(self, outcome: tuple[int, Any, Exception | None]) -> None:
        """Take a model unless one asked for later is in use: which is read sooner must not matter."""
        number, model, error = outcome
        if number in self._returned:  # lent, and given back before it came
            self._returned.discard(number)
            return
        self._under_way.discard(number)
        said = self._loans.pop(number, "")
        if error is None and not said and number > self._own_number:
            self._own, self._own_number = model, number
        if number < self._in_use:
            return
        if error is None:
            self.model, self._in_use, self.lent = model, number, said
        if number > self._said:
            self._said, self._refusal = number, "" if error is None else _said_of(error)
        self.loading = any(other > self._in_use for other in self._under_way)
        if not self.loading:
            self.ready.emit()

    def _refuse(self, error: Exception) -> None:
        raise error  # every failure comes as an outcome


class NoModel(Exception):
    """No model is packaged."""


@lru_cache(maxsize=1)
def packaged() -> Any:
    """Return the packaged model, read once; raises :class:`NoModel` where none is packaged."""
    try:
        from napari_tbcad.chest.classify.packaged import packaged_model
    except ImportError as error:
        raise NoModel from error
    try:
        return packaged_model()
    except (ModelRefused, FileNotFoundError) as error:
        raise NoModel(str(error)) from error


def _outcome(number: int, function: Callable[[], Any]) -> tuple[int, Any, Exception | None]:
    # With what it answers, so that a model that comes late is known for what it is.
    try:
        return number, function(), None
    except Exception as error:  # told by the shelf
        return number, None, error


def _said_of(error: Exception) -> str:
    return NO_MODEL if isinstance(error, NoModel) else str(error)


def _from_file(path: Path) -> Any:
    from napari_tbcad.chest.classify.store import load_model

    return load_model(path)
