"""A run under way: what its workers bring, and what is kept, written and told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from typing import Any

from napari_tbcad.batch.pool import Died, each_as_done
from napari_tbcad.batch.rows import Row
from napari_tbcad.batch.runs import by_hand
from napari_tbcad.batch.runs.events import RunSummary, State, StudyEvent
from napari_tbcad.batch.runs.inputs import MISSING, Study
from napari_tbcad.batch.runs.job import Job, StudyDone, do_study
from napari_tbcad.batch.runs.meanwhile import Exports
from napari_tbcad.batch.runs.standings import Again, Sorted, results, sort_out, was
from napari_tbcad.batch.runs.store import RunStore
from napari_tbcad.batch.runs.tables import LiveTables
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.result_tables import TablesBusy, tables_held
from napari_tbcad.run_folder import started_in

FEW = 10
"""So many studies are done in this process, which spares them the start of another one. A study that takes
its process with it ends such a run; the next one finds that out and is careful."""
MODELS = "models"
_PATIENCE = 2.0
"""Seconds for which a study's row waits for tables that another holds; then it comes with a later one."""


class UnderWay:
    """A run under way."""

    def __init__(
        self,
        studies: Sequence[Study],
        job: Job,
        store: RunStore,
        progress: Callable[[StudyEvent], None] | None,
        cancelled: Callable[[], bool] | None,
        say: Callable[[str], None] | None,
        begun: Callable[[int], None] | None,
    ) -> None:
        self._studies, self._job, self._store = studies, job, store
        self._progress = progress or (lambda event: None)
        self._cancelled = cancelled or (lambda: False)
        self._say = say or (lambda text: None)
        self._begun = begun or (lambda number: None)
        self._counts: dict[State, int] = {"working": 0, "done": 0, "failed": 0, "kept": 0}
        self._tables = LiveTables(job.out, job.tables, self._rows)
        self._home = started_in(job.out)
        self._unread = 0
        self._tried: set[int] | None = set()
        self._exports = Exports(studies, job, store)
        self._behind = False
        self._remote = False

    def summary(self, seconds: float) -> RunSummary:
        """Return the counts."""
        done, failed, kept = (self._counts[state] for state in ("done", "failed", "kept"))
        return RunSummary(done, failed, kept, len(self._studies) - done - failed - kept, seconds)

    def go(
        self,
        workers: int,
        scheduler: str | None,
        again: Again,
        begin: Callable[[], None],
        *,
        careful: bool,
    ) -> None:
        """Do what is to be done; where care is due, in a process that may crash.

        `begin` is called once models are loaded, and before anything of an earlier run is replaced.
        """
        try:
            todo, kept, replaced = self._sort_out(again, careful)
            for number in kept:
                self._tell(number, "kept", self._store.row(self._studies[number]))
            use = self._workers(workers, scheduler, careful or len(todo) > FEW)
            self._load(min(workers, len(todo)) if scheduler is None else min(1, len(todo)), use)
        except Cancelled:
            return
        begin()
        self._begun(len(todo))
        with tables_held(self._job.out):
            self._tell_exported(self._exports.begin(todo))
            self._replace([self._studies[n] for n in replaced if self._exports.is_waiting(n)])
            self._exports.replaced()
            self._rewrite()
        try:
            self._work(todo, use)
        except Cancelled:
            pass
        finally:
            self._tried = None
            with tables_held(self._job.out):
                self._rewrite()
            if self._unread:
                self._say(f"{results(self._unread)} there whose inputs could not be read any more: kept")

    def _sort_out(self, again: Again, careful: bool) -> Sorted:
        """Find what is to be done; a run that was broken off may have lost what its files held."""
        return sort_out(
            self._studies,
            self._job,
            self._store,
            again,
            by_content=careful,
            cancelled=self._cancelled,
            say=self._say,
        )

    def _replace(self, studies: Sequence[Study]) -> None:
        """Make way for what is done again; a person's work among it is put aside."""
        names = (study.name for study in self._studies)
        aside = by_hand.put_aside(studies, self._store, self._job, self._home, names)
        if aside is not None:
            number = len(aside.names)
            self._say(
                f"{results(number)} there {was(number)} corrected by a person and made way: "
                f"kept in {aside.place}"
            )
        self._store.forget(studies)

    def _rewrite(self) -> None:
        """Write the tables anew, with what a person exported until this moment."""
        self._take_over()
        self._tables.rewrite()
        self._behind = False

    def _workers(self, workers: int, scheduler: str | None, isolated: bool) -> dict[str, Any]:
        self._remote = scheduler is not None
        return {
            "workers": workers,
            "scheduler": scheduler,
            "cancelled": self._cancelled,
            "isolated": isolated,
            "shared": self._job.out if scheduler else None,
        }

    def _load(self, workers: int, use: Mapping[str, Any]) -> None:
        """Let the workers load models and atlas, so that one that cannot be used is said before any study.

        They stay in the workers' memory; this process, which needs none of it, holds a fraction of that.
        """
        # In other processes with a sample: what a worker comes to hold after its first item is taken for a
        # leak by the pool, from 300 MB on, and it begins anew.
        elsewhere = use["isolated"] or use["workers"] > 1 or use["scheduler"] is not None
        load = partial(_loaded, try_out=elsewhere)
        with closing(each_as_done(load, [self._job] * workers, **use)) as outcomes:
            for _, outcome in outcomes:
                if isinstance(outcome, Died):
                    raise BadInput(MODELS, f"they cannot be loaded: {outcome.reason}")

    def _work(self, todo: Sequence[int], use: Mapping[str, Any]) -> None:
        given: list[int] = []

        def studies() -> Iterator[Study]:
            for number in todo:
                if not self._was_exported(number):
                    given.append(number)
                    yield self._exports.handed(number)

        outcomes = each_as_done(
            partial(do_study, job=self._job),
            studies(),
            on_start=lambda place: self._tell(given[place], "working"),
            **use,
        )
        with closing(outcomes):
            for place, outcome in outcomes:
                self._take(given[place], outcome)

    def _tell_exported(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            study = self._studies[number]
            if self._tried is not None:
                self._tried.add(number)
            self._say(f"{study.name}: exported by a person meanwhile, kept")
            self._tell(number, "done", self._store.row(study))

    def _take(self, number: int, outcome: StudyDone | Died) -> None:
        """Keep what came of a study: first in the journal, then in the tables, then it is told."""
        study, died = self._studies[number], isinstance(outcome, Died)
        if isinstance(outcome, Died):
            message = f"{study.path.name}: {outcome.reason}"
            row = Row({"file": "", "status": "error", "message": message, "seconds": None})
            outcome = StudyDone(row, "")
        elif self._remote and _is_missing_there(study, outcome.row):
            message = f"{outcome.row.result['message']} on the cluster's worker: it must see the same folders"
            outcome = replace(outcome, row=Row({**outcome.row.result, "message": message}))
        if not outcome.row.ok and self._was_exported(number):
            return
        stays = not outcome.row.ok and not outcome.key and not died and self._store.keep_earlier(study)
        if stays:  # it was there before, and cannot be read now
            self._unread += 1
        else:
            self._store.add(study, outcome, painted=outcome.row.ok and self._gave_own(study))
        if not self._exports.is_waiting(number):  # exported at the very moment its files were written
            self._behind = True
            return
        self._exports.done(number)
        if self._tried is not None:
            self._tried.add(number)
        row = self._store.row(study)
        try:
            with tables_held(self._job.out, _PATIENCE):
                # A person's export may have come between the worker's last look and this.
                exported = self._store.is_done(study) and self._store.was_changed(study)
                if self._behind or exported or self._tables.must_be_rewritten(row):
                    self._rewrite()
                    row = self._store.row(study)
                else:
                    self._tables.append(row)
        except TablesBusy:
            self._behind = True
        self._tell(number, "kept" if stays else "done" if row.ok else "failed", row)

    def _was_exported(self, number: int) -> bool:
        """Tell whether a person exported a study that is still to be done, or that a worker left alone."""
        if self._exports.is_waiting(number) and self._exports.was_written(number):
            with suppress(TablesBusy), tables_held(self._job.out, _PATIENCE):
                self._tell_exported(self._exports.adopt([number]))
        return not self._exports.is_waiting(number)

    def _gave_own(self, study: Study) -> bool:
        """Tell whether a study was made from masks in the folder itself, where a person painted them."""
        out = self._job.out.resolve()
        return any(path.resolve().is_relative_to(out) for path in self._job.given(study.name))

    def _tell(self, number: int, state: State, row: Row | None = None) -> None:
        self._counts[state] += 1
        self._progress(StudyEvent(number, self._studies[number].name, state, row))

    def _take_over(self) -> None:
        """Take over what a person exported while the run went on, which tables written anew would not say."""
        changed = [
            study for study in self._studies if self._store.is_done(study) and self._store.was_changed(study)
        ]
        by_hand.adopt(changed, self._store, self._job.tables)
        self._tell_exported(self._exports.adopt())
        failed = [n for n, study in enumerate(self._studies) if self._store.has_failed(study)]
        names = (study.name for study in self._studies)
        tried = [self._studies[n] for n in failed if not self._exports.is_waiting(n)]
        by_hand.adopt_instead(tried, self._store, self._job, names, earlier=False)

    def _rows(self) -> Iterator[Row]:
        """Yield the rows there are, in the studies' order.

        While the run goes on, an error of an earlier run is no row: the study gets a new one.
        """
        for number, study in enumerate(self._studies):
            has_row = self._store.is_done(study) or self._tried is None or number in self._tried
            if has_row and self._store.has_row(study):
                yield self._store.row(study)


def _loaded(job: Job, try_out: bool) -> None:
    """Load what a job needs; called in the workers."""
    try:
        job.load(try_out=try_out)
    except (OSError, MemoryError) as error:
        raise BadInput(MODELS, f"they cannot be loaded ({type(error).__name__}: {error})") from error


def _is_missing_there(study: Study, row: Row) -> bool:
    """Tell whether a worker elsewhere did not find a file that is here."""
    missing = not row.ok and str(row.result["message"]).endswith((MISSING, "no such file"))
    return missing and all(path.exists() for path in study.paths)
