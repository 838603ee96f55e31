from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.chest.heart import heart_side
from napari_tbcad.chest.lungs.fields import LungMasks
from napari_tbcad.chest.quality import check_film, check_masks, flip, require_usable
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph

ROW, COLUMN = np.mgrid[0:200, 0:200] / 200
LABELS = np.zeros((200, 200), np.uint8)
for _side, _centre in ((1, 0.28), (2, 0.72)):
    LABELS[((ROW - 0.45) / 0.35) ** 2 + ((COLUMN - _centre) / 0.17) ** 2 < 1] = _side


def chest(**changes: object) -> Radiograph:
    """A crude frontal chest with the heart on the patient's left."""
    pixels = 180.0 - 30 * np.abs(ROW - 0.5)
    pixels = np.where(LABELS > 0, 60.0, pixels)
    heart = ((ROW - 0.62) / 0.14) ** 2 + ((COLUMN - 0.62) / 0.14) ** 2 < 1
    pixels = np.where(heart, 170.0, pixels) + np.random.default_rng(0).normal(0, 2, LABELS.shape)
    return Radiograph(pixels, **changes)


def masks(labels: np.ndarray = LABELS) -> LungMasks:
    return LungMasks(labels, "insensitive")


def test_good_film_and_masks_raise_no_complaint():
    assert check_film(chest()) == ()
    assert check_masks(chest(), masks()) == ()


def test_constant_and_tiny_films_are_refused_with_their_name():
    with pytest.raises(BadInput, match=r"a\.png: the film is constant"):
        require_usable(Radiograph(np.full((50, 50), 3.0), source="in/a.png"))
    with pytest.raises(BadInput, match="constant"):
        require_usable(Radiograph(np.zeros((1, 1))))
    with pytest.raises(BadInput, match="12 × 500"):
        require_usable(Radiograph(np.random.default_rng(0).random((12, 500))))
    with pytest.raises(BadInput):
        check_film(Radiograph(np.zeros((50, 50))))
    require_usable(chest())


def test_small_film():
    said = check_film(Radiograph(chest().pixels[::2, ::2]))
    assert any("100 × 100 pixels" in sentence for sentence in said)


def test_washed_out_film():
    said = check_film(Radiograph(np.round(248 + chest().pixels / 25)))
    assert any("washed out" in sentence for sentence in said)


def test_film_drowned_in_noise():
    film = chest()
    noise = np.random.default_rng(1).normal(0, 150, film.shape)
    assert any("noise" in sentence for sentence in check_film(Radiograph(film.pixels + noise)))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turned_film(quarters):
    said = check_film(Radiograph(np.rot90(chest().pixels, quarters)))
    assert any("on its side" in sentence for sentence in said)


def lateral(**changes: object) -> Radiograph:
    """A crude lateral view: air before the heart and behind it, the spine at the back."""
    pixels = np.where((COLUMN < 0.12) | (COLUMN > 0.93), 10.0, 170.0)
    pixels -= 70 * np.exp(-(((ROW - 0.35) / 0.25) ** 2 + ((COLUMN - 0.38) / 0.14) ** 2))
    pixels -= 60 * np.exp(-(((ROW - 0.6) / 0.2) ** 2 + ((COLUMN - 0.62) / 0.12) ** 2))
    pixels += 60 * np.exp(-(((COLUMN - 0.82) / 0.06) ** 2))
    return Radiograph(pixels + np.random.default_rng(0).normal(0, 2, pixels.shape), **changes)


def test_film_that_is_no_frontal_chest():
    assert any("lateral" in sentence for sentence in check_film(lateral()))


def test_lateral_view_named_by_the_header_is_not_repeated():
    assert not any("lateral" in sentence for sentence in check_film(lateral(view="LATERAL")))


@pytest.mark.parametrize(("side", "name"), [(1, "right"), (2, "left")])
def test_missing_lung(side, name):
    said = check_masks(chest(), masks(np.where(side == LABELS, 0, LABELS)))
    assert len(said) == 1
    assert f"patient's {name} lung is missing" in said[0]


def test_no_lung_at_all():
    assert "No lung" in check_masks(chest(), masks(LABELS * 0))[0]


def test_implausible_areas():
    small = np.zeros_like(LABELS)
    small[80:120] = LABELS[80:120]
    small[:, :45] = small[:, 155:] = 0
    assert any("implausibly small" in sentence for sentence in check_masks(chest(), masks(small)))
    large = np.where(COLUMN < 0.5, 1, 2).astype(np.uint8)
    assert any("implausibly large" in sentence for sentence in check_masks(chest(), masks(large)))


def test_one_lung_much_smaller():
    labels = LABELS.copy()
    labels[65:][labels[65:] == 2] = 0
    assert any("left lung has only" in sentence for sentence in check_masks(chest(), masks(labels)))


def test_lung_cut_by_the_edge():
    film, labels = chest(), LABELS[:, 40:]
    said = check_masks(Radiograph(film.pixels[:, 40:]), masks(labels))
    assert any("cut by the left edge" in sentence for sentence in said)


def test_swapped_ids():
    said = check_masks(chest(), masks(np.where(LABELS > 0, 3 - LABELS, 0)))
    assert any("label 1" in sentence for sentence in said)


def test_mirrored_film():
    film = flip(chest())
    assert film.flipped
    said = check_masks(film, masks(np.where(LABELS > 0, 3 - LABELS, 0)[:, ::-1]))
    assert any("wrong side" in sentence for sentence in said)


def test_heart_side_changes_sign_when_mirrored_and_is_zero_for_a_symmetric_film():
    film = chest()
    score = heart_side(film, LABELS > 0)
    assert score > 0.3
    assert heart_side(flip(film), (LABELS > 0)[:, ::-1]) == pytest.approx(-score)
    even = film.pixels + film.pixels[:, ::-1]
    assert heart_side(Radiograph(even), (LABELS + LABELS[:, ::-1]) > 0) == 0


def test_flip_twice_gives_the_film_back():
    film = chest()
    again = flip(flip(film))
    assert np.array_equal(again.pixels, film.pixels)
    assert not again.flipped


def test_masks_of_another_size_are_refused():
    with pytest.raises(BadInput, match="insensitive"):
        check_masks(chest(), masks(LABELS[::2]))


@pytest.mark.realdata
def test_real_films_raise_no_complaint_and_mirrored_ones_do(shared_data):
    from napari_tbcad.io.datasets import load_dataset
    from napari_tbcad.io.read import read_film

    rows = [r for r in load_dataset(shared_data / "chest/jsrt").rows if r.extra["usable"] == "1"][::16]
    found = 0
    for row in rows:
        film = read_film(row.path)
        labels = row.lungs.read(film.shape)
        assert check_film(film) == ()
        assert check_masks(film, masks(labels)) == ()
        mirrored = np.where(labels > 0, 3 - labels, 0)[:, ::-1]
        found += any("wrong side" in s for s in check_masks(flip(film), masks(mirrored)))
    assert found >= 0.75 * len(rows)


@pytest.mark.realdata
def test_washed_out_real_films_are_found(shared_data):
    from napari_tbcad.io.datasets import load_dataset
    from napari_tbcad.io.read import read_film

    rows = [r for r in load_dataset(shared_data / "chest/jsrt").rows if r.extra["usable"] == "0"]
    assert len(rows) == 7
    for row in rows:
        assert any("washed out" in sentence for sentence in check_film(read_film(row.path)))


def test_a_film_is_looked_at_once(monkeypatch):
    from napari_tbcad.chest import quality

    film = chest()
    said = check_film(film)
    monkeypatch.setattr(quality, "_complaints", lambda film: ("looked at",))
    assert check_film(film) == said
    assert check_film(chest()) == ("looked at",)
