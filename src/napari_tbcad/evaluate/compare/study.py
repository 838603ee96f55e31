"""The scored runs of a comparison, sorted: by collection, method, scheme and view, all seeds together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from napari_tbcad.bone.region_areas import Rule
from napari_tbcad.evaluate.compare.config import CompareConfig
from napari_tbcad.evaluate.compare.evidence import (
    CallEvidence,
    Evidence,
    IndexEvidence,
    ViewEvidence,
    owner_name,
)
from napari_tbcad.evaluate.compare.index_scores import index_rows
from napari_tbcad.evaluate.compare.plan import plan
from napari_tbcad.evaluate.compare.run_scores import RunScores
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.skeletal_mass import DEFAULT_WEIGHTS

BOTH = "both"
"""View of what needs the two views of a patient."""

CLASSIFIER = "classifier"
PLACE = "place"
"""The control that knows where hotspots were in training images, and never sees the scan."""

_TITLES = {
    "unetplusplus": "U-Net++",
    "unet": "U-Net",
    "deeplabv3": "DeepLabV3",
    "deeplabv3plus": "DeepLabV3+",
    "fpn": "FPN",
    "threshold": "Threshold",
    "kmeans": "k-means",
    PLACE: "Place alone (control)",
    CLASSIFIER: "ResNet-50",
}


def simulated(source: str) -> bool:
    """Tell whether a collection's name says that it is simulated."""
    return "simul" in source.lower()


def method_title(method: str) -> str:
    """Return a method's name as papers write it; names that are not known stay."""
    base, _, more = method.partition("_")
    if base == CLASSIFIER and more:
        return f"{_TITLES[base]} ({more})"
    return _TITLES.get(method, method)


@dataclass(frozen=True, eq=False)
class System:
    """One method on one view (or both) of one collection, with all seeds.

    Parameters
    ----------
    source, method, scheme, view : str
    sort : {"view", "call", "index"}
        Masks of a view, a call of a view, or an index of both views.
    rows : mapping of int to tuple
        What was scored, by seed: ImageRow, the classifier's rows, or IndexRow.
    """

    source: str
    method: str
    scheme: str
    view: str
    sort: Literal["view", "call", "index"]
    rows: Mapping[int, tuple[Any, ...]]

    @property
    def title(self) -> str:
        """Name of the method."""
        return method_title(self.method)

    def as_calls(self) -> System:
        """Return the same method as one that calls whole views."""
        return replace(self, sort="call")

    @property
    def images(self) -> set[tuple[str, str]]:
        """Patient and image of what every seed has judged; an index has no image."""
        each = [
            {(row.patient, "") if self.sort == "index" else (owner_name(row), row.image) for row in rows}
            for rows in self.rows.values()
        ]
        return set.intersection(*each) if each else set()

    def evidence(self, kept: set[tuple[str, str]], *, common: bool = False) -> list[Evidence]:
        """Return the evidence of every seed from some images; see :func:`aligned`."""
        patients = tuple(sorted({patient for patient, _ in kept}))
        out: list[Evidence] = []
        for _, rows in sorted(self.rows.items()):
            if self.sort == "index":
                out.append(IndexEvidence([r for r in rows if (r.patient, "") in kept], patients))
                continue
            some = [row for row in rows if (owner_name(row), row.image) in kept]
            if self.sort == "call":
                out.append(CallEvidence(some, patients))
            else:
                out.append(ViewEvidence(some, patients, self.scheme, common=common))
        return out


def aligned(
    systems: Sequence[System], *, by_patient: bool = False, common: bool = False
) -> list[list[Evidence]]:
    """Return the evidence of several systems from what all of them have judged.

    Parameters
    ----------
    systems : sequence of System
    by_patient : bool, optional
        The images differ (views, or masks beside an index); only patients whom all have judged are kept.
        Otherwise only images that all have judged.
    common : bool, optional
        Judge in the classes that both schemes have.

    Returns
    -------
    list of list of Evidence
        By system and seed; empty lists when nothing is left.
    """
    each = [system.images for system in systems]
    if by_patient:
        patients = set.intersection(*({patient for patient, _ in images} for images in each))
        kept = [{one for one in images if one[0] in patients} for images in each]
    else:
        kept = [set.intersection(*each)] * len(each)
    if not all(kept):
        return [[] for _ in systems]
    return [system.evidence(some, common=common) for system, some in zip(systems, kept, strict=True)]


class Study:
    """All scored runs of a comparison.

    Parameters
    ----------
    scores : iterable of RunScores and ClassifierScores
        Runs that are finished; others may be missing.
    config : CompareConfig, optional
        Tells the main network, the order of methods, how the index is made, and what is still missing.
    """

    def __init__(self, scores: Iterable[Any], config: CompareConfig | None = None) -> None:
        self.config = config
        self.scores = sorted(scores, key=lambda one: (one.method, one.scheme, one.view, one.seed))
        self._seen: dict[tuple[str, str], list[System]] = {}

    @property
    def segmenting(self) -> list[RunScores]:
        """Runs that make masks."""
        return [one for one in self.scores if one.kind != CLASSIFIER]

    @property
    def sources(self) -> list[str]:
        """The collections, simulated ones last; nothing is ever pooled over them."""
        names = {row.source for one in self.scores for row in one.images}
        return sorted(names, key=lambda name: (simulated(name), name))

    @property
    def main(self) -> str:
        """The network that the questions of classes and views ask."""
        if self.config is not None:
            return self.config.main
        schemes: dict[str, set[str]] = {}
        for one in self.segmenting:
            schemes.setdefault(one.method, set()).add(one.scheme)
        # The one that was trained with most schemes.
        return max(schemes, key=lambda name: len(schemes[name]), default="")

    @property
    def scheme(self) -> str:
        """The scheme in which all methods are compared."""
        if self.config is not None:
            return self.config.schemes[0]
        return max(("4", "3"), key=lambda name: len({o.method for o in self.scores if o.scheme == name}))

    @property
    def missing(self) -> list[str]:
        """Names of planned runs that are not scored."""
        there = {(one.method, one.scheme, one.view, one.seed) for one in self.scores}
        planned = [] if self.config is None else plan(self.config)
        return [run.name for run in planned if (run.method, run.scheme, run.view, run.seed) not in there]

    def systems(self, source: str) -> list[System]:
        """Return all systems of a view of a collection, in the order of the configuration."""
        groups: dict[tuple[str, str, str], dict[int, tuple[Any, ...]]] = {}
        kinds: dict[str, str] = {}
        for one in self.scores:
            if rows := tuple(row for row in one.images if row.source == source):
                groups.setdefault((one.view, one.method, one.scheme), {})[one.seed] = rows
                kinds[one.method] = one.kind
        out = [
            System(source, method, scheme, view, "call" if kinds[method] == CLASSIFIER else "view", rows)
            for (view, method, scheme), rows in groups.items()
        ]
        return sorted(out, key=self._place)

    def index_systems(self, source: str, rule: str | None = None) -> list[System]:
        """Return the indices of all methods of which both views are there.

        Parameters
        ----------
        source : str
        rule : str, optional
            A view's name: the found index is made of that view alone; the labels' stays that of both.
        """
        by_run = {(one.method, one.scheme, one.view, one.seed): one for one in self.segmenting}
        groups: dict[tuple[str, str], dict[int, tuple[Any, ...]]] = {}
        for (method, scheme, view, seed), one in by_run.items():
            other = by_run.get((method, scheme, VIEWS[1], seed))
            if view != VIEWS[0] or other is None:
                continue
            rows = self._index_rows(one.of_source(source), other.of_source(source), rule)
            if rows:
                groups.setdefault((method, scheme), {})[seed] = rows
        out = [
            System(source, method, scheme, rule or BOTH, "index", rows)
            for (method, scheme), rows in groups.items()
        ]
        return sorted(out, key=self._place)

    def _index_rows(self, anterior: RunScores, posterior: RunScores, rule: str | None) -> tuple[Any, ...]:
        index = None if self.config is None else self.config.index
        weights, usual = (index.weights, index.combine) if index else (DEFAULT_WEIGHTS, "mean")
        chosen: Rule = next(name for name in get_args(Rule) if name == (rule or usual))
        return index_rows(anterior, posterior, weights=weights, rule=chosen, reference_rule=usual)

    def _place(self, system: System) -> tuple[int, int, str, int]:
        order = [] if self.config is None else [*self.config.networks, *self.config.baselines]
        views = [*VIEWS, BOTH]
        known = order.index(system.method) if system.method in order else len(order)
        if system.sort == "call":
            known = len(order) + 1
        first = 0 if system.scheme == self.scheme else 1
        return views.index(system.view), known - (system.method == self.main), system.method, first
