"""The map of opacities over the film, and what the Result step says of it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.chest import opacities as module
from napari_tbcad.chest.workflow import settings_from
from napari_tbcad.imaging.grid import resize_labels

pytestmark = pytest.mark.gui


@pytest.fixture
def stub(monkeypatch):
    """A network that finds consolidation in the lower half of the film."""

    def asked(film, parameters, cancelled, progress):
        found = np.zeros((3, 64, 64), np.float32)
        found[1, 32:] = 0.8
        return module._Answer(found, "network stub abc", (), "cpu")

    monkeypatch.setattr(module, "_asked", asked)


def evidence_of(viewer):
    return [layer for layer in viewer.layers if layer.name.endswith(" opacities")]


def edges(layer):
    """Return where the outer edges of a layer's corner pixels lie."""
    half = np.asarray(layer.scale) / 2
    return np.asarray(layer.extent.world) + np.array([-half, half])


def run(panel, finished, pixels, *, settings=None):
    on = settings_from({"lungs.segmenter": "otsu", "features.grid": 256})
    viewer, widget = panel(settings=settings or on)
    film = viewer.add_image(pixels, name="film", scale=(0.5, 0.5))
    widget.run_bar.run_button.click()
    finished(widget)
    return viewer, widget, film


def test_evidence_lies_on_the_film_inside_the_lungs_and_says_how_much(stub, panel, finished, phantom_pixels):
    viewer, widget, film = run(panel, finished, phantom_pixels)
    (layer,) = evidence_of(viewer)
    assert [one.name for one in widget.bench.films()] == ["film"], "it is no film to choose"
    np.testing.assert_allclose(edges(layer), edges(film))
    shown = np.asarray(layer.data)
    lungs = resize_labels(widget.session.value("insensitive").labels, shown.shape) > 0
    assert shown[~lungs].max() == 0
    assert shown[lungs].max() == pytest.approx(0.8)
    box = widget.result.evidence
    assert box.isVisibleTo(widget)
    assert box.sentence.text().startswith("Opaque: ")
    assert "effusion 0 %" in box.sentence.text()
    assert (box.zones["left_upper"].text(), box.zones["right_lower"].text()) == ("0 % · 0.00", "100 % · 0.80")
    assert "not a diagnosis" in box.notice.text()
    box.lungs_only.click()
    assert np.asarray(evidence_of(viewer)[0].data)[32:].min() == pytest.approx(0.8)
    box.shown.click()
    assert evidence_of(viewer) == []
    box.shown.click()
    assert len(evidence_of(viewer)) == 1
    film.scale = (2, 2)
    np.testing.assert_allclose(edges(evidence_of(viewer)[0]), edges(film))


def test_a_corrected_mask_moves_the_numbers(stub, panel, finished, phantom_pixels):
    viewer, widget, _ = run(panel, finished, phantom_pixels)
    box = widget.result.evidence
    before = box.sentence.text()
    layer = widget.session.layers.layer("insensitive")
    rows, columns = np.nonzero(np.asarray(layer.data)[:128])
    layer.data_setitem((rows, columns), 0)
    finished(widget)
    assert box.sentence.text() != before
    assert box.zones["left_lower"].text() == "100 % · 0.80"


def test_while_the_answer_is_hidden_so_is_the_evidence(stub, panel, finished, phantom_pixels, qtbot):
    viewer, widget, _ = run(panel, finished, phantom_pixels)
    widget.bench.blind = True
    widget.bench.changed.emit()
    box = widget.result.evidence
    assert evidence_of(viewer) == []
    qtbot.waitUntil(lambda: not box.isVisibleTo(widget), timeout=5000)
    assert {box.sentence.text(), *(label.text() for label in box.zones.values())} == {""}
    widget.bench.blind = False
    widget.bench.changed.emit()
    assert len(evidence_of(viewer)) == 1


def test_the_evidence_goes_with_its_film(stub, panel, finished, phantom_pixels, qtbot):
    viewer, widget, film = run(panel, finished, phantom_pixels)
    other = viewer.add_image(phantom_pixels[::-1].copy(), name="other")
    qtbot.waitUntil(lambda: evidence_of(viewer) == [], timeout=2000)
    widget.bench.choose(film)
    qtbot.waitUntil(lambda: len(evidence_of(viewer)) == 1, timeout=2000)
    viewer.layers.remove(film)
    qtbot.waitUntil(lambda: evidence_of(viewer) == [], timeout=2000)
    assert other in viewer.layers


def test_without_a_network_the_step_says_so_and_adds_no_layer(
    panel, finished, phantom_pixels, quick_settings
):
    wanted = settings_from({"opacities.enabled": True, "opacities.model": "no_such_network"}, quick_settings)
    viewer, widget, _ = run(panel, finished, phantom_pixels, settings=wanted)
    assert evidence_of(viewer) == []
    assert "no_such_network" in widget.result.evidence.sentence.text()
    assert not widget.result.evidence.shown.isVisibleTo(widget)
    assert widget.session.value("result") is not None


def test_what_a_network_calls_itself_is_no_markup(qtbot):
    from qtpy.QtCore import Qt

    from napari_tbcad.widgets.chest.evidence_box import EvidenceBox

    box = EvidenceBox()
    qtbot.addWidget(box)
    assert {box.sentence.textFormat(), box.notice.textFormat()} == {Qt.TextFormat.PlainText}


def test_switched_off_nothing_is_asked_and_nothing_said(panel, finished, phantom_pixels, quick_settings):
    viewer, widget, _ = run(panel, finished, phantom_pixels, settings=quick_settings)
    assert evidence_of(viewer) == []
    assert not widget.result.evidence.isVisibleTo(widget)
