"""What is done in a batch's own process: ``python -m napari_tbcad.batch.runs.child FOLDER``.

The folder holds ``job.json`` (:func:`~napari_tbcad.batch.runs.window_jobs.write_job`)::

    {"version": 1, "do": ["look"] | ["run"], "again": "unfinished" | "failed" | "all", "name": "films",
     "inputs": ["/data/films", "/data/list.csv"], "workflow": "chest", "out": null,
     "classifier": "demonstration", "assignments": {"lungs.segmenter": "otsu"}, "masks": null,
     "pictures": true, "workers": 2, "scheduler": "", "made": "2026-11-23T04:00:00+00:00"}

``run`` goes on where an earlier run into the same output folder ended.

**Standard output** is one JSON object a line (UTF-8), flushed::

    {"event": "working", "pid": 4711, "do": ["run"]}
    {"event": "stage", "what": "look" | "run"}
    {"event": "progress", "what": "look", "share": 0.25, "text": "film12.png"}
    {"event": "studies", "first": 0, "total": 500, "lines": [["name", ["/data/film.png"], "fault"], …]}
    {"event": "found", "workflow": "chest", "studies": 500, "faulty": 3, "kinds": {"PNG": 497},
     "passed_over": 2, "passed_over_first": ["notes.txt"], "notes": []}
    {"event": "rows", "changes": [[0, "done", 1.9, "tb_suspect", 0.93, "message or warnings"], …],
     "left": 120.5}                    seconds; null while nobody knows
    {"event": "say", "text": "12 results there were made with other settings: done again"}
    {"event": "done", "done": 480, "failed": 20, "kept": 0, "left": 0}
    {"event": "stopped", "what": "run"}
    {"event": "failed", "source": "…", "cause": "…", "kind": "BadInput", "what": "run"}

The last line is ``done``, ``stopped`` or ``failed``, the exit status 0, 3 or 1. **Standard input** takes
``stop``; where it ends the window is gone, and the process stops after the studies under way, 15 s later
at the latest (``--alone`` does without). What libraries print goes to ``job.log``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.batch.child.channel import Channel
from napari_tbcad.batch.child.files import read_json, write_json
from napari_tbcad.batch.child.work import carry_out, in_child, leave
from napari_tbcad.batch.runs.window_jobs import COUNTS, plan_of, read_job
from napari_tbcad.errors import Cancelled

if TYPE_CHECKING:
    from napari_tbcad.batch.runs.inputs import Study
    from napari_tbcad.batch.runs.pace import Pace
    from napari_tbcad.batch.runs.run import StudyEvent

_NO_SPACE = "not enough memory: close other programs, or use fewer workers"
_EVERY, _COUNT_EVERY = 0.2, 3.0
"""Seconds between two words about how far it is, and between two times that this is kept."""
_LINES = 400
"""Studies told in one line, so that none holds a window up."""
_PASSED_OVER = 60
_MESSAGE = 400
"""Letters of a message; all of it stands in results.csv."""


class Job:
    """One run of a batch's folder.

    Parameters
    ----------
    folder : Path
    channel : Channel
    """

    def __init__(self, folder: Path, channel: Channel) -> None:
        self.folder, self.channel = folder, channel
        self.job = read_job(folder)
        self.plan = plan_of(self.job)
        self.doing = ""
        self._told = 0.0

    def run(self) -> dict[str, Any]:
        """Do the steps in their order; raises Cancelled when a person, or the end of the window, says so."""
        steps: dict[str, Callable[[], Mapping[str, Any]]] = {"look": self.look, "run": self.work}
        more: dict[str, Any] = {}
        for name in self.job["do"]:
            if self.channel.stopped():
                raise Cancelled("stopped before it began")
            self.doing = name
            self.channel.tell({"event": "stage", "what": name})
            more |= steps[name]()
        return more

    def look(self) -> Mapping[str, Any]:
        """Tell what there is to work on."""
        from napari_tbcad.batch.runs.look import look

        found = look(
            self.plan.inputs, self.plan.workflow, progress=self.progress, cancelled=self.channel.stopped
        )
        self.tell_studies(found.studies)
        self.channel.tell(
            {
                "event": "found",
                "workflow": found.workflow,
                "studies": len(found.studies),
                "faulty": found.faulty,
                "kinds": found.kinds,
                "passed_over": len(found.passed_over),
                "passed_over_first": [path.name for path in found.passed_over[:_PASSED_OVER]],
                "notes": list(found.notes),
            }
        )
        return {}

    def work(self) -> Mapping[str, Any]:
        """Work on all that is not finished yet."""
        from napari_tbcad.batch.runs.look import studies_of
        from napari_tbcad.batch.runs.run import run_studies

        plan = self.plan
        studies = studies_of(plan.inputs, plan.workflow or "chest")
        self.tell_studies(studies)
        with Teller(self.folder, self.channel, len(studies)) as teller:
            done = run_studies(
                studies,
                self.batch_job(),
                workers=plan.workers,
                scheduler=plan.scheduler or None,
                again=self.job.get("again") or "unfinished",
                progress=teller.take,
                cancelled=self.channel.stopped,
                say=self.channel.say,
                begun=teller.begun,
            )
        if done.left and self.channel.stopped():
            raise Cancelled("stopped")
        return {"done": done.done, "failed": done.failed, "kept": done.kept, "left": done.left}

    def batch_job(self) -> Any:
        """Return what is done to every study."""
        plan, out = self.plan, self.plan.output(self.folder)
        if plan.workflow == "bone":
            from napari_tbcad.batch.scans import BoneJob

            return BoneJob(out, plan.assignments, masks=plan.masks, pictures=plan.pictures)
        from napari_tbcad.batch.films import ChestJob

        return ChestJob(out, plan.classifier, plan.assignments, masks=plan.masks, pictures=plan.pictures)

    def tell_studies(self, studies: Sequence[Study]) -> None:
        """Tell what there is to work on, some hundred a line."""
        for first in range(0, len(studies), _LINES):
            lines = [
                [one.name, [str(path) for path in one.paths], one.fault]
                for one in studies[first : first + _LINES]
            ]
            self.channel.tell({"event": "studies", "first": first, "total": len(studies), "lines": lines})

    def progress(self, share: float, text: str) -> None:
        """Tell how far it is, as often as an eye needs."""
        if (now := time.monotonic()) - self._told >= _EVERY:
            self._told = now
            self.channel.tell(
                {"event": "progress", "what": self.doing, "share": round(share, 4), "text": text}
            )


class Teller:
    """Tells what became of studies, together where they come fast, and keeps how many there are.

    Parameters
    ----------
    folder : Path
        Of the job.
    channel : Channel
    total : int
        Studies.
    """

    def __init__(self, folder: Path, channel: Channel, total: int) -> None:
        self._folder, self._channel = folder, channel
        self._pace: Pace | None = None
        self._counts = {"done": 0, "failed": 0, "total": total}
        earlier = read_json(folder / COUNTS) or {}
        self._before = _sum(earlier) if earlier.get("total") == total else 0
        self._changes: list[list[Any]] = []
        self._told = self._kept = 0.0

    def __enter__(self) -> Teller:
        self._keep()
        return self

    def __exit__(self, *_: object) -> None:
        self._tell()
        self._keep()

    def begun(self, number: int) -> None:
        """Take it that the work on so many studies begins; those that are kept were told before."""
        from napari_tbcad.batch.runs.pace import Pace

        self._pace = Pace(number)

    def take(self, event: StudyEvent) -> None:
        """Take what became of a study."""
        if event.state != "working":
            ok = event.row is None or event.row.ok
            self._counts["done" if ok else "failed"] += 1
            if self._pace is not None:
                self._pace.tick()
        self._changes.append(change_of(event))
        now = time.monotonic()
        if now - self._told >= _EVERY or len(self._changes) >= _LINES:
            self._tell()
        if now - self._kept >= _COUNT_EVERY:
            self._keep()

    def _tell(self) -> None:
        self._told = time.monotonic()
        changes, self._changes = self._changes, []
        share = _sum(self._counts) / max(1, self._counts["total"])
        if changes:
            left = None if self._pace is None else self._pace.left()
            self._channel.tell({"event": "rows", "changes": changes, "left": left})
            self._channel.tell({"event": "progress", "what": "run", "share": round(share, 4), "text": ""})

    def _keep(self) -> None:
        """Keep the counts, unless this run has not come yet to where an earlier one of these studies was.

        A disk that is full here ends nothing: the results may lie on another one.
        """
        self._kept = time.monotonic()
        if _sum(self._counts) >= self._before:
            with suppress(OSError):
                write_json(self._folder / COUNTS, self._counts)


def _sum(counts: Mapping[str, Any]) -> int:
    return sum(each for name in ("done", "failed") if isinstance(each := counts.get(name), int))


def change_of(event: StudyEvent) -> list[Any]:
    """Return what a window shows of a study: number, state, seconds, answer, figure, message."""
    if event.row is None:
        return [event.number, event.state, None, "", None, ""]
    return [event.number, event.state, *shown_of(event.row.result)]


def shown_of(result: Mapping[str, Any]) -> list[Any]:
    """Return seconds, answer, figure and message of a row of results.csv, of either workflow."""
    if "bsi" in result:
        answer, figure = f"{result.get('n_abnormal', '')} abnormal", result["bsi"]
    else:
        answer, figure = str(result.get("decision") or ""), result.get("probability")
    said = str(result.get("message") or result.get("warnings") or "")
    seconds = _number(result.get("seconds"))
    if result.get("status") == "error":
        answer, figure = "", None
    return [seconds, answer, _number(figure), said[:_MESSAGE]]


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if number == number else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what a folder's ``job.json`` says.

    Returns
    -------
    int
        0 done, 1 failed, 3 stopped; 2 where there is no such folder.
    """
    return in_child(arguments, work, program="batch_job")


def work(folder: Path, channel: Channel) -> int:
    """Do what a folder says, with the folder to oneself; return the exit status."""
    return carry_out(
        folder, channel, lambda: Job(folder, channel), what="batch", read=read_job, no_space=_NO_SPACE
    )


if __name__ == "__main__":
    leave(main())
