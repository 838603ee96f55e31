"""A training tells what happens, waits and stops when asked to, and goes on as if nothing had been."""

from __future__ import annotations

import json
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import torch

from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.networks.config import TrainingConfig
from napari_tbcad.networks.fit import LAST, LOG, MODEL, TrainingStopped, train
from napari_tbcad.networks.training_folder import read_log

from .conftest import TINY

pytestmark = pytest.mark.usefixtures("one_thread")


def draw(folder: Path, number: int = 6) -> Path:
    """Write two dark squares on bright ground, a patient an image."""
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    generator = np.random.default_rng(1)
    for n in range(number):
        labels = np.zeros((32, 32), np.uint8)
        labels[8:24, 3 + n % 3 : 14], labels[8:24, 18:28] = 1, 2
        image = np.where(labels > 0, 60, 170) + generator.normal(0, 9, labels.shape)
        iio.imwrite(folder / "images" / f"{n}.png", image.clip(0, 255).astype(np.uint8))
        iio.imwrite(folder / "labels" / f"{n}.png", labels)
    return folder


def configure(folder: Path, **more) -> TrainingConfig:
    """A training of two steps an epoch on four images, two are watched."""
    fit = {"epochs": 2, "batch": 2, "device": "cpu", "average": 0.5, **more.pop("fit", {})}
    content = {
        "architecture": TINY,
        "input": {"height": 32, "width": 32},
        "data": {"validation": 0.34, "sources": [{"name": "drawn", "folder": folder}]},
        "augment": {"devices": 0, "occlusion": 0, "elastic": 0},
        "fit": fit,
    }
    return TrainingConfig.model_validate({**content, **more})


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    """Images and labels; do not change them."""
    return draw(tmp_path_factory.mktemp("fit") / "drawn")


def weights(out: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(out / LAST, weights_only=True)["state_dict"]
    return state


@pytest.fixture(scope="module")
def whole(drawn, tmp_path_factory) -> tuple[Path, list[dict]]:
    """Folder and events of a training that ran without interruption; do not change them."""
    out, events = tmp_path_factory.mktemp("whole") / "out", []
    train(configure(drawn), out, say=quiet, on_event=lambda e: events.append(dict(e)))
    return out, events


def test_events_say_what_happens_in_plain_json(whole):
    out, events = whole
    assert json.loads(json.dumps(events, allow_nan=False)) == events
    epoch = ["step", "step", "watching", "epoch"]
    assert [e["event"] for e in events] == ["decoding"] * 6 + ["begun"] + epoch * 2
    assert events[5] == {"event": "decoding", "done": 6, "of": 6}
    begun = {**events[6]}
    assert begun.pop("parameters") > 1000
    assert begun == {
        "event": "begun",
        "images": 4,
        "watched": 2,
        "held_out": 0,
        "classes": ["right lung", "left lung"],
        "step": 0,
        "steps": 4,
        "epoch": 0,
        "epochs": 2,
    }
    steps = [e for e in events if e["event"] == "step"]
    assert [(e["step"], e["steps"], e["epoch"], e["epochs"]) for e in steps] == [
        (1, 4, 1, 2),
        (2, 4, 1, 2),
        (3, 4, 2, 2),
        (4, 4, 2, 2),
    ]
    assert all(e["loss"] > 0 and e["seconds_left"] >= 0 for e in steps)
    told = [e for e in events if e["event"] == "epoch"]
    rows = read_log(out / LOG)
    assert [list(row) for row in rows] == [[name for name in e if name != "event"] for e in told]
    assert 0 <= told[1]["iou_left lung"] <= 1
    assert float(rows[1]["iou_left lung"]) == pytest.approx(told[1]["iou_left lung"], rel=1e-6)
    assert told[1]["loss"] == pytest.approx(np.mean([e["loss"] for e in steps[2:]]))


def test_iou_of_a_class_that_is_drawn_nowhere_is_not_known():
    from napari_tbcad.networks.module import intersection_over_union

    both, found, drawn = torch.tensor([[3.0, 0, 0, 0], [4, 0, 2, 0], [5, 2, 0, 0]])
    found = intersection_over_union(both, found, drawn)
    assert found[:2].tolist() == [0.5, 0]
    assert torch.isnan(found[2:]).all()


def test_a_paused_training_waits_and_ends_as_one_that_was_not(drawn, whole, tmp_path):
    events: list[dict] = []
    asked: list[str] = []

    def paused() -> bool:
        asked.append(events[-1]["event"])
        return events[-1].get("step") == 3 or asked.count("paused") in (1, 2)

    train(
        configure(drawn),
        tmp_path / "paused",
        say=quiet,
        on_event=lambda e: events.append(dict(e)),
        paused=paused,
    )
    names = [e["event"] for e in events]
    assert names[names.index("paused") - 1 :][:4] == ["step", "paused", "going_on", "step"]
    assert asked.count("paused") == 3, "it was asked again and again"
    one, other = weights(whole[0]), weights(tmp_path / "paused")
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_dropout_goes_on_where_it_was_after_a_stop_in_a_pause(drawn, tmp_path):
    """Nothing but the checkpoint knows what the generator would have drawn next."""
    fpn = {**TINY.model_dump(), "architecture": "FPN", "decoder_channels": (32, 32)}
    config = configure(drawn, architecture=fpn)
    train(config, tmp_path / "whole", say=quiet)
    events: list[str] = []

    def listen(event) -> None:
        events.append(f"{event['event']} {event.get('step', '')}".strip())

    with pytest.raises(Cancelled, match="epoch 2"):
        train(
            config,
            tmp_path / "out",
            say=quiet,
            on_event=listen,
            paused=lambda: events[-1] in ("step 3", "paused"),
            cancelled=lambda: events[-1] == "paused",
        )
    assert events[-2:] == ["step 3", "paused"]
    assert len(read_log(tmp_path / "out" / LOG)) == 1
    torch.rand(5)
    begun: list = []
    train(config, tmp_path / "out", resume=True, say=quiet, on_event=lambda e: begun.append(dict(e)))
    at = next(e for e in begun if e["event"] == "begun")
    assert (at["step"], at["epoch"]) == (2, 1)
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "out")
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert (tmp_path / "out" / MODEL).is_file()


def test_a_loss_that_is_not_a_number_ends_the_events_with_the_last_good_step(drawn, tmp_path, monkeypatch):
    from napari_tbcad.networks import losses

    whole, calls, events = losses.SummedLoss.forward, [], []

    def breaks(self, *arguments):
        calls.append(1)
        return whole(self, *arguments) * (float("inf") if len(calls) == 5 else 1)  # 2 steps, 1 watched batch

    monkeypatch.setattr(losses.SummedLoss, "forward", breaks)
    with pytest.raises(TrainingStopped, match="the loss became inf in epoch 2; the weights of the epoch bef"):
        train(configure(drawn), tmp_path / "out", say=quiet, on_event=lambda e: events.append(dict(e)))
    assert [e["event"] for e in events[-2:]] == ["epoch", "step"]
    assert all(torch.isfinite(value).all() for value in weights(tmp_path / "out").values())


def test_a_start_of_another_task_gives_what_it_shares(drawn, tmp_path, network_file, models):
    """The body is taken, the head of other classes begins anew, and both are said."""
    said: list[str] = []
    config = configure(drawn, task="opacities", fit={"start_from": str(network_file), "epochs": 1})
    with pytest.raises(BadInput, match="no pixel is labelled effusion"):
        train(config, tmp_path / "out", say=said.append)
    line = next(one for one in said if one.startswith("started from"))
    assert line.endswith("2 left as they were"), "kernel and bias of the head"


def test_what_cannot_be_begun_is_refused_before_an_image_is_read(drawn, tmp_path, network_file, monkeypatch):
    events: list = []
    changed = bytearray(network_file.read_bytes())
    changed[-1] ^= 1
    (tmp_path / "changed.safetensors").write_bytes(changed)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for fit, cause in (
        ({"device": "cuda"}, "cuda is not available; this machine has"),
        ({"start_from": str(tmp_path / "changed.safetensors")}, "weights were changed"),
        ({"start_from": "nobody"}, "neither a network by this name"),
    ):
        with pytest.raises(BadInput, match=cause):
            train(configure(drawn, fit=fit), tmp_path / "out", say=quiet, on_event=events.append)
    assert events == []


def test_reading_images_can_be_stopped(drawn, tmp_path):
    events: list = []
    with pytest.raises(Cancelled):
        train(
            configure(drawn),
            tmp_path / "out",
            say=quiet,
            on_event=events.append,
            cancelled=lambda: len(events) == 2,
        )
    assert events[-1] == {"event": "decoding", "done": 2, "of": 6}
