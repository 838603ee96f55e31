from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from napari_tbcad.chest.lungs import fields
from napari_tbcad.errors import BadInput
from napari_tbcad.io import masks
from napari_tbcad.io.masks import find_mask, read_mask, tell_sides, write_mask

LABELS = np.zeros((40, 60), np.uint8)
LABELS[5:35, 5:25] = 1
LABELS[8:35, 35:55] = 2


def saved(path, array):
    Image.fromarray(array).save(path)
    return path


def test_ids_are_those_of_the_lungs_room():
    assert (masks.RIGHT, masks.LEFT) == (fields.RIGHT, fields.LEFT)


def test_written_mask_is_read_back_exactly(tmp_path):
    write_mask(tmp_path / "new" / "a.png", LABELS)
    assert np.array_equal(read_mask(tmp_path / "new" / "a.png", LABELS.shape), LABELS)
    with Image.open(tmp_path / "new" / "a.png") as image:
        assert image.mode == "L"


def test_failed_write_leaves_the_old_mask_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    write_mask(path, LABELS)
    before = path.read_bytes()

    def full(self, target, **options):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OSError, match="No space left"):
        write_mask(path, np.zeros_like(LABELS))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("bad", [LABELS + 1, LABELS[0], LABELS * 0.5])
def test_what_is_no_mask_is_not_written(tmp_path, bad):
    with pytest.raises(BadInput):
        write_mask(tmp_path / "a.png", bad)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("scale", [1, 255])
def test_binary_mask_is_told_apart_by_side(tmp_path, scale):
    path = saved(tmp_path / "a.png", ((LABELS > 0) * scale).astype(np.uint8))
    assert np.array_equal(read_mask(path, LABELS.shape), LABELS)


def test_one_bit_and_sixteen_bit_masks_are_read(tmp_path):
    assert np.array_equal(read_mask(saved(tmp_path / "a.png", LABELS > 0)), LABELS)
    assert np.array_equal(read_mask(saved(tmp_path / "b.tif", LABELS.astype(np.uint16))), LABELS)


def test_binary_mask_with_soft_borders_is_read(tmp_path):
    soft = (LABELS > 0).astype(np.uint8) * 255
    soft[5, 5:25:4], soft[8, 36:50:5] = 90, 200
    got = read_mask(saved(tmp_path / "a.png", soft))
    assert (got != LABELS).sum() <= 10
    assert set(np.unique(got)) == {0, 1, 2}


def test_touching_lungs_are_cut_at_the_narrowest_place():
    joined = LABELS > 0
    joined[20:22, 25:35] = True
    got = tell_sides(joined)
    assert np.array_equal(got > 0, joined)
    assert np.array_equal(got[:, :25], LABELS[:, :25])
    assert np.array_equal(got[:, 35:], LABELS[:, 35:])


def test_small_specks_go_to_the_nearer_lung():
    specked = LABELS > 0
    specked[2, 50] = True
    assert tell_sides(specked)[2, 50] == 2


@pytest.mark.parametrize("side", [1, 2])
def test_one_lung_is_accepted(tmp_path, side):
    one = np.where(side == LABELS, side, 0).astype(np.uint8)
    assert np.array_equal(read_mask(saved(tmp_path / "a.png", one), one.shape), one)
    binary = ((one > 0) * 255).astype(np.uint8)
    assert np.array_equal(read_mask(saved(tmp_path / "b.png", binary), one.shape), one)


def test_another_size_is_refused_naming_both(tmp_path):
    path = saved(tmp_path / "a.png", LABELS)
    with pytest.raises(BadInput, match=r"a\.png.*40 × 60.*80 × 120"):
        read_mask(path, (80, 120))


def test_mask_without_a_lung_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no lung"):
        read_mask(saved(tmp_path / "a.png", LABELS * 0), LABELS.shape)


@pytest.mark.parametrize("bad", [LABELS * 2, LABELS + 3, LABELS + 1, (LABELS > 1) * np.uint8(7)])
def test_labels_beyond_two_are_refused(tmp_path, bad):
    with pytest.raises(BadInput, match="mask labels are 0, 1"):
        read_mask(saved(tmp_path / "a.png", bad), LABELS.shape)


def test_picture_is_not_a_mask(tmp_path):
    picture = np.tile(np.arange(60, dtype=np.uint8) * 4, (40, 1))
    with pytest.raises(BadInput, match="mask labels"):
        read_mask(saved(tmp_path / "a.png", picture))
    colour = np.zeros((40, 60, 3), np.uint8)
    colour[..., 0] = LABELS
    with pytest.raises(BadInput, match="colour"):
        read_mask(saved(tmp_path / "b.png", colour))


def test_missing_and_broken_masks_are_refused(tmp_path):
    with pytest.raises(BadInput, match="no such"):
        read_mask(tmp_path / "absent.png")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(BadInput, match=r"a\.png"):
        read_mask(tmp_path / "a.png")


def test_each_kind_is_found_on_its_own(tmp_path):
    write_mask(tmp_path / "x__a_sensitive.png", LABELS)
    assert find_mask(tmp_path, "x__a", "sensitive") == tmp_path / "x__a_sensitive.png"
    assert find_mask(tmp_path, "x__a", "insensitive") is None
