"""The model in use: loaded off the GUI thread, once, and the settings that come with it."""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.widgets.preferences import preferences
from napari_tbcad.widgets.work import start_call

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
    """

    ready = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.model: Any = None
        self._refusal = self._preference = ""
        self.loading = False
        self._wish = 0

    @property
    def message(self) -> str:
        """What is to be said of model and preferences; empty when nothing is."""
        return "\n".join(filter(None, (self._refusal, self._preference)))

    def load_packaged(self) -> None:
        """Load the packaged demonstration model."""
        self._load(packaged)

    def load_file(self, path: str | Path) -> None:
        """Load a model file; on refusal the model in use stays."""
        self._load(partial(_from_file, Path(path)))

    def settings(self) -> Any:
        """Return the settings the model was trained with, and the person's preferences on top."""
        from napari_tbcad.chest.workflow import settings_for

        self._preference = ""
        try:
            return settings_for(self.model, preferences().assignments())
        except BadInput as error:
            self._preference = f"Preferences: {error}"
            return settings_for(self.model)

    def _load(self, function: Any) -> None:
        self.loading = True
        start_call(function, on_result=self._take, on_error=self._refuse)

    def _take(self, model: Any) -> None:
        self.model, self._refusal, self.loading = model, "", False
        self.ready.emit()

    def _refuse(self, error: Exception) -> None:
        missing = isinstance(error, NoModel)
        self._refusal = NO_MODEL if missing else str(error)
        self.loading = False
        self.ready.emit()


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


def _from_file(path: Path) -> Any:
    from napari_tbcad.chest.classify.store import load_model

    return load_model(path)
