"""What a training would learn from is found before it begins; nothing that is wrong with an image ends it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_tbcad.errors import Cancelled
from napari_tbcad.networks.config import TrainingConfig
from napari_tbcad.networks.survey import survey, without_unreadable


def draw(folder: Path, number: int = 12) -> Path:
    """Write squares, two images a patient; a table names image and patient."""
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    generator = np.random.default_rng(1)
    for n in range(number):
        labels = np.zeros((32, 32), np.uint8)
        labels[:16, :8], labels[16:, :16] = 1, 2
        image = np.where(labels > 0, 60, 170) + generator.normal(0, 9, labels.shape)
        iio.imwrite(folder / "images" / f"{n}.png", image.clip(0, 255).astype(np.uint8))
        iio.imwrite(folder / "labels" / f"{n}.png", labels)
    table(folder, {n: f"p{n // 2}" for n in range(number)})
    return folder


def table(folder: Path, patients: dict[int, str]) -> None:
    lines = ["image,patient", *(f"{n}.png,{patient}" for n, patient in patients.items())]
    (folder / "samples.csv").write_text("\n".join(lines), encoding="utf-8")


def configure(folder: Path, *, source: dict | None = None, **more) -> TrainingConfig:
    data = {
        "folds": 3,
        "fold": 0,
        "validation": 0.25,
        "sources": [{"name": "drawn", "folder": folder, "table": "samples.csv", **(source or {})}],
        **more.pop("data", {}),
    }
    return TrainingConfig.model_validate({"input": {"height": 32, "width": 32}, "data": data, **more})


@pytest.fixture
def drawn(tmp_path) -> Path:
    return draw(tmp_path / "drawn")


def relabel(path: Path, value: int) -> None:
    labels = iio.imread(path)
    labels[0, 0] = value
    iio.imwrite(path, labels)


def test_images_patients_and_classes_are_counted_by_role(drawn):
    told: list = []
    found = survey(configure(drawn), progress=lambda *three: told.append(three))
    assert found.possible
    assert {role: (c.images, c.patients) for role, c in found.roles.items()} == {
        "train": (6, 3),
        "validation": (2, 1),
        "test": (4, 2),
    }
    assert [(one.value, one.name) for one in found.classes] == [
        (0, "background"),
        (1, "right lung"),
        (2, "left lung"),
    ]
    right = found.classes[1]
    assert right.images == {"train": 6, "validation": 2, "test": 4}
    assert right.patients == {"train": 3, "validation": 1, "test": 2}
    assert right.share["train"] == pytest.approx(1 / 8)
    assert found.images_an_epoch == 6
    assert (found.collections[0].images, found.collections[0].patients) == (12, 6)
    assert told[0] == (0, 12, "0.png")
    assert told[-1][:2] == (12, 12)
    assert "only 3 patients to learn from" in " ".join(found.warnings)
    with pytest.raises(Cancelled):
        survey(configure(drawn), cancelled=lambda: True)


def spoil(drawn: Path) -> None:
    """Break five images in as many ways."""
    content = (drawn / "images" / "1.png").read_bytes()
    (drawn / "images" / "1.png").write_bytes(content[: len(content) // 2])
    relabel(drawn / "labels" / "2.png", 7)
    iio.imwrite(drawn / "labels" / "3.png", np.ones((16, 32), np.uint8))
    (drawn / "labels" / "4.png").unlink()
    iio.imwrite(drawn / "images" / "5.png", np.full((32, 32), 9, np.uint8))


def test_every_image_that_cannot_be_used_is_told_and_can_be_left_out(drawn, tmp_path):
    spoil(drawn)
    config = configure(drawn)
    found = survey(config)
    assert [(one.path.name, one.source) for one in found.unreadable] == [
        (f"{n}.png", "drawn") for n in (4, 1, 2, 3, 5)
    ]
    causes = [one.cause for one in found.unreadable]
    assert "has no label image 4" in causes[0]
    assert "truncated" in causes[1]
    assert "label 7 is not of the scheme 'lungs'" in causes[2]
    assert "the labels have 16 × 32 pixels (rows × columns) but the image 3.png has 32 × 32" in causes[3]
    assert "one single grey level" in causes[4]
    assert found.possible, "it is, without them"
    assert found.collections[0].images == 7
    left = without_unreadable(config, found, tmp_path / "tables")
    again = survey(left)
    assert again.unreadable == ()
    assert (again.roles, again.classes) == (found.roles, found.classes)
    from napari_tbcad.networks.samples import load_samples

    samples = load_samples(left.data.sources[0], left.scheme)
    assert {s.image for s in samples} == {drawn / "images" / f"{n}.png" for n in (0, *range(6, 12))}
    assert {s.patient for s in samples} == {"p0", "p3", "p4", "p5"}


def test_without_a_table_and_with_binary_masks_images_can_be_left_out_too(drawn, tmp_path):
    for side, value in (("right", 1), ("left", 2)):
        (drawn / side).mkdir()
        for n in range(12):
            labels = iio.imread(drawn / "labels" / f"{n}.png")
            iio.imwrite(drawn / side / f"{n}.png", np.uint8(255 * (labels == value)))
    (drawn / "images" / "1.png").write_bytes(b"no image")
    config = configure(drawn, source={"table": "", "labels": {"right": 1, "left": 2}})
    found = survey(config)
    assert [one.path.name for one in found.unreadable] == ["1.png"]
    assert any("no patients are named" in one for one in found.warnings)
    left = survey(without_unreadable(config, found, tmp_path / "tables"))
    assert (left.unreadable, left.roles, left.classes) == ((), found.roles, found.classes)


def test_a_chest_set_with_its_own_layout_keeps_its_labels(tmp_path):
    montgomery = tmp_path / "MontgomerySet"
    for name in ("CXR_png", "ManualMask/leftMask", "ManualMask/rightMask"):
        (montgomery / name).mkdir(parents=True)
    generator = np.random.default_rng(1)
    for n in range(1, 9):
        name = f"MCUCXR_{n:04d}_0.png"
        for side, columns in (("leftMask", slice(36, 60)), ("rightMask", slice(4, 28))):
            mask = np.zeros((64, 64), np.uint8)
            mask[16:56, columns] = 255
            iio.imwrite(montgomery / "ManualMask" / side / name, mask)
        iio.imwrite(montgomery / "CXR_png" / name, generator.integers(20, 200, (64, 64), dtype=np.uint8))
    (montgomery / "CXR_png" / "MCUCXR_0003_0.png").write_bytes(b"no image")
    config = configure(montgomery, source={"layout": "films", "table": ""})
    found = survey(config)
    assert [one.path.name for one in found.unreadable] == ["MCUCXR_0003_0.png"]
    left = survey(without_unreadable(config, found, tmp_path / "tables"))
    assert (left.unreadable, left.roles, left.classes) == ((), found.roles, found.classes)


def test_what_makes_a_training_impossible_is_refused(drawn, tmp_path):
    roles = [f"{n}.png,{'test' if n in (1, 8) else 'train'}" for n in range(12)]
    (tmp_path / "split.csv").write_text("image,role\n" + "\n".join(roles), encoding="utf-8")
    parted = survey(configure(drawn, data={"split": tmp_path / "split.csv"}))
    assert not parted.possible
    assert "patient p0 is in train and in test" in parted.refusals[0]
    assert sum(one.images for one in parted.roles.values()) == 12, "what was found is shown all the same"
    for path in (drawn / "labels").iterdir():
        iio.imwrite(path, np.minimum(iio.imread(path), 1))
    assert "no pixel is labelled left lung" in survey(configure(drawn)).refusals[0]
    gone = survey(configure(tmp_path / "gone"))
    assert gone.refusals == ("drawn: gone: there is no such folder",)
    native = survey(configure(drawn, input={"height": 32, "width": 32, "fit": "native"}))
    assert "native is for prediction" in native.refusals[0]
    folds = survey(configure(drawn, data={"folds": 9}))
    assert "6 patients cannot make 9 folds" in folds.refusals[0]


def test_a_network_to_start_from_is_looked_at(drawn, network_file, models):
    absent = survey(configure(drawn, fit={"start_from": "nobody"}))
    assert "the start nobody: neither a network by this name" in absent.refusals[0]
    other = survey(configure(drawn, task="opacities", fit={"start_from": str(network_file)}))
    assert any("is a network of the task lungs, not opacities" in one for one in other.warnings)


def test_one_image_under_two_patients_in_two_roles_is_told(drawn, tmp_path):
    held = (10, 11)
    roles = [f"{n}.png,{'test' if n in held else 'train'}" for n in range(12)]
    (tmp_path / "split.csv").write_text("image,role\n" + "\n".join(roles), encoding="utf-8")
    config = configure(drawn, data={"split": tmp_path / "split.csv"})
    assert not any("same image" in one for one in survey(config).warnings)
    for part in ("images", "labels"):
        (drawn / part / "10.png").write_bytes((drawn / part / "0.png").read_bytes())
    said = " ".join(survey(config).warnings)
    assert "the same image in two roles under two patients (0.png and 10.png)" in said


def test_a_rare_class_and_one_that_is_not_judged_are_told(drawn):
    for n in range(12):
        labels = iio.imread(drawn / "labels" / f"{n}.png")
        iio.imwrite(drawn / "labels" / f"{n}.png", labels * (labels != 2))
    found = survey(configure(drawn, data={"fold": None, "validation": 0.0}))
    assert "no pixel is labelled left lung" in found.refusals[0]
    labels = iio.imread(drawn / "labels" / "2.png")
    labels[-4:] = 2
    iio.imwrite(drawn / "labels" / "2.png", labels)
    said = survey(configure(drawn, data={"fold": None, "validation": 0.0})).warnings
    assert "left lung: learned from one patient only" in said
    assert any("nobody is watched" in one for one in said)
    assert any("nobody is held out" in one for one in said)
    judged = survey(configure(drawn)).warnings
    assert any("left lung: in no image that is" in one for one in judged)


def test_what_was_read_is_kept_for_the_training_and_torch_is_not_needed(drawn, tmp_path):
    config = configure(drawn, data={"cache": str(tmp_path / "cache")})
    before = survey(config)
    assert len(list((tmp_path / "cache").iterdir())) == 12
    assert survey(config).classes == before.classes
    code = "import sys, napari_tbcad.networks.survey; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
