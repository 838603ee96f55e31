"""One film on its way through the chest chain, between a viewer's layers and the run that computes."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image
from napari.utils.notifications import show_error, show_info
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_tbcad.chain import Run, State
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.widgets.chest.autosave import Autosave, owner_of
from napari_tbcad.widgets.chest.layers import KINDS, LungLayers
from napari_tbcad.widgets.chest.shelf import ModelShelf
from napari_tbcad.widgets.films import file_of, film_in, film_in_file, same_picture
from napari_tbcad.widgets.preferences import preferences
from napari_tbcad.widgets.proxies import bare
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
        self._kept: Run | None = None
        self._reading: Radiograph | None = None
        self._checked: tuple[Any, ...] = ()
        self._checking: tuple[Any, ...] | None = None
        self._complaints: tuple[str, ...] = ()
        self._counted: dict[str, tuple[Any, Any, tuple[int, float]]] = {}
        self._saver = Autosave()
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

    @property
    def settled(self) -> bool:
        """Whether nothing is under way, the checks behind :meth:`warnings` and reading a file included."""
        return not self.busy and self._checking is None and self._reading is None

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
        """Return the complaints about film and masks; those of the model stand with the result.

        The checks look at every pixel, so a worker makes them once the work is done; `changed` follows.
        """
        return (*self.mask_problems.values(), *self._complaints) if self.run is not None else ()

    def edits(self, kind: str) -> tuple[int, float] | None:
        """Return pixels changed and Dice to the automatic mask, None for an uncorrected mask."""
        from napari_tbcad.chest.workflow import mask_dice

        if self.run is None or not self.run.edited(kind):
            return None
        mask, automatic = self.run.get(kind), self.run.get(kind, automatic=True)
        if automatic is None or automatic.labels.shape != mask.labels.shape:
            return None
        # A panel asks at every refresh: count anew only when a mask was replaced.
        known = self._counted.get(kind)
        if known is None or known[0] is not mask or known[1] is not automatic:
            differ = int(np.count_nonzero(mask.labels != automatic.labels))
            known = (mask, automatic, (differ, mask_dice(mask.labels, automatic.labels)))
            self._counted[kind] = known
        return known[2]

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

    def close(self, *, film_gone: bool = False) -> None:
        """Stop, follow nothing and say nothing any more.

        Parameters
        ----------
        film_gone : bool, optional
            The person removed the film: the automatic masks go with it, a corrected one stays.
        """
        self._closed = True
        self.blockSignals(True)
        self.cancel()
        run = self.run or self._kept
        if film_gone:
            corrected = [kind for kind in KINDS if run is not None and run.edited(kind)]
            self.layers.leave(keep=(*corrected, *self.mask_problems))
        else:
            self.layers.unfollow()
        if (layer := self._layer()) is not None:
            layer.events.data.disconnect(self._on_film_replaced)

    def to_automatic(self, kind: str) -> None:
        """Bring the automatic mask back as one undoable step."""
        automatic = self.value(kind, automatic=True)
        if automatic is None or self.run is None:
            return
        self.run.withdraw(kind)
        self.mask_problems.pop(kind, None)
        self._autosave(kind, None)
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
            film = film_in(layer)
        except BadInput as error:
            # Kept for when the layer becomes a film again: there may be corrections in it.
            self._kept, self.run, self.film_problem = self.run or self._kept, None, str(error)
            self.cancel()
            return
        self.film_problem = ""
        if self.run is None and self._kept is None:
            self.run = start(film, self.shelf.settings(), model=self.shelf.model)
        else:
            self.run, self._kept = self.run or self._kept, None
            self._replace_film(film)
        if (path := file_of(layer)) is not None:
            self._reading = film
            start_call(
                lambda: (film, film_in_file(path, film)), on_result=self._on_file, on_error=self._unread
            )

    def _replace_film(self, film: Radiograph) -> None:
        assert self.run is not None
        old = self.run.get("film")
        self.run.put("film", film)
        self.ghost = None
        if same_picture(old, film):
            return
        # Another film under the same layer: a mask that was drawn on the old one means nothing on it.
        corrected = [kind for kind in KINDS if self.run.edited(kind) or kind in self.mask_problems]
        self.mask_problems.clear()
        for kind in KINDS:
            self.run.withdraw(kind)
        if old.shape != film.shape:
            self.layers.remove()
        elif corrected:
            self.show_masks()
        if corrected:
            name = Path(film.source).name
            show_info(f"{name}: another film took its place, the corrections of the old one were taken back.")

    def _on_file(self, outcome: tuple[Radiograph, Radiograph | None]) -> None:
        """Take the film as its file has it (resolution, warnings) in place of the bare pixels."""
        asked, again = outcome
        if self._closed or self._reading is not asked:
            return
        self._reading = None
        if again is not None and self.run is not None and self.run.get("film") is asked:
            self.run.put("film", again)
        self.changed.emit()
        self._next()

    def _unread(self, error: Exception) -> None:
        self._reading = None
        show_error(str(error))
        self._next()

    def _on_film_replaced(self, event: Any = None) -> None:
        self._take_film()
        self.changed.emit()
        self._next()

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
        if self.job is not None or self.shelf.loading or self._closed or self._reading is not None:
            return
        if not self._pending:
            self._check()
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
        # What a person painted and the chain refuses stays, and so does the complaint.
        if name in KINDS and name not in self.mask_problems and (mask := self.run.get(name)) is not None:
            self.layers.show(name, mask.labels)
        if name == "result" and not any(self.run.edited(kind) for kind in KINDS) and self.run.fresh(name):
            self.ghost = self.run.get(name).probability
        self.changed.emit()

    def _on_end(self) -> None:
        job, self.job, self._worker = self.job, None, None
        if self._closed or job is None:
            return
        if self.run is not None and job.superseded and not job.stop.is_set():
            self.request(*job.wanted)
        elif self.run is not None and job.error is not None:
            show_error(_said(job.error, self.run.get("film").source))
        self.changed.emit()
        self._next()

    def _check(self) -> None:
        """Have a worker look for complaints when a value was replaced since it last did."""
        from napari_tbcad.chest.workflow import gather_warnings

        run = self.run
        if run is None or self._checking is not None:
            return
        now = tuple(run.get(name) for name in ("film", *EVERYTHING, "soft"))
        if len(now) == len(self._checked) and all(a is b for a, b in zip(now, self._checked, strict=True)):
            return
        self._checking = now
        start_call(lambda: gather_warnings(run), on_result=self._on_checked, on_error=self._on_unchecked)

    def _on_checked(self, said: tuple[str, ...]) -> None:
        if self._closed:
            return
        self._checked, self._checking = self._checking or (), None
        of_model = getattr(self.value("result"), "warnings", ())
        self._complaints = tuple(complaint for complaint in said if complaint not in of_model)
        self.changed.emit()
        self._next()

    def _on_unchecked(self, error: Exception) -> None:
        # A film on which nothing can be measured is refused by the checks, too: that is their complaint.
        source = self.run.get("film").source if self.run is not None else ""
        self._on_checked((_said(error, source),))

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
            self._autosave(kind, None)
            changed = True
        else:
            changed = True
            try:
                give_mask(run, pixels, kind)  # type: ignore[arg-type]
                self.mask_problems.pop(kind, None)
                self._autosave(kind, run.get(kind).labels)
            except BadInput as error:
                self.mask_problems[kind] = str(error)
        if changed:
            if not self.mask_problems:
                self.request(*self._answers())
            self.changed.emit()
            self._next()

    def _autosave(self, kind: str, labels: NDArray[np.uint8] | None) -> None:
        folder, run = preferences().autosave, self.run
        if folder is not None and run is not None:
            owner = owner_of(run.get("film").source, run.key("film") or "")
            self._saver.put(folder, owner, kind, labels)


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
    """Close the session of a film that was removed, or all of a viewer."""
    sessions = _SESSIONS.get(bare(viewer))
    if sessions is None:
        return
    for one in [layer] if layer is not None else list(sessions):
        session = sessions.pop(one, None)
        if session is not None:
            session.close(film_gone=layer is not None)
