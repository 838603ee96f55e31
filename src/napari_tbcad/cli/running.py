"""What ``chest run`` and ``bone run`` share: a line a study, the time left, and an end in order."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, Protocol

import typer

from napari_tbcad.errors import BadInput

if TYPE_CHECKING:
    from types import FrameType

    from napari_tbcad.batch.rows import Row
    from napari_tbcad.batch.runs.inputs import Study
    from napari_tbcad.batch.runs.job import Job
    from napari_tbcad.batch.runs.run import RunSummary, StudyEvent

BROKEN_OFF = 130
"""Exit code after a second Ctrl+C, as of programs that SIGINT ends."""

_WORTH_SAYING = 10.0
"""Seconds left from which a line says so."""


class Again(StrEnum):
    """Which studies of a folder that has results are done."""

    unfinished = "unfinished"
    failed = "failed"
    all = "all"


AgainOption = Annotated[
    Again,
    typer.Option(
        "--again",
        help="Where --out has results: do what is unfinished or failed, only what failed, or all anew.",
    ),
]


class Line(Protocol):
    """Prints the line of one study."""

    def __call__(self, done: int, total: int, row: Row, left: str = "") -> None:
        """Print it; `left` is said behind the seconds."""


def names_told(paths: Iterable[str | Path]) -> Callable[[str], str]:
    """Return what calls a file by its name, or by its path where two have that name."""
    counted = Counter(Path(path).name for path in paths)

    def name_of(path: str) -> str:
        name = Path(path).name
        return name if counted[name] < 2 else str(path)

    return name_of


class Teller:
    """Hears of a run and prints a line a study.

    Parameters
    ----------
    total : int
        Studies.
    line : callable
        Prints a line.
    """

    def __init__(self, total: int, line: Line) -> None:
        self._total, self._line = total, line
        self._kept, self._done = 0, 0
        self._pace: Callable[[], str] | None = None

    @property
    def begun(self) -> bool:
        """Whether the work on a study began."""
        return self._pace is not None

    def __call__(self, event: StudyEvent) -> None:
        """Print a line for a study that is done or failed; those that are kept are only counted."""
        if event.state == "kept":
            self._kept += 1
            return
        if self._pace is None:
            self._pace = _pace(self._total - self._kept)
            if self._kept:
                typer.echo(f"{self._kept} of {self._total} were done before: kept")
        if event.row is not None:
            self._done += 1
            self._line(self._kept + self._done, self._total, event.row, self._pace())


def _pace(number: int) -> Callable[[], str]:
    """Return what counts a study as done and says the time left, "" where that is not worth a word."""
    from napari_tbcad.batch.runs.pace import Pace
    from napari_tbcad.durations import left_in_words

    pace = Pace(number)

    def tick() -> str:
        pace.tick()
        left = pace.left()
        return f"; {left_in_words(left)}" if left is not None and left > _WORTH_SAYING else ""

    return tick


def carry_out(
    studies: Sequence[Study],
    job: Job,
    line: Line,
    *,
    things: str,
    workers: int,
    scheduler: str | None,
    again: Again,
) -> NoReturn:
    """Do a run, say how it ended and leave with its exit code: 0 when every study is processed, else 1."""
    from napari_tbcad.batch.given import by_programs
    from napari_tbcad.batch.runs.run import run_studies

    if programs := by_programs(studies, job):
        typer.echo(programs)
    teller = Teller(len(studies), line)
    try:
        with ended_in_order() as cancelled:
            summary = run_studies(
                studies,
                job,
                workers=workers,
                scheduler=scheduler,
                again=again.value,
                progress=teller,
                cancelled=cancelled,
                say=typer.echo,
            )
    except BadInput as error:
        if not teller.begun:
            raise
        typer.echo(f"error: {error}\nthe same command goes on with what is left", err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        typer.echo("broken off: the same command goes on", err=True)
        raise typer.Exit(BROKEN_OFF) from None
    typer.echo(told(summary, things, job))
    raise typer.Exit(0 if summary.complete else 1)


def told(summary: RunSummary, things: str, job: Job) -> str:
    """Return how a run ended, in a sentence, and how to go on."""
    good = summary.done + summary.kept
    kept = f", {summary.kept} of them before" if summary.kept and summary.done else ""
    kept = ", all of them before" if summary.kept and not (summary.done or summary.failed) else kept
    text = f"{good} of {summary.total} {things} done{kept}; results in {job.out}"
    if summary.failed:
        why = f"the column message of {job.out / 'results.csv'} says why"
        text += f"\n{summary.failed} failed: {why}; the same command tries again"
    if summary.left:
        text += f"\n{summary.left} left: the same command goes on with them"
    return text


@contextmanager
def ended_in_order() -> Iterator[Callable[[], bool]]:
    """Yield what tells whether Ctrl+C was pressed, or the process was asked to end.

    The first time lets the run end in order; a second Ctrl+C breaks it off, which loses only the studies in
    work.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        typer.echo("stopping in order; Ctrl+C again breaks off", err=True)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
