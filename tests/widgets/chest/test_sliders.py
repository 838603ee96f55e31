"""Mask sliders: the mask moves while they are dragged, a drag is one step of the undo history."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.gui


@pytest.fixture
def ran(panel, finished, phantom_pixels):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    widget.run_bar.run_button.click()
    finished(widget)
    widget.masks.set_open(True)
    return viewer, widget


def form_of(widget, kind):
    return widget.masks._forms[kind]


def drag(widget, qtbot, values, kind="insensitive"):
    """Drag the slider of a threshold through values; return the pixels of the mask seen on the way."""
    form, layer = form_of(widget, kind), widget.session.layers.layer(kind)
    seen = set()
    form.grabbed.emit()
    for value in values:
        form.controls["threshold"].setValue(value)
        qtbot.wait(30)
        seen.add(int(np.count_nonzero(layer.data)))
    return form, layer, seen


def test_the_mask_moves_while_the_slider_is_dragged_and_one_undo_brings_it_back(ran, finished, qtbot):
    viewer, widget = ran
    before = widget.session.value("insensitive").labels.copy()
    features = widget.session.value("features").values.copy()
    form, layer, seen = drag(widget, qtbot, np.linspace(0.3, 0.7, 30))
    assert len(seen) > 3, "the mask stood still until the hand rested"
    form.released.emit()
    finished(widget)
    assert widget.session.run.settings.insensitive.threshold == pytest.approx(0.7)
    np.testing.assert_array_equal(layer.data, widget.session.value("insensitive").labels)
    assert not np.array_equal(layer.data, before)
    assert widget.session.value("insensitive").origin == "automatic"
    assert not np.array_equal(widget.session.value("features").values, features)
    assert form.controls["threshold"].value() == pytest.approx(0.7)

    layer.undo()
    np.testing.assert_array_equal(layer.data, before)
    finished(widget)


def test_a_corrected_mask_is_left_alone(ran, finished, qtbot):
    viewer, widget = ran
    layer = widget.session.layers.layer("insensitive")
    where = np.nonzero(np.asarray(layer.data)[100:120])
    layer.data_setitem((where[0] + 100, where[1]), 0)
    finished(widget)
    mine, automatic = np.array(layer.data), widget.session.value("insensitive", automatic=True).labels
    form, _, _ = drag(widget, qtbot, np.linspace(0.3, 0.7, 10))
    form.released.emit()
    finished(widget)
    np.testing.assert_array_equal(layer.data, mine)
    assert not np.array_equal(widget.session.value("insensitive", automatic=True).labels, automatic)
    assert not widget.masks._notes["insensitive"].isHidden()
    assert "px changed" in widget.correct.facts.text()
