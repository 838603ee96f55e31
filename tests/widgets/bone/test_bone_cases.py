"""Saving, reopening and keeping aside what a person made of a scan, through the panel."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QMimeData, QPoint, Qt, QUrl
from qtpy.QtGui import QDropEvent

from napari_tbcad.bone.workflow import history
from napari_tbcad.case import Case, ImageReference, Reading
from napari_tbcad.content import content_key
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS

pytestmark = pytest.mark.gui

VALUES = ("scan", "regions", "hotspots", "table", "index")


@pytest.fixture
def own_file(scan_file, tmp_path):
    """The scan in a folder of this test."""
    (tmp_path / "scans").mkdir()
    return Path(shutil.copy(scan_file, tmp_path / "scans"))


def state_of(widget):
    session = widget.session
    return {
        "values": {name: content_key(session.value(name)) for name in VALUES},
        "automatic": [content_key(session.value(n, automatic=True)) for n in ("regions", "hotspots")],
        "fresh": [session.fresh(name) for name in VALUES],
        "record": history(session.run),
        "settings": session.run.settings,
        "warnings": session.warnings(),
        "rows": sorted(widget.hotspots.table.values()),
    }


def pixels_of(widget):
    layers = widget.session.layers
    return {kind: layers.layer(kind).data.copy() for kind in layers.kinds}


def assert_same(one, other):
    for name, value in one.items():
        assert value == other[name], name


def judge(widget, finished, *labels):
    """Give the first hotspots classes, as the keys do."""
    numbers = [mark.id for mark in widget.session.value("hotspots").marks]
    for number, label in zip(numbers, labels, strict=False):
        assert widget.session.hands.set_class([number], label)
    finished(widget)


def drop(widget, path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPoint(5, 5).toPointF() if hasattr(QPoint, "toPointF") else QPoint(5, 5),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    widget.dropEvent(event)


def test_a_saved_case_reopens_exactly_by_panel_drop_and_napari(
    opened, panel, own_file, finished, tmp_path, qtbot, monkeypatch
):
    viewer, widget = opened(own_file)
    widget.bench.set_reader("A")
    judge(widget, finished, "abnormal", "non_bone")
    assert widget.session.hands.flip_view("posterior")
    finished(widget)
    before, shown = state_of(widget), pixels_of(widget)
    names = {layer.name for layer in viewer.layers}
    path = tmp_path / "cases" / "one.tbcad"
    monkeypatch.setattr(
        "napari_tbcad.widgets.workflow.exporting.QFileDialog.getSaveFileName",
        staticmethod(lambda *_, **__: (str(path), "")),
    )
    assert widget.session.desk.suggestion == own_file.with_suffix(".tbcad")
    widget.run_bar.save_button.click()
    finished(widget)
    assert not widget.session.desk.unsaved
    assert (Case.load(path).last.reader, Case.load(path).last.edits[-1].reader) == ("A", "A")
    widget.bench.close_film()
    assert len(viewer.layers) == 0

    widget.open_film(path)
    qtbot.waitUntil(lambda: widget.session is not None, timeout=30_000)
    finished(widget)
    assert_same(before, state_of(widget))
    assert {layer.name for layer in viewer.layers} == names
    for kind, labels in pixels_of(widget).items():
        np.testing.assert_array_equal(labels, shown[kind])
    assert f"{widget.session.value('index').value:.2f} %" in widget.answer.text()
    assert not widget.session.desk.unsaved

    # A second reader goes on; the first one's reading stays.
    widget.bench.set_reader("B")
    judge(widget, finished, "normal")
    newer = state_of(widget)
    widget.run_bar.save_button.click()  # no question: the file is known
    finished(widget)
    assert [one.reader for one in Case.load(path).readings] == ["A", "B"]
    assert newer["values"]["index"] != before["values"]["index"] or newer["rows"] != before["rows"]

    other, second = panel()
    drop(second, path)
    qtbot.waitUntil(lambda: second.session is not None, timeout=30_000)
    finished(second)
    assert_same(newer, state_of(second))
    second.bench.close_film()
    other.open(str(path), plugin="napari-tbcad")
    qtbot.waitUntil(lambda: second.session is not None, timeout=30_000)
    finished(second)
    assert_same(newer, state_of(second))


def test_what_was_not_saved_is_offered_again_and_a_case_that_is_gone_is_told(
    opened, own_file, finished, tmp_path, kept_aside, qtbot
):
    viewer, widget = opened(own_file)
    judge(widget, finished, "abnormal", "normal")
    before = state_of(widget)
    layers = [widget.session.layers.picture(view) for view in VIEWS]
    widget.bench.close_film()
    qtbot.waitUntil(lambda: bool(list(kept_aside.glob("patient~*.tbcad"))), timeout=30_000)
    widget.open_film(own_file)
    qtbot.waitUntil(lambda: widget.session is not None, timeout=30_000)
    finished(widget)
    assert not widget.leftover.isHidden()
    assert "worked on this scan" in widget.leftover.text.text()
    assert widget.session.value("hotspots") is None
    widget.leftover.go_on.click()
    qtbot.waitUntil(lambda: widget.leftover.isHidden(), timeout=30_000)
    finished(widget)
    assert_same(before, state_of(widget))
    # Saving asks for a place of its own, and then nothing is left on the side.
    assert widget.session.desk.path is None
    widget.exporter.save_to(tmp_path / "one.tbcad")
    finished(widget)
    qtbot.waitUntil(lambda: not list(kept_aside.glob("*.tbcad")), timeout=30_000)

    # Layers that are put back go with their case, as long as it is there.
    layers = [widget.session.layers.picture(view) for view in VIEWS]
    widget.bench.close_film()
    for layer in layers:
        viewer.add_layer(layer)
    qtbot.waitUntil(lambda: widget.session is not None, timeout=30_000)
    finished(widget)
    assert_same(before, state_of(widget))
    widget.bench.close_film()
    (tmp_path / "one.tbcad").rename(tmp_path / "moved.tbcad")
    for layer in layers:
        viewer.add_layer(layer)
    qtbot.waitUntil(lambda: widget.session is not None, timeout=30_000)
    finished(widget)
    assert any("is gone" in said for said in widget.session.warnings())


def test_cases_that_cannot_be_used_are_refused_in_words(panel, own_file, tmp_path, qtbot):
    from napari_tbcad.bone.cases import case_of
    from napari_tbcad.bone.workflow import start
    from napari_tbcad.io.scans import read_study
    from napari_tbcad.widgets.reader import layers_of

    _, widget = panel()
    path = tmp_path / "scans" / "one.tbcad"
    case_of(start(read_study(own_file))).save(path)
    own_file.unlink()
    (tmp_path / "broken.tbcad").write_bytes(b"PK\x03\x04 and no more")
    film = {"film": ImageReference("film.png", content_key="k")}
    Case("chest", film, (Reading("", "2026", "made"),)).save(tmp_path / "chest.tbcad")
    with pytest.raises(BadInput, match="bone workflow"):
        layers_of(path)
    for name, said in (
        (path, "patient.dcm was not found"),
        (tmp_path / "broken.tbcad", "broken.tbcad"),
        (tmp_path / "chest.tbcad", "chest workflow; open it in the panel of that workflow"),
    ):
        widget.open_film(name)
        qtbot.waitUntil(lambda said=said: said in widget.header.facts.text(), timeout=30_000)


_PERSON = """
    import sys, os, time
    from pathlib import Path
    import napari
    from napari_tbcad.widgets import preferences
    preferences.default_folder = lambda: Path(sys.argv[2])
    from napari_tbcad.widgets.bone.panel import BonePanel
    viewer = napari.Viewer(show=False)
    widget = BonePanel(viewer)
    viewer.window.add_dock_widget(widget, name="Bone scan")
    from qtpy.QtWidgets import QApplication

    def until(done):
        end = time.monotonic() + 60
        while not done() and time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.01)

    widget.open_film(sys.argv[1])
    until(lambda: widget.session is not None and widget.session.settled)
    shape = widget.session.value("scan").shape
    assert widget.session.hands.box("anterior", (shape[0] // 3, 30, shape[0] // 3 + 40, 100)), "no hotspot"
    print("made", flush=True)
    until(lambda: False)
"""


def test_after_a_crash_the_work_is_offered(own_file, opened, finished, tmp_path, qtbot, kept_aside):
    """A person at work whose program is killed finds the hotspot again."""
    script = tmp_path / "person.py"
    script.write_text(textwrap.dedent(_PERSON), encoding="utf-8")
    person = subprocess.Popen(
        [sys.executable, str(script), str(own_file), str(kept_aside)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ),
    )
    try:
        qtbot.waitUntil(
            lambda: bool(list(kept_aside.glob("patient~*.tbcad"))) or person.poll() is not None,
            timeout=90_000,
        )
        assert person.poll() is None, person.stderr.read().decode()[-2000:]
    finally:
        if person.poll() is None:
            person.send_signal(signal.SIGKILL)
        person.communicate()
    _, widget = opened(own_file, run=False)
    assert not widget.leftover.isHidden()
    widget.leftover.go_on.click()
    qtbot.waitUntil(lambda: widget.leftover.isHidden(), timeout=30_000)
    finished(widget)
    (mark,) = widget.session.value("hotspots").marks
    assert (mark.origin, mark.judged) == ("box", True)


def test_the_other_view_is_found_by_its_name_among_many(tmp_path):
    from PIL import Image

    from napari_tbcad.widgets.bone.intake import partnered

    def picture(name):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.zeros((4, 2), np.uint8)).save(path)
        return path

    front, back = picture("wholeBodyANT/2.png"), picture("wholeBodyPOST/2.png")
    picture("wholeBodyPOST/3.png")
    picture("kneeANT/2.png")
    for path in (front, back):
        assert partnered(path).paths == (front, back)
    one, other = picture("a/7_ant.png"), picture("a/7_post.png")
    alone = picture("a/8_ant.png")
    assert partnered(other).paths == (one, other)
    assert partnered(alone).paths == (alone,)
    assert partnered(picture("a/9.png")).name == "9"
