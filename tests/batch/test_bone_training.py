"""`bone train`: a set in, networks of both views and held-out scores out; bad input ends in a sentence."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from napari_tbcad.batch.bone_training import trainings
from napari_tbcad.batch.bone_training_sets import training_set
from napari_tbcad.cli import main
from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.networks.store import load_network

SHAPE = (96, 32)
TINY = {
    "architecture.encoder": "tu-test_efficientnet",
    "architecture.architecture": "Unet",
    "architecture.decoder_channels": "[16, 8, 8, 4, 4]",
    "input.height": 64,
    "input.width": 32,
    "fit.batch": 4,
    "fit.average": 0.9,
    "fit.precision": "32-true",
}
SETTINGS = [part for name, value in TINY.items() for part in ("--set", f"{name}={value}")]
QUICK = ["--from", "none", "--epochs", "2", "--device", "cpu", *SETTINGS]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def bs80k(tmp_path_factory, bs80k_made) -> Path:
    """Six patients, every other one abnormal; do not change it."""
    made = bs80k_made(tmp_path_factory.mktemp("train") / "bs80k", SHAPE)
    for number in range(1, 7):
        for view in ("anterior", "posterior"):
            boxes = [("Normal", 60, 12, 72, 22)] + [("Abnormal", 26, 10, 38, 20)] * (number % 2)
            made.image(number, view, boxes, number % 2)
    return made.folder


def command(folder: Path, out: Path, *more: str) -> list[str]:
    return ["bone", "train", str(folder), "--out", str(out), "--bone", "counts", *QUICK, *more]


@pytest.fixture(scope="module")
def trained(bs80k, tmp_path_factory) -> Path:
    """The folder of a training of both views without interruption; do not change it."""
    out = tmp_path_factory.mktemp("trained") / "out"
    assert main(command(bs80k, out)) == 0
    return out


@pytest.fixture
def own_set(trained, tmp_path) -> Path:
    """A copy of the set, with its images, to be spoilt."""
    shutil.copytree(trained / "set", tmp_path / "set")
    rows = table(tmp_path / "set" / "samples.csv")
    for row in rows:
        row["image"] = str((trained / "set" / row["image"]).resolve())
    write(tmp_path / "set" / "samples.csv", rows)
    return tmp_path / "set"


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def refused(capfd, folder: Path, out: Path, *more: str, code: int = 2) -> str:
    assert main(command(folder, out, *more)) == code
    said = capfd.readouterr().err
    assert any(line.startswith("error: ") for line in said.splitlines())
    assert "Traceback" not in said
    return said


# -- the way of a person ------------------------------------------------------------------------------


def test_one_command_trains_both_views_and_judges_the_patients_held_out(trained, bs80k, capfd):
    for view in ("anterior", "posterior"):
        place = trained / view / "fold0"
        card = load_network(place / "model.safetensors").card
        assert (card.task, card.input.views, card.input.intensity) == ("4", (view,), "counts")
        assert "nobody drew them" in card.sources[0].terms
        held = {row["patient"] for row in table(place / "split.csv") if row["role"] == "test"}
        seen = {row["patient"] for row in table(place / "split.csv") if row["role"] == "train"}
        assert held
        assert not held & seen
        assert {row["patient"] for row in table(place / "scores.csv")} == held
    # The same command once more has nothing to do, and says the scores again.
    times = {path: path.stat().st_mtime_ns for path in trained.rglob("model.safetensors")}
    capfd.readouterr()
    assert main(command(bs80k, trained)) == 0
    assert times == {path: path.stat().st_mtime_ns for path in trained.rglob("model.safetensors")}
    said = capfd.readouterr().out
    assert "12 images are there already" in said
    assert "anterior: dice of abnormal" in said
    assert f"--set hotspots.network.posterior={trained / 'posterior' / 'fold0'}" in said
    assert main(command(bs80k, trained, "--set", "fit.learning_rate=0.1")) == 2, "another training there"


def test_a_made_set_trains_three_classes_and_starts_from_a_network_of_its_view(trained, tmp_path, capfd):
    model = trained / "anterior" / "fold0" / "model.safetensors"
    rest = command(trained / "set", tmp_path / "out", "--view", "anterior", "--scheme", "3")
    assert main([*rest, "--from", str(model), "--epochs", "1", "--fold", "1"]) == 0
    assert "started from" in capfd.readouterr().out
    made = load_network(tmp_path / "out" / "anterior" / "fold1" / "model.safetensors")
    assert made.card.classes == ("background", "bone", "abnormal")
    assert not (tmp_path / "out" / "posterior").exists()


def test_simulated_scans_are_trained_on_where_they_lie(tmp_path, bs80k_made):
    made = bs80k_made(tmp_path, SHAPE)
    for folder in ("png", "truth"):
        (tmp_path / "sim" / folder).mkdir(parents=True)
    for n in range(3):
        for view, short in (("anterior", "ant"), ("posterior", "post")):
            iio.imwrite(tmp_path / "sim" / "png" / f"b{n}_{short}.png", made.pixels(n, view, []))
            labels = np.arange(SHAPE[0] * SHAPE[1], dtype=np.int64).reshape(SHAPE) % 13
            iio.imwrite(tmp_path / "sim" / "truth" / f"b{n}_{view}_regions.png", labels.astype(np.uint8))
        (tmp_path / "sim" / "truth" / f"b{n}.json").write_text("{}", encoding="utf-8")
    source = training_set(tmp_path / "sim", tmp_path / "out", what="regions")
    assert source.terms == "simulated by napari-tbcad (bone simulate), no patient"
    (one,) = trainings(source, tmp_path / "out", start="none")
    assert (one.part, one.config.input.views, one.config.task) == (
        "both",
        ("anterior", "posterior"),
        "regions",
    )
    from napari_tbcad.networks.fit import split_of
    from napari_tbcad.networks.samples import decode

    split = split_of(one.config)
    assert sorted((s.patient, s.view) for s in split.train) == [
        (f"b{n}", view) for n in range(3) for view in ("anterior", "posterior")
    ]
    assert decode([split.train[0]], one.config.input).labels.max() == 12
    changed = tmp_path / "sim" / "truth" / "b0_anterior_regions.png"
    iio.imwrite(changed, np.zeros(SHAPE, np.uint8))
    assert training_set(tmp_path / "sim", tmp_path / "out", what="regions").content != source.content
    with pytest.raises(BadInput, match=r"b0_anterior_classes\.png: this file of a simulated scan is missing"):
        training_set(tmp_path / "sim", tmp_path / "other", what="hotspots")
    with pytest.raises(BadInput, match="sternum"):
        trainings(source, tmp_path / "out", view="posterior", start="none")


def test_patients_that_the_packaged_network_learned_from_are_not_judged(
    trained, own_set, tmp_path, monkeypatch, capfd
):
    """Fold 0 holds a patient that is known, under another number, and one that is not; then nobody else."""
    from napari_tbcad.batch import bone_training, bone_training_sets

    rows = table(own_set / "samples.csv")
    one, other = sorted({row["patient"] for row in rows if row["fold"] == "0"})[:2]
    monkeypatch.setattr(bone_training_sets, "PACKAGED_LEARNED_FROM", (2244,))
    for row in rows:
        row["patient"] = {one: "828"}.get(row["patient"], row["patient"])
    write(own_set / "samples.csv", rows)
    model = str(trained / "anterior" / "fold0" / "model.safetensors")
    monkeypatch.setattr(bone_training, "PACKAGED", {"anterior": model})
    rest = ["--view", "anterior", "--from", model, "--epochs", "1"]
    assert main(command(own_set, tmp_path / "out", *rest)) == 0
    said = capfd.readouterr().out
    assert "1 of 2 held-out patients are not judged: the packaged network learned from them" in said
    scores = tmp_path / "out" / "anterior" / "fold0" / "scores.csv"
    assert {row["patient"] for row in table(scores)} == {other}
    monkeypatch.setattr(bone_training_sets, "PACKAGED_LEARNED_FROM", (2244, int(other)))
    assert main(command(own_set, tmp_path / "out", *rest)) == 0
    said = capfd.readouterr().out
    assert "anterior: no score: nobody is held out whom" in said
    assert not scores.exists()


def test_a_training_is_not_gone_on_with_after_its_labels_changed(trained, own_set, tmp_path, capfd):
    before = training_set(own_set, tmp_path, what="hotspots").content
    path = own_set / "labels" / "2_anterior.png"
    labels = iio.imread(path)
    labels[0, 0] = 1
    iio.imwrite(path, labels)
    assert training_set(own_set, tmp_path, what="hotspots").content != before
    shutil.copytree(trained, tmp_path / "out")
    rest = ["--view", "anterior"]
    assert "another configuration" in refused(capfd, own_set, tmp_path / "out", *rest)


# -- bad sets -----------------------------------------------------------------------------------------


def test_labels_outside_the_scheme_are_refused(own_set, tmp_path, capfd):
    path = own_set / "labels" / "2_anterior.png"
    labels = iio.imread(path)
    labels[0, 0] = 9
    iio.imwrite(path, labels)
    assert "2_anterior.png: label 9 is not of the scheme '4'" in refused(capfd, own_set, tmp_path / "out")


def test_labels_of_another_size_are_refused(own_set, tmp_path, capfd):
    iio.imwrite(own_set / "labels" / "2_anterior.png", np.ones((96, 30), np.uint8))
    said = refused(capfd, own_set, tmp_path / "out")
    assert "2_anterior.png: the labels have 96 × 30 pixels" in said


def test_a_class_of_which_there_is_nothing_is_refused(own_set, tmp_path, capfd):
    for path in (own_set / "labels").iterdir():
        iio.imwrite(path, np.minimum(iio.imread(path), 2))
    assert "no pixel is labelled normal" in refused(capfd, own_set, tmp_path / "out")


def test_a_patient_on_both_sides_of_a_split_is_refused(own_set, tmp_path, capfd):
    rows = table(own_set / "samples.csv")
    for row in rows[:8]:
        row["patient"] = "1"
    write(own_set / "samples.csv", rows)
    said = refused(capfd, own_set, tmp_path / "out")
    assert "patient 1 is in" in said
    assert "scores would be too good" in said


def test_a_table_without_views_is_refused(own_set, tmp_path, capfd):
    rows = table(own_set / "samples.csv")
    write(own_set / "samples.csv", [{**row, "view": ""} for row in rows])
    said = refused(capfd, own_set, tmp_path / "out")
    assert "12 of 12 rows (see " in said
    assert "do not say anterior or posterior in the column view" in said
    write(own_set / "samples.csv", [{k: v for k, v in row.items() if k != "view"} for row in rows])
    assert "in the column view" in refused(capfd, own_set, tmp_path / "out")
    write(own_set / "samples.csv", [{**row, "view": ""} if n == 5 else row for n, row in enumerate(rows)])
    assert "1 of 12 rows" in refused(capfd, own_set, tmp_path / "out"), "none is dropped in silence"
    write(own_set / "samples.csv", [row for row in rows if row["view"] == "anterior"])
    said = refused(capfd, own_set, tmp_path / "out", "--view", "posterior")
    assert "no image of the posterior view" in said


def test_folders_of_something_else_are_refused(trained, tmp_path, capfd):
    (tmp_path / "empty").mkdir()
    out = tmp_path / "out"
    assert "neither a BS-80K folder" in refused(capfd, tmp_path / "empty", out)
    assert "there is no such folder" in refused(capfd, tmp_path / "none", out)
    assert "a set of hotspots, not of regions" in refused(capfd, trained / "set", out, "--what", "regions")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "set.json").write_text("[]", encoding="utf-8")
    assert "does not tell what this set is" in refused(capfd, tmp_path / "set", out)


# -- bad networks and devices -------------------------------------------------------------------------


def test_networks_of_another_task_or_view_are_no_start(trained, tmp_path, capfd):
    source, out = trained / "set", tmp_path / "out"
    model = str(trained / "posterior" / "fold0" / "model.safetensors")
    said = refused(capfd, source, out, "--view", "anterior", "--from", model)
    assert "made for the posterior view of bone scans, not for the anterior one" in said
    assert "made for the task lungs, not for 4" in refused(capfd, source, out, "--from", "lungs")
    assert "neither a network by this name" in refused(capfd, source, out, "--from", "nothing")


def test_a_missing_packaged_network_says_what_to_do(trained, tmp_path, monkeypatch):
    from napari_tbcad.networks import listing

    monkeypatch.setattr(listing, "packaged_entries", dict)
    source = training_set(trained / "set", tmp_path, what="hotspots")
    with pytest.raises(ModelRefused, match="--from none"):
        trainings(source, tmp_path)


def test_a_tampered_start_is_refused(trained, tmp_path, capfd):
    content = bytearray((trained / "anterior" / "fold0" / "model.safetensors").read_bytes())
    content[-1] ^= 1
    model = tmp_path / "model.safetensors"
    model.write_bytes(content)
    said = refused(
        capfd, trained / "set", tmp_path / "out", "--view", "anterior", "--from", str(model), "--epochs", "1"
    )
    assert "weights were changed" in said


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA graphics card")
def test_cuda_where_there_is_none_is_refused(bs80k, tmp_path, capfd):
    assert "cuda" in refused(capfd, bs80k, tmp_path / "out", "--device", "cuda")
    assert not (tmp_path / "out").exists(), "before anything is made"


# -- interrupted trainings ----------------------------------------------------------------------------


def largest_difference(one: Path, other: Path) -> float:
    first, second = load_file(one), load_file(other)
    assert first.keys() == second.keys()
    return max(float(np.abs(first[n].astype(float) - second[n]).max()) for n in first)


_KILLED = """
import os, signal, sys
import torch
torch.set_num_threads(1)
from napari_tbcad.networks import module
from napari_tbcad.cli import main
whole, steps = module.SegmentationModule.training_step, []
def step(self, batch, batch_idx):
    if self.current_epoch == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(self, batch, batch_idx)
module.SegmentationModule.training_step = step
main(sys.argv[1:])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9 is of Unix")
def test_killed_in_the_middle_of_an_epoch_and_gone_on_with(trained, bs80k, tmp_path):
    out = tmp_path / "out"
    arguments = command(bs80k, out)
    killed = subprocess.run([sys.executable, "-c", _KILLED, *arguments], capture_output=True, text=True)
    assert killed.returncode == -9, killed.stderr
    assert [row["epoch"] for row in table(out / "anterior" / "fold0" / "log.csv")] == ["1"]
    assert not list(out.rglob("model.safetensors"))
    assert main(arguments) == 0
    for view in ("anterior", "posterior"):
        model = Path(view, "fold0", "model.safetensors")
        assert largest_difference(out / model, trained / model) < 1e-3


def test_a_corrupt_checkpoint_is_told(trained, tmp_path, capfd):
    place = tmp_path / "out" / "anterior" / "fold0"
    shutil.copytree(trained, tmp_path / "out")
    (place / "model.safetensors").unlink()
    content = (place / "last.ckpt").read_bytes()
    (place / "last.ckpt").write_bytes(content[: len(content) // 2])
    said = refused(capfd, trained / "set", tmp_path / "out", "--view", "anterior")
    assert "last.ckpt: this checkpoint cannot be read" in said


def test_a_loss_that_is_not_a_number_stops_with_the_last_good_checkpoint(
    trained, tmp_path, capfd, monkeypatch
):
    from napari_tbcad.networks import losses

    whole, calls = losses.SummedLoss.forward, []

    def breaks(self, *arguments):
        calls.append(1)
        value = whole(self, *arguments)
        return value * float("nan") if len(calls) == 2 else value

    monkeypatch.setattr(losses.SummedLoss, "forward", breaks)
    out = tmp_path / "out"
    said = refused(capfd, trained / "set", out, "--view", "anterior", "--set", "fit.batch=16", code=1)
    assert "the loss became nan in epoch 2; the weights of the epoch before are in" in said
    state = torch.load(out / "anterior" / "fold0" / "last.ckpt", weights_only=True)["state_dict"]
    assert all(bool(torch.isfinite(value).all()) for value in state.values() if value.is_floating_point())
    assert not list(out.rglob("model.safetensors"))


def test_a_full_disk_leaves_the_last_good_checkpoint(trained, tmp_path, capfd, monkeypatch):
    whole, written = Path.write_bytes, []

    def full(self, data):
        if self.suffix == ".ckpt":
            written.append(self)
            if len(written) == 2:
                whole(self, bytes(data)[:100])
                raise OSError(28, "No space left on device")
        return whole(self, data)

    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        said = refused(capfd, trained / "set", out, "--view", "anterior", code=1)
    assert "No space left on device" in said
    assert torch.load(out / "anterior" / "fold0" / "last.ckpt", weights_only=True)["epoch"] == 0


def test_templates_of_bone_networks_are_trainings(tmp_path, capfd):
    from napari_tbcad.networks.config import load_config

    for name, task in (("hotspots", "4"), ("regions", "regions")):
        assert main(["networks", "template", name]) == 0
        path = tmp_path / f"{name}.yaml"
        path.write_text(capfd.readouterr().out, encoding="utf-8")
        config = load_config(path)
        assert (config.task, config.input.intensity, config.augment.mirror) == (task, "counts", 0.5)
        assert {dict(source.where)["view"] for source in config.data.sources} == set(config.input.views)


def test_the_set_says_what_it_is(trained):
    facts = json.loads((trained / "set" / "set.json").read_text(encoding="utf-8"))
    assert facts["patients"] == 6
    assert facts["images"] == 12
    assert "bone is where the counts say" in facts["terms"]
