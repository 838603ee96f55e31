"""Measure box, grow and partner: `python benchmarks/bone_hotspots.py [--shared DIR] [--patients N]`.

Box + Otsu is measured against the published (model-made) hotspot masks of real scans, grow and partner
against simulated truth. The two are printed apart; they say nothing of each other.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.axis import pair_views
from napari_tbcad.bone.box import box_hotspot
from napari_tbcad.bone.editing import delete
from napari_tbcad.bone.grow import GrowParameters, grow_hotspot
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.partner import link_partners, propose_partner
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.labels import read_labels
from napari_tbcad.io.voc import read_voc
from napari_tbcad.simulate.bone_scan import SimulatedScan, simulate_scan

FIRST_SEED = 7000
FRACTIONS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float(2 * (one & other).sum() / max(one.sum() + other.sum(), 1))


def box_scores(shared: Path) -> list[float]:
    """Dice of every published hotspot mask that is not empty (made from the abnormal boxes)."""
    pairs, scores = shared / "bone" / "pairs", []
    for path in sorted((pairs / "hotspot_otsu_silver").glob("*.png")):
        truth = read_labels(path) > 0
        if not truth.any():
            continue
        image = read_labels(pairs / "png" / path.name)
        found = np.zeros(truth.shape, bool)
        for box in read_voc(pairs / "boxes_yolo" / f"{path.stem}.xml", truth.shape).boxes:
            if box.label == "Abnormal":
                found |= box_hotspot(image, box.bounds)
        scores.append(dice(found, truth))
    return scores


@dataclass(frozen=True, eq=False)
class Click:
    """A click within 2 pixels of the noise-free peak of one hotspot in one view."""

    patient: int
    label: str
    counts: NDArray[np.float32]
    place: tuple[int, int]
    truth: NDArray[np.bool_]
    spacing: tuple[float, float] | None


def clicks(scan: SimulatedScan, patient: int, rng: np.random.Generator) -> Iterator[Click]:
    near = [o for o in itertools.product(range(-2, 3), repeat=2) if np.hypot(*o) <= 2]
    for lesion, view in itertools.product(scan.lesions, VIEWS):
        truth = scan.hotspots[view] == (lesion.ids.get(view) or -1)
        if truth.any():
            peak = np.unravel_index(np.where(truth, scan.expected[view], -1).argmax(), truth.shape)
            place = np.clip(np.add(peak, near[rng.integers(len(near))]), 0, np.subtract(truth.shape, 1))
            counts = scan.scan.view(view).counts
            at = int(place[0]), int(place[1])
            yield Click(patient, lesion.label, counts, at, truth, scan.scan.spacing_mm)


def grow_scores(found: list[Click], fraction: float, background: str) -> NDArray[np.float64]:
    settings = GrowParameters(fraction=fraction, background=background)
    return np.array(
        [dice(grow_hotspot(c.counts, c.place, settings, spacing_mm=c.spacing), c.truth) for c in found]
    )


def report_grow(found: list[Click]) -> None:
    half = np.array([c.patient % 2 == 0 for c in found])
    labels = np.array([c.label for c in found])
    print(
        f"\nGROW, simulated: {len(found)} hotspots in a view; median Dice on the choosing half, by fraction"
    )
    for background in ("none", "local"):
        scores = {f: grow_scores(found, f, background) for f in FRACTIONS}
        print(
            f"  background {background:5s} ", *(f"{f:g}: {np.median(s[half]):.3f}" for f, s in scores.items())
        )
        best = max(FRACTIONS, key=lambda f: np.median(scores[f][half]))
        other = scores[best][~half]
        parts = ", ".join(
            f"{label} {np.median(other[labels[~half] == label]):.3f}" for label in sorted(set(labels[~half]))
        )
        print(
            f"    chosen {best:g}; on the other half: median {np.median(other):.3f}, mean {other.mean():.3f}"
        )
        print(f"    by class: {parts}")
    default = grow_scores(found, GrowParameters().fraction, "local")[~half]
    print(f"  as shipped ({GrowParameters().fraction:g}, local) on the other half: {np.median(default):.3f}")
    start = time.perf_counter()
    for click in found[:50]:
        grow_hotspot(click.counts, click.place)
    print(f"  {(time.perf_counter() - start) / len(found[:50]) * 1e3:.1f} ms a click")


def hotspots_of(scan: SimulatedScan) -> tuple[Hotspots, set[tuple[int, int]]]:
    """Return the true hotspots, unlinked, and the true links (anterior id, posterior id)."""
    marks, links = [], set()
    for lesion in scan.lesions:
        ids = {v: n for v in VIEWS if (n := lesion.ids.get(v)) and (scan.hotspots[v] == n).any()}
        marks += [Mark(number, view, lesion.label) for view, number in ids.items()]
        if len(ids) == 2:
            links.add((ids["anterior"], ids["posterior"]))
    return Hotspots(scan.hotspots["anterior"], scan.hotspots["posterior"], tuple(marks)), links


def report_partners(scans: list[SimulatedScan], rng: np.random.Generator) -> None:
    found = wrong = true = hit = missed = proposed = lone = 0
    for scan in scans:
        hotspots, links = hotspots_of(scan)
        thinned = delete(hotspots, [m.id for m in hotspots.marks if rng.random() < 0.35])
        left = {m.id for m in thinned.marks}
        possible = {pair for pair in links if set(pair) <= left}
        linked = link_partners(scan.scan, thinned)
        got = {(m.id, m.linked) for m in linked.marks if m.view == "anterior" and m.linked}
        found, wrong, true = found + len(got & possible), wrong + len(got - possible), true + len(possible)
        pairing = pair_views(scan.scan)
        for one, other in links:
            proposal = propose_partner(scan.scan, delete(hotspots, other), one, pairing=pairing)
            truth = hotspots.labels("posterior") == other
            good = proposal is not None and dice(proposal.mask, truth) > 0.3
            hit, missed = hit + good, missed + (not good)
        partnered = set(itertools.chain.from_iterable(links))
        for mark in hotspots.marks:
            if mark.id not in partnered:
                lone += 1
                proposed += propose_partner(scan.scan, hotspots, mark.id, pairing=pairing) is not None
    print("\nPARTNER, simulated")
    print(f"  links among true hotspots, 35 % of them dropped: {found} of {true} found, {wrong} wrong")
    print(f"  proposed where nothing is marked yet: {hit} of {hit + missed} right (Dice > 0.3)")
    print(f"  of {lone} hotspots seen in one view only, {proposed} got a proposal all the same")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"), help="folder of real images")
    parser.add_argument("--patients", type=int, default=40, help="simulated patients")
    options = parser.parse_args()
    if options.shared.is_dir():
        scores = box_scores(options.shared)
        print("BOX + OTSU, real scans, published masks that are not empty (model output):")
        print(f"  {len(scores)} masks: mean Dice {np.mean(scores):.3f}, least {min(scores):.3f}")
    rng = np.random.default_rng(FIRST_SEED)
    scans, found = [], []
    for patient in range(options.patients):
        scans.append(simulate_scan(seed=FIRST_SEED + patient))
        found.extend(clicks(scans[-1], patient, rng))
    report_grow(found)
    report_partners(scans, rng)


if __name__ == "__main__":
    main()
