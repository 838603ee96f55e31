"""Training, judging and correcting through the command line; bad input ends with a sentence, not a trace."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import torch
import yaml
from safetensors.numpy import load_file

from napari_tbcad.cli import main
from napari_tbcad.errors import BadInput
from napari_tbcad.networks.store import load_network
from napari_tbcad.networks.training_folder import read_log

EPOCHS = 3
TINY = {"encoder": "tu-mobilenetv3_small_050", "decoder_channels": [16, 8, 8, 4, 4]}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def draw(folder: Path, number: int = 8) -> Path:
    """Write two dark ellipses on bright ground with their labels, two images a patient."""
    generator = np.random.default_rng(0)
    rows, columns = np.mgrid[:64, :64]
    lines = ["image,patient"]
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    for n in range(number):
        labels = np.zeros((64, 64), np.uint8)
        for value, column in ((1, 18), (2, 46)):
            shift = generator.integers(-3, 4)
            labels[((rows - 32) / 18) ** 2 + ((columns - column - shift) / 9) ** 2 < 1] = value
        image = np.where(labels > 0, 60, 170) + generator.normal(0, 12, labels.shape)
        iio.imwrite(folder / "images" / f"{n}.png", image.clip(0, 255).astype(np.uint8))
        iio.imwrite(folder / "labels" / f"{n}.png", labels)
        lines.append(f"{n}.png,p{n // 2}")
    (folder / "samples.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


def configure(path: Path, folder: Path, **fit) -> Path:
    content = {
        "name": "drawn",
        "task": "lungs",
        "architecture": TINY,
        "input": {"height": 64, "width": 64},
        "data": {"folds": 2, "sources": [{"name": "drawn", "folder": str(folder), "table": "samples.csv"}]},
        "augment": {"devices": 0, "occlusion": 0, "elastic": 0},
        "fit": {"epochs": EPOCHS, "batch": 4, "device": "cpu", "learning_rate": 0.01, "average": 0.9, **fit},
    }
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture
def config(tmp_path):
    return configure(tmp_path / "config.yaml", draw(tmp_path / "drawn"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A configuration and the folder of its training, which ran without interruption; do not change them."""
    folder = tmp_path_factory.mktemp("trained")
    path = configure(folder / "config.yaml", draw(folder / "drawn"))
    assert main(["networks", "train", str(path), "--out", str(folder / "out")]) == 0
    return path, folder / "out"


def refused(capfd, *arguments: object, code: int = 2) -> str:
    assert main(["networks", *map(str, arguments)]) == code
    said = capfd.readouterr().err
    assert any(line.startswith("error: ") for line in said.splitlines())
    assert "Traceback" not in said
    return said


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


# -- the way of a person ------------------------------------------------------------------------------


def test_corrections_become_a_network_that_the_chest_workflow_uses(tmp_path, network_file, capfd):
    from napari_tbcad.chest.cases import case_of
    from napari_tbcad.chest.workflow import give_mask, settings_from, start
    from napari_tbcad.io.read import read_film
    from napari_tbcad.record import Record
    from napari_tbcad.simulate.samples import sample_path

    films = tmp_path / "films"
    films.mkdir()
    for name in ("normal_man", "normal_woman"):
        iio.imwrite(films / f"{name}.png", iio.imread(sample_path(name))[::4, ::4])
        run = start(read_film(films / f"{name}.png"), settings_from({"lungs.segmenter": "otsu"}))
        run.compute("insensitive")
        labels = run.get("insensitive").labels.copy()
        labels[100:104, 30:40] = 1
        give_mask(run, labels, "insensitive")
        case_of(run, reader="Ana").save(tmp_path / "cases" / f"{name}.tbcad")
    corrections = tmp_path / "corrections"
    assert main(["networks", "corrections", str(tmp_path / "cases"), "--out", str(corrections)]) == 0
    assert len(table(corrections / "samples.csv")) == 2

    capfd.readouterr()
    assert main(["networks", "template", "finetune", "--model", str(network_file)]) == 0
    path = tmp_path / "finetune.yaml"
    path.write_text(capfd.readouterr().out, encoding="utf-8")
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert said["input"]["height"] == 64, "the input is that of the network that is started from"
    quick = ("--set", "fit.epochs=2", "--set", "fit.batch=2", "--device", "cpu")
    assert main(["networks", "train", str(path), "--out", str(tmp_path / "tuned"), *quick]) == 0
    model = tmp_path / "tuned" / "model.safetensors"
    assert "tensors taken, 0 left" in capfd.readouterr().out
    before, after = load_file(network_file), load_file(model)
    assert before.keys() == after.keys()
    assert any(not np.array_equal(before[name], after[name]) for name in before)

    out = tmp_path / "run"
    use = ("--segmenter", "network", "--set", f"lungs.network.model={model}", "--classifier", "none")
    more = (
        "--set",
        "features.grid=128",
        "--set",
        "lungs.network.device=cpu",
        "--set",
        "lungs.network.edge=0.05",
    )
    main(["chest", "run", str(films), "--out", str(out), *use, *more])
    record = Record.load(out / "records" / "normal_man.json")
    made_by = [entry.model for entry in record if getattr(entry, "name", "") == "lungs"]
    assert made_by == [f"network lungs-corrected {load_network(model).sha256}"]


def test_every_image_is_scored_by_the_fold_that_never_saw_it(config, tmp_path):
    out = tmp_path / "cv"
    command = ["networks", "crossvalidate", str(config), "--out", str(out), "--set", "fit.epochs=1"]
    assert main([*command, "--fold", "1"]) == 0
    assert not (out / "summary.csv").exists(), "the table of all waits for the last fold"
    assert main([*command, "--fold", "0", "--keep"]) == 0
    rows = table(out / "scores.csv")
    assert sorted(row["image"] for row in rows) == [f"{n}.png" for n in range(8)]
    for row in rows:
        split = table(out / f"fold{row['fold']}" / "split.csv")
        assert row["patient"] not in {s["patient"] for s in split if s["role"] != "test"}
    assert len(list((out / "probabilities").iterdir())) == 8
    # A network that is there is not trained again, unless it was trained otherwise.
    times = {path: path.stat().st_mtime_ns for path in out.rglob("model.safetensors")}
    assert main(command) == 0
    assert times == {path: path.stat().st_mtime_ns for path in out.rglob("model.safetensors")}
    assert main([*command, "--set", "fit.learning_rate=0.02"]) == 2
    # With another image the folds are others: a network would score patients that it was trained on.
    for part in ("images", "labels"):
        shutil.copy(tmp_path / "drawn" / part / "0.png", tmp_path / "drawn" / part / "8.png")
    with (tmp_path / "drawn" / "samples.csv").open("a", encoding="utf-8") as file:
        file.write("\n8.png,p8")
    assert main(command) == 2


def test_evaluate_writes_the_tables_and_goes_past_a_broken_image(trained, tmp_path, capfd):
    config, out = trained
    images = tmp_path / "drawn"
    shutil.copytree(config.parent / "drawn", images)
    (images / "images" / "3.png").write_bytes(b"no image")
    judged = tmp_path / "judged"
    assert (
        main(["networks", "evaluate", str(out / "model.safetensors"), str(images), "--out", str(judged)]) == 1
    )
    assert "3.png: ERROR" in capfd.readouterr().err
    assert [row["status"] for row in table(judged / "scores.csv")] == ["ok"] * 7 + ["error"]
    assert {"dice", "iou", "dice_worst", "hd95_px_mean", "auc", "calibration_error"} <= {
        row["metric"] for row in table(judged / "summary.csv")
    }
    assert len(list((judged / "overlays").iterdir())) == 7


def test_settings_and_templates_name_fields_that_exist(tmp_path, capfd):
    assert main(["networks", "settings"]) == 0
    said = capfd.readouterr().out
    assert "fit.start_from = " in said
    assert "data.sources[].folder = " in said
    from napari_tbcad.networks.config import load_config

    for name in ("lungs", "finetune"):
        assert main(["networks", "template", name]) == 0
        path = tmp_path / f"{name}.yaml"
        path.write_text(capfd.readouterr().out, encoding="utf-8")
        assert load_config(path).task == "lungs"


def test_install_list_and_remove(models, network_file, capfd):
    assert main(["networks", "install", str(network_file), "--name", "mine"]) == 0
    assert main(["networks", "list"]) == 0
    assert "mine (installed): lungs" in capfd.readouterr().out
    assert "installed already" in refused(capfd, "install", network_file, "--name", "mine")
    assert main(["networks", "remove", "mine"]) == 0
    assert not list(models.glob("*.safetensors"))


# -- bad images and labels ----------------------------------------------------------------------------


def test_labels_outside_the_scheme_are_refused(config, tmp_path, capfd):
    labels = iio.imread(tmp_path / "drawn" / "labels" / "2.png")
    labels[0, 0] = 7
    iio.imwrite(tmp_path / "drawn" / "labels" / "2.png", labels)
    said = refused(capfd, "train", config, "--out", tmp_path / "out")
    assert "2.png: label 7 is not of the scheme 'lungs'" in said


def test_labels_of_another_size_are_refused(config, tmp_path, capfd):
    iio.imwrite(tmp_path / "drawn" / "labels" / "2.png", np.ones((32, 64), np.uint8))
    said = refused(capfd, "train", config, "--out", tmp_path / "out")
    assert "2.png: the labels have 32 × 64 pixels (rows × columns) but the image 2.png has 64 × 64" in said


def test_a_class_without_a_pixel_is_refused(config, tmp_path, capfd):
    for path in (tmp_path / "drawn" / "labels").iterdir():
        labels = iio.imread(path)
        iio.imwrite(path, np.minimum(labels, 1))
    said = refused(capfd, "train", config, "--out", tmp_path / "out")
    assert "no pixel is labelled left lung" in said


def test_a_patient_on_both_sides_of_a_split_is_refused(config, tmp_path, capfd):
    roles = [f"{n}.png,{'test' if n == 1 else 'train'}" for n in range(8)]
    (tmp_path / "split.csv").write_text("image,role\n" + "\n".join(roles), encoding="utf-8")
    wanted = ("--set", f"data.split={tmp_path / 'split.csv'}")
    said = refused(capfd, "train", config, "--out", tmp_path / "out", *wanted)
    assert "patient p0 is in train and in test" in said


def test_wrong_words_in_the_configuration_name_file_and_field(config, tmp_path, capfd):
    out = ("--out", tmp_path / "out")
    assert "config.yaml: fit.epochs" in refused(capfd, "train", config, *out, "--set", "fit.epochs=0")
    assert "config.yaml: fit.pace" in refused(capfd, "train", config, *out, "--set", "fit.pace=1")
    assert "config.yaml: architecture" in refused(capfd, "train", config, *out, "--set", "architecture=none")
    config.write_text("[", encoding="utf-8")
    assert "config.yaml: cannot be read as YAML" in refused(capfd, "train", config, *out)
    assert "cannot be read" in refused(capfd, "train", tmp_path / "none.yaml", *out)


# -- bad devices and models ---------------------------------------------------------------------------


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA graphics card")
def test_cuda_where_there_is_none_is_refused(config, tmp_path, trained, capfd):
    said = refused(capfd, "train", config, "--out", tmp_path / "out", "--device", "cuda")
    assert "cuda" in said
    model, out = trained[1] / "model.safetensors", tmp_path / "out"
    assert "cuda" in refused(capfd, "evaluate", model, tmp_path / "drawn", "--out", out, "--device", "cuda")


def test_a_tampered_model_is_refused(trained, tmp_path, capfd):
    content = bytearray((trained[1] / "model.safetensors").read_bytes())
    content[-1] ^= 1
    model = tmp_path / "model.safetensors"
    model.write_bytes(content)
    data = trained[0].parent / "drawn"
    assert "weights were changed" in refused(capfd, "evaluate", model, data, "--out", tmp_path / "out")
    assert "weights were changed" in refused(
        capfd, "train", trained[0], "--out", tmp_path / "out", "--set", f"fit.start_from={model}"
    )


def test_a_model_of_another_task_is_refused(trained, config, tmp_path, capfd):
    model, out = trained[1] / "model.safetensors", tmp_path / "out"
    content = config.read_text(encoding="utf-8").replace("task: lungs", "task: opacities")
    config.write_text(content, encoding="utf-8")
    said = refused(capfd, "evaluate", model, config, "--out", out)
    assert "of the task opacities, the network is made for lungs" in said
    said = refused(capfd, "evaluate", model, tmp_path / "drawn", "--out", out, "--inside", "nothing")
    assert "nothing: neither a network" in said


# -- interrupted trainings ----------------------------------------------------------------------------


def largest_difference(one: Path, other: Path) -> float:
    first, second = load_file(one), load_file(other)
    assert first.keys() == second.keys()
    return max(float(np.abs(first[n].astype(float) - second[n]).max()) for n in first)


_KILLED = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from napari_tbcad.networks.config import load_config
from napari_tbcad.networks.fit import train
def die(share, text):
    if "epoch 2" in text:
        os.kill(os.getpid(), signal.SIGKILL)
train(load_config(sys.argv[1]), Path(sys.argv[2]), progress=die)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9 is of Unix")
def test_a_training_that_was_killed_ends_as_one_that_was_not(trained, tmp_path, capfd):
    config, whole = trained
    out = tmp_path / "out"
    killed = subprocess.run([sys.executable, "-c", _KILLED, config, out], capture_output=True, text=True)
    assert killed.returncode == -9, killed.stderr
    assert len(table(out / "log.csv")) == 1, "killed in the middle of the second epoch"
    assert not (out / "model.safetensors").exists()
    assert "go on with --resume" in refused(capfd, "train", config, "--out", out)
    other = ("--set", "fit.learning_rate=0.02")
    assert "not the one" in refused(capfd, "train", config, "--out", out, "--resume", *other)
    assert main(["networks", "train", str(config), "--out", str(out), "--resume"]) == 0
    assert [row["epoch"] for row in table(out / "log.csv")] == ["1", "2", "3"]
    assert largest_difference(out / "model.safetensors", whole / "model.safetensors") < 1e-3


def test_only_saving_was_left_to_do(trained, tmp_path, capfd):
    out = tmp_path / "out"
    shutil.copytree(trained[1], out)
    (out / "model.safetensors").unlink()
    assert main(["networks", "train", str(trained[0]), "--out", str(out), "--resume"]) == 0
    assert largest_difference(out / "model.safetensors", trained[1] / "model.safetensors") == 0
    (out / "last.ckpt").unlink()
    assert "holds a network already" in refused(capfd, "train", trained[0], "--out", out)


def test_a_corrupt_checkpoint_is_told(trained, tmp_path, capfd):
    out = tmp_path / "out"
    shutil.copytree(trained[1], out)
    content = (out / "last.ckpt").read_bytes()
    (out / "last.ckpt").write_bytes(content[: len(content) // 2])
    said = refused(capfd, "train", trained[0], "--out", out, "--resume")
    assert "last.ckpt: this checkpoint cannot be read" in said
    # Nor one of the right length in which bits have changed: torch itself would train on with them.
    changed = bytearray(content)
    changed[len(content) // 2] ^= 255
    (out / "last.ckpt").write_bytes(changed)
    said = refused(capfd, "train", trained[0], "--out", out, "--resume")
    assert "last.ckpt: this checkpoint cannot be read" in said


def test_a_log_that_is_no_table_is_told(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(b"epoch,loss\n1,\xff\xfe\n")
    with pytest.raises(BadInput, match=r"log\.csv: the training's log cannot be read"):
        read_log(path)


def test_a_loss_that_is_not_a_number_stops_with_the_last_good_checkpoint(
    trained, tmp_path, capfd, monkeypatch
):
    from napari_tbcad.networks import losses

    whole, calls = losses.SummedLoss.forward, []

    def breaks(self, *arguments):
        calls.append(1)
        value = whole(self, *arguments)
        return value * float("nan") if len(calls) == 3 else value

    out = tmp_path / "out"
    monkeypatch.setattr(losses.SummedLoss, "forward", breaks)
    said = refused(capfd, "train", trained[0], "--out", out, code=1)
    assert "the loss became nan in epoch 2; the weights of the epoch before are in" in said
    assert not (out / "model.safetensors").exists()
    state = torch.load(out / "last.ckpt", weights_only=True)["state_dict"]
    assert all(bool(torch.isfinite(value).all()) for value in state.values() if value.is_floating_point())


def test_a_full_disk_leaves_the_last_good_checkpoint(trained, tmp_path, capfd, monkeypatch):
    out, written = tmp_path / "out", []
    whole = Path.write_bytes

    def full(self, data):
        if self.suffix == ".ckpt":
            written.append(self)
            if len(written) == 2:
                whole(self, bytes(data)[:100])
                raise OSError(28, "No space left on device")
        return whole(self, data)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        said = refused(capfd, "train", trained[0], "--out", out, code=1)
    assert "No space left on device" in said
    assert torch.load(out / "last.ckpt", weights_only=True)["epoch"] == 0
    assert sorted(path.name for path in out.iterdir() if path.suffix == ".ckpt") == ["last.ckpt"]
    assert main(["networks", "train", str(trained[0]), "--out", str(out), "--resume"]) == 0
    assert largest_difference(out / "model.safetensors", trained[1] / "model.safetensors") < 1e-3
