"""The automatic Bone Scan Index by networks against simulated truth, and each stage's part in its error.

    python benchmarks/bone_network_index.py [--trainings DIR] [--data SIMULATED] [--peer] [--rows FILE]

Data: the 200 simulated patients of ``bone simulate --number 200 --seed 11`` (bone_logs/patients), which no
network has seen; true index as in benchmarks/bone_index.py, weights spiers1968, rule mean. One stage after
the other is given to the networks while the rest is the truth. "True classes": an instance has the class of
the true hotspot that it marks (bone_candidates_simulated.py), and is left out when it marks none. --peer: the
chain of atlas and classical detector in the same run. Rows are kept by patient; what is there is not computed
again.
"""

from __future__ import annotations

import argparse
import datetime
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import linregress

from bone_candidates import atlas_regions
from bone_candidates_simulated import hit
from bone_index import DEFAULT_RULE, Truth, read_truth
from bone_index import patients as truth_files
from bone_network_instances import PARTS, Rule, own_view
from bone_network_regions import by_network
from bone_network_scores import (
    ABNORMAL,
    NORMAL,
    SIMULATED,
    digest,
    interval,
    model_of,
    probabilities,
    write_figures,
)
from napari_tbcad.bone.bsi import IndexParameters, bone_scan_index
from napari_tbcad.bone.candidates_network import NetworkParameters
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.files import written_whole
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.imaging.grid import resize_soft
from napari_tbcad.skeletal_mass import DEFAULT_WEIGHTS

TITLES = {
    "truth": "true hotspots, classes and regions",
    "regions": "network's regions",
    "hotspots": "network's hotspots, their true classes",
    "classes": "true hotspots, network's classes",
    "both": "network's hotspots and classes",
    "automatic": "network's regions, hotspots and classes",
    "peer": "atlas and classical detector",
}
"""What was given to the index."""
NAMES = ("r", "slope", "intercept", "mae", "bias")


def models(chosen: argparse.Namespace) -> dict[str, tuple[Path, Path]]:
    """Return the networks of hotspots and of regions, by view."""
    return {
        view: (
            model_of(chosen.trainings, chosen.part, own_view(chosen.part, view)),
            model_of(chosen.trainings, chosen.regions, view if chosen.per_view else ""),
        )
        for view in VIEWS
    }


def key_of(chosen: argparse.Namespace) -> str:
    """Name of all that rows depend on."""
    named = "-".join(digest(path) for pair in models(chosen).values() for path in pair)
    return f"{named} {chosen.threshold:g} {chosen.edge:g}{' mirrored' if chosen.mirror else ''}"


def network_hotspots(
    truth: Truth, chosen: argparse.Namespace, given: dict[str, NDArray[np.float32]]
) -> Hotspots:
    """Return the instances of both views from the threshold on, abnormal or normal by the network.

    What the program calls non-bone uptake is normal here: the index counts neither.
    """
    images, marks = {}, []
    for view in VIEWS:
        labels, found = Rule(chosen.edge)(given[view], truth.scan)
        kept = [one for one in found if one.score >= chosen.threshold]
        numbers = np.zeros(len(found) + 1, np.uint16)
        for number, one in enumerate(kept, start=len(marks) + 1):
            numbers[one.id] = number
        marks += [
            Mark(int(numbers[one.id]), view, "abnormal" if one.value == ABNORMAL else "normal")
            for one in kept
        ]
        images[view] = numbers[labels]
    return Hotspots(images["anterior"], images["posterior"], tuple(marks))


def with_true_classes(found: Hotspots, truth: Hotspots) -> Hotspots:
    """Return found hotspots with the class of the true one each marks; those that mark none are ignored."""
    named = truth.by_id()

    def label(mark: Mark) -> str:
        number = hit(truth.labels(mark.view), found.labels(mark.view) == mark.id)
        return named[number].label if number else "ignore"

    return replace(found, marks=tuple(replace(mark, label=label(mark)) for mark in found.marks))


def with_network_classes(truth: Hotspots, given: dict[str, NDArray[np.float32]]) -> Hotspots:
    """Return the true hotspots with the class that has the greater sum of probabilities inside."""

    def label(mark: Mark) -> str:
        inside = truth.labels(mark.view) == mark.id
        soft = resize_soft(given[mark.view][[ABNORMAL, NORMAL]], inside.shape)[:, inside].sum(1)
        return "abnormal" if soft[0] >= soft[1] else "normal"

    return replace(truth, marks=tuple(replace(mark, label=label(mark)) for mark in truth.marks))


def index(truth: Truth, hotspots: Hotspots, regions: SkeletonRegions) -> float:
    """Return the index in %, default weights and rule."""
    settings = IndexParameters(weights=DEFAULT_WEIGHTS, combine=DEFAULT_RULE)
    return bone_scan_index(hotspots, regions, truth.scan, settings).value


def measure(path: Path, chosen: argparse.Namespace) -> dict[str, float]:
    """Return the true index of a patient and those of all combinations but the peer's."""
    truth = read_truth(path)
    used = models(chosen)
    given = {
        view: probabilities(
            used[view][0], truth.name, view, image.counts, mirror=chosen.mirror, kept=chosen.cache
        )
        for view, image in truth.scan
    }
    method = by_network(chosen.trainings, chosen.regions, per_view=chosen.per_view, kept=chosen.cache)
    regions = method(truth.name, None, truth.scan)
    found = network_hotspots(truth, chosen, given)
    return {
        "true": truth.index[DEFAULT_WEIGHTS],
        "truth": index(truth, truth.hotspots, truth.regions),
        "regions": index(truth, truth.hotspots, regions),
        "hotspots": index(truth, with_true_classes(found, truth.hotspots), truth.regions),
        "classes": index(truth, with_network_classes(truth.hotspots, given), truth.regions),
        "both": index(truth, found, truth.regions),
        "automatic": index(truth, found, regions),
    }


def measure_peer(path: Path) -> dict[str, float]:
    """Return the index of the chain without networks."""
    from napari_tbcad.bone.candidates_classical import classical

    truth = read_truth(path)
    regions = atlas_regions(truth.scan)
    return {"peer": index(truth, classical(truth.scan, regions), regions)}


def rows_of(chosen: argparse.Namespace) -> Iterator[dict[str, float]]:
    """Yield the figures of each patient, from the file of rows where they are there."""
    known = json.loads(chosen.rows.read_text()) if chosen.rows and chosen.rows.is_file() else {}
    own, peers = known.setdefault(key_of(chosen), {}), known.setdefault("peer", {})
    for number, path in enumerate(truth_files(chosen.data)[: chosen.number]):
        if path.stem not in own:
            own[path.stem] = measure(path, chosen)
        if chosen.peer and path.stem not in peers:
            peers[path.stem] = measure_peer(path)
        if chosen.rows and (number % 10 == 9 or number == chosen.number - 1):
            with written_whole(chosen.rows) as temporary:
                temporary.write_text(json.dumps(known))
        yield own[path.stem] | (peers[path.stem] if chosen.peer else {})


def figures(estimate: NDArray[np.float64], true: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return r, slope, intercept, mean absolute error and mean error of an estimate of the index."""
    fit, error = linregress(true, estimate), estimate - true
    return np.array([fit.rvalue, fit.slope, fit.intercept, np.abs(error).mean(), error.mean()])


def report(rows: list[dict[str, float]]) -> dict[str, object]:
    """Print the table; returns its figures."""
    true = np.array([row["true"] for row in rows])
    clean = true == 0
    print(f"{len(rows)} simulated patients, {np.count_nonzero(~clean)} with metastases")
    print(f"{'given':40}{'r':>22}{'slope':>7}{'offset':>8}{'MAE':>7}{'bias':>8}{'clean':>7}")
    found: dict[str, object] = {}
    for key, title in TITLES.items():
        if key not in rows[0]:
            continue
        estimate = np.array([row[key] for row in rows])
        own = dict(zip(NAMES, figures(estimate, true).tolist(), strict=True))
        ends = interval(range(len(rows)), lambda k, e=estimate: np.corrcoef(e[k], true[k])[0, 1], n=1000)
        own |= {"clean": estimate[clean].mean(), "low": ends[0], "high": ends[1]}
        said = f"{own['r']:.3f} ({ends[0]:.3f}–{ends[1]:.3f})"
        print(
            f"{title:40}{said:>22}{own['slope']:7.3f}{own['intercept']:+8.3f}{own['mae']:7.3f}"
            f"{own['bias']:+8.3f}{own['clean']:7.3f}"
        )
        found[key] = own
    print("r with its 95 % interval, patients drawn again; clean: mean index without metastases, in %")
    return found


def main() -> None:
    """Print the table."""
    usual = NetworkParameters()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trainings", type=Path, help="the packaged networks when not given")
    parser.add_argument("--part", choices=PARTS, default="hotspots")
    parser.add_argument("--regions", choices=("regions", "regions_first"), default="regions")
    parser.add_argument("--per-view", action="store_true", help="region networks of one view each")
    parser.add_argument("--data", type=Path, default=SIMULATED, help="a set of `bone simulate`")
    parser.add_argument("--number", type=int, default=200, help="patients")
    parser.add_argument("--threshold", type=float, default=usual.threshold, help="least score of a hotspot")
    parser.add_argument("--edge", type=float, default=usual.edge, help="share of its peak at which it ends")
    parser.add_argument("--mirror", action="store_true", help="hotspots averaged with the mirrored image")
    parser.add_argument("--peer", action="store_true", help="the chain of atlas and classical detector, too")
    parser.add_argument("--cache", type=Path, help="folder that keeps probabilities")
    parser.add_argument("--rows", type=Path, help="JSON file that keeps every patient's numbers")
    parser.add_argument("--out", type=Path, help="folder for figures (JSON)")
    chosen = parser.parse_args()
    print(f"simulated scans; {chosen.part}, {chosen.regions}; {datetime.date.today()}")
    found = report(list(rows_of(chosen)))
    if chosen.out:
        chosen.out.mkdir(parents=True, exist_ok=True)
        write_figures(chosen.out / "index_simulated.json", {chosen.part: found})


if __name__ == "__main__":
    main()
