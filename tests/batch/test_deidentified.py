"""Copies of pictures without identity: what is read of the copy is what is read of the picture."""

from __future__ import annotations

import csv
import errno
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

import napari_tbcad
from napari_tbcad import files
from napari_tbcad.batch.deidentified import DRAWN, deidentify_files
from napari_tbcad.batch.deidentified_key import Key
from napari_tbcad.batch.deidentified_words import own_names
from napari_tbcad.errors import BadInput
from napari_tbcad.files import UNFINISHED
from napari_tbcad.io.clinic.deidentify import Deidentification
from napari_tbcad.io.read import read_film

NAMED = re.compile(r"\b(?:Step|step)\(\s*\"((?:read|take) [a-z ]+)\"")
RAMP = np.tile(np.arange(3, 243, dtype=np.uint8), (160, 1))


def test_the_names_of_all_steps_that_took_an_image_are_the_programs_own():
    sources = Path(napari_tbcad.__file__).parent.rglob("*.py")
    assert {name for path in sources for name in NAMED.findall(path.read_text("utf-8"))} <= own_names()


def copied(path: Path):
    (done,) = deidentify_files([path], path.parent / "out", Deidentification())
    return done


@pytest.mark.parametrize("array", [RAMP, RAMP.astype(np.uint16) * 257, RAMP > 90], ids=("8", "16", "1"))
def test_a_tiff_of_which_0_is_white_keeps_its_polarity(array, tmp_path):
    tifffile.imwrite(tmp_path / "doe.tif", array, photometric="miniswhite")
    (copy,) = copied(tmp_path / "doe.tif").exported.paths
    np.testing.assert_array_equal(read_film(copy).pixels, read_film(tmp_path / "doe.tif").pixels)
    assert read_film(copy).pixels[0, 0] > read_film(copy).pixels[0, -1]


@pytest.mark.parametrize(("dpi", "kept"), [((25.4, 12.7), True), ((96, 96), False), ((2540, 2540), False)])
def test_a_resolution_that_can_be_the_films_stays(dpi, kept, tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "doe.tif", dpi=dpi)
    (copy,) = copied(tmp_path / "doe.tif").exported.paths
    spacing = read_film(tmp_path / "doe.tif").spacing_mm
    assert read_film(copy).spacing_mm == (pytest.approx(spacing, rel=1e-3) if kept else None)
    assert ("dpi" in Image.open(copy).info) == kept


def test_a_thumbnail_that_is_left_out_is_told_and_a_second_view_refused(tmp_path):
    path = tmp_path / "doe.tif"
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(RAMP[::4, ::4])
        tiff.write(RAMP)
    done = copied(path)
    assert done.exported.notes[0] == DRAWN
    assert "2 pages; only one was read" in done.exported.notes[1]
    np.testing.assert_array_equal(read_film(done.exported.paths[0]).pixels, RAMP)
    tifffile.imwrite(path, np.stack([RAMP, RAMP + 1]), photometric="minisblack")
    (done.exported.paths[0]).unlink()
    assert "has 2 pages; save each" in copied(path).fault
    assert not list((tmp_path / "out").iterdir())


def test_two_commands_do_not_write_copies_with_one_key_at_once(tmp_path):
    films, out, key = tmp_path / "films", tmp_path / "out", tmp_path / "key.csv"
    films.mkdir()
    for name in "ab":
        Image.fromarray(RAMP).save(films / f"{name}.png")

    def command():
        return deidentify_files([films], out, Deidentification(), key=Key(key, out))

    first = command()
    next(first)
    with pytest.raises(BadInput, match="another command is writing copies there"):
        next(command())
    first.close()  # as Ctrl+C does
    assert [done.exported.name for done in command()] == ["0002.png"]
    assert sorted(path.name for path in out.iterdir()) == ["0001.png", "0002.png"]


@pytest.fixture
def two(tmp_path):
    """Two pictures, a command that copies them with a key, and one that reads the key and the copies."""
    films, out, key = tmp_path / "films", tmp_path / "out", tmp_path / "key.csv"
    films.mkdir()
    for name, value in (("alice", 90), ("bert", 200)):
        Image.fromarray(np.full((16, 16), value, np.uint8)).save(films / f"{name}.png")

    def command():
        return [
            done.exported.name if done.exported else done.fault
            for done in deidentify_files([films], out, Deidentification(), key=Key(key, out))
        ]

    def told():
        with key.open(encoding="utf-8-sig", newline="") as table:
            rows = [(Path(row["file"]).stem, row["deidentified"]) for row in csv.DictReader(table)]
        there = {path.name: np.asarray(Image.open(path))[0, 0] for path in out.iterdir()}
        return rows, there

    return command, told, key


def test_a_number_whose_copy_failed_is_never_that_of_another_file(two, monkeypatch):
    command, told, _ = two
    real, full = files._reach_disk, [True]

    def reach(path):
        if full and path.suffix == ".png":
            full.pop()
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path)

    monkeypatch.setattr(files, "_reach_disk", reach)
    assert command() == ["cannot be written (No space left on device)", "0002.png"]
    assert told() == ([("bert", "0002.png")], {"0002.png": 200})


class Killed(BaseException):
    """As by kill -9."""


def test_a_number_that_was_noted_before_a_kill_stays_that_of_its_file(two, monkeypatch):
    command, told, _ = two
    real = files._reach_disk

    def killed(path):
        if path.suffix == ".png":
            raise Killed
        real(path)

    monkeypatch.setattr(files, "_reach_disk", killed)
    with pytest.raises(Killed):
        command()
    assert told() == ([("alice", "0001.png")], {})
    monkeypatch.undo()
    assert command() == ["0001.png", "0002.png"]
    assert told() == ([("alice", "0001.png"), ("bert", "0002.png")], {"0001.png": 90, "0002.png": 200})


def test_a_name_that_a_table_has_for_two_files_is_that_of_the_last(two, monkeypatch):
    command, told, key = two
    monkeypatch.setattr(Key, "finish", lambda self: None)  # stopped at the end: the secret is there
    command()
    rows = key.read_text(encoding="utf-8-sig").replace("0002.png", "0001.png")
    key.write_text(rows, encoding="utf-8-sig")  # as an earlier version wrote it where the first copy failed
    out = key.parent / "out"
    (out / "0002.png").replace(out / "0001.png")
    monkeypatch.undo()
    assert command() == ["0002.png"], "bert is kept, alice copied"
    assert told() == ([("bert", "0001.png"), ("alice", "0002.png")], {"0001.png": 200, "0002.png": 90})


def test_the_other_view_of_a_scan_does_not_get_a_name_that_is_noted_for_another_file(tmp_path):
    scans, key = tmp_path / "in", Key(tmp_path / "key.csv", tmp_path / "out")
    paths = [scans / name for name in ("a_ant.png", "a_post.png", "a_posterior.png")]
    key.start()
    key.note(paths[0], "0001_ant.png")
    key.note(paths[1], "0001_post.png")
    later = Key(tmp_path / "key.csv", tmp_path / "out")
    assert later.number_of([(paths[0], "_ant"), (paths[1], "_post")]) == "0001"
    assert later.number_of([(paths[0], "_ant"), (paths[2], "_post")]) == ""


def test_an_empty_folder_is_told_and_what_a_killed_command_left_half_written_goes(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "empty").mkdir()
    half = tmp_path / "out" / f"{UNFINISHED}12345678.png"
    half.write_bytes(b"half of somebody")
    Image.fromarray(RAMP).save(tmp_path / "a.png")
    done = list(
        deidentify_files([tmp_path / "empty", tmp_path / "a.png"], tmp_path / "out", Deidentification())
    )
    assert [(one.fault, one.exported is not None) for one in done] == [("no file in it", False), ("", True)]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["0001.png"]
    with pytest.raises(BadInput, match="no file in it"):
        list(deidentify_files([tmp_path / "empty"], tmp_path / "other", Deidentification()))
