"""What is kept of an evaluation on disk, and what a process that was killed leaves of it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_tbcad.batch.evaluating.film import FilmTask, FilmValues
from napari_tbcad.batch.evaluating.fits import KeptFits
from napari_tbcad.batch.evaluating.plans import largest, plan_of, plans_for
from napari_tbcad.batch.evaluating.store import MeasuredStore, content_hashes, kept_hashes
from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.chest.feature_sets import feature_names
from napari_tbcad.evaluate.fitting import FitJob
from napari_tbcad.evaluate.folds import stratified_folds
from napari_tbcad.evaluate.variants import Variant
from napari_tbcad.journal import Journal, read_journal
from napari_tbcad.networks import listing


def test_a_journal_cut_anywhere_keeps_its_whole_lines_and_goes_on(tmp_path):
    path = tmp_path / "lines.jsonl"
    lines = [{"film": "Ärztin.png", "value": 1 / 3}, {"film": "b", "value": float("nan")}]
    with Journal(path) as journal:
        for line in lines:
            journal.add(line)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole) - 1):
        path.write_bytes(whole[:cut])
        assert list(read_journal(path)) == lines[:1]
        with Journal(path) as journal:
            journal.add({"film": "c"})
        assert list(read_journal(path)) == [lines[0], {"film": "c"}]
    path.write_bytes(whole.replace(b'"b"', b'"x"'))
    assert len(list(read_journal(path))) == 1, "a line whose letters changed is no line"
    assert list(read_journal(tmp_path / "none")) == []


def test_feature_sets_that_are_part_of_another_are_not_measured_again():
    assert largest(["chandra113", "listed17", "extended"]) == ["extended"]
    assert largest(["chandra113", "project21"]) == ["chandra113", "project21"]
    variants = [
        Variant(segmenter, name, definition, main=segmenter == "otsu" and name == "listed17")
        for segmenter in ("otsu", "atlas")
        for name in ("listed17", "chandra113")
        for definition in ("ibsi", "uppuluri")
    ]
    plans = plans_for(variants, {"features.grid": 128}, reference=True)
    wanted = [("otsu", "automatic")] * 2 + [("otsu", "reference")] + [("atlas", "automatic")] * 2
    assert [(plan.segmenter, plan.masks) for plan in plans] == wanted
    assert len({plan.settings for plan in plans}) == 5
    for variant in variants:
        assert set(feature_names(variant.feature_set)) <= plan_of(plans, variant).names
    again = plans_for(variants, {"features.grid": 128}, reference=True)
    other = plans_for(variants, {"features.grid": 64}, reference=True)
    assert [plan.settings for plan in again] == [plan.settings for plan in plans]
    assert not {plan.settings for plan in other} & {plan.settings for plan in plans}


def test_a_network_that_was_trained_anew_under_its_name_measures_anew(tmp_path):
    variants, known = [Variant("network", "extended_opacity", "ibsi", True)], []
    (packaged,) = plans_for(variants, {})
    for number, content in enumerate((b"once", b"trained anew")):
        path = tmp_path / "mine.safetensors"
        path.write_bytes(content)
        os.utime(path, ns=(number, number))
        names = {"lungs.network.model": str(path), "opacities.model": str(path)}
        known.append(plans_for(variants, names)[0])
    first, second = known
    assert len({packaged.settings, first.settings, second.settings}) == 3
    assert len({packaged.networks, first.networks, second.networks}) == 3


def opacity_plan(**assignments):
    names = {name.replace("__", "."): str(value) for name, value in assignments.items()}
    return plans_for([Variant("network", "extended_opacity", "ibsi", True)], names)[0]


def test_measurements_are_found_by_what_a_network_is_not_by_where_it_lies(tmp_path):
    here, there = tmp_path / "mine.safetensors", tmp_path / "other" / "theirs.safetensors"
    there.parent.mkdir()
    here.write_bytes(b"a network")
    there.write_bytes(b"a network")
    os.utime(there, ns=(1, 1))
    first, second = (opacity_plan(lungs__network__model=p, opacities__model=p) for p in (here, there))
    store = MeasuredStore(tmp_path / "measured")
    values = dict.fromkeys(feature_names("extended_opacity"), 1.0)
    known = FilmValues("film", first.settings, "extended_opacity", values, networks=first.networks)
    store.add(known, "a.png")
    assert store.find("film", second) is store.find("film", first) is not None
    there.write_bytes(b"another  ")
    for other in ({"lungs__network__model": there}, {"opacities__model": there}):
        both = {"lungs__network__model": here, "opacities__model": here} | other
        assert store.find("film", opacity_plan(**both)) is None, "other bytes are another network"
    asked = {"lungs__network__model": here, "opacities__model": here, "lungs__network__edge": 0.5}
    assert store.find("film", opacity_plan(**asked)) is None, "the same network, asked otherwise"
    store.close()


def test_the_packaged_networks_are_the_same_in_every_installation(tmp_path, monkeypatch):
    usual = opacity_plan()
    elsewhere = tmp_path / "site-packages"
    elsewhere.mkdir()
    for name in ("networks.json", "lungs.safetensors", "opacities.safetensors"):
        shutil.copyfile(listing.packaged_folder() / name, elsewhere / name)
    monkeypatch.setattr(listing, "packaged_folder", lambda: elsewhere)
    assert opacity_plan() == usual
    copied = opacity_plan(opacities__model=elsewhere / "opacities.safetensors")
    assert copied.networks == usual.networks, "by whatever name it is asked for"
    with (elsewhere / "lungs.safetensors").open("ab") as file:
        file.write(b"more")
    changed = opacity_plan()
    assert (changed.settings == usual.settings, changed.networks == usual.networks) == (False, True)


def test_a_network_that_is_not_asked_does_not_matter(tmp_path):
    variant = [Variant("otsu", "listed17", "ibsi", True)]
    (usual,) = plans_for(variant, {})
    (other,) = plans_for(variant, {"lungs.network.model": str(tmp_path), "opacities.model": "absent"})
    assert (other.settings, other.networks) == (usual.settings, "")
    assert opacity_plan(lungs__network__model="absent").settings != opacity_plan().settings


def test_who_only_looks_into_measurements_writes_nothing(tmp_path):
    store = MeasuredStore(tmp_path / "measured")
    assert store.find("film", opacity_plan()) is None
    store.close()
    film, kept = tmp_path / "a.png", tmp_path / "hashes.json"
    film.write_bytes(b"film")
    assert kept_hashes([film], kept) == {}
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    hashes = content_hashes([film], kept)
    assert kept_hashes([film, tmp_path / "absent.png"], kept) == hashes
    film.write_bytes(b"another film")
    assert kept_hashes([film], kept) == {}, "a file that changed is not known"


def test_measurements_are_found_by_content_and_settings_and_by_larger_feature_sets(tmp_path):
    small, large = (
        plans_for([Variant("otsu", name, "ibsi", True)], {})[0] for name in ("listed17", "extended")
    )
    assert small.settings == large.settings
    inside = {name: float(number) / 7 for number, name in enumerate(feature_names("extended"))}
    store = MeasuredStore(tmp_path)
    store.add(FilmValues("film", large.settings, "extended", inside, {"outside_lungs": {}}), "a.png")
    store.add(FilmValues("bad", large.settings, "extended", error="a.png: no lungs"), "b.png")
    store.add(FilmValues("later", large.settings, "extended", error="no memory", lasting=False), "c.png")
    assert store.find("later", large).error == "no memory"
    store.close()
    store = MeasuredStore(tmp_path)
    assert store.find("film", small).inside[1].tolist() == list(inside.values()), "numbers are kept exactly"
    assert store.find("bad", large).error == "a.png: no lungs"
    assert store.find("later", large) is None, "what may go well another time is tried again"
    assert store.find("bad", small) is None, "what a larger set lacks may be there for a smaller one"
    wide = plans_for([Variant("otsu", "extended_opacity", "ibsi", True)], {})[0]
    other = plans_for([Variant("otsu", "extended_opacity", "ibsi", True)], {"opacities.threshold": 0.3})[0]
    more = {**inside, **dict.fromkeys(feature_names("extended_opacity"), 2.0)}
    store.add(FilmValues("wide", wide.settings, "extended_opacity", more, networks=wide.networks), "d.png")
    assert store.find("wide", large) is store.find("wide", wide) is not None
    assert store.find("wide", other) is None, "opacities of other settings are others"
    other = plans_for([Variant("otsu", "listed17", "uppuluri", True)], {})[0]
    assert store.find("film", other) is None
    store.close()
    part = plans_for([Variant("otsu", "listed17", "ibsi", True)], {})[0]
    store = MeasuredStore(tmp_path / "other")
    few = dict.fromkeys(feature_names("listed17"), 1.0)
    store.add(FilmValues("film", part.settings, "listed17", few), "a.png")
    assert store.find("film", large) is None, "a smaller set lacks what a larger one has"
    store.close()
    assert FilmTask(Path("a.png"), "film", (part,)).key(part) == "film"


def test_hashes_are_made_again_only_for_files_that_changed(tmp_path, monkeypatch):
    from napari_tbcad.batch.evaluating import store

    read = []
    monkeypatch.setattr(store, "sha256", lambda path: read.append(path.name) or f"hash {len(read)}")
    films = [tmp_path / name for name in ("a.png", "b.png", "absent.png")]
    for film in films[:2]:
        film.write_bytes(b"film")
    kept = tmp_path / "hashes.json"
    assert list(content_hashes(films, kept).values()) == ["hash 1", "hash 2"]
    os.utime(films[0], ns=(1, 1))
    assert list(content_hashes(films, kept).values()) == ["hash 3", "hash 2"]
    kept.write_text("{", encoding="utf-8")
    assert list(content_hashes(films, kept)) == films[:2]
    assert json.loads(kept.read_text(encoding="utf-8"))


@pytest.fixture
def jobs():
    generator = np.random.default_rng(0)
    y = np.arange(40) % 2
    X = pd.DataFrame(generator.normal(size=(40, 4)) + y[:, None], columns=list("abcd"))
    X.index = [f"{number}.png" for number in range(40)]
    made = HierarchicalClassifier(method="nb", single_stage=True, n_folds=2)
    return [FitJob("single_nb", made, X, y, None, fold) for fold in stratified_folds(y, 3)]


def test_fits_are_kept_and_only_those_that_lack_are_made(tmp_path, jobs, monkeypatch):
    from napari_tbcad.batch.evaluating import fits as module

    made = []
    real = module.fit_one
    monkeypatch.setattr(module, "fit_one", lambda job: made.append(job.fold.name) or real(job))
    path = tmp_path / "fits.jsonl"
    first = KeptFits(path)
    asked = iter(first(jobs))
    before = [next(asked), next(asked)]  # as if killed in the third
    first.close()
    again = KeptFits(path)
    told = []
    again.tell = lambda *what: told.append(what[:2])
    after = list(again(jobs))
    assert made == ["1", "2", "3"]
    assert told == [(1, 1)]
    for one, two in zip(before, after, strict=False):
        pd.testing.assert_frame_equal(one.predictions, two.predictions, check_dtype=False)
        assert (one.fit_seconds, one.complaints) == (two.fit_seconds, two.complaints)
    changed = jobs[0].X + 1e-9
    list(again([FitJob("single_nb", jobs[0].estimator, changed, jobs[0].y, None, jobs[0].fold)]))
    assert made == ["1", "2", "3", "1"], "other numbers are another fit"
    kept = {}
    again.keep, again.have = (lambda job: True), (lambda key, job: False)
    again.take = lambda key, job, fitted: kept.update({job.fold.name: fitted.model})
    list(again(jobs[:1]))
    assert made[-1] == "1"
    assert kept["1"] is not None, "a classifier that is not kept is fitted again"
    again.close()


def test_what_was_explained_with_one_atlas_is_not_taken_for_another(monkeypatch, tmp_path):
    from types import SimpleNamespace

    from napari_tbcad.batch.evaluating import explained
    from napari_tbcad.batch.evaluating.config import EvaluationConfig

    seen: list[str] = []
    monkeypatch.setattr(explained, "atlas_digest", lambda path: path)
    monkeypatch.setattr(
        explained, "explanation_table", lambda *_, settings, **__: (seen.append(settings), [])
    )
    monkeypatch.setattr(explained, "replace", lambda evaluation, **_: evaluation)
    for atlas in (None, "one.npz", "other.npz"):
        given = SimpleNamespace(
            config=EvaluationConfig(segmenters=("atlas",)),
            assignments={},
            out=tmp_path,
            atlas=atlas,
            workers=1,
            scheduler=None,
            cancelled=None,
        )
        measured = SimpleNamespace(films=())
        explained.with_explanation(None, given, measured, {"film": "model"}, {"notes": []}, None)
    assert len(set(seen)) == 3
