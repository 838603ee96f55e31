"""How often the intervals of a comparison contain the truth, and how often its test errs.

``compare_intervals.py --patients 12 20 40 --repeats 400``: made-up methods of known quality on made-up
patients, again and again. In how many repeats the 95 % interval of a method's F1 holds the F1 of ten thousand
patients; in how many p is at most 0.05 for two methods that are alike, and for two of which one finds a tenth
of the abnormal pixels less.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from napari_tbcad.evaluate.compare.evidence import ViewEvidence
from napari_tbcad.evaluate.compare.statistics import contrasts, estimates

F1 = ("f1", "abnormal")


@dataclass(frozen=True)
class View:
    """What ViewEvidence reads of an image."""

    image: str
    patient: str
    counts: tuple[tuple[int, ...], ...]
    abnormal: bool
    image_score: float = 0.0
    lesions: tuple[float, ...] = ()
    false: tuple[float, ...] = ()


def made(patients: int, skills: tuple[float, ...], rng: np.random.Generator) -> list[ViewEvidence]:
    """Return methods that find a share of the abnormal pixels, which differs from patient to patient.

    A quarter of the patients has no lesion, the others 1 + negative binomial (mean 5) of 40 pixels on
    average; a method's luck with a patient has a standard deviation of 0.15, half of its variance shared by
    all methods.
    """
    lesions = np.where(rng.random(patients) < 0.25, 0, 1 + rng.negative_binomial(1, 1 / 6, patients))
    pixels = np.array([int(rng.gamma(2, 20, n).sum()) for n in lesions])
    hard = rng.normal(0, 0.15 / np.sqrt(2), patients)
    names = [f"p{n:05d}" for n in range(patients)]
    out = []
    for skill in skills:
        share = np.clip(skill + hard + rng.normal(0, 0.15 / np.sqrt(2), patients), 0, 1)
        hit, false = rng.binomial(pixels, share), rng.negative_binomial(1, 1 / 41, patients)
        rows = [
            View(name, name, ((60000, 0, int(f)), (0, 5000, 0), (0, int(n - h), int(h))), n > 0)
            for name, n, h, f in zip(names, pixels, hit, false, strict=True)
        ]
        out.append(ViewEvidence(rows, names, "3"))
    return out


def measured(patients: int, repeats: int, truth: float) -> tuple[float, float, float]:
    """Return coverage, share of false differences and power."""
    rng = np.random.default_rng(patients)
    inside, wrong, right = [], [], []
    for _ in range(repeats):
        same, other, worse = made(patients, (0.6, 0.6, 0.5), rng)
        found = estimates([same], n_bootstrap=500)[F1]
        inside.append(found.low <= truth <= found.high)
        for second, list_of in ((other, wrong), (worse, right)):
            test = contrasts([same], [second], [F1], points=(3.0,), n_bootstrap=20, n_permutations=499)[F1]
            list_of.append(test.p_value <= 0.05)
    return float(np.mean(inside)), float(np.mean(wrong)), float(np.mean(right))


def main() -> None:
    """Print a line a number of patients."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, nargs="*", default=[12, 20, 40])
    parser.add_argument("--repeats", type=int, default=400)
    chosen = parser.parse_args()
    many = made(10_000, (0.6,), np.random.default_rng(0))[0]
    truth = estimates([many], n_bootstrap=2)[F1].value
    print(f"F1 of 10000 patients: {truth:.3f}; {chosen.repeats} repeats")
    print("patients  95 % interval holds it  p <= 0.05 of equal ones  p <= 0.05 of unequal ones")
    for patients in chosen.patients:
        coverage, wrong, power = measured(patients, chosen.repeats, truth)
        print(f"{patients:8}  {coverage:22.3f}  {wrong:23.3f}  {power:25.3f}", flush=True)


if __name__ == "__main__":
    main()
