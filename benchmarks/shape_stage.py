"""Stage 1 on real lung outlines: the 17 shape features against the modes of the shape model.

Every choice (alignment, number of modes, C of the SVM) is made by cross-validation inside the training
folds; the shape model itself sees training outlines only. Run from the project's root:

    python benchmarks/shape_stage.py ../shared/data/chest/lung_outlines

Outlines are filled to masks first, so that they take the way of a segmented film.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from napari_tbcad.chest.lungs.fields import LEFT, RIGHT
from napari_tbcad.chest.shape import SHAPE_NAMES, shape_features
from napari_tbcad.chest.shape_model import ShapeModelParameters, fit_shape_model, outline_points, rasterise

GRID = 512
N_POINTS = 50
COSTS = (0.3, 1.0, 3.0, 10.0)
MODES = (10, 20)
ALIGNMENTS = {
    "scaled": ShapeModelParameters(n_points=N_POINTS),
    "size kept": ShapeModelParameters(n_points=N_POINTS, scale=False),
}
Matrix = NDArray[np.float64]
Candidates = Callable[[NDArray[np.intp], NDArray[np.intp]], Iterator[tuple[str, Matrix, Matrix]]]


def load(folder: Path) -> tuple[pd.DataFrame, Matrix, Matrix]:
    """Return the TB-labelled films, their 17 features (N, 17) and outlines (N, 2 · N_POINTS, 2)."""
    table = pd.read_csv(folder / "labels.csv")
    table = table[table.dataset != "JSRT"].reset_index(drop=True)
    features, outlines = [], []
    with np.load(folder / "outlines_1024.npz", allow_pickle=False) as given:
        for name in table.file:
            lungs = {RIGHT: given[f"{name}/RL"], LEFT: given[f"{name}/LL"]}
            factor = GRID / 1024
            polygons = {side: (points + 0.5) * factor - 0.5 for side, points in lungs.items()}
            labels = rasterise(polygons, (GRID, GRID))
            features.append([shape_features(labels)[n] for n in SHAPE_NAMES])
            outlines.append(outline_points(labels, n_points=N_POINTS))
    return table, np.array(features), np.stack(outlines)


def representations(table: pd.DataFrame, features: Matrix, outlines: Matrix) -> dict[str, Candidates]:
    """Return name → function that makes (choice, train matrix, test matrix) from training and test rows."""
    people = np.column_stack([table.age.to_numpy(float), (table.sex == "M").to_numpy(float)])
    fitted: dict[tuple[str, bytes], Matrix] = {}

    def modes(name: str, train: NDArray[np.intp]) -> Matrix:
        key = (name, train.tobytes())
        if key not in fitted:
            if len(fitted) > 50:
                fitted.clear()
            model = fit_shape_model(outlines[train], ALIGNMENTS[name])
            fitted[key] = np.stack([model.project(points) for points in outlines])
        return fitted[key]

    def seventeen(train, test):
        yield "17", features[train], features[test]

    def shape_modes(train, test):
        for name in ALIGNMENTS:
            weights = modes(name, train)
            for k in MODES:
                yield f"{k} modes, {name}", weights[train, :k], weights[test, :k]

    def twenty(train, test):
        weights = modes("scaled", train)
        yield "20 modes, scaled", weights[train, :20], weights[test, :20]

    def both(train, test):
        for (choice, a, b), (_, c, d) in zip(
            shape_modes(train, test), [next(seventeen(train, test))] * 4, strict=True
        ):
            yield f"17 + {choice}", np.hstack([a, c]), np.hstack([b, d])

    def age_sex(train, test):
        yield "age, sex", people[train], people[test]

    return {
        "17 features": seventeen,
        "modes": shape_modes,
        "20 modes, scaled": twenty,
        "17 features + modes": both,
        "age + sex": age_sex,
    }


def scores(train_x: Matrix, train_y: NDArray[np.int_], test_x: Matrix, cost: float) -> Matrix:
    machine = make_pipeline(StandardScaler(), SVC(C=cost, gamma="scale"))
    return machine.fit(train_x, train_y).decision_function(test_x)


def auc(y: NDArray[np.int_], score: Matrix) -> float:
    positives = int(y.sum())
    ranks = rankdata(score)
    return (ranks[y == 1].sum() - positives * (positives + 1) / 2) / (positives * (len(y) - positives))


def chosen(
    candidates: Candidates, train: NDArray[np.intp], y: NDArray[np.int_], seed: int
) -> tuple[str, float]:
    """Choose representation and C by five-fold cross-validation inside the training rows."""
    found: dict[tuple[str, float], list[float]] = {}
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    for inner, validate in folds.split(train, y[train]):
        inner, validate = train[inner], train[validate]
        for choice, a, b in candidates(inner, validate):
            for cost in COSTS:
                value = auc(y[validate], scores(a, y[inner], b, cost))
                found.setdefault((choice, cost), []).append(value)
    return max(found, key=lambda key: float(np.mean(found[key])))


def predicted(candidates: Candidates, train, test, y, seed: int) -> tuple[Matrix, tuple[str, float]]:
    """Choose on the training rows, fit there, score the test rows."""
    choice, cost = chosen(candidates, train, y, seed)
    a, b = next((a, b) for name, a, b in candidates(train, test) if name == choice)
    return scores(a, y[train], b, cost), (choice, cost)


def nested(candidates: Candidates, rows, y, repeats: int) -> tuple[Matrix, dict[str, int]]:
    """Score every row in repeated stratified ten-fold cross-validation: (repeats, len(rows))."""
    result, choices = np.zeros((repeats, len(rows))), {}
    for repeat in range(repeats):
        for train, test in StratifiedKFold(10, shuffle=True, random_state=repeat).split(rows, y[rows]):
            score, choice = predicted(candidates, rows[train], rows[test], y, repeat)
            result[repeat, test] = score
            choices[f"{choice[0]}, C {choice[1]:g}"] = choices.get(f"{choice[0]}, C {choice[1]:g}", 0) + 1
    return result, choices


def bootstrap(tables: dict[str, Matrix], y: NDArray[np.int_], draws: int) -> dict[str, Matrix]:
    """Resample films within each class, the same films for every method: mean AUC over repeats, per draw."""
    rng = np.random.default_rng(0)
    by_class = [np.flatnonzero(y == value) for value in (0, 1)]
    values: dict[str, list[float]] = {name: [] for name in tables}
    for _ in range(draws):
        rows = np.concatenate([rng.choice(group, len(group)) for group in by_class])
        for name, table in tables.items():
            values[name].append(float(np.mean([auc(y[rows], score[rows]) for score in table])))
    return {name: np.array(v) for name, v in values.items()}


def report(title: str, tables: dict[str, Matrix], y: NDArray[np.int_], draws: int) -> None:
    print(f"\n{title}: {len(y)} films, {int(y.sum())} TB")
    drawn = bootstrap(tables, y, draws)
    point = {name: float(np.mean([auc(y, score) for score in table])) for name, table in tables.items()}
    for name, value in point.items():
        low, high = np.percentile(drawn[name], [2.5, 97.5])
        print(f"  {name:22s} AUC {value:.3f}  [{low:.3f}, {high:.3f}]")
    for name in ("modes", "20 modes, scaled", "17 features + modes"):
        difference = drawn[name] - drawn["17 features"]
        low, high = np.percentile(difference, [2.5, 97.5])
        p = min(1.0, 2 * float(min((difference <= 0).mean(), (difference >= 0).mean())))
        gain = point[name] - point["17 features"]
        print(f"  {name} − 17 features: {gain:+.3f}  [{low:+.3f}, {high:+.3f}]  p = {p:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../shared/data/chest/lung_outlines"))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--draws", type=int, default=2000)
    arguments = parser.parse_args()
    table, features, outlines = load(arguments.folder)
    y = table.label.to_numpy(int)
    shenzhen = np.flatnonzero(table.dataset == "Shenzhen")
    montgomery = np.flatnonzero(table.dataset == "Montgomery")
    print(f"{datetime.date.today()}  outlines filled at {GRID} px, RBF SVM, {arguments.draws} draws")
    inside, across = {}, {}
    for name, candidates in representations(table, features, outlines).items():
        inside[name], choices = nested(candidates, shenzhen, y, arguments.repeats)
        best = sorted(choices.items(), key=lambda item: -item[1])[:3]
        score, choice = predicted(candidates, shenzhen, montgomery, y, 0)
        across[name] = score[None]
        print(f"  {name}: chosen in folds {best}; for Montgomery {choice}", flush=True)
    report(f"Shenzhen, nested 10-fold × {arguments.repeats}", inside, y[shenzhen], arguments.draws)
    report("Shenzhen → Montgomery", across, y[montgomery], arguments.draws)


if __name__ == "__main__":
    main()
