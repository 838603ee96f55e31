"""How near a person's clicks and boxes come to the true hotspots of simulated patients.

    python benchmarks/bone_annotate_truth.py --data DIR [--number N] [--half even|odd|both]

DIR as for bone_index.py: ``napari-tbcad bone simulate --number 200 --seed 11 --out DIR``. Every hotspot that
the truth shows in a view gets one click and one box, as a person would place them:

- the click lies at the middle of the hotspot's pixels, off by a normal error of 3 mm (standard deviation)
  in each direction;
- each edge of the box lies 2 to 6 px, evenly drawn, outside the hotspot's bounding box;
- where the slider is used, the person stops at the fraction whose area is nearest to the one he believes:
  the true area times a log-normal error of 0.2.

Beside the tools of the panel, with the same clicks: a fixed threshold at a fraction of the peak without a
background, and the flood fill of scikit-image on the smoothed picture with the same fraction as tolerance.
Dice is of the pixels in the view. A hotspot that a tool does not give at all counts as 0. `--half` takes
every second patient: what is tuned on the even ones is to be reported on the odd ones.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bone_index import Truth, patients, read_truth
from napari_tbcad.bone.box import Bounds, box_hotspot
from napari_tbcad.bone.box_tool import hotspot_in_box
from napari_tbcad.bone.grow import USUAL_SPACING_MM, GrowParameters, grow_hotspot
from napari_tbcad.errors import BadInput

CLICK_MM = 3.0
MARGIN_PX = (2, 6)
BELIEF = 0.2
SLIDER = tuple(round(0.1 * step, 2) for step in range(2, 10))
FRACTION = GrowParameters().fraction
SIZES_MM2 = (0, 100, 300, 1000, np.inf)
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Hotspot:
    """A true hotspot of one view, and how a person marks it."""

    counts: NDArray[np.float32]
    spacing: tuple[float, float]
    true: Mask
    click: tuple[float, float]
    box: Bounds
    believed: float
    facts: dict[str, str] = field(default_factory=dict)


def marked(truth: Truth, rng: np.random.Generator) -> list[Hotspot]:
    """Return the hotspots of a patient in both views, marked by a person."""
    spacing = truth.scan.spacing_mm or USUAL_SPACING_MM
    made = []
    for view, image in truth.scan:
        labels = truth.hotspots.labels(view)
        places = ndimage.find_objects(labels)
        for mark in (m for m in truth.hotspots.marks if m.view == view):
            true, place = labels == mark.id, places[mark.id - 1]
            area = float(true.sum()) * spacing[0] * spacing[1]
            size = next(i for i, limit in enumerate(SIZES_MM2[1:]) if area < limit)
            facts = {
                "view": view,
                "class": mark.label,
                "size": f"{SIZES_MM2[size]:g}–{SIZES_MM2[size + 1]:g} mm²",
            }
            middle = np.argwhere(true).mean(axis=0) + rng.normal(0, CLICK_MM, 2) / spacing
            click = np.clip(middle, 0, np.array(labels.shape) - 1)
            first, second, third, fourth = rng.integers(MARGIN_PX[0], MARGIN_PX[1] + 1, 4)
            box = (
                place[0].start - first,
                place[1].start - second,
                place[0].stop + third,
                place[1].stop + fourth,
            )
            believed = true.sum() * float(np.exp(rng.normal(0, BELIEF)))
            made.append(
                Hotspot(
                    image.counts, spacing, true, (click[0], click[1]), tuple(map(int, box)), believed, facts
                )
            )
    return made


def grown(spot: Hotspot) -> Mask:
    return grow_hotspot(spot.counts, spot.click, spacing_mm=spot.spacing)


def grown_by_slider(spot: Hotspot) -> Mask:
    trials = [
        grow_hotspot(spot.counts, spot.click, GrowParameters(fraction=f), spacing_mm=spot.spacing)
        for f in SLIDER
    ]
    return min(trials, key=lambda mask: abs(np.log(max(mask.sum(), 0.5) / spot.believed)))


def boxed(spot: Hotspot) -> Mask:
    return hotspot_in_box(spot.counts, spot.box, spacing_mm=spot.spacing)


def boxed_by_recipe(spot: Hotspot) -> Mask:
    return box_hotspot(spot.counts, spot.box)


def fixed(spot: Hotspot) -> Mask:
    return grow_hotspot(spot.counts, spot.click, GrowParameters(background="none"), spacing_mm=spot.spacing)


def flooded(spot: Hotspot) -> Mask:
    from skimage.segmentation import flood

    place = tuple(round(float(c)) for c in spot.click)
    window = tuple(slice(max(c - 60, 0), c + 61) for c in place)
    smooth = ndimage.gaussian_filter(spot.counts[window], 1.2, mode="nearest")
    seed = tuple(c - w.start for c, w in zip(place, window, strict=True))
    found = np.zeros(spot.counts.shape, bool)
    found[window] = flood(smooth, seed, tolerance=(1 - FRACTION) * float(smooth[seed]))
    return found


TOOLS: dict[str, Callable[[Hotspot], Mask]] = {
    "grown": grown,
    "grown, slider": grown_by_slider,
    "boxed": boxed,
    "boxed, recipe": boxed_by_recipe,
    "fixed threshold": fixed,
    "flood fill": flooded,
}


def dice(one: Mask, other: Mask) -> float:
    """Return Dice's coefficient of two masks, 0 where one is empty."""
    both = int(one.sum()) + int(other.sum())
    return float(2 * np.count_nonzero(one & other) / both) if both else 0.0


@dataclass
class Scores:
    """Dice by tool, facts of the hotspots, seconds by tool."""

    facts: list[dict[str, str]] = field(default_factory=list)
    dice: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in TOOLS})
    seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in TOOLS})

    def add(self, spot: Hotspot) -> None:
        """Mark one hotspot by every tool."""
        self.facts.append(spot.facts)
        for name, tool in TOOLS.items():
            began = time.perf_counter()
            try:
                found = tool(spot)
            except BadInput:
                found = np.zeros_like(spot.true)
            self.seconds[name].append(time.perf_counter() - began)
            self.dice[name].append(dice(spot.true, found))

    def report(self) -> None:
        """Print the medians."""
        print(f"{'median Dice (10th percentile)':34}{'n':>6}" + "".join(f"{name:>20}" for name in TOOLS))
        self._line("all", np.ones(len(self.facts), bool))
        for fact in ("view", "class", "size"):
            for value in self._values(fact):
                self._line(value, np.array([facts[fact] == value for facts in self.facts]))
        times = [np.median(self.seconds[name]) * 1000 for name in TOOLS]
        print(f"{'ms, median':40}" + "".join(f"{t:20.1f}" for t in times))

    def _values(self, fact: str) -> Sequence[str]:
        found = {facts[fact] for facts in self.facts}
        return sorted(found, key=lambda text: (int(text.split("–")[0]) if "–" in text else 0, text))

    def _line(self, name: str, which: NDArray[np.bool_]) -> None:
        cells = [np.array(values)[which] for values in self.dice.values()]
        shown = [f"{np.median(c):.3f} ({np.quantile(c, 0.1):.2f})" for c in cells]
        print(f"{name:34}{which.sum():6}" + "".join(f"{text:>20}" for text in shown))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--number", type=int, default=100, help="how many patients of the set")
    parser.add_argument("--half", choices=("even", "odd", "both"), default="both")
    parser.add_argument("--seed", type=int, default=5, help="of the person's hand")
    options = parser.parse_args()
    paths = patients(options.data)[: options.number]
    paths = {"even": paths[::2], "odd": paths[1::2], "both": paths}[options.half]
    scores = Scores()
    for number, path in enumerate(paths):
        for spot in marked(read_truth(path), np.random.default_rng((options.seed, number))):
            scores.add(spot)
    print(
        f"simulated scans of {len(paths)} patients ({options.half}), clicks and boxes of seed {options.seed}"
    )
    scores.report()


if __name__ == "__main__":
    main()
