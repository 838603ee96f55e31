"""The atlas segmenter on drawn chests, its file, and the packaged atlas."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from scipy import ndimage

from napari_tbcad.chest.lungs import atlas as atlas_module
from napari_tbcad.chest.lungs import atlas_synthetic
from napari_tbcad.chest.lungs.atlas import (
    AtlasParameters,
    atlas,
    build_atlas,
    load_atlas,
    packaged_atlas,
    save_atlas,
)
from napari_tbcad.chest.lungs.atlas_library import landmarks, pack, standardise, unpack
from napari_tbcad.chest.lungs.atlas_synthetic import build_packaged_atlas, draw_shapes, fill_lungs
from napari_tbcad.errors import BadInput, Cancelled, ModelRefused
from napari_tbcad.imaging.grid import resize_soft
from napari_tbcad.imaging.radiograph import Radiograph

QUICK = AtlasParameters(size=128, n_films=3, early_iterations=15, iterations=15)


def chest(seed: int, shape: tuple[int, int] = (160, 150)) -> tuple[Radiograph, np.ndarray]:
    """Two dark ellipses of varied place and size on a bright body with noise."""
    random = np.random.default_rng(seed)
    rows, columns = (np.indices(shape) + 0.5) / np.array(shape)[:, None, None]
    labels = np.zeros(shape, np.uint8)
    top, tall = 0.45 + random.normal(0, 0.02), 0.30 + random.normal(0, 0.02)
    for label, centre in ((1, 0.30), (2, 0.70)):
        middle, wide = centre + random.normal(0, 0.015), 0.14 + random.normal(0, 0.01)
        labels[((rows - top) / tall) ** 2 + ((columns - middle) / wide) ** 2 < 1] = label
    body = 0.8 - 0.3 * (np.abs(columns - 0.5) > 0.47) + 0.05 * rows
    pixels = ndimage.gaussian_filter(np.where(labels > 0, 0.3, body), 1.5) + random.normal(0, 0.02, shape)
    return Radiograph(pixels, source=f"folder/chest{seed:02d}.png"), labels


@pytest.fixture(scope="module")
def library():
    films, masks = zip(*(chest(seed) for seed in range(8)), strict=True)
    return build_atlas(films, masks, size=128, card={"title": "drawn chests"})


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * float((a & b).sum()) / float(a.sum() + b.sum())


def test_lungs_are_found_and_told_apart(library):
    film, labels = chest(100, (128, 128))
    soft = atlas(film, QUICK, library=library)
    assert soft.pixels.shape == soft.early.shape == (2, 128, 128)
    assert soft.film_shape == film.shape
    assert soft.pixels.dtype == np.float32
    assert soft.pixels.min() >= 0
    assert soft.pixels.max() <= 1
    for stage in (soft.early, soft.pixels):
        for side, label in enumerate((1, 2)):
            assert dice(stage[side] > 0.5, labels == label) > 0.93
    assert not soft.warnings


def test_more_iterations_change_the_membership(library):
    film, _ = chest(101, (128, 128))
    soft = atlas(film, QUICK, library=library)
    assert not np.array_equal(soft.early, soft.pixels)
    still = atlas(film, QUICK.model_copy(update={"iterations": 0}), library=library)
    assert np.array_equal(still.early, still.pixels)
    assert np.array_equal(still.early, soft.early)


def test_brightness_and_contrast_do_not_matter(library):
    film, _ = chest(102)
    other = dataclasses.replace(film, pixels=film.pixels * 3000 + 500)
    one, two = (atlas(f, QUICK, library=library).pixels for f in (film, other))
    assert np.abs(one - two).max() < 0.02


def test_a_film_can_be_kept_from_voting_for_itself(library):
    film, _ = chest(3)
    with_itself = atlas(film, QUICK, library=library).record.entries[-1].facts["films"]
    without = atlas(film, QUICK, library=library, exclude="chest03.png").record.entries[-1].facts["films"]
    assert with_itself[0] == "chest03"
    assert "chest03" not in without
    assert len(without) == 3


@pytest.mark.parametrize("exclude", ["1.2.840.3", "1.2.840.3.dcm"])
def test_a_name_with_dots_can_be_kept_out(exclude):
    films, labels = zip(*(chest(seed) for seed in (3, 4)), strict=True)
    films = [dataclasses.replace(f, source=f"1.2.840.{i}.dcm") for i, f in zip((3, 4), films, strict=True)]
    soft = atlas(films[0], QUICK, library=build_atlas(films, labels, size=128), exclude=exclude)
    assert soft.record.entries[-1].facts["films"] == ["1.2.840.4"]


def test_nothing_left_to_vote_is_said():
    film, labels = chest(3)
    with pytest.raises(BadInput, match="no film is left"):
        atlas(film, QUICK, library=build_atlas([film], [labels], size=128), exclude="chest03")


def test_threads_do_not_change_the_result(library, monkeypatch):
    film, _ = chest(103)
    results = []
    for threads in (1, 4):
        monkeypatch.setattr(atlas_module.os, "cpu_count", lambda n=threads: n)
        results.append(atlas(film, QUICK, library=library))
    assert np.array_equal(results[0].pixels, results[1].pixels)
    assert np.array_equal(results[0].early, results[1].early)


def test_progress_and_cancel(library):
    film, _ = chest(104)
    seen: list[float] = []
    atlas(film, QUICK, library=library, progress=lambda share, text: seen.append(share))
    assert seen == sorted(seen)
    assert seen[-1] == 1
    with pytest.raises(Cancelled):
        atlas(film, QUICK, library=library, cancelled=lambda: True)
    with pytest.raises(Cancelled):
        build_atlas([film], [chest(104)[1]], cancelled=lambda: True)


@pytest.mark.parametrize(
    "pixels",
    [np.ones((40, 40)), np.ones((1, 1)), np.random.default_rng(0).normal(size=(90, 90))],
    ids=["constant", "one pixel", "noise"],
)
def test_what_is_no_chest_is_warned_of(library, pixels):
    soft = atlas(Radiograph(pixels), QUICK, library=library)
    assert np.isfinite(soft.pixels).all()
    assert any("check the lung masks" in warning for warning in soft.warnings)


def test_building_names_what_is_wrong():
    film, labels = chest(0)
    with pytest.raises(BadInput, match="at least one"):
        build_atlas([], [])
    with pytest.raises(BadInput, match="its mask"):
        build_atlas([film], [labels[:-1]])
    with pytest.raises(BadInput, match="both lungs"):
        build_atlas([film], [np.where(labels == 1, 1, 0)])
    with pytest.raises(BadInput, match="this name"):
        build_atlas([film, film], [labels, labels])


def test_an_atlas_file_comes_back_the_same(library, tmp_path):
    save_atlas(tmp_path / "own.npz", library)
    back = load_atlas(tmp_path / "own.npz")
    assert np.array_equal(back.films, library.films)
    assert np.array_equal(back.masks, library.masks)
    assert back.names == library.names
    assert back.card == library.card
    assert back.digest == library.digest


def test_a_changed_file_is_refused(library, tmp_path):
    path = tmp_path / "own.npz"
    save_atlas(path, library)
    with np.load(path) as archive:
        content = dict(archive)
    content["masks"] = content["masks"].copy()
    content["masks"][0, 64, 64] ^= 1
    np.savez_compressed(path, **content)
    with pytest.raises(ModelRefused, match="checksum"):
        load_atlas(path)


def test_broken_files_are_refused(library, tmp_path):
    path = tmp_path / "own.npz"
    save_atlas(path, library)
    path.write_bytes(path.read_bytes()[:-200])
    (tmp_path / "text.npz").write_text("not an archive")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    np.savez(tmp_path / "pickle.npz", header=np.array([{"version": 1}], dtype=object))
    with open(tmp_path / "new.npz", "wb") as file:
        header = np.frombuffer(json.dumps({"version": 99, "digest": ""}).encode(), np.uint8)
        np.savez(file, header=header)
    for name in ("own", "text", "other", "pickle", "new", "missing"):
        with pytest.raises(ModelRefused, match=f"{name}.npz"):
            load_atlas(tmp_path / f"{name}.npz")


def test_standardised_films_survive_the_byte():
    film = standardise(chest(5)[0].pixels, 128)
    assert np.abs(unpack(pack(film)) - film).max() < 0.5 / 42 + 1e-6
    assert np.abs(film).max() <= 3
    assert not standardise(np.full((50, 50), 7.0), 64).any()


def test_landmarks_follow_the_lungs():
    _, labels = chest(6, (128, 128))
    shifted = np.roll(labels, (4, -8), axis=(0, 1))
    assert np.allclose(landmarks(shifted) - landmarks(labels), [4 / 128, -8 / 128], atol=1e-9)


def test_the_packaged_atlas_is_whole_and_small():
    library = packaged_atlas()
    assert len(library) == library.card["films"]
    assert all(name.startswith("synthetic") for name in library.names)
    assert "research" in library.card["terms"].lower()
    right, left = (np.nonzero(library.masks == label)[2].mean() for label in (1, 2))
    assert right < left  # the patient's right lung is on the image's left


def test_synthetic_shapes_and_films_repeat_and_are_nobodys(monkeypatch):
    monkeypatch.setattr(atlas_synthetic, "_PIXELS_PER_FILM", 400)  # enough for drawn chests
    angles = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    circle = np.stack([0.12 * np.cos(angles), 0.28 * np.sin(angles)], axis=1)
    random = np.random.default_rng(0)
    sizes = 1 + 0.1 * random.normal(size=(20, 1, 2))
    right, left = circle * sizes + [0.3, 0.45], circle * sizes[::-1] + [0.7, 0.45]
    one, two = (draw_shapes(right, left, number=5, modes=3, seed=1) for _ in range(2))
    assert np.array_equal(one, two)
    given = np.concatenate([right, left], axis=1)
    assert min(np.abs(shape - outline).max() for shape in one for outline in given) > 1e-4
    assert set(np.unique(fill_lungs(one[0], 30, 64))) == {0, 1, 2}

    films, masks = zip(*(chest(seed, (96, 96)) for seed in range(8)), strict=True)
    drawn = [build_packaged_atlas(films, masks, right, left, number=3, modes=3, size=64) for _ in range(2)]
    assert np.array_equal(drawn[0].films, drawn[1].films)
    picture, mask = drawn[0].film(0), drawn[0].masks[0]
    assert picture[ndimage.binary_erosion(mask > 0, iterations=3)].mean() < picture[mask == 0].mean()


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["CHNCXR_0001_0", "CHNCXR_0004_0", "CHNCXR_0005_0"])
def test_packaged_atlas_on_real_shenzhen_films(shared_data, name):
    import imageio.v3 as iio

    folder = shared_data / "chest" / "shenzhen_sample"
    pixels, truth = (np.asarray(iio.imread(folder / part / f"{name}.png")) for part in ("images", "masks"))
    pixels, truth = (a if a.ndim == 2 else a[..., 0] for a in (pixels, truth))
    soft = atlas(Radiograph(pixels.astype(np.float32), source=name))
    lungs = resize_soft(soft.early.max(0), truth.shape)
    assert dice(lungs > 0.4, truth > 0) > 0.88
    assert not soft.warnings
