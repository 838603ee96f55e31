"""Results of an evaluation folder, and its films in the viewer."""

from __future__ import annotations

import csv
import io
import shutil

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QDesktopServices, QGuiApplication
from qtpy.QtWidgets import QPushButton

from napari_tbcad.widgets.chest.bench import bench_of
from napari_tbcad.widgets.evaluating.results import ALARM, MISSED, RIGHT, read_results

LONG_MS = 90_000


def test_films_are_sorted_by_how_wrong_they_are(made):
    results = read_results(made)
    films = results.films["single_nb"]
    assert len(films) == 24
    wrong = np.where(films.label == 1, 1 - films.probability, films.probability)
    bad = films.outcome != RIGHT
    assert np.all(np.diff(bad.astype(int)) <= 0)
    assert np.all(np.diff(wrong[bad]) <= 0)
    assert np.all(films.label[films.outcome == MISSED] == 1)
    assert np.all(films.label[films.outcome == ALARM] == 0)
    assert results.model_of("single_nb", "1") is None


def test_results_are_shown_copied_and_enlarged(docked, settled, made, tmp_path, monkeypatch, qtbot):
    _, panel = docked()
    session = panel.session
    # what holds no evaluation is told by its name, and so is what was deleted meanwhile
    session.open(tmp_path)
    assert tmp_path.name in panel.session.problem
    folder = tmp_path / "copy"
    shutil.copytree(made, folder)
    panel.take_files([folder])
    settled(panel)
    result = panel.result
    assert session.problem == ""
    assert result.verdict.head.text().startswith("✕")
    assert "without looking at the lungs" in result.verdict.text.text()
    bars = result.bars.rows
    assert [row.control for row in bars] == [False, False, True]
    assert bars[-1].said.startswith("✕ outside the lungs")
    # the table is sorted by a heading and copied as it stands
    heads = [result.table.horizontalHeaderItem(n).text() for n in range(result.table.columnCount())]
    result.table.sortItems(heads.index("AUC"), Qt.SortOrder.AscendingOrder)
    result.copy_button.click()
    copied = list(csv.DictReader(io.StringIO(QGuiApplication.clipboard().text())))
    aucs = [float(row["AUC"]) for row in copied]
    assert len(aucs) == 2
    assert aucs == sorted(aucs)
    # plots: those that there are, each in a window of its own when wanted
    titles = [plot.title for plot in result.plots.there]
    assert titles == ["ROC", "Calibration", "Confusion", "Learning curve"]
    for place in range(len(titles)):
        result.plots.bar.setCurrentIndex(place)
        dialog = result.plots.enlarge()
        qtbot.waitExposed(dialog)
        assert not dialog.grab().isNull()
        dialog.close()
    assert "training films" in result.plots.said.text()
    asked = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: asked.append(url.toLocalFile()))
    result.report_button.click()
    assert asked == [str(folder / "report.html")]
    shutil.rmtree(folder)
    result.report_button.click()
    assert "report.html: it is gone" in session.problem
    session.open(folder)
    assert "the folder is gone" in session.problem


def test_a_film_opens_with_the_model_that_did_not_see_it(docked, settled, opened, qtbot, tiny_model):
    viewer, panel = docked()
    panel.take_files([opened])
    settled(panel)
    films, bench = panel.films, bench_of(viewer)
    qtbot.waitUntil(lambda: not bench.shelf.loading, timeout=LONG_MS)
    films.kind.setCurrentIndex(films.kind.findData("all"))
    films.search.setText("film01")
    assert films.table.rows.rowCount() == 1
    films.table.setCurrentIndex(films.table.rows.index(0, 0))
    qtbot.keyClick(films.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not films.opener.busy and not bench.shelf.loading, timeout=LONG_MS)
    assert bench.shelf.lent.startswith("Judged by the model of fold")
    assert bench.shelf.model is not tiny_model
    qtbot.waitUntil(lambda: bench.session is not None and bench.session.settled, timeout=LONG_MS)
    qtbot.waitUntil(lambda: bench.session.value("result") is not None, timeout=LONG_MS)
    assert "film01.png" in films.card.text()
    qtbot.waitUntil(lambda: bench.session.explaining.fresh, timeout=LONG_MS)
    assert bench.session.layers.layer("insensitive").contour
    first = bench.film
    # another film takes its place; with a film of the person's own, their model is back
    films.search.setText("film02")
    films.open(films.table.rows.place(0))
    qtbot.waitUntil(lambda: not films.opener.busy and bench.film is not first, timeout=LONG_MS)
    assert first not in viewer.layers
    qtbot.waitUntil(lambda: bench.session is not None and bench.session.settled, timeout=LONG_MS)
    second = bench.film
    bench.open_sample("normal_man")
    qtbot.waitUntil(lambda: bench.film is not None and bench.film is not second, timeout=LONG_MS)
    assert bench.shelf.lent == ""
    assert bench.shelf.model is tiny_model
    bench.choose(second)
    qtbot.waitUntil(lambda: bench.shelf.lent != "" and not bench.shelf.loading, timeout=LONG_MS)
    # or when they want it back
    films.show_answer()
    window = panel.window()
    back = next(b for b in window.findChildren(QPushButton) if b.text() == "Back to my model")
    qtbot.waitUntil(lambda: not back.parentWidget().isHidden(), timeout=LONG_MS)
    back.click()
    assert bench.shelf.model is tiny_model
    assert bench.shelf.lent == ""
    qtbot.waitUntil(lambda: bench.session.settled, timeout=LONG_MS)
    # a film that is gone is told by name
    films.search.setText("film20")
    films.open(films.table.rows.place(0))
    assert "film20.png" in films.problem.text().replace("\u200b", "")
