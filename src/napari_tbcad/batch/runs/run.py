"""Taking many studies through a job: going on where an earlier run ended, and ending well in any case."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial

from napari_tbcad.batch.runs import folder
from napari_tbcad.batch.runs.events import RunSummary as RunSummary
from napari_tbcad.batch.runs.events import State as State
from napari_tbcad.batch.runs.events import StudyEvent as StudyEvent
from napari_tbcad.batch.runs.inputs import Study
from napari_tbcad.batch.runs.job import Job, digest_of
from napari_tbcad.batch.runs.standings import Again
from napari_tbcad.batch.runs.store import RunStore
from napari_tbcad.batch.runs.under_way import UnderWay


def run_studies(
    studies: Sequence[Study],
    job: Job,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    again: Again = "unfinished",
    progress: Callable[[StudyEvent], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    say: Callable[[str], None] | None = None,
    begun: Callable[[int], None] | None = None,
) -> RunSummary:
    """Take studies through a job and write the folder that ARCHITECTURE describes.

    What an earlier run in the same folder finished is kept: the same bytes under the same name, with the
    same settings, models and version of this program, and its files still there. All else is done. Each row
    is in the journal and in the tables as soon as it is there; a run may be killed at any moment.

    Parameters
    ----------
    studies : sequence of Study
        From :func:`~napari_tbcad.batch.runs.inputs.chest_inputs` or ``bone_inputs``.
    job : Job
        A :class:`~napari_tbcad.batch.films.ChestJob` or :class:`~napari_tbcad.batch.scans.BoneJob`.
    workers, scheduler
        See :func:`napari_tbcad.batch.pool.each_as_done`.
    again : {"unfinished", "failed", "all"}
        What to do: all that is not finished; only what failed in the last run, with the same settings;
        everything anew.
    progress : callable, optional
        Told of each study; those that are kept come first.
    cancelled : callable, optional
        Once it is true the run ends in order, within seconds.
    say : callable, optional
        Told in a sentence what the person should know of the folder's earlier results.
    begun : callable, optional
        Told once how many studies are to be done, when models are loaded.

    Returns
    -------
    RunSummary

    Raises
    ------
    BadInput
        If the folder cannot be written, another run is at work in it, it holds results of another kind, or
        files that no run wrote and this one would replace, only what failed is wanted and the last run had
        other settings, or the job cannot be done at all. What is done until then is kept.
    ModelRefused
        If a model or an atlas cannot be used: said once, before the first study.
    """
    began = time.monotonic()
    job = job.absolute()
    folder.require_no_other(job.out, (table.name for table in job.tables))
    with folder.claimed(job.out):
        job.require(studies)
        settings = job.settings()
        digest = digest_of(job.kind, settings)
        about = folder.About(job.out, job.kind)
        with folder.writing_told(job.out), RunStore(job.out, digest) as store:
            run = UnderWay(studies, job, store, progress, cancelled, say, begun)
            with about.end_told(lambda: asdict(run.summary(time.monotonic() - began))):
                if again == "failed":
                    about.require_same(digest)
                begin = partial(about.begin, digest, settings, studies)
                run.go(workers, scheduler, again, begin, careful=about.broken_off)
        return run.summary(time.monotonic() - began)
