import json
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier, from_stages
from napari_tbcad.chest.classify.model import ChestModel
from napari_tbcad.chest.classify.stage import CalibratedStage
from napari_tbcad.chest.classify.store import CARD, MANIFEST, load_model, read_card, save_model
from napari_tbcad.chest.classify.train import fit_model
from napari_tbcad.errors import BadInput, ModelRefused


def data():
    rng = np.random.default_rng(0)
    y = np.arange(90) % 2
    X = rng.normal(size=(90, 4))
    X[:, 0] += y
    return pd.DataFrame(X, columns=list("abcd")), y


def make(**options):
    X, y = data()
    shape = {"mean": np.arange(6.0).reshape(3, 2), "names": np.array(["x", "y"])}
    estimator = HierarchicalClassifier(["a", "b"], n_folds=3, **options)
    return fit_model(X, y, estimator=estimator, card_info={"name": "toy", "grid": 256}, shape_model=shape)


@pytest.fixture(scope="module")
def model():
    return make()


def rewrite(path, changes, *, drop=()):
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name not in drop}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (members | changes).items():
            archive.writestr(name, content)


@pytest.mark.parametrize("method", ["svm", "nb"])
@pytest.mark.parametrize("calibration", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("more", [{}, {"whiten": True}, {"single_stage": True}])
def test_a_model_comes_back_as_it_was(tmp_path, method, calibration, more):
    model = make(method=method, calibration=calibration, **more)
    digest = save_model(model, tmp_path / "m.skops")
    again = load_model(tmp_path / "m.skops")
    X, _ = data()
    np.testing.assert_array_equal(again.estimator.predict_proba(X), model.estimator.predict_proba(X))
    assert again.card == model.card == read_card(tmp_path / "m.skops")
    assert again.sha256 == digest
    assert again.warnings == ()
    np.testing.assert_array_equal(again.shape_model["mean"], model.shape_model["mean"])


def test_joined_stages_can_be_saved(tmp_path):
    X, y = data()
    stage1 = CalibratedStage(n_folds=3).fit(X[["a", "b"]], y)
    joined = from_stages(stage1, X, y, stage1_columns=["a", "b"], n_folds=3)
    card = make().card
    save_model(ChestModel(joined, card.model_copy(update={"shape_model_sha256": None})), tmp_path / "m.skops")
    again = load_model(tmp_path / "m.skops")
    np.testing.assert_array_equal(again.estimator.predict_proba(X), joined.predict_proba(X))


def test_no_pickle_is_inside(tmp_path, model):
    save_model(model, tmp_path / "m.skops")
    with zipfile.ZipFile(tmp_path / "m.skops") as archive:
        assert {name.rsplit(".", 1)[-1] for name in archive.namelist()} <= {"json", "npy"}


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 broken"])
def test_a_broken_file_is_refused_by_name(tmp_path, content):
    path = tmp_path / "broken.skops"
    path.write_bytes(content)
    with pytest.raises(ModelRefused, match=r"broken\.skops"):
        load_model(path)


def test_a_truncated_file_is_refused(tmp_path, model):
    path = tmp_path / "m.skops"
    save_model(model, path)
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(ModelRefused):
        load_model(path)


def test_a_changed_part_is_refused(tmp_path, model):
    path = tmp_path / "m.skops"
    save_model(model, path)
    card = json.loads(zipfile.ZipFile(path).read(CARD))
    rewrite(path, {CARD: json.dumps(card | {"demonstration": True}).encode()})
    with pytest.raises(ModelRefused, match=r"card\.json does not match"):
        load_model(path)


def test_any_flipped_byte_is_noticed(tmp_path, model):
    path = tmp_path / "m.skops"
    save_model(model, path)
    whole = path.read_bytes()
    for position in np.linspace(60, len(whole) - 60, 12).astype(int):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        try:
            again = load_model(path)
        except ModelRefused:
            continue
        # A flipped byte in the archive's own bookkeeping (a time stamp) changes nothing that is read.
        assert again.card == model.card


def test_missing_and_added_parts_are_refused(tmp_path, model):
    path = tmp_path / "m.skops"
    save_model(model, path)
    rewrite(path, {"more.json": b"{}"})
    with pytest.raises(ModelRefused, match="was changed"):
        load_model(path)
    rewrite(path, {}, drop=(MANIFEST,))
    with pytest.raises(ModelRefused, match="no card or no manifest"):
        load_model(path)


def signed(path, content, card):
    """A file whose hashes are right: what somebody would make who knows the format."""
    import hashlib
    import io

    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(content))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[CARD] = card.model_dump_json().encode()
    hashes = {name: hashlib.sha256(value).hexdigest() for name, value in members.items()}
    members[MANIFEST] = json.dumps({"format": 1, "sha256": hashes}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in members.items():
            archive.writestr(name, value)


def test_a_type_that_is_not_pinned_is_refused_before_it_is_built(tmp_path, model):
    path = tmp_path / "evil.skops"
    evil = {"estimator": FunctionTransformer(func=make), "shape_model": {}}
    signed(path, evil, model.card)
    with pytest.raises(ModelRefused, match="not on the pinned list"):
        load_model(path)


def test_another_estimator_is_refused(tmp_path, model):
    X, y = data()
    path = tmp_path / "other.skops"
    signed(path, {"estimator": LogisticRegression().fit(X, y), "shape_model": {}}, model.card)
    with pytest.raises(ModelRefused, match="its estimator is a LogisticRegression"):
        load_model(path)
    signed(path, {"estimator": model.estimator, "shape_model": {"mean": np.zeros(2)}}, model.card)
    with pytest.raises(ModelRefused, match="shape model is not the one"):
        load_model(path)
    short = model.card.model_copy(update={"feature_names": ("a", "b")})
    signed(path, {"estimator": model.estimator, "shape_model": {}}, short)
    with pytest.raises(ModelRefused, match="different numbers of features"):
        load_model(path)


def test_a_plain_skops_file_is_not_a_model(tmp_path):
    skops.io.dump({"a": 1}, tmp_path / "plain.skops")
    with pytest.raises(ModelRefused, match="no card"):
        load_model(tmp_path / "plain.skops")


def test_another_scikit_learn_is_told(tmp_path, model):
    old = replace(model, card=model.card.model_copy(update={"sklearn_version": "1.2.3"}))
    save_model(old, tmp_path / "m.skops")
    assert any("scikit-learn 1.2.3" in line for line in load_model(tmp_path / "m.skops").warnings)


def test_no_file(tmp_path):
    with pytest.raises(BadInput, match="no such model"):
        load_model(tmp_path / "nowhere.skops")


def test_a_full_disk_leaves_the_old_model(tmp_path, model, monkeypatch):
    path = tmp_path / "m.skops"
    digest = save_model(model, path)

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(OSError, match="No space"):
        save_model(model, path)
    monkeypatch.undo()
    assert load_model(path).sha256 == digest
    assert [p.name for p in tmp_path.iterdir()] == ["m.skops"]
