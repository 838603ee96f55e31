"""A study of a batch on its way to where the batch had it: its networks, and what is said when it fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from qtpy.QtCore import QObject, Signal

from napari_tbcad.batch.films import ChestJob
from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.batch import taking
from napari_tbcad.widgets.batch.as_before import AsBefore
from napari_tbcad.widgets.batch.kept_settings import settings_of
from napari_tbcad.widgets.batch.taking import AS_LEFT, Taking

pytestmark = pytest.mark.gui
OWN = "lungs.network.model"


class Session(QObject):
    """Of a study that is there, and computed as soon as it is asked for."""

    changed = Signal()

    def __init__(self):
        super().__init__()
        self.closed = self.waits = self.busy = False
        self.film_problem, self.run, self.settled = "", object(), True
        self.done = []

    def adopt(self, intake):
        self.done.append("adopted")

    def run_all(self):
        self.done.append("run")

    def fresh(self, name):
        return True

    def value(self, name):
        return name


@pytest.fixture
def take(qtbot, monkeypatch):
    """Return a function that takes a session, and returns what is said of it."""
    parent = QObject()

    def go(session, check=lambda values: "as before", *, problem=None, worked_on=False):
        def build(run):
            if problem is not None:
                raise problem
            return AsBefore(None, ("masks",), check)

        monkeypatch.setattr(taking, "worked_on", lambda run: worked_on)
        said = []
        one = Taking(session, build, parent)
        one.ended.connect(lambda text: said.append(("ended", text)))
        one.failed.connect(lambda text: said.append(("failed", text)))
        one.go()
        qtbot.waitUntil(lambda: bool(said), timeout=5000)
        assert not one.busy
        return said

    return go


def test_what_cannot_be_compared_is_still_as_in_the_batch(take):
    session = Session()

    def check(values):
        raise BadInput("masks/film_sensitive.png", "the file is empty")

    assert take(session, check) == [
        (
            "failed",
            "film_sensitive.png: the file is empty. It is measured as in the batch, and not compared with its"
            " files.",
        )
    ]
    assert session.done == ["adopted", "run"]


def test_what_cannot_be_had_as_in_the_batch_is_shown_with_the_person_s_own_settings(take):
    session = Session()
    said = take(session, problem=BadInput("own.safetensors", "it is not there any more"))
    assert said == [
        ("failed", "own.safetensors: it is not there any more. It is shown with your own settings.")
    ]
    assert session.done == ["run"]


def test_a_study_that_cannot_be_read_or_was_worked_on_meanwhile_is_told_of(take):
    session = Session()
    session.film_problem = "film.png: the file is damaged"
    assert take(session) == [("failed", "film.png: the file is damaged")]
    assert take(Session(), worked_on=True) == [("ended", AS_LEFT)]
    assert session.done == []


@pytest.fixture
def batch(tmp_path, monkeypatch):
    """Return a function that writes what a run with an own network keeps; its folder and its settings."""
    monkeypatch.setenv("NAPARI_TBCAD_MODELS", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    network = tmp_path / "networks" / "own.safetensors"
    network.parent.mkdir()
    network.write_bytes(b"one")

    def write(segmenter="network"):
        assignments = {"lungs.segmenter": segmenter, OWN: str(network)}
        job = ChestJob(tmp_path / "out", "none", assignments)
        about = tmp_path / "out" / "run" / "run.json"
        about.parent.mkdir(parents=True)
        about.write_text(json.dumps({"settings": job.settings()}), encoding="utf-8")
        return tmp_path / "out", network, assignments

    return write


def lungs(out, assignments):
    return settings_of(out, assignments)["lungs"]["network"]["model"]


def test_an_own_network_is_found_where_the_batch_had_it_or_by_its_name(batch, tmp_path):
    out, network, assignments = batch()
    assert lungs(out, assignments) == str(network)
    assert settings_of(out, assignments)["opacities"]["model"] == "opacities"
    # A run of the command line does not say where it lay: one among the models by the same content will do.
    network.rename(tmp_path / "models" / network.name)
    assert lungs(out, assignments) == lungs(out, {}) == "own"
    assert settings_of(None, assignments) == {}


@pytest.mark.parametrize("assigned", [True, False])
def test_another_network_of_the_same_name_is_refused(batch, tmp_path, assigned):
    out, network, assignments = batch()
    if not assigned:
        network.rename(tmp_path / "models" / network.name)
        assignments, network = {}, tmp_path / "models" / network.name
    network.write_bytes(b"two")
    with pytest.raises(BadInput, match=r"own.*another network than the one of this name"):
        settings_of(out, assignments)
    network.unlink()
    with pytest.raises(BadInput, match=r"own\.safetensors.*not there any more"):
        settings_of(out, assignments)


def test_a_network_that_the_run_did_not_use_need_not_be_there(batch):
    out, network, assignments = batch("otsu")
    network.unlink()
    assert lungs(out, assignments) == Path(network).name


def test_a_packaged_network_of_another_version_stands_in(batch):
    out, _, assignments = batch()
    about = out / "run" / "run.json"
    kept = json.loads(about.read_text(encoding="utf-8"))
    kept["settings"]["settings"]["opacities"]["model"] = f"opacities {'ab' * 32}"
    about.write_text(json.dumps(kept), encoding="utf-8")
    assert settings_of(out, assignments)["opacities"]["model"] == "opacities"
