"""How long a training takes is measured with a few of its own steps, and leaves nothing behind."""

from __future__ import annotations

import tempfile
from dataclasses import astuple

import pytest

from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.networks.estimate import estimate
from napari_tbcad.networks.training_folder import TEMPORARY

from .conftest import TINY
from .test_survey import configure, draw

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def config(tmp_path):
    fit = {"epochs": 7, "batch": 2, "device": "cpu"}
    return configure(draw(tmp_path / "drawn", 4), architecture=TINY, fit=fit)


def test_the_whole_is_the_sum_of_its_steps_and_epochs(config, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "drawn" / "images" / "0.png").write_bytes(b"no image")
    found = estimate(config, images=11.0, watched=5, device="cpu")
    assert (found.steps, found.device) == (35, "cpu")
    assert found.n_parameters > 1000
    assert all(value > 0 for value in astuple(found) if isinstance(value, float))
    assert found.seconds == pytest.approx(
        found.seconds_decoding + 35 * found.seconds_per_step + 7 * found.seconds_per_epoch_watching
    )
    assert not list((tmp_path / "temporary").glob("estimate-*"))  # torch may leave its own there


def test_it_measures_in_a_folder_that_is_named(config, tmp_path, monkeypatch):
    import napari_tbcad.networks.estimate as module

    seen = []
    run_loop = module.run_loop

    def noted(*given, **named):
        seen.append(given[3])
        run_loop(*given, **named)

    monkeypatch.setattr(module, "run_loop", noted)
    estimate(config, images=4, watched=0, device="cpu", seconds_at_most=0, folder=tmp_path)
    assert seen[0].parent == tmp_path
    assert not list(tmp_path.glob(f"{TEMPORARY}*"))


def test_a_slow_one_is_given_up_after_a_step(config):
    found = estimate(config, images=4, watched=0, device="cpu", seconds_at_most=0)
    assert found.steps == 14
    assert found.seconds >= 14 * found.seconds_per_step > 0


def test_it_is_refused_or_stopped_as_the_training_is(config, tmp_path, monkeypatch):
    import torch

    with pytest.raises(Cancelled):
        estimate(config, images=4, watched=0, device="cpu", cancelled=lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BadInput, match="cuda is not available"):
        estimate(config, images=4, watched=0, device="cuda")
    for path in (tmp_path / "drawn" / "images").iterdir():
        path.write_bytes(b"no image")
    with pytest.raises(BadInput, match=r"\d\.png"):
        estimate(config, images=4, watched=0, device="cpu")
