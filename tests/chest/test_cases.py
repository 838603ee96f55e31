"""Chest cases: film → corrected mask → saved → reopened gives every pixel, number and record again."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from napari_tbcad.case import Case
from napari_tbcad.chain import State, content_key
from napari_tbcad.chest import case_film
from napari_tbcad.chest.cases import case_of, film_for, mismatches, run_from
from napari_tbcad.chest.workflow import (
    finish,
    gather_warnings,
    give_mask,
    history,
    mask_dice,
    settings_for,
    settings_from,
    start,
    take_back,
)
from napari_tbcad.errors import BadInput
from napari_tbcad.io.read import read_film
from napari_tbcad.record import Edit, Step

OUTPUTS = ("soft", "sensitive", "insensitive", "features", "result")


@pytest.fixture(scope="module")
def model():
    from napari_tbcad.chest.classify.packaged import packaged_model

    return packaged_model()


@pytest.fixture(scope="module")
def settings(model):
    return settings_for(model, {"lungs.segmenter": "otsu", "insensitive.threshold": 0.3})


@pytest.fixture(scope="module")
def small_film(tmp_path_factory):
    """The file of a small phantom (256 × 256)."""
    from PIL import Image

    from napari_tbcad.simulate.samples import sample_path

    path = tmp_path_factory.mktemp("film") / "films" / "one.png"
    path.parent.mkdir()
    with Image.open(sample_path("normal_man")) as image:
        Image.fromarray(np.asarray(image)[::2, ::2].copy()).save(path)
    return path


@pytest.fixture(scope="module")
def whole(small_film, settings, model):
    """A run brought to its end with one mask corrected and another's correction taken back."""
    return corrected(start(read_film(small_film), settings, model=model))


@pytest.fixture
def film_path(small_film, tmp_path):
    (tmp_path / "films").mkdir()
    return Path(shutil.copy(small_film, tmp_path / "films"))


@pytest.fixture
def read(whole, film_path):
    """The same run, of a film in this test's folder, for this test to change."""
    run = whole.snapshot()
    run.put("film", replace(run.get("film"), source=str(film_path)), key=run.key("film"))
    return run


def painted(labels, place=0.5):
    """Paint a square of the right lung into a copy."""
    new = labels.copy()
    row, side = int(place * new.shape[0]), max(4, new.shape[0] // 30)
    new[row : row + side, row : row + side] = 1
    return new


def corrected(run):
    run.compute("sensitive", "insensitive")
    for kind, place in (("sensitive", 0.4), ("insensitive", 0.5), ("insensitive", 0.6)):
        give_mask(run, painted(run.get(kind).labels, place), kind, reader="A")
    take_back(run, "sensitive", reader="A")
    finish(run)
    return run


def facts(run):
    """Return every pixel, number, setting, warning and step of a run, for comparison."""
    values = [run.get(name, automatic=automatic) for name in OUTPUTS for automatic in (True, False)]
    return {
        "values": [content_key(value) for value in values],
        "records": [getattr(value, "record", None) for value in values],
        "said": [getattr(value, "warnings", None) for value in values],
        "result": run.get("result"),
        "settings": run.settings,
        "edited": [run.edited(name) for name in OUTPUTS],
        "journal": run.journal,
        "history": history(run),
        "warnings": gather_warnings(run),
        "states": {stage.name: run.state(stage.name) for stage in run.chain.stages},
    }


def reopened(run, path, model):
    case_of(run, reader="A").save(path)
    case = Case.load(path)
    return case, run_from(case, film_for(case, path), model=model)


def same_but_for_time(case):
    then = "2026-11-22T00:00:00.000+00:00"
    return replace(case, saved=then, readings=tuple(replace(r, when=then) for r in case.readings))


def test_a_reopened_case_is_the_same_and_nothing_is_computed(read, tmp_path, model, monkeypatch):
    path = tmp_path / "one.tbcad"
    before = facts(read)
    case, again = reopened(read, path, model)
    assert facts(again) == before
    assert [entry.tool for entry in again.journal] == ["brush"] * 3 + ["back to automatic"]
    assert mismatches(case, model) == ()
    assert again.fresh("result")
    assert set(before["states"].values()) == {State.DONE}
    for stage in again.chain.stages:
        monkeypatch.setattr(type(stage), "call", lambda *a, **k: pytest.fail("computed"))
    again.compute("result", "features", "sensitive", "insensitive", "soft")
    twice = case_of(again, reader="A", earlier=case)
    same_but_for_time(case).save(tmp_path / "a.tbcad")
    same_but_for_time(twice).save(tmp_path / "b.tbcad")
    assert (tmp_path / "a.tbcad").read_bytes() == (tmp_path / "b.tbcad").read_bytes()


@pytest.mark.realdata
@pytest.mark.parametrize(
    "pattern",
    ["jsrt/images/*", "shenzhen_sample/images/*", "pneumonia_lesions/images/*", "dicom_cr/*.dcm"],
)
def test_a_reopened_case_of_a_real_film_is_the_same(shared_data, pattern, settings, model, tmp_path):
    path = sorted((shared_data / "chest").glob(pattern))[0]
    run = corrected(start(read_film(path), settings, model=model))
    before = facts(run)
    _, again = reopened(run, tmp_path / "one.tbcad", model)
    assert facts(again) == before


def test_a_run_out_of_date_comes_back_out_of_date_with_what_it_was_made_with(read, tmp_path, model):
    made = [e for e in history(read) if isinstance(e, Step)]
    changes = {"sensitive.threshold": 0.6, "lungs.segmenter": "atlas", "features.levels": 8}
    read.configure(settings_from(changes, read.settings))
    before = facts(read)
    assert before["states"]["lungs"] is before["states"]["classify"] is State.STALE
    assert [e for e in history(read) if isinstance(e, Step)] == made
    _, again = reopened(read, tmp_path / "one.tbcad", model)
    assert facts(again) == before


def test_a_run_without_result_or_masks_comes_back(film_path, settings, tmp_path):
    run = start(read_film(film_path), settings)
    case, again = reopened(run, tmp_path / "a.tbcad", None)
    assert all(state is State.NOT_RUN for state in facts(again)["states"].values())
    give_mask(run, painted(np.zeros(run.get("film").shape, np.uint8)), "sensitive", tool="file")
    assert facts(reopened(run, tmp_path / "b.tbcad", None)[1]) == facts(run)


def test_without_the_model_the_result_is_kept_as_out_of_date(read, tmp_path, model):
    case, _ = reopened(read, tmp_path / "one.tbcad", model)
    film = film_for(case, tmp_path / "one.tbcad")
    (said,) = mismatches(case, None)
    assert model.card.name in said
    run = run_from(case, film)
    assert run.get("result") == read.get("result")
    assert run.state("classify") is State.STALE
    assert run.state("insensitive") is State.DONE
    other = replace(model, sha256="f" * 64)
    assert "this is another" in mismatches(case, other)[0]
    assert not run_from(case, film, model=other).fresh("features")


def test_another_version_and_another_atlas_are_said(read, tmp_path, model, monkeypatch):
    case, _ = reopened(read, tmp_path / "one.tbcad", model)
    film = film_for(case, tmp_path / "one.tbcad")
    old = replace(case, readings=(replace(case.last, program="0.0.1"),))
    assert "version 0.0.1" in mismatches(old, model)[0]
    run = run_from(old, film, model=model)
    assert [run.state(name) for name in ("lungs", "features", "classify")] == [State.STALE] * 3
    np.testing.assert_array_equal(run.get("insensitive").labels, read.get("insensitive").labels)
    moved = replace(case, readings=(replace(case.last, models=case.last.models | {"atlas": "atlas other"}),))
    assert "another atlas" in mismatches(moved, model)[0]
    # The sensitive mask is automatic, so what was measured in it is out of date as well.
    assert not run_from(moved, film, model=model).fresh("features")


def test_a_second_readers_reading_is_appended_and_the_first_one_stays_whole(read, tmp_path, model, settings):
    path = tmp_path / "one.tbcad"
    first, run = reopened(read, path, model)
    before = facts(run)
    run.configure(settings_from({"sensitive.threshold": 0.5}, run.settings))
    give_mask(run, painted(run.get("insensitive").labels, 0.3), "insensitive", reader="B")
    finish(run)
    case_of(run, reader="B", verdict="changed", earlier=first).save(path)
    both = Case.load(path)
    assert [(r.reader, r.verdict) for r in both.readings] == [("A", "made"), ("B", "changed")]
    film = film_for(both, path)
    assert facts(run_from(both, film, model=model, reader=0)) == before
    assert facts(run_from(both, film, model=model, reader=1)) == facts(run)
    nameless = case_of(run, earlier=case_of(run), verdict="accepted")
    assert [r.verdict for r in nameless.readings] == ["made", "accepted"]
    again = case_of(run, reader="B", verdict="accepted", earlier=both)
    assert [(r.reader, r.verdict) for r in again.readings] == [("A", "made"), ("B", "accepted")]


def test_a_reading_is_not_given_the_lungs_that_another_one_left_out_of_date(small_film):
    film = read_film(small_film)
    mine, others = (settings_from({"lungs.segmenter": "otsu", "lungs.otsu.levels": n}) for n in (3, 2))
    run = start(film, mine)
    run.compute("insensitive")
    first = case_of(run, reader="A", verdict="accepted")
    run = start(film, others)
    run.compute("insensitive")
    run.configure(mine)
    both = case_of(run, reader="B", verdict="accepted", earlier=first)
    assert run_from(both, film, reader=0).get("soft") is None
    assert run_from(both, film).state("lungs") is State.STALE


@pytest.mark.parametrize("reader", ["A", "", " a "])
def test_work_in_progress_never_takes_the_place_of_a_finished_reading(read, reader):
    def readings(case):
        return [(one.reader, one.verdict) for one in case.readings]

    done = case_of(read, reader=reader.strip().upper())
    first = readings(done)
    going = case_of(read, reader=reader, verdict="in progress", earlier=done)
    assert readings(going) == [*first, (reader, "in progress")]
    going = case_of(read, reader=reader, verdict="in progress", earlier=going)
    assert readings(going) == [*first, (reader, "in progress")]
    assert readings(case_of(read, reader=reader, earlier=going)) == [(reader, "made")]


def test_a_moved_film_is_found_beside_its_case_first(read, film_path, tmp_path, model):
    here, there = tmp_path / "here", tmp_path / "there"
    case_of(read).save(here / "one.tbcad")
    shutil.copytree(here, there / "cases")
    shutil.copytree(film_path.parent, there / "films")
    case = Case.load(there / "cases" / "one.tbcad")
    film = film_for(case, there / "cases" / "one.tbcad")
    assert Path(film.source).resolve() == there / "films" / "one.png"
    assert run_from(case, film, model=model).fresh("result")
    shutil.rmtree(there / "films")
    assert film_for(case, there / "cases" / "one.tbcad").source == str(film_path)


def test_a_missing_or_other_film_is_refused(read, film_path, tmp_path):
    from PIL import Image

    path = tmp_path / "cases" / "one.tbcad"
    case_of(read).save(path)
    case = Case.load(path)
    aside = film_path.rename(tmp_path / "aside.png")
    with pytest.raises(BadInput, match=r"not found.*one\.png.*say where it is"):
        film_for(case, path)
    film_for(case, path, film_path=aside)
    Image.fromarray(np.asarray(Image.open(aside))[::-1].copy()).save(film_path)
    with pytest.raises(BadInput, match="another image than the one this case was made with"):
        film_for(case, path)
    with pytest.raises(BadInput, match="another image than the one this case was made with"):
        run_from(case, read_film(film_path))
    with pytest.raises(BadInput, match="another film"):
        case_of(start(read_film(film_path), read.settings), earlier=case)


def test_a_film_without_a_file_is_embedded(small_film, settings, model, tmp_path):
    from napari_tbcad.imaging.radiograph import Radiograph

    pixels = read_film(small_film).pixels
    film = Radiograph(pixels, (0.5, 0.4), "layer", window=(1.0, 9.0), view="PA", warnings=("Grey.",))
    run = start(film.after(Step("take layer", facts={"layer": "x"})), settings, model=model)
    run.compute("sensitive", "insensitive")
    case, again = reopened(run, tmp_path / "one.tbcad", model)
    assert facts(again) == facts(run)
    assert content_key(again.get("film")) == content_key(run.get("film"))
    assert again.get("film").record == run.get("film").record
    assert again.get("film").warnings == ("Grey.",)


@pytest.mark.parametrize("replaced", ["by another film", "by something else"])
def test_a_film_whose_file_was_replaced_since_it_was_read_is_embedded(read, film_path, tmp_path, replaced):
    from PIL import Image

    if replaced == "by another film":
        Image.fromarray(np.asarray(Image.open(film_path))[::-1].copy()).save(film_path)
    else:
        film_path.write_bytes(b"no film")
    case_of(read).save(tmp_path / "one.tbcad")
    case = Case.load(tmp_path / "one.tbcad")
    assert content_key(film_for(case, tmp_path / "one.tbcad").pixels) == content_key(read.get("film").pixels)


def test_a_film_that_cannot_be_read_for_a_moment_is_read_again(small_film, tmp_path, monkeypatch):
    path = Path(shutil.copy(small_film, tmp_path))
    film = read_film(path)

    def gone(path):
        raise OSError("the network is down")

    with monkeypatch.context() as away:
        away.setattr(case_film, "read_film", gone)
        assert case_film.file_of(film) is None
        assert case_film.reference(film)[0].embedded
    assert case_film.file_of(film) == path
    assert case_film.reference(film)[0].sha256


@pytest.mark.realdata
def test_no_patient_is_named(shared_data, settings, tmp_path):
    path = shared_data / "chest" / "dicom_cr" / "RG1_J2KR.dcm"
    case_of(start(read_film(path), settings)).save(tmp_path / "one.tbcad")
    header = pydicom.dcmread(path, stop_before_pixels=True)
    with zipfile.ZipFile(tmp_path / "one.tbcad") as parts:
        text = b"".join(parts.read(name) for name in parts.namelist())
    for word in ("PatientName", "PatientID", "PatientBirthDate", "StudyInstanceUID", "AccessionNumber"):
        value = str(header.get(word, "")).strip()
        assert not value or value.encode() not in text


def test_the_journal_tells_every_edit_once_and_when(whole):
    run = start(whole.get("film"), whole.settings)
    for kind in ("sensitive", "insensitive"):
        run.restore(kind, whole.get(kind, automatic=True))
    automatic = run.get("sensitive")
    half, full = painted(automatic.labels, 0.1), painted(painted(automatic.labels, 0.1), 0.2)
    first = give_mask(run, half, "sensitive")
    stroke = give_mask(run, full, "sensitive", base=automatic, replaces=first, reader="A")
    assert run.journal == (stroke,)
    assert (stroke.pixels, stroke.dice_before) == (np.count_nonzero(full != automatic.labels), 1.0)
    assert stroke.dice_after == mask_dice(full, automatic.labels) < 1
    back = take_back(run, "sensitive", reader="A")
    assert (back.tool, back.pixels, back.dice_after) == ("back to automatic", stroke.pixels, 1.0)
    assert back.dice_before == stroke.dice_after
    assert take_back(run, "sensitive") is None
    entries = history(run).entries
    assert [e for e in entries if isinstance(e, Edit)] == [stroke, back]
    assert history(run).entries == entries
    steps = [e.name if isinstance(e, Step) else "edit" for e in entries]
    assert steps == ["read image", "sensitive", "edit", "edit", "insensitive"]


def test_an_edit_that_changed_nothing_is_not_told(whole):
    run = whole.snapshot()
    before = run.journal
    mask = run.get("insensitive")
    assert give_mask(run, mask.labels.copy(), "insensitive") is None
    stroke = give_mask(run, painted(mask.labels, 0.02), "insensitive")
    assert run.journal == (*before, stroke)
    # The stroke was painted back, piece by piece.
    assert give_mask(run, mask.labels, "insensitive", base=mask, replaces=stroke) is None
    assert run.journal == before
    assert whole.journal == before


def test_a_mask_from_a_file_is_a_persons_and_has_nothing_to_be_compared_with(whole):
    run = start(whole.get("film"), whole.settings)
    edit = give_mask(run, whole.get("sensitive").labels, "sensitive", tool="file")
    assert (edit.tool, edit.dice_before, edit.dice_after) == ("file", None, None)
    assert edit.pixels == np.count_nonzero(whole.get("sensitive").labels)
    assert history(run).entries[-1] == edit


def test_a_case_of_another_workflow_or_with_foreign_content_is_refused(read, tmp_path):
    film = read.get("film")
    case = case_of(read)
    with pytest.raises(BadInput, match="bone workflow"):
        run_from(replace(case, workflow="bone"), film)
    bad = [
        replace(case.last, settings={"lungs": {"segmenter": "telepathy"}}),
        replace(case.last, result={"decision": "perhaps"}),
        replace(case.last, labels={"sensitive": np.ones((3, 3), np.uint8)}),
        replace(case.last, labels={"heart": np.ones(film.shape, np.uint8)}),
        replace(case.last, values={}),
        replace(case.last, values=case.last.values | {"up_to_date": 3}),
        replace(case.last, models={"classifier": "x"}),
    ]
    for reading in bad:
        with pytest.raises(BadInput):
            run_from(replace(case, readings=(reading,)), film)
    with pytest.raises(BadInput, match="uncertainty"):
        run_from(replace(case, arrays=case.arrays | {"soft_uncertainty": np.ones(3)}), film)
