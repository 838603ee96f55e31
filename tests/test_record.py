from __future__ import annotations

import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.files import require_writable, sha256, write_csv, written_whole
from napari_tbcad.record import Edit, Parameters, Record, Step, field


class Blur(Parameters):
    width: float = field(1.5, title="Width", unit="px", ge=0, description="Of the kernel.")


def test_a_record_comes_back_the_same(tmp_path):
    record = (
        Record() + Step("blur", Blur(width=2), "model x", {"score": 0.5}) + Edit("sensitive", 12, 1.0, 0.9)
    )
    record.save(tmp_path / "r.json")
    assert Record.load(tmp_path / "r.json") == record
    assert record.entries[0].parameters == {"width": 2.0}


def test_an_edit_says_who_and_with_what_and_an_old_one_still_loads():
    edit = Edit("sensitive", 3, tool="mirror", reader="A")
    assert Record.from_json((Record() + edit).to_json()).entries == (edit,)
    old = '{"record_version": 1, "entries": [{"target": "sensitive", "pixels": 12, "when": "2026"}]}'
    assert Record.from_json(old).entries == (Edit("sensitive", 12, when="2026", tool="brush", reader=""),)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"record_version": 1, "entries": [{"x": 1}]}', "\x00"])
def test_what_is_no_record_is_refused(tmp_path, text):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(BadInput, match=r"r\.json"):
        Record.load(tmp_path / "r.json")


def test_a_newer_record_is_refused():
    with pytest.raises(BadInput, match="newer"):
        Record.from_json('{"record_version": 99, "entries": []}')


def test_parameters_are_frozen_checked_and_closed():
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        Blur(width=-1)
    with pytest.raises(ValueError, match="Extra inputs"):
        Blur(depth=1)
    with pytest.raises(ValueError, match="frozen"):
        Blur().width = 2
    assert Blur.model_json_schema()["properties"]["width"]["unit"] == "px"


def test_a_text_field_takes_a_number():
    class Point(Parameters):
        name: str = field("0.5", title="Point", description="A number or a word.")

    assert Point(name=0.7).name == "0.7"


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    file = tmp_path / "f.txt"
    file.write_text("old")
    with pytest.raises(OSError, match="full"), written_whole(file) as temporary:
        temporary.write_text("half of the new")
        raise OSError("disk full")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_written_file_is_readable_by_others(tmp_path):
    with written_whole(tmp_path / "new" / "f.txt") as temporary:
        temporary.write_text("x")
    assert (tmp_path / "new" / "f.txt").stat().st_mode & 0o444 == 0o444


def test_hash_of_a_known_file(tmp_path):
    (tmp_path / "f").write_bytes(b"abc")
    assert sha256(tmp_path / "f").startswith("ba7816bf8f01cfea")


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "f").write_bytes(b"")
    with pytest.raises(BadInput, match=r"is a file, not a folder \(.*f\)"):
        require_writable(tmp_path / "f")


def test_csv_cells(tmp_path):
    write_csv(tmp_path / "t.csv", ("a", "b"), [{"a": 0.1 + 0.2, "b": None}, {"a": float("nan"), "b": "ü,"}])
    assert (tmp_path / "t.csv").read_bytes().decode("utf-8-sig").split() == ["a,b", "0.3,", ',"ü,"']
