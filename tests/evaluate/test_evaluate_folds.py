import numpy as np
import pandas as pd
import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.fold_files import fold_table, read_folds, write_folds
from napari_tbcad.evaluate.folds import (
    cross_source_folds,
    holdout,
    refuse_shared_patients,
    repeated_folds,
    stratified_folds,
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


@pytest.mark.parametrize(("share", "wanted"), [(0.2, 14.4), (0.3, 21.6), (0.5, 36), (0.75, 54)])
def test_holdout_by_patient_meets_the_share(share, wanted):
    patients = np.arange(72) // 2
    (fold,) = holdout(LABELS, share, groups=patients)
    assert len(fold.test) == pytest.approx(wanted, abs=4)
    assert sorted([*fold.train, *fold.test]) == list(range(72))
    assert len(set(LABELS[fold.train])) == len(set(LABELS[fold.test])) == 2
    with pytest.raises(BadInput, match="no share"):
        holdout(LABELS, 1.5)


def test_repeats_are_drawn_anew_and_named(tmp_path):
    patients = np.arange(72) // 2
    folds = repeated_folds(LABELS, 4, 3, groups=patients, random_state=5)
    assert [fold.name for fold in folds[3:6]] == ["r1-f4", "r2-f1", "r2-f2"]
    assert [fold.repeat for fold in folds] == [1] * 4 + [2] * 4 + [3] * 4
    for repeat in (1, 2, 3):
        tested = np.concatenate([fold.test for fold in folds if fold.repeat == repeat])
        assert sorted(tested) == list(range(72))
    assert not np.array_equal(folds[0].test, folds[4].test)
    refuse_shared_patients(folds, patients)
    write_folds(tmp_path / "folds.csv", folds, FILES)
    assert [fold.repeat for fold in read_folds(tmp_path / "folds.csv", FILES)] == [f.repeat for f in folds]
    once = repeated_folds(LABELS, 4, 1, random_state=5)
    assert [fold.name for fold in once] == ["1", "2", "3", "4"]
    with pytest.raises(BadInput, match="none"):
        repeated_folds(LABELS, 4, 0)


def test_a_patient_on_both_sides_is_refused_by_name():
    folds = stratified_folds(LABELS, 2)
    with pytest.raises(BadInput, match="fold 1: films of patient p0 are in training and in test"):
        refuse_shared_patients(folds, np.full(72, "p0"))


def test_across_sources_a_tested_patient_is_not_trained_on():
    patients = np.arange(72)
    patients[0] = patients[20] = 1000  # in both collections of tuberculosis
    for fold in cross_source_folds(LABELS, SOURCES, groups=patients):
        assert not set(patients[fold.train]) & set(patients[fold.test])
        assert (1000 in patients[fold.test]) != (1000 in patients[fold.train])


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


def test_across_three_sources_every_film_is_tested_once():
    sources = np.where(np.arange(72) < 8, "c", SOURCES)
    folds = cross_source_folds(LABELS, sources)
    assert [fold.name for fold in folds] == ["test a", "test b", "test c"]
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(72))
    for fold in folds:
        assert len(fold.train) + len(fold.test) == 72
        assert (sources[fold.test] == "normal").sum() == 10


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
