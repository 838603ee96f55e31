"""Saving, reopening and keeping aside what a person did, through the panel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_tbcad.case import Case
from napari_tbcad.files import write_csv
from napari_tbcad.notice import NOTICE

pytestmark = pytest.mark.gui


def film_file(folder, pixels, name="chest.png"):
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(folder / name)
    return folder / name


@pytest.fixture
def opened(panel, finished, phantom_pixels, tmp_path, qtbot):
    """Return a viewer, its panel and a film that was opened from a file, run and corrected."""
    path = film_file(tmp_path / "films", phantom_pixels)
    viewer, widget = panel()
    widget.open_film(path)
    qtbot.waitUntil(lambda: widget.session is not None, timeout=30_000)
    widget.run_bar.run_button.click()
    finished(widget)
    erase(widget, slice(100, 140))
    finished(widget)
    return viewer, widget, path


def erase(widget, rows, kind="insensitive"):
    layer = widget.session.layers.layer(kind)
    where = np.nonzero(np.asarray(layer.data)[rows])
    layer.data_setitem((where[0] + rows.start, where[1]), 0)


def state_of(widget):
    session = widget.session
    from napari_tbcad.chest.workflow import history

    return {
        "masks": [session.value(k).labels.copy() for k in ("sensitive", "insensitive")],
        "automatic": [session.value(k, automatic=True).labels.copy() for k in ("sensitive", "insensitive")],
        "features": session.value("features").values.copy(),
        "result": session.value("result"),
        "record": history(session.run),
        "warnings": session.warnings(),
        "ghost": session.ghost,
    }


def assert_same(one, other):
    for name in ("masks", "automatic"):
        for a, b in zip(one[name], other[name], strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(one["features"], other["features"])
    for name in ("result", "record", "warnings", "ghost"):
        assert one[name] == other[name], name


def test_a_saved_case_reopens_exactly_and_goes_on(opened, finished, tmp_path, qtbot):
    viewer, widget, _ = opened
    before = state_of(widget)
    widget.exporter.save_to(tmp_path / "case.tbcad")
    finished(widget)
    assert not widget.session.desk.unsaved
    widget.bench.close_film()
    assert len(viewer.layers) == 0

    widget.open_film(tmp_path / "case.tbcad")
    qtbot.waitUntil(lambda: widget.session is not None, timeout=30_000)
    finished(widget)
    assert_same(before, state_of(widget))
    assert {layer.name for layer in viewer.layers} == {"chest", "chest sensitive", "chest insensitive"}
    assert "px changed" in widget.correct.facts.text()

    erase(widget, slice(150, 170))
    finished(widget)
    assert len(widget.session.run.journal) == 2
    widget.run_bar.save_button.click()  # no question: the file is known
    finished(widget)
    assert len(Case.load(tmp_path / "case.tbcad").readings) == 1
    assert len(Case.load(tmp_path / "case.tbcad").last.edits) == 2


def test_a_case_can_be_opened_by_napari_itself(opened, finished, tmp_path, make_napari_viewer_proxy, panel):
    _, widget, _ = opened
    before = state_of(widget)
    widget.exporter.save_to(tmp_path / "case.tbcad")
    finished(widget)
    other, second = panel()
    other.open(str(tmp_path / "case.tbcad"), plugin="napari-tbcad")
    finished(second)
    assert_same(before, state_of(second))


def test_what_was_corrected_and_not_saved_is_offered_again(
    opened, finished, kept_aside, qtbot, phantom_pixels, tmp_path
):
    viewer, widget, path = opened
    before = state_of(widget)
    widget.bench.close_film()
    qtbot.waitUntil(lambda: bool(list(kept_aside.glob("chest~*.tbcad"))), timeout=30_000)
    widget.open_film(path)
    qtbot.waitUntil(lambda: widget.session is not None, timeout=30_000)
    finished(widget)
    assert not widget.leftover.isHidden()
    assert widget.session.value("features") is None
    widget.leftover.go_on.click()
    qtbot.waitUntil(lambda: widget.leftover.isHidden(), timeout=30_000)
    finished(widget)
    assert_same(before, state_of(widget))

    widget.open_film(film_file(tmp_path / "films", phantom_pixels * 0.9, "other.png"))
    qtbot.waitUntil(lambda: widget.picker.currentText() == "other", timeout=30_000)
    finished(widget)
    assert widget.leftover.isHidden()


def test_a_layer_taken_out_and_put_back_has_its_case_as_it_stands(
    opened, finished, tmp_path, kept_aside, qtbot
):
    viewer, widget, _ = opened
    widget.exporter.save_to(tmp_path / "case.tbcad")
    finished(widget)
    widget.bench.close_film()

    widget.open_film(tmp_path / "case.tbcad")
    qtbot.waitUntil(lambda: widget.session is not None, timeout=30_000)
    finished(widget)
    erase(widget, slice(150, 170))
    finished(widget)
    widget.run_bar.save_button.click()
    finished(widget)
    before, layer = state_of(widget), widget.bench.film
    widget.bench.close_film()
    qtbot.waitUntil(lambda: widget.session is None, timeout=30_000)
    assert list(kept_aside.glob("*.tbcad")) == []
    viewer.add_layer(layer)
    qtbot.waitUntil(lambda: widget.session is not None, timeout=30_000)
    finished(widget)
    assert_same(before, state_of(widget))
    assert widget.session.desk.path == tmp_path / "case.tbcad"
    assert widget.leftover.isHidden()

    # What was not saved is offered, although the film has a case.
    erase(widget, slice(180, 185))
    finished(widget)
    newest = state_of(widget)
    widget.bench.close_film()
    qtbot.waitUntil(lambda: bool(list(kept_aside.glob("chest~*.tbcad"))), timeout=30_000)
    (tmp_path / "case.tbcad").rename(tmp_path / "moved.tbcad")
    viewer.add_layer(layer)
    qtbot.waitUntil(lambda: widget.session is not None, timeout=30_000)
    finished(widget)
    assert any("is gone" in said for said in widget.session.warnings())
    widget.leftover.go_on.click()
    qtbot.waitUntil(lambda: widget.leftover.isHidden(), timeout=30_000)
    finished(widget)
    assert_same(newest, state_of(widget))


def test_a_case_that_cannot_be_saved_is_said_and_nothing_is_lost(opened, finished, tmp_path, qtbot, capsys):
    _, widget, _ = opened
    (tmp_path / "file").write_text("no folder")
    with qtbot.waitSignal(widget.session.desk.failed, timeout=30_000) as failed:
        widget.exporter.save_to(tmp_path / "file" / "case.tbcad")
    assert "case.tbcad" in failed.args[0]
    finished(widget)
    assert widget.session.desk.unsaved
    assert widget.session.value("insensitive").origin == "person"


def test_a_damaged_case_is_refused_in_words(panel, tmp_path, qtbot):
    _, widget = panel()
    (tmp_path / "broken.tbcad").write_bytes(b"PK\x03\x04 and no more")
    widget.open_film(tmp_path / "broken.tbcad")
    qtbot.waitUntil(lambda: "broken.tbcad" in widget.header.facts.text(), timeout=30_000)


def test_an_export_has_what_chest_run_writes(opened, finished, tmp_path, qtbot):
    viewer, widget, _ = opened
    out = tmp_path / "out"
    widget.exporter.export_to(out)
    qtbot.waitUntil((out / "features.csv").is_file, timeout=30_000)
    from napari_tbcad.io.masks import read_mask

    np.testing.assert_array_equal(
        read_mask(out / "masks" / "chest_insensitive.png"), widget.session.value("insensitive").labels
    )
    assert (out / "masks" / "chest_insensitive.seg.nrrd").is_file()
    # In the folder of a run the film is called as the run called it.
    run, film = tmp_path / "run", Path(widget.session.run.get("film").source)
    (run / "run").mkdir(parents=True)
    write_csv(run / "run" / "inputs.csv", ("name", "file"), [{"name": "p1__chest", "file": film.as_posix()}])
    with qtbot.waitSignal(widget.exporter.saved, timeout=30_000):
        widget.exporter.export_to(run)
    assert [path.stem for path in (run / "records").iterdir()] == ["p1__chest"]
    widget.exporter.shoot(tmp_path / "shot")
    qtbot.waitUntil((tmp_path / "shot.png").is_file, timeout=30_000)
    with Image.open(tmp_path / "shot.png") as shot:
        assert shot.text["Disclaimer"] == NOTICE


def test_an_export_that_fails_unforeseen_names_the_film(opened, tmp_path, monkeypatch, qtbot):
    from napari_tbcad.chest import exports
    from napari_tbcad.widgets.workflow import exporting

    _, widget, _ = opened
    said = []
    monkeypatch.setattr(exporting, "show_error", said.append)
    monkeypatch.setattr(exports, "export_case", lambda *_, **__: [][0])
    widget.exporter.export_to(tmp_path / "out")
    qtbot.waitUntil(lambda: bool(said), timeout=30_000)
    assert said == ["chest.png: IndexError: list index out of range"]


def test_a_report_is_written_and_opens_in_the_browser(opened, finished, tmp_path, monkeypatch, qtbot):
    from napari_tbcad.widgets.workflow import exporting

    _, widget, _ = opened
    shown, place = [], tmp_path / "report"
    kind = "Laporan bahasa Indonesia (*.html)"
    monkeypatch.setattr(exporting.QFileDialog, "getSaveFileName", lambda *_: (str(place), kind))
    monkeypatch.setattr(
        exporting.QDesktopServices, "openUrl", lambda url: shown.append(Path(url.toLocalFile()).name)
    )
    entries = {action.text(): action for action in widget.run_bar.export_menu.actions()}
    entries["Report…"].trigger()
    qtbot.waitUntil(lambda: bool(shown), timeout=60_000)
    assert shown == ["report.html"]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "lang='id'" in page
    assert "Jawaban" in page
    assert "belum selesai" in page  # nobody saved it
    assert str(tmp_path) not in page
    widget.bench.blind = True
    widget.exporter.report_to(tmp_path / "blind.html")
    qtbot.waitUntil((tmp_path / "blind.html").is_file, timeout=60_000)
    hidden = (tmp_path / "blind.html").read_text(encoding="utf-8")
    assert "Blinded reading" in hidden
    assert "uspect for tuberculosis" not in hidden
    widget.bench.blind = False
