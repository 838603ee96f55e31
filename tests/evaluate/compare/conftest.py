"""A set of made-up scans with labels: small enough that a network learns something of it in a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from napari_tbcad.evaluate.compare.config import CompareConfig, load_compare_config
from napari_tbcad.files import write_csv
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.labels import write_labels

TINY = {"architecture": "Unet", "encoder": "tu-test_efficientnet", "decoder_channels": [16, 8, 8, 4, 4]}
SHAPE = (64, 32)
N_PATIENTS, N_TESTED = 10, 4
COLUMNS = ("image", "label", "regions", "patient", "view", "fold")


def draw(number: int, view: str) -> tuple[np.ndarray, np.ndarray]:
    """Counts and four classes of one view: a trunk, in most a hot and in some a warm spot."""
    generator = np.random.default_rng((number, VIEWS.index(view)))
    labels = np.zeros(SHAPE, np.uint8)
    labels[8:56, 10:22] = 1
    if number % 5:
        row = int(generator.integers(12, 44))
        labels[row : row + 8, 12:18] = 2
    labels[50:54, 12:18] = 3
    mean = np.array([1.0, 12.0, 60.0, 30.0])[labels]
    return generator.poisson(mean).astype(np.uint8), labels


def write_set(folder: Path) -> None:
    """Write images, labels, regions (rows in three bands) and the table."""
    rows = []
    for number in range(N_PATIENTS):
        for view in VIEWS:
            counts, labels = draw(number, view)
            name = f"{number}_{view}.png"
            regions = np.where(labels > 0, 1 + np.arange(SHAPE[0])[:, None] // 24, 0).astype(np.uint8)
            write_labels(folder / "images" / name, counts)
            write_labels(folder / "labels" / name, labels)
            write_labels(folder / "regions" / name, regions)
            fold = int(number >= N_TESTED)
            places = {"image": name, "label": name, "regions": f"regions/{name}"}
            rows.append({**places, "patient": f"p{number}", "view": view, "fold": fold})
    write_csv(folder / "samples.csv", COLUMNS, rows)


@pytest.fixture(scope="session")
def small_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The YAML file of a comparison that takes seconds; do not change it or its set."""
    home = tmp_path_factory.mktemp("compared")
    write_set(home / "set")
    content = {
        "name": "small",
        "training": {
            "task": "4",
            "input": {"height": SHAPE[0], "width": SHAPE[1], "fit": "stretch", "intensity": "counts"},
            "data": {
                "folds": 2,
                "fold": 0,
                "validation": 0.3,
                "sources": [{"name": "made", "folder": "set", "table": "samples.csv"}],
            },
            "fit": {"epochs": 2, "batch": 4, "average": 0.5, "keep": "best", "device": "cpu"},
        },
        "networks": {"first": TINY, "second": TINY},
        "seeds": [0],
        "views": list(VIEWS),
        "tuning": {"learning_rates": [0.001, 0.01], "epochs": 1},
        "classifier": {"weights": ["none"], "encoder": "tu-test_efficientnet"},
        "effort": {"bootstrap": 20, "permutations": 50},
    }
    path = home / "compare.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture
def small(small_config: Path) -> CompareConfig:
    """The comparison as it is read."""
    return load_compare_config(small_config)
