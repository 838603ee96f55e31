"""Hotspot networks on real views that they did not see, against silver boxes.

    python benchmarks/bone_network_hotspots.py --trainings DIR [--part hotspots] [--mirror] [--peer]

Data: the 48 real pairs, 96 views; boxes are *a detector's output, not physicians'*. Every view is read by the
network of the fold that held its patient out. Rule (benchmarks/bone_candidates.py): a box is hit when an
instance's centroid lies inside; further instances inside a box are no false positives; one threshold for all
views. Pixel F1 is from counts summed over all views, against Otsu's threshold in the boxes. Intervals: 95 %,
patients drawn again. --peer measures the classical detector by the same rules in the same run.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bone_candidates import PAIRS, POINTS, SHORT, atlas_regions, hits, read_pair
from bone_network_instances import HEAD, PARTS, Found, View, add_rules, class_image, curve, own_view, rules
from bone_network_scores import (
    WANTED,
    counted,
    f1,
    interval,
    model_of,
    of_folds,
    probabilities,
    score,
    shown,
    silver_classes,
    write_figures,
    write_rows,
    write_scores,
)
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan
from napari_tbcad.imaging.grid import resize_soft
from napari_tbcad.io.voc import read_voc

TWO = POINTS.index(2)


def answers(chosen: argparse.Namespace) -> Iterator[tuple[int, str, NDArray[np.float32], BoneScan]]:
    """Yield patient, view, probabilities and the scan; none where a fold is not trained."""
    for patient in of_folds(chosen.fold, chosen.number):
        scan = read_pair(patient)
        for view in VIEWS:
            named = own_view(chosen.part, view) + ("" if chosen.scheme == "4" else "_3")
            try:
                model = model_of(chosen.trainings, chosen.part, named, patient)
            except BadInput:
                continue
            counts = scan.view(view).counts
            given = probabilities(
                model, f"real_{patient}", view, counts, mirror=chosen.mirror, kept=chosen.cache
            )
            yield patient, view, given, scan


def seen(patient: int, view: str, labels: NDArray[np.uint16], found: list[Found]) -> View:
    """Return a real view with its boxes and which of them each instance hits."""
    boxes = read_voc(PAIRS / "boxes_yolo" / f"{patient}_{SHORT[view]}.xml").boxes
    return View(patient, view, labels, found, boxes, hits(labels, [one.id for one in found], boxes))


def classical(numbers: Sequence[int]) -> list[View]:
    """Return the views as the classical detector with atlas regions sees them."""
    from bone_candidates import see
    from napari_tbcad.bone.candidates_classes import class_of

    views = []
    for patient in numbers:
        scan = read_pair(patient)
        for one in see(scan, atlas_regions(scan)):
            found = [
                Found(c.id, c.score, float(class_of(c, one.maps)[0] == "abnormal")) for c in one.candidates
            ]
            views.append(seen(patient, one.view, one.labels, found))
    return views


def pixel_counts(views: Sequence[View], threshold: float, kept: Path | None) -> NDArray[np.int64]:
    """Return TP, FP, FN of abnormal, normal and any (views, 3, 3)."""
    return np.array(
        [
            counted(
                class_image(v.labels, v.candidates, threshold), silver_classes(int(v.patient), kept)[v.view]
            )
            for v in views
        ]
    )


def print_pixels(title: str, counts: NDArray[np.int64], owners: Sequence[int]) -> dict[str, list[float]]:
    """Print F1 with intervals; returns it."""
    ends = interval(owners, lambda rows: f1(counts[rows].sum(0)))
    values = f1(counts.sum(0))
    print(
        f"  {title:44}" + "  ".join(f"{n} {shown(values[i], ends[:, i])}" for i, n in enumerate(WANTED)),
        flush=True,
    )
    return {name: [values[i], *ends[:, i]] for i, name in enumerate(WANTED)}


def print_curves(views: Sequence[View]) -> dict[str, object]:
    """Print sensitivities by class and view; returns those of all with intervals."""
    owners = [v.patient for v in views]
    points = curve(views)
    ends = interval(owners, lambda rows: curve([views[i] for i in rows])[:, 0], n=200)
    print(f"  {'sensitivity at FP a view':30}{'boxes':>6}" + HEAD)
    for title, part, wanted in (
        ("all", views, lambda v, b: True),
        *((n, views, lambda v, b, n=n: b.label == n) for n in ("Abnormal", "Normal")),
        *((view, [v for v in views if v.view == view], lambda v, b: True) for view in VIEWS),
    ):
        number = sum(wanted(v, b) for v in part for b in v.boxes)
        print(f"  {title:30}{number:6}" + "".join(f"{s:7.3f}" for s, _ in curve(part, wanted)))
    print(f"  {'thresholds':36}" + "".join(f"{t:7.3f}" for t in points[:, 1]))
    print(f"  at 2 a view: {shown(points[TWO, 0], ends[:, TWO])}", flush=True)
    return {
        "points": POINTS,
        "sensitivity": points[:, 0].tolist(),
        "low": ends[0].tolist(),
        "high": ends[1].tolist(),
        "thresholds": points[:, 1].tolist(),
    }


def rows_of(views: Sequence[View], counts: NDArray[np.int64], threshold: float) -> list[dict[str, object]]:
    """Return one row a view: boxes, boxes hit and false positives at the threshold, pixel counts."""
    rows = []
    for v, own in zip(views, counts, strict=True):
        said = [h for c, h in zip(v.candidates, v.hits, strict=True) if c.score >= threshold]
        row: dict[str, object] = {"patient": v.patient, "view": v.view, "boxes": len(v.boxes)}
        row |= {"hit": len({n for h in said for n in h}), "false": sum(not h for h in said)}
        for i, name in enumerate(WANTED):
            row |= {f"{name}_{what}": int(n) for what, n in zip(("tp", "fp", "fn"), own[i], strict=True)}
        rows.append(row)
    return rows


def card_scores(views: Sequence[View], threshold: float, kept: Path | None) -> dict[str, list[Any]]:
    """Return what the cards of both networks say of real views."""
    scores = {}
    for view in VIEWS:
        part = [v for v in views if v.view == view]
        owners = [v.patient for v in part]
        ends = interval(owners, lambda rows, p=part: curve([p[i] for i in rows])[TWO, 0], n=200)
        design = f"5 folds by patient: real {view} views, silver boxes"
        metric = "sensitivity at 2 false positives a view"
        scores[f"hotspots-{view}"] = [score(design, metric, curve(part)[TWO, 0], ends, len(part))]
        counts = pixel_counts(part, threshold, kept)
        ends = interval(owners, lambda rows, c=counts: f1(c[rows].sum(0)))
        for i, name in list(enumerate(WANTED))[:2]:
            own = score(design, f"F1 of {name} pixels", f1(counts.sum(0))[i], ends[:, i], len(part))
            scores[f"hotspots-{view}"].append(own)
    return scores


def measure(title: str, views: list[View], chosen: argparse.Namespace) -> dict[str, object]:
    """Print everything about one way to see the views; its rows go to a table."""
    print(f"\n{title}")
    found = print_curves(views)
    owners = [int(v.patient) for v in views]
    pixels = {}
    at = {f"{p} FP a view": found["thresholds"][POINTS.index(p)] for p in (1, 2, 3)}  # type: ignore[index]
    for said, threshold in (at | {"chosen": chosen.threshold}).items():
        counts = pixel_counts(views, threshold, chosen.cache)
        pixels[said] = print_pixels(f"F1 of instances from {threshold:.3f} on ({said})", counts, owners)
        if said == "chosen" and chosen.out:
            name = title.split(",")[0].replace(" ", "_")
            write_rows(chosen.out / f"hotspots_real_{name}.csv", rows_of(views, counts, threshold))
    return {"froc": found, "f1": pixels}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trainings", type=Path, required=True)
    parser.add_argument("--part", choices=PARTS, default="hotspots")
    parser.add_argument("--mirror", action="store_true", help="average with the mirrored image")
    add_rules(parser)
    parser.add_argument("--scores-json", type=Path, help="file that collects the scores of the cards")
    parser.add_argument("--scheme", choices=("4", "3"), default="4", help="classes of the networks")
    parser.add_argument("--fold", type=int, nargs="*", help="patients of these folds; all when not given")
    parser.add_argument("--number", type=int, help="patients; all when not given")
    parser.add_argument("--peer", action="store_true", help="the classical detector, too")
    parser.add_argument("--cache", type=Path, help="folder that keeps probabilities")
    parser.add_argument("--out", type=Path, help="folder for tables (CSV) and figures (JSON)")
    chosen = parser.parse_args()
    if chosen.out:
        chosen.out.mkdir(parents=True, exist_ok=True)
    said = f"{chosen.part}{', mirrored variant averaged' if chosen.mirror else ''}"
    print(f"real views, silver boxes (a detector's, not physicians'); {said}; {datetime.date.today()}")
    read = list(answers(chosen))
    raw = np.array(
        [
            counted(resize_soft(p, scan.shape).argmax(0), silver_classes(patient, chosen.cache)[view])
            for patient, view, p, scan in read
        ]
    )
    print(f"{len(read)} views, {len({one[0] for one in read})} patients")
    figures: dict[str, object] = {
        "argmax": print_pixels("F1 of the most probable class", raw, [one[0] for one in read])
    }
    for rule in rules(chosen):
        views = [seen(n, view, *rule(p, scan)) for n, view, p, scan in read]
        figures[str(rule)] = measure(str(rule), views, chosen)
        if rule == rules(chosen)[0]:
            write_scores(chosen.scores_json, card_scores(views, chosen.threshold, chosen.cache))
    if chosen.peer:
        figures["classical"] = measure(
            "classical, atlas regions", classical(of_folds(chosen.fold, chosen.number)), chosen
        )
    if chosen.out:
        name = f"{chosen.part}{'_mirror' if chosen.mirror else ''}"
        write_figures(chosen.out / "hotspots_real.json", {name: figures})


if __name__ == "__main__":
    main()
