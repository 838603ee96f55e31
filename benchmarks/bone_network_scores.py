"""Shared by the measurements of the bone networks; prints nothing itself.

Which network did not see a patient, its probabilities (kept in a cache, so that thresholds are chosen
quickly), F1 from counts summed over views, intervals by patients.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from scipy import ndimage

from bone_candidates import patients
from napari_tbcad.errors import BadInput
from napari_tbcad.files import write_csv, written_whole
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.labels import read_labels, write_labels
from napari_tbcad.networks.listing import locate
from napari_tbcad.networks.prediction import PredictParameters

SIMULATED = Path(__file__).resolve().parents[1] / "bone_logs" / "patients"
"""A set of ``bone simulate --number 200 --seed 11``; no network has seen one of its persons."""
MODEL = "model.safetensors"
FOLDS = 5
BACKGROUND, BONE, ABNORMAL, NORMAL = range(4)
WANTED = {"abnormal": (ABNORMAL,), "normal": (NORMAL,), "any": (ABNORMAL, NORMAL)}
EDGES = ndimage.generate_binary_structure(2, 2)


def model_of(trainings: Path | None, part: str, view: str = "", patient: int | None = None) -> Path:
    """Return the network of a part (for one view, or for both) that did not see a real patient.

    A training that held nobody out (simulated scans alone) is taken for everybody; else fold K for the
    patients K, K + 5, … of the sorted list (benchmarks/bone_networks.py). Simulated persons are given the
    network of all patients, or, where it is not trained yet, of the first fold; the packaged one where there
    is no folder of trainings.
    """
    if trainings is None:
        if patient is not None:
            raise BadInput(
                "networks", "the packaged ones have seen all real patients; name a folder of trainings"
            )
        return locate("skeleton" if part == "regions" else f"{part}-{view}")
    home = trainings / "_".join(name for name in (part, view) if name)
    names = (".", "all", "fold0") if patient is None else (".", f"fold{patients().index(patient) % FOLDS}")
    for name in names:
        if (path := home / name / MODEL).is_file():
            return path
    raise BadInput(home, f"no network there for patient {patient}")


@cache
def digest(path: Path) -> str:
    """Return what names a network's weights, whatever its card says."""
    with safe_open(path, framework="numpy") as opened:
        return (opened.metadata() or {})["tensors_sha256"][:12]


def probabilities(
    model: Path, name: str, view: str, counts: NDArray[Any], *, mirror: bool = False, kept: Path | None = None
) -> NDArray[np.float32]:
    """Return the probabilities (K, h, w) on the network's grid, from the cache where they are there."""
    from napari_tbcad.networks.models import find_network
    from napari_tbcad.networks.predict import predict

    file = None if kept is None else kept / digest(model) / f"{name}_{view}{'_mirror' if mirror else ''}.npz"
    if file is not None and file.is_file():
        with np.load(file) as stored:
            found = np.exp(stored["logarithms"].astype(np.float32))
        return in_four(found / found.sum(0))
    network = find_network(model)
    asked = PredictParameters(device="cpu", mirror=mirror)
    reads = view if network.card.input.views else ""
    found = predict(network, counts, asked, view=reads).probabilities
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(file) as temporary, temporary.open("wb") as opened:
            # 16 bits of the probabilities themselves would make all from 0.9995 on one.
            small = np.log(np.maximum(found, 1e-12)).astype(np.float16)
            np.savez_compressed(opened, logarithms=small)
    return in_four(found)


def in_four(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return three classes as four of which no pixel is normal; others as they are."""
    if len(probabilities) != NORMAL:
        return probabilities
    return np.concatenate([probabilities, np.zeros_like(probabilities[:1])])


def of_folds(folds: Sequence[int] | None, number: int | None) -> list[int]:
    """Return the real patients of some folds, or of all; `number` at most."""
    return [n for i, n in enumerate(patients()) if folds is None or i % FOLDS in folds][:number]


def counted(found: NDArray[Any], reference: NDArray[Any]) -> NDArray[np.int64]:
    """Return TP, FP, FN (3, 3) of the pixels of each of :data:`WANTED`."""
    joint = np.bincount((4 * found.astype(np.uint8) + reference).ravel(), minlength=16).reshape(4, 4)
    rows = []
    for values in WANTED.values():
        both = joint[np.ix_(values, values)].sum()
        rows.append((both, joint[values, :].sum() - both, joint[:, values].sum() - both))
    return np.array(rows, np.int64)


def f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return 2 TP / (2 TP + FP + FN) of counts (..., 3)."""
    tp, fp, fn = np.moveaxis(np.asarray(counts, float), -1, 0)
    with np.errstate(invalid="ignore"):
        return 2 * tp / (2 * tp + fp + fn)


def iou(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return TP / (TP + FP + FN) of counts (..., 3)."""
    tp, fp, fn = np.moveaxis(np.asarray(counts, float), -1, 0)
    with np.errstate(invalid="ignore"):
        return tp / (tp + fp + fn)


def interval(
    owners: Sequence[Any],
    figure: Callable[[list[int]], float | NDArray[np.float64]],
    *,
    n: int = 500,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Return the 2.5th and 97.5th percentile (2, …) of a figure when patients are drawn again.

    `owners` names the patient of every row; `figure` is given rows, a patient's more than once.
    """
    persons = sorted(set(owners))
    rows = {person: [i for i, owner in enumerate(owners) if owner == person] for person in persons}
    random = np.random.default_rng(seed)
    drawn = [
        figure([i for k in random.integers(len(persons), size=len(persons)) for i in rows[persons[k]]])
        for _ in range(n)
    ]
    return np.nanpercentile(np.array(drawn, float), (2.5, 97.5), axis=0)


def shown(value: float, ends: NDArray[np.float64] | None = None) -> str:
    """Return ``0.812 (0.760–0.851)``."""
    return f"{value:.3f}" + ("" if ends is None else f" ({ends[0]:.3f}–{ends[1]:.3f})")


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as CSV, their columns those of the first."""
    write_csv(path, list(rows[0]), list(rows))


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read what :func:`write_rows` wrote."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_figures(path: Path, figures: Mapping[str, Any]) -> None:
    """Write figures as JSON, those that are there already under other names kept."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    with written_whole(path) as temporary:
        text = json.dumps({**known, **figures}, indent=1, default=float)
        temporary.write_text(text + "\n", encoding="utf-8")


def silver_classes(patient: int, kept: Path | None = None) -> dict[str, NDArray[np.uint8]]:
    """Return the four classes of a real pair by view: boxes of a detector, Otsu's threshold in each."""
    files = {view: None if kept is None else kept / "silver" / f"{patient}_{view}.png" for view in VIEWS}
    if all(file is not None and file.is_file() for file in files.values()):
        return {view: read_labels(file) for view, file in files.items()}  # type: ignore[arg-type]
    from bone_networks import real_labels

    labels = real_labels(patient, "classes")
    for view, file in files.items():
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_labels(file, labels[view])
    return labels


def score(
    design: str, metric: str, value: float, ends: Sequence[float] | NDArray[np.float64], n: int
) -> dict[str, Any]:
    """Return a figure as a network's card has it (``networks.card.NetworkScore``)."""
    low, high = (round(float(end), 4) for end in ends)
    return {
        "design": design,
        "metric": metric,
        "value": round(float(value), 4),
        "low": low,
        "high": high,
        "n": n,
    }


def write_scores(path: Path | None, found: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Write scores by network's name; of those that are there already, the same figures are replaced."""
    if path is None:
        return
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for name, scores in found.items():
        own = {(one["design"], one["metric"]): one for one in (*known.get(name, ()), *scores)}
        known[name] = list(own.values())
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
