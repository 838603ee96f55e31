"""One film on its way through the chest chain, between a viewer's layers and the run that computes."""

from __future__ import annotations

import time
import weakref
from pathlib import Path
from typing import Any

from napari.layers import Image
from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import QObject, QTimer, Signal

from napari_tbcad.chain import Run, State
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.widgets.chest.checks import Checks
from napari_tbcad.widgets.chest.desk import CaseDesk
from napari_tbcad.widgets.chest.edits import MaskEdits
from napari_tbcad.widgets.chest.intake import Intake, case_in, intake
from napari_tbcad.widgets.chest.layers import KINDS, LungLayers
from napari_tbcad.widgets.chest.look import Look
from napari_tbcad.widgets.chest.shelf import ModelShelf
from napari_tbcad.widgets.chest.showing import MaskShow
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

OUTPUTS = {
    "enhance": ("upright", "enhanced"),
    "lungs": KINDS,
    "features": ("features",),
    "result": ("result",),
}
"""What running one step alone brings up to date."""

EVERYTHING = ("upright", "enhanced", *KINDS, "features", "result")
_REST_MS = 60
"""Least time from one live answer to the next while a stroke goes on: the canvas needs the processor, too."""
_GREY_MS = 150
"""An answer that takes longer than this is greyed meanwhile; a shorter one would only flicker."""
_PAINT_MS = 15
"""Time for the panel to be drawn before the window is held up again."""


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
        None while the film is being read, or while the layer is no film (see `film_problem`).
    film_problem : str
        Why the layer cannot be used.
    masks : MaskShow
        The automatic masks on their way into layers.
    checks : Checks
        Complaints, and what the automatic masks say.
    edits : MaskEdits
        What a person did to the masks.
    desk : CaseDesk
        Its case on disk.
    look : Look
        Which mask, outline and preview the layers show.
    """

    changed = Signal()

    def __init__(self, viewer: Any, layer: Image, shelf: ModelShelf) -> None:
        super().__init__()
        self._viewer = weakref.ref(bare(viewer))
        self._layer = weakref.ref(layer)
        self.shelf = shelf
        self.run: Run | None = None
        self.film_problem = ""
        self.job: Job | None = None
        self._worker: Any = None
        self._pending: tuple[str, ...] = ()
        self._pending_live = False
        self._held: dict[str, Any] = {}
        self._closed = False
        self._kept: Run | None = None
        self._reading: object | None = None
        self._last_live = 0.0
        self._waits_for_model = False
        self.layers = LungLayers(viewer, layer, self)
        self.edits = MaskEdits(self.layers, self)
        self.edits.touched.connect(self._on_touched)
        self.masks = MaskShow(self.layers, self.edits, lambda: self.run, self)
        self.masks.shown.connect(self.changed)
        self.checks = Checks(self.edits, self)
        self.checks.done.connect(self._on_checked)
        self.desk = CaseDesk(self)
        self.look = Look(self)
        self.changed.connect(self.look.refresh)
        self._wake = _timer(self, self._next)
        self._grey = _timer(self, self.changed.emit)
        layer.events.data.connect(self._take_film)
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
    def ghost(self) -> float | None:
        """Probability of the automatic masks, for comparison once they are corrected."""
        return self.checks.ghost

    @property
    def busy(self) -> bool:
        """Whether work that a person asked for is under way or about to be."""
        waiting = bool(self._pending) and not self._pending_live
        return (self.job is not None and not self.job.live) or waiting

    @property
    def closed(self) -> bool:
        """Whether the film is gone."""
        return self._closed

    @property
    def usable(self) -> bool:
        """Whether the layer is a film, as far as is known; while it is being read, work waits for it."""
        return self.run is not None or self._reading is not None

    @property
    def settled(self) -> bool:
        """Whether nothing is under way: no work, no edit to be taken, no check, no reading."""
        idle = self.job is None and not self._pending and not self.edits.dirty and not self.desk.saving
        waits = self._wake.isActive() or self.masks.waiting
        return idle and not waits and not self.checks.busy and self._reading is None

    def state(self, step: str) -> State:
        """Return the state of a step of the panel."""
        if self.run is None:
            return State.FAILED if step == "enhance" and self.film_problem else State.NOT_RUN
        states = [self.run.state(stage) for stage in STAGES[step]]
        for word in (State.RUNNING, State.FAILED, State.STALE, State.NOT_RUN):
            if word in states:
                return word
        return State.STALE if self.edits.problems and step in ("features", "result") else State.DONE

    def error(self, step: str) -> str:
        """Return what went wrong in a step, empty when nothing did."""
        if self.run is None:
            return ""
        errors = [self.run.error(stage) for stage in STAGES[step]]
        return next((said(error, self.run.get("film").source) for error in errors if error is not None), "")

    def value(self, name: str, *, automatic: bool = False) -> Any:
        """Return a value of the run, None when there is none; ask :meth:`fresh` whether it still holds."""
        return None if self.run is None else self.run.get(name, automatic=automatic)

    def fresh(self, name: str) -> bool:
        """Return True when the value is what a computation now would give."""
        if self.run is None or self.edits.problems or self._reading is not None:
            return False
        return self.run.fresh(name)

    def warnings(self) -> tuple[str, ...]:
        """Return the complaints about film and masks; those of the model stand with the result.

        The checks look at every pixel, so a worker makes them once the work is done; `changed` follows.
        """
        problems = self.edits.problems.values()
        return (*problems, *self.desk.notes, *self.checks.complaints) if self.run is not None else ()

    # -- what a panel asks ----------------------------------------------------------------------------

    def configure(self, section: str, parameters: Any, *, live: bool = False) -> None:
        """Replace one section of the settings; with `live`, bring what was shown up to date at once.

        While a live answer is under way (a slider is dragged), the newest parameters wait for its end: each
        would overtake the one before, and the mask would stand still until the hand rests.
        """
        if self.run is None:
            return
        if live and self.job is not None and self.job.live:
            self._held[section] = parameters
            return
        self.run.configure(self.run.settings.model_copy(update={section: parameters}))
        if live and self.run.get("soft") is not None:
            self._want(*KINDS, *self.answers(), live=True)
        self.changed.emit()

    def run_all(self) -> None:
        """Bring everything up to date."""
        self.edits.look_again()
        self.request(*EVERYTHING)

    def run_step(self, step: str) -> None:
        """Bring one step, and what it stands on, up to date."""
        self.edits.look_again()
        self.request(*OUTPUTS[step])

    def request(self, *wanted: str) -> None:
        """Bring values up to date on a worker; what is asked while one works follows it."""
        self._want(*wanted, live=False)

    def go_on(self) -> None:
        """Take what was painted, and finish what waits for the work under way."""
        self._next()

    def take_last(self) -> None:
        """Take at once what was painted and not answered yet, and have it kept: the film is about to go."""
        if self.run is None or self._closed:
            return
        if pieces := self.edits.pieces(self.run):
            self.edits.taker(self.run, pieces)()
        self.desk.keep(reader=self.edits.reader)

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
        self.take_last()
        self.desk.finish_asked()
        self._closed = True
        self.desk.flush()
        self.blockSignals(True)
        self.cancel()
        run = self.run or self._kept
        if film_gone:
            corrected = [kind for kind in KINDS if run is not None and run.edited(kind)]
            self.layers.leave(keep=(*corrected, *self.edits.problems))
        else:
            self.layers.unfollow()
        if (layer := self._layer()) is not None:
            layer.events.data.disconnect(self._take_film)

    def show_masks(self) -> None:
        """Put the masks into their layers (again, when a person deleted one)."""
        self.masks.everything()

    def answers(self) -> tuple[str, ...]:
        """Return what an edit must bring up to date: only what was there before."""
        return tuple(name for name in ("features", "result") if self.value(name) is not None)

    # -- the film -------------------------------------------------------------------------------------

    def _take_film(self, event: Any = None) -> None:
        """Have a worker read the film: hashing, conversion and the file take longer than a blink."""
        layer = self._layer()
        if layer is None or self._closed:
            return
        token = self._reading = object()
        kept = self.run or self._kept
        before = kept.get("film") if kept is not None else None
        model, folder = self.shelf.model, preferences().autosave
        self._waits_for_model = kept is None and case_in(layer) is not None and self.shelf.loading
        if not self._waits_for_model:
            start_call(
                lambda: _outcome(token, lambda: intake(layer, before=before, model=model, autosave=folder)),
                on_result=self._on_film,
                on_error=self._on_unread,
            )
        if event is not None:
            self.changed.emit()

    def _on_unread(self, error: Exception) -> None:
        # Every error comes as an outcome; this one is of the program's own making.
        show_error(said(error, ""))

    def _on_film(self, outcome: tuple[object, Any]) -> None:
        token, got = outcome
        if self._closed or token is not self._reading:
            return
        self._reading = None
        if isinstance(got, Exception):
            # Kept for when the layer becomes a film again: there may be corrections in it.
            self._kept, self.run = self.run or self._kept, None
            self.film_problem = said(got, "")
            self.cancel()
            return
        self.film_problem = ""
        if self.run is not None or self._kept is not None:
            self.run, self._kept = self.run or self._kept, None
            self._replace_film(got.film, got.key, same=got.same)
            self.changed.emit()
            self._next()
            return
        self.desk.take(got)
        self.adopt(got)

    def adopt(self, found: Intake) -> None:
        """Go on with a film as it was found: anew, or with the run of its case."""
        from napari_tbcad.chest.workflow import start, use_model

        model = self.shelf.model
        self.run = found.run or start(found.film, self.shelf.settings(), model=model, film_key=found.key)
        if found.run is not None and found.run.get("model") is not model:
            use_model(found.run, model)
        self._held.clear()
        self.edits.begin()
        self.checks.begin()
        self.show_masks()
        self.changed.emit()
        self._next()

    def _replace_film(self, film: Radiograph, key: str, *, same: bool) -> None:
        assert self.run is not None
        old = self.run.get("film")
        self.take_last()
        self.desk.begin()
        self.run.put("film", film, key=key)
        self.checks.begin()
        if same:
            return
        self.masks.forget()
        # Another film under the same layer: a mask that was drawn on the old one means nothing on it.
        corrected = self.edits.forget(self.run)
        if old.shape != film.shape:
            self.layers.remove()
        elif corrected:
            self.show_masks()
        if corrected:
            name = Path(film.source).name
            show_info(f"{name}: another film took its place, the corrections of the old one were taken back.")

    def _on_model(self) -> None:
        from napari_tbcad.chest.workflow import use_model

        model = self.shelf.model
        if self._waits_for_model:
            self._take_film()
        if self.run is not None and self.run.get("model") is not model:
            use_model(self.run, model)
            # What the model learned from, and the preferences; the rest stays as the person set it.
            self.run.configure(self.shelf.settings(self.run.settings))
            self.checks.begin()
        self.changed.emit()
        self._next()

    # -- work -----------------------------------------------------------------------------------------

    def _want(self, *wanted: str, live: bool) -> None:
        if self._closed or (self.run is None and self._reading is None):
            return
        self._pending_live = live and (self._pending_live or not self._pending)
        self._pending = tuple(name for name in EVERYTHING if name in {*self._pending, *wanted})
        self._next()

    def _take_held(self) -> None:
        """Go on with the settings that waited for the end of a live answer."""
        held, self._held = self._held, {}
        if held and self.run is not None:
            self.run.configure(self.run.settings.model_copy(update=held))
            self._want(*KINDS, *self.answers(), live=True)

    def _on_touched(self, end_of_stroke: bool) -> None:
        """A mask layer was changed in whatever way: answer at once, but leave the canvas time to draw."""
        if end_of_stroke:
            # Now, not after the canvas has drawn the stroke: the worker computes meanwhile.
            self._next()
            self._wake.start(0)
            return
        since = (time.monotonic() - self._last_live) * 1000
        wait = 0 if since >= _REST_MS else int(_REST_MS - since)
        if not self._wake.isActive() or wait < self._wake.remainingTime():
            self._wake.start(wait)

    def _next(self) -> None:
        if self.job is not None or self.shelf.loading or self._closed or self._reading is not None:
            return
        if self.run is None:
            return
        pieces = self.edits.pieces(self.run)
        if not self._pending and not pieces:
            if not self.checks.busy and not self.checks.look(self.run):
                self.desk.save_now()
            return
        wanted, self._pending = self._pending, ()
        live, self._pending_live = not wanted or self._pending_live, False
        if pieces:
            self._last_live = time.monotonic()
            wanted = tuple(name for name in EVERYTHING if name in {*wanted, *self.answers()})
        if self.run.get("model") is None:
            wanted = tuple(name for name in wanted if name != "result")
        take = self.edits.taker(self.run, pieces, whatever=not live) if pieces else None
        self.job = Job(wanted, live=live)
        self._worker = start_job(self.run, self.job, first=take, on_value=self._on_value, on_end=self._on_end)
        if live:
            self._grey.start(_GREY_MS)
        else:
            self.changed.emit()

    def _on_value(self, name: str) -> None:
        if self._closed or self.run is None or self.job is None:
            return
        if name in KINDS:
            self.masks.ready(name)
        if not self.job.live:
            self.changed.emit()

    def _on_end(self) -> None:
        job, self.job, self._worker = self.job, None, None
        self._grey.stop()
        if self._closed or job is None:
            return
        self.masks.answered()
        if self._held:
            self._take_held()
        elif self.run is not None and job.superseded and not job.stop.is_set():
            self._want(*job.wanted, live=job.live)
        elif self.run is not None and job.error is not None and not job.live:
            show_error(said(job.error, self.run.get("film").source))
        self.desk.keep(reader=self.edits.reader)
        self.changed.emit()
        if self._pending or self.edits.dirty:
            self._next()
        else:
            # First the answer is shown, then it is looked at.
            self._wake.start(_PAINT_MS)

    def _on_checked(self, differs: bool) -> None:
        if not self._closed:
            if differs or not self.busy:
                self.changed.emit()
            self._next()


def said(error: Exception, source: str) -> str:
    """Return an error as one sentence that names the film."""
    name = Path(source).name
    text = str(error) if isinstance(error, BadInput) else f"{type(error).__name__}: {error}"
    return text if not name or name in text else f"{name}: {text}"


def _outcome(token: object, read: Any) -> tuple[object, Any]:
    """Return what `read` returns, or its complaint about the film."""
    try:
        return token, read()
    except Exception as error:  # every failure is the person's to know
        return token, error


def _timer(parent: QObject, slot: Any) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.timeout.connect(slot)
    return timer
