"""Code is imported on a worker while the window lives on: at once, it would hold it up for a second or two.

A panel's code brings a hundred modules of this project and, with scipy, pandas or scikit-learn, several
hundred more. A worker imports them, one job at a time; the window gets the interpreter in between. None of
this project's modules imports another in a circle (tests/test_rooms.py), so that whoever needs one that is
just being imported waits for it, and finds it whole.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import ClassVar

from qtpy.QtCore import QEventLoop, QObject, Qt, QThread
from qtpy.QtGui import QGuiApplication
from superqt.utils import create_worker

from napari_tbcad.widgets.collecting import collect_here_while, spare_what_is_there


class Importing(QObject):
    """Imports modules on a worker, from its making on.

    Parameters
    ----------
    names : sequence of str
        The modules.
    then : callable, optional
        Done on the worker afterwards.

    Attributes
    ----------
    done : bool
        Whether it came to its end; only then is all of it there.
    error : Exception or None
        Why it ended early.
    whole : set of str
        Modules that were imported to their end: those of `sys.modules` may be half made.
    """

    whole: ClassVar[set[str]] = set()
    _under_way: ClassVar[set[Importing]] = set()
    _one_at_a_time = threading.Lock()

    def __init__(self, names: Sequence[str], then: Callable[[], object] | None = None) -> None:
        super().__init__()
        self._then = then
        self.done = False
        self.error: Exception | None = None
        self._loops: list[QEventLoop] = []
        self._over = threading.Event()
        self._under_way.add(self)
        self._worker = create_worker(self._import, tuple(names), _start_thread=False)
        self._worker.finished.connect(self._end)  # type: ignore[arg-type]
        collect_here_while(self._worker)
        self._worker.start()

    def wait(self) -> None:
        """Let the window live until everything is there; only what a person does waits, too.

        Raises
        ------
        Exception
            What an import failed with.
        """
        QGuiApplication.setOverrideCursor(Qt.CursorShape.BusyCursor)
        try:
            if not self.done:
                loop = QEventLoop()
                self._loops.append(loop)
                live_in(loop)
                # Once the program is ending no loop runs any more.
                self._over.wait()
        finally:
            QGuiApplication.restoreOverrideCursor()
        if self.error is not None:
            raise self.error

    def _import(self, names: tuple[str, ...]) -> None:
        try:
            with self._one_at_a_time:
                for name in names:
                    import_module(name)
                    self.whole.add(name)
                if self._then is not None:
                    self._then()
        except BaseException as error:  # told by who waits for it, or by who needs the module
            self.error = as_exception(error)
        finally:
            self._over.set()

    def _end(self) -> None:
        self.done = True
        self._under_way.discard(self)
        # What was imported stays: no search for garbage needs to look at it again.
        spare_what_is_there()
        for loop in self._loops:
            loop.quit()


def as_exception(error: BaseException) -> Exception:
    """Return what ended a worker so that the window can raise it: a SystemExit there would end the program.

    Nothing may escape from a worker: superqt tells nobody of the end of one that did not raise an Exception.
    """
    if isinstance(error, Exception):
        return error
    told = RuntimeError(f"{type(error).__name__}: {error}")
    told.__cause__ = error
    return told


def live_in(loop: QEventLoop) -> None:
    """Run an event loop until it is left: the window paints and answers timers, workers deliver.

    Clicks and keys come afterwards: nobody closes a window that a panel is just being made for.
    """
    loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)


def import_alive(*names: str, then: Callable[[], object] | None = None) -> None:
    """Import modules while the window lives on; at once where there is no window, or another thread asks.

    Parameters
    ----------
    *names : str
        The modules; where all of them are there, nothing is done.
    then : callable, optional
        Done on the worker afterwards; not without a window.

    Raises
    ------
    Exception
        What an import failed with.
    """
    missing = [name for name in names if name not in Importing.whole]
    if not missing:
        return
    app = QGuiApplication.instance()
    # A program without windows (QCoreApplication) has no cursor to change, and nothing that could stand.
    if not isinstance(app, QGuiApplication) or QThread.currentThread() is not app.thread():
        for name in missing:
            import_module(name)
        return
    Importing(missing, then).wait()


def import_soon(*names: str, then: Callable[[], object] | None = None) -> Importing | None:
    """Begin to import modules that are going to be needed; None where all are there."""
    missing = [name for name in names if name not in Importing.whole]
    return Importing(missing, then) if missing else None
