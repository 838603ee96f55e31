"""A training from the survey to the scores, stopped and gone on with; what fails says why."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
import torch

from napari_tbcad.batch.child import work as child_work
from napari_tbcad.batch.child.channel import Channel
from napari_tbcad.batch.trainings.caveats import caveats
from napari_tbcad.batch.trainings.data import find_data
from napari_tbcad.batch.trainings.job import DONE, FAILED, STOPPED, work
from napari_tbcad.batch.trainings.plan import training_plan
from napari_tbcad.batch.trainings.state import (
    CACHE,
    DATA,
    JUDGED,
    MODEL,
    read_json,
    state_of,
    write_job,
    write_json,
)
from napari_tbcad.networks.build import ArchitectureParameters, build
from napari_tbcad.networks.card import NetworkCard, task_classes
from napari_tbcad.networks.config import load_config
from napari_tbcad.networks.input import InputParameters
from napari_tbcad.networks.store import Network, save_network
from napari_tbcad.networks.training_folder import TrainingStopped
from napari_tbcad.settings import assigned

TINY = {"architecture": "Unet", "encoder": "tu-test_efficientnet", "decoder_channels": (16, 8, 8, 4, 4)}


class Heard(Channel):
    """A channel that keeps what it is told, and says `wish` at the first event of a kind."""

    def __init__(self, at: str = "", wish: str = "") -> None:
        super().__init__(os.open(os.devnull, os.O_WRONLY))
        self.events: list[dict[str, Any]] = []
        self._at, self._wish = at, wish

    def tell(self, event: Mapping[str, Any]) -> None:
        self.events.append(json.loads(json.dumps(event, allow_nan=False)))
        if event["event"] == self._at:
            self.hear(self._wish)

    def named(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == name]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def folder(tmp_path) -> Path:
    """A tiny training of ten films, planned; a network that knows nothing stands for the packaged one."""
    generator = np.random.default_rng(0)
    for number in range(10):
        labels = np.zeros((32, 32), np.uint8)
        labels[8:24, 3:13], labels[8:24, 19:29] = 1, 2
        image = (generator.normal(120, 10, labels.shape) - 50 * (labels > 0)).clip(0, 255).astype(np.uint8)
        for name, each in (("images", image), ("labels", labels)):
            (tmp_path / "own" / name).mkdir(parents=True, exist_ok=True)
            iio.imwrite(tmp_path / "own" / name / f"{number}.png", each)
    folder = tmp_path / "home" / "one"
    data = find_data("lungs", "folder", [tmp_path / "own"], out=folder / "data", say=lambda _: None)
    config = training_plan("lungs", data, start="none", epochs=2, out=folder, device="cpu")
    architecture = ArchitectureParameters.model_validate(TINY)
    changes = {f"architecture.{name}": value for name, value in TINY.items()}
    config = assigned(config, changes | {"input.height": 32, "input.width": 32})
    classes = task_classes("lungs")
    card = NetworkCard.model_validate(
        {"name": "other", "task": "lungs", "classes": classes, "architecture": architecture}
        | {"input": InputParameters(height=32, width=32)}
    )
    other = tmp_path / "other.safetensors"
    save_network(Network(build(architecture, n_classes=len(classes)).eval(), card), other)
    learned = {"learned": ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], "packaged": str(other)}
    write_json(folder / DATA, (read_json(folder / DATA) or {}) | learned)
    write_job(folder, config, ["survey", "estimate", "train", "judge"], minutes=60)
    return folder


def test_a_training_is_stopped_gone_on_with_and_judged(folder):
    channel = Heard(at="epoch", wish="stop")
    assert work(folder, channel) == STOPPED
    assert [event["what"] for event in channel.named("stage")] == ["survey", "estimate", "train"]
    assert channel.named("survey")[0]["possible"] is True
    estimate = channel.named("estimate")[0]
    assert (estimate["epochs"], estimate["asked"], estimate["note"]) == (2, 2, "")
    assert channel.events[-1] == {"event": "stopped", "what": "train"}
    state = state_of(folder)
    assert (state.phase, state.epochs_done, state.epochs) == ("stopped", 1, 2)
    assert list((folder / CACHE).iterdir())

    write_job(folder, None, ["train", "judge"])
    channel = Heard()
    assert work(folder, channel) == DONE
    assert channel.named("begun")[0]["epoch"] == 1
    assert channel.named("trained")[0]["epochs"] == 2
    assert channel.events[-1] == {"event": "done", "model": str(folder / MODEL)}
    assert not (folder / CACHE).exists()
    assert state_of(folder).phase == "finished"

    judged = channel.named("judged")[0]
    assert judged == read_json(folder / JUDGED)
    assert (judged["images"], judged["patients"], judged["learned"], judged["learned_start"]) == (2, 2, 2, 0)
    assert judged["names"] == {"packaged": "other", "start": ""}
    assert any("learned from 2 of 2" in said for said in judged["warnings"])
    assert [row["class"] for row in judged["table"][::2]] == ["mean", "right lung", "left lung"]
    assert all(
        row["difference"] == pytest.approx(row["new"] - row["packaged"], abs=2e-6) for row in judged["table"]
    )
    for one in judged["overlays"]:
        assert iio.imread(one["mask_new"]).shape == iio.imread(one["labels"]).shape == (32, 32)
        assert Path(one["picture_packaged"]).is_file()

    # Once there, a network is not trained again.
    channel = Heard()
    assert work(folder, channel) == DONE
    assert not channel.named("begun")


def test_what_cannot_be_read_is_left_out_or_ends_it(folder):
    (folder.parents[1] / "own" / "images" / "3.png").write_bytes(b"no picture")
    write_job(folder, None, ["survey"])
    channel = Heard()
    assert work(folder, channel) == DONE
    assert any("are left out: 1" in event["text"] for event in channel.named("say"))
    assert state_of(folder).phase == "planned"

    iio.imwrite(folder.parents[1] / "own" / "labels" / "4.png", np.full((32, 32), 7, np.uint8))
    for number in (0, 1, 2, 5, 6, 7, 8, 9):
        iio.imwrite(folder.parents[1] / "own" / "labels" / f"{number}.png", np.zeros((32, 32), np.uint8))
    channel = Heard()
    assert work(folder, channel) == FAILED
    failed = channel.events[-1]
    assert (failed["event"], failed["kind"], failed["what"]) == ("failed", "BadInput", "survey")
    assert "right lung" in failed["cause"]


def test_a_fault_of_the_program_is_told_and_kept(folder, monkeypatch, capfd):
    import napari_tbcad.networks.fit as fit

    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("something\nwith a long story")

    monkeypatch.setattr(fit, "train", fails)
    (folder / "survey.json").write_text("{}")
    write_job(folder, None, ["train"])
    channel = Heard()
    assert work(folder, channel) == FAILED
    assert channel.events[-1]["cause"] == "something (more in job.log)"
    assert (state_of(folder).phase, state_of(folder).cause) == ("failed", "something (more in job.log)")
    assert "with a long story" in capfd.readouterr().err


def test_a_full_disk_is_told_where_the_log_has_no_room_either(folder, monkeypatch):
    import napari_tbcad.networks.fit as fit

    def fails(*_: Any, **__: Any) -> None:
        raise TrainingStopped(folder, "a file cannot be written (No space left on device); make room")

    def no_room(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fit, "train", fails)
    monkeypatch.setattr(traceback, "print_exc", no_room)
    monkeypatch.setattr(child_work, "write_json", no_room)
    (folder / "survey.json").write_text('{"possible": true}')
    (folder / "estimate-killed").mkdir()
    write_job(folder, None, ["train"])
    channel = Heard()
    assert work(folder, channel) == FAILED
    failed = channel.events[-1]
    assert (failed["kind"], failed["what"]) == ("TrainingStopped", "train")
    assert "make room" in failed["cause"]
    assert not (folder / "estimate-killed").exists()


def test_a_refused_survey_is_made_anew(folder, monkeypatch):
    import napari_tbcad.networks.fit as fit

    monkeypatch.setattr(fit, "train", lambda *_, **__: None)
    (folder / "survey.json").write_text('{"possible": false}')
    write_job(folder, None, ["train"])
    channel = Heard()
    assert work(folder, channel) == DONE
    assert [event["what"] for event in channel.named("stage")] == ["train", "survey", "train"]


def test_what_is_not_known_of_a_start_is_said(folder):
    config = load_config(folder / "config.yaml")

    def said(learned: int | None, own: int | None, start: str) -> str:
        fit = config.fit.model_copy(update={"start_from": start})
        given = config.model_copy(update={"fit": fit})
        return " ".join(caveats(20, learned, own, given, packaged="lungs"))

    assert said(0, 0, "") == said(0, 0, "/a.safetensors") == said(None, None, "lungs") == ""
    assert "not known" in said(0, None, "/a.safetensors")
    assert "not known" in said(None, None, "/a.safetensors")
    assert "from 3 of 20" in said(0, 3, "/a.safetensors")
    assert "both scores are too good" in said(5, 5, "lungs")
    assert "by way of its start" in said(5, 0, "/a.safetensors")


def test_a_wish_to_stop_before_anything_and_a_folder_that_is_none(folder, tmp_path):
    channel = Heard(at="working", wish="stop")
    assert work(folder, channel) == STOPPED
    channel = Heard()
    assert work(tmp_path, channel) == FAILED
    assert "what a training is to do" in channel.events[-1]["cause"]
    assert not (tmp_path / ".lock").exists()
