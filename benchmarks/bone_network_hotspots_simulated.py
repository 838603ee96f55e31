"""Hotspot networks on simulated persons that no network has seen, against the simulator's truth.

    python benchmarks/bone_network_hotspots_simulated.py [--trainings DIR] [--part hotspots] [--peer]

Data: the first patients of ``bone simulate --number 200 --seed 11`` (bone_logs/patients); nothing was fitted
on them. F1 and IoU are of pixels, from counts summed over all views. Rule (bone_candidates_simulated.py): a
hotspot is found when an instance's centroid lies on it, or a third of the instance's pixels do; one threshold
for all views. "abnormal": instances ranked by how surely abnormal they are; what lies on no metastasis is
false. --peer measures the classical detector with atlas regions by the same rules in the same run.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bone_candidates import atlas_regions
from bone_candidates_simulated import hit
from bone_index import Truth, read_truth
from bone_index import patients as truth_files
from bone_network_instances import HEAD, PARTS, Found, View, add_rules, class_image, curve, own_view, rules
from bone_network_scores import (
    SIMULATED,
    WANTED,
    counted,
    f1,
    interval,
    iou,
    model_of,
    probabilities,
    score,
    shown,
    write_figures,
    write_scores,
)
from napari_tbcad.bone.hotspots import Mark
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan
from napari_tbcad.imaging.grid import resize_soft
from napari_tbcad.io.labels import read_labels


@dataclass(eq=False)
class Seen:
    """One simulated view: true classes and marks, and the probabilities of the networks."""

    name: str
    view: str
    classes: NDArray[np.uint8]
    hotspots: NDArray[np.uint16]
    marks: list[Mark]
    ill: bool
    given: NDArray[np.float32]
    scan: BoneScan


def views_of(truth: Truth, path: Path, chosen: argparse.Namespace) -> Iterator[Seen]:
    """Yield both views of a simulated scan."""
    ill = any(mark.label == "abnormal" for mark in truth.hotspots.marks)
    for view in VIEWS:
        model = model_of(chosen.trainings, chosen.part, own_view(chosen.part, view))
        given = probabilities(
            model,
            truth.name,
            view,
            truth.scan.view(view).counts,
            mirror=chosen.mirror,
            kept=chosen.cache,
        )
        classes = read_labels(path.with_name(f"{truth.name}_{view}_classes.png"))
        marks = [m for m in truth.hotspots.marks if m.view == view]
        drawn = truth.hotspots.labels(view)
        yield Seen(truth.name, view, classes, drawn, marks, ill, given, truth.scan)


def marked(one: Seen, labels: NDArray[np.uint16], found: list[Found]) -> View:
    """Return the view with which true hotspot each instance marks."""
    place = {mark.id: n for n, mark in enumerate(one.marks)}
    hits = [[place[n]] if (n := hit(one.hotspots, labels == c.id)) else [] for c in found]
    return View(one.name, one.view, labels, found, one.marks, hits)  # type: ignore[arg-type]


def for_abnormal(view: View) -> View:
    """Return the view with instances ranked as abnormal ones, and only metastases to be hit."""
    ranked = [replace(c, score=c.score * c.abnormal) for c in view.candidates]
    hits = [[n for n in h if view.boxes[n].label == "abnormal"] for h in view.hits]
    return replace(view, candidates=ranked, hits=hits)


def print_counts(title: str, counts: NDArray[np.int64], owners: Sequence[str]) -> dict[str, object]:
    """Print F1 with interval and IoU by class; returns both."""
    ends = interval(owners, lambda rows: f1(counts[rows].sum(0)), n=200)
    values, overlap = f1(counts.sum(0)), iou(counts.sum(0))
    cells = [f"{n} {shown(values[i], ends[:, i])}, {overlap[i]:.3f}" for i, n in enumerate(WANTED)]
    print(f"  {title:34}" + "  ".join(cells), flush=True)
    return {
        n: {"f1": values[i], "ends": ends[:, i].tolist(), "iou": overlap[i]} for i, n in enumerate(WANTED)
    }


def card_scores(views: Sequence[View], seen: Sequence[Seen], threshold: float) -> dict[str, list[Any]]:
    """Return what the cards of both networks say of simulated views."""
    scores: dict[str, list[Any]] = {}
    for view in VIEWS:
        part = [(v, s) for v, s in zip(views, seen, strict=True) if v.view == view]
        counts = np.array(
            [counted(class_image(v.labels, v.candidates, threshold), s.classes) for v, s in part]
        )
        ends = interval([s.name for _, s in part], lambda rows, c=counts: f1(c[rows].sum(0)), n=200)
        design = f"simulated {view} views, never trained on"
        scores[f"hotspots-{view}"] = [
            score(design, f"F1 of {name} pixels", f1(counts.sum(0))[i], ends[:, i], len(part))
            for i, name in list(enumerate(WANTED))[:2]
        ]
    return scores


def print_views(title: str, views: list[View], seen: Sequence[Seen]) -> dict[str, object]:
    """Print F1 of the instances at some thresholds, sensitivities, and what clean scans are given."""
    print(f"\n{title}")
    owners = [v.patient for v in views]
    figures: dict[str, object] = {}
    for threshold in sorted({min(c.score for v in views for c in v.candidates), 0.3, 0.5, 0.7}):
        counts = np.array(
            [
                counted(class_image(v.labels, v.candidates, threshold), s.classes)
                for v, s in zip(views, seen, strict=True)
            ]
        )
        figures[f"f1 from {threshold:.2f} on"] = print_counts(
            f"F1, IoU of instances from {threshold:.2f} on", counts, owners
        )
    print(f"  {'sensitivity at FP a view':30}{'number':>6}" + HEAD)
    for label in ("abnormal", "normal", "non_bone"):
        number = sum(m.label == label for v in views for m in v.boxes)
        row = curve(views, lambda v, b, n=label: b.label == n)
        print(f"  {label + ', as hotspot':30}{number:6}" + "".join(f"{s:7.3f}" for s, _ in row))
        figures[f"{label} as hotspot"] = row[:, 0].tolist()
    ranked = [for_abnormal(v) for v in views]
    row = curve(ranked, lambda v, b: b.label == "abnormal")
    print(f"  {'abnormal, called so':36}" + "".join(f"{s:7.3f}" for s, _ in row))
    print(f"  {'thresholds of that':36}" + "".join(f"{t:7.3f}" for _, t in row))
    figures["abnormal called so"] = row[:, 0].tolist()
    figures["clean"] = print_clean(views, seen)
    return figures


def print_clean(views: Sequence[View], seen: Sequence[Seen]) -> dict[str, object]:
    """Print how many instances called abnormal the scans without metastases are given."""
    clean = [v for v, s in zip(views, seen, strict=True) if not s.ill]
    said = {}
    for threshold in (0.3, 0.5, 0.7, 0.9):
        called = [sum(c.score >= threshold and c.abnormal >= 0.5 for c in v.candidates) for v in clean]
        false = [
            sum(c.score >= threshold and not h for c, h in zip(v.candidates, v.hits, strict=True))
            for v in clean
        ]
        said[f"{threshold:g}"] = (np.mean(called), np.mean(false)) if clean else (np.nan, np.nan)
    cells = "; ".join(f"from {t} on {a:.2f}, {b:.2f}" for t, (a, b) in said.items())
    print(f"  {len(clean)} views without metastases; called abnormal, on no hotspot, a view: {cells}")
    return {"views": len(clean), "called abnormal, on no hotspot": said}


def classical(truth: Truth) -> dict[str, tuple[NDArray[np.uint16], list[Found]]]:
    """Return the classical detector's instances by view, with atlas regions, at its lowest threshold."""
    from bone_candidates import see
    from napari_tbcad.bone.candidates_classes import class_of

    def found(one: object) -> list[Found]:
        classes = [class_of(c, one.maps) for c in one.candidates]  # type: ignore[attr-defined]
        return [
            Found(c.id, c.score, float(label == "abnormal"))
            for c, (label, _) in zip(one.candidates, classes, strict=True)  # type: ignore[attr-defined]
        ]

    return {one.view: (one.labels, found(one)) for one in see(truth.scan, atlas_regions(truth.scan))}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trainings", type=Path, help="the packaged networks when not given")
    parser.add_argument("--part", choices=PARTS, default="hotspots")
    parser.add_argument("--data", type=Path, default=SIMULATED, help="a set of `bone simulate`")
    parser.add_argument("--mirror", action="store_true", help="average with the mirrored image")
    add_rules(parser)
    parser.add_argument("--scores-json", type=Path, help="file that collects the scores of the cards")
    parser.add_argument("--number", type=int, default=60, help="patients")
    parser.add_argument("--peer", action="store_true", help="the classical detector, too")
    parser.add_argument("--cache", type=Path, help="folder that keeps probabilities")
    parser.add_argument("--out", type=Path, help="folder for figures (JSON)")
    chosen = parser.parse_args()
    said = f"{chosen.part}{', mirrored variant averaged' if chosen.mirror else ''}"
    print(f"simulated views; {said}; {datetime.date.today()}")
    seen: list[Seen] = []
    peers: list[View] = []
    for path in truth_files(chosen.data)[: chosen.number]:
        truth = read_truth(path)
        pair = list(views_of(truth, path, chosen))
        seen += pair
        if chosen.peer:
            found = classical(truth)
            peers += [marked(one, *found[one.view]) for one in pair]
    print(f"{len(seen)} views, {len(seen) // 2} patients, {sum(s.ill for s in seen) // 2} with metastases")
    raw = np.array([counted(resize_soft(s.given, s.classes.shape).argmax(0), s.classes) for s in seen])
    figures: dict[str, object] = {
        "argmax": print_counts("F1, IoU of the most probable class", raw, [s.name for s in seen])
    }
    for rule in rules(chosen):
        views = [marked(s, *rule(s.given, s.scan)) for s in seen]
        figures[str(rule)] = print_views(str(rule), views, seen)
        if rule == rules(chosen)[0]:
            write_scores(chosen.scores_json, card_scores(views, seen, chosen.threshold))
    if peers:
        figures["classical"] = print_views("classical, atlas regions", peers, seen)
    if chosen.out:
        chosen.out.mkdir(parents=True, exist_ok=True)
        name = f"{chosen.part}{'_mirror' if chosen.mirror else ''}"
        write_figures(chosen.out / "hotspots_simulated.json", {name: figures})


if __name__ == "__main__":
    main()
