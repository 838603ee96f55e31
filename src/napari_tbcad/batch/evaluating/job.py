"""What is done in an evaluation's own process: ``python -m napari_tbcad.batch.evaluating.job FOLDER``.

The folder, which becomes the evaluation folder, holds ``job.json``
(:func:`~napari_tbcad.batch.evaluating.jobs.write_job`)::

    {"version": 1, "do": ["survey", "estimate", "evaluate"], "name": "shenzhen",
     "path": "/data/shenzhen", "test": null, "config": {…}, "assignments": {"features.device": "cpu"},
     "before": "/evaluations/2026-11-20_shenzhen",     what was measured there is not measured again
     "made": "2026-11-22T19:00:00+00:00"}

``evaluate`` goes on where an earlier run of the folder ended.

**Standard output** is one JSON object a line (UTF-8), flushed::

    {"event": "working", "pid": 4711, "do": ["survey", "estimate"]}
    {"event": "stage", "what": "survey"|"estimate"|"evaluate"}
    {"event": "progress", "what": "evaluate", "share": 0.25, "text": "film12.png"}
    {"event": "say", "text": "662 films, 336 with tuberculosis"}
    {"event": "found", "films": 662, "tb": 336, …}   see found_json
    {"event": "estimate", "seconds": 1310.0}
    {"event": "done"}
    {"event": "stopped", "what": "evaluate"}
    {"event": "failed", "source": "film9.png", "cause": "…", "kind": "BadInput", "what": "evaluate"}

The last line is ``done``, ``stopped`` or ``failed``, the exit status 0, 3 or 1. **Standard input** takes
``stop``; where it ends the window is gone, and the process stops after the step under way, after a minute
at the latest (``--alone`` does without). What libraries print goes to ``job.log``.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.batch.child.channel import Channel
from napari_tbcad.batch.child.work import carry_out, in_child, leave
from napari_tbcad.batch.evaluating.found import counted_sources
from napari_tbcad.batch.evaluating.jobs import config_of, read_job
from napari_tbcad.errors import Cancelled

if TYPE_CHECKING:
    from napari_tbcad.batch.evaluating.found import Found

_NO_SPACE = "not enough memory: close other programs, or compare fewer things at once"
_EVERY = 0.2
"""Seconds between two words about how far it is."""
MEASURED = "measured"
"""Folder of an evaluation in which what was measured of each film is kept."""
MOST_TOLD = 200
"""Films left out, and copies, that are told by name."""


class Job:
    """One run of an evaluation's folder.

    Parameters
    ----------
    folder : Path
    channel : Channel
    """

    def __init__(self, folder: Path, channel: Channel) -> None:
        self.folder, self.channel = folder, channel
        self.job = read_job(folder)
        self.doing = ""
        self.path = Path(self.job["path"])
        self.test = Path(self.job["test"]) if self.job.get("test") else None
        self.assignments: Mapping[str, Any] = self.job.get("assignments") or {}
        self._found: Found | None = None
        self._told = 0.0

    def run(self) -> dict[str, Any]:
        """Do the steps in their order; raises Cancelled when a person, or the end of the window, says so."""
        steps: dict[str, Callable[[], None]] = {
            "survey": self.survey,
            "estimate": self.estimate,
            "evaluate": self.evaluate,
        }
        for name in self.job["do"]:
            if self.channel.stopped():
                raise Cancelled("stopped before it began")
            self.doing = name
            self.channel.tell({"event": "stage", "what": name})
            steps[name]()
        return {}

    def survey(self) -> None:
        """Look at the films."""
        self.channel.tell({"event": "found"} | found_json(self.found()))

    def estimate(self) -> None:
        """Measure how long it will take."""
        from napari_tbcad.batch.evaluating.estimate import estimate

        found = self.found()
        if found.problems:
            return
        config = config_of(self.job, self.folder)
        seconds = estimate(found, config, self.assignments, earlier=self._earlier())
        self.channel.tell({"event": "estimate", "seconds": float(seconds)})

    def evaluate(self) -> None:
        """Evaluate."""
        from napari_tbcad.batch.evaluating.run import evaluate_dataset

        self._take_over()
        evaluate_dataset(
            self.path,
            self.folder,
            config_of(self.job, self.folder),
            test=self.test,
            assignments=self.assignments,
            say=self.say,
            progress=self.progress,
            cancelled=self.channel.stopped,
        )

    def found(self) -> Found:
        """Return what a look at the films finds; one look a run."""
        if self._found is None:
            from napari_tbcad.batch.evaluating.survey import survey

            self._found = survey(
                self.path, test=self.test, say=self.channel.say, cancelled=self.channel.stopped
            )
        return self._found

    def say(self, text: str) -> None:
        """Tell a line, but not how far it is: that comes as progress."""
        if not text.startswith(" "):
            self.channel.say(text)

    def progress(self, share: float, text: str) -> None:
        """Tell how far it is, as often as an eye needs."""
        if (now := time.monotonic()) - self._told >= _EVERY:
            self._told = now
            self.channel.tell(
                {"event": "progress", "what": self.doing, "share": round(share, 4), "text": text}
            )

    def _take_over(self) -> None:
        """Take what an earlier evaluation of these films has measured."""
        earlier = self._earlier()
        if earlier is not None and earlier != self.folder:
            part = self.folder / f"{MEASURED}.part"
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(earlier / MEASURED, part)
            part.rename(self.folder / MEASURED)

    def _earlier(self) -> Path | None:
        """Return the folder whose measurements are used: this one, else the earlier evaluation's."""
        before = Path(self.job["before"]) if self.job.get("before") else None
        if (self.folder / MEASURED).exists():
            return self.folder
        return before if before is not None and (before / MEASURED).is_dir() else None


def found_json(found: Found) -> dict[str, Any]:
    """Return what was found as plain JSON, of films and faults no more than a person looks at."""
    sets = []
    for one in found.sets:
        films = [film for film in found.films if film.role == one.role]
        sets.append(
            {
                "role": one.role,
                "name": one.name,
                "path": str(one.path),
                "listed": one.listed,
                "films": len(films),
                "tb": sum(film.row.label == 1 for film in films),
                "patients": len({film.patient for film in films}),
                "sources": counted_sources(films),
                "terms": one.terms,
            }
        )
    return {
        "sets": sets,
        "films": len(found.films),
        "tb": found.tb,
        "normal": found.normal,
        "patients": found.patients,
        "references": found.references,
        "left_out": len(found.left_out),
        "left_out_first": [[one.file, one.reason, one.kind] for one in found.left_out[:MOST_TOLD]],
        "duplicates": len(found.duplicates),
        "duplicates_first": [[one.file, one.same_as, one.handled] for one in found.duplicates[:MOST_TOLD]],
        "problems": list(found.problems),
        "notes": list(found.notes),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what a folder's ``job.json`` says.

    Returns
    -------
    int
        0 done, 1 failed, 3 stopped; 2 where there is no such folder.
    """
    return in_child(arguments, work, program="evaluation_job")


def work(folder: Path, channel: Channel) -> int:
    """Do what a folder says, with the folder to oneself; return the exit status."""
    return carry_out(
        folder, channel, lambda: Job(folder, channel), what="evaluation", read=read_job, no_space=_NO_SPACE
    )


if __name__ == "__main__":
    leave(main())
