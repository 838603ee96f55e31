"""Copies of pictures without identity: what is read of the copy is what is read of the picture."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

import napari_tbcad
from napari_tbcad.batch.deidentified import DRAWN, deidentify_files
from napari_tbcad.batch.deidentified_key import Key
from napari_tbcad.batch.deidentified_words import own_names
from napari_tbcad.errors import BadInput
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
