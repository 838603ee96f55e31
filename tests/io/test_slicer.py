"""Masks for 3D Slicer, checked with Slicer's own Python reader and with ITK, which reads films in Slicer."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from napari_tbcad.errors import BadInput
from napari_tbcad.io.masks import find_mask, read_mask
from napari_tbcad.io.read import read_film
from napari_tbcad.io.slicer import read_segmentation, write_segmentation
from napari_tbcad.simulate.samples import sample_path

slicerio = pytest.importorskip("slicerio")


@pytest.fixture
def labels() -> np.ndarray:
    labels = np.zeros((20, 30), np.uint8)
    labels[3:15, 2:9], labels[4:10, 15:25] = 1, 2
    return labels


def test_slicers_reader_finds_both_lungs(labels, tmp_path):
    path = tmp_path / "mask.seg.nrrd"
    write_segmentation(path, labels, spacing_mm=(0.2, 0.1), source="film.png")
    found = slicerio.read_segmentation(str(path))
    assert found["voxels"].shape == (30, 20, 1)
    np.testing.assert_allclose(found["ijkToLPS"], np.diag([0.1, 0.2, 1, 1]))
    assert found["masterRepresentation"] == "Binary labelmap"
    assert found["containedRepresentationNames"] == ["Binary labelmap"]
    for value, side, code in ((1, "right", "24028007"), (2, "left", "7771000")):
        segment = slicerio.segment_from_name(found, f"{side} lung")
        assert segment["id"] == f"{side}_lung"
        assert segment["extent"] == [0, 29, 0, 19, 0, 0]
        assert segment["terminology"]["type"][:2] == ["SCT", "39607008"]
        assert segment["terminology"]["typeModifier"][:2] == ["SCT", code]
        np.testing.assert_array_equal(slicerio.segment_mask(found, segment)[..., 0].T, labels == value)
    assert slicerio.segment_from_name(found, "right lung")["color"] == pytest.approx(
        [86 / 255, 180 / 255, 233 / 255], abs=1e-6
    )


def test_it_comes_back_pixel_for_pixel(labels, tmp_path):
    path = tmp_path / "mask.seg.nrrd"
    write_segmentation(path, labels, spacing_mm=(0.2, 0.1), source="a film | of\nmine")
    again, facts = read_segmentation(path, labels.shape)
    np.testing.assert_array_equal(again, labels)
    assert again.dtype == np.uint8
    assert facts == {
        "spacing_mm": (0.2, 0.1),
        "source": "a film / of mine",
        "names": {1: "right lung", 2: "left lung"},
    }


def test_an_unknown_spacing_stays_unknown(labels, tmp_path):
    path = tmp_path / "mask.seg.nrrd"
    write_segmentation(path, labels)
    assert sitk.ReadImage(str(path)).GetSpacing() == (1, 1, 1)
    assert read_segmentation(path)[1]["spacing_mm"] is None


@pytest.mark.parametrize("kind", ["png", "tif", "dcm"])
def test_it_lies_on_the_film_that_slicer_opened(labels, tmp_path, kind):
    if kind == "dcm":
        film_file = sample_path("normal_cr")
        labels = np.pad(labels, ((0, 492), (0, 482)))
    else:
        film_file = tmp_path / f"film.{kind}"
        Image.fromarray(labels * 90).save(film_file, dpi=(254, 127))
    film = read_film(film_file)
    path = tmp_path / "mask.seg.nrrd"
    write_segmentation(path, labels, spacing_mm=film.spacing_mm, film_file=film_file)
    seen, mask = sitk.ReadImage(str(film_file)), sitk.ReadImage(str(path))
    last = [n - 1 for n in seen.GetSize()]
    for index in ([0] * len(last), last):
        place = seen.TransformIndexToPhysicalPoint(index)
        over = mask.TransformIndexToPhysicalPoint([*index, 0][:3])
        np.testing.assert_allclose(over[: len(place)], place)
    assert read_segmentation(path)[1]["spacing_mm"] == film.spacing_mm


def test_another_films_file_is_not_taken_for_its_own(labels, tmp_path):
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(tmp_path / "film.tif", dpi=(254, 127))
    (tmp_path / "film.txt").write_text("no film")
    for name in ("film.tif", "film.txt", "gone.png"):
        write_segmentation(tmp_path / "m.seg.nrrd", labels, spacing_mm=(2, 3), film_file=tmp_path / name)
        assert sitk.ReadImage(str(tmp_path / "m.seg.nrrd")).GetSpacing() == (3, 2, 1)


def test_what_cannot_be_a_mask_is_not_written(labels, tmp_path):
    path = tmp_path / "mask.seg.nrrd"
    for bad in (labels + 2, labels[None], labels.astype(float), labels[:0]):
        with pytest.raises(BadInput, match="mask"):
            write_segmentation(path, bad)
    with pytest.raises(BadInput, match="spacing"):
        write_segmentation(path, labels, spacing_mm=(0, 1))
    assert list(tmp_path.iterdir()) == []


def saved_by_slicer(path, parts, *, shape=(20, 30), extra=None):
    """Write segments (name, mask, more fields) as Slicer does: numbered anew, overlapping ones in layers."""
    segmentation = slicerio.create_segmentation((*shape[::-1], 1), np.eye(4))
    for name, mask, more in parts:
        slicerio.add_segment(segmentation, mask.T[..., None], {"name": name, **more})
    segmentation |= extra or {}
    slicerio.write_segmentation(str(path), segmentation)


def test_the_side_comes_from_the_segment_not_from_its_number(labels, tmp_path):
    path = tmp_path / "mask.seg.nrrd"
    right = {
        "terminology": {
            "category": ["SCT", "123037004", "a"],
            "type": ["SCT", "39607008", "Lung"],
            "typeModifier": ["SCT", "24028007", "Right"],
        }
    }
    saved_by_slicer(
        path, [("Lung, left", labels == 2, {}), ("mine", labels == 1, right), ("heart", labels == 7, {})]
    )
    np.testing.assert_array_equal(read_segmentation(path)[0], labels)


def test_lobes_are_joined_even_from_several_layers(labels, tmp_path):
    path = tmp_path / "mask.seg.nrrd"
    upper = (labels == 1) & (np.arange(20) < 9)[:, None]
    whole = labels == 1
    saved_by_slicer(
        path,
        [("lung_upper_lobe_right", upper, {}), ("right lung", whole, {}), ("left lung", labels == 2, {})],
    )
    assert slicerio.read_segmentation(str(path))["voxels"].ndim == 4
    np.testing.assert_array_equal(read_segmentation(path)[0], labels)


def test_what_slicer_cropped_is_put_back(labels, tmp_path):
    path = tmp_path / "mask.seg.nrrd"
    crop = labels[3:15, 2:25]
    parts = [("right lung", crop == 1, {}), ("left lung", crop == 2, {})]
    saved_by_slicer(path, parts, shape=crop.shape, extra={"referenceImageExtentOffset": [2, 3, 0]})
    np.testing.assert_array_equal(read_segmentation(path, (20, 30))[0], labels)
    with pytest.raises(BadInput, match="cropped"):
        read_segmentation(path)
    with pytest.raises(BadInput, match="another film"):
        read_segmentation(path, (14, 30))
    geometry = "1;0;0;0;0;1;0;0;0;0;1;0;0;0;0;1;0;29;0;19;0;0;"
    noted = [{"name": "Reference image geometry", "value": geometry, "description": ""}]
    extra = {"referenceImageExtentOffset": [2, 3, 0], "conversionParameters": noted}
    saved_by_slicer(path, parts, shape=crop.shape, extra=extra)
    np.testing.assert_array_equal(read_segmentation(path)[0], labels)


def refused(path, says, shape=None):
    with pytest.raises(BadInput, match=says) as error:
        read_segmentation(path, shape)
    assert path.name in str(error.value)


def test_refusals(labels, tmp_path):
    path = tmp_path / "mask.seg.nrrd"
    refused(path, "no such")
    write_segmentation(path, labels)
    refused(path, "20 × 30.*40 × 30", (40, 30))
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    refused(path, "damaged")
    path.write_bytes(b"no nrrd at all")
    refused(path, "damaged")
    saved_by_slicer(path, [("right lung", labels == 1, {}), ("left lung", labels > 0, {})])
    refused(path, "overlap in 84 pixels")
    saved_by_slicer(path, [("Segment_1", labels == 1, {})])
    refused(path, "Segment_1.*no lung")
    saved_by_slicer(path, [("right lung", labels == 1, {})])
    segmentation = slicerio.read_segmentation(str(path))
    segmentation["voxels"][0, 0, 0] = 9
    slicerio.write_segmentation(str(path), segmentation)
    refused(path, "none of its segments")
    image = sitk.GetImageFromArray(np.stack([labels, labels]))
    sitk.WriteImage(image, str(path))
    refused(path, "one slice")
    image = sitk.GetImageFromArray(labels[None])
    image.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    sitk.WriteImage(image, str(path))
    refused(path, "turned")
    sitk.WriteImage(sitk.GetImageFromArray(labels[None] + 3), str(path))
    refused(path, "1 .right lung. and 2 .left lung., this has 3")


def test_a_huge_size_is_refused_before_any_pixel_is_read(tmp_path):
    path = tmp_path / "bomb.seg.nrrd"
    head = "NRRD0004\ntype: unsigned char\ndimension: 3\nsizes: 400000 400000 1\nencoding: gzip\n\n"
    path.write_bytes(head.encode() + gzip.compress(bytes(1000)))
    refused(path, "400000 × 400000 pixels, more than")


def test_given_masks_may_be_segmentations(labels, tmp_path):
    path = tmp_path / "film_sensitive.seg.nrrd"
    write_segmentation(path, labels)
    assert find_mask(tmp_path, "film", "sensitive") == path
    np.testing.assert_array_equal(read_mask(path, labels.shape), labels)
    with pytest.raises(BadInput, match="20 × 30"):
        read_mask(path, (3, 3))
    write_segmentation(path, np.zeros_like(labels))
    with pytest.raises(BadInput, match="no lung"):
        read_mask(path)
