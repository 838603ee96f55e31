"""Bone scans as plain pictures: grey or not, dark or light, one body or two, and what is none."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from napari_tbcad.errors import BadInput
from napari_tbcad.io.scans import read_study


def body(seed: int = 0) -> np.ndarray:
    """A head, a trunk and two legs with noise, 160×48."""
    expected = np.zeros((160, 48))
    expected[4:24, 18:30] = 90
    expected[28:80, 8:40] = 70
    expected[80:152, 11:20] = expected[80:152, 28:37] = 50
    return np.random.default_rng(seed).poisson(expected).astype(np.uint8)


def saved(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(path)
    return path


def test_a_grey_picture_is_read_as_it_is(tmp_path):
    study = read_study(saved(tmp_path / "a.png", body()))
    assert np.array_equal(study.frames[0].pixels, body())
    assert (study.unit, study.spacing_mm, study.warnings) == ("grey", None, ())


def test_grey_saved_as_colour_is_grey(tmp_path):
    study = read_study(saved(tmp_path / "a.png", np.repeat(body()[..., None], 3, axis=2)))
    assert np.array_equal(study.frames[0].pixels, body())


def test_a_screenshot_in_colour_is_refused_saying_what_to_export(tmp_path):
    colour = np.repeat(body()[..., None], 3, axis=2)
    colour[100:110, 2:40] = (200, 30, 30)
    with pytest.raises(BadInput, match=r"colour picture.*DICOM NM"):
        read_study(saved(tmp_path / "a.png", colour))


def test_dark_on_light_is_turned_round(tmp_path):
    study = read_study(saved(tmp_path / "a.png", 255 - body()))
    assert np.array_equal(study.frames[0].pixels, body())
    assert "turned round" in study.warnings[0]


@pytest.mark.parametrize("gap", [0, 10])
def test_two_bodies_side_by_side_are_parted(tmp_path, gap):
    left, right = body(1), body(2)
    picture = np.hstack([left, np.zeros((160, gap), np.uint8), right])
    study = read_study(saved(tmp_path / "a.png", picture))
    assert [frame.facts.half for frame in study.frames] == ["left", "right"]
    assert [int(f.pixels.sum()) for f in study.frames] == [left.sum(), right.sum()]
    assert "side by side" in study.warnings[0]


def test_bodies_parted_off_the_centre_are_of_one_size(tmp_path):
    left, right = body(1), body(2)
    picture = np.hstack([np.zeros((160, 16), np.uint8), left, right])
    study = read_study(saved(tmp_path / "a.png", picture))
    assert [int(f.pixels.sum()) for f in study.frames] == [left.sum(), right.sum()]


def test_four_bodies_and_two_unlike_ones_are_refused(tmp_path):
    with pytest.raises(BadInput, match="4 bodies"):
        read_study(saved(tmp_path / "a.png", np.hstack([body(i) for i in range(4)])))
    with pytest.raises(BadInput, match="not two views of one"):
        read_study(saved(tmp_path / "b.png", np.hstack([body(), body()[::-1]])))


def test_shapes_that_are_no_whole_body_are_refused(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    with pytest.raises(BadInput, match="64 × 64"):
        read_study(saved(tmp_path / "a.png", noise))
    with pytest.raises(BadInput, match="all pixels are equal"):
        read_study(saved(tmp_path / "b.png", np.full((96, 32), 7, np.uint8)))


def test_masks_are_no_scans(tmp_path):
    labels = np.zeros((96, 32), np.uint8)
    labels[10:40, 5:20], labels[50:70, 5:20] = 3, 12
    with pytest.raises(BadInput, match="mask or label"):
        read_study(saved(tmp_path / "a.png", labels))


def test_text_in_the_picture_is_told(tmp_path):
    picture = Image.fromarray(np.kron(body(), np.ones((4, 4), np.uint8)))
    ImageDraw.Draw(picture).text((4, 620), "ANTERIOR RIGHT", fill=255)
    picture.save(tmp_path / "a.png")
    assert "text" in read_study(tmp_path / "a.png").warnings[0]


def test_two_pictures_of_different_size_are_refused(tmp_path):
    with pytest.raises(BadInput, match="differ in size"):
        read_study([saved(tmp_path / "a.png", body()), saved(tmp_path / "b.png", body()[:120])])


def test_what_is_no_image_is_told(tmp_path):
    (tmp_path / "a.png").write_bytes(b"nonsense" * 40)
    with pytest.raises(BadInput, match="not an image"):
        read_study(tmp_path / "a.png")


def pages(path: Path, *pictures: np.ndarray, **options: str) -> Path:
    first, *others = (Image.fromarray(picture) for picture in pictures)
    first.save(path, save_all=True, append_images=others, **options)
    return path


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}])
def test_two_pages_of_one_size_are_two_views(tmp_path, options):
    study = read_study(pages(tmp_path / "a.tif", body(1), body(2), **options))
    assert [int(frame.pixels.sum()) for frame in study.frames] == [body(1).sum(), body(2).sum()]
    assert [(frame.facts.frame, frame.facts.half) for frame in study.frames] == [(0, ""), (1, "")]
    assert study.warnings == ()


def test_whatever_byte_of_a_header_is_damaged_is_told(tmp_path):
    path = pages(tmp_path / "a.tif", body(), compression="tiff_lzw")
    whole = path.read_bytes()
    for at in (*range(10), *range(len(whole) - 160, len(whole), 2)):
        path.write_bytes(whole[:at] + b"\xee" + whole[at + 1 :])
        with contextlib.suppress(BadInput):
            read_study(path)


def test_a_thumbnail_beside_the_view_is_passed_over_and_a_third_page_refused(tmp_path):
    study = read_study(pages(tmp_path / "a.tif", body()[::4, ::4], body()))
    assert len(study.frames) == 1
    assert np.array_equal(study.frames[0].pixels, body())
    assert "2 pages" in study.warnings[0]
    with pytest.raises(BadInput, match="3 pages"):
        read_study(pages(tmp_path / "b.tif", body(), body(1), body(2)))
    both = np.hstack([body(1), body(2)])
    with pytest.raises(BadInput, match="4 bodies"):
        read_study(pages(tmp_path / "c.tif", both, both))


def test_views_of_different_size_are_told_by_file(tmp_path):
    files = [saved(tmp_path / "b_ant.png", body()), saved(tmp_path / "b_post.png", body()[:120])]
    with pytest.raises(BadInput, match=r"b_ant\.png 48 × 160 and b_post\.png 48 × 120"):
        read_study(files)
