"""A child process that does long work: its events as a signal, a person's wishes as lines on its input.

The window's own process never does such work: the child may take what processor it gets, may be killed, and
takes nobody's window along when it runs out of memory.
"""

from __future__ import annotations

import atexit
import json
import weakref
from contextlib import suppress
from pathlib import Path

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QProcess, QProcessEnvironment, Signal

CLOSE_MS = 3_000
"""How long the end of a window waits for the step under way; what was kept before it stays."""
_KILL_MS = 1_000
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
        self._process: QProcess | None = None
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
        process = self._process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONUNBUFFERED", "1")
        environment.insert("PYTHONIOENCODING", "utf-8")
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_complaints)
        process.finished.connect(self._finish)
        process.errorOccurred.connect(self._fail)
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

    def close(self, wait_ms: int = CLOSE_MS) -> None:
        """End the child and wait for it: after its step, or at once where the step takes too long.

        Nothing is told of it any more: who would listen goes as well.
        """
        process, self._process = self._process, None
        if process is None or not isalive(process):
            return
        process.blockSignals(True)
        with suppress(RuntimeError):
            process.write(b"stop\n")
            process.closeWriteChannel()
            # What it says meanwhile is read away: a full pipe would hold it up.
            if not process.waitForFinished(wait_ms):
                process.kill()
                process.waitForFinished(_KILL_MS)
            process.deleteLater()

    # -- inside ---------------------------------------------------------------------------------------

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


@atexit.register
def _close_all() -> None:
    """Let no child outlive the program that shows it."""
    for process in list(_RUNNING):
        if isalive(process):
            process.close()
