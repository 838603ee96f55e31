"""Classical hotspot candidates against the truth of simulated scans.

``bone_candidates_simulated.py --data DIR [--regions truth|atlas] [--number N]``: DIR as for
bone_index.py. A lesion is found in a view when a candidate's centroid lies on it, or a third of the
candidate's pixels do. The coefficients of the detector come from real scans; nothing was fitted here.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bone_candidates import atlas_regions
from bone_index import Truth, patients, read_truth
from napari_tbcad.bone.bsi import bone_scan_index
from napari_tbcad.bone.candidates import HotspotParameters, find_hotspots
from napari_tbcad.bone.candidates_classical import ClassicalParameters
from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.evaluate.compare.lesions import marked
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.schemes import REGION_NAMES

CLASSES = ("abnormal", "normal", "non_bone")
TABLE = "spiers1968"


class Tally:
    """What is counted over the scans."""

    def __init__(self) -> None:
        self.confusion: Counter[tuple[str, str]] = Counter()
        self.lesions: Counter[tuple[str, str]] = Counter()
        self.found: Counter[tuple[str, str]] = Counter()
        self.false: Counter[str] = Counter()
        self.dice: dict[str, list[float]] = defaultdict(list)
        self.index: list[tuple[float, float, int]] = []

    def add(self, truth: Truth, hotspots: Hotspots, regions: SkeletonRegions) -> None:
        """Count one scan."""
        drawn = truth.hotspots
        ill = sum(mark.label == "abnormal" for mark in drawn.marks)
        estimate = bone_scan_index(hotspots, regions, truth.scan).value
        self.index.append((truth.index[TABLE], estimate, ill))
        for view in VIEWS:
            image, labels = drawn.labels(view), hotspots.labels(view)
            places = {
                m.id: self._region(truth.regions.labels(view), image == m.id)
                for m in drawn.marks
                if m.view == view
            }
            self.lesions.update((drawn.mark(n).label, place) for n, place in places.items())
            seen: set[int] = set()
            for mark in (m for m in hotspots.marks if m.view == view):
                pixels = labels == mark.id
                number = hit(image, pixels)
                if number == 0:
                    place = self._region(regions.labels(view), pixels)
                    self.confusion["nothing", mark.label] += 1
                    self.false[place] += 1
                    continue
                true = drawn.mark(number).label
                self.confusion[true, mark.label] += 1
                if number not in seen:
                    seen.add(number)
                    self.found[true, places[number]] += 1
                    whole = image == number
                    self.dice[true].append(float(2 * (whole & pixels).sum() / (whole.sum() + pixels.sum())))

    @staticmethod
    def _region(regions: NDArray[np.uint8], pixels: NDArray[np.bool_]) -> str:
        number = int(np.bincount(regions[pixels], minlength=1).argmax())
        return REGION_NAMES[number - 1] if number else "outside"

    def report(self) -> None:
        """Print everything."""
        views = 2 * len(self.index)
        print(f"{views} views; false candidates {sum(self.false.values()) / views:.2f} a view")
        print("  " + ", ".join(f"{place} {n}" for place, n in self.false.most_common()))
        for label in CLASSES:
            all_, hit_ = (sum(n for (c, _), n in t.items() if c == label) for t in (self.lesions, self.found))
            median = float(np.median(self.dice[label])) if self.dice[label] else 0.0
            print(
                f"{label:10} found {hit_:4} of {all_:4} ({hit_ / max(all_, 1):.3f}), median Dice {median:.3f}"
            )
            rows = sorted((place, n) for (c, place), n in self.lesions.items() if c == label)
            print("  " + ", ".join(f"{place} {self.found[label, place]}/{n}" for place, n in rows))
        print(f"{'class: truth (rows), rule':26}" + "".join(f"{c:>10}" for c in CLASSES))
        for true in (*CLASSES, "nothing"):
            print(f"  {true:24}" + "".join(f"{self.confusion[true, c]:10}" for c in CLASSES))
        index = np.array(self.index)
        clean = index[index[:, 2] == 0, 1]
        if clean.size:
            print(
                f"BSI, {TABLE}, of {clean.size} scans without metastases: mean {clean.mean():.3f} %, "
                f"median {np.median(clean):.3f}, largest {clean.max():.2f}, above 0.3: {(clean > 0.3).sum()}"
            )
        if len(index) > 2:
            slope, offset = np.polyfit(index[:, 0], index[:, 1], 1)
            print(
                f"BSI of all {len(index)}: r {np.corrcoef(index[:, 0], index[:, 1])[0, 1]:.3f}, "
                f"slope {slope:.2f}, intercept {offset:.2f}, "
                f"MAE {np.abs(index[:, 0] - index[:, 1]).mean():.3f}"
            )


def hit(truth: NDArray[np.uint16], pixels: NDArray[np.bool_]) -> int:
    """Return the lesion that a candidate marks; 0 when none."""
    return int(marked(truth, pixels.astype(np.uint8), 1)[0])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--regions", choices=("truth", "atlas"), default="atlas")
    parser.add_argument("--number", type=int, default=60)
    parser.add_argument("--threshold", type=float, default=ClassicalParameters().threshold)
    arguments = parser.parse_args()
    tally = Tally()
    settings = HotspotParameters(
        segmenter="classical", classical=ClassicalParameters(threshold=arguments.threshold)
    )
    for path in patients(arguments.data)[: arguments.number]:
        truth = read_truth(path)
        regions = truth.regions
        if arguments.regions == "atlas":
            regions = atlas_regions(truth.scan)
        tally.add(truth, find_hotspots(truth.scan, regions, settings), regions)
    print(f"simulated scans; regions: {arguments.regions}; threshold {arguments.threshold}")
    tally.report()


if __name__ == "__main__":
    main()
