"""How often the intervals of a chest evaluation contain the truth, and how often its paired test errs.

``evaluate_intervals.py --patients 20 40 80 200 --films 1 3 --repeats 500``: made-up methods of known quality
on made-up patients, again and again. Films of a patient resemble each other. In how many repeats the 95 %
interval holds the value of two hundred thousand patients: by drawing patients again (what the evaluation
prints), and by the textbook (DeLong for the AUC, Wilson for shares), which takes films for patients. In how
many p is at most 0.05 for two methods that are alike, and for two of which one sees more.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from napari_tbcad.evaluate.exchange import MEASURES, exchange_shifts, exchanged_differences
from napari_tbcad.evaluate.intervals import figures_of
from napari_tbcad.evaluate.metrics import Figure, auc, compare_aucs, wilson
from napari_tbcad.evaluate.resampling import Draws, exchange_p_value
from napari_tbcad.evaluate.weighted import Judged, measures

SHOWN = (
    "auc",
    "recall",
    "specificity",
    "precision",
    "f1",
    "recall_at_specificity_70",
    "specificity_at_recall_90",
    "brier",
    "calibration_slope",
    "calibration_intercept",
    "ece",
)


class Made(NamedTuple):
    """Made-up films: truth, what is to be seen of each, and its patient."""

    truth: NDArray[np.bool_]
    seen: NDArray[np.float64]
    owner: NDArray[np.intp]


def made(patients: int, films: int, rng: np.random.Generator) -> Made:
    """Make films of patients half of whom have tuberculosis; half of what differs is the patient's own."""
    sick = rng.random(patients) < 0.5
    owner = np.repeat(np.arange(patients), films)
    own = rng.normal(0, np.sqrt(0.5), patients)[owner]
    return Made(sick[owner], 1.5 * sick[owner] + own + rng.normal(0, np.sqrt(0.5), len(owner)), owner)


def judged(films: Made, rng: np.random.Generator, *, noise: float = 0.5) -> Judged:
    """Return a method's answers: a little too sure of itself (calibration slope below 1)."""
    seen = films.seen + noise * rng.normal(size=len(films.seen))
    score = expit(1.6 * (seen - 0.75))
    return Judged.of(films.truth, score, score >= 0.5, films.owner)


def textbook(films: Judged) -> dict[str, Figure]:
    """Return the intervals that take every film for a patient of its own."""
    y, d = films.truth, films.decision
    return {
        "auc": auc(y, films.score),
        "recall": wilson(int((y & d).sum()), int(y.sum())),
        "specificity": wilson(int((~y & ~d).sum()), int((~y).sum())),
        "precision": wilson(int((y & d).sum()), int(d.sum())),
    }


def coverage(patients: int, films: int, repeats: int, truth: dict[str, float], seed: int) -> None:
    """Print how often each interval holds the truth, how often it lies above and how wide it is."""
    rng = np.random.default_rng(seed)
    found: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    for number in range(repeats):
        one = judged(made(patients, films, rng), rng)
        names = [f"p{i:06}" for i in range(patients)]
        both = {"patients": figures_of([one], Draws.of(names, 1000, number)), "textbook": textbook(one)}
        for kind, figures in both.items():
            for name, figure in figures.items():
                row = (figure.low <= truth[name] <= figure.high, figure.low > truth[name])
                if figure.low == figure.low:
                    found.setdefault((name, kind), []).append((*row, figure.high - figure.low))
    for name in SHOWN:
        for kind in ("patients", "textbook"):
            rows = np.array(found.get((name, kind), np.zeros((0, 3))), float)
            if len(rows):
                held, above, width = rows.mean(axis=0)
                print(
                    f"{patients:5} {films:5}  {name:26} {kind:9} {held:8.1%} {above:8.1%} {width:8.3f}"
                    f" {len(rows) / repeats:8.1%}"
                )


def errors(patients: int, films: int, repeats: int, seed: int) -> None:
    """Print how often the paired test finds a difference where there is none, and where there is one."""
    rng = np.random.default_rng(seed)
    columns = [*MEASURES, "delong"]
    for other, what in ((0.5, "alike"), (0.9, "one sees less")):
        hits = np.zeros(len(columns))
        for number in range(repeats):
            common = made(patients, films, rng)
            one, two = judged(common, rng), judged(common, rng, noise=other)
            shifts = exchange_shifts(one, two, patients)
            [(exchanged, every)] = exchanged_differences([shifts], 999, number)
            p = [exchange_p_value(shifts[:, k].sum(), exchanged[:, k], every) for k in range(shifts.shape[1])]
            book = compare_aucs(one.truth, one.score, two.score).p_value
            hits += np.array([*p, book]) <= 0.05
        line = "  ".join(f"{name} {share:.1%}" for name, share in zip(columns, hits / repeats, strict=True))
        print(f"{patients:5} {films:5}  {what:14} {line}")


def main() -> None:
    """Print coverage and errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--patients", type=int, nargs="+", default=[20, 40, 80, 200])
    parser.add_argument("--films", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--repeats", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    rng = np.random.default_rng(wanted.seed)
    many = judged(made(200_000, 1, rng), rng)
    truth = {name: float(values[0]) for name, values in measures(many, np.ones((1, 200_000))).items()}
    print("truth: " + ", ".join(f"{name} {truth[name]:.3f}" for name in SHOWN))
    print("patients films  measure                    interval   covers    above    width  defined")
    for films in wanted.films:
        for patients in wanted.patients:
            coverage(patients, films, wanted.repeats, truth, wanted.seed + patients)
    print("share of repeats with p <= 0.05")
    for films in wanted.films:
        for patients in wanted.patients:
            errors(patients, films, wanted.repeats, wanted.seed + patients)


if __name__ == "__main__":
    main()
