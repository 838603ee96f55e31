"""What networks can be trained for, and what was found to train them on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
        Patients that the packaged network has learned from, as far as names tell.
    told : bool
        Whether `learned` is all of them. Of images without a known origin nobody knows.
    """

    task: str
    scheme: str
    view: str
    sources: tuple[DataSource, ...]
    notes: tuple[str, ...] = ()
    passed_over: tuple[tuple[str, str], ...] = ()
    learned: frozenset[str] = field(default=frozenset())
    told: bool = False

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
            "told": self.told,
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
            told=bool(content["told"]),
        )


def together(parts: Sequence[FoundData]) -> FoundData:
    """Return what was found in several places, for one task, as one.

    Of two collections with one name each gets a number. Each place must have had its own `out`, or the tables
    of one would stand in place of another's.
    """
    names = [source.name for part in parts for source in part.sources]
    sources = tuple(
        # Two folders may carry one name; scores would be mixed.
        source if names.count(source.name) == 1 else source.model_copy(update={"name": f"{source.name}-{n}"})
        for n, source in enumerate((s for part in parts for s in part.sources), start=1)
    )
    return replace(
        parts[0],
        sources=sources,
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        passed_over=tuple(pair for part in parts for pair in part.passed_over),
        learned=frozenset().union(*(part.learned for part in parts)),
        told=all(part.told for part in parts),
    )
