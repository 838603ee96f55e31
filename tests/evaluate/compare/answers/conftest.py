from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from napari_tbcad.evaluate.compare.classifier_scores import ClassifierRow, ClassifierScores
from napari_tbcad.evaluate.compare.config import ClassifierChoice, CompareConfig, Effort
from napari_tbcad.evaluate.compare.region_pixels import RegionPixels
from napari_tbcad.evaluate.compare.run_scores import ImageRow, RunScores
from napari_tbcad.evaluate.compare.tables import Results, results
from napari_tbcad.networks.build import ArchitectureParameters
from napari_tbcad.networks.card import task_classes
from napari_tbcad.networks.config import DataParameters, DataSource, TrainingConfig
from napari_tbcad.networks.input import InputParameters
from napari_tbcad.schemes import REGION_IDS

N_PIXELS = 512 * 128


def _truth(patient: int, view: str) -> tuple[np.random.Generator, int, int, int]:
    """Return lesions, abnormal and normal pixels of a view: the same for every method."""
    generator = np.random.default_rng([patient, len(view)])
    lesions = 0 if patient % 4 == 0 else int(1 + generator.poisson(3))
    return (
        generator,
        lesions,
        int(generator.integers(20, 80, lesions).sum()),
        int(generator.integers(40, 200)),
    )


def _image(patient: int, view: str, scheme: str, source: str, skill: float, alarms: float, rng) -> ImageRow:
    _, lesions, abnormal, normal = _truth(patient, view)
    day = np.clip(skill + rng.normal(0, 0.08), 0.02, 0.98)
    bone = 6000
    hit, benign = rng.binomial(abnormal, day), rng.binomial(normal, 0.6)
    false = rng.poisson(15 * alarms)
    four = np.zeros((4, 4), int)
    four[2, 2], four[2, 1] = hit, abnormal - hit
    four[3, 3], four[3, 1] = benign, normal - benign
    four[1, 2], four[1, 1] = false, bone - false
    four[0, 0] = N_PIXELS - four.sum()
    if scheme == "3":
        four[1] += four[3]
        four[:, 1] += four[:, 3]
        four = four[:3, :3]
    found = rng.random(lesions) < day
    scores = np.round(np.where(found, rng.beta(5, 2, lesions), -1.0), 4)
    wrong = np.round(np.sort(rng.beta(2, 4, rng.poisson(alarms)))[::-1], 4)
    area = [0] * (len(REGION_IDS) + 1)
    true, there = area.copy(), area.copy()
    area[1:] = [500] * len(REGION_IDS)
    place = 1 + patient % len(REGION_IDS)
    true[place], there[place] = min(500, abnormal), min(500, int(hit + false))
    return ImageRow(
        f"{patient}_{view}.png",
        f"p{patient}",
        source,
        view,
        tuple(tuple(int(n) for n in line) for line in four),
        round(float(rng.uniform(0.2, 0.3)), 4),
        tuple(scores.tolist()),
        tuple(wrong.tolist()),
        lesions > 0,
        max([0.0, *scores.tolist(), *wrong.tolist()]),
        RegionPixels(tuple(area), tuple(there), tuple(true)),
    )


@pytest.fixture(scope="session")
def made_run() -> Callable[..., RunScores]:
    """Return a function that makes a run's scores with a known skill: the share of abnormal pixels found."""

    def make(
        method: str,
        skill: float,
        *,
        scheme: str = "4",
        view: str = "anterior",
        seed: int = 0,
        patients: int = 30,
        source: str = "simulated",
        alarms: float = 2.0,
        kind: str = "network",
        salt: int = 0,
    ) -> RunScores:
        # Every method's own luck; the truth is that of the patient.
        rng = np.random.default_rng([*method.encode(), *scheme.encode(), len(view), seed, salt])
        rows = tuple(_image(n, view, scheme, source, skill, alarms, rng) for n in range(patients))
        training = {"epochs": 10, "steps": 600, "seconds": 900.0, "learning_rate": 0.004}
        return RunScores(
            method,
            scheme,
            view,
            seed,
            kind,
            task_classes(scheme),
            rows,
            parameters=3_700_000 if kind == "network" else 0,
            training=training if kind == "network" else {},
        )

    return make


@pytest.fixture(scope="session")
def made_classifier() -> Callable[..., ClassifierScores]:
    """Return a function that makes a classifier's scores: how far its probabilities lie apart is known."""

    def make(
        distance: float,
        *,
        method: str = "classifier",
        view: str = "anterior",
        seed: int = 0,
        patients: int = 30,
        source: str = "simulated",
    ) -> ClassifierScores:
        rng = np.random.default_rng([*method.encode(), len(view), seed])
        rows = []
        for n in range(patients):
            sick = _truth(n, view)[1] > 0
            p = 1 / (1 + np.exp(-(rng.normal() + distance * (sick - 0.5))))
            name = f"{n}_{view}.png"
            rows.append(ClassifierRow(name, f"p{n}", source, view, sick, round(float(p), 4), 0.1))
        training = {"epochs": 10, "steps": 600, "seconds": 1500.0, "learning_rate": 0.001}
        return ClassifierScores(method, "4", view, seed, "none", tuple(rows), (), 23_500_000, training)

    return make


@pytest.fixture(scope="session")
def quick() -> Effort:
    """Few resamples: the arithmetic is the same."""
    return Effort(bootstrap=40, permutations=499)


@pytest.fixture(scope="session")
def study_config(quick: Effort) -> CompareConfig:
    """The configuration of `study_scores`."""
    data = DataParameters(
        sources=(DataSource(name="silver", terms="research use"), DataSource(name="simulated")),
        fold=0,
        validation=0.1,
    )
    reads = InputParameters(height=512, width=128, intensity="counts")
    networks = {name: ArchitectureParameters() for name in ("unetplusplus", "unet")}
    return CompareConfig(
        training=TrainingConfig(task="4", input=reads, data=data),
        networks=networks,
        baselines=("threshold",),
        classifier=ClassifierChoice(weights=("none",)),
        effort=quick,
    )


@pytest.fixture(scope="session")
def study_scores(made_run, made_classifier) -> list[Any]:
    """Runs on two collections: two networks alike, a threshold far worse, three classes, a classifier."""

    def of_both(make: Callable[..., Any]) -> Any:
        parts = [make(patients=14, source=source) for source in ("simulated", "silver")]
        return replace(parts[0], images=parts[0].images + parts[1].images)

    out = []
    for view in ("anterior", "posterior"):
        for seed in (0, 1):
            for name in ("unetplusplus", "unet"):
                out.append(of_both(partial(made_run, name, 0.6, view=view, seed=seed)))
            out.append(of_both(partial(made_run, "unetplusplus", 0.55, scheme="3", view=view, seed=seed)))
            out.append(of_both(partial(made_classifier, 1.5, view=view, seed=seed)))
        out.append(of_both(partial(made_run, "threshold", 0.1, view=view, kind="threshold", alarms=9)))
    return out


@pytest.fixture(scope="session")
def found(study_scores: list[Any], study_config: CompareConfig, quick: Effort) -> Results:
    """All answers from `study_scores`."""
    return results(study_scores, study_config, quick)
