"""One film on its way through the chest chain, between a viewer's layers and the run that computes."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image
from napari.utils.notifications import show_error
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_tbcad.chain import Run, State
from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.films import film_of
from napari_tbcad.widgets.parts.lung_layers import KINDS, LungLayers, bare
from napari_tbcad.widgets.preferences import preferences
from napari_tbcad.widgets.shelf import ModelShelf
from napari_tbcad.widgets.work import Job, start_call, start_job

STAGES = {
    "enhance": ("polarity", "grid", "enhance"),
    "lungs": ("lungs", "sensitive", "insensitive"),
    "features": ("features",),
    "result": ("classify",),
}
"""Stages of the chain behind each step of the panel."""

EVERYTHING = ("upright", "enhanced", *KINDS, "features", "result")


class ChestSession(QObject):
    """The state of one film: run, layers, work under way, problems. A panel shows it, any number may.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.
    layer : napari.layers.Image
        The film; held weakly.
    shelf : ModelShelf
        Where the model and its settings come from.

    Attributes
    ----------
    changed : Signal
        Anything that a panel shows may differ.
    run : Run or None
        None while the layer is no film (see `film_problem`).
    film_problem : str
        Why the layer cannot be used.
    ghost : float or None
        Probability of the automatic masks, for comparison once they are corrected.
    """

    changed = Signal()

    def __init__(self, viewer: Any, layer: Image, shelf: ModelShelf) -> None:
        super().__init__()
        self._viewer = weakref.ref(bare(viewer))
        self._layer = weakref.ref(layer)
        self.shelf = shelf
        self.run: Run | None = None
        self.film_problem = ""
        self.mask_problems: dict[str, str] = {}
        self.ghost: float | None = None
        self.job: Job | None = None
        self._worker: Any = None
        self._pending: tuple[str, ...] = ()
        self._closed = False
        self._warned: tuple[tuple[int, ...], tuple[str, ...]] = ((), ())
        self.layers = LungLayers(viewer, layer, self)
        self.layers.edited.connect(self._take_edit)
        layer.events.data.connect(self._on_film_replaced)
        shelf.ready.connect(self._on_model)
        self._take_film()

    # -- what a panel shows ---------------------------------------------------------------------------

    @property
    def layer(self) -> Image | None:
        """The film's layer while it lives."""
        return self._layer()

    @property
    def viewer(self) -> Any:
        """The viewer while it lives."""
        return self._viewer()

    @property
    def busy(self) -> bool:
        """Whether work is under way or about to be."""
        return self.job is not None or bool(self._pending)

    def state(self, step: str) -> State:
        """Return the state of a step of the panel."""
        if self.run is None:
            return State.FAILED if step == "enhance" and self.film_problem else State.NOT_RUN
        states = [self.run.state(stage) for stage in STAGES[step]]
        for word in (State.RUNNING, State.FAILED, State.STALE, State.NOT_RUN):
            if word in states:
                return word
        return State.STALE if self.mask_problems and step in ("features", "result") else State.DONE

    def error(self, step: str) -> str:
        """Return what went wrong in a step, empty when nothing did."""
        if self.run is None:
            return ""
        errors = [self.run.error(stage) for stage in STAGES[step]]
        return next((_said(error, self.run.get("film").source) for error in errors if error is not None), "")

    def value(self, name: str, *, automatic: bool = False) -> Any:
        """Return a value of the run, None when there is none; ask :meth:`fresh` whether it still holds."""
        return None if self.run is None else self.run.get(name, automatic=automatic)

    def fresh(self, name: str) -> bool:
        """Return True when the value is what a computation now would give."""
        return self.run is not None and not self.mask_problems and self.run.fresh(name)

    def warnings(self) -> tuple[str, ...]:
        """Return the complaints about film and masks; those of the model stand with the result."""
        from napari_tbcad.chest.workflow import gather_warnings

        if self.run is None:
            return ()
        # The checks look at pixels, so they are asked again only when a value was replaced.
        now = tuple(id(self.run.get(name)) for name in ("film", *EVERYTHING, "soft"))
        if now != self._warned[0]:
            of_model = getattr(self.run.get("result"), "warnings", ())
            self._warned = (now, tuple(w for w in gather_warnings(self.run) if w not in of_model))
        return (*self.mask_problems.values(), *self._warned[1])

    def edits(self, kind: str) -> tuple[int, float] | None:
        """Return pixels changed and Dice to the automatic mask, None for an uncorrected mask."""
        from napari_tbcad.chest.workflow import mask_dice

        if self.run is None or not self.run.edited(kind):
            return None
        mask, automatic = self.run.get(kind), self.run.get(kind, automatic=True)
        if automatic is None or automatic.labels.shape != mask.labels.shape:
            return None
        differ = int(np.count_nonzero(mask.labels != automatic.labels))
        return differ, mask_dice(mask.labels, automatic.labels)

    # -- what a panel asks ----------------------------------------------------------------------------

    def configure(self, section: str, parameters: Any, *, live: bool = False) -> None:
        """Replace one section of the settings; with `live`, bring what was shown up to date at once."""
        if self.run is None:
            return
        self.run.configure(self.run.settings.model_copy(update={section: parameters}))
        if live and self.run.get("soft") is not None:
            self.request(*KINDS, *self._answers())
        self.changed.emit()

    def run_all(self) -> None:
        """Bring everything up to date."""
        # napari says nothing of an undo on a hidden layer, so the layers are compared once more.
        for kind in KINDS:
            self._take_edit(kind)
        self.request(*EVERYTHING)

    def request(self, *wanted: str) -> None:
        """Bring values up to date on a worker; what is asked while one works follows it."""
        if self.run is None or self._closed:
            return
        self._pending = tuple(name for name in EVERYTHING if name in {*self._pending, *wanted})
        self._next()

    def cancel(self) -> None:
        """Stop the work under way and forget what was to follow."""
        self._pending = ()
        if self.job is not None:
            self.job.stop.set()
        self.changed.emit()

    def close(self) -> None:
        """The film or the viewer is gone: stop, and say nothing any more."""
        self._closed = True
        self.blockSignals(True)
        self.cancel()
        if (layer := self._layer()) is not None:
            layer.events.data.disconnect(self._on_film_replaced)

    def to_automatic(self, kind: str) -> None:
        """Bring the automatic mask back as one undoable step."""
        automatic = self.value(kind, automatic=True)
        if automatic is None or self.run is None:
            return
        self.run.withdraw(kind)
        self.mask_problems.pop(kind, None)
        self.layers.show(kind, automatic.labels)
        self.request(*self._answers())
        self.changed.emit()

    def show_masks(self) -> None:
        """Put the masks into their layers (again, when a person deleted one)."""
        for kind in KINDS:
            if (mask := self.value(kind)) is not None:
                self.layers.show(kind, mask.labels)

    # -- inside ---------------------------------------------------------------------------------------

    def _take_film(self) -> None:
        from napari_tbcad.chest.workflow import start

        layer = self._layer()
        if layer is None:
            return
        try:
            film = film_of(layer)
        except BadInput as error:
            self.run, self.film_problem = None, str(error)
            return
        self.film_problem = ""
        if self.run is None:
            self.run = start(film, self.shelf.settings(), model=self.shelf.model)
        else:
            old = self.run.get("film")
            self.run.put("film", film)
            if old.shape != film.shape:
                for kind in KINDS:
                    self.run.withdraw(kind)
            self.ghost = None

    def _on_film_replaced(self, event: Any = None) -> None:
        self._take_film()
        self.changed.emit()

    def _on_model(self) -> None:
        from napari_tbcad.chest.workflow import use_model

        if self.run is not None and self.run.get("model") is not self.shelf.model:
            use_model(self.run, self.shelf.model)
            self.run.configure(self.shelf.settings())
            self.ghost = None
        self.changed.emit()
        self._next()

    def _answers(self) -> tuple[str, ...]:
        """Return what an edit must bring up to date: only what was there before."""
        return tuple(name for name in ("features", "result") if self.value(name) is not None)

    def _next(self) -> None:
        if self.job is not None or not self._pending or self.shelf.loading or self._closed:
            return
        wanted, self._pending = self._pending, ()
        if self.run is None:
            return
        if self.run.get("model") is None:
            wanted = tuple(name for name in wanted if name != "result")
        self.job = Job(wanted)
        self._worker = start_job(self.run, self.job, on_value=self._on_value, on_end=self._on_end)
        self.changed.emit()

    def _on_value(self, name: str) -> None:
        if self._closed or self.run is None:
            return
        if name in KINDS and (mask := self.run.get(name)) is not None:
            self.layers.show(name, mask.labels)
        if name == "result" and not any(self.run.edited(kind) for kind in KINDS) and self.run.fresh(name):
            self.ghost = self.run.get(name).probability
        self.changed.emit()

    def _on_end(self) -> None:
        job, self.job, self._worker = self.job, None, None
        if self._closed or job is None or self.run is None:
            return
        if job.superseded and not job.stop.is_set():
            self.request(*job.wanted)
        elif job.error is not None:
            show_error(_said(job.error, self.run.get("film").source))
        self.changed.emit()
        self._next()

    def _take_edit(self, kind: str) -> None:
        """Compare a layer with the mask in the run; the difference is a person's edit."""
        from napari_tbcad.chest.workflow import give_mask

        pixels, run = self.layers.pixels(kind), self.run
        automatic = self.value(kind, automatic=True)
        if pixels is None or run is None or automatic is None or self._closed:
            return
        if np.array_equal(pixels, run.get(kind).labels):
            changed = self.mask_problems.pop(kind, None) is not None
        elif np.array_equal(pixels, automatic.labels):
            self.mask_problems.pop(kind, None)
            run.withdraw(kind)
            changed = True
        else:
            changed = True
            try:
                give_mask(run, pixels, kind)  # type: ignore[arg-type]
                self.mask_problems.pop(kind, None)
                self._autosave(kind, pixels)
            except BadInput as error:
                self.mask_problems[kind] = str(error)
        if changed:
            if not self.mask_problems:
                self.request(*self._answers())
            self.changed.emit()

    def _autosave(self, kind: str, pixels: NDArray[Any]) -> None:
        folder = preferences().autosave
        if folder is None or self.run is None:
            return
        path = folder / f"{Path(self.run.get('film').source).stem or 'film'}_{kind}.png"

        def write() -> None:
            from napari_tbcad.io.masks import write_mask

            write_mask(path, pixels.astype(np.uint8))

        start_call(write, on_result=self._saved, on_error=self._not_saved)

    def _saved(self, nothing: object = None) -> None:
        pass

    def _not_saved(self, error: Exception) -> None:
        show_error(f"Autosave: {error}")


def _said(error: Exception, source: str) -> str:
    """Return an error as one sentence that names the film."""
    name = Path(source).name
    text = str(error) if isinstance(error, BadInput) else f"{type(error).__name__}: {error}"
    return text if not name or name in text else f"{name}: {text}"


_SESSIONS: weakref.WeakKeyDictionary[Any, weakref.WeakKeyDictionary[Image, ChestSession]] = (
    weakref.WeakKeyDictionary()
)


def session_of(viewer: Any, layer: Image, shelf: ModelShelf) -> ChestSession:
    """Return the session of a film in a viewer, made on first use."""
    sessions = _SESSIONS.setdefault(bare(viewer), weakref.WeakKeyDictionary())
    if layer not in sessions:
        sessions[layer] = ChestSession(viewer, layer, shelf)
    return sessions[layer]


def forget(viewer: Any, layer: Image | None = None) -> None:
    """Close the session of a film, or all of a viewer."""
    sessions = _SESSIONS.get(bare(viewer))
    if sessions is None:
        return
    for one in [layer] if layer is not None else list(sessions):
        session = sessions.pop(one, None)
        if session is not None:
            session.close()
