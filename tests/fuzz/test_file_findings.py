"""What fuzzing found in readers of cases, models, tables and settings, and what it would: each refused."""

from __future__ import annotations

import io
import json
import os
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import pandas as pd
import pytest

from napari_tbcad import plain_text
from napari_tbcad.archive import array_of, opened_archive
from napari_tbcad.batch.bone_set_journal import read_journal as read_set_journal
from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.chest.classify.store import load_model, save_model
from napari_tbcad.chest.classify.train import fit_model
from napari_tbcad.chest.lungs.atlas_library import load_atlas
from napari_tbcad.cli.options import assignments
from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.io.datasets import load_dataset
from napari_tbcad.io.voc import read_voc
from napari_tbcad.journal import read_journal
from napari_tbcad.networks.config import read_mapping
from napari_tbcad.networks.listing import read_list
from napari_tbcad.record import Record

# -- what is said


def test_a_message_is_short_and_can_be_printed():
    error = BadInput("a\x1b[2J.csv", "x" * 100_000 + "\x07")
    assert len(str(error)) < 1000
    assert str(BadInput("a\x1b[2J\udcff.csv", "no\x07 \ud800 so")).isprintable()
    assert str(BadInput("a.csv", "two\nlines, ä")) == "a.csv: two\nlines, ä"


def test_an_error_always_names_something():
    assert str(BadInput("", "no")) == "input: no"


# -- JSON and YAML


@pytest.mark.parametrize("text", ["[" * 100_000, "[" * 500 + "]" * 500, '{"a": ' * 200 + "1" + "}" * 200])
def test_values_nested_too_deeply_are_refused(tmp_path, text):
    with pytest.raises(ValueError, match="nested"):
        plain_text.parse_json(text)
    path = tmp_path / "a.json"
    path.write_text(f'{{"record_version": 1, "networks": 1, "entries": {text}')
    for read in (Record.load, read_list):
        with pytest.raises(BadInput, match=r"a\.json"):
            read(path)


def test_numbers_beyond_all_others_are_refused():
    with pytest.raises(ValueError, match="more digits"):
        plain_text.parse_json(f'{{"n": {10**400}}}')
    assert plain_text.parse_json("[12345678901234567890]") == [12345678901234567890]
    assert plain_text.parse_json(f'["{"1" * 400}"]') == ["1" * 400]


def test_half_a_character_is_refused_where_it_is_read():
    assert plain_text.parse_json('"\\ud83d\\ude00"') == "\U0001f600"
    with pytest.raises(ValueError, match="surrogates"):
        plain_text.parse_json('{"name": "\\ud800"}')


@pytest.mark.parametrize("text", ['{"name": "\\ud800"}', f'{{"n": {10**400}}}', '{"name": "Ém"}'])
def test_bytes_in_another_encoding_walk_round_no_check(text):
    for encoding in ("utf-16", "utf-16-be", "utf-32"):
        with pytest.raises(ValueError, match=r"utf-8|Expecting|more digits"):
            plain_text.parse_json(text.encode(encoding))
    assert plain_text.parse_json('{"name": "Ém"}'.encode("utf-8-sig")) == {"name": "Ém"}


GROWING = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{" + ", ".join(f"k{k}: *a{n - 1}" for k in range(9)) + "}\n" for n in range(1, 12)
)
MERGED = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [" + ", ".join([f"*a{n - 1}"] * 9) + "]}\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    "text",
    [
        GROWING,
        MERGED,
        "a: &a [*a]\n",
        "a: " + "[" * 3000 + "\n",
        "a: !!bool what\n",
        "a: !!timestamp what\n",
        "a: !!int ''\n",
        "a: 2020-13-45\n",
        f"a: {'1' * 5000}\n",
        "a: !!python/object/apply:os.system ['true']\n",
        "? [a, {b: c}]\n: 1\n",
        "a: *none\n",
        "a: \x00\n",
    ],
)
def test_settings_that_grow_or_are_no_plain_values_are_refused(tmp_path, text):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    for read in (lambda: read_mapping(path, "a mapping"), lambda: assignments(path, None)):
        with pytest.raises(BadInput, match=r"a\.yaml") as caught:
            read()
        assert "\n" not in str(caught.value)


def test_an_alias_that_does_not_grow_is_read(tmp_path):
    (tmp_path / "a.yaml").write_text("a: &a {b: 1}\nc: *a\n")
    assert read_mapping(tmp_path / "a.yaml", "") == {"a": {"b": 1}, "c": {"b": 1}}


def test_a_setting_that_is_no_yaml_is_told():
    with pytest.raises(BadInput, match="not YAML"):
        assignments(None, ["lungs.segmenter=["])


def test_a_text_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(plain_text, "MAX_TEXT_BYTES", 10)
    (tmp_path / "a.json").write_text("[1, 2, 3, 4, 5]")
    with pytest.raises(BadInput, match="of text; at most"):
        plain_text.read_json(tmp_path / "a.json")


# -- tables


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("path,label\n" + "x" * 200_000 + ",1\n", "cannot be read"),
        ("path," + "x" * 200_000 + "\na,1\n", "head cannot be read"),
        ("path,label\n" + "a/" * 3000 + "b,1\n", "do not exist"),
        ("path,label\n" + "x" * 300 + ",1\n", "do not exist"),
        ("path,label\n" + "x" * 5000 + "\x00y,1\n", "cannot be read|do not exist"),
        ("path,label\na," + "9" * 100_000 + "\n", "label is 0 or 1"),
    ],
)
def test_tables_that_no_system_takes_are_refused(tmp_path, text, cause):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(BadInput, match=cause) as caught:
        load_dataset(tmp_path / "a.csv", strict=False)
    assert len(str(caught.value)) < 1000


def test_a_folder_that_may_not_be_searched_stops_no_listing(tmp_path, monkeypatch):
    from pathlib import Path

    from napari_tbcad.io.walk import entries_below

    (tmp_path / "closed").mkdir()
    (tmp_path / "a.png").write_bytes(b"x")
    real = Path.is_dir

    def is_dir(self):
        if self.parent.name == "closed":
            raise PermissionError(13, "Permission denied")
        return real(self)

    monkeypatch.setattr(Path, "is_dir", is_dir)
    assert [entry.path.name for entry in entries_below([tmp_path], skipped=[])] == ["a.png"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes among the files of this system")
def test_a_pipe_is_not_waited_for(tmp_path):
    from napari_tbcad.io.read import read_film
    from napari_tbcad.io.scans import read_study
    from napari_tbcad.io.walk import entries_below

    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.png").write_bytes(b"x")
    assert [entry.path.name for entry in entries_below([tmp_path], skipped=[])] == ["a.png"]
    for read in (read_film, read_study):
        with pytest.raises(BadInput, match="empty"):
            read(tmp_path / "pipe")


def test_a_folder_of_all_folders_is_a_fault_of_its_row(tmp_path, monkeypatch):
    from napari_tbcad.batch.runs.inputs import chest_inputs
    from napari_tbcad.io import walk

    monkeypatch.setattr(walk, "MAX_FILES_BELOW", 3)
    (tmp_path / "many").mkdir()
    for number in range(5):
        (tmp_path / "many" / f"{number}.png").write_bytes(b"x")
    (tmp_path / "b.png").write_bytes(b"x")
    (tmp_path / "a.csv").write_text("path\nmany\nb.png\n")
    faults = {study.name: study.fault for study in chest_inputs([tmp_path / "a.csv"])}
    assert "more than 3 files" in faults["many"]
    assert faults["b"] == ""


def test_the_root_of_all_folders_has_a_name(tmp_path, monkeypatch):
    from napari_tbcad.batch.runs.inputs import chest_inputs
    from napari_tbcad.io import walk

    monkeypatch.setattr(walk, "MAX_FILES_BELOW", 3)
    (tmp_path / "b.png").write_bytes(b"x")
    (tmp_path / "a.csv").write_text("path\n/\nb.png\n")
    faults = {study.name: study.fault for study in chest_inputs([tmp_path / "a.csv"])}
    assert set(faults) == {"folder", "b"}
    assert "more than 3 files" in faults["folder"]


def test_boxes_that_nest_deeply_or_declare_entities_are_refused(tmp_path):
    for text in (
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><annotation>&x;</annotation>",
        "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/a.dtd'><annotation/>",
        "<object>" * 50_000 + "</object>" * 50_000,
    ):
        (tmp_path / "a.xml").write_text(text)
        with pytest.raises(BadInput):
            read_voc(tmp_path / "a.xml")


def test_lines_of_a_journal_with_right_checks_and_no_objects_are_passed_over(tmp_path):
    texts = [b'{"a": 1}', b"[1]", b"no", b"[" * 100_000, b'{"b": 2}', b"1" * 5000]
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"".join(b"%08x %s\n" % (zlib.crc32(text), text) for text in texts))
    assert [dict(line) for line in read_journal(path)] == [{"a": 1}, {"b": 2}]
    path.write_bytes(b"a.jpg\t" + b"[" * 100_000 + b"\nb.jpg\t[1]\nc.jpg\t{}\n")
    assert read_set_journal(path) == {}


# -- archives


def archive(path, members, kind=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", kind) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return path


def test_a_member_is_unpacked_no_further_than_the_directory_says(tmp_path):
    path = archive(tmp_path / "a.tbcad", {"a.txt": bytes(2**26)})
    content = bytearray(path.read_bytes())
    for start, at in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):  # a checksum and a size of ten bytes
        struct.pack_into("<I", content, content.index(start) + at, zlib.crc32(bytes(10)))
        struct.pack_into("<I", content, content.index(start) + at + 8, 10)
    path.write_bytes(content)
    tracemalloc.start()
    with opened_archive(path, "case") as reader:
        assert reader.read("a.txt") == bytes(10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**22


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_that_cannot_be_unpacked_in_pieces_are_refused(tmp_path, kind):
    path = archive(tmp_path / "a.tbcad", {"case.json": "{}"}, kind)
    with pytest.raises(BadInput, match="packed in another way"), opened_archive(path, "case"):
        pass


def test_a_label_image_that_claims_too_many_pixels_is_refused(tmp_path):
    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(99))), (b"IEND", b""))
    chunks = [struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in parts]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    path = archive(tmp_path / "a.tbcad", {"labels/a.png": png})
    with pytest.raises(BadInput, match=r"too many|more than"), opened_archive(path, "case") as reader:
        reader.labels("labels/a.png")


def npy(shape="(3,)", descr="<f8", body=bytes(24)):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


@pytest.mark.parametrize(
    "shape", ["(4,)", "(1000000000000,)", "(-3,)", "(-1, -3)", "(2**70,)", "(True, 3.0)", "3"]
)
def test_an_array_is_as_long_as_its_header_says(tmp_path, shape):
    path = archive(tmp_path / "a.tbcad", {"arrays/a.npy": npy(shape)})
    with pytest.raises(BadInput), opened_archive(path, "case") as reader:
        reader.array("arrays/a.npy")
    assert array_of(path, "a", npy()).shape == (3,)


def test_a_header_of_an_array_that_is_cut_is_refused(tmp_path):
    cut = npy()
    for content in (cut[:9], cut[:40], cut.replace(b"}", b" "), cut.replace(b"(3,)", b"(3,("), b""):
        with pytest.raises(BadInput):
            array_of(tmp_path, "a", content)


@pytest.mark.parametrize("kind", ["shape", "skeleton"])
def test_models_whose_facts_nest_deeply_are_refused(tmp_path, kind):
    from safetensors.numpy import save_file

    from napari_tbcad.bone.skeleton_atlas import _META, load_skeleton_atlas
    from napari_tbcad.chest.shape_model import ShapeModel

    deep = "[" * 100_000
    facts = {"napari_tbcad_shape_model": "1", "parameters": deep, _META: deep}
    arrays = {name: np.zeros(2) for name in ("mean", "modes", "variances")}
    save_file(arrays, tmp_path / "a", metadata=facts)
    with pytest.raises(ModelRefused):
        (ShapeModel.load if kind == "shape" else load_skeleton_atlas)(tmp_path / "a")


@pytest.mark.parametrize("descr", ["|O", "<M8[s]", "|V8"])
def test_an_array_holds_numbers(tmp_path, descr):
    path = archive(tmp_path / "a.tbcad", {"a.npy": npy(descr=descr)})
    with pytest.raises(BadInput), opened_archive(path, "case") as reader:
        reader.array("a.npy")


def test_an_atlas_that_claims_more_than_it_holds_is_refused(tmp_path):
    path = archive(tmp_path / "a.npz", {"header.npy": npy("(1000000000000,)", "|u1")})
    with pytest.raises(ModelRefused):
        load_atlas(path)


# -- cases


@pytest.mark.parametrize("values", [[1.0, [2.0]], ["a"], [10**400, 1], {"a": 1}, 5])
def test_a_case_whose_features_are_no_numbers_is_refused(values):
    from dataclasses import replace

    from napari_tbcad.chest.cases import case_of, film_for, run_from
    from napari_tbcad.chest.edits import give_mask
    from napari_tbcad.chest.workflow import settings_from, start
    from napari_tbcad.imaging.radiograph import Radiograph
    from napari_tbcad.record import Step

    film = Radiograph(np.arange(64 * 56, dtype=np.float32).reshape(64, 56)).after(Step("layer"))
    run = start(film, settings_from({"lungs.segmenter": "otsu"}))
    labels = np.zeros((64, 56), np.uint8)
    labels[9:50, 5:20], labels[9:50, 30:50] = 1, 2
    give_mask(run, labels, "sensitive")
    case = case_of(run)
    assert run_from(case, film_for(case, "one.tbcad")).get("sensitive") is not None
    said = {"names": ["a", "b"], "values": values, "groups": ["x", "x"], "feature_set": "", "warnings": []}
    said |= {"definition": None, "grid": None, "record": {"entries": []}}
    odd = replace(case.last, values={**case.last.values, "features": said})
    with pytest.raises(BadInput, match="cannot be used"):
        run_from(replace(case, readings=(odd,)), film)


# -- models


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    truth = np.arange(40) % 2
    values = rng.normal(size=(40, 4)) + truth[:, None]
    estimator = HierarchicalClassifier(["a", "b"], n_folds=3)
    return fit_model(
        pd.DataFrame(values, columns=list("abcd")),
        truth,
        estimator=estimator,
        card_info={"name": "toy", "grid": 256},
    )


def _svm(model):
    return model.estimator.stage2_.pipeline_.named_steps["svm"]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("_n_support", lambda a: a * 1000),
        ("_n_support", lambda a: -a),
        ("support_vectors_", lambda a: a[:1]),
        ("support_vectors_", lambda a: a[:, :1]),
        ("support_vectors_", lambda a: np.full_like(a, np.nan)),
        ("_dual_coef_", lambda a: a[:, :1]),
        ("_dual_coef_", lambda a: a.astype(np.float32)),
        ("support_", lambda a: a[:1]),
        ("_intercept_", lambda a: a[:0]),
        ("_gamma", lambda a: float("nan")),
        ("kernel", lambda a: "precomputed"),
        ("_sparse", lambda a: True),
        ("classes_", lambda a: np.arange(3)),
    ],
)
def test_arrays_beyond_whose_ends_libsvm_would_read_are_refused(tmp_path, model, name, change):
    svm = _svm(model)
    before = getattr(svm, name)
    save_model(model, tmp_path / "sound.skops")
    load_model(tmp_path / "sound.skops")
    try:
        setattr(svm, name, change(before))
        save_model(model, tmp_path / "m.skops")
    finally:
        setattr(svm, name, before)
    with pytest.raises(ModelRefused, match=r"support vector|trial prediction"):
        load_model(tmp_path / "m.skops")


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        ("estimator", "gate_", "high"),
        ("estimator", "columns2_", np.array([9])),
        ("estimator", "stage2_", None),
        ("stage", "calibrated_", None),
        ("scale", "mean_", np.zeros(2)),
        ("scale", "mean_", np.zeros((2, 4))),  # fits two films, and no other number
        ("columns", "kept_", np.array([7])),
    ],
)
def test_a_model_that_cannot_be_asked_is_refused_when_it_is_read(tmp_path, model, owner, name, value):
    stage = model.estimator.stage2_
    holder = {"estimator": model.estimator, "stage": stage, **stage.pipeline_.named_steps}[owner]
    before = getattr(holder, name)
    try:
        setattr(holder, name, value)
        save_model(model, tmp_path / "m.skops")
    finally:
        setattr(holder, name, before)
    with pytest.raises(ModelRefused):
        load_model(tmp_path / "m.skops")


def test_an_array_in_a_model_that_claims_more_than_it_holds_is_refused(tmp_path, model):
    import hashlib

    save_model(model, tmp_path / "m.skops")
    with zipfile.ZipFile(tmp_path / "m.skops") as source:
        members = {name: source.read(name) for name in source.namelist()}
    name = next(name for name in members if name.endswith(".npy"))
    members[name] = npy("(1000000000000,)")
    manifest = json.loads(members["manifest.json"])
    manifest["sha256"][name] = hashlib.sha256(members[name]).hexdigest()
    archive(tmp_path / "b.skops", members | {"manifest.json": json.dumps(manifest)})
    with pytest.raises(ModelRefused, match="not as long as its header says"):
        load_model(tmp_path / "b.skops")


def test_a_held_file_is_not_needed_for_an_array():
    held = io.BytesIO()
    np.save(held, np.arange(4.0))
    assert array_of("x", "a", held.getvalue()).tolist() == [0, 1, 2, 3]  # type: ignore[arg-type]
