"""The earlier scan that a scan is compared with: where it comes from, and what differs."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

from napari_tbcad.case import SUFFIX
from napari_tbcad.errors import BadInput
from napari_tbcad.memory import Memory
from napari_tbcad.widgets.work import start_call
from napari_tbcad.widgets.workflow.session import outcome, said

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.session import BoneSession

_NEEDED = ("scan", "regions", "hotspots", "table", "index")
_LATER_MS = 250
"""How long nothing may change before the comparison is made anew: the index comes first."""


class Comparing(QObject):
    """The comparison of one scan with an earlier one, brought up to date on a worker.

    Parameters
    ----------
    session : BoneSession
        The later scan; held weakly.

    Attributes
    ----------
    changed : Signal
        Something here differs.
    name : str
        What the earlier scan is called; empty without one.
    earlier : Comparable or None
        The earlier scan, once it was read.
    result : ComparisonResult or None
        The comparison; may be out of date (see `fresh`).
    error : str
        Why the earlier scan cannot be read or compared.
    """

    changed = Signal()

    def __init__(self, session: BoneSession) -> None:
        # No Qt child of the session: collected together with it, PySide6 would delete it twice.
        super().__init__()
        self._session = weakref.ref(session)
        self.name, self.error = "", ""
        self.earlier: Any = None
        self.result: Any = None
        self._made_from: tuple[Any, ...] = ()
        self._open: weakref.ref[Any] | None = None
        self._job: object | None = None
        self._memory = Memory()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_LATER_MS)
        self._timer.timeout.connect(self._compare)
        session.changed.connect(self.follow)

    @property
    def busy(self) -> bool:
        """Whether something is read or compared now."""
        return self._job is not None or self._timer.isActive()

    @property
    def fresh(self) -> bool:
        """Whether the result is that of both scans as they are."""
        return self.result is not None and _same(self._made_from, self._values())

    def take_case(self, path: str | Path, *, reader: int = -1) -> None:
        """Compare with a saved case."""

        def read() -> Any:
            # Imported by the worker: it takes longer than a blink.
            from napari_tbcad.bone.cases import analysis_of

            if Path(path).is_file() and Path(path).suffix.lower() != SUFFIX:
                raise BadInput(
                    path,
                    "a case is wanted here: open this scan in the panel, press Run all and judge it; then "
                    "choose it in the list of open scans, or save it as a case",
                )
            return analysis_of(path, reader=reader)

        self._read(Path(path).stem, read)

    def take_results(self, folder: str | Path, name: str | None = None) -> None:
        """Compare with a scan of a folder that ``bone run`` wrote; NAME where it has several."""

        def read() -> Any:
            from napari_tbcad.bone.compared import compared_from_results

            return compared_from_results(folder, name)

        self._read(name or Path(folder).name, read)

    def take_session(self, other: BoneSession) -> None:
        """Compare with another open scan, and follow what is changed there."""
        self.clear()
        self.name, self._open = other.name, weakref.ref(other)
        other.changed.connect(self.follow)
        self.follow()
        self.changed.emit()

    def clear(self) -> None:
        """Compare with nothing."""
        other = self._open() if self._open is not None else None
        if other is not None and isalive(other):
            other.changed.disconnect(self.follow)
        self._open, self._job = None, None
        self._timer.stop()
        compared = self.result is not None
        self.name, self.error, self.earlier, self.result = "", "", None, None
        self._made_from = ()
        self.changed.emit()
        if compared:
            self._tell_session()

    def complain(self, text: str) -> None:
        """Say why nothing can be compared."""
        self.clear()
        self.name, self.error = "no earlier scan", text
        self.changed.emit()

    def follow(self) -> None:
        """Compare anew, a moment later, where something differs."""
        if self._open is not None:
            self._follow_open()
        if self.earlier is not None and self._complete() and not _same(self._made_from, self._values()):
            self._timer.start()

    # -- inside ---------------------------------------------------------------------------------------

    def _follow_open(self) -> None:
        from napari_tbcad.bone.compared import ComparedScan

        other = self._open() if self._open is not None else None
        if other is None or not isalive(other) or other.closed:
            # What was compared last stays to be read.
            self._open = None
            return
        values = {name: other.value(name) for name in _NEEDED}
        if any(value is None for value in values.values()) or not other.fresh("index"):
            self.error = "" if self.earlier is not None else "Run the other scan first: it has no index yet."
            return
        if self.earlier is None or any(getattr(self.earlier, name) is not values[name] for name in _NEEDED):
            self.error, self.earlier = "", ComparedScan(**values)

    def _values(self) -> tuple[Any, ...]:
        session = self._session()
        own = () if session is None else tuple(session.value(name) for name in _NEEDED)
        return (self.earlier, *own)

    def _complete(self) -> bool:
        session = self._session()
        return (
            session is not None
            and session.fresh("index")
            and session.fresh("table")
            and all(value is not None for value in self._values())
        )

    def _read(self, name: str, read: Callable[[], Any]) -> None:
        self.clear()
        self.name = name
        self._start(read, self._on_read)
        self.changed.emit()

    def _start(self, work: Callable[[], Any], take: Callable[[Any], None]) -> None:
        token = self._job = object()
        start_call(lambda: outcome(token, work), on_result=take, on_error=self._on_failed)

    def _on_read(self, got: tuple[object, Any]) -> None:
        token, value = got
        if token is not self._job:
            return
        self._job = None
        if isinstance(value, Exception):
            self.error = said(value, self.name)
        else:
            self.earlier = value
            self.follow()
        self.changed.emit()

    def _compare(self) -> None:
        from napari_tbcad.bone.compare import compare_scans
        from napari_tbcad.bone.compared import ComparedScan

        if self._job is not None or not self._complete():
            # What is under way looks again when it ends.
            return
        made_from = self._values()
        earlier, later = made_from[0], ComparedScan(*made_from[1:])
        memory = self._memory
        self._start(lambda: (made_from, compare_scans(earlier, later, memory=memory)), self._on_compared)
        self.changed.emit()

    def _on_compared(self, got: tuple[object, Any]) -> None:
        token, value = got
        if token is not self._job:
            return
        self._job = None
        if isinstance(value, Exception):
            self.error, self.result, self._made_from = said(value, self.name), None, self._values()
        else:
            self.error = ""
            self._made_from, self.result = value
        self.changed.emit()
        self.follow()
        self._tell_session()

    def _tell_session(self) -> None:
        """Have the step of the index show the earlier index beside this one, or no longer."""
        if (session := self._session()) is not None and not session.closed:
            session.changed.emit()

    def _on_failed(self, error: Exception) -> None:
        raise error


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


_KNOWN: weakref.WeakKeyDictionary[Any, Comparing] = weakref.WeakKeyDictionary()


def comparing_of(session: BoneSession) -> Comparing:
    """Return the comparison of a scan, made on first use; all its panels share it."""
    if session not in _KNOWN:
        _KNOWN[session] = Comparing(session)
    return _KNOWN[session]
