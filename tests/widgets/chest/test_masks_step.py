"""The masks step with a network: what finds the lungs is chosen, named, and loaded off the GUI thread."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from qtpy.QtWidgets import QLabel

from napari_tbcad.chain import State
from napari_tbcad.chest.workflow import settings_from

pytestmark = pytest.mark.gui

QUICK_ATLAS = {f"lungs.atlas.{name}": n for name, n in [("n_films", 1), ("size", 64), ("iterations", 1)]}


def test_a_network_is_chosen_by_name_and_named_with_its_masks(
    panel, finished, phantom_pixels, quick_settings, tmp_path, save_tiny_network, monkeypatch, qtbot
):
    from napari_tbcad.networks import models

    path = tmp_path / "own.safetensors"
    sha256 = save_tiny_network(path)
    threads, find = [], models.find_network

    def noted(*arguments, **more):
        threads.append(threading.current_thread())
        return find(*arguments, **more)

    monkeypatch.setattr(models, "find_network", noted)
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    finished(widget)
    step = widget.masks
    names = [step.segmenter.itemText(number) for number in range(step.segmenter.count())]
    assert names == ["network", "atlas", "otsu"]
    assert step.maker.text().startswith("Threshold")
    step.segmenter.setCurrentText("network")
    qtbot.waitUntil(lambda: step.maker.text().startswith("A trained network"), timeout=5_000)
    form = step.parameters
    form.controls["model"].setText(str(path))
    form.controls["model"].editingFinished.emit()
    form.controls["device"].setCurrentText("cpu")
    widget.session.run_step("lungs")
    finished(widget)
    assert step.message == ""
    assert widget.session.state("lungs") is State.DONE
    assert step.maker.text() == f"Found by network tiny 0 {sha256[:12]}."
    assert sha256 in step.maker.toolTip()
    assert "Never trained." in widget.session.warnings()
    assert {layer.name for layer in viewer.layers if "uncertainty" in layer.name} == set()
    assert not step.uncertainty.isHidden()
    step.uncertainty.click()
    (layer,) = [layer for layer in viewer.layers if layer.name == "film uncertainty"]
    np.testing.assert_array_equal(layer.data, widget.session.value("soft").uncertainty)
    assert [one.name for one in widget.bench.films()] == ["film"], "it is no film to choose"
    step.segmenter.setCurrentText("otsu")
    qtbot.waitUntil(lambda: layer not in viewer.layers, timeout=5_000)
    assert threads
    assert threading.main_thread() not in threads


def test_what_stands_in_for_a_network_is_said(panel, finished, phantom_pixels, tmp_path):
    own = {"lungs.segmenter": "network", "lungs.network.model": str(tmp_path / "none.safetensors")}
    viewer, widget = panel(model=None, settings=settings_from({**own, **QUICK_ATLAS, "features.grid": 256}))
    viewer.add_image(phantom_pixels, name="film")
    finished(widget)
    widget.session.run_step("lungs")
    finished(widget)
    assert widget.session.state("lungs") is State.DONE
    assert widget.masks.maker.text() == "Found by the atlas: the network could not be used."
    assert "none.safetensors" in widget.masks.maker.toolTip()
    assert any("the atlas found the lungs instead" in text for text in widget.session.warnings())
    assert "atlas, not network" in {label.text() for label in widget.masks.findChildren(QLabel)}
