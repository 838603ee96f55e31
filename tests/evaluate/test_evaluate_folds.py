import numpy as np
import pandas as pd
import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.folds import (
    cross_source_folds,
    fold_table,
    holdout,
    read_folds,
    stratified_folds,
    write_folds,
)

LABELS = np.repeat([1, 1, 0, 0], [20, 16, 30, 6])
SOURCES = np.repeat(["a", "b", "normal", "viral"], [20, 16, 30, 6])
FILES = [f"{i}.png" for i in range(72)]


def test_holdout_keeps_the_share_of_tuberculosis():
    (fold,) = holdout(LABELS, 0.25)
    assert sorted([*fold.train, *fold.test]) == list(range(72))
    assert LABELS[fold.test].sum() == 9
    assert len(fold.test) == 18


def test_a_patient_is_never_on_both_sides():
    patients = np.arange(72) // 2
    for folds in (holdout(LABELS, 0.25, groups=patients), stratified_folds(LABELS, 4, groups=patients)):
        for fold in folds:
            assert not set(patients[fold.train]) & set(patients[fold.test])


def test_every_film_is_tested_once():
    folds = stratified_folds(LABELS, 6)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(72))
    with pytest.raises(BadInput, match="60 folds"):
        stratified_folds(LABELS, 60)


def test_across_sources():
    first, second = cross_source_folds(LABELS, SOURCES)
    assert set(SOURCES[first.train]) == {"b", "normal", "viral"}
    assert set(SOURCES[first.test]) == {"a", "normal", "viral"}
    assert set(SOURCES[second.train][LABELS[second.train] == 1]) == {"a"}
    for fold in (first, second):
        assert not set(fold.train) & set(fold.test)
        assert len(fold.train) + len(fold.test) == 72
    # What tests in one direction trains in the other.
    assert set(first.test) == set(second.train)
    assert (SOURCES[first.train] == "normal").sum() == 15
    with pytest.raises(BadInput, match="two collections"):
        cross_source_folds(LABELS, np.where(SOURCES == "b", "a", SOURCES))


def test_folds_survive_the_file(tmp_path):
    folds = cross_source_folds(LABELS, SOURCES)
    write_folds(tmp_path / "folds.csv", folds, FILES)
    assert (tmp_path / "folds.csv").read_bytes().startswith(b"\xef\xbb\xbffile,fold,role")
    again = read_folds(tmp_path / "folds.csv", FILES)
    assert [fold.name for fold in again] == [fold.name for fold in folds]
    for one, other in zip(folds, again, strict=True):
        np.testing.assert_array_equal(one.train, other.train)
        np.testing.assert_array_equal(one.test, other.test)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda t: t.drop(columns="role"), "role is missing"),
        (lambda t: t.assign(role="judge"), "not judge"),
        (lambda t: t.assign(file="x" + t["file"]), "not in the data set"),
        (lambda t: t[t["role"] == "train"], "has no test films"),
        (lambda t: pd.concat([t, t.assign(role="test")]), "is in training and test"),
    ],
)
def test_bad_fold_files_are_refused(tmp_path, change, cause):
    table = change(fold_table(stratified_folds(LABELS, 2), FILES))
    table.to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(BadInput, match=cause):
        read_folds(tmp_path / "bad.csv", FILES)


def test_no_table(tmp_path):
    with pytest.raises(BadInput, match=r"no\.csv"):
        read_folds(tmp_path / "no.csv", FILES)
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(BadInput, match="cannot be read"):
        read_folds(tmp_path / "empty.csv", FILES)
