"""Dice of the twelve skeleton regions by networks, on persons that they did not see; the atlas beside them.

    python benchmarks/bone_network_regions.py --trainings DIR [--set real] [--per-view] [--atlas]
    python benchmarks/bone_network_regions.py --set simulated [--trainings DIR] [--data SIMULATED]

real: the 48 real pairs; their masks are *another program's output, not physicians'*; every pair is read by
the network of the fold that held it out. simulated: the first patients of ``bone simulate --number 200
--seed 11``. The two say different things and are never put in one table. Rule (benchmarks/bone_regions.py):
mean over scan, view and region with more than 50 pixels in the reference. --per-view: one network for each
view beside the one for both. --atlas: the packaged atlas in the same run. Intervals: 95 %, patients drawn
again.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bone_candidates import atlas_regions, read_pair, silver_regions
from bone_network_scores import (
    SIMULATED,
    interval,
    model_of,
    of_folds,
    probabilities,
    score,
    shown,
    write_figures,
    write_rows,
    write_scores,
)
from bone_regions import region_dice
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.skeleton_network import labels_on, tidied
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan
from napari_tbcad.schemes import REGION_NAMES

Case = tuple[str, int | None, BoneScan, SkeletonRegions]
Method = Callable[[str, int | None, BoneScan], SkeletonRegions]


def real_cases(chosen: argparse.Namespace) -> Iterator[Case]:
    """Yield name, patient, scan and silver regions of the real pairs."""
    for patient in of_folds(chosen.fold, chosen.number):
        scan = read_pair(patient)
        yield f"real_{patient}", patient, scan, silver_regions(scan)


def simulated_cases(folder: Path, number: int) -> Iterator[Case]:
    """Yield name, no patient, scan and true regions."""
    from bone_index import patients as truth_files
    from bone_index import read_truth

    for path in truth_files(folder)[:number]:
        truth = read_truth(path)
        yield truth.name, None, truth.scan, truth.regions


def by_network(
    trainings: Path | None,
    part: str,
    *,
    per_view: bool = False,
    views: Sequence[str] = VIEWS,
    mirror: bool = False,
    kept: Path | None = None,
) -> Method:
    """Return a method: the most probable region, no sternum in the posterior view, as the program does."""

    def regions(name: str, patient: int | None, scan: BoneScan) -> SkeletonRegions:
        labels = {}
        for view in views:
            model = model_of(trainings, part, view if per_view else "", patient)
            counts = scan.view(view).counts
            given = probabilities(model, name, view, counts, mirror=mirror, kept=kept)
            labels[view] = labels_on(tidied(given, view), counts.shape)
        return SkeletonRegions(labels.get("anterior"), labels.get("posterior"))

    return regions


def print_table(title: str, dice: NDArray[np.float64], owners: list[str]) -> dict[str, object]:
    """Print means by region and view, and of all with an interval; returns them."""
    print(f"\n{title}\n  {'region':10} {'anterior':>9} {'posterior':>9}")
    cells = {}
    for k, region in enumerate(REGION_NAMES):
        means = [np.nanmean(d) if np.isfinite(d := dice[:, v, k]).any() else np.nan for v in range(2)]
        cells[region] = means
        print(f"  {region:10} " + " ".join(f"{'' if np.isnan(m) else f'{m:.3f}':>9}" for m in means))
    views = [float(np.nanmean(d)) if np.isfinite(d).any() else np.nan for d in (dice[:, 0], dice[:, 1])]
    print(f"  {'mean':10} " + " ".join(f"{v:9.3f}" for v in views))
    ends = interval(owners, lambda rows: np.nanmean(dice[rows]))
    scored = dice[np.isfinite(dice)]
    print(
        f"  all: mean {shown(scored.mean(), ends)}, median {np.median(scored):.3f}, lowest scan "
        f"{np.nanmean(dice, axis=(1, 2)).min():.3f}; {scored.size} regions of {len(dice)} scans",
        flush=True,
    )
    return {"mean": scored.mean(), "ends": ends.tolist(), "views": views, "regions": cells}


def methods_of(chosen: argparse.Namespace) -> dict[str, Method]:
    """Return what is to be compared, by title."""
    found: dict[str, Method] = {}
    for per_view in (False, True) if chosen.per_view else (False,):
        title = "one network for each view" if per_view else "one network for both views"
        given = {"per_view": per_view, "views": chosen.view, "kept": chosen.cache}
        found[title] = by_network(chosen.trainings, chosen.part, **given)
        if chosen.mirror:
            found[f"{title}, mirrored, too"] = by_network(chosen.trainings, chosen.part, mirror=True, **given)
    if chosen.atlas:
        found["packaged atlas"] = lambda name, patient, scan: atlas_regions(scan)
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trainings", type=Path, help="simulated: the packaged network when not given")
    parser.add_argument("--part", choices=("regions", "regions_first"), default="regions")
    parser.add_argument("--set", choices=("real", "simulated"), default="real")
    parser.add_argument("--data", type=Path, default=SIMULATED, help="a set of `bone simulate`")
    parser.add_argument("--number", type=int, default=48, help="scans")
    parser.add_argument("--fold", type=int, nargs="*", help="real patients of these folds; all else")
    parser.add_argument("--view", choices=VIEWS, nargs="*", default=VIEWS, help="which views; both else")
    parser.add_argument("--per-view", action="store_true", help="networks of one view each, too")
    parser.add_argument("--mirror", action="store_true", help="also averaged with the mirrored image")
    parser.add_argument("--atlas", action="store_true", help="the packaged atlas, too")
    parser.add_argument("--cache", type=Path, help="folder that keeps probabilities")
    parser.add_argument("--scores-json", type=Path, help="file that collects the scores of the card")
    parser.add_argument("--out", type=Path, help="folder for tables (CSV) and figures (JSON)")
    chosen = parser.parse_args()
    methods = methods_of(chosen)
    real = chosen.set == "real"
    reference = "real scans, silver masks (a network's, not physicians')" if real else "simulated scans"
    print(f"12-region Dice, {reference}; {chosen.part}; {datetime.date.today()}")
    cases = real_cases(chosen) if real else simulated_cases(chosen.data, chosen.number)
    names: list[str] = []
    dice: dict[str, list[NDArray[np.float64]]] = {title: [] for title in methods}
    rows: list[dict[str, object]] = []
    for name, patient, scan, reference_regions in cases:
        try:
            model_of(chosen.trainings, chosen.part, "", patient)
        except BadInput:
            continue  # its fold is not trained yet
        names.append(name)
        for title, method in methods.items():
            found = method(name, patient, scan)
            own = np.full((len(VIEWS), len(REGION_NAMES)), np.nan)
            for view in chosen.view:
                one = region_dice(found.labels(view), reference_regions.labels(view))
                own[VIEWS.index(view)] = one
            dice[title].append(own)
            for v, view in enumerate(VIEWS):
                cells = dict(zip(REGION_NAMES, own[v].tolist(), strict=True))
                rows.append({"scan": name, "view": view, "method": title, **cells})
    figures = {title: print_table(title, np.array(d), names) for title, d in dice.items()}
    if chosen.out:
        chosen.out.mkdir(parents=True, exist_ok=True)
        write_rows(chosen.out / f"regions_{chosen.set}.csv", rows)
        write_figures(chosen.out / f"regions_{chosen.set}.json", {chosen.part: figures})
    own: dict[str, Any] = figures["one network for both views"]
    design = "5 folds by patient: real scans, silver masks" if real else "simulated scans, never trained on"
    write_scores(
        chosen.scores_json,
        {"skeleton": [score(design, "Dice of 12 regions", own["mean"], own["ends"], len(names))]},
    )


if __name__ == "__main__":
    main()
