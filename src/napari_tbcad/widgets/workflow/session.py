"""One study on its way through a chain, between a viewer's layers and the run that computes."""

from __future__ import annotations

import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from napari.utils.notifications import show_error
from qtpy.QtCore import QObject, Signal

from napari_tbcad.chain import Run, State
from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.proxies import bare
from napari_tbcad.widgets.work import Job, start_job, timer
from napari_tbcad.widgets.workflow.edits import LayerEdits

_REST_MS = 60
"""Least time from one live answer to the next while a stroke goes on: the canvas needs the processor, too."""
_GREY_MS = 150
"""An answer that takes longer than this is greyed meanwhile; a shorter one would only flicker."""
_PAINT_MS = 15
"""Time for the panel to be drawn before the window is held up again."""


class Session(QObject):
    """The state of one study: run, work under way, problems. A panel shows it, any number may.

    What is asked for while work goes on follows it; an answer to an edit that was overtaken is dropped.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.

    Attributes
    ----------
    changed : Signal
        Anything that a panel shows may differ.
    run : Run or None
        None while the study is being read, or while it cannot be used (see `film_problem`).
    film_problem : str
        Why it cannot be used.
    stages : mapping of str to tuple of str
        Stages of the chain behind each step of the panel.
    outputs : mapping of str to tuple of str
        What running one step alone brings up to date.
    everything : tuple of str
        What *Run all* brings up to date, in order.
    edits : LayerEdits
        What a person did to the label layers.
    wishes : dict of str to parameters
        Sections of the settings that a person changed since the study was opened.
    """

    changed = Signal()
    stages: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    outputs: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    everything: ClassVar[tuple[str, ...]] = ()
    edits: LayerEdits

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = weakref.ref(bare(viewer))
        self.run: Run | None = None
        self.film_problem = ""
        self.wishes: dict[str, Any] = {}
        self.job: Job | None = None
        self._worker: Any = None
        self._pending: tuple[str, ...] = ()
        self._pending_live = False
        self._held: dict[str, Any] = {}
        self._closed = False
        self._reading: object | None = None
        self._last_live = 0.0
        self._wake = timer(self, self.go_on)
        self._grey = timer(self, self.changed.emit)

    # -- what a workflow says -------------------------------------------------------------------------

    @property
    def waits(self) -> bool:
        """Whether work must wait for something, such as a model being read."""
        return False

    @property
    def waiting_for(self) -> str:
        """What is waited for, while nothing is computed yet."""
        return "reading"

    def answers(self) -> tuple[str, ...]:
        """Return what an edit must bring up to date: only what was there before."""
        raise NotImplementedError

    def live_values(self, section: str) -> tuple[str, ...]:
        """Return what a live change of a section's settings brings up to date; nothing before a first run."""
        raise NotImplementedError

    def unedited_only(self, step: str) -> bool:
        """Return True for a step that is out of date while something painted cannot be used."""
        return False

    def allowed(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Return which of these values can be computed at all."""
        return wanted

    def alarming(self, error: Exception) -> bool:
        """Return whether a person is told of an error at once, beside what the step says."""
        return True

    def source(self) -> str:
        """Return the study's path or name, for messages."""
        return "" if self.run is None else str(self.run.get(self.run.chain.inputs[0]).source)

    def warnings(self) -> tuple[str, ...]:
        """Return what is complained about."""
        raise NotImplementedError

    def settled_down(self) -> None:
        """Nothing is left to compute."""

    def value_made(self, name: str) -> None:
        """A value was computed."""

    def job_ended(self) -> None:
        """The work is done, failed or was stopped."""

    # -- what a panel shows ---------------------------------------------------------------------------

    @property
    def viewer(self) -> Any:
        """The viewer while it lives."""
        return self._viewer()

    @property
    def busy(self) -> bool:
        """Whether work that a person asked for is under way or about to be."""
        waiting = bool(self._pending) and not self._pending_live
        return (self.job is not None and not self.job.live) or waiting

    @property
    def closed(self) -> bool:
        """Whether the study is gone."""
        return self._closed

    @property
    def usable(self) -> bool:
        """Whether the study can be worked on, as far as is known; while it is being read, work waits."""
        return self.run is not None or self._reading is not None

    @property
    def settled(self) -> bool:
        """Whether nothing is under way: no work, no edit to be taken, no reading."""
        idle = self.job is None and not self._pending and not self.edits.dirty
        return idle and not self._wake.isActive() and self._reading is None

    def state(self, step: str) -> State:
        """Return the state of a step of the panel."""
        if self.run is None:
            return State.FAILED if step == next(iter(self.stages)) and self.film_problem else State.NOT_RUN
        states = [self.run.state(stage) for stage in self.stages[step]]
        for word in (State.RUNNING, State.FAILED, State.STALE, State.NOT_RUN):
            if word in states:
                return word
        return State.STALE if self.edits.problems and self.unedited_only(step) else State.DONE

    def error(self, step: str) -> str:
        """Return what went wrong in a step, empty when nothing did."""
        if self.run is None:
            return ""
        errors = [self.run.error(stage) for stage in self.stages[step]]
        return next((said(error, self.source()) for error in errors if error is not None), "")

    def value(self, name: str, *, automatic: bool = False) -> Any:
        """Return a value of the run, None when there is none; ask :meth:`fresh` whether it still holds."""
        return None if self.run is None else self.run.get(name, automatic=automatic)

    def fresh(self, name: str) -> bool:
        """Return True when the value is what a computation now would give."""
        if self.run is None or self.edits.problems or self._reading is not None:
            return False
        return self.run.fresh(name)

    # -- what a panel asks ----------------------------------------------------------------------------

    def configure(self, section: str, parameters: Any, *, live: bool = False) -> None:
        """Replace one section of the settings; with `live`, bring what was shown up to date at once.

        While a live answer is under way (a slider is dragged), the newest parameters wait for its end: each
        would overtake the one before, and the picture would stand still until the hand rests.
        """
        if self.run is None:
            return
        if parameters != getattr(self.run.settings, section):
            self.wishes[section] = parameters
        if live and self.job is not None and self.job.live:
            self._held[section] = parameters
            return
        self.run.configure(self.run.settings.model_copy(update={section: parameters}))
        if live and (wanted := self.live_values(section)):
            self._want(*wanted, live=True)
        self.changed.emit()

    def run_all(self) -> None:
        """Bring everything up to date."""
        self.edits.look_again()
        self.request(*self.everything)

    def run_step(self, step: str) -> None:
        """Bring one step, and what it stands on, up to date."""
        self.edits.look_again()
        self.request(*self.outputs[step])

    def request(self, *wanted: str) -> None:
        """Bring values up to date on a worker; what is asked while one works follows it."""
        self._want(*wanted, live=False)

    def cancel(self) -> None:
        """Stop the work under way and forget what was to follow."""
        self._pending = ()
        if self.job is not None:
            self.job.stop.set()
        self.changed.emit()

    def go_on(self) -> None:
        """Take what was painted, and finish what waits for the work under way."""
        if self.job is not None or self.waits or self._closed or self._reading is not None:
            return
        if self.run is None:
            return
        pieces = self.edits.pieces(self.run)
        if not self._pending and not pieces:
            self.settled_down()
            return
        wanted, self._pending = self._pending, ()
        live, self._pending_live = not wanted or self._pending_live, False
        if pieces:
            self._last_live = time.monotonic()
            wanted = tuple(name for name in self.everything if name in {*wanted, *self.answers()})
        wanted = self.allowed(wanted)
        take = self.edits.taker(self.run, pieces, whatever=not live) if pieces else None
        self.job = Job(wanted, live=live)
        self._worker = start_job(self.run, self.job, first=take, on_value=self._on_value, on_end=self._on_end)
        if live:
            self._grey.start(_GREY_MS)
        else:
            self.changed.emit()

    def take_last(self) -> None:
        """Take at once what was painted and not answered yet: the study is about to go."""
        if self.run is None or self._closed:
            return
        self.edits.settle(self.run)

    # -- inside ---------------------------------------------------------------------------------------

    def _go_on_with(self, run: Run) -> None:
        """Put another run in the place of the one there was; what is wanted of it waits for the job's end.

        Nothing reaches it that was computed, or chosen, for the run before.
        """
        if self.job is not None:
            self.job.given_up = True
            self.job.stop.set()
        self._held.clear()
        self.run = run

    def _want(self, *wanted: str, live: bool) -> None:
        if self._closed or (self.run is None and self._reading is None):
            return
        self._pending_live = live and (self._pending_live or not self._pending)
        self._pending = tuple(name for name in self.everything if name in {*self._pending, *wanted})
        self.go_on()

    def _take_held(self) -> None:
        """Go on with the settings that waited for the end of a live answer."""
        held, self._held = self._held, {}
        if held and self.run is not None:
            self.run.configure(self.run.settings.model_copy(update=held))
            self._want(*(name for section in held for name in self.live_values(section)), live=True)

    def _on_touched(self, end_of_stroke: bool) -> None:
        """A label layer was changed in whatever way: answer at once, but leave the canvas time to draw."""
        if end_of_stroke:
            # Now, not after the canvas has drawn the stroke: the worker computes meanwhile.
            self.go_on()
            self._wake.start(0)
            return
        since = (time.monotonic() - self._last_live) * 1000
        wait = 0 if since >= _REST_MS else int(_REST_MS - since)
        if not self._wake.isActive() or wait < self._wake.remainingTime():
            self._wake.start(wait)

    def _on_value(self, name: str) -> None:
        if self._closed or self.run is None or self.job is None or self.job.given_up:
            return
        self.value_made(name)
        if not self.job.live:
            self.changed.emit()

    def _on_end(self) -> None:
        job, self.job, self._worker = self.job, None, None
        self._grey.stop()
        if self._closed or job is None:
            return
        if not job.given_up:
            self.job_ended()
        if self._held:
            self._take_held()
        elif job.given_up:
            pass  # what it failed in is not there any more
        elif self.run is not None and job.superseded and not job.stop.is_set():
            self._want(*job.wanted, live=job.live)
        elif self.run is not None and job.error is not None and not job.live and self.alarming(job.error):
            show_error(said(job.error, self.source()))
        self.changed.emit()
        if self._pending or self.edits.dirty:
            self.go_on()
        else:
            # First the answer is shown, then it is looked at.
            self._wake.start(_PAINT_MS)


def said(error: Exception, source: str) -> str:
    """Return an error as one sentence that names the study."""
    name = Path(source).name
    text = str(error) if isinstance(error, BadInput) else f"{type(error).__name__}: {error}"
    return text if not name or name in text else f"{name}: {text}"


def outcome(token: object, read: Any) -> tuple[object, Any]:
    """Return what `read` returns, or its complaint, with the token of who asked."""
    try:
        return token, read()
    except Exception as error:  # every failure is the person's to know
        return token, error
