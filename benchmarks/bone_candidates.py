"""Classical hotspot candidates against the boxes of real scans; fits and measures the stored model.

``bone_candidates.py measure --regions silver|atlas``: free-response curve and classes on the real pairs.
``bone_candidates.py fit --regions silver|atlas --simulated DIR``: the model from the first half of the
patients; its classes from simulated patients, too (DIR of ``napari-tbcad bone simulate --number
24 --seed 4242``).

The boxes are a detector's output, not physicians'. A box is hit when a candidate's centroid lies inside;
further candidates inside a box are not false positives. One threshold for all views. The patients are sorted
by number; the first, third, … are the half that the coefficients were fitted on; the features were chosen by
cross-validation over all patients.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.axis import pair_views
from napari_tbcad.bone.candidates_classes import class_of, evidence
from napari_tbcad.bone.candidates_classical import ClassicalParameters
from napari_tbcad.bone.candidates_grow import Candidate, grow_peak, grow_peaks
from napari_tbcad.bone.candidates_maps import ALL_ZONES, ViewMaps, pixel_mm
from napari_tbcad.bone.candidates_peaks import FEATURES, Peaks, find_peaks
from napari_tbcad.bone.candidates_peaks import model as model_of
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.evaluate.compare.lesions import MISSED, POINTS, FreeResponse
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ScanView, ViewName
from napari_tbcad.io.voc import LabelledBox, read_voc
from napari_tbcad.schemes import REGION_NAMES

PAIRS = Path(__file__).resolve().parents[2] / "shared" / "data" / "bone" / "pairs"
MODEL = Path(__file__).resolve().parents[1] / "src" / "napari_tbcad" / "bone" / "candidates_model.json"
SHORT = {"anterior": "ant", "posterior": "post"}
LEAST_SCORE = 0.1
SIMULATED = 0.3
CLASSES = ("abnormal", "normal", "non_bone")


@dataclass
class Seen:
    """One view with its boxes, peaks and candidates."""

    patient: int
    view: ViewName
    maps: ViewMaps
    peaks: Peaks
    labels: NDArray[np.uint16]
    candidates: list[Candidate]
    boxes: tuple[LabelledBox, ...] = ()
    hits: list[list[int]] = field(default_factory=list)

    def zone_of(self, box: LabelledBox) -> str:
        """Zone of the middle of a box."""
        row, column = (box.top + box.bottom) // 2, (box.left + box.right) // 2
        return ALL_ZONES[self.maps.zones[row, column]]


def patients() -> list[int]:
    return sorted({int(path.stem.split("_")[0]) for path in (PAIRS / "png").glob("*.png")})


def first_half() -> set[int]:
    return set(patients()[::2])


def read_grey(path: Path) -> NDArray[np.uint8]:
    import imageio.v3 as iio

    return np.asarray(iio.imread(path))


def read_pair(number: int) -> BoneScan:
    views = {v: ScanView(read_grey(PAIRS / "png" / f"{number}_{SHORT[v]}.png")) for v in VIEWS}
    return BoneScan(views["anterior"], views["posterior"], unit="grey", source=str(number))


def silver_regions(scan: BoneScan) -> SkeletonRegions:
    masks = {v: read_grey(PAIRS / "region12_silver" / f"{scan.source}_{SHORT[v]}.png") for v in VIEWS}
    return SkeletonRegions(masks["anterior"], masks["posterior"])


def atlas_regions(scan: BoneScan) -> SkeletonRegions:
    from napari_tbcad.bone.skeleton import RegionParameters, find_regions

    return find_regions(scan, parameters=RegionParameters(segmenter="atlas"))


REGIONS: dict[str, Callable[[BoneScan], SkeletonRegions]] = {"silver": silver_regions, "atlas": atlas_regions}


def inside(box: LabelledBox, row: float, column: float) -> bool:
    return box.top <= row <= box.bottom and box.left <= column <= box.right


def see(scan: BoneScan, regions: SkeletonRegions, fraction: float = 0.5) -> Iterable[Seen]:
    """All candidates of a scan at threshold 0, as the chain makes them."""
    spacing, _ = pixel_mm(scan)
    patient = int(scan.source) if scan.source.isdigit() else 0
    maps = {v: ViewMaps(v, view.counts, regions.labels(v), spacing) for v, view in scan}  # type: ignore[arg-type]
    pairing = pair_views(scan)
    for view, one in maps.items():
        other = maps.get("posterior" if view == "anterior" else "anterior")
        peaks = find_peaks(one, other, pairing)
        labels, found = grow_peaks(one, peaks, threshold=0.0, fraction=fraction)
        yield Seen(patient, view, one, peaks, labels, found)


@cache
def real_views(regions: str) -> list[Seen]:
    views = []
    for number in patients():
        scan = read_pair(number)
        for seen in see(scan, REGIONS[regions](scan)):
            seen.boxes = read_voc(PAIRS / "boxes_yolo" / f"{number}_{SHORT[seen.view]}.xml").boxes
            seen.hits = hits(seen.labels, [c.id for c in seen.candidates], seen.boxes)
            views.append(seen)
    return views


def hits(labels: NDArray[np.uint16], ids: Sequence[int], boxes: Sequence[LabelledBox]) -> list[list[int]]:
    """Which boxes hold each candidate's centroid."""
    centres = ndimage.center_of_mass(labels > 0, labels, ids) if ids else []
    return [[n for n, box in enumerate(boxes) if inside(box, *centre)] for centre in centres]


def froc(
    views: Sequence[Seen], wanted: Callable[[Seen, LabelledBox], bool] = lambda v, b: True
) -> list[list[float]]:
    """Sensitivity and threshold at 1, 2, 3, 5, 8 false positives a view.

    Sensitivity counts only the wanted boxes; false positives are those that hit no box at all.
    """
    lesions, false = [], []
    for v in views:
        best = dict.fromkeys((n for n, box in enumerate(v.boxes) if wanted(v, box)), MISSED)
        for candidate, hit in zip(v.candidates, v.hits, strict=True):
            best |= {n: max(best[n], candidate.score) for n in hit if n in best}
        lesions.append(list(best.values()))
        false.append([c.score for c, hit in zip(v.candidates, v.hits, strict=True) if not hit])
    found: list[list[float]] = FreeResponse(lesions, false).curve().at(POINTS).tolist()
    return found


def print_froc(
    title: str, views: Sequence[Seen], wanted: Callable[[Seen, LabelledBox], bool] = lambda v, b: True
) -> None:
    number = sum(wanted(v, b) for v in views for b in v.boxes)
    row = froc(views, wanted)
    print(f"{title:28}{number:6}" + "".join(f"{sensitivity:8.3f}" for sensitivity, _ in row), flush=True)


def measure(regions: str) -> None:
    start = time.perf_counter()
    views = real_views(regions)
    print(f"real pairs, silver boxes (a detector's, not physicians'); regions: {regions}")
    print(f"{len(views)} views, {time.perf_counter() - start:.0f} s")
    print(f"{'sensitivity at FP a view':28}{'boxes':>6}" + "".join(f"{p:8}" for p in POINTS))
    half = first_half()
    print_froc("all", views)
    print_froc("half the model was fitted on", [v for v in views if v.patient in half])
    print_froc("other half", [v for v in views if v.patient not in half])
    for name in ("Abnormal", "Normal"):
        print_froc(name, views, lambda v, b, n=name: b.label == n)
    for view in VIEWS:
        print_froc(view, [v for v in views if v.view == view])
    for zone in ALL_ZONES[1:]:
        print_froc(f"  {zone}", views, lambda v, b, z=zone: v.zone_of(b) == z)
    print("thresholds" + " " * 24 + "".join(f"{t:8.3f}" for _, t in froc(views)))
    five = froc(views)[3][1]
    false = Counter(
        c.zone
        for v in views
        for c, hit in zip(v.candidates, v.hits, strict=True)
        if c.score >= five and not hit
    )
    print_classes(views, "the half", lambda v: v.patient in half)
    print_classes(views, "other half", lambda v: v.patient not in half)
    print("false positives at 5 a view: " + ", ".join(f"{zone} {n}" for zone, n in false.most_common()))


def print_classes(views: Sequence[Seen], title: str, wanted: Callable[[Seen], bool]) -> None:
    """Class by rule (columns) of candidates at the default threshold, by the boxes they lie in (rows)."""
    table = Counter()
    for seen in filter(wanted, views):
        for candidate, hit in zip(seen.candidates, seen.hits, strict=True):
            if candidate.score >= ClassicalParameters().threshold:
                labels = {seen.boxes[n].label for n in hit}
                row = "Abnormal" if "Abnormal" in labels else "Normal" if labels else "no box"
                place = "in a region" if candidate.zone in REGION_NAMES else "outside"
                table[row, place, class_of(candidate, seen.maps)[0]] += 1
    head = f"classes at {ClassicalParameters().threshold}, {title}"
    print(f"{head:40}" + "".join(f"{c:>10}" for c in CLASSES))
    for row in ("Abnormal", "Normal", "no box"):
        for place in ("in a region", "outside"):
            print(f"  {row:9}{place:29}" + "".join(f"{table[row, place, c]:10}" for c in CLASSES))


def fit(regions: str, penalty: float) -> None:
    """Fit the model on the first half of the patients and write it."""
    from sklearn.linear_model import LogisticRegression

    views = [v for v in real_views(regions) if v.patient in first_half()]
    rows, truth = [], []
    for seen in views:
        for n, (row, column) in enumerate(zip(seen.peaks.rows, seen.peaks.columns, strict=True)):
            zone = np.eye(len(ALL_ZONES))[seen.peaks.zones[n]]
            rows.append(np.concatenate([seen.peaks.features[n], zone]))
            truth.append(grown_hits(seen, int(row), int(column)))
    table, answer = np.array(rows), np.array(truth)
    scale = np.concatenate([table[:, : len(FEATURES)].std(axis=0), np.ones(len(ALL_ZONES))])
    found = LogisticRegression(C=penalty, max_iter=5000).fit(table / scale, answer)
    weights = found.coef_[0] / scale
    model = {
        "name": "classical-1",
        "made_by": f"benchmarks/bone_candidates.py fit --regions {regions} --penalty {penalty}",
        "date": time.strftime("%Y-%m-%d"),
        "data": f"BS-80K, {len(first_half())} of {len(patients())} patients (every second by number), "
        f"{len(views)} views, {sum(len(v.boxes) for v in views)} boxes made by a detector, "
        f"not by physicians; {len(answer)} peaks of which {int(answer.sum())} in a box; "
        "the features were chosen by cross-validation over all patients",
        "offset": round(float(found.intercept_[0]), 4),
        "weights": {n: round(float(w), 4) for n, w in zip(FEATURES, weights, strict=False)},
        "zones": {
            n: round(float(w), 4) for n, w in zip(ALL_ZONES[1:], weights[len(FEATURES) + 1 :], strict=True)
        },
    }
    write(model)


def fit_classes(regions: str, simulated: Path) -> None:
    """Fit what makes a candidate in a region abnormal, on that half and on a set of simulated scans."""
    from sklearn.linear_model import LogisticRegression

    rows, truth, owner = [], [], []
    for name, candidate, abnormal in [*real_answers(regions), *simulated_answers(simulated)]:
        if candidate.score >= LEAST_SCORE and candidate.zone in REGION_NAMES[1:]:
            rows.append(evidence(candidate))
            truth.append(abnormal)
            owner.append((name, abnormal))
    number = Counter(owner)
    made = [name.startswith("simulated") for name, _ in owner]
    weight = [(SIMULATED if m else 1.0) * number[k] ** -0.5 for k, m in zip(owner, made, strict=True)]
    found = LogisticRegression(max_iter=5000).fit(np.array(rows), np.array(truth), sample_weight=weight)
    model = json.loads(MODEL.read_text())
    model["abnormal"] = {
        "made_by": f"benchmarks/bone_candidates.py fit --regions {regions} --simulated DIR",
        "data": f"{len(truth)} candidates from score {LEAST_SCORE} on in regions other than the skull, "
        f"{sum(truth)} of them abnormal: {made.count(False)} of the same half, abnormal by their box, and "
        f"{sum(made)} of {len({n for (n, _), m in zip(owner, made, strict=True) if m})} simulated patients, "
        "by truth; weighted by one over the root of the patient's number of such (two patients have most), "
        f"simulated ones {SIMULATED} of that; face was set by hand",
        "offset": round(float(found.intercept_[0]), 4),
        "score": round(float(found.coef_[0, 0]), 4),
        "asymmetry": round(float(found.coef_[0, 1]), 4),
        "face": -1.5,
    }
    write(model)


def real_answers(regions: str) -> Iterable[tuple[str, Candidate, bool]]:
    """Candidates of the first half of the patients, and whether they lie in a box called abnormal."""
    for seen in (v for v in real_views(regions) if v.patient in first_half()):
        for candidate, hit in zip(seen.candidates, seen.hits, strict=True):
            yield f"real {seen.patient}", candidate, any(seen.boxes[n].label == "Abnormal" for n in hit)


def simulated_answers(folder: Path) -> Iterable[tuple[str, Candidate, bool]]:
    """Candidates of simulated scans with true regions, and whether they mark a metastasis."""
    from bone_candidates_simulated import hit
    from bone_index import patients as truth_files
    from bone_index import read_truth

    for path in truth_files(folder):
        truth = read_truth(path)
        for seen in see(truth.scan, truth.regions):
            image = truth.hotspots.labels(seen.view)
            for candidate in seen.candidates:
                number = hit(image, seen.labels == candidate.id)
                abnormal = bool(number) and truth.hotspots.mark(number).label == "abnormal"
                yield f"simulated {path.stem}", candidate, abnormal


def write(model: dict[str, object]) -> None:
    MODEL.write_text(json.dumps(model, indent=1) + "\n")
    print(json.dumps(model, indent=1))


def grown_hits(seen: Seen, row: int, column: int) -> bool:
    """Whether a peak, grown alone, has its centroid in a box."""
    where, pixels = grow_peak(seen.maps, (row, column), 0.5)
    rows, columns = np.nonzero(pixels)
    return any(
        inside(box, rows.mean() + where[0].start, columns.mean() + where[1].start) for box in seen.boxes
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("measure", "fit"))
    parser.add_argument("--regions", choices=tuple(REGIONS), default="atlas")
    parser.add_argument("--penalty", type=float, default=0.3)
    parser.add_argument("--simulated", type=Path, help="a set of `bone simulate`, for fit")
    arguments = parser.parse_args()
    if arguments.what == "measure":
        measure(arguments.regions)
    else:
        fit(arguments.regions, arguments.penalty)
        model_of.cache_clear()
        real_views.cache_clear()
        fit_classes(arguments.regions, arguments.simulated)


if __name__ == "__main__":
    main()
