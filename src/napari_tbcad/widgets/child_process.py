"""A child process that does long work: its events as a signal, a person's wishes as lines on its input.

The window's own process never does such work: the child may take what processor it gets, may be killed, and
takes nobody's window along when it runs out of memory.
"""

from __future__ import annotations

import atexit
import json
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QProcess, QProcessEnvironment, Signal

_ASK_MS = 100
"""How long the end of a window may take to tell the child, or to see one that was killed go."""
_TAIL = 4_000
"""Bytes kept of what the child complains about, to be told when it ends without a word."""
_LONGEST = 64 * 2**20
"""Bytes without an end of line that are waited for: nothing that the child says is as long."""

_RUNNING: weakref.WeakSet[ChildProcess] = weakref.WeakSet()


class ChildProcess(QObject):
    """One child at a time.

    Parameters
    ----------
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    said : Signal(object)
        What the child says, a dict with the key ``event``; its output is one JSON object a line.
    ended : Signal(int)
        It is gone: its exit code, -1 when it was killed, crashed or could not be started.
    """

    said = Signal(object)
    ended = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: _Process | None = None
        self._line = b""
        self._tail = b""
        _RUNNING.add(self)

    @property
    def running(self) -> bool:
        """Whether there is a child."""
        return self._process is not None

    def command(self, folder: Path) -> list[str]:
        """Return program and arguments for a folder."""
        raise NotImplementedError

    @property
    def complaint(self) -> str:
        """The last line that the child wrote to its standard error."""
        lines = [line.strip() for line in self._tail.decode("utf-8", "replace").splitlines()]
        return next((line for line in reversed(lines) if line), "")

    def start(self, folder: Path) -> None:
        """Start the child on a folder, which says what is to be done.

        Raises
        ------
        RuntimeError
            If a child is running.
        """
        if self._process is not None:
            raise RuntimeError("a child is running already")
        self._line = self._tail = b""
        process = self._process = _Process(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONUNBUFFERED", "1")
        environment.insert("PYTHONIOENCODING", "utf-8")
        process.setProcessEnvironment(environment)
        for signal, slot in self._slots(process):
            signal.connect(slot)
        # Python looks for modules in the current folder first, which may be anybody's.
        process.setWorkingDirectory(str(folder))
        program, *arguments = self.command(folder)
        process.start(program, arguments)

    def ask(self, wish: str) -> None:
        """Tell the child a wish."""
        if self._process is not None:
            self._process.write(f"{wish}\n".encode())

    def stop(self) -> None:
        """Ask the child to end after the step under way; it can be gone on with."""
        self.ask("stop")

    def kill(self) -> None:
        """End the child at once; the step under way is lost."""
        if self._process is not None:
            self._process.kill()

    def close(self, *, at_once: bool = False) -> None:
        """Let the child end by itself, after its step, and wait for nothing: the window goes.

        It knows that nobody is there any more by the end of its input, and ends within
        :data:`~napari_tbcad.batch.child.channel.GRACE` seconds. Nothing is told of it any more: who would
        listen goes as well.

        Parameters
        ----------
        at_once : bool, optional
            Kill it: nothing of what it does is worth keeping, and what it writes is to be deleted.
        """
        process, self._process = self._process, None
        if process is None or not isalive(process):
            return
        with suppress(RuntimeError):
            process.blockSignals(True)
            if at_once:
                process.kill()
                process.waitForFinished(_ASK_MS)
            else:
                process.write(b"stop\n")
                process.waitForBytesWritten(_ASK_MS)
                process.closeWriteChannel()
            process.blockSignals(False)
            for signal, slot in self._slots(process):
                signal.disconnect(slot)
            _Ending(process)

    # -- inside ---------------------------------------------------------------------------------------

    def _slots(self, process: _Process) -> tuple[tuple[Any, Callable[..., None]], ...]:
        """Return the signals of a process with what takes them."""
        return (
            (process.readyReadStandardOutput, self._read),
            (process.readyReadStandardError, self._read_complaints),
            (process.finished, self._finish),
            (process.errorOccurred, self._fail),
        )

    def _read(self) -> None:
        if self._process is None:
            return
        *lines, self._line = (self._line + self._process.readAllStandardOutput().data()).split(b"\n")
        if len(self._line) > _LONGEST:
            self._line = b""
        for line in lines:
            self._tell(line)

    def _tell(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return  # a library that prints
        if isinstance(said, dict) and isinstance(said.get("event"), str):
            self.said.emit(said)

    def _read_complaints(self) -> None:
        if self._process is not None:
            self._tail = (self._tail + self._process.readAllStandardError().data())[-_TAIL:]

    def _finish(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        self._read_complaints()
        self._end(code if status == QProcess.ExitStatus.NormalExit else -1)

    def _fail(self, error: QProcess.ProcessError) -> None:
        # All other errors are followed by the end.
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            self._tail = self._process.errorString().encode()
            self._end(-1)

    def _end(self, code: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
            self.ended.emit(code)


class _Process(QProcess):
    """A process that may be let go: Qt kills one that still runs when its object is destroyed."""

    def let_go(self) -> None:
        """Leave it to itself."""
        self.setProcessState(QProcess.ProcessState.NotRunning)


class _Ending(QObject):
    """A child whose window is gone, kept until it has ended by itself.

    What it says is read away: a full pipe would hold it up.
    """

    under_way: ClassVar[set[_Ending]] = set()

    def __init__(self, process: _Process) -> None:
        super().__init__()
        self._process = process
        process.setParent(None)
        if process.state() == QProcess.ProcessState.NotRunning:
            process.deleteLater()
            return
        self.under_way.add(self)
        process.readyReadStandardOutput.connect(self._pass_over)
        process.readyReadStandardError.connect(self._pass_over)
        process.finished.connect(self._end)
        process.errorOccurred.connect(self._end)

    def let_go(self) -> None:
        """Leave it to itself: the program ends."""
        if isalive(self._process):
            self._process.let_go()

    def _pass_over(self) -> None:
        self._process.readAllStandardOutput()
        self._process.readAllStandardError()

    def _end(self, *_: object) -> None:
        if self._process.state() == QProcess.ProcessState.NotRunning and self in self.under_way:
            self.under_way.discard(self)
            self._process.deleteLater()
            self.deleteLater()


@atexit.register
def _close_all() -> None:
    """Tell every child that the program ends; none is waited for, and none is killed in its step."""
    for process in list(_RUNNING):
        if isalive(process):
            process.close()
    for ending in list(_Ending.under_way):
        ending.let_go()
