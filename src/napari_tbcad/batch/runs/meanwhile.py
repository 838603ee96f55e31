"""What a person exports into the folder of a run that has yet to come to that study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from napari_tbcad.batch.runs import by_hand
from napari_tbcad.batch.runs.inputs import Study
from napari_tbcad.batch.runs.job import Handed, Job, Stamp, record_stamp
from napari_tbcad.batch.runs.store import RunStore


class Exports:
    """The studies that are still to be done, and how their records were when the run came there.

    Parameters
    ----------
    studies : sequence of Study
        All of the run.
    job : Job
    store : RunStore
    """

    def __init__(self, studies: Sequence[Study], job: Job, store: RunStore) -> None:
        self._studies, self._job, self._store = studies, job, store
        # Of the others the store knows what was written.
        unknown = (n for n, study in enumerate(studies) if not store.has_result(study))
        self._stamps = {number: self._stamp(number) for number in unknown}
        self._waiting: dict[int, Stamp | None] = {}

    def begin(self, todo: Iterable[int]) -> list[int]:
        """Take over what was exported while models were loaded; return the numbers of those studies."""
        self._waiting = {number: self._stamps.get(number) for number in todo}
        return self.adopt(self._stamps.keys() & self._waiting.keys())

    def replaced(self) -> None:
        """Look anew at the records: what an earlier run wrote made way, or will be written over."""
        self._waiting = {number: self._stamp(number) for number in self._waiting}

    def is_waiting(self, number: int) -> bool:
        """Tell whether a study is still to be done."""
        return number in self._waiting

    def was_written(self, number: int) -> bool:
        """Tell whether a study that is still to be done has another record than when the run came there."""
        return self._stamp(number) not in (None, self._waiting.get(number))

    def handed(self, number: int) -> Handed:
        """Return a study for a worker, with paths that hold in any working directory."""
        return Handed(**vars(_found_anywhere(self._studies[number])), record=self._waiting[number])

    def done(self, number: int) -> None:
        """Take it that a study is done."""
        self._waiting.pop(number, None)

    def adopt(self, numbers: Iterable[int] | None = None) -> list[int]:
        """Take over what a person exported, of all studies that are still to be done or of some.

        Returns
        -------
        list of int
            Which are not to be done any more.
        """
        which = self._waiting if numbers is None else numbers
        written = [number for number in which if number in self._waiting and self.was_written(number)]
        if not written:
            return []
        studies, names = [self._studies[number] for number in written], (one.name for one in self._studies)
        adopted = by_hand.adopt_instead(studies, self._store, self._job, names, earlier=False)
        taken = sorted(number for number in written if self._studies[number].name in adopted)
        for number in taken:
            del self._waiting[number]
        return taken

    def _stamp(self, number: int) -> Stamp | None:
        return record_stamp(self._job.out, self._studies[number].name)


def _found_anywhere(study: Study) -> Study:
    """Return a study with paths that hold in any working directory."""
    return replace(study, paths=tuple(path.absolute() for path in study.paths))
