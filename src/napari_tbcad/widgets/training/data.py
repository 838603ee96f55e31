"""What a person says before anything is looked at: task, where images are, what to start from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari_tbcad.batch.trainings.data import TASKS, Kind
from napari_tbcad.record import Parameters, field

PACKAGED, NOTHING = "packaged", "none"
"""What to start from when it is no network by name."""


@dataclass(frozen=True)
class Goal:
    """What is to be learned.

    Parameters
    ----------
    key : str
        Of the task, as :func:`napari_tbcad.batch.trainings.data.find_data` knows it.
    title : str
        For the choice.
    view : str
        View of a bone scan; empty where there is none, or both are learned.
    schemes : tuple of str
        Label schemes to choose from.
    kinds : tuple of str
        Where images may come from.
    """

    key: str
    title: str
    view: str
    schemes: tuple[str, ...]
    kinds: tuple[Kind, ...]

    @property
    def short(self) -> str:
        """Its name in a word or two."""
        return " ".join(filter(None, (self.key, self.view)))

    @property
    def what(self) -> str:
        """What the images are and what is drawn in them, in one sentence."""
        return _WHAT.get(self.key, "")


_WHAT = {
    "lungs": "Chest films, each with a mask of the right and the left lung.",
    "opacities": "Chest films, each with ground glass, consolidation and effusion drawn.",
    "hotspots": "Views of bone scans, each with bone and hotspots drawn.",
    "regions": "Views of bone scans, each with the regions of the skeleton drawn.",
}

GOALS: tuple[Goal, ...] = tuple(
    Goal(task.key, f"{task.title}, {view}" if view else task.title, view, task.schemes, task.kinds)
    for task in TASKS.values()
    for view in (task.views or ("",))
)

SCHEME_WORDS = {
    "4": "4: bone, abnormal, normal",
    "3": "3: bone, abnormal",
}


@dataclass(frozen=True)
class Given:
    """One place that images come from.

    Parameters
    ----------
    kind : str
        A data set's folder, a table, saved cases, or what the person corrected.
    paths : tuple of Path
        Files or folders; none for the corrections that are kept while a person works.
    """

    kind: Kind
    paths: tuple[Path, ...] = ()


class Shares(Parameters):
    """Who is not trained on."""

    held_out: float = field(
        0.2,
        title="Held out",
        ge=0,
        le=0.5,
        description="Share of the patients that the training never sees: the new network is compared with "
        "the packaged one on them. 0 compares nothing.",
        more=True,
    )
    watched: float = field(
        0.2,
        title="Watched",
        ge=0,
        le=0.5,
        description="Share of the remaining patients on whom the training is watched after every epoch. "
        "0 watches nothing.",
        more=True,
    )


@dataclass(frozen=True)
class Choice:
    """All of step 1.

    Parameters
    ----------
    goal : Goal
        What is to be learned.
    scheme : str
        Label scheme.
    given : tuple of Given
        Where images come from.
    start : str
        :data:`PACKAGED`, :data:`NOTHING`, or the name or file of a network.
    name : str
        Of the new network.
    shares : Shares
        Who is held out and watched.
    """

    goal: Goal = GOALS[0]
    scheme: str = "lungs"
    given: tuple[Given, ...] = ()
    start: str = PACKAGED
    name: str = "my-lungs"
    shares: Shares = Shares()

    def with_goal(self, goal: Goal) -> Choice:
        """Return the choice for another goal; a network of another task is nothing to start from."""
        scheme = self.scheme if self.scheme in goal.schemes else goal.schemes[0]
        return replace(self, goal=goal, scheme=scheme, start=PACKAGED)

    def adding(self, more: Iterable[Given]) -> Choice:
        """Return the choice with more places, each once."""
        return replace(self, given=tuple(dict.fromkeys((*self.given, *more))))

    def without(self, place: int) -> Choice:
        """Return the choice without one of its places."""
        return replace(self, given=self.given[:place] + self.given[place + 1 :])

    @property
    def looks_at(self) -> tuple[Any, ...]:
        """What decides which images are found, and who is what among them."""
        return self.goal, self.scheme, self.given, self.start, self.shares


def given_of(paths: Sequence[Path]) -> tuple[tuple[Given, ...], tuple[Path, ...]]:
    """Tell what dropped files are.

    Parameters
    ----------
    paths : sequence of Path
        Files and folders.

    Returns
    -------
    given : tuple of Given
        Folders that hold cases and nothing like a data set count as cases.
    others : tuple of Path
        What no images can come from.
    """
    cases: list[Path] = []
    given: list[Given] = []
    others: list[Path] = []
    for path in paths:
        if path.suffix.lower() == ".tbcad":
            cases.append(path)
        elif path.suffix.lower() == ".csv" and path.is_file():
            given.append(Given("table", (path,)))
        elif path.is_dir():
            given.append(Given(kind_of_folder(path), (path,)))
        else:
            others.append(path)
    if cases:
        given.append(Given("cases", tuple(cases)))
    return tuple(given), tuple(others)


def kind_of_folder(folder: Path) -> Kind:
    """Return ``"cases"`` for a folder with a case of this program in it, else ``"folder"``."""
    return "cases" if next(folder.glob("*.tbcad"), None) is not None else "folder"
