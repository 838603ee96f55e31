"""Layers become the same films the command line reads."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image

from napari_tbcad.errors import BadInput
from napari_tbcad.io.read import read_film
from napari_tbcad.widgets.films import facts_of, film_of, spacing_in_mm
from napari_tbcad.widgets.reader import METADATA_KEY, film_layer


def layer_of(film):
    pixels, options, _ = film_layer(film)
    return Image(pixels, **options)


def test_a_layer_of_our_reader_gives_its_own_film(samples):
    film = read_film(samples / "normal_cr.dcm")
    assert film_of(layer_of(film)) is film


def test_a_layer_whose_pixels_were_changed_no_longer_gives_the_old_film(samples):
    layer = layer_of(read_film(samples / "normal_cr.dcm"))
    layer.data = layer.data * 0.5
    np.testing.assert_array_equal(film_of(layer).pixels, layer.data)


def test_spacing_comes_from_length_units_only():
    pixels = np.arange(20.0).reshape(4, 5)
    assert film_of(Image(pixels, scale=(2, 3), units=("um", "um"))).spacing_mm == pytest.approx(
        (0.002, 0.003)
    )
    assert film_of(Image(pixels, scale=(2, 3))).spacing_mm is None


@pytest.mark.parametrize(
    ("scale", "units", "expected"),
    [
        ((0.2, 0.3), ("mm", "mm"), (0.2, 0.3)),
        ((-20, 30), ("um", "cm"), (0.02, 300)),
        ((1, 0.5), ("inch", "inch"), (25.4, 12.7)),
        ((1, 1), ("mm", "s"), None),
        ((1, 1), ("pixel", "pixel"), None),
    ],
)
def test_spacing_is_in_mm_or_unknown(scale, units, expected):
    layer = Image(np.zeros((4, 4)), scale=scale, units=units)
    found = spacing_in_mm(layer.scale, layer.units)
    assert found is None if expected is None else found == pytest.approx(expected)
    assert film_of(layer).spacing_mm == found, "film, ruler and writer agree"
    assert spacing_in_mm([], []) is None
    assert spacing_in_mm((0, 1), ("meter", "meter")) is None


def test_nan_is_refused_by_name():
    pixels = np.ones((4, 5))
    pixels[1, 1] = np.nan
    with pytest.raises(BadInput, match="broken"):
        film_of(Image(pixels, name="broken"))


def test_facts_name_size_spacing_and_view(samples):
    film = read_film(samples / "normal_cr.dcm")
    said = facts_of(film)
    assert f"{film.shape[1]} × {film.shape[0]} px" in said
    assert f"{film.spacing_mm[0]:.3g} mm" in said
    assert "PA" in said


@pytest.mark.gui
def test_a_png_opened_by_napari_is_the_film_of_the_command_line(make_napari_viewer, samples):
    viewer = make_napari_viewer()
    path = samples / "normal_man.png"
    (layer,) = viewer.open(str(path), plugin="napari")
    film, expected = film_of(layer), read_film(path)
    np.testing.assert_array_equal(film.pixels, expected.pixels)
    assert (film.source, film.spacing_mm) == (expected.source, expected.spacing_mm)
    assert METADATA_KEY not in layer.metadata
