"""The worklist's view: as a person uses it, and as the viewer is told."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QComboBox, QLineEdit

from napari_tbcad.bone.annotation_list import SCANS
from napari_tbcad.case import Case, ImageReference, Reading
from napari_tbcad.widgets.parts import worklist as view_module
from napari_tbcad.widgets.parts.worklist import WorklistView
from napari_tbcad.widgets.parts.worklist_model import SECOND_LINE, WorklistModel, symbol, word
from napari_tbcad.worklist import Worklist
from napari_tbcad.worklist_item import Item, ReadingState, Sighting
from napari_tbcad.worklist_sources import FILMS

pytestmark = pytest.mark.gui

PNG = b"\x89PNG\r\n\x1a\n"
LONG = "a_film_with_a_very_long_name_as_some_archives_give_them_2020_01_28_23_51_6665"


def read(item, *readings):
    """Write the case of an item; a reading is (reader, verdict)."""
    image = ImageReference(item.path.name, str(item.path.absolute()))
    made = tuple(Reading(who, "2026-11-20T10:00:00.000+00:00", verdict) for who, verdict in readings)
    Case("chest", {"film": image}, made).save(item.case)


@pytest.fixture
def folder(tmp_path):
    films = tmp_path / "films" / "images"
    films.mkdir(parents=True)
    for name in ("1", "2", "3", LONG):
        (films / f"{name}.png").write_bytes(PNG)
    return films.parent


@pytest.fixture
def view(qtbot):
    widget = WorklistView()
    qtbot.addWidget(widget)
    widget.resize(360, 700)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


@pytest.fixture
def filled(view, folder, qtbot):
    with qtbot.waitSignal(view.loaded):
        view.open_folder(folder)
    return view


def texts(view, column=0):
    model = view.rows.model
    return [model.index(row, column).data() for row in range(model.rowCount())]


def paths(view):
    return [item.path for item in view.worklist.items]


def reader(view, name):
    view.header.reader_field.setFocus()
    view.header.reader_field.clear()
    QTest.keyClicks(view.header.reader_field, name)
    QTest.keyClick(view.header.reader_field, Qt.Key.Key_Return)


def choose(view, state):
    combo = view.header.filter
    combo.setCurrentIndex(0 if state is None else combo.findData(state.value))


def test_an_empty_view_says_what_to_do_and_offers_nothing_else(view):
    assert "Open a folder" in view.rows.currentWidget().text()
    assert view.current is None
    buttons = view.footer
    assert not any(b.isEnabled() for b in (buttons.previous_button, buttons.next_button, buttons.done_button))
    view.go_next()
    view.finish()
    view.accept()
    view.refresh()


def test_a_folder_is_listed_without_what_all_names_share(filled, folder):
    assert texts(filled) == ["1", "2", "3", LONG]
    assert texts(filled, 1) == ["to do"] * 4
    assert filled.header.title.toolTip().startswith(str(folder))
    assert filled.footer.text.text() == "0 of 4 read"
    assert filled.header.filter.itemText(0) == "All films (4)"
    tip = filled.rows.model.index(3, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert f"images__{LONG}" in tip


def test_enter_opens_and_the_arrows_only_move(filled, qtbot):
    tree = filled.rows.tree
    with qtbot.waitSignal(filled.opened) as told:
        filled.go_next()
    assert told.args == [paths(filled)[0]]
    tree.setFocus()
    with qtbot.assertNotEmitted(filled.opened):
        QTest.keyClick(tree, Qt.Key.Key_Down)
        QTest.keyClick(tree, Qt.Key.Key_Down)
    with qtbot.waitSignal(filled.opened) as told:
        QTest.keyClick(tree, Qt.Key.Key_Return)
    assert told.args == [paths(filled)[2]]
    assert filled.current.path == paths(filled)[2]
    assert tree.model().index(2, 0).data(Qt.ItemDataRole.AccessibleTextRole) == "3, opened"


def test_done_goes_on_only_when_the_case_says_so(filled, qtbot):
    one, two, *_ = paths(filled)
    filled.open(one)
    with qtbot.waitSignal(filled.done), qtbot.assertNotEmitted(filled.opened, wait=50):
        QTest.mouseClick(filled.footer.done_button, Qt.MouseButton.LeftButton)
    assert not filled.footer.done_button.isEnabled()
    read(filled.current, ("", "in progress"))
    with qtbot.assertNotEmitted(filled.opened, wait=200):
        filled.mark(one)
    read(filled.current, ("", "made"))
    with qtbot.waitSignal(filled.opened) as told:
        filled.mark(one)
    assert told.args == [two]
    assert texts(filled, 1) == ["done", "to do", "to do", "to do"]
    assert filled.footer.text.text() == "1 of 4 read"
    assert filled.footer.done_button.isEnabled()


def test_a_film_that_could_not_be_saved_stays_the_current_one(filled, qtbot):
    filled.open(paths(filled)[0])
    filled.finish()
    with qtbot.assertNotEmitted(filled.opened, wait=50):
        filled.show_error("1.tbcad: cannot write there (disk full)")
    assert "disk full" in filled.footer.message.text()
    assert filled.footer.done_button.isEnabled()
    assert filled.current.path == paths(filled)[0]


def test_nothing_else_opens_while_a_finished_film_is_being_saved(filled, qtbot):
    one, two, three, _ = paths(filled)
    filled.open(one)
    filled.finish()
    with qtbot.assertNotEmitted(filled.opened, wait=50):
        filled.go_next()
        filled.open(three)
    assert filled.current.path == one
    assert "1.png is being saved" in filled.footer.message.text()
    read(filled.current, ("", "made"))
    with qtbot.waitSignal(filled.opened) as told:
        filled.mark(one)
    assert told.args == [two]
    assert filled.footer.message.text() == ""


def test_a_film_that_is_gone_once_its_case_is_saved_holds_nobody_up(filled, qtbot):
    one, two, *_ = paths(filled)
    filled.open(one)
    filled.finish()
    read(filled.current, ("", "made"))
    one.unlink()
    with qtbot.waitSignal(filled.opened) as told:
        filled.mark(one)
    assert told.args == [two]
    assert "no such file" in filled.footer.message.text()


def test_after_the_last_one_what_was_left_out_comes_next_and_then_it_says_so(filled, qtbot):
    last = paths(filled)[-1]
    for path in paths(filled)[1:-1]:
        read(filled.worklist.find(path), ("", "made"))
        filled.mark(path)
    filled.open(last)
    read(filled.current, ("", "made"))
    filled.finish()
    with qtbot.waitSignal(filled.opened) as told:
        filled.mark(last)
    assert told.args == [paths(filled)[0]]
    read(filled.current, ("", "made"))
    filled.finish()
    filled.mark(paths(filled)[0])
    qtbot.waitUntil(lambda: "All done: 4 of 4" in filled.footer.message.text())


def test_a_second_reader_accepts_or_changes(filled, qtbot):
    one, two, *_ = filled.worklist.items
    read(one, ("Ani", "made"))
    read(two, ("Ani", "made"))
    filled.refresh()
    qtbot.waitUntil(lambda: texts(filled, 1)[:2] == ["done", "done"])
    assert filled.footer.accept_button.isHidden()
    with qtbot.waitSignal(filled.reader_changed) as told:
        reader(filled, " Budi ")
    assert told.args == ["Budi"]
    assert filled.reader == "Budi"
    assert texts(filled, 1)[:2] == ["to review", "to review"]
    filled.open(one.path)
    assert not filled.footer.accept_button.isHidden()
    assert "Ani" in filled.footer.about.text()
    read(one, ("Ani", "made"), ("Budi", "accepted"))
    with qtbot.waitSignal(filled.accepted):
        QTest.mouseClick(filled.footer.accept_button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(filled.opened):
        filled.mark(one.path)
    read(two, ("Ani", "made"), ("Budi", "changed"))
    with qtbot.waitSignal(filled.done):
        filled.finish()
    with qtbot.waitSignal(filled.opened):
        filled.mark(two.path)
    assert texts(filled, 1)[:2] == ["accepted", "changed"]
    assert filled.footer.text.text() == "2 of 4 read"
    reader(filled, "Ani")
    assert texts(filled, 1)[:2] == ["accepted", "changed"]


def test_the_filter_counts_and_next_keeps_to_it(filled, qtbot):
    items = filled.worklist.items
    read(items[1], ("", "made"))
    filled.mark(items[1].path)
    qtbot.waitUntil(lambda: texts(filled, 1)[1] == "done")
    filled.open(items[0].path)
    choose(filled, ReadingState.TO_DO)
    assert filled.header.filter.currentText() == "To do (3)"
    assert texts(filled) == ["1", "3", LONG]
    filled.go_next()
    assert filled.current.path == items[2].path
    filled.go_previous()
    assert filled.current.path == items[0].path
    read(items[0], ("", "made"))
    filled.finish()
    with qtbot.waitSignal(filled.opened) as told:
        filled.mark(items[0].path)
    assert told.args == [items[2].path]
    assert texts(filled) == ["3", LONG]
    for item in (items[2], items[3]):
        read(item, ("", "made"))
        filled.mark(item.path)
    qtbot.waitUntil(lambda: filled.rows.model.rowCount() == 0)
    assert "No film" in filled.rows.currentWidget().text()


def test_a_film_that_fails_is_said_and_opens_once_it_is_back(filled, qtbot):
    one = filled.worklist.items[0]
    one.path.unlink()
    filled.mark(one.path)
    qtbot.waitUntil(lambda: texts(filled, 1)[0] == "failed")
    with qtbot.assertNotEmitted(filled.opened, wait=100):
        filled.open(one.path)
    qtbot.waitUntil(lambda: "no such file" in filled.footer.message.text())
    assert filled.current is None
    filled.go_next()
    assert filled.current.path == filled.worklist.items[1].path
    one.path.write_bytes(PNG)
    with qtbot.waitSignal(filled.opened) as told:
        filled.open(one.path)
    assert told.args == [one.path]
    filled.mark(one.path, problem="not an image")
    qtbot.waitUntil(lambda: texts(filled, 1)[0] == "failed")
    assert "not an image" in filled.rows.model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)


def test_a_list_that_cannot_be_read_is_said_and_the_one_before_stays(filled, folder, qtbot):
    (folder / "bad.csv").write_text("name\nx\n")
    filled.open_table(folder / "bad.csv")
    qtbot.waitUntil(lambda: "column path is missing" in filled.footer.message.text())
    assert len(texts(filled)) == 4
    assert filled.header.folder_button.isEnabled()


def test_a_table_of_films_that_are_elsewhere_says_where_it_looked(view, folder, qtbot):
    (folder / "list.csv").write_text("path\ngone/1.png\ngone/2.png\n")
    with qtbot.waitSignal(view.loaded):
        view.open_table(folder / "list.csv")
    assert str(folder / "gone" / "1.png") in view.footer.message.toolTip()
    assert texts(view, 1) == ["failed", "failed"]
    assert not view.footer.next_button.isEnabled()


def test_of_two_lists_the_one_asked_for_last_is_shown(view, folder, qtbot, monkeypatch):
    real = Worklist.from_folder

    def slow(given, **options):
        if Path(given).name == "films":
            time.sleep(0.3)
        return real(given, **options)

    monkeypatch.setattr(view_module.Worklist, "from_folder", staticmethod(slow))
    (folder / "list.csv").write_text("path\nimages/2.png\n")
    view.open_folder(folder)
    assert view.footer.bar.maximum() == 0
    view.open_table(folder / "list.csv")
    qtbot.waitUntil(lambda: view.worklist is not None)
    qtbot.wait(400)
    assert [item.path.name for item in view.worklist.items] == ["2.png"]
    assert view.footer.message.text() == ""


def test_a_view_that_dies_while_it_looks_is_missed_by_nobody(folder, qtbot, monkeypatch):
    begun, ended, real = threading.Event(), threading.Event(), Worklist.from_folder

    def slow(given, **options):
        begun.set()
        ended.wait(5)
        return real(given, **options)

    monkeypatch.setattr(view_module.Worklist, "from_folder", staticmethod(slow))
    widget = WorklistView()
    widget.open_folder(folder)
    qtbot.waitUntil(begun.is_set)
    with qtbot.waitSignal(widget.destroyed):
        widget.deleteLater()
    ended.set()
    qtbot.wait(100)
    assert widget.worklist is None


def test_opening_the_same_folder_again_keeps_the_open_film(filled, folder, qtbot):
    filled.open(paths(filled)[2])
    read(filled.worklist.items[0], ("", "made"))
    filled.open_folder(folder)
    qtbot.waitUntil(lambda: texts(filled, 1)[0] == "done")
    assert filled.current.path == paths(filled)[2]


def test_a_folder_can_be_dropped(view, folder, qtbot):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    drop = QDropEvent(
        QPointF(QPoint(10, 10)),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    with qtbot.waitSignal(view.loaded):
        view.dropEvent(drop)
    assert len(texts(view)) == 4


def test_nothing_of_a_table_but_age_sex_and_view_is_shown(view, folder, qtbot):
    table = folder / "list.csv"
    table.write_text("path,label,patient,age,finding\nimages/1.png,1,Doe,45,cavity\n")
    with qtbot.waitSignal(view.loaded):
        view.open_table(table)
    view.open(paths(view)[0])
    shown = "\n".join(
        str(view.rows.model.index(0, column).data(role))
        for column in (0, 1)
        for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)
    )
    assert "age 45" in shown
    assert "Doe" not in shown
    assert "cavity" not in shown
    assert "label" not in shown


def test_every_control_is_named_explained_and_reached_by_the_keyboard(filled):
    filled.open(paths(filled)[1])
    kinds = (QAbstractButton, QComboBox, QLineEdit)
    controls = [w for kind in kinds for w in filled.findChildren(kind) if not w.isHidden()]
    assert len(controls) >= 8
    for control in controls:
        assert control.accessibleName(), control
        assert control.toolTip(), control
    reached, at = set(), filled.header.folder_button
    at.setFocus()
    for _ in range(20):
        reached.add(at)
        QTest.keyClick(at, Qt.Key.Key_Tab)
        at = filled.focusWidget()
    wanted = [c for c in controls if c.isEnabled() and c.isVisible()]
    assert {c.accessibleName() for c in wanted} <= {c.accessibleName() for c in reached}


def test_five_thousand_rows_fit_a_narrow_panel_and_need_no_widget_each(view, qtbot):
    items = tuple(
        Item(Path(f"/x/{n:04d}_{LONG}.png"), f"{n:04d}_{LONG}", Path(f"/x/cases/{n}.tbcad"))
        for n in range(5000)
    )
    done = tuple(
        Item(i.path, i.name, i.case, readings=(Sighting("Ani", "made"),)) if n % 25 == 0 else i
        for n, i in enumerate(items)
    )
    before = len(view.findChildren(object))
    view.set_worklist(Worklist(Path("/x"), Path("/x/cases"), done))
    assert view.rows.model.rowCount() == 5000
    assert len(view.findChildren(object)) <= before + 5
    view.resize(300, 500)
    qtbot.wait(20)
    assert view.width() == 300
    tree = view.rows.tree
    assert tree.header().length() <= tree.viewport().width()
    view.open(items[4990].path)
    assert tree.visualRect(tree.currentIndex()).isValid()


def test_states_differ_by_word_and_by_shape(qtbot):
    words = {word(state) for state in ReadingState}
    assert len(words) == len(ReadingState)
    shapes = set()
    for state in ReadingState:
        image = symbol(state).pixmap(16, 16).toImage()
        shapes.add(
            tuple(
                image.pixelColor(x, y).alpha() > 100 and image.pixelColor(x, y).lightness() < 240
                for x in range(image.width())
                for y in range(image.height())
            )
        )
    assert len(shapes) == len(ReadingState)


def test_the_cursor_stays_near_a_film_that_the_filter_hides(filled, qtbot):
    choose(filled, ReadingState.TO_DO)
    filled.open(paths(filled)[1])
    read(filled.current, ("", "made"))
    filled.mark(paths(filled)[1])
    qtbot.waitUntil(lambda: len(texts(filled)) == 3)
    assert filled.rows.tree.currentIndex().row() == 1


def test_a_model_keeps_to_what_qt_expects_of_it(filled, qtmodeltester):
    model = WorklistModel()
    model.show(filled.worklist)
    qtmodeltester.check(model)


def test_a_row_of_a_scan_has_a_second_line_that_is_drawn_and_read_aloud(qtbot):
    said = {"hotspots": 3, "judged": 3, "bsi": 1.25, "bsi_judged": 1.25}
    read_scan = Item(
        Path("/x/a.dcm"),
        "a",
        Path("/x/cases/a.tbcad"),
        readings=(Sighting("Ani", "made", said=said),),
        kind=SCANS,
    )
    fresh = Item(Path("/x/b_1.dcm"), "b", Path("/x/cases/b.tbcad"), more=(Path("/x/b_2.dcm"),), kind=SCANS)
    view = WorklistView(kind=SCANS, blind=False)
    qtbot.addWidget(view)
    view.resize(340, 500)
    view.set_worklist(Worklist(Path("/x"), Path("/x/cases"), (read_scan, fresh), kind=SCANS))
    model, tree = view.rows.model, view.rows.tree
    index = model.index(0, 0)
    assert index.data(SECOND_LINE) == "3 of 3 judged · Ani"
    assert model.index(0, 1).data(SECOND_LINE) == "BSI 1.25 %"
    assert "3 of 3 judged" in index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert "b_2.dcm" in model.index(1, 0).data(Qt.ItemDataRole.ToolTipRole)
    with qtbot.waitExposed(view):
        view.show()
    assert tree.visualRect(index).height() > 1.6 * tree.fontMetrics().height()
    with_line = tree.grab().toImage()
    model._kind = FILMS
    tree.viewport().update()
    assert tree.grab().toImage() != with_line
    assert view.footer.summary.text() == "3 of 3 hotspots judged · by Ani 1"
    assert "scans" in view.header.folder_button.toolTip()
