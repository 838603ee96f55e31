"""Opacities: evidence that may be missing, its zones, and where its numbers go."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from napari_tbcad.case import Case
from napari_tbcad.chain import State
from napari_tbcad.chest import case_opacities
from napari_tbcad.chest import opacities as module
from napari_tbcad.chest.cases import case_of, mismatches, run_from
from napari_tbcad.chest.exports import RESULT_COLUMNS, export_case
from napari_tbcad.chest.feature_sets import feature_groups, feature_names
from napari_tbcad.chest.lungs.fields import LungMasks
from napari_tbcad.chest.opacities import (
    NoOpacities,
    Opacities,
    OpacityParameters,
    opacities,
    require_opacities,
)
from napari_tbcad.chest.opacity_zones import OPACITY_NAMES, ZONES, read_zones, zone_labels
from napari_tbcad.chest.workflow import analyse, finish, settings_from, start
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.io.read import read_film
from napari_tbcad.simulate.samples import sample_path


@pytest.fixture(scope="module")
def film():
    whole = read_film(sample_path("normal_man"))
    return Radiograph(whole.pixels[::4, ::4].copy(), source="phantom.png")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A network file with random weights."""
    import torch

    from napari_tbcad.networks.build import ArchitectureParameters, build
    from napari_tbcad.networks.card import NetworkCard, task_classes
    from napari_tbcad.networks.input import InputParameters
    from napari_tbcad.networks.store import Network, save_network

    torch.set_num_threads(1)
    torch.manual_seed(0)
    own = ArchitectureParameters(architecture="Unet", decoder_channels=(16, 8, 8, 4, 4))
    classes = task_classes("opacities")
    size = InputParameters(height=64, width=64)
    card = NetworkCard(name="tiny", task="opacities", classes=classes, architecture=own, input=size)
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    return path, save_network(Network(build(own, n_classes=len(classes)).eval(), card), path)


@pytest.fixture
def lower_right(monkeypatch):
    """A network that finds consolidation in the lower half of the image's left half, and counts its calls."""
    calls = []

    def asked(film, parameters, cancelled, progress):
        calls.append(parameters)
        found = np.zeros((3, 60, 60), np.float32)
        found[1, 30:, :30] = 0.8
        found[0, 30:, :30] = 0.1
        return module._Answer(found, "network stub abc", (), "cpu")

    monkeypatch.setattr(module, "_asked", asked)
    return calls


def settings(**more):
    return settings_from({"lungs.segmenter": "otsu", "features.grid": 128, **more})


def two_lungs(shape=(60, 60)):
    labels = np.zeros(shape, np.uint8)
    labels[6:54, 6:24], labels[12:48, 36:54] = 1, 2
    return LungMasks(labels, "insensitive")


def test_zones_are_thirds_of_each_lungs_own_height():
    zones = zone_labels(two_lungs().labels)
    counts = dict(zip(ZONES, np.bincount(zones.ravel(), minlength=7)[1:], strict=True))
    assert counts == {name: (16 if name.startswith("right") else 12) * 18 for name in ZONES}
    rows = [np.flatnonzero((zones == number).any(axis=1)) for number in range(1, 7)]
    assert [(r[0], r[-1]) for r in rows] == [(6, 21), (22, 37), (38, 53), (12, 23), (24, 35), (36, 47)]


def test_zones_read_area_and_mean_and_say_nothing_of_a_lung_that_is_not_there():
    lungs = two_lungs().labels
    found = np.where(lungs == 1, np.float32(0.5), np.float32(0.2))
    readings = read_zones(found, np.where(lungs == 1, lungs, 0).astype(np.uint8))
    assert (readings["right_upper"].area, readings["right_upper"].mean) == (1.0, 0.5)
    assert readings["both"] == readings["right"]
    assert readings["left"].pixels == 0
    assert np.isnan(readings["left_lower"].mean)
    assert read_zones(found, lungs, threshold=0.6)["both"].area == 0


def test_a_network_answers_with_probabilities_and_its_hash(film, tiny):
    path, sha256 = tiny
    found = opacities(film, OpacityParameters(model=str(path), device="cpu"))
    assert isinstance(found, Opacities)
    assert found.probabilities.shape == (3, 64, 64)
    assert 0 <= found.probabilities.min() <= found.any.max() <= 1
    assert found.on_film().shape == film.shape
    step = found.record.entries[-1]
    assert (step.name, step.model) == ("opacities", f"network tiny {sha256}")
    with pytest.raises(Cancelled):
        opacities(film, OpacityParameters(model=str(path), device="cpu"), cancelled=lambda: True)


@pytest.mark.parametrize(
    ("change", "said", "complains"),
    [
        ({"enabled": False}, "switched off", False),
        ({"model": "no_such_network"}, "no_such_network", True),
        ({"model": __file__}, "test_opacities.py", True),
    ],
)
def test_without_a_network_the_chain_goes_on_and_says_why(film, change, said, complains):
    found = opacities(film, OpacityParameters(**change))
    assert isinstance(found, NoOpacities)
    assert said in found.cause
    assert bool(found.warnings) is complains
    if change.get("model") == __file__:
        return  # the chain is asked once for each of the two
    done = analyse(film, settings=settings(**{f"opacities.{k}": v for k, v in change.items()}))
    assert len(done.features.names) == 113
    assert any(said in text for text in done.warnings) is complains


def test_an_absent_packaged_network_is_no_complaint(film, monkeypatch):
    monkeypatch.setattr(module, "network_present", lambda name: False)
    monkeypatch.setattr(module, "_asked", lambda *_: (_ for _ in ()).throw(BadInput("opacities", "missing")))
    found = opacities(film)
    assert (found.cause, found.warnings) == ("No opacity network is installed.", ())


def test_any_failure_of_the_network_becomes_a_message(film, monkeypatch, tiny):
    def broken(*_):
        raise RuntimeError("the library is broken")

    monkeypatch.setattr(module, "_asked", broken)
    found = opacities(film, OpacityParameters(model=str(tiny[0])))
    assert "the library is broken" in found.warnings[0]


def test_only_the_feature_set_with_opacities_waits_for_them(film, lower_right):
    run = start(film, settings())
    run.compute("features")
    assert lower_right == []
    assert run.state("opacities") is State.NOT_RUN
    run.configure(settings(**{"features.feature_set": "extended_opacity"}))
    (features,) = run.compute("features")
    assert len(lower_right) == 1
    values = features.as_dict()
    assert features.of_group("opacity") == OPACITY_NAMES
    assert (values["opacity_area_right_lower"], values["opacity_area_left_lower"]) == (1.0, 0.0)
    assert values["opacity_mean_right_lower"] == pytest.approx(0.9, abs=1e-6)
    run.configure(settings(**{"features.feature_set": "extended_opacity", "opacities.threshold": 0.95}))
    (features,) = run.compute("features")
    assert features.as_dict()["opacity_area_right_lower"] == 0
    assert len(lower_right) == 1, "another threshold asks the network no second time"


def test_the_feature_set_refuses_to_be_measured_without_a_network(film):
    wanted = {"features.feature_set": "extended_opacity", "opacities.enabled": False}
    with pytest.raises(BadInput, match=r"phantom.png: the feature set needs opacities: .*switched off"):
        analyse(film, settings=settings(**wanted))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"features.feature_set": "extended_opacity", "opacities.enabled": False}, "needs opacities"),
        ({"features.feature_set": "extended_opacity", "opacities.model": "no_such"}, "no_such"),
        ({"opacities.model": "no_such"}, "no_such"),
        ({"opacities.model": "no_such", "opacities.enabled": False}, ""),
        ({}, ""),
    ],
)
def test_many_films_are_refused_before_the_first(change, said):
    if not said:
        require_opacities(settings(**change))
        return
    with pytest.raises(BadInput, match=said):
        require_opacities(settings(**change))


def test_a_data_set_is_refused_without_the_network_that_is_to_find_the_lungs(monkeypatch):
    from napari_tbcad.batch.measuring import require_networks
    from napari_tbcad.networks import listing

    monkeypatch.setattr(listing, "packaged_entries", dict)
    monkeypatch.setattr(listing, "installed_entries", dict)
    require_networks(settings())
    with pytest.raises(BadInput, match="lungs: neither a network by this name"):
        require_networks(settings(**{"lungs.segmenter": "network"}))


def test_the_sets_differ_by_the_opacities_alone():
    assert feature_names("extended_opacity") == (*feature_names("extended"), *OPACITY_NAMES)
    assert feature_names("extended_opacity", only="shape") == feature_names("extended", only="shape")
    assert set(feature_groups("extended_opacity").values()) - set(feature_groups("extended").values()) == {
        "opacity"
    }


def test_a_persons_mask_moves_the_numbers_and_not_the_map(film, lower_right):
    whole = np.zeros(film.shape, np.uint8)
    middle = film.shape[1] // 2
    whole[:, :middle], whole[:, middle:] = 1, 2
    done = analyse(film, settings=settings(), masks={"insensitive": whole})
    assert done.opacities.zones(done.insensitive)["both"].area == pytest.approx(0.25)
    shares = done.opacities.shares(done.insensitive)
    assert shares == {"ground glass": 0, "consolidation": pytest.approx(0.25), "effusion": 0}


def test_the_table_the_picture_and_the_record_tell_of_opacities(film, lower_right, tmp_path):
    import imageio.v3 as iio

    with_, without = settings(), settings(**{"opacities.enabled": False})
    pictures, rows = {}, {}
    for name, wanted in (("with", with_), ("without", without)):
        done = analyse(film, settings=wanted)
        export_case(tmp_path / name, "film", done, wanted)
        pictures[name] = iio.imread(tmp_path / name / "overlays" / "film.png")
        with (tmp_path / name / "results.csv").open(encoding="utf-8-sig", newline="") as file:
            (rows[name],) = csv.DictReader(file)
    assert tuple(rows["with"]) == RESULT_COLUMNS
    assert float(rows["with"]["opacity_area_right_lower"]) == 1
    assert 0 < float(rows["with"]["consolidation_area"]) == float(rows["with"]["opacity_area"]) < 1
    assert rows["with"]["opacity_model"] == "network stub abc"
    assert not any(value for name, value in rows["without"].items() if "opacity" in name)
    purple = (pictures["with"][..., :3] == (0xCC, 0x79, 0xA7)).all(axis=-1)
    assert purple.any()
    assert not purple[:, purple.shape[1] // 2 + 2 :].any(), "nothing is found on the image's right"
    assert not (pictures["without"][..., :3] == (0xCC, 0x79, 0xA7)).all(axis=-1).any()
    assert "network stub abc" in (tmp_path / "with" / "records" / "film.json").read_text()


def test_a_case_keeps_opacities_and_says_when_another_network_would_answer(film, tiny, tmp_path, monkeypatch):
    path, _ = tiny
    own = tmp_path / "own.safetensors"
    own.write_bytes(path.read_bytes())
    run = start(film, settings(**{"opacities.model": str(own), "opacities.device": "cpu"}))
    finish(run)
    case_of(run).save(tmp_path / "one.tbcad")
    case = Case.load(tmp_path / "one.tbcad")
    again = run_from(case, film)
    before, after = run.get("opacities"), again.get("opacities")
    np.testing.assert_array_equal(after.probabilities, before.probabilities)
    assert (after.model, after.threshold, after.record) == (before.model, before.threshold, before.record)
    assert again.state("opacities") is State.DONE
    assert mismatches(case, None) == ()
    own.unlink()
    assert "not at hand" in " ".join(mismatches(case, None))
    later = run_from(case, film)
    assert later.state("opacities") is State.STALE
    assert later.fresh("features"), "what does not read them stays"


def test_a_reading_gets_its_own_opacities_or_none(film, monkeypatch):
    def read(level, name, reader, earlier=None):
        answer = module._Answer(np.full((3, 20, 20), level, np.float32), f"network stub {name}", (), "cpu")
        monkeypatch.setattr(module, "_asked", lambda *_: answer)
        run = start(film, settings())
        run.compute("opacities")
        return case_of(run, reader=reader, verdict="accepted", earlier=earlier)

    monkeypatch.setattr(case_opacities, "network_at_hand", lambda _: "one")
    both = read(0.1, "two", "B", earlier=read(0.3, "one", "A"))
    assert run_from(both, film, reader=0).get("opacities") is None
    same = read(0.3, "one", "B", earlier=read(0.3, "one", "A"))
    assert run_from(same, film, reader=0).state("opacities") is State.DONE


def test_opacities_of_a_case_that_cannot_be_used_are_refused(film, lower_right):
    run = start(film, settings())
    run.compute("opacities")
    case = case_of(run)
    said, found = case.values["opacities"], case.arrays["opacities"]
    for values, array in (
        (said, found[0]),
        (said, found[:2]),
        (said, np.full_like(found, np.nan)),
        (said | {"threshold": "high"}, found),
        (said | {"film_shape": [1]}, found),
    ):
        bad = replace(
            case, values=case.values | {"opacities": values}, arrays=case.arrays | {"opacities": array}
        )
        with pytest.raises(BadInput, match=r"phantom.png: the opacities in its case"):
            run_from(bad, film)


def test_a_model_warns_of_another_opacity_network(film, lower_right):
    from types import SimpleNamespace

    from napari_tbcad.chest.account import gather_warnings
    from napari_tbcad.chest.classify.card import ModelCard

    run = start(film, settings())
    run.compute("opacities", "insensitive", "sensitive")
    card = ModelCard(name="m", opacity_network="abc", segmenter="otsu")
    for sha256, complains in (("abc", False), ("def", True)):
        model = SimpleNamespace(card=replace_card(card, sha256))
        run.put("model", model, key=sha256)
        assert any("opacities of another network" in w for w in gather_warnings(run)) is complains


@pytest.mark.parametrize(
    ("feature", "change", "complains"),
    [
        ("opacity_area_left_upper", {"opacities.threshold": 0.2}, True),
        ("opacity_mean_left_upper", {"opacities.threshold": 0.2}, False),
        ("opacity_mean_left_upper", {"opacities.augment": True}, True),
        ("opacity_area_left_upper", {}, False),
        ("area_left", {"opacities.threshold": 0.2, "opacities.augment": True}, False),
    ],
)
def test_a_model_warns_of_opacities_found_otherwise(film, feature, change, complains):
    from types import SimpleNamespace

    from napari_tbcad.chest.account import gather_warnings
    from napari_tbcad.chest.classify.card import ModelCard

    learned = {"opacities": {"model": "opacities", "threshold": 0.5, "augment": False}}
    run = start(film, settings(**change))
    card = ModelCard(name="m", segmenter="otsu", masks=learned, feature_names=(feature,))
    run.put("model", SimpleNamespace(card=card), key="m")
    assert any("found otherwise" in w for w in gather_warnings(run)) is complains


def replace_card(card, sha256):
    return card.model_copy(update={"opacity_network": sha256})
