"""The worklist of bone scans with the panel and the cases on disk, and the export menu of the panel."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
from qtpy.QtWidgets import QFileDialog, QMenu

from napari_tbcad.bone.cases import hotspots_of
from napari_tbcad.case import Case
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.scans import read_study
from napari_tbcad.widgets.bone.worklist import BoneWorklistPanel
from napari_tbcad.widgets.parts.worklist_model import SECOND_LINE

pytestmark = pytest.mark.gui


@pytest.fixture
def folder(scan_file, tmp_path):
    """A scan of one file, and the same as two files of another study."""
    scans = tmp_path / "scans"
    scans.mkdir()
    shutil.copy(scan_file, scans / "a.dcm")
    study = read_study(scan_file)
    for file, view, frame in zip(("1", "2"), ("anterior", "posterior"), study.frames, strict=True):
        path = scans / "b" / f"{file}.dcm"
        write_nuclear(path, [frame.pixels], spacing_mm=study.spacing_mm, views=(view,), name="B", study="2")
    return scans


def second_lines(view, column=0):
    model = view.rows.model
    return [model.index(row, column).data(SECOND_LINE) for row in range(model.rowCount())]


def judge_all(session):
    return session.hands.confirm([mark.id for mark in session.value("hotspots").marks])


def test_scans_are_annotated_one_after_the_other_and_accepted_by_a_second_reader(
    panel, folder, finished, qtbot, tmp_path
):
    viewer, widget = panel()
    worklist = BoneWorklistPanel(viewer)
    viewer.window.add_dock_widget(worklist, name="Bone worklist")
    view = worklist.view
    assert view.header.blind_box.isHidden()
    assert "folder of scans" in view.rows.hint.text()
    view.set_reader("Ani")
    with qtbot.waitSignal(view.loaded, timeout=30_000):
        view.open_folder(folder)
    assert [item.name for item in view.worklist.items] == ["a", "b__1"]
    assert view.header.title.text().endswith("2 scans")

    def wait_for(name, value="index"):
        qtbot.waitUntil(
            lambda: (
                view.current is not None
                and view.current.name == name
                and widget.session is not None
                and widget.session.desk.home == view.current.case
                and widget.session.value("index") is not None
            ),
            timeout=60_000,
        )
        finished(widget)

    view.go_next()
    wait_for("a")
    number = len(widget.session.value("hotspots").marks)
    view.finish()
    assert f"{number} of {number} hotspots are not judged" in view.footer.message.text()
    assert not view.current.case.exists() or Case.load(view.current.case).last.verdict == "in progress"
    assert judge_all(widget.session)
    finished(widget)
    index = widget.session.value("index").value
    view.finish()
    wait_for("b__1", "scan")  # no need to wait for its hotspots: the person goes elsewhere meanwhile
    assert len(widget.session.part.study.frames) == 2
    assert [str(state) for state in view.worklist.states] == ["done", "to do"]
    assert second_lines(view) == [f"{number} of {number} judged · Ani", ""]
    assert second_lines(view, 1) == [f"BSI {index:.2f} %", ""]
    assert view.footer.summary.text() == f"{number} of {number} hotspots judged · by Ani 1"

    # A second reader, who says so in the panel, agrees with the first.
    widget.bench.set_reader("Budi")
    qtbot.waitUntil(lambda: view.reader == "Budi" == view.header.reader_field.text())
    view.open(folder / "a.dcm")
    wait_for("a")
    assert widget.session.value("index").value == index
    assert not view.footer.accept_button.isHidden()
    view.accept()
    qtbot.waitUntil(lambda: str(view.worklist.states[0]) == "reviewed: accepted", timeout=30_000)
    case = Case.load(folder / "cases" / "a.tbcad")
    assert [(one.reader, one.verdict) for one in case.readings] == [("Ani", "made"), ("Budi", "accepted")]
    first, last = (hotspots_of(case, reader=n) for n in (0, 1))
    assert first.marks == last.marks
    assert second_lines(view)[0].endswith("Ani, then Budi")


def test_the_export_menu_writes_the_annotation_in_both_schemes(
    opened, tmp_path, qtbot, finished, monkeypatch
):
    viewer, widget = opened()
    menu = QMenu()
    widget.exporter.fill(menu)
    entries = {action.text(): action for action in menu.actions()}
    assert list(entries) == [
        "Save case as…",
        "Tables, label images, overlay and record…",
        "Report…",
        "Annotation, both label schemes…",
        "DICOM for an archive…",
        "DICOM without identity…",
        "Picture of the canvas…",
    ]
    assert all(action.toolTip() for action in entries.values())
    widget.bench.set_reader("Ani")
    first = widget.session.value("hotspots").marks[0].id
    assert widget.session.hands.set_class([first], "non_bone")
    finished(widget)
    out = tmp_path / "annotation"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(out))
    with qtbot.waitSignal(widget.exporter.saved, timeout=30_000):
        entries["Annotation, both label schemes…"].trigger()
    spots = pd.read_csv(out / "hotspots.csv").set_index("id")
    judged = {mark.id for mark in widget.session.value("hotspots").marks if mark.judged}
    assert set(spots.index[spots["judged"]]) == judged >= {first}
    assert set(spots["reader"]) == {"Ani"}
    assert spots.loc[first, "label"] == "non_bone"
    scan = pd.read_csv(out / "scans.csv").iloc[0]
    assert scan["bsi"] == pytest.approx(widget.session.value("index").value, rel=1e-6)
    for scheme in ("4", "3"):
        assert (out / f"scheme{scheme}" / "patient_anterior_classes.png").is_file()
    with qtbot.waitSignal(widget.exporter.failed, timeout=30_000) as told:
        widget.exporter.export_annotation_to(tmp_path / "gone" / "there")
    assert "is gone" in told.args[0]
    with qtbot.waitSignal(widget.exporter.saved, timeout=60_000):
        widget.exporter.report_to(tmp_path / "patient.html", language="id")
    page = (tmp_path / "patient.html").read_text(encoding="utf-8")
    assert "<html lang='id'>" in page
    assert "Ani" in page
