"""Fits carried out in several processes and kept on disk, so that a run that was killed repeats few."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tbcad import __version__
from napari_tbcad.batch.pool import each
from napari_tbcad.content import content_key, digest
from napari_tbcad.evaluate.fitting import FitJob, Fitted, fit_one
from napari_tbcad.journal import Journal, read_journal

if TYPE_CHECKING:
    import pandas as pd

Tell = Callable[[int, int, float, str], None]
"""Called with fits done, fits wanted, seconds left of them, and what was fitted last."""


class KeptFits:
    """Carries out fits: a :data:`napari_tbcad.evaluate.fitting.Fits` with a memory on disk.

    Parameters
    ----------
    path : Path
        Journal of fits; made with its folder when missing.
    workers : int
        Local processes.
    tell : callable, optional
        See :data:`Tell`.
    cancelled : callable, optional
        Asked between fits.
    keep : callable, optional
        Says of a job whether its fitted classifier is wanted.
    have, take : callable, optional
        ``have(key, job)`` says whether the classifier is kept from before; ``take(key, job, fitted)`` is
        given each one that was fitted now, before the fit counts as done.
    """

    def __init__(
        self,
        path: Path,
        *,
        workers: int = 1,
        tell: Tell | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._known = {line["key"]: line for line in read_journal(path)}
        self._journal = Journal(path)
        self._workers, self.tell, self._cancelled = workers, tell, cancelled
        self.keep: Callable[[FitJob], bool] = lambda job: False
        self.have: Callable[[str, FitJob], bool] = lambda key, job: True
        self.take: Callable[[str, FitJob, Fitted], None] = lambda key, job, fitted: None

    def __call__(self, jobs: Sequence[FitJob]) -> Iterator[Fitted]:
        """Yield what became of each job, in order; those that are known are not repeated."""
        keys = _keys(jobs)
        wanted = [
            (key, self._asked(job))
            for key, job in zip(keys, jobs, strict=True)
            if key not in self._known or (self.keep(job) and not self.have(key, job))
        ]
        fresh = iter(self._fitted(wanted))
        new = {key for key, _ in wanted}
        for key, job in zip(keys, jobs, strict=True):
            if key in new:
                new.discard(key)
                yield next(fresh)
            else:
                yield _restored(self._known[key], job)

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()

    def _asked(self, job: FitJob) -> FitJob:
        from dataclasses import replace

        return replace(job, keep_model=True) if self.keep(job) else job

    def _fitted(self, wanted: Sequence[tuple[str, FitJob]]) -> Iterator[Fitted]:
        began = time.monotonic()
        jobs = [job for _, job in wanted]
        # One process is soon busy with small fits; the pool is worth its start for many.
        workers = self._workers if len(jobs) > 4 else 1
        outcomes = each(fit_one, jobs, workers=workers, cancelled=self._cancelled)
        for done, ((key, job), fitted) in enumerate(zip(wanted, outcomes, strict=True), start=1):
            if job.keep_model:
                self.take(key, job, fitted)
            line = _line(key, fitted)
            self._journal.add(line)
            self._known[key] = line
            if self.tell is not None:
                left = (time.monotonic() - began) / done * (len(jobs) - done)
                self.tell(done, len(jobs), left, f"{job.name}, fold {job.fold.name}")
            yield fitted


def _keys(jobs: Sequence[FitJob]) -> list[str]:
    """Return what each fit depends on, as a digest; a table that many share is read once."""
    seen: dict[int, str] = {}

    def table_key(job: FitJob) -> str:
        if id(job.X) not in seen:
            names = digest(*map(str, job.X.columns), *map(str, job.X.index))
            seen[id(job.X)] = digest(names, content_key(job.X.to_numpy(dtype=np.float64)))
        return seen[id(job.X)]

    def array_key(values: Any) -> str:
        if values is None:
            return ""
        if id(values) not in seen:
            array = np.asarray(values)
            plain = array.astype(str) if array.dtype.kind in "OUS" else array.astype(np.float64)
            seen[id(values)] = content_key(plain)
        return seen[id(values)]

    found = []
    for job in jobs:
        made = job.estimator.get_params(deep=False)
        found.append(
            digest(
                __version__,
                job.name,
                type(job.estimator).__name__,
                repr(sorted(made.items(), key=lambda item: item[0])),
                table_key(job),
                array_key(job.y),
                array_key(job.groups),
                job.fold.name,
                content_key(np.asarray(job.fold.train, dtype=np.int64)),
                content_key(np.asarray(job.fold.test, dtype=np.int64)),
            )
        )
    return found


def _line(key: str, fitted: Fitted) -> dict[str, Any]:
    numbers = fitted.predictions.drop(columns=["file", "label"])
    return {
        "key": key,
        "name": fitted.name,
        "fold": fitted.fold,
        "fit_seconds": fitted.fit_seconds,
        "predict_seconds": fitted.predict_seconds,
        "complaints": list(fitted.complaints),
        "predictions": {str(name): column.tolist() for name, column in numbers.items()},
    }


def _restored(line: Mapping[str, Any], job: FitJob) -> Fitted:
    import pandas as pd

    predictions: pd.DataFrame = pd.DataFrame(dict(line["predictions"]))
    predictions.insert(0, "label", job.y[job.fold.test])
    predictions.insert(0, "file", job.X.index[job.fold.test].astype(str))
    return Fitted(
        line["name"],
        line["fold"],
        predictions,
        float(line["fit_seconds"]),
        float(line["predict_seconds"]),
        tuple(line["complaints"]),
    )
