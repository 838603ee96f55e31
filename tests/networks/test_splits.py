"""Splits by patient."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.networks.config import DataParameters
from napari_tbcad.networks.samples import Sample
from napari_tbcad.networks.splits import Split, split_samples
from napari_tbcad.schemes import LUNGS


def sample(name: str, patient: str, source: str = "a", fold: int | None = None) -> Sample:
    return Sample(Path(f"{name}.png"), {}, LUNGS, patient=patient, source=source, fold=fold)


MANY = [sample(f"f{i}", f"p{i // 2}", "ab"[i >= 20]) for i in range(40)]


def test_every_image_is_held_out_once_and_a_patient_stays_together():
    held = [split_samples(MANY, DataParameters(folds=4, fold=k), 3) for k in range(4)]
    assert sorted(s.name for one in held for s in one.test) == sorted(s.name for s in MANY)
    for one in held:
        assert not {s.patient for s in one.test} & {s.patient for s in one.train}
        assert {s.source for s in one.test} == {"a", "b"}


def test_the_watched_share_comes_from_the_training_patients_of_every_collection():
    one = split_samples(MANY, DataParameters(folds=4, fold=0, validation=0.2), 3)
    groups = [{s.patient for s in part} for part in (one.train, one.validation, one.test)]
    assert all(groups)
    assert not groups[0] & groups[1]
    assert not groups[1] & groups[2]
    assert {s.source for s in one.validation} == {"a", "b"}


def test_folds_of_the_table_are_kept():
    rows = [sample(f"f{i}", f"p{i}", fold=i % 3) for i in range(9)]
    assert [s.name for s in split_samples(rows, DataParameters(folds=3, fold=1), 0).test] == [
        "f1.png",
        "f4.png",
        "f7.png",
    ]
    with pytest.raises(BadInput, match="fold 2, beyond 2 folds"):
        split_samples(rows, DataParameters(folds=2, fold=1), 0)
    with pytest.raises(BadInput, match="name a fold for 9 of 10 images"):
        split_samples([*rows, sample("f9", "p9")], DataParameters(folds=3, fold=1), 0)


def test_too_few_films_in_every_collection_are_told():
    few = [sample(f"{source}{i}", f"{source}{i}", source) for source in "abc" for i in range(3)]
    with pytest.raises(BadInput, match="5 folds cannot be made"):
        split_samples(few, DataParameters(folds=5, fold=0), 0)


def test_one_patient_in_two_roles_is_refused():
    with pytest.raises(BadInput, match="patient p1 is in train and in test"):
        Split((sample("a", "p1"),), (), (sample("b", "p1"),))


def test_a_split_file_is_read_back_and_must_name_every_image(tmp_path):
    path = tmp_path / "split.csv"
    split_samples(MANY, DataParameters(folds=4, fold=0), 3).save(path)
    again = split_samples(MANY, DataParameters(split=path), 9)
    assert {s.name for s in again.test} == {
        s.name for s in split_samples(MANY, DataParameters(folds=4, fold=0), 3).test
    }
    with pytest.raises(BadInput, match=r"says nothing about new.png"):
        split_samples([*MANY, sample("new", "q")], DataParameters(split=path), 9)
    path.write_text(
        path.read_text()
        .replace("f0.png,p0,a,train", "f0.png,p0,a,test")
        .replace("f0.png,p0,a,validation", "")
    )
    mixed = path.read_text().count("f0.png,p0,a,test")
    if mixed:
        with pytest.raises(BadInput, match="patient p0"):
            split_samples(MANY, DataParameters(split=path), 9)


def test_images_of_one_name_get_the_role_of_their_own_row(tmp_path):
    path = tmp_path / "split.csv"
    rows = [sample("A/1", "a1"), sample("B/1", "b1"), sample("A/2", "a2")]
    path.write_text("image,role\nA/1.png,test\nB/1.png,train\nA/2.png,train\n", encoding="utf-8")
    split = split_samples(rows, DataParameters(split=path), 0)
    assert [s.image.as_posix() for s in split.test] == ["A/1.png"]
    path.write_text("image,role\n1.png,test\n1.png,train\n2.png,train\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"called 1.png several roles"):
        split_samples(rows, DataParameters(split=path), 0)


def test_a_training_whose_images_changed_is_not_gone_on_with(tmp_path):
    path, parameters = tmp_path / "split.csv", DataParameters(folds=4, fold=0)
    split_samples(MANY, parameters, 3).save(path)
    split_samples(MANY, parameters, 3).require_same(path)
    more = split_samples([*MANY, sample("new", "q")], parameters, 3)
    with pytest.raises(BadInput, match=r"split.csv: the images are not those of this training \(see "):
        more.require_same(path)
