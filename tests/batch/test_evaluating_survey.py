"""The look at a data set before an evaluation: what is wrong is said, and not all of it forbids one."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import imageio.v3 as iio
import numpy as np
import pytest

from napari_tbcad.batch.evaluating.config import EvaluationConfig
from napari_tbcad.batch.evaluating.copies import IN_TEST, OTHER_LABEL, SAME_PATIENT, grouped
from napari_tbcad.batch.evaluating.designs import designed
from napari_tbcad.batch.evaluating.found import FoundFilm
from napari_tbcad.batch.evaluating.given import learned_from
from napari_tbcad.batch.evaluating.survey import require_no_problem, survey
from napari_tbcad.chest.classify.card import DataSource, ModelCard
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.io.datasets import DataRow


def change(table, old, new):
    table.write_text(table.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_what_is_there_is_counted_and_named_by_the_folder(made_films, tmp_path):
    said = []
    found = survey(made_films(tmp_path / "ülm 1", 8, names="Ä/{:02d} é.png"), say=said.append)
    assert [film.file for film in found.films] == [f"Ä/{n:02d} é.png" for n in range(8)]
    assert (found.tb, found.normal, found.patients, found.problems) == (4, 4, 8, ())
    assert found.sources == [{"name": "films", "tb": 4, "normal": 4}]
    assert found.sets[0].path.name == "films.csv"
    assert said[0] == "films: 8 films, 4 with tuberculosis"


def test_films_without_a_label_or_that_are_no_films_are_left_out_with_reasons(made_films, tmp_path):
    table = made_films(tmp_path, 16)
    change(table, "00.png,0,", "00.png,,")
    change(table, "01.png,1,", "01.png,unknown,")
    (tmp_path / "02.png").write_bytes(b"")
    (tmp_path / "03.png").write_bytes(b"a letter")
    (tmp_path / "04.png").unlink()
    said = []
    found = survey(table, say=said.append)
    assert [film.file for film in found.films] == [f"{number:02d}.png" for number in range(5, 16)]
    reasons = {out.file: (out.kind, out.reason) for out in found.left_out}
    assert reasons["00.png"] == reasons["01.png"] == ("label", "no tuberculosis label")
    assert reasons["02.png"] == ("unreadable", "02.png: the file is empty")
    assert "not an image" in reasons["03.png"][1]
    assert reasons["04.png"] == ("missing", "04.png: no such file")
    assert not found.problems
    assert any("04.png: no such file" in line for line in said)
    assert "left out: 2 × no tuberculosis label" in found.notes


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (",1,p", ",0,p", "every film has the label 0; both 0 and 1 are needed"),
        (",0,p", ",,p", "every film has the label 1"),
        ("", "", ""),
    ],
)
def test_one_class_only_forbids_an_evaluation(made_films, tmp_path, old, new, says):
    table = made_films(tmp_path, 8)
    if old:
        change(table, old, new)
    found = survey(table)
    assert bool(found.problems) == bool(says)
    if says:
        with pytest.raises(BadInput, match=says):
            require_no_problem(found)


def test_too_few_patients_forbid_training_but_not_judging_a_model(made_films, tmp_path):
    table = made_films(tmp_path, 9)
    change(table, ",1,p1,", ",1,p3,")
    found = survey(table)
    with pytest.raises(BadInput, match=r"3 patients with tuberculosis, too few .*--classifier"):
        require_no_problem(found)
    require_no_problem(found, trains=False)


def test_no_label_at_all_forbids_an_evaluation_and_says_what_is_wanted(made_films, tmp_path):
    table = made_films(tmp_path, 4)
    for label in "01":
        change(table, f",{label},p", ",na,p")
    with pytest.raises(BadInput, match=r"none of 4 films has a tuberculosis label.*path,label"):
        require_no_problem(survey(table))
    for number in range(4):
        (tmp_path / f"{number:02d}.png").unlink()
    with pytest.raises(BadInput, match="4 of 4 films do not exist"):
        survey(table)


def test_unknown_columns_are_told_and_one_that_is_nearly_known_is_asked_about(made_films, tmp_path):
    table = made_films(tmp_path, 6, extra="scanner")
    change(table, "patient", "patient_id")
    notes = " ".join(survey(table).notes)
    assert "columns that nothing reads: patient_id, scanner" in notes
    assert "the column patient_id is not read; if it is the patient, name it so" in notes
    assert "scanner is not read; if" not in notes


def test_films_of_one_name_in_two_folders_are_two_patients(made_films, tmp_path):
    table = made_films(tmp_path, 6, names="{0}/film.png")
    lines = [line.split(",") for line in table.read_text(encoding="utf-8").splitlines()]
    table.write_text("\n".join(f"{line[0]},{line[1]}" for line in lines), encoding="utf-8")
    assert survey(table).patients == 6
    change(table, "0/film.png,0", "0/film.png,0,Ani")
    change(table, "2/film.png,0", "2/film.png,0,Ani")
    change(table, "path,label", "path,label,patient")
    assert survey(table).patients == 5, "two films of one name are one patient's where that is said"


def test_copies_count_as_one_patient_s_and_contradicting_ones_are_left_out(made_films, tmp_path):
    table = made_films(tmp_path, 10)
    for copy, original in (("04", "00"), ("05", "03"), ("06", "01")):
        (tmp_path / f"{copy}.png").write_bytes((tmp_path / f"{original}.png").read_bytes())
    found = survey(table)
    told = {(one.file, one.same_as): one.handled for one in found.duplicates}
    assert told == {
        ("04.png", "00.png"): SAME_PATIENT,
        ("05.png", "03.png"): SAME_PATIENT,
        ("06.png", "01.png"): OTHER_LABEL,
    }
    patient = {film.file: film.patient for film in found.films}
    assert patient["04.png"] == patient["00.png"]
    assert patient["05.png"] == patient["03.png"]
    assert {out.file for out in found.left_out} == {"01.png", "06.png"}
    folds = designed(found.films, EvaluationConfig(repeats=3, folds=2)).folds
    assert len(folds) == 6
    files = [film.file for film in found.films]
    for fold in folds:
        here = {files[i] for i in fold.test}
        assert ("04.png" in here) == ("00.png" in here), "copies are on one side of every fold"
    with pytest.raises(BadInput, match="4 folds need"):
        designed(found.films, EvaluationConfig(folds=4))


def test_a_film_of_the_test_set_trains_nothing_nor_does_its_patient(made_films, tmp_path):
    train, test = made_films(tmp_path / "A", 8), made_films(tmp_path / "B", 6)
    (tmp_path / "A" / "02.png").write_bytes((tmp_path / "B" / "00.png").read_bytes())
    change(train, "04.png,0,p4", "04.png,0,p2")
    found = survey(train, test=test)
    assert [film.role for film in found.films].count("test") == 6
    assert {out.file for out in found.left_out} == {"train/02.png", "train/04.png"}
    assert [(one.file, one.handled) for one in found.duplicates] == [("test/00.png", IN_TEST)]
    assert {film.patient for film in found.films if film.role == "train"}.isdisjoint(
        film.patient for film in found.films if film.role == "test"
    ), "p1 of one set is not p1 of the other"
    (fold,) = designed(found.films, EvaluationConfig()).folds
    assert (len(fold.train), len(fold.test)) == (6, 6)


def test_a_person_in_both_sets_trains_nothing(made_films, tmp_path):
    whole = made_films(tmp_path / "A", 12)
    head, *lines = [line.split(",") for line in whole.read_text(encoding="utf-8").splitlines()]
    for line in lines[:8:4]:
        line[2] = "p9"  # films 00, 04 and 09
    train, test = tmp_path / "A" / "train.csv", tmp_path / "A" / "test.csv"

    def cut(place, rows, source):
        text = [",".join([*row, "source" if row is head else source]) for row in (head, *rows)]
        place.write_text("\n".join(text), encoding="utf-8")

    cut(train, lines[:8], "")
    cut(test, lines[8:], "")
    found = survey(train, test=test)
    assert {out.file: out.kind for out in found.left_out} == {
        "train/00.png": "patient",
        "train/04.png": "patient",
    }
    assert [film.role for film in found.films].count("test") == 4
    assert not any("both sets" in note for note in found.notes)
    elsewhere = tmp_path / "test.csv"
    moved = [[f"A/{row[0]}", *row[1:]] for row in lines[8:]]
    for one, other, gone in (("", "", 0), ("X", "Y", 0), ("X", "", 0), ("X", "X", 2)):
        cut(train, lines[:8], one)
        cut(elsewhere, moved, other)
        found = survey(train, test=elsewhere)
        assert len(found.left_out) == gone
        said = [note for note in found.notes if "1 patient name is in both sets (p9)" in note]
        assert bool(said) == (not gone), "what is taken for two people is told"


def test_chains_of_copies_become_one_patient():
    films = [
        FoundFilm(DataRow(f"{n}.png", n % 2, patient), f"{n}.png", "both", patient, "s")
        for n, patient in enumerate(["a", "b", "c", "b", "c", "d"])
    ]
    found, copies, left = grouped(films, "pixels", {"0.png": "x", "2.png": "x", "3.png": "y", "1.png": "y"})
    assert len(copies) == 2
    assert not left
    owner = {film.file: film.patient for film in found}
    assert owner["0.png"] == owner["2.png"] == owner["4.png"]
    found, *_ = grouped(found, "pixels", {"4.png": "z", "5.png": "z"})
    assert len(found) == 4, "a film with a contradicting copy goes, whatever it was grouped with"
    assert [film.file for film in found] == ["0.png", "1.png", "2.png", "3.png"]
    assert grouped([replace(films[0])], "file", {})[1:] == ([], [])


def test_a_model_that_may_have_learned_from_the_films_is_told(made_films, tmp_path):
    found = survey(made_films(tmp_path, 4))

    def notes(*names):
        card = ModelCard(name="own", sources=tuple(DataSource(name=name) for name in names))
        return learned_from(SimpleNamespace(card=card), found)

    assert notes("elsewhere") == notes() == []
    (note,) = notes("elsewhere", "Films")
    assert note.startswith("own learned from films of Films, which are here, too")


def test_a_look_can_be_stopped(made_films, tmp_path):
    with pytest.raises(Cancelled):
        survey(made_films(tmp_path, 3), cancelled=lambda: True)


def test_two_collections_are_tested_across_and_few_patients_get_few_folds(tmp_path):
    rows = [DataRow(f"{n}.png", n % 2, f"p{n // 2}") for n in range(12)]
    films = [FoundFilm(row, f"{n}.png", "both", f"{n}", "one") for n, row in enumerate(rows)]
    design = designed(films, EvaluationConfig(repeats=2))
    assert (design.name, [fold.repeat for fold in design.folds]) == (
        "6-fold, repeated 2 times",
        [1] * 6 + [2] * 6,
    )
    apart = [replace(film, source=("x", "y", "z")[n % 3]) for n, film in enumerate(films)]
    assert designed(apart, EvaluationConfig()).kind == "cross-source"
    assert designed(apart, EvaluationConfig(folds=2)).kind == "folds"
    assert designed(apart, EvaluationConfig(design="holdout")).kind == "holdout"
    alike = [replace(film, patient="one") for film in films]
    with pytest.raises(BadInput, match="2 folds need"):
        designed(alike, EvaluationConfig())


def test_earlier_folds_are_read_by_name_or_path_and_must_keep_patients_together(made_films, tmp_path):
    found = survey(made_films(tmp_path, 8))
    table = tmp_path / "folds.csv"
    lines = ["file,fold,role"]
    lines += [
        f"{film.path.as_posix() if n % 2 else film.file},1,{'test' if n < 4 else 'train'}"
        for n, film in enumerate(found.films)
    ]
    table.write_text("\n".join(lines), encoding="utf-8-sig")
    (fold,) = designed(found.films, EvaluationConfig(), splits=table).folds
    assert (fold.test.tolist(), fold.train.tolist()) == ([0, 1, 2, 3], [4, 5, 6, 7])
    shared = [replace(film, patient="same") if n in (3, 4) else film for n, film in enumerate(found.films)]
    with pytest.raises(BadInput, match="patient same are in training and in test"):
        designed(shared, EvaluationConfig(), splits=table)
    odd = [replace(film, file="NA" if n == 7 else film.file) for n, film in enumerate(found.films)]
    table.write_text("\n".join([*lines[:-1], "NA,1,train"]), encoding="utf-8-sig")
    (fold,) = designed(odd, EvaluationConfig(), splits=table).folds
    assert fold.train.tolist() == [4, 5, 6, 7], "a film may be called NA"
    assert iio.imread(found.films[0].path).dtype == np.uint8
