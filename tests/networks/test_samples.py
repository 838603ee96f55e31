"""Images with label images: found, checked, decoded once."""

from __future__ import annotations

from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.networks.config import DataSource
from napari_tbcad.networks.input import InputParameters, labels_to_input, to_input
from napari_tbcad.networks.samples import decode, load_samples
from napari_tbcad.schemes import IGNORE, LUNGS

GRID = InputParameters(height=32, width=64)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three films of 40 × 50 pixels with label images, and the same lungs as two binary masks."""
    rng = np.random.default_rng(0)
    labels = np.zeros((40, 50), np.uint8)
    labels[10:30, 5:20], labels[10:30, 30:45] = 1, 2
    for part in ("images", "labels", "right", "left"):
        (tmp_path / part).mkdir()
    for name in "abc":
        iio.imwrite(tmp_path / "images" / f"{name}.png", rng.integers(0, 255, (40, 50), dtype=np.uint8))
        iio.imwrite(tmp_path / "labels" / f"{name}.png", labels)
        iio.imwrite(tmp_path / "right" / f"{name}.png", np.uint8(labels == 1) * 255)
        iio.imwrite(tmp_path / "left" / f"{name}.png", np.uint8(labels == 2) * 255)
    rows = ["image,patient,source,fold,ok", "a.png,p,one,0,1", "b.png,p,two,1,1", "c.png,q,two,1,0"]
    (tmp_path / "films.csv").write_text("\n".join(rows), encoding="utf-8")
    return tmp_path


def test_without_a_table_every_image_is_its_own_patient(folder):
    samples = load_samples(DataSource(name="mine", folder=folder), LUNGS)
    assert [(s.name, s.patient, s.source) for s in samples] == [(f"{n}.png", n, "mine") for n in "abc"]
    pixels, labels = samples[0].read()
    assert pixels.shape == labels.shape == (40, 50)
    assert set(np.unique(labels)) == {0, 1, 2}


def test_a_table_says_who_and_which_and_may_name_collections(folder):
    source = DataSource(folder=folder, table="films.csv", where={"ok": "1"}, grouped="source")
    samples = load_samples(source, LUNGS)
    assert [(s.name, s.patient, s.source, s.fold) for s in samples] == [
        ("a.png", "p", "one", 0),
        ("b.png", "p", "two", 1),
    ]
    with pytest.raises(BadInput, match="no column 'sex'"):
        load_samples(DataSource(folder=folder, table="films.csv", where={"sex": "F"}), LUNGS)


def test_binary_masks_by_folder_give_the_same_labels(folder):
    whole = load_samples(DataSource(folder=folder), LUNGS)[0]
    parts = load_samples(DataSource(folder=folder, labels={"right": 1, "left": 2}), LUNGS)[0]
    assert np.array_equal(whole.read()[1], parts.read()[1])


def test_values_are_translated_and_strangers_refused(folder):
    turned = load_samples(DataSource(folder=folder, values={1: 2, 2: IGNORE}), LUNGS)[0].read()[1]
    assert turned[15, 10] == 2
    assert turned[15, 35] == IGNORE
    with pytest.raises(BadInput, match=r"a\.png: label 7 is not of the scheme 'lungs'"):
        load_samples(DataSource(folder=folder, values={1: 7}), LUNGS)[0].read()


def test_sizes_that_differ_and_labels_that_are_missing_are_told(folder):
    iio.imwrite(folder / "labels" / "a.png", np.zeros((40, 51), np.uint8))
    with pytest.raises(BadInput, match=r"40 × 51.*has 40 × 50"):
        load_samples(DataSource(folder=folder), LUNGS)[0].read()
    (folder / "labels" / "b.png").unlink()
    with pytest.raises(BadInput, match=r"b\.png: has no label image"):
        load_samples(DataSource(folder=folder), LUNGS)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("image,fold\na.png,0.0", "fold '0.0' of a.png is not a whole number"),
        ("image,fold\na.png,0\n,1", "a row names no image"),
        ("image\nsite1/a.png\nsite2/a.png", "means it for site1/a.png and for site2/a.png"),
        ("image,label\na.png,a.png\nb.png,a.png", "means it for a.png and for b.png"),
    ],
)
def test_a_table_that_is_not_clear_is_refused(folder, rows, said):
    for site in ("site1", "site2"):
        (folder / site).mkdir()
        iio.imwrite(folder / site / "a.png", np.zeros((40, 50), np.uint8))
    (folder / "films.csv").write_text(rows, encoding="utf-8")
    with pytest.raises(BadInput, match=said):
        load_samples(DataSource(folder=folder, table="films.csv"), LUNGS)


def test_images_in_folders_of_their_own_keep_their_labels(folder):
    for part in ("images", "labels"):
        for value, site in enumerate(("site1", "site2"), start=1):
            (folder / part / site).mkdir()
            iio.imwrite(folder / part / site / "a.png", np.full((40, 50), value, np.uint8))
    (folder / "films.csv").write_text("image\nsite1/a.png\nsite2/a.png", encoding="utf-8")
    samples = load_samples(DataSource(folder=folder, table="films.csv"), LUNGS)
    assert [int(s.truth((40, 50)).max()) for s in samples] == [1, 2]
    assert [s.image.parent.name for s in samples] == ["site1", "site2"]


def test_a_mask_that_stands_for_no_class_is_refused(folder):
    with pytest.raises(BadInput, match=r"labels.left: 7 is not of the scheme 'lungs'"):
        load_samples(DataSource(folder=folder, labels={"right": 1, "left": 7}), LUNGS)
    for values in ({300: 1}, {-1: 1}, {1: 256}):
        with pytest.raises(ValueError, match="between 0 and 255"):
            DataSource(folder=folder, values=values)


def test_decoded_samples_are_kept_until_a_file_changes(folder):
    samples = load_samples(DataSource(folder=folder), LUNGS)
    first = decode(samples, GRID, cache=folder / "cache")
    assert first.images.shape == (3, 32, 64)
    assert len(list((folder / "cache").iterdir())) == 3
    kept = decode(samples, GRID, cache=folder / "cache")
    assert np.array_equal(first.images, kept.images)
    for path in (folder / "cache").iterdir():
        path.write_bytes(path.read_bytes()[:900])
    anew = decode(samples, GRID, cache=folder / "cache")
    assert np.array_equal(first.images, anew.images), "half a file is made anew"
    changed = np.zeros((40, 50), np.uint8)
    changed[:, :25] = 1
    iio.imwrite(folder / "labels" / "a.png", changed)
    again = decode(load_samples(DataSource(folder=folder), LUNGS), GRID, cache=folder / "cache")
    assert (again.labels[0] == 1).mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("fit", ["stretch", "pad", "native"])
def test_what_goes_in_comes_back_to_the_same_field_of_view(fit):
    pixels = np.tile(np.linspace(0, 1, 50, dtype=np.float32), (40, 1))
    parameters = InputParameters(height=64, width=64, fit=fit)
    given = to_input(pixels, parameters)
    inner = given.inner(given.pixels)
    assert given.pixels.shape == (64, 64)
    assert inner.shape == {"stretch": (64, 64), "pad": (51, 64), "native": (40, 50)}[fit]
    assert np.all(np.diff(inner[20]) >= 0)
    assert inner.min() == pytest.approx(-1, abs=0.1)
    assert inner.max() == pytest.approx(1, abs=0.1)
    labels = labels_to_input(np.ones((40, 50), np.uint8), parameters, IGNORE)
    assert (given.inner(labels) == 1).all()
    assert (labels == 1).sum() == inner.size


def test_a_flat_image_is_refused():
    with pytest.raises(BadInput, match="one single grey level"):
        to_input(np.full((40, 40), 7, np.float32), GRID)
