"""The image classifier: trained in the shared loop, kept in a file of its own, asked about images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_tbcad.errors import BadInput, Cancelled, ModelRefused
from napari_tbcad.files import write_csv
from napari_tbcad.networks.build import ArchitectureParameters
from napari_tbcad.networks.config import (
    AugmentParameters,
    DataParameters,
    DataSource,
    FitParameters,
    TrainingConfig,
)
from napari_tbcad.networks.image_classifier.build import build_classifier
from napari_tbcad.networks.image_classifier.card import ClassifierCard
from napari_tbcad.networks.image_classifier.fit import MODEL, train_classifier
from napari_tbcad.networks.image_classifier.module import ClassifierModule, area_under_curve
from napari_tbcad.networks.image_classifier.parameters import ClassifierParameters
from napari_tbcad.networks.image_classifier.predict import predict_image, predict_images
from napari_tbcad.networks.image_classifier.store import ImageClassifier, load_classifier, save_classifier
from napari_tbcad.networks.input import InputParameters
from napari_tbcad.networks.loop import LAST, LOG, TrainingStopped
from napari_tbcad.networks.module import read_log

pytestmark = pytest.mark.usefixtures("one_thread")

TINY = ClassifierParameters(encoder="tu-test_efficientnet")
INPUT = InputParameters(height=64, width=32, intensity="counts", views=("anterior",))


def scan(number: int) -> tuple[np.ndarray, np.ndarray]:
    """A body of counts; every other one has a hotspot of eight times as many."""
    draw = np.random.default_rng(number)
    labels = np.zeros((64, 32), np.uint8)
    labels[8:56, 8:24] = 1
    if number % 2:
        row, column = draw.integers(12, 46), draw.integers(9, 17)
        labels[row : row + 6, column : column + 6] = 2
    counts = draw.poisson(np.array([1, 20, 160])[labels]).astype(np.uint8)
    return counts, labels


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 scans of 12 patients, every other one abnormal; three are watched."""
    from imageio.v3 import imwrite

    folder = tmp_path_factory.mktemp("scans")
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    rows = []
    for number in range(12):
        counts, labels = scan(number)
        imwrite(folder / "images" / f"{number}.png", counts)
        imwrite(folder / "labels" / f"{number}.png", labels)
        role = "validation" if number in (0, 1, 2) else "test" if number == 11 else "train"
        rows.append({"image": f"{number}.png", "view": "anterior", "role": role})
    write_csv(folder / "samples.csv", ("image", "view", "role"), rows)
    return folder


def training(scans: Path, *, fit: dict | None = None, **changes: object) -> TrainingConfig:
    options = {"epochs": 3, "batch": 4, "learning_rate": 0.01, "device": "cpu", "average": 0.5}
    content = {
        "name": "hot",
        "task": "3",
        "input": INPUT,
        "data": DataParameters(
            sources=(DataSource(folder=scans, table="samples.csv"),), split=scans / "samples.csv"
        ),
        "augment": AugmentParameters(rotation=2, scale=0.05, mirror=0.5, lesions=0.2),
        "fit": FitParameters(**{**options, **(fit or {})}),
    }
    return TrainingConfig(**{**content, **changes})


def quiet(line: str) -> None:
    pass


@pytest.fixture(scope="module")
def trained(scans: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    torch.set_num_threads(1)
    return train_classifier(training(scans), tmp_path_factory.mktemp("trained"), TINY, say=quiet)


def test_a_training_writes_a_log_and_a_file_whose_card_names_it(trained: Path) -> None:
    rows = read_log(trained.parent / LOG)
    assert len(rows) == 3
    assert all(0 <= float(row["validation_auc"]) <= 1 and float(row["validation_loss"]) > 0 for row in rows)
    card = load_classifier(trained, task="3", view="anterior").card
    assert card.name == "hot"
    assert card.history["images"] == 8
    assert card.history["abnormal"] == 4
    assert card.sources[0].n_patients == 8
    assert "/" not in str(card.training["data"])


def test_a_training_that_was_stopped_ends_as_one_that_was_not(
    scans: Path, trained: Path, tmp_path: Path
) -> None:
    asked = iter(range(100))
    with pytest.raises(Cancelled):
        train_classifier(
            training(scans), tmp_path, TINY, say=quiet, cancelled=lambda: next(asked) == 2
        )  # in the second epoch, of which the first step is lost
    assert (tmp_path / LAST).is_file()
    assert not (tmp_path / MODEL).is_file()
    with pytest.raises(BadInput, match="go on with --resume"):
        train_classifier(training(scans), tmp_path, TINY, say=quiet)
    other = ClassifierParameters(encoder="tu-test_efficientnet", balance="none")
    with pytest.raises(BadInput, match="not the one this training was begun with"):
        train_classifier(training(scans), tmp_path, other, resume=True, say=quiet)
    again = load_classifier(train_classifier(training(scans), tmp_path, TINY, resume=True, say=quiet))
    straight = load_classifier(trained)
    for name, tensor in straight.module.state_dict().items():
        assert torch.allclose(tensor, again.module.state_dict()[name], atol=1e-3), name
