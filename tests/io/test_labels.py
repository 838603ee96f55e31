from __future__ import annotations

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from napari_tbcad.errors import BadInput
from napari_tbcad.io.labels import read_labels, write_labels


@given(
    st.sampled_from([".png", ".tif", ".tiff"]), st.sampled_from([1, 12, 255, 256, 65535]), st.integers(0, 99)
)
def test_what_is_written_is_read(tmp_path_factory, suffix, most, seed):
    labels = np.random.default_rng(seed).integers(0, most + 1, (5, 7))
    labels[0, 0] = most
    path = tmp_path_factory.mktemp("labels") / f"a{suffix}"
    write_labels(path, labels)
    found = read_labels(path, (5, 7))
    assert found.dtype == (np.uint8 if most <= 255 else np.uint16)
    assert (found == labels).all()


def test_depth_can_be_said(tmp_path):
    write_labels(tmp_path / "a.png", np.ones((2, 2), bool), bits=16)
    with Image.open(tmp_path / "a.png") as image:
        assert "16" in image.mode
    with pytest.raises(BadInput, match="8 bits"):
        write_labels(tmp_path / "b.png", np.full((2, 2), 256), bits=8)
    assert not (tmp_path / "b.png").exists()


@pytest.mark.parametrize(
    "labels",
    [
        np.zeros((2, 2, 3), int),
        np.zeros((0, 2), int),
        np.full((2, 2), -1),
        np.full((2, 2), 0.5),
        np.full((2, 2), 65536),
    ],
)
def test_what_is_no_label_image_is_not_written(tmp_path, labels):
    with pytest.raises(BadInput, match="whole numbers"):
        write_labels(tmp_path / "a.png", labels)
    assert not list(tmp_path.iterdir())


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(BadInput, match=r"\.png"):
        write_labels(tmp_path / "a.jpg", np.zeros((2, 2), int))


def test_errors_name_the_file(tmp_path):
    path = tmp_path / "scan_anterior_regions.png"
    write_labels(path, np.full((4, 3), 13))
    with pytest.raises(BadInput, match=r"scan_anterior_regions\.png: .*4 × 3 .* 3 × 4"):
        read_labels(path, (3, 4))
    with pytest.raises(BadInput, match="0 to 12"):
        read_labels(path, most=12)
    with pytest.raises(BadInput, match="no such"):
        read_labels(tmp_path / "none.png")
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (4, 3, 3), np.uint8)).save(path)
    with pytest.raises(BadInput, match="colour"):
        read_labels(path)


def test_floating_point_labels_must_be_whole(tmp_path):
    Image.fromarray(np.array([[0.0, 2.0]], np.float32)).save(tmp_path / "a.tif")
    assert read_labels(tmp_path / "a.tif").tolist() == [[0, 2]]
    for bad in (0.5, np.nan):
        Image.fromarray(np.array([[0.0, bad]], np.float32)).save(tmp_path / "b.tif")
        with pytest.raises(BadInput, match="whole numbers"):
            read_labels(tmp_path / "b.tif")


def test_a_stack_of_label_images_is_refused(tmp_path):
    path = tmp_path / "x.tif"
    tifffile.imwrite(path, np.zeros((2, 4, 5), np.uint8), photometric="minisblack")
    with pytest.raises(BadInput, match="2 pages"):
        read_labels(path)
