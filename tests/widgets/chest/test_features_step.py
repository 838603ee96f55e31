"""The Features step: places among normal films, greying, pictures behind their toggles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_tbcad.chest.classify.normals import NormalFilms, normal_films, place
from napari_tbcad.chest.views import GREY_EDGES, cooccurrence, lung_histogram

pytestmark = pytest.mark.gui


@pytest.fixture(scope="session")
def model(tiny_model):
    """The tiny classifier with grey levels of made-up normal films on its card."""
    rng = np.random.default_rng(0)
    quantiles = tiny_model.card.normal
    grey = normal_films(pd.DataFrame({"x": np.arange(9.0)}), pd.DataFrame(rng.dirichlet(np.ones(64), 9)))
    normal = grey.model_copy(update={"n": quantiles.n, "quantiles": quantiles.quantiles})
    return with_card(tiny_model, normal=normal)


def with_card(model, **changes):
    return replace(model, card=model.card.model_copy(update=changes))


@pytest.fixture
def step(panel, finished, phantom_pixels):
    """Return a function that runs a film in a window that shows, and gives its Features step."""

    def make(model):
        viewer, widget = panel(model=model)
        viewer.window.show()
        viewer.add_image(phantom_pixels, name="film")
        widget.run_bar.run_button.click()
        finished(widget)
        return viewer, widget, widget.features

    return make


def settle(qtbot, step):
    qtbot.waitUntil(lambda: step.histogram_row.settled and step.matrix_row.settled, timeout=10_000)


def row(features, title):
    from qtpy.QtCore import Qt

    flags = Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive
    return features.table.findItems(title, flags, 0)[0]


def ink(item):
    """Return how strong a row's value is written, 0 to 255."""
    from qtpy.QtCore import Qt

    brush = item.data(1, Qt.ItemDataRole.ForegroundRole)
    return 255 if brush is None else brush.color().alpha()


def test_features_are_placed_among_normal_films_and_greyed_out_of_date(step, model, finished, qtbot):
    _, widget, features = step(model)
    assert features.table.values() == {}, "a closed step fills no table"
    features.set_open(True)
    measured = widget.session.value("features").as_dict()
    assert features.table.values() == {name: f"{value:.5g}" for name, value in measured.items()}
    shown = features.table.places()
    assert shown == {name: place(model.card, name, value).text for name, value in measured.items()}
    assert any(text.startswith("percentile") for text in shown.values())
    assert "of 20 normal films" in features.detail.text()
    assert "Only 20 normal films: places are rough." in features.detail.text()
    item = row(features, "mean")
    features.table.setCurrentItem(item)
    assert features.detail.text().startswith(f"mean: {measured['firstorder_mean']:.5g}, ")
    assert "middle half" in item.toolTip(2)
    with qtbot.waitSignal(features.wants_export, timeout=1000):
        features.export_button.click()

    assert ink(item) == 255
    settings = widget.session.run.settings
    widget.session.configure("enhance", settings.enhance.model_copy(update={"clip_limit": 4.0}))
    qtbot.waitUntil(lambda: ink(item) < 128, timeout=5_000)
    assert not features.export_button.isEnabled()
    assert "Out of date" in item.toolTip(1)
    widget.run_bar.run_button.click()
    finished(widget)
    assert ink(item) == 255
    assert features.table.values() != {name: f"{value:.5g}" for name, value in measured.items()}


def test_what_cannot_be_compared_is_said(step, model):
    _, widget, features = step(model)
    features.set_open(True)

    def look(other):
        widget.bench.shelf.model = other
        features.refresh()
        return features.detail.text(), features.table.places()["firstorder_mean"]

    shifted = {name: tuple(v + 1e6 for v in values) for name, values in model.card.normal.quantiles.items()}
    normal = model.card.normal.model_copy(update={"quantiles": shifted})
    said, of_mean = look(with_card(model, normal=normal))
    n = len(widget.session.value("features").names)
    assert said.startswith(f"{n} of {n} features lie outside")
    assert of_mean == "< 2.5 %"
    assert (row(features, "Shape").text(1), row(features, "Shape").text(2)) == ("17", "17 out")

    said, of_mean = look(with_card(model, normal=NormalFilms()))
    assert "only median ± spread" in said
    assert of_mean.endswith(" σ")
    said, of_mean = look(with_card(model, normal=NormalFilms(), normal_median=(), normal_spread=()))
    assert (said, of_mean) == ("This model keeps no normal films' values.", "")
    said, of_mean = look(with_card(model, definition="uppuluri"))
    assert said.startswith("Measured otherwise than the model's normal films")
    assert of_mean == ""
    assert look(None) == ("No model, hence no normal films to compare with.", "")
    assert len(features.table.values()) == 113


def test_the_pictures_show_what_the_features_are_read_from(step, model, finished, qtbot):
    viewer, widget, features = step(model)
    features.set_open(True)
    assert features.matrix.matrix.size == 0, "nothing is computed behind a closed toggle"
    features.histogram_row.toggle.click()
    features.matrix_row.toggle.click()
    settle(qtbot, features)

    def now():
        names = ("enhanced", "insensitive")
        return (*(widget.session.value(name) for name in names), widget.session.run.settings.features)

    def compare(direction):
        image, mask, parameters = now()
        np.testing.assert_array_equal(features.histogram.counts, lung_histogram(image, mask))
        np.testing.assert_array_equal(
            features.matrix.matrix, cooccurrence(image, mask, parameters, direction=direction)
        )

    compare("mean")
    assert features.histogram.isEnabled()
    assert features.matrix.isEnabled()
    assert features.histogram.band.low == model.card.normal.grey_low
    assert len(GREY_EDGES) == len(features.histogram.band.high) + 1
    features.direction.setCurrentIndex(features.direction.findData("45"))
    settle(qtbot, features)
    compare("45")
    before = features.histogram.counts.copy()
    layer = next(layer for layer in viewer.layers if layer.name.endswith("insensitive"))
    where = np.nonzero(np.asarray(layer.data)[100:140])
    layer.data_setitem((where[0] + 100, where[1]), 0)
    finished(widget)
    settle(qtbot, features)
    assert not np.array_equal(features.histogram.counts, before)
    compare("45")
    viewer.add_image(np.asarray(viewer.layers["film"].data)[:, ::-1], name="another, not measured yet")
    qtbot.waitUntil(lambda: features.table.values() == {}, timeout=5_000)
    assert features.histogram.counts.size == features.matrix.matrix.size == 0
