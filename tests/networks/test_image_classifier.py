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
from napari_tbcad.networks.image_classifier import fit as fitting
from napari_tbcad.networks.image_classifier.build import build_classifier
from napari_tbcad.networks.image_classifier.fit import MODEL, answer_weights, train_classifier
from napari_tbcad.networks.image_classifier.module import ClassifierModule, area_under_curve
from napari_tbcad.networks.image_classifier.parameters import ClassifierParameters, abnormal_value
from napari_tbcad.networks.image_classifier.predict import predict_image, predict_images
from napari_tbcad.networks.image_classifier.store import load_classifier, save_classifier
from napari_tbcad.networks.input import InputParameters
from napari_tbcad.networks.samples import Decoded, Sample
from napari_tbcad.networks.store import load_network
from napari_tbcad.networks.training_folder import BEST, LAST, LOG, TrainingStopped, read_log
from napari_tbcad.schemes import NETWORK_SCHEMES

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
    assert (card.history["images"], card.history["abnormal"], card.history["steps"]) == (8, 4, 6)
    assert card.sources[0].n_patients == 8
    assert "/" not in str(card.training["data"])


def test_a_training_that_was_stopped_ends_as_one_that_was_not(
    scans: Path, trained: Path, tmp_path: Path
) -> None:
    def begun() -> bool:
        return bool(read_log(tmp_path / LOG))  # in the second epoch, of which a step is lost

    with pytest.raises(Cancelled):
        train_classifier(training(scans), tmp_path, TINY, say=quiet, cancelled=begun)
    assert len(read_log(tmp_path / LOG)) == 1
    assert not (tmp_path / MODEL).is_file()
    with pytest.raises(BadInput, match="go on with --resume"):
        train_classifier(training(scans), tmp_path, TINY, say=quiet)
    other = ClassifierParameters(encoder=TINY.encoder, balance="none")
    with pytest.raises(BadInput, match="not the one this training was begun with"):
        train_classifier(training(scans), tmp_path, other, resume=True, say=quiet)
    again = load_classifier(train_classifier(training(scans), tmp_path, TINY, resume=True, say=quiet))
    straight = load_classifier(trained).module.state_dict()
    for name, tensor in again.module.state_dict().items():
        assert torch.equal(tensor, straight[name]), name


def test_the_best_epoch_before_a_stop_stays_the_best_after_it(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    falling = {0: 0.9, 1: 0.7, 2: 0.8}
    log = ClassifierModule.log

    def logged(self: ClassifierModule, name: str, value: torch.Tensor, **options: object) -> None:
        given = torch.tensor(falling[self.current_epoch]) if name == "validation_auc" else value
        log(self, name, given, **options)

    monkeypatch.setattr(ClassifierModule, "log", logged)
    config = training(scans, fit={"keep": "best"})
    with pytest.raises(Cancelled):
        train_classifier(config, tmp_path, TINY, say=quiet, cancelled=lambda: bool(read_log(tmp_path / LOG)))
    file = train_classifier(config, tmp_path, TINY, resume=True, say=quiet)
    assert torch.load(tmp_path / BEST, weights_only=True)["epoch"] == 0
    assert load_classifier(file).card.history["validation_auc"] == pytest.approx(0.9)


def test_what_was_learned_survives_a_loss_that_is_no_number_and_a_full_disk(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def count(share: float, text: str) -> None:
        steps.append(share)

    config = training(scans, fit={"epochs": 1})
    with monkeypatch.context() as change:
        change.setattr(fitting, "save_classifier", full)
        with pytest.raises(TrainingStopped, match="make room"):
            train_classifier(config, tmp_path / "full", TINY, say=quiet)
    steps: list[float] = []
    train_classifier(config, tmp_path / "full", TINY, resume=True, say=quiet, progress=count)
    assert not steps  # nothing was left to learn
    loss = ClassifierModule._loss
    monkeypatch.setattr(
        ClassifierModule,
        "_loss",
        lambda self, *given: loss(self, *given) * (torch.nan if self.current_epoch else 1),
    )
    with pytest.raises(TrainingStopped, match="became nan in epoch 2; the weights of the epoch before"):
        train_classifier(training(scans), tmp_path / "nan", TINY, say=quiet)
    assert (tmp_path / "nan" / LAST).is_file()


def test_images_of_one_kind_teach_nothing_and_choose_no_epoch(scans: Path, tmp_path: Path) -> None:
    def roles(name: str, watched: tuple[int, ...], trained: tuple[int, ...]) -> TrainingConfig:
        rows = [
            {
                "image": f"{n}.png",
                "role": "validation" if n in watched else "train" if n in trained else "test",
            }
            for n in range(12)
        ]
        write_csv(tmp_path / name, ("image", "role"), rows)
        config = training(scans, fit={"epochs": 1, "keep": "best"})
        data = config.data.model_copy(update={"split": tmp_path / name})
        return config.model_copy(update={"data": data})

    with pytest.raises(BadInput, match="is without an abnormal hotspot"):
        train_classifier(roles("hot.csv", (), (1, 3, 5)), tmp_path / "hot", TINY, say=quiet)
    with pytest.raises(BadInput, match="shows an abnormal hotspot"):
        train_classifier(roles("cold.csv", (), (0, 2)), tmp_path / "cold", TINY, say=quiet)
    said: list[str] = []
    file = train_classifier(roles("w.csv", (0, 2), (1, 3, 4, 6)), tmp_path / "w", TINY, say=said.append)
    assert any("the last epoch is kept" in line for line in said)
    assert load_classifier(file).card.history["validation_auc"] is None
    with pytest.raises(BadInput, match="no class abnormal"):
        abnormal_value("lungs")


def test_the_rarer_answer_counts_for_more_and_as_often_as_it_is_shown() -> None:
    def decoded(weights: tuple[float, ...]) -> Decoded:
        scheme = NETWORK_SCHEMES["3"]
        samples = tuple(Sample(Path(), {}, scheme, weight=w) for w in weights)
        return Decoded(np.zeros((4, 1, 1), np.float32), np.zeros((4, 1, 1), np.uint8), samples)

    answers = np.array([1, 0, 0, 0], np.uint8)
    config = TINY.within(TrainingConfig(task="3"))

    def weights(config: TrainingConfig, *shown: float) -> list[float]:
        return answer_weights(decoded(shown), answers, config).tolist()

    assert weights(config, 1, 1, 1, 1) == pytest.approx([2 / 3, 2])
    assert weights(config, 3, 1, 1, 1) == pytest.approx([1, 1])
    lesions = TrainingConfig(
        task="3",
        augment=AugmentParameters(lesions=1 / 3),
        input=InputParameters(intensity="counts"),
    )
    assert answer_weights(decoded((1, 1, 1, 1)), answers, TINY.within(lesions)).tolist() == pytest.approx(
        [1, 1]
    )


def test_the_area_under_the_curve_of_one_kind_is_no_number() -> None:
    logits = torch.tensor([-1.0, 0.5, 0.2, 3.0])
    assert area_under_curve(logits, torch.tensor([0.0, 0, 1, 1])) == 0.75
    assert np.isnan(area_under_curve(logits, torch.zeros(4)))


def test_published_weights_of_colour_images_fit_but_for_the_last_layer(tmp_path: Path) -> None:
    from torchvision.models import resnet18

    torch.save(published := resnet18().state_dict(), tmp_path / "resnet18.pth")
    said: list[str] = []
    weights = ArchitectureParameters(encoder="resnet18", encoder_weights=str(tmp_path / "resnet18.pth"))
    module = build_classifier(weights, say=said.append)
    given = len([name for name in published if not name.startswith("fc.") and "num_batches" not in name])
    assert said == [
        f"encoder weights: {given} of {given} tensors from resnet18.pth; "
        "the last layer is learned from the start"
    ]
    own = module.encoder.state_dict()
    assert torch.allclose(own["conv1.weight"], published["conv1.weight"].sum(1, keepdim=True))
    assert torch.equal(own["layer4.1.conv2.weight"], published["layer4.1.conv2.weight"])
    weights = weights.model_copy(update={"encoder": TINY.encoder})
    with pytest.raises(BadInput, match="none of its weights fits"):
        build_classifier(weights)
    with pytest.raises(BadInput, match="no such file"):
        build_classifier(weights.model_copy(update={"encoder_weights": str(tmp_path / "gone.pth")}))
    torch.save({"conv1.weight": tmp_path}, tmp_path / "objects.pth")
    with pytest.raises(BadInput, match="more than tensors"):
        build_classifier(weights.model_copy(update={"encoder_weights": str(tmp_path / "objects.pth")}))


def test_a_file_that_is_not_what_was_written_is_refused(
    trained: Path, network_file: Path, tmp_path: Path
) -> None:
    classifier = load_classifier(trained)
    again = tmp_path / "again.safetensors"
    assert save_classifier(classifier, again) == classifier.sha256
    content = bytearray(trained.read_bytes())
    content[-5] ^= 1
    again.write_bytes(content)
    with pytest.raises(ModelRefused, match="weights were changed"):
        load_classifier(again)
    again.write_bytes(trained.read_bytes().replace(b'"name\\":\\"hot', b'"name\\":\\"cat'))
    with pytest.raises(ModelRefused, match="card was changed"):
        load_classifier(again)
    again.write_bytes(trained.read_bytes()[:-100])
    with pytest.raises(ModelRefused, match="not a whole"):
        load_classifier(again)
    with pytest.raises(ModelRefused, match="not an image classifier: it holds a network"):
        load_classifier(network_file)
    with pytest.raises(ModelRefused, match="not a network: it holds an image classifier"):
        load_network(trained)
    with pytest.raises(ModelRefused, match="task 3, not for 4"):
        load_classifier(trained, task="4")
    with pytest.raises(ModelRefused, match="anterior view"):
        load_classifier(trained, view="posterior")
    with pytest.raises(ModelRefused, match="list beside it"):
        load_classifier(trained, expected_sha256="0" * 64)
    with pytest.raises(BadInput, match="no such network file"):
        load_classifier(tmp_path / "gone.safetensors")


def test_images_of_any_size_are_asked_about_and_unfit_ones_refused(trained: Path) -> None:
    classifier = load_classifier(trained)
    small = scan(1)[0].astype(np.float32)
    large = np.kron(small, np.ones((2, 2), np.float32)) / 4
    answers = list(
        predict_images(classifier, [(small, "anterior"), (large, "anterior")], device="cpu", batch=2)
    )
    assert answers[0] == pytest.approx(predict_image(classifier, small, view="anterior", device="cpu"))
    assert answers[0] == pytest.approx(answers[1], abs=1e-4)
    assert 0 < answers[0] < 1
    for pixels, view, error, cause in (
        (small, "posterior", ModelRefused, "reads the anterior view"),
        (small, "", ModelRefused, "an image of no view"),
        (small * np.nan, "anterior", BadInput, "not finite"),
        (small[0], "anterior", BadInput, "one plane"),
        (small * 0, "anterior", BadInput, "not one count"),
    ):
        with pytest.raises(error, match=cause):
            predict_image(classifier, pixels, view=view, device="cpu")
    with pytest.raises(Cancelled):
        next(predict_images(classifier, [(small, "anterior")], device="cpu", cancelled=lambda: True))
