from __future__ import annotations

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from napari_tbcad.imaging.overlay import draw_outlines, write_signed
from napari_tbcad.notice import NOTICE
from napari_tbcad.schemes import LEFT, RIGHT


def test_outlines_are_drawn_and_the_rest_stays_grey():
    labels = np.zeros((40, 40), np.uint8)
    labels[5:30, 5:15], labels[5:30, 25:35] = RIGHT, LEFT
    picture = draw_outlines(np.full((40, 40), 100, np.uint8), labels)
    assert picture[5, 10].tolist() == [0x56, 0xB4, 0xE9]
    assert picture[29, 30].tolist() == [0xE6, 0x9F, 0x00]
    assert (picture[15, 10] == 100).all()
    assert (picture[0] == 100).all()


def test_a_dashed_outline_has_gaps_and_lies_below_the_solid_one():
    grey, one, two = np.full((40, 40), 100, np.uint8), np.zeros((40, 40), int), np.zeros((40, 40), int)
    one[5:35, 5:35], two[10:30, 10:30] = RIGHT, RIGHT
    picture = draw_outlines(grey, one, two, dash=3)
    row = (picture[10, 10:30] != 100).any(axis=1)
    assert row.any()
    assert not row.all()
    assert (picture[5, 5:35] != 100).any(axis=1).all()


@pytest.mark.parametrize("grey", [0, 255])
def test_a_written_picture_says_what_it_is_for(tmp_path, grey):
    picture = np.full((600, 500, 3), grey, np.uint8)
    write_signed(tmp_path / "a.png", picture)
    with Image.open(tmp_path / "a.png") as image:
        assert image.text["Disclaimer"] == NOTICE
    changed = np.nonzero((iio.imread(tmp_path / "a.png") != picture).any(axis=2))
    assert changed[0].size > 100, "the notice is to be seen on black and on white"
    assert changed[0].min() > 570, "on the lower edge, and nothing else is touched"
    assert changed[1].max() < 450, "whole"


def test_a_picture_without_room_says_it_in_the_file_only(tmp_path):
    picture = np.zeros((40, 60, 3), np.uint8)
    write_signed(tmp_path / "a.png", picture)
    np.testing.assert_array_equal(iio.imread(tmp_path / "a.png"), picture)
    with Image.open(tmp_path / "a.png") as image:
        assert image.text["Disclaimer"] == NOTICE
