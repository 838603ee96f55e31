"""The bone scan panel, driven as a person would: open, run, judge, paint, save."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_tbcad.bone.bsi import bone_scan_index
from napari_tbcad.bone.by_hand import class_lesions
from napari_tbcad.bone.hotspots import Mark
from napari_tbcad.chain import State
from napari_tbcad.files import write_csv
from napari_tbcad.schemes import HOTSPOT_COLOURS

pytestmark = pytest.mark.gui


def layer(viewer, ending):
    """Return the layer whose name ends so, as a person tells layers apart."""
    return next(one for one in viewer.layers if one.name.endswith(ending))


def number_of(row):
    return int(row[0])


def test_a_scan_is_opened_run_and_judged(opened, finished, analysis, qtbot):
    viewer, widget = opened(run=False)
    # The views are named before anything else is asked for.
    anterior, posterior = layer(viewer, " anterior"), layer(viewer, " posterior")
    np.testing.assert_array_equal(anterior.data, analysis.scan.anterior.counts)
    np.testing.assert_array_equal(posterior.data, analysis.scan.posterior.counts)
    assert posterior.translate[1] > anterior.data.shape[1] * anterior.scale[1]
    assert anterior.colormap.name == "gray_r"
    assert "view code" in widget.views.facts.text()
    letters = layer(viewer, "letters")
    assert list(letters.text.values) == ["R", "L", "L", "R"]
    assert widget.session.state("index") is State.NOT_RUN

    widget.run_bar.run_button.click()
    finished(widget)
    assert {widget.session.state(step) for step in ("views", "regions", "hotspots", "index")} == {State.DONE}
    index = analysis.index
    assert widget.index.value.text() == f"{index.value:.2f} %"
    assert index.weights in widget.index.basis.text()
    assert "none of" in widget.index.judged.foot.words
    assert f"{index.value:.2f}" in widget.answer.text()
    bars = {bar.name: bar.size for bar in widget.index.regions.bars.rows}
    assert bars == {row.region: row.contribution for row in index.regions}
    np.testing.assert_array_equal(layer(viewer, "anterior hotspots").data, analysis.hotspots.anterior)
    np.testing.assert_array_equal(layer(viewer, "posterior regions").data, analysis.regions.posterior)
    rows = widget.hotspots.table.values()
    assert [number_of(row) for row in rows] == [
        row.id for row in sorted(analysis.table, key=lambda row: -(row.uncertainty or 0))
    ]

    # At the panel's least width every place is read in full.
    table = widget.hotspots.table
    longest = max(table.fontMetrics().horizontalAdvance(row[1]) for row in rows)
    widget.window().show()
    widget.window().resize(1280, 800)
    qtbot.wait(50)
    assert widget.width() < 400
    assert table.columnWidth(1) > longest

    # One class, chosen in the table: the index follows at once, the automatic one is kept.
    chosen = next(row for row in analysis.table if row.label == "abnormal" and row.region != "outside")
    widget.hotspots.table.choose_class(chosen.id, "normal")
    finished(widget)
    expected = bone_scan_index(
        class_lesions(analysis.hotspots, [chosen.id], "normal"), analysis.regions, analysis.scan
    )
    assert widget.index.value.text() == f"{expected.value:.2f} %"
    assert expected.value < index.value
    assert f"{expected.n_judged} of {len(analysis.table)}" in widget.index.judged.foot.words
    shown = layer(viewer, f"{chosen.view} hotspots").colormap.color_dict[chosen.id]
    blue = HOTSPOT_COLOURS["normal"].lstrip("#")
    np.testing.assert_allclose(shown[:3], [int(blue[i : i + 2], 16) / 255 for i in (0, 2, 4)], atol=0.01)

    widget.index.choices.combine.setCurrentText("Greater of both views")
    finished(widget)
    assert "views max" in widget.index.basis.text()
    widget.index.choices.combine.setCurrentText("Mean of both views")

    widget.hotspots.back_button.click()
    finished(widget)
    assert widget.index.value.text() == f"{index.value:.2f} %"
    assert not widget.session.run.edited("hotspots")
    assert [edit.tool for edit in widget.session.run.journal] == ["class", "back to automatic"]


def test_painting_erasing_and_undo_move_table_and_index(opened, finished, analysis):
    viewer, widget = opened()
    before = widget.session.value("index").value
    spots = layer(viewer, "anterior hotspots")
    assert widget.session.hands.paint("anterior")
    assert viewer.layers.selection.active == spots
    new = spots.selected_label
    assert new == analysis.hotspots.next_id
    place = np.argwhere(analysis.regions.anterior == 12)[200]
    spots.paint(tuple(place), new)
    finished(widget)
    rows = {number_of(row): row for row in widget.hotspots.table.values()}
    assert rows[new][1:3] == ("femur ant", "abnormal ✓")
    assert widget.session.value("index").value > before
    assert widget.session.run.journal[-1].tool == "paint"
    # With the brush in hand a class is that of what is being painted.
    widget.hotspots.buttons["normal"].click()
    finished(widget)
    assert widget.session.value("hotspots").mark(new).label == "normal"
    assert widget.session.value("index").value == before

    spots.undo()
    finished(widget)
    assert new not in {number_of(row) for row in widget.hotspots.table.values()}
    assert widget.session.value("index").value == before

    # Taken away whole, and brought back with the class that it had.
    number = next(row.id for row in analysis.table if row.view == "anterior" and row.label == "abnormal")
    widget.hotspots.table.choose_class(number, "non_bone")
    finished(widget)
    spots.data_setitem(np.nonzero(spots.data == number), 0)
    finished(widget)
    assert number not in widget.session.value("hotspots").by_id()
    assert widget.session.hands.undo()
    finished(widget)
    assert widget.session.value("hotspots").mark(number).label == "non_bone"

    assert widget.session.hands.delete([number])
    finished(widget)
    assert not (spots.data == number).any()
    assert number not in {number_of(row) for row in widget.hotspots.table.values()}

    # A number that is free again says nothing of what was there before.
    last = max(widget.session.value("hotspots").by_id())
    assert widget.session.hands.set_class([last], "normal")
    assert widget.session.hands.delete([last])
    widget.session.hands.set_brush_class("abnormal")
    assert widget.session.hands.paint("anterior")
    assert spots.selected_label == last
    spots.paint(tuple(place), last)
    finished(widget)
    mark = widget.session.value("hotspots").mark(last)
    assert mark == Mark(last, "anterior", "abnormal", "brush", judged=True)
    assert not widget.session.hands.paint("anterior", 999)

    # The slider is for the hotspot grown last, while it is where it was.
    hands, row = widget.session.hands, next(row for row in analysis.table if row.view == "anterior")
    hands.tools = hands.tools.with_fraction(0.6)
    grown = hands.grow("anterior", (row.row, row.column))
    assert grown is not None
    assert hands.set_class([grown], "ignore")
    assert hands.last_grow.number == grown
    assert hands.regrow(0.7)
    steps = len(widget.session.edits.steps)
    assert hands.regrow(0.3)
    assert len(widget.session.edits.steps) == steps
    assert hands.undo()
    assert hands.last_grow is None
    assert not hands.regrow(0.5)
    grown = hands.grow("anterior", (row.row, row.column))
    assert hands.last_grow.number == grown
    spots.data_setitem(np.nonzero(spots.data == grown), 0)
    assert hands.last_grow is None
    finished(widget)


def test_the_detectors_threshold_and_regions_are_a_persons_to_change(opened, finished, analysis):
    viewer, widget = opened()
    many = len(widget.session.value("table"))
    widget.hotspots._form.controls["threshold"].setValue(0.95)
    finished(widget)
    assert len(widget.session.value("table")) < many
    assert widget.session.state("index") is State.DONE

    regions = layer(viewer, "anterior regions")
    skull = np.nonzero(analysis.regions.anterior == 1)
    regions.data_setitem(skull, 0)
    finished(widget)
    assert widget.session.value("regions").record is not None
    assert not (widget.session.value("regions").anterior == 1).any()
    assert widget.regions.facts.text().startswith("Corrected by hand. 1 edit. Dice ")
    for box in widget.regions.outlines.values():
        box.setChecked(False)
    assert not regions.visible
    widget.regions.brush.back_button.click()
    finished(widget)
    np.testing.assert_array_equal(regions.data, analysis.regions.anterior)


def test_swapped_views_take_a_persons_hotspots_along(opened, finished, analysis):
    viewer, widget = opened()
    number = next(row.id for row in analysis.table if row.label == "abnormal")
    widget.hotspots.table.choose_class(number, "ignore")
    finished(widget)
    widget.views.swap_button.click()
    finished(widget)
    scan = widget.session.value("scan")
    np.testing.assert_array_equal(scan.anterior.counts, analysis.scan.posterior.counts)
    np.testing.assert_array_equal(layer(viewer, " anterior").data, analysis.scan.posterior.counts)
    assert "told by you" in widget.views.facts.text()
    hotspots = widget.session.value("hotspots")
    np.testing.assert_array_equal(hotspots.anterior, analysis.hotspots.posterior)
    np.testing.assert_array_equal(layer(viewer, "anterior hotspots").data, analysis.hotspots.posterior)
    assert hotspots.mark(number).label == "ignore"

    widget.views.swap_button.click()
    finished(widget)
    expected = class_lesions(analysis.hotspots, [number], "ignore")
    assert widget.session.value("hotspots").by_id() == expected.by_id()
    np.testing.assert_array_equal(widget.session.value("hotspots").anterior, expected.anterior)


def test_a_single_view_is_named_otherwise_and_back(opened, finished, analysis, tmp_path):
    from napari_tbcad.io.nuclear_writing import write_nuclear

    scan = analysis.scan
    path = write_nuclear(
        tmp_path / "one.dcm",
        [scan.anterior.counts],
        spacing_mm=scan.spacing_mm,
        views=["anterior"],
        name="C",
        study="3",
    )
    viewer, widget = opened(path)
    session, regions = widget.session, np.array(layer(viewer, "anterior regions").data)
    hands, number = session.hands, session.value("hotspots").marks[0].id
    assert hands.set_class([number], "normal")
    assert hands.swap_views()
    finished(widget)
    assert {one.name for one in viewer.layers if "anterior" in one.name} == set()
    assert session.value("hotspots").mark(number).view == "posterior"
    assert hands.undo()
    finished(widget)
    assert {one.name for one in viewer.layers if "posterior" in one.name} == set()
    np.testing.assert_array_equal(layer(viewer, "anterior regions").data, regions)
    assert not session.run.edited("regions")
    assert session.edits.problems == {}
    assert (hands.undo_text, hands.redo_text) == (f"class of {number}", "swap views")


def test_renamed_and_deleted_layers(opened, finished, analysis):
    viewer, widget = opened()
    for number, one in enumerate(list(viewer.layers)):
        one.name = f"layer {number}"
    kind = "anterior hotspots"
    viewer.layers.remove(widget.session.layers.layer(kind))
    number = analysis.table.rows[0].id
    widget.hotspots.table.choose_class(number, "ignore")
    finished(widget)
    assert widget.session.value("hotspots").mark(number).label == "ignore"
    assert widget.session.hands.paint("anterior")
    np.testing.assert_array_equal(widget.session.layers.layer(kind).data, analysis.hotspots.anterior)

    session = widget.session
    viewer.layers.remove(session.layers.picture("anterior"))
    finished(widget)
    assert widget.session is session
    widget.run_bar.run_button.click()
    finished(widget)
    assert widget.session.state("index") is State.DONE
    for view in list(session.layers.pictures().values()):
        viewer.layers.remove(view)
    finished(widget)
    assert widget.session is None
    assert not widget.empty.isHidden()


def test_two_viewers_and_their_keys(opened, finished, qtbot, analysis):
    viewer, widget = opened()
    _, other = opened(run=False)
    number = analysis.table.rows[0].id
    assert other.session is not widget.session
    viewer.window.show()
    widget.session.look.choose(number)
    canvas = next(w for w in widget.window().findChildren(QWidget) if w.inherits("QOpenGLWidget"))
    QTest.keyClick(canvas, Qt.Key.Key_U)
    finished(widget)
    assert widget.session.value("hotspots").mark(number).label == "non_bone"
    assert other.session.value("hotspots") is None
    widget.window().activateWindow()
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus, timeout=5_000)
    QTest.keyClick(canvas, Qt.Key.Key_Tab)
    finished(widget)
    # As the table is sorted, the likeliest first.
    order = [number_of(row) for row in widget.hotspots.table.values()]
    follower = order[(order.index(number) + 1) % len(order)]
    assert widget.session.look.chosen == follower
    # Behind another panel the keys are that one's.
    widget.bench.set_active(False)
    QTest.keyClick(canvas, Qt.Key.Key_A)
    finished(widget)
    assert widget.session.value("hotspots").mark(follower).judged is False
    assert widget.bench.viewing.conflicts == ()


def test_a_file_that_is_no_scan_is_explained(panel, tmp_path, qtbot):
    viewer, widget = panel()
    path = tmp_path / "broken.dcm"
    path.write_bytes(b"\0" * 128 + b"DICM" + b"nonsense")
    said = []
    widget.bench.complained.connect(said.append)
    widget.open_film(path)
    qtbot.waitUntil(lambda: bool(said), timeout=20_000)
    assert "broken.dcm" in widget.header.facts.text()
    assert widget.session is None
    assert not widget.run_bar.save_button.isEnabled()


def test_views_that_nothing_tells_are_asked_for(opened, finished, unnamed_file):
    viewer, widget = opened(unnamed_file, run=False)
    assert not widget.views.question.isHidden()
    assert layer(viewer, "view 1") is not None
    widget.run_bar.run_button.click()
    finished(widget)
    assert widget.session.value("scan") is None
    first = np.array(layer(viewer, "view 1").data)
    widget.views.answers["posterior"].click()
    finished(widget)
    assert widget.views.question.isHidden()
    np.testing.assert_array_equal(layer(viewer, " posterior").data, first)
    assert "told by you" in widget.views.facts.text()


def test_two_open_layers_become_a_scan_beside_another(panel, finished, qtbot, analysis, scan_file):
    viewer, widget = panel()
    scan = analysis.scan
    front = viewer.add_image(scan.anterior.counts, name="front", scale=scan.spacing_mm, units=("mm", "mm"))
    back = viewer.add_image(scan.posterior.counts, name="back", scale=scan.spacing_mm, units=("mm", "mm"))
    assert widget.session is None
    widget.header.layers_button.click()
    pair = widget.pair
    assert [box.currentText() for box in pair.choices.values()] == ["front", "back"]
    pair.choices["anterior"].setCurrentText("back")
    pair.choices["posterior"].setCurrentText("front")
    pair.use_button.click()
    finished(widget)
    assert pair.isHidden()
    assert not front.visible
    assert not back.visible
    named = widget.session.value("scan")
    # As the person says, whatever the picture looks like.
    np.testing.assert_array_equal(named.anterior.counts, scan.posterior.counts)
    assert named.spacing_mm == pytest.approx(scan.spacing_mm)

    # A second scan lies where the first one does: one of them is seen at a time.
    first = widget.session
    widget.open_film(scan_file)
    qtbot.waitUntil(lambda: widget.session is not first, timeout=20_000)
    finished(widget)
    assert {image.visible for image in first.layers.pictures().values()} == {False}
    assert widget.picker.count() == 2
    first.request("regions")
    qtbot.waitUntil(lambda: first.settled, timeout=60_000)
    assert not first.layers.layer("anterior regions").visible
    widget.picker.activated.emit(1)
    assert widget.session is first
    assert {one.visible for one in first.layers.everything()} == {True}
    assert not layer(viewer, "patient anterior").visible


def test_results_are_the_files_of_the_command_line(opened, finished, analysis, tmp_path, monkeypatch, qtbot):
    viewer, widget = opened()
    number = next(row.id for row in analysis.table if row.label == "abnormal")
    widget.hotspots.table.choose_class(number, "normal")
    finished(widget)
    out = tmp_path / "results"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", staticmethod(lambda *_, **__: str(out)))
    with qtbot.waitSignal(widget.exporter.saved, timeout=30_000):
        widget.exporter.ask_for_folder()
    row = pd.read_csv(out / "results.csv").iloc[0]
    assert row["bsi"] == pytest.approx(widget.session.value("index").value, rel=1e-6)
    assert row["n_judged"] == widget.session.value("index").n_judged > 0
    assert len(pd.read_csv(out / "hotspots.csv")) == len(analysis.table)
    for view in ("anterior", "posterior"):
        for kind in ("classes", "hotspots", "regions"):
            assert (out / "masks" / f"patient_{view}_{kind}.png").is_file()
    assert (out / "overlays" / "patient.png").is_file()
    assert '"tool": "class"' in (out / "records" / "patient.json").read_text()
    # In the folder of a run the scan is called as the run called it.
    out, study = tmp_path / "run", widget.session.run.get("study")
    (out / "run").mkdir(parents=True)
    line = {"name": "p1__patient", "file": Path(study.frames[0].facts.source).as_posix()}
    write_csv(out / "run" / "inputs.csv", ("name", "file"), [line])
    with qtbot.waitSignal(widget.exporter.saved, timeout=30_000):
        widget.exporter.ask_for_folder()
    assert [path.stem for path in (out / "records").iterdir()] == ["p1__patient"]


def test_napari_opens_a_scan_with_both_views(scan_file, analysis):
    from napari_tbcad.widgets.reader import get_reader

    layers = get_reader(str(scan_file))(str(scan_file))
    assert [options["name"] for _, options, _ in layers] == ["patient anterior", "patient posterior"]
    np.testing.assert_array_equal(layers[1][0], analysis.scan.posterior.counts)
    assert get_reader([str(scan_file), "film.png"]) is None


def test_labels_stay_on_their_pixels_when_views_are_turned(analysis):
    from napari_tbcad.bone.turned import turned
    from napari_tbcad.bone.views import ViewParameters

    plain, spots = ViewParameters(), analysis.hotspots
    assert turned(spots, plain, plain) is spots
    mirrored = turned(spots, plain, ViewParameters(mirrored_anterior=True, swap=True))
    np.testing.assert_array_equal(mirrored.anterior, spots.posterior[:, ::-1])
    np.testing.assert_array_equal(mirrored.posterior, spots.anterior)
    back = turned(mirrored, ViewParameters(mirrored_anterior=True, swap=True), plain)
    np.testing.assert_array_equal(back.anterior, spots.anterior)
    assert replace(back, record=spots.record).marks == spots.marks
    front, behind = (ViewParameters(first_view=view) for view in ("anterior", "posterior"))
    said = turned(analysis.regions, front, behind)
    np.testing.assert_array_equal(said.anterior, analysis.regions.posterior)
    assert said.scores["anterior"] == analysis.regions.scores["posterior"]
