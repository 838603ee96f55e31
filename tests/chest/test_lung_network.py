"""The lung segmenter 'network': what it returns, what it is recorded as, and what happens without one."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from napari_tbcad.batch.films import ChestJob
from napari_tbcad.batch.measuring import MeasureJob
from napari_tbcad.batch.runs.inputs import chest_inputs
from napari_tbcad.batch.runs.run import run_studies
from napari_tbcad.chain import State
from napari_tbcad.chest.account import gather_warnings, history, network_of, segmenter_of
from napari_tbcad.chest.classify.card import ModelCard
from napari_tbcad.chest.lungs.network import (
    PACKAGED,
    NetworkParameters,
    membership,
    network,
    network_at_hand,
    require_named,
    unsure_share,
)
from napari_tbcad.chest.lungs.segment import segment
from napari_tbcad.chest.workflow import analyse, settings_for, settings_from, start
from napari_tbcad.errors import BadInput, Cancelled, ModelRefused
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.io.read import read_film
from napari_tbcad.segmenters import Unusable
from napari_tbcad.simulate.samples import sample_path

QUICK_ATLAS = {f"lungs.atlas.{name}": n for name, n in [("n_films", 1), ("size", 64), ("iterations", 1)]}


@pytest.fixture(scope="module")
def film() -> Radiograph:
    whole = read_film(sample_path("normal_man"))
    return Radiograph(whole.pixels[::4, ::4].copy(), source="phantom.png")


@pytest.fixture(scope="module")
def save_tiny(save_tiny_network):
    return save_tiny_network


@pytest.fixture(scope="module")
def tiny(tmp_path_factory, save_tiny):
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    return path, save_tiny(path)


def settings(model, **more):
    own = {"lungs.segmenter": "network", "lungs.network.model": str(model), "lungs.network.device": "cpu"}
    return settings_from({**own, **QUICK_ATLAS, "features.grid": 128, **more})


def test_it_returns_probabilities_and_says_which_file_they_are_from(film, tiny):
    path, sha256 = tiny
    told: list[str] = []
    parameters = NetworkParameters(model=str(path), device="cpu")
    soft = network(film, parameters, progress=lambda share, what: told.append(what))
    assert (soft.segmenter, soft.film_shape, soft.early) == ("network", film.shape, None)
    assert soft.pixels.shape == (2, *film.shape), "on the grid on which masks are cut"
    assert soft.pixels.dtype == np.float32
    assert 0 <= soft.pixels.min() <= soft.pixels.max() <= 1
    assert soft.uncertainty.shape == film.shape
    assert soft.warnings[0] == "Never trained."
    step = list(soft.record)[-1]
    assert (step.name, step.model) == ("network", f"network tiny 0 {sha256}")
    assert step.facts["device"] == "cpu"
    assert told[0] == "loading the lung network"
    assert network_at_hand(parameters) == sha256


def test_it_is_the_default_and_a_classifier_keeps_the_segmenter_it_learned_from():
    assert settings_for(None).lungs == settings_from({}).lungs
    assert (settings_for(None).lungs.segmenter, settings_for(None).lungs.network.model) == (
        "network",
        PACKAGED,
    )
    card = ModelCard(name="own", masks={"lungs": {"segmenter": "otsu", "otsu": {"levels": 3}}})
    own = settings_for(SimpleNamespace(card=card)).lungs
    assert (own.segmenter, own.otsu.levels) == ("otsu", 3)


@pytest.mark.parametrize("edge", [0.1, 0.5, 0.9])
def test_the_usual_threshold_cuts_where_the_edge_is_said_to_be(edge):
    from napari_tbcad.chest.lungs.masks import InsensitiveParameters

    given = np.linspace(0, 1, 201, dtype=np.float32).reshape(1, 1, -1).repeat(2, axis=0)
    found = membership(given, edge)
    assert found.dtype == np.float32
    assert (found.min(), found.max()) == (0, 1)
    assert np.all(np.diff(found[0, 0]) > 0)
    away = abs(given - edge) > 1e-4
    np.testing.assert_array_equal((found >= InsensitiveParameters().threshold)[away], (given >= edge)[away])


def test_a_sharp_edge_is_sure_and_an_even_guess_is_not():
    sharp = np.zeros((3, 20, 20), np.float32)
    sharp[1, 5:15, 5:15] = 1
    sharp[0] = 1 - sharp[1]
    assert unsure_share(sharp) == 0
    assert unsure_share(np.full((3, 20, 20), 1 / 3, np.float32)) == 1
    assert unsure_share(np.stack([np.ones((4, 4)), *np.zeros((2, 4, 4))]).astype(np.float32)) is None


def test_a_network_that_does_not_know_what_it_sees_says_so(film, tiny, monkeypatch):
    from napari_tbcad.networks import predict as module
    from napari_tbcad.networks.prediction import Prediction

    def said(probabilities):
        answer = Prediction(probabilities, film.shape, np.zeros((20, 20), np.float32))
        monkeypatch.setattr(module, "predict", lambda *_, **__: answer)
        soft = network(film, NetworkParameters(model=str(tiny[0])))
        return [text for text in soft.warnings if "unsure" in text]

    sure = np.zeros((3, 20, 20), np.float32)
    sure[1, 5:15, 5:15] = 1
    sure[0] = 1 - sure[1]
    assert said(sure) == []
    (text,) = said(0.8 * sure + 0.2 / 3)
    assert "check the lung masks" in text


def nothing(path, save_tiny):
    pass


def rubbish(path, save_tiny):
    path.write_bytes(b"not a network")


def other_task(path, save_tiny):
    save_tiny(path, task="3")


def changed(path, save_tiny):
    save_tiny(path)
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (nothing, "neither a network"),
        (rubbish, "not a whole network file"),
        (changed, "changed"),
        (other_task, "the task 3"),
    ],
)
def test_without_a_network_the_atlas_finds_the_lungs_and_says_so(film, tmp_path, save_tiny, make, cause):
    path = tmp_path / "own.safetensors"
    make(path, save_tiny)
    with pytest.raises(Unusable, match=cause):
        network(film, NetworkParameters(model=str(path)))
    wanted = settings(path)
    soft = segment(film, None, wanted.lungs)
    plain = segment(film, None, wanted.lungs.model_copy(update={"segmenter": "atlas"}))
    assert soft.segmenter == "atlas"
    np.testing.assert_array_equal(soft.pixels, plain.pixels)
    assert "own.safetensors" in soft.warnings[0]
    assert cause in soft.warnings[0]
    assert "the atlas found the lungs instead" in soft.warnings[0]
    (step,) = soft.record
    assert (step.name, step.facts["instead_of"]) == ("atlas", "network")
    assert cause in step.facts["because"]


def test_memory_that_is_short_everywhere_and_a_broken_library_fall_back(film, tiny, monkeypatch):
    from napari_tbcad.networks import predict as module
    from napari_tbcad.networks.devices import NotEnoughMemory

    def full(*_, **__):
        raise NotEnoughMemory("out of memory on the processor")

    wanted = settings(tiny[0])
    with monkeypatch.context() as patch:
        patch.setattr(module, "predict", full)
        assert "out of memory" in segment(film, None, wanted.lungs).warnings[0]
    monkeypatch.setitem(sys.modules, "napari_tbcad.networks.models", None)
    soft = segment(film, None, wanted.lungs)
    assert soft.segmenter == "atlas"
    assert "ModuleNotFoundError" in soft.warnings[0]


def test_what_is_no_fault_of_the_network_is_not_hidden_by_the_atlas(film, tiny, monkeypatch):
    wanted = settings(tiny[0]).lungs
    with pytest.raises(Cancelled):
        segment(film, None, wanted, cancelled=lambda: True)
    monkeypatch.setattr("napari_tbcad.networks.devices.present_devices", lambda: ("cpu",))
    cuda = wanted.model_copy(update={"network": wanted.network.model_copy(update={"device": "cuda"})})
    with pytest.raises(BadInput, match="has cpu"):
        segment(film, None, cuda)


def test_the_whole_chain_names_what_really_found_the_lungs(film, tmp_path):
    done = analyse(film, settings=settings(tmp_path / "none.safetensors"))
    assert done.segmenter == "atlas"
    assert any("none.safetensors" in text for text in done.warnings)
    step = next(step for step in done.record if step.name == "lungs")
    assert step.parameters["segmenter"] == "atlas"
    assert step.model.startswith("atlas ")
    assert step.facts["instead_of"] == "network"


def test_a_file_that_changes_makes_the_lungs_out_of_date(film, tmp_path, save_tiny):
    path = tmp_path / "own.safetensors"
    first = save_tiny(path, 0)
    run = start(film, settings(path))
    (soft,) = run.compute("soft")
    assert run.compute("soft") == (soft,)
    assert network_of(run) == first
    second = save_tiny(path, 1)
    (again,) = run.compute("soft")
    assert again is not soft
    assert network_of(run) == second != first
    assert any(second in str(step.model) for step in history(run))
    path.unlink()
    (instead,) = run.compute("soft")
    assert (instead.segmenter, segmenter_of(run), network_of(run)) == ("atlas", "atlas", None)
    assert run.state("lungs") is State.DONE


def test_a_model_that_learned_from_other_masks_warns(film, tiny, tmp_path):
    path, sha256 = tiny

    def said(model_path, **card):
        run = start(film, settings(model_path))
        run.compute("soft")
        card = ModelCard(name="own", **{"segmenter": "network", **card})
        run.put("model", SimpleNamespace(card=card), key="m")
        return [text for text in gather_warnings(run) if "learned" in text]

    assert said(path, network=sha256) == []
    assert said(path) == []
    assert "another lung network" in said(path, network="0" * 64)[0]
    assert "masks of atlas, these are of network" in said(path, segmenter="atlas")[0]
    assert "masks of network, these are of atlas" in said(tmp_path / "none.safetensors")[0]


def test_films_measured_for_training_never_mix_segmenters(tmp_path):
    own = {"lungs.segmenter": "network", "lungs.network.model": str(tmp_path / "none.safetensors")}
    measured = MeasureJob({**own, **QUICK_ATLAS})(sample_path("normal_man"))
    assert "none.safetensors" in measured.error
    assert not measured.inside


def test_a_case_says_when_its_network_is_another_now(film, tmp_path, save_tiny):
    from napari_tbcad.chest.cases import case_of, mismatches, run_from

    path = tmp_path / "own.safetensors"
    save_tiny(path, 0)
    run = start(film, settings(path))
    run.compute("sensitive", "insensitive")
    case = case_of(run)
    assert case.last.models["network"] == network_of(run)
    assert mismatches(case, None) == ()
    back = run_from(case, film)
    assert back.fresh("soft")
    np.testing.assert_array_equal(back.get("soft").uncertainty, run.get("soft").uncertainty)
    save_tiny(path, 1)
    assert "another network" in mismatches(case, None)[0]
    assert run_from(case, film).state("lungs") is State.STALE
    path.unlink()
    assert "another network" in mismatches(case, None)[0]
    fallen = start(film, settings(path))
    fallen.compute("insensitive")
    then = case_of(fallen)
    assert mismatches(then, None) == ()
    save_tiny(path, 0)
    assert "atlas for want of a network" in mismatches(then, None)[0]


def test_a_named_network_that_is_of_no_use_is_said_before_the_first_film(tmp_path, save_tiny):
    path = tmp_path / "own.safetensors"
    job = ChestJob(tmp_path / "out", "none", {"lungs.segmenter": "network", "lungs.network.model": str(path)})
    films = chest_inputs(sample_path("normal_man"))
    with pytest.raises(ModelRefused, match=r"own\.safetensors"):
        run_studies(films, job)
    save_tiny(path, task="3")
    with pytest.raises(ModelRefused, match="the task 3"):
        run_studies(films, job)
    require_named(settings(path, **{"lungs.segmenter": "otsu"}).lungs)
    # For the packaged one the atlas stands in, film by film.
    require_named(settings(PACKAGED).lungs)


def test_a_device_can_be_chosen_beside_a_model_that_learned_with_a_network():
    """The card names no device; naming its section as a whole would leave no setting of that name."""
    masks = {"lungs": {"segmenter": "network", "network": {"model": PACKAGED, "edge": 0.3}}}
    own = settings_for(
        SimpleNamespace(card=ModelCard(name="own", masks=masks)), {"lungs.network.device": "cpu"}
    )
    assert (own.lungs.network.edge, own.lungs.network.device) == (0.3, "cpu")
