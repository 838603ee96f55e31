"""Cases on disk: what goes in comes out, and what is no case is refused by name and cause."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_tbcad import archive
from napari_tbcad.archive import opened_archive, written_archive
from napari_tbcad.case import Case, ImageReference, Reading
from napari_tbcad.chain import content_key
from napari_tbcad.errors import BadInput
from napari_tbcad.record import Edit, Record, Step


def reading(reader="A", **changes):
    labels = {"hotspots": np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000}
    record = Record() + Step("find", {"size": 3}, "model x", {"score": 0.1}) + Edit("hotspots", 3, 1.0, 0.9)
    values = {"table": [1, 2.5, None, "é"], "odd": [float("inf"), float("-inf")]}
    whole = Reading(
        reader,
        "2026-11-22T02:00:00.000+00:00",
        "made",
        labels=labels,
        record=record,
        result={"index": 0.1 + 0.2},
        values=values,
        settings={"find": {"size": 3}},
        models={"network": {"sha256": "ab"}},
        warnings=("Look.",),
    )
    return replace(whole, **changes)


@pytest.fixture
def case(tmp_path):
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "one.dcm").write_bytes(b"scan")
    path = str(tmp_path / "scans" / "one.dcm")
    return Case(
        workflow="bone",
        images={"scan": ImageReference("one.dcm", path, sha256="00", content_key="11")},
        readings=(reading("A"), reading("B", verdict="changed")),
        labels={"classes": np.tile(np.uint8([[0, 1], [2, 3]]), (4, 5))},
        arrays={"soft": np.linspace(0, 1, 24, dtype=np.float32).reshape(2, 3, 4), "counts": np.arange(3)},
        tables={"hotspots": {"id": [1, 2], "class": ["abnormal", "a, b"], "area": [0.1, None]}},
        values={"note": {"shape": [3, 4]}},
    )


def everything(case):
    """Return all that a case says, for comparison."""
    return (
        content_key(case),
        [one.record for one in case.readings],
        [one.warnings for one in case.readings],
        [{n: a.dtype for n, a in {**one.labels, **one.automatic}.items()} for one in case.readings],
        {n: a.dtype for n, a in {**case.labels, **case.arrays}.items()},
    )


def test_a_case_comes_back_the_same_and_saves_the_same_bytes(case, tmp_path):
    case.save(tmp_path / "cases" / "one.tbcad")
    again = Case.load(tmp_path / "cases" / "one.tbcad")
    assert again.image.relative == "../scans/one.dcm"
    assert everything(replace(again, images=case.images)) == everything(case)
    again.save(tmp_path / "cases" / "two.tbcad")
    assert (tmp_path / "cases" / "two.tbcad").read_bytes() == (tmp_path / "cases" / "one.tbcad").read_bytes()


def test_the_head_has_readings_without_masks(case, tmp_path):
    case.save(tmp_path / "one.tbcad")
    head = Case.peek(tmp_path / "one.tbcad")
    assert [(one.reader, one.verdict) for one in head.readings] == [("A", "made"), ("B", "changed")]
    assert not any(one.labels or len(one.record) for one in head.readings)
    assert (head.workflow, head.saved, head.program) == ("bone", case.saved, case.program)
    assert head.image.places(tmp_path / "one.tbcad")[0].read_bytes() == b"scan"


def test_anybody_can_read_the_parts(case, tmp_path):
    from PIL import Image

    case.save(tmp_path / "one.tbcad")
    with zipfile.ZipFile(tmp_path / "one.tbcad") as parts:
        assert parts.testzip() is None
        assert json.loads(parts.read("case.json"))["readings"][0]["result"] == {"index": 0.1 + 0.2}
        image = np.asarray(Image.open(io.BytesIO(parts.read("readings/1/labels/hotspots.png"))))
        np.testing.assert_array_equal(image, case.readings[0].labels["hotspots"])
        np.testing.assert_array_equal(np.load(io.BytesIO(parts.read("arrays/soft.npy"))), case.arrays["soft"])
        assert parts.read("tables/hotspots.csv").decode("utf-8-sig").splitlines()[2] == '2,"a, b",'


def rewritten(path, **changes):
    """Write an archive anew with some members replaced (None: left out)."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    members |= {name.replace("|", "."): content for name, content in changes.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in members.items():
            if content is not None:
                new.writestr(name, content)


def head_with(path, **changes):
    with zipfile.ZipFile(path) as old:
        content = json.loads(old.read("case.json"))
    rewritten(path, **{"case.json": json.dumps(content | changes).encode()})


def damage(path, how):
    match how:
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("not a case")
        case "truncated":
            path.write_bytes(path.read_bytes()[:-300])
        case "flipped":
            content = bytearray(path.read_bytes())
            content[content.index(b"IDAT") + 10] ^= 255
            path.write_bytes(content)
        case "other zip":
            rewritten(path, **{"case.json": b'{"format": "other"}'})
        case "no head":
            rewritten(path, **{"case.json": None})
        case "mask missing":
            rewritten(path, **{"labels/classes.png": None})
        case "no image in it":
            head_with(path, images={})
        case "escape":
            head_with(path, labels=["../../etc/passwd"])
        case "newer":
            head_with(path, version=2)
        case "pickle":
            held = io.BytesIO()
            np.save(held, np.array([object()]), allow_pickle=True)
            rewritten(path, **{"arrays/soft.npy": held.getvalue()})
        case "huge array":
            held = io.BytesIO()
            np.lib.format.write_array_header_1_0(
                held, {"descr": "<f4", "fortran_order": False, "shape": (10**9, 100)}
            )
            rewritten(path, **{"arrays/soft.npy": held.getvalue()})
        case "colour mask":
            from PIL import Image

            held = io.BytesIO()
            Image.new("RGB", (4, 3)).save(held, "PNG")
            rewritten(path, **{"labels/classes.png": held.getvalue()})


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ("empty", "not a whole case"),
        ("text", "not a whole case"),
        ("truncated", "not a whole case"),
        ("flipped", "not a whole case"),
        ("other zip", "not a case of this program"),
        ("no head", "a part of it is missing"),
        ("mask missing", r"no labels/classes\.png"),
        ("no image in it", "images"),
        ("escape", "cannot name a part"),
        ("newer", "newer than this program"),
        ("pickle", r"not as long|no array"),
        ("huge array", "not as long as its header says"),
        ("colour mask", "no grey image"),
    ],
)
def test_what_is_no_whole_case_is_refused_by_cause(case, tmp_path, how, cause):
    path = tmp_path / "one.tbcad"
    case.save(path)
    damage(path, how)
    with pytest.raises(BadInput, match=cause) as caught:
        Case.load(path)
    assert "one.tbcad" in str(caught.value)


def test_a_missing_case_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"none\.tbcad: no such case"):
        Case.peek(tmp_path / "none.tbcad")


def test_bombs_are_refused_before_they_are_unpacked(case, tmp_path, monkeypatch):
    path = tmp_path / "one.tbcad"
    case.save(path)
    rewritten(path, **{"arrays/bomb.npy": bytes(2**25)})
    with pytest.raises(BadInput, match=r"bomb\.npy unpacks to 32 MiB: refused"):
        Case.peek(path)
    case.save(path)
    monkeypatch.setattr(archive, "MAX_BYTES", 1000)
    with pytest.raises(BadInput, match="unpacks to more than"):
        Case.load(path)
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    with pytest.raises(BadInput, match="more than 3"):
        Case.load(path)


def test_a_label_image_of_many_pixels_in_few_bytes_counts_with_its_pixels(case, tmp_path, monkeypatch):
    large = replace(case, labels={"classes": np.zeros((2000, 2000), np.uint8)})
    large.save(tmp_path / "one.tbcad")
    monkeypatch.setattr(archive, "MAX_BYTES", 2**20)
    with pytest.raises(BadInput, match="unpacks to more than 1 MiB"):
        Case.load(tmp_path / "one.tbcad")


def test_a_failed_save_leaves_the_old_case(case, tmp_path):
    path = tmp_path / "one.tbcad"
    case.save(path)
    before = path.read_bytes()
    with pytest.raises(BadInput, match="label image"):
        replace(case, labels={"soft": np.zeros((3, 3))}).save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["one.tbcad"]


def test_a_place_that_cannot_be_written_is_named(case, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BadInput, match="cannot be written"):
        case.save(tmp_path / "file" / "one.tbcad")


def test_the_documented_limits_are_those_of_the_code():
    said = (Path(__file__).parents[1] / "docs" / "case_format.md").read_text(encoding="utf-8")
    said = " ".join(said.split())
    for words in (
        f"more than {archive.MAX_MEMBERS} parts",
        f"more than {archive.MAX_MEMBER_BYTES // 2**30} GiB or {archive.MAX_BYTES // 2**30} GiB in all",
        f"above {archive.RATIO_FROM_BYTES // 2**20} MiB that is more than {archive.MAX_RATIO} times",
    ):
        assert words in said


def test_the_limit_that_was_asked_for_is_the_one_that_is_told(tmp_path):
    path = tmp_path / "m.zip"
    with written_archive(path) as archive:
        archive.text("a.txt", "a" * (3 * 2**20))
    with (
        pytest.raises(BadInput, match="unpacks to more than 2 MiB"),
        opened_archive(path, "model", most=2 * 2**20),
    ):
        pass
