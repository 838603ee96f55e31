"""Corrected lung masks become a data set: which masks count, whose is taken, and what is told."""

from __future__ import annotations

import csv
import re
import shutil
from dataclasses import replace

import imageio.v3 as iio
import numpy as np
import pydicom
import pytest

from napari_tbcad.batch.corrections import gather_corrections
from napari_tbcad.batch.films import ChestJob
from napari_tbcad.batch.runs.inputs import chest_inputs
from napari_tbcad.batch.runs.run import run_studies
from napari_tbcad.chest.cases import case_of
from napari_tbcad.chest.quality import flip
from napari_tbcad.chest.workflow import give_mask, settings_from, start, take_back
from napari_tbcad.errors import BadInput
from napari_tbcad.io.read import read_film
from napari_tbcad.networks.config import DataSource
from napari_tbcad.networks.samples import load_samples
from napari_tbcad.record import Edit, Record, Step
from napari_tbcad.schemes import NETWORK_SCHEMES
from napari_tbcad.simulate.samples import sample_path


@pytest.fixture(scope="module")
def phantom():
    return iio.imread(sample_path("normal_man"))[::4, ::4].copy()


@pytest.fixture
def film(tmp_path, phantom):
    path = tmp_path / "films" / "one.png"
    path.parent.mkdir()
    iio.imwrite(path, phantom)
    return path


@pytest.fixture(scope="module")
def computed(tmp_path_factory, phantom):
    """A run with its automatic masks, to be copied."""
    path = tmp_path_factory.mktemp("computed") / "one.png"
    iio.imwrite(path, phantom)
    run = start(read_film(path), settings_from({"lungs.segmenter": "otsu"}))
    run.compute("insensitive", "sensitive")
    return run


@pytest.fixture
def run(computed, film):
    """The same run of a film in this test's folder."""
    copy = computed.snapshot()
    copy.put("film", replace(copy.get("film"), source=str(film)), key=copy.key("film"))
    return copy


def painted(run, kind="insensitive", size=9):
    labels = run.get(kind).labels.copy()
    labels[4 : 4 + size, 4 : 4 + size] = 1
    give_mask(run, labels, kind)
    return labels


def table(folder):
    with (folder / "samples.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def gather(*paths, out, **options):
    lines: list[str] = []
    gathered = gather_corrections(list(paths), out, say=lines.append, **options)
    return gathered, "\n".join(lines)


def test_an_edited_mask_becomes_a_sample_the_training_reads(run, tmp_path, phantom):
    labels = painted(run)
    case_of(run, reader="Ana").save(tmp_path / "one.tbcad")
    gather(tmp_path / "one.tbcad", out=tmp_path / "set")
    (row,) = table(tmp_path / "set")
    assert (row["reader"], row["how"], row["film"], row["patient"]) == ("Ana", "edited", "one.png", "one")
    assert 0.5 < float(row["dice_automatic"]) < 1
    source = DataSource(name="own", folder=tmp_path / "set", table="samples.csv")
    (sample,) = load_samples(source, NETWORK_SCHEMES["lungs"])
    pixels, truth = sample.read()
    assert np.array_equal(pixels, phantom), "the film's own grey levels"
    assert np.array_equal(truth, labels)
    assert (sample.patient, sample.source) == ("one", "own")


@pytest.mark.parametrize(
    ("verdict", "kind", "taken"),
    [
        ("made", None, False),  # looked at, perhaps; nobody said that the mask is right
        ("made", "sensitive", False),  # the air cavity is not what the network learns
        ("in progress", "insensitive", False),
        ("made", "insensitive", True),
        ("accepted", None, True),
    ],
)
def test_only_what_a_person_edited_or_accepted_counts(run, tmp_path, verdict, kind, taken):
    if kind is not None:
        painted(run, kind)
    earlier = case_of(run, reader="first") if verdict == "accepted" else None
    case_of(run, reader="second", verdict=verdict, earlier=earlier).save(tmp_path / "one.tbcad")
    if taken:
        gather(tmp_path / "one.tbcad", out=tmp_path / "set")
        assert table(tmp_path / "set")[0]["how"] == ("edited" if kind else "accepted")
    else:
        with pytest.raises(BadInput, match="edited or accepted"):
            gather(tmp_path / "one.tbcad", out=tmp_path / "set")
    if verdict == "in progress":
        gathered, _ = gather(tmp_path / "one.tbcad", out=tmp_path / "set", unfinished=True)
        assert len(gathered.rows) == 1


def test_of_two_readings_the_last_is_taken_and_that_is_said(run, tmp_path):
    painted(run)
    first = case_of(run, reader="Ana")
    labels = painted(run, size=20)
    case_of(run, reader="Budi", earlier=first).save(tmp_path / "one.tbcad")
    _, said = gather(tmp_path / "one.tbcad", out=tmp_path / "set")
    assert "2 readings; the last is taken, that of Budi" in said
    (row,) = table(tmp_path / "set")
    assert row["reader"] == "Budi"
    assert np.array_equal(iio.imread(tmp_path / "set" / "labels" / row["label"]), labels)


def test_of_the_same_film_twice_the_newest_mask_stays(run, tmp_path):
    cases = tmp_path / "cases"
    for name, reader, when, size in (("a", "old", "2026-01-01", 9), ("b", "new", "2026-02-01", 20)):
        labels = painted(run, size=size)
        case = case_of(run, reader=reader)
        replace(case, readings=(replace(case.last, when=when),)).save(cases / f"{name}.tbcad")
    for order in (["a", "b"], ["b", "a"]):
        out = tmp_path / "".join(order)
        _, said = gather(*(cases / f"{name}.tbcad" for name in order), out=out)
        (row,) = table(out)
        assert row["reader"] == "new"
        assert np.array_equal(iio.imread(out / "labels" / row["label"]), labels)
        assert "passed over" in said


def test_a_film_that_is_gone_is_skipped_with_a_message(run, film, tmp_path, phantom):
    painted(run)
    case_of(run).save(tmp_path / "cases" / "gone.tbcad")
    (tmp_path / "cases" / "broken.tbcad").write_bytes(b"no case")
    other = film.with_name("two.png")
    iio.imwrite(other, np.roll(phantom, 3, 1))
    kept = start(read_film(other), run.settings)
    give_mask(kept, run.get("insensitive").labels, "insensitive")
    case_of(kept).save(tmp_path / "cases" / "kept.tbcad")
    film.unlink()
    gathered, said = gather(tmp_path / "cases", out=tmp_path / "set")
    assert len(gathered.rows) == 1
    assert len(gathered.skipped) == 2
    assert "gone.tbcad: its film one.png was not found" in said
    assert "broken.tbcad" in said


def test_a_run_with_given_masks_counts_and_one_without_does_not(run, film, tmp_path):
    labels = painted(run)
    out = tmp_path / "results"
    out.mkdir()
    (out / "masks").mkdir()
    iio.imwrite(out / "masks" / "films__one_insensitive.png", labels)
    shutil.copy(film, film.with_name("two.png"))
    lines = [f"{film.as_posix()},ok", f"{film.with_name('two.png').as_posix()},ok"]
    (out / "results.csv").write_text("file,status\n" + "\n".join(lines), encoding="utf-8-sig")
    steps = Record((Step("polarity", facts={"turned": False}),))
    (steps + Edit("insensitive", 81, tool="file", reader="Ana")).save(out / "records" / "films__one.json")
    steps.save(out / "records" / "films__two.json")
    gathered, said = gather(out, out=tmp_path / "set")
    (row,) = gathered.rows
    assert (row["film"], row["reader"], row["how"]) == ("one.png", "Ana", "edited")
    assert "films__two: its anatomical lung mask is the automatic one" in said
    gone = Edit("insensitive", 81, tool="back to automatic")
    (steps + Edit("insensitive", 81) + gone).save(out / "records" / "films__one.json")
    with pytest.raises(BadInput, match="edited or accepted"):
        gather(out, out=tmp_path / "other")


def test_a_mask_taken_back_does_not_count(run, tmp_path):
    painted(run)
    take_back(run, "insensitive")
    case_of(run).save(tmp_path / "one.tbcad")
    with pytest.raises(BadInput, match="edited or accepted"):
        gather(tmp_path / "one.tbcad", out=tmp_path / "set")


def test_patients_and_a_second_gathering(run, tmp_path):
    painted(run)
    case_of(run).save(tmp_path / "one.tbcad")
    (tmp_path / "who.csv").write_text("file,patient\none.png,P7\n", encoding="utf-8")
    out = tmp_path / "set"
    gather(tmp_path / "one.tbcad", out=out)
    before = set((out / "images").iterdir())
    gather(tmp_path / "one.tbcad", out=out, patients=tmp_path / "who.csv")
    assert table(out)[0]["patient"] == "P7"
    assert set((out / "images").iterdir()) == before
    foreign = tmp_path / "foreign" / "images"
    foreign.mkdir(parents=True)
    (foreign / "x.png").write_bytes(b"")
    with pytest.raises(BadInput, match="not of an earlier gathering"):
        gather(tmp_path / "one.tbcad", out=foreign.parent)


def test_a_gathering_that_fails_leaves_the_earlier_one_as_it_was(run, tmp_path):
    painted(run)
    case_of(run).save(tmp_path / "one.tbcad")
    out, who = tmp_path / "set", tmp_path / "who.csv"
    gather(tmp_path / "one.tbcad", out=out)
    before = {path: path.read_bytes() for path in out.rglob("*.*")}
    assert len(before) == 3
    who.write_text("file,patient\na/one.png,P7\nb/one.png,P8\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"films called one.png are of two patients, P7 and P8"):
        gather(tmp_path / "one.tbcad", out=out, patients=who)
    take_back(run, "insensitive")
    case_of(run).save(tmp_path / "one.tbcad")
    with pytest.raises(BadInput, match="edited or accepted"):
        gather(tmp_path / "one.tbcad", out=out)
    assert {path: path.read_bytes() for path in out.rglob("*.*")} == before


def test_a_table_cannot_have_files_elsewhere_removed(run, tmp_path):
    painted(run)
    case_of(run).save(tmp_path / "one.tbcad")
    out, mine = tmp_path / "set", tmp_path / "mine_01234567.png"
    gather(tmp_path / "one.tbcad", out=out)
    mine.write_bytes(b"mine")
    path = out / "samples.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    stranger = lines[1].replace(table(out)[0]["image"], f"../../{mine.name}")
    path.write_text(
        "\n".join([*lines, stranger, stranger.replace("../..", str(tmp_path))]), encoding="utf-8-sig"
    )
    gather(tmp_path / "one.tbcad", out=out)
    assert mine.read_bytes() == b"mine"
    assert len(table(out)) == 1


def test_what_is_no_case_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no case"):
        gather(tmp_path, out=tmp_path / "set")
    with pytest.raises(BadInput, match="is not there"):
        gather(tmp_path / "nowhere", out=tmp_path / "set")


def test_a_film_stored_with_air_bright_is_written_as_the_segmenter_sees_it(tmp_path, phantom, run):
    path = tmp_path / "films" / "bright.png"
    iio.imwrite(path, 255 - phantom)
    turned = start(read_film(path), run.settings)
    give_mask(turned, run.get("insensitive").labels, "insensitive")
    case_of(turned).save(tmp_path / "one.tbcad")
    gather(tmp_path / "one.tbcad", out=tmp_path / "set")
    (row,) = table(tmp_path / "set")
    written = iio.imread(tmp_path / "set" / "images" / row["image"]).astype(int)
    assert np.corrcoef(written.ravel(), phantom.ravel())[0, 1] > 0.99


def film_of(path, patient, step=4):
    """Write a small film of a patient."""
    data = pydicom.dcmread(sample_path("normal_cr"))
    pixels = np.frombuffer(data.PixelData, "<u2").reshape(data.Rows, data.Columns)[::step, ::8][:64, :64]
    data.Rows, data.Columns, data.PixelData = *pixels.shape, np.ascontiguousarray(pixels).tobytes()
    data.PatientName = data.PatientID = patient
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path)
    return path


def box_lungs():
    labels = np.zeros((64, 64), np.uint8)
    labels[8:40, 4:20], labels[8:40, 40:60] = 1, 2
    return labels


@pytest.mark.parametrize("flipped", [False, True])
def test_a_case_with_its_film_is_not_of_the_patient_whose_film_has_its_path_now(tmp_path, flipped):
    path, case = film_of(tmp_path / "films" / "a.dcm", "ALICE"), tmp_path / "a.tbcad"
    film = flip(read_film(path)) if flipped else read_film(path)
    run = start(film, settings_from({"polarity.mode": "keep"}))
    give_mask(run, box_lungs(), "insensitive")
    path.unlink()  # so the film comes into the case; a mirrored one always does
    case_of(run, reader="Ana").save(case)

    def patient(out):
        gather(case, out=out)
        return table(out)[0]["patient"]

    film_of(path, "ALICE")
    assert re.fullmatch("[0-9a-f]{12}", patient(tmp_path / "there"))
    film_of(path, "BERT", step=3)
    assert patient(tmp_path / "another") == "a", "its study, since nobody is known"
    path.unlink()
    assert patient(tmp_path / "gone") == "a"


def test_a_run_is_not_gathered_with_a_film_that_came_to_its_path_later(tmp_path):
    path = film_of(tmp_path / "films" / "a.dcm", "ALICE")
    masks = tmp_path / "masks"
    masks.mkdir()
    for kind in ("sensitive", "insensitive"):
        iio.imwrite(masks / f"a_{kind}.png", box_lungs())
    quick = {"lungs.segmenter": "otsu", "features.grid": 32, "polarity.mode": "keep"}
    run = tmp_path / "run"
    run_studies(chest_inputs(path), ChestJob(run, "none", quick, masks=masks))
    gather(run, out=tmp_path / "set")
    assert len(table(tmp_path / "set")) == 1
    film_of(path, "BERT", step=3)
    with pytest.raises(BadInput, match=r"a\.dcm: changed since the run: do that again, then gather it"):
        gather(run, out=tmp_path / "other")
