"""What a person names, whatever it is, as collections that a training can take. No torch is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.networks.config import DataSource
from napari_tbcad.schemes import FOUR_CLASS, LUNGS, OPACITIES, REGIONS, THREE_CLASS

Kind = Literal["folder", "table", "cases", "corrections"]
KINDS: Mapping[Kind, str] = {
    "folder": "Folder of images and labels",
    "table": "Table (CSV)",
    "cases": "Saved cases",
    "corrections": "My corrections",
}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Task:
    """Something that a network can be trained for.

    Parameters
    ----------
    key : str
        ``"lungs"``, ``"opacities"``, ``"hotspots"`` or ``"regions"``.
    title : str
    workflow : {"chest", "bone"}
    schemes : tuple of str
        Label schemes it can be learned in, the usual one first.
    views : tuple of str
        Views of a bone scan one of which must be named; empty where there is nothing to choose.
    kinds : tuple of str
        Of data.
    """

    key: str
    title: str
    workflow: Literal["chest", "bone"]
    schemes: tuple[str, ...]
    views: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ("folder", "table", "cases", "corrections")

    def packaged(self, view: str = "") -> str:
        """Return the name of the packaged network of this task."""
        if self.key == "hotspots":
            return f"hotspots-{view or 'anterior'}"
        return "skeleton" if self.key == "regions" else self.key


TASKS: Mapping[str, Task] = {
    one.key: one
    for one in (
        Task("lungs", "Lungs on chest films", "chest", (LUNGS.name,)),
        Task("opacities", "Opacities on chest films", "chest", (OPACITIES.name,), kinds=("folder", "table")),
        Task("hotspots", "Hotspots on bone scans", "bone", (FOUR_CLASS.name, THREE_CLASS.name), VIEWS),
        Task("regions", "Skeleton regions on bone scans", "bone", (REGIONS.name,)),
    )
}


@dataclass(frozen=True)
class FoundData:
    """Collections to learn from.

    Parameters
    ----------
    task, scheme, view : str
        What for; the view is "" where there is none to choose.
    sources : tuple of DataSource
        Every image with its labels; where they lie stays as it is also when the folder changes later.
    notes : tuple of str
        What the person should know.
    passed_over : tuple of (str, str)
        File and cause of what is not learned from.
    learned : frozenset of str
        Patients that the packaged network has learned from.
    """

    task: str
    scheme: str
    view: str
    sources: tuple[DataSource, ...]
    notes: tuple[str, ...] = ()
    passed_over: tuple[tuple[str, str], ...] = ()
    learned: frozenset[str] = field(default=frozenset())

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "task": self.task,
            "scheme": self.scheme,
            "view": self.view,
            "sources": [one.model_dump(mode="json") for one in self.sources],
            "notes": list(self.notes),
            "passed_over": [list(pair) for pair in self.passed_over],
            "learned": sorted(self.learned),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> FoundData:
        """Return what :meth:`to_json` gave."""
        return cls(
            task=content["task"],
            scheme=content["scheme"],
            view=content["view"],
            sources=tuple(DataSource.model_validate(one) for one in content["sources"]),
            notes=tuple(content["notes"]),
            passed_over=tuple((str(one), str(why)) for one, why in content["passed_over"]),
            learned=frozenset(content["learned"]),
        )


def find_data(
    task: str,
    kind: Kind,
    paths: Sequence[Path],
    *,
    out: Path,
    view: str = "",
    scheme: str = "",
    say: Say = print,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> FoundData:
    """Find the images and labels that a person means.

    Parameters
    ----------
    task : str
        Key of :data:`TASKS`.
    kind : {"folder", "table", "cases", "corrections"}
        folder: ``images/`` with ``labels/`` (and ``samples.csv``), a chest set the program knows, BS-80K, a
        folder of ``bone simulate``, a set of ``bone import`` or ``bone annotations``. table: CSV with the
        columns image,label[,patient,source,view,fold]. cases: ``.tbcad`` files or folders of them.
        corrections: the same, where only what a person corrected is there (the folder of autosaved cases).
    paths : sequence of Path
        What the person named.
    out : Path
        Folder in which tables, and copies of what was gathered, are written.
    view : {"anterior", "posterior"}, optional
        Of bone scans; needed for hotspots.
    scheme : str, optional
        Of the task's schemes; the first by default.
    say, progress, cancelled : callable, optional

    Returns
    -------
    FoundData

    Raises
    ------
    BadInput
        If there is nothing to learn from, with the cause.
    Cancelled
        If `cancelled` said so.
    """
    raise NotImplementedError
