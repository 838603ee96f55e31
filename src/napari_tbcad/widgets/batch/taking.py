"""A study that was just opened, brought to where its batch had it, and held against what the batch wrote."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_tbcad.widgets.batch.as_before import AsBefore, Build
from napari_tbcad.widgets.chest.opening import worked_on
from napari_tbcad.widgets.work import start_call, timer

AS_LEFT = "As you left it: what you corrected stands."
_READING, _BUILDING, _BUILT, _ADOPTING, _COMPUTING = range(5)
_AGAIN_MS = 60


class Taking(QObject):
    """Brings the session of a study to where the batch had it.

    Parameters
    ----------
    session : Session
        Of the study.
    build : callable
        Makes what it goes on with.
    parent : QObject
        Qt parent.

    Attributes
    ----------
    ended : Signal(str)
        It is computed, and how it compares with what the batch wrote; or it was left as a person had it.
    failed : Signal(str)
        It cannot be had as in the batch or compared with it, and why.
    busy : bool
        Whether that is under way.
    """

    ended = Signal(str)
    failed = Signal(str)

    def __init__(self, session: Any, build: Build, parent: QObject) -> None:
        super().__init__(parent)
        self._session: Any = session
        self._build = build
        self._made: AsBefore | None = None
        self._stage = _READING
        self.busy = False
        self._again = timer(self, self._look)

    def go(self) -> None:
        """Begin as soon as the study is read."""
        self.busy = True
        self._session.changed.connect(self._look)
        self._look()

    def drop(self) -> None:
        """Do no more."""
        session, self._session, self.busy = self._session, None, False
        self._again.stop()
        if session is not None and isalive(session):
            with suppress(TypeError, RuntimeError):
                session.changed.disconnect(self._look)

    # -- inside ---------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Go on when what is under way is done; what a session does by itself is not always told."""
        session = self._session
        if session is None or not isalive(session) or session.closed:
            self.drop()
        elif session.film_problem:
            self.drop()
            self.failed.emit(session.film_problem)
        elif self._stage == _COMPUTING:
            self._compare()
        elif session.run is None or not session.settled or session.waits:
            self._again.start(_AGAIN_MS)
        elif worked_on(session.run):  # meanwhile: nothing of that may be lost
            self.drop()
            self.ended.emit(AS_LEFT)
        elif self._stage == _READING:
            self._stage = _BUILDING
            run, build = session.run, self._build
            start_call(lambda: build(run), on_result=self._take, on_error=self._fail)
        elif self._stage == _BUILT and self._made is not None:
            # Not while the session computes: the answer would come to another run than it was asked of.
            self._stage = _ADOPTING
            session.adopt(self._made.intake)
            session.run_all()
            self._stage = _COMPUTING
            self._look()

    def _take(self, made: AsBefore) -> None:
        self._made, self._stage = made, _BUILT
        self._look()

    def _compare(self) -> None:
        session, made = self._session, self._made
        if made is None:
            return
        if session.busy or not all(session.fresh(name) for name in made.values):
            if session.settled:  # nothing more will come
                self.drop()
                self.ended.emit("Not as in the batch: a stage was stopped or failed, as its panel says.")
            else:
                self._again.start(_AGAIN_MS)
            return
        values, check = {name: session.value(name) for name in made.values}, made.check
        self.drop()
        self.busy = True
        start_call(lambda: check(values), on_result=self._end, on_error=self._fail_to_compare)

    def _end(self, said: str) -> None:
        self.busy = False
        self.ended.emit(said)

    def _fail_to_compare(self, error: Exception) -> None:
        self.busy = False
        self.failed.emit(
            f"{_sentence(error)} It is measured as in the batch, and not compared with its files."
        )

    def _fail(self, error: Exception) -> None:
        session = self._session
        self.drop()
        if session is not None and isalive(session) and not session.closed:
            session.run_all()  # with the person's own settings: better than nothing, and it is said
        self.failed.emit(f"{_sentence(error)} It is shown with your own settings.")


def _sentence(error: Exception) -> str:
    return f"{str(error).rstrip('.')}."
