"""The step of the skeleton regions: what finds them is chosen, told, and not hidden when it is another."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.chain import State
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.schemes import REGION_IDS
from napari_tbcad.widgets.bone.layers import REGIONS

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


def test_a_bone_is_clicked_and_its_region_corrected(opened, finished):
    viewer, widget = opened()
    step, session = widget.regions, widget.session
    step.set_open(True)
    layers = {view: session.layers.layer(kind) for view, kind in REGIONS.items()}
    before = layers["anterior"].data.copy()

    # The outlines of each view on their own.
    step.outlines["posterior"].setChecked(False)
    assert (layers["anterior"].visible, layers["posterior"].visible) == (True, False)
    step.outlines["posterior"].setChecked(True)
    assert layers["posterior"].visible

    # A click on the body takes the brush, in the view that shows it so; the sternum is the front's.
    step.brush.map.pressed.emit("femur", "back")
    assert viewer.layers.selection.active.name == layers["posterior"].name
    assert (str(layers["posterior"].mode), layers["posterior"].selected_label) == (
        "paint",
        REGION_IDS["femur"],
    )
    assert step.brush.region.currentText() == "femur"
    step.brush.region.setCurrentText("lumbar")
    step.brush.brushes["anterior"].click()
    assert viewer.layers.selection.active.name == layers["anterior"].name
    assert layers["anterior"].selected_label == REGION_IDS["lumbar"]

    free = np.argwhere(before == 0)[:40].T
    layers["anterior"].data_setitem(tuple(free), REGION_IDS["lumbar"])
    finished(widget)
    assert "Corrected by hand." in step.facts.text()
    assert (session.value("regions").anterior[tuple(free)] == REGION_IDS["lumbar"]).all()
    assert step.brush.undo_button.isEnabled()
    step.brush.undo_button.click()
    finished(widget)
    np.testing.assert_array_equal(layers["anterior"].data, before)
    step.brush.redo_button.click()
    finished(widget)
    assert session.run.edited("regions")
    step.brush.back_button.click()
    finished(widget)
    assert not session.run.edited("regions")
    np.testing.assert_array_equal(layers["anterior"].data, before)
    assert not step.brush.back_button.isEnabled()

    # What lies under the pointer is named.
    hair = widget.bench.viewing.crosshair
    row, column = np.argwhere(before == REGION_IDS["pelvis"])[50]
    hair.point(("anterior", float(row), float(column)))
    assert "pelvis (anterior)" in step.brush.under.text()
    hair.point(("anterior", 0.0, 0.0))
    assert "no region" in step.brush.under.text()
    hair.point(None)
    assert step.brush.under.text() == ""


def test_what_was_corrected_is_not_called_the_same():
    from napari_tbcad.record import Edit
    from napari_tbcad.widgets.bone.region_words import corrected_text

    def said(dice):
        return corrected_text([Edit("regions", 3, dice_after=dice)])

    assert said(0.99999) == "Corrected by hand. 1 edit. Dice > 0.999 with the automatic ones."
    assert "Dice 1.000 with" in said(1.0)
    assert "Dice 0.512 with" in said(0.5123)
    assert corrected_text([]) == "Corrected by hand."


def test_how_unsure_a_network_is_of_each_region():
    from napari_tbcad.bone.region_certainty import region_uncertainty
    from napari_tbcad.bone.regions import SkeletonRegions

    labels = np.zeros((6, 4), np.uint8)
    labels[:2], labels[2:4] = REGION_IDS["skull"], REGION_IDS["rib"]
    unsure = np.zeros((6, 4), np.float32)
    unsure[0], unsure[2:4] = 0.5, 0.125
    regions = SkeletonRegions(labels, labels, uncertainty={"anterior": unsure})
    assert region_uncertainty(regions) == {"anterior": {"skull": 0.25, "rib": 0.125}}
