"""What is to be done of the studies of a run, and what an earlier one did that is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from napari_tbcad.batch.runs import by_hand
from napari_tbcad.batch.runs.inputs import Study
from napari_tbcad.batch.runs.job import Job
from napari_tbcad.batch.runs.store import RunStore, Standing
from napari_tbcad.errors import Cancelled
from napari_tbcad.run_images import exported_in

Again = Literal["unfinished", "failed", "all"]

_KEPT: tuple[Standing, ...] = ("finished", "files changed", "offline")
_WORDS: tuple[tuple[Standing, str], ...] = (
    ("other settings", "made with other settings, models or version: {done}"),
    ("other content", "made from other files or masks: {done}"),
    ("files gone", "whose files are gone or damaged: {done}"),
    ("files changed", "whose files were changed since: kept (--masks uses changed masks)"),
    ("offline", "whose inputs cannot be read now: kept"),
)

_NAMED: tuple[Standing, ...] = ("files gone", "files changed", "offline")
_MOST_NAMES = 5


class Sorted(NamedTuple):
    """Places of studies.

    Parameters
    ----------
    todo : list of int
        What is done in this run.
    kept : list of int
        What an earlier run finished.
    replaced : list of int
        Of `todo`, what has rows that are no results any more; those of errors stay until there are others.
    """

    todo: list[int]
    kept: list[int]
    replaced: list[int]


def sort_out(
    studies: Sequence[Study],
    job: Job,
    store: RunStore,
    again: Again,
    *,
    by_content: bool,
    cancelled: Callable[[], bool],
    say: Callable[[str], None],
) -> Sorted:
    """Find what is to be done, say what becomes of earlier results, and take over what a person exported.

    Parameters
    ----------
    studies, job, store, again
        Of the run.
    by_content : bool
        Whether files of earlier runs are read even though they look untouched.
    cancelled, say : callable
        Of the run.

    Raises
    ------
    Cancelled
        When `cancelled` says so.
    """
    by_standing: dict[Standing, list[int]] = {}
    names = [study.name for study in studies]
    there = {name: one for name, one in exported_in(store.out).items() if name not in store.names()}
    unknown = [study for study in studies if study.name in there or store.has_failed(study)]
    # Also what is no input of this run: its row would go with the tables, its files be another run's.
    unknown += [Study(name, there[name].files) for name in sorted(there.keys() - set(names))]
    mended = by_hand.adopt_instead(unknown, store, job, names, earlier=True)
    for number, study in enumerate(studies):
        if cancelled():
            raise Cancelled("batch")
        if again == "all":
            standing: Standing = "offline" if study.fault and store.is_done(study) else "new"
        else:
            standing = store.standing(study, job.given(study.name), by_content=by_content)
        by_standing.setdefault(standing, []).append(number)
    kept = sorted(number for standing in _KEPT for number in by_standing.get(standing, []))
    exported = sum(studies[number].name in mended for number in by_standing.get("finished", []))
    exported += _adopt(studies, job, store, by_standing)
    if exported:
        say(f"{results(exported)} there {was(exported)} exported by a person since: kept")
    for standing, words in _WORDS:
        if numbers := by_standing.get(standing, []):
            done = "not done in this run" if again == "failed" else "done again"
            which = _some(studies[number].name for number in numbers) if standing in _NAMED else ""
            say(f"{results(len(numbers))} there{which} {words.format(done=done)}")
    if others := store.others(study.name for study in studies):
        stay = "stays" if others == 1 else "stay"
        say(f"{results(others)} of other inputs {stay} in the journal, not in the tables")
    failed = by_standing.get("failed", [])
    if again == "failed":
        return Sorted(failed, kept, [])
    todo = sorted(set(range(len(studies))) - set(kept))
    return Sorted(todo, kept, sorted(set(todo) - set(failed)))


def _adopt(
    studies: Sequence[Study], job: Job, store: RunStore, by_standing: dict[Standing, list[int]]
) -> int:
    """Take over what a person exported into the folder; what else was changed there is let alone."""
    numbers = by_standing.get("files changed", [])
    names = by_hand.adopt([studies[number] for number in numbers], store, job.tables)
    by_standing["files changed"] = [number for number in numbers if studies[number].name not in names]
    return len(names)


def _some(names: Iterable[str]) -> str:
    """Return names in parentheses, the first ones of many."""
    named = list(names)
    return f" ({', '.join(named[:_MOST_NAMES])}{', …' if len(named) > _MOST_NAMES else ''})"


def was(number: int) -> str:
    """Return the verb for so many."""
    return "was" if number == 1 else "were"


def results(number: int) -> str:
    """Return so many results, in words."""
    return f"{number} result" if number == 1 else f"{number} results"
