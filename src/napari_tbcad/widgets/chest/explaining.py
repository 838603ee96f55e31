"""The evidence for a film's decision, worked out on a worker when a person asks for it."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_tbcad.chain import Run
from napari_tbcad.errors import Cancelled
from napari_tbcad.widgets.work import start_call

if TYPE_CHECKING:
    from napari_tbcad.chest.explain import Explanation
    from napari_tbcad.widgets.chest.session import ChestSession

_REST_MS = 400
"""Nothing is explained while a person still paints: every stroke would be explained for nothing."""
_TELL_MS = 100


@dataclass
class _Asked:
    """One explanation under way: of which result, how far, and whether it is still wanted."""

    key: str
    share: float = 0.0
    stop: threading.Event = dataclass_field(default_factory=threading.Event)


class Explaining(QObject):
    """Explains the decision of one session while that is wanted; a newer result overtakes an older one.

    Parameters
    ----------
    session : ChestSession
        Held weakly; the Qt parent.

    Attributes
    ----------
    changed : Signal
        Something is shown otherwise: begun, further on, done, failed.
    wanted : bool
        Whether a person wants to see it.
    found : Explanation or None
        The last one.
    problem : str
        Why there is none.
    """

    changed = Signal()

    def __init__(self, session: ChestSession) -> None:
        super().__init__(session)
        self._session = weakref.ref(session)
        self.wanted = False
        self.found: Explanation | None = None
        self.problem = ""
        self._key = ""
        self._asked: _Asked | None = None
        self._wake, self._tell = QTimer(self), QTimer(self)
        self._wake.setSingleShot(True)
        self._wake.timeout.connect(self._start)
        self._tell.setInterval(_TELL_MS)
        self._tell.timeout.connect(self.changed)
        session.changed.connect(self.look)

    @property
    def busy(self) -> bool:
        """Whether one is under way or about to be."""
        return self._asked is not None or self._wake.isActive()

    @property
    def share(self) -> float:
        """How much of the one under way is done, 0 to 1."""
        return 0.0 if self._asked is None else self._asked.share

    @property
    def fresh(self) -> bool:
        """Whether what was found explains the result that stands."""
        return self.found is not None and self._key == self._now()

    def want(self, wanted: bool) -> None:
        """Explain, or stop."""
        self.wanted = wanted
        if not wanted:
            self.cancel()
        if (session := self._session()) is not None:
            session.changed.emit()
        self.changed.emit()

    def cancel(self) -> None:
        """Stop the one under way; what was found stays."""
        self._wake.stop()
        self._tell.stop()
        if self._asked is not None:
            self._asked.stop.set()
            self._asked = None

    def forget(self) -> None:
        """Know of nothing: another film begins."""
        self.cancel()
        self.found, self.problem, self._key = None, "", ""

    def look(self) -> None:
        """Follow the session: begin where there is something new to explain, stop where it was overtaken."""
        now = self._now()
        if self._asked is not None and self._asked.key != now:
            self.cancel()
        if self.wanted and now and now != self._key and self._asked is None:
            self._wake.start(_REST_MS)

    def _now(self) -> str:
        """Return the key of the result that stands; empty while there is none to explain, or it is hidden."""
        session = self._session()
        if session is None or session.run is None or session.closed or session.look.evidence.hidden():
            return ""
        result = session.value("result")
        if result is None or not result.deciding_stage or not session.fresh("result"):
            return ""
        return session.run.key("result") or ""

    def _start(self) -> None:
        session, now = self._session(), self._now()
        if session is None or session.run is None or not self.wanted or not now or now == self._key:
            return
        if not session.settled:
            self._wake.start(_REST_MS)
            return
        asked = self._asked = _Asked(now)
        run = session.run.snapshot()
        start_call(lambda: _explained(run, asked), on_result=self._take, on_error=self._refuse)
        self._tell.start()
        self.changed.emit()

    def _take(self, answer: tuple[_Asked, Explanation | None, Exception | None]) -> None:
        asked, found, error = answer
        if asked is not self._asked:
            return  # overtaken, or not wanted any more
        self._asked = None
        self._tell.stop()
        self._key, self.found = asked.key, found
        self.problem = "" if error is None else f"The decision could not be explained: {error}"
        self.changed.emit()
        if (session := self._session()) is not None:
            session.look.refresh()

    def _refuse(self, error: Exception) -> None:
        raise error  # every failure comes as an answer


def _explained(run: Run, asked: _Asked) -> tuple[_Asked, Any, Exception | None]:
    from napari_tbcad.chest.explain import explain

    def report(share: float, what: str) -> None:
        asked.share = share

    try:
        return asked, explain(run, progress=report, cancelled=asked.stop.is_set), None
    except Cancelled:
        return asked, None, None
    except Exception as error:  # told in the step
        return asked, None, error
