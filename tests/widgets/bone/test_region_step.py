"""The step of the skeleton regions: what finds them is chosen, told, and not hidden when it is another."""

from __future__ import annotations

import pytest

from napari_tbcad.chain import State
from napari_tbcad.imaging.bonescan import VIEWS

pytestmark = pytest.mark.gui


def test_what_finds_the_regions_is_a_persons_to_choose_and_is_told(
    opened, finished, tmp_path, save_tiny_network, qtbot
):
    _, widget = opened(run=False)
    step, session = widget.regions, widget.session
    assert step.segmenter.currentText() == "network"
    assert "atlas: " in step.segmenter.toolTip()

    def run():
        session.request("regions")
        finished(widget)

    path = tmp_path / "own.safetensors"
    model = step._form.controls["model"]
    model.setText(str(path))
    model.editingFinished.emit()
    run()
    assert "Found by the atlas: the network could not be used." in step.facts.text()
    assert "Agreement of atlas and scan" in step.facts.text()
    assert any("own.safetensors" in text for text in session.warnings())

    sha256 = save_tiny_network(path, task="regions", views=VIEWS)
    session.configure("regions", session.run.settings.regions)
    run()
    assert f"Found by network tiny 0 {sha256[:12]}." in step.facts.text()
    assert "Certainty of the network" in step.facts.text()

    step.segmenter.setCurrentText("atlas")
    assert session.run.settings.regions.segmenter == "atlas"
    assert session.state("regions") is State.STALE
    qtbot.waitUntil(lambda: "persons" in step._form.controls, timeout=20_000)
    step._form.controls["persons"].setValue(1)
    assert session.run.settings.regions.atlas.persons == 1
    run()
    assert "Agreement of atlas and scan" in step.facts.text()
    assert "could not" not in step.facts.text()
