"""Layers of hotspots: numbers that do not fit 8 bits, colours that are set only where they differ."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from napari.utils.colormaps.standardize_color import transform_color

from napari_tbcad.bone.hotspots import Mark
from napari_tbcad.widgets.bone.colours import CLASS_COLOURS
from napari_tbcad.widgets.bone.layers import BoneLayers

pytestmark = pytest.mark.gui

KIND = "anterior hotspots"


@pytest.fixture
def layers(qapp):
    viewer = ViewerModel()
    image = Image(np.ones((30, 20), np.float32), name="scan anterior")
    viewer.add_layer(image)
    found = BoneLayers(viewer)
    found.viewer = viewer
    found.adopt("anterior", image)
    return found


def colour_of(label):
    return transform_color(CLASS_COLOURS[label])[0]


def labels_with(number):
    labels = np.zeros((30, 20), np.uint16)
    labels[5:9, 5:9] = number
    return labels


def test_a_layer_is_as_wide_as_its_numbers_need(layers):
    heard = []
    layers.touched.connect(lambda kind, ended: heard.append(kind))
    layers.know([Mark(3, "anterior", "normal")])
    layers.show(KIND, labels_with(3))
    layer = layers.layer(KIND)
    assert layer.data.dtype == np.uint8
    layers.viewer.layers.selection.active = layer
    layer.mode = "paint"

    layers.show(KIND, labels_with(300))
    assert layers.layer(KIND) is layer
    assert str(layer.mode) == "paint"
    np.testing.assert_array_equal(layer.data, labels_with(300))
    layers.colour([Mark(300, "anterior", "abnormal")])
    assert layers.pixels(KIND).max() == 300
    assert heard == []
    layer.undo()
    np.testing.assert_array_equal(layer.data, labels_with(3))


def test_a_brush_for_a_large_number_paints_that_number(layers):
    layers.show(KIND, labels_with(7))
    assert layers.take_brush("anterior", 256)
    layer = layers.layer(KIND)
    layer.paint((20, 10), 256)
    assert layer.data[20, 10] == 256
    assert layer.data[6, 6] == 7


def test_colours_are_set_only_where_a_hotspot_looks_other(layers):
    layers.know([Mark(1, "anterior", "normal")])
    layers.show(KIND, labels_with(1))
    layer, told = layers.layer(KIND), []
    layer.events.colormap.connect(lambda event: told.append(1))
    # A new one of the brush's class looks as all that is not listed.
    layers.colour([Mark(1, "anterior", "normal"), Mark(2, "anterior", "abnormal")])
    assert told == []
    layers.colour([Mark(1, "anterior", "non_bone"), Mark(2, "anterior", "abnormal")])
    assert len(told) == 1
    layers.brush_class = "ignore"
    layers.colour([Mark(1, "anterior", "non_bone"), Mark(2, "anterior", "abnormal")])
    assert len(told) == 2
    for number, label in ((1, "non_bone"), (2, "abnormal"), (9, "ignore")):
        np.testing.assert_allclose(layer.get_color(number), colour_of(label), atol=0.01)
    # A number that is used again is not of the class that another had.
    layers.colour([Mark(1, "anterior", "abnormal")])
    layers.colour([])
    layers.colour([Mark(1, "anterior", "ignore")])
    np.testing.assert_allclose(layer.get_color(1), colour_of("ignore"), atol=0.01)
