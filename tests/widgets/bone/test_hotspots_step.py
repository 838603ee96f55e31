"""The hotspots step: a person goes through candidates with one hand on the keys and eyes on the scan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QComboBox

from napari_tbcad.bone.measure import HotspotRow
from napari_tbcad.widgets.bone.hotspot_menu import hotspot_menu
from napari_tbcad.widgets.bone.hotspot_table import Filter, HotspotView, RowOrder
from napari_tbcad.widgets.bone.hotspot_table.order import AREA, CLASS, NEED
from napari_tbcad.widgets.bone.hotspot_table.words import in_full, sentence, together

pytestmark = pytest.mark.gui

ROW = HotspotRow(
    id=1,
    view="anterior",
    region="rib",
    nearest_region="rib",
    label="abnormal",
    row=10.0,
    column=10.0,
    top=8,
    left=8,
    bottom=13,
    right=13,
    area_px=20,
    area_mm2=80.0,
    eccentricity=0.5,
    solidity=0.9,
    peak=30.0,
    mean=20.0,
    total=400.0,
    ratio_contralateral=1.5,
    ratio_reference=None,
    ratio_region=2.0,
    probability=0.9,
    uncertainty=0.2,
    linked=None,
    judged=False,
    origin="candidate",
)


def rows_of(*uncertainties):
    return [replace(ROW, id=number, uncertainty=value) for number, value in enumerate(uncertainties, start=1)]


def ids(rows):
    return [row.id for row in rows]


def test_rows_keep_their_places_until_the_person_sorts_again():
    order, rows = RowOrder(), rows_of(0.1, 0.9, 0.5, None)
    rows[2] = replace(rows[2], judged=True)
    # What most needs an eye first; what the program says nothing of before what is judged.
    assert ids(order.arrange(rows)) == [2, 1, 4, 3]
    judged = [replace(row, judged=row.judged or row.id == 2) for row in rows]
    made = [*judged, replace(ROW, id=9, judged=True, uncertainty=None)]
    assert ids(order.arrange(made)) == [2, 1, 4, 3, 9]
    # Taken away and brought back: where it was.
    assert ids(order.arrange([row for row in made if row.id != 1])) == [2, 4, 3, 9]
    assert ids(order.arrange(made)) == [2, 1, 4, 3, 9]
    order.forget()
    assert ids(order.arrange(made)) == [1, 4, 2, 3, 9]
    order.sort(AREA, descending=False)
    large = [replace(row, area_px=100 - row.id) for row in made]
    assert ids(order.arrange(large)) == [9, 4, 3, 2, 1]


def test_next_is_what_needs_an_eye_also_from_where_something_was_deleted():
    order, rows = RowOrder(), rows_of(0.9, 0.8, 0.7, 0.6, 0.5)
    rows[1] = replace(rows[1], judged=True)
    shown = order.arrange(rows)
    assert ids(shown) == [1, 3, 4, 5, 2]
    assert order.next_to_judge(shown, None) == 1
    assert order.next_to_judge(shown, 1) == 3
    assert order.next_to_judge(shown, 5) == 1
    assert order.next_to_judge(shown, 1, -1) == 5
    assert order.next_to_judge(shown, 2, -1) == 5
    rest = order.arrange([row for row in rows if row.id != 3])
    assert order.next_to_judge(rest, 3) == 4
    assert order.next_to_judge(rest, 3, -1) == 1
    done = [replace(row, judged=True) for row in rest]
    assert order.next_to_judge(done, 1) == 4
    assert order.next_to_judge([], 1) is None
    assert order.next_to_judge(done[:1], done[0].id) == done[0].id


def test_filters_and_words():
    behind = replace(ROW, id=7, view="posterior", region="outside", nearest_region="femur", label="non_bone")
    for chosen, lets in (
        (Filter(), True),
        (Filter(label="non_bone"), True),
        (Filter(label="normal"), False),
        (Filter(view="anterior"), False),
        (Filter(judged=True), False),
        (Filter(judged=False, view="posterior"), True),
        (Filter(text="7"), True),
        (Filter(text="71"), False),
        (Filter(text="Fem post"), True),
        (Filter(text="fem ant"), False),
    ):
        assert chosen.lets(behind) is lets, chosen
    order = RowOrder()
    order.filter = Filter(judged=False)
    done = replace(ROW, judged=True)
    # What the person is at stays in sight, whatever they say of it.
    assert ids(order.arrange([done, behind], held=[1])) == [7, 1]
    assert ids(order.arrange([done, behind])) == [7]

    assert sentence(ROW).startswith("1 · rib, ant. · proposed abnormal\n80 mm²")
    assert "judged" in sentence(done)
    assert "proposed" not in sentence(done)
    assert "near femur" in sentence(behind)
    assert "adds nothing to the index" in in_full(behind)
    assert "20 px" in sentence(replace(ROW, area_mm2=None, ratio_contralateral=None))
    said = together([done, behind])
    assert "2 selected: 1 abnormal, 1 non-bone" in said
    assert "160 mm²" in said
    assert "1 not judged" in said


def test_the_table_of_200_rows_is_quick_and_keeps_what_is_in_hand(qtbot):
    view = HotspotView()
    qtbot.addWidget(view)
    view.resize(330, 210)
    view.show()
    picked, pressed, onwards, menus = [], [], [], []
    view.picked.connect(lambda numbers, current: picked.append((numbers, current)))
    view.key_pressed.connect(pressed.append)
    view.next_wanted.connect(onwards.append)
    view.menu_wanted.connect(lambda place, numbers: menus.append(numbers))
    rows = rows_of(*np.linspace(0.99, 0.01, 200))
    view.show_rows(rows, chosen=None)

    for number in range(1, 31):
        rows = [replace(row, judged=row.judged or row.id == number) for row in rows]
        view.show_rows(rows, chosen=number, selected=(number,))
    assert view.numbers()[:3] == (1, 2, 3)
    assert not picked
    # The row is in sight, and the one that follows.
    for number in (30, 31):
        box = view.visualRect(view.content.index(number - 1, 0))
        assert view.viewport().rect().contains(box.center())

    # A person's selection, by mouse and by keys.
    for number, modifier in (
        (30, Qt.KeyboardModifier.NoModifier),
        (28, Qt.KeyboardModifier.ControlModifier),
    ):
        place = view.visualRect(view.content.index(number - 1, 1)).center()
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, modifier, place)
    assert picked[-1] == ((28, 30), 28)
    view.show_rows(rows, chosen=28, selected=(28, 30))
    assert view.selected() == (28, 30)
    QTest.keyClick(view, Qt.Key.Key_Up)
    assert picked[-1] == ((27,), 27)
    for key in (Qt.Key.Key_A, Qt.Key.Key_U, Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Return):
        QTest.keyClick(view, key)
    QTest.keyClick(view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert pressed == [
        "abnormal",
        "non_bone",
        "delete_hotspots",
        "delete_hotspots",
        "accept_partner",
        "undo",
    ]
    QTest.keyClick(view, Qt.Key.Key_Tab)
    QTest.keyClick(view, Qt.Key.Key_Backtab)
    assert onwards == [1, -1]
    view.customContextMenuRequested.emit(view.visualRect(view.currentIndex()).center())
    assert menus == [(27,)]

    # The list of classes in a cell: left, it says nothing; a choice asks for that class.
    wanted = []
    view.class_wanted.connect(lambda number, label: wanted.append((number, label)))
    for choose in (False, True):
        view.edit(view.content.index(view.numbers().index(31), CLASS))
        (box,) = view.findChildren(QComboBox)
        if choose:
            box.setCurrentIndex(box.findData("ignore"))
            box.activated.emit(box.currentIndex())
        else:
            # As Qt does when something else gets the focus.
            view.itemDelegateForColumn(CLASS).commitData.emit(box)
            view.itemDelegateForColumn(CLASS).closeEditor.emit(box)
        qtbot.waitUntil(lambda: not view.findChildren(QComboBox))
    assert wanted == [(31, "ignore")]

    # Sorted by a click on a column; what was judged is last then.
    view.sortByColumn(NEED, Qt.SortOrder.AscendingOrder)
    view.sortByColumn(NEED, Qt.SortOrder.DescendingOrder)
    assert view.numbers()[:2] == (31, 32)
    assert view.numbers()[-1] == 30
    assert view.selected() == (27,)
    view.show_filtered(Filter(judged=False))
    assert len(view.numbers()) == 171
    # All judged: Tab is the next control's again.
    view.show_filtered(Filter())
    view.show_rows([replace(row, judged=True) for row in rows], chosen=27)
    onwards.clear()
    QTest.keyClick(view, Qt.Key.Key_Tab)
    assert not onwards


def test_hotspots_are_judged_by_keys_table_canvas_and_menu(opened, finished, analysis, qtbot):
    viewer, widget = opened(run=False)
    viewer.window.show()
    widget.window().resize(1280, 800)
    hands = widget.session.hands
    what_was_made_before(widget, finished, analysis)
    # Nothing is wider than the panel.
    assert widget.hotspots.minimumSizeHint().width() <= 334
    by_menu(widget, finished)
    while hands.can_undo:
        assert hands.undo()
    finished(widget)
    assert widget.session.value("hotspots").by_id() == analysis.hotspots.by_id()
    by_keys(widget, finished)
    several_at_once(widget, finished)
    the_canvas_follows(viewer, widget, finished, analysis, qtbot)
    what_is_left(widget, finished, qtbot)


def what_was_made_before(widget, finished, analysis):
    """Candidates that come after a person has begun are offered, and nothing of the person's is lost."""
    step, session = widget.hotspots, widget.session
    made = max((row for row in analysis.table if row.view == "anterior"), key=lambda row: row.peak)
    counts = session.value("scan").anterior.counts
    inside = np.where(analysis.hotspots.anterior == made.id, counts, 0)
    own = session.hands.grow("anterior", np.unravel_index(inside.argmax(), counts.shape))
    finished(widget)
    assert step.offer.isHidden()
    widget.run_bar.run_button.click()
    finished(widget)
    assert step.table.numbers() == (own,)
    missing = len(analysis.table) - 1
    assert step.offer.isVisible()
    assert step.offer.text() == f"Add the {missing} candidates found"
    step.offer.click()
    finished(widget)
    assert step.offer.isHidden()
    assert step.progress.text == f"1 of {missing + 1} judged"
    assert session.value("hotspots").mark(own).origin == "grow"
    session.hands.undo()
    session.hands.undo()
    finished(widget)
    assert step.offer.isHidden()


def by_keys(widget, finished):
    """One hand on the keys: the table keeps its order, the partner is judged along."""
    step, session = widget.hotspots, widget.session
    table, look = step.table, session.look
    order = list(table.numbers())
    known = session.value("hotspots").by_id()
    assert step.progress.text == f"0 of {len(order)} judged"
    look.choose(order[-1])
    step.next_button.click()
    finished(widget)
    assert look.chosen == order[0]
    QTest.keyClick(table, Qt.Key.Key_N)
    QTest.keyClick(table, Qt.Key.Key_Tab)
    judged = {order[0], known[order[0]].linked} - {None}
    assert look.chosen == next(number for number in order if number not in judged)
    # At once, before the table was measured again.
    widget.refresh()
    assert [row.label for row in table.rows if row.id == order[0]] == ["normal"]
    assert list(table.numbers()) == order
    assert step.progress.text == f"{len(judged)} of {len(order)} judged"
    assert "class" in step.told.text()
    QTest.keyClick(table, Qt.Key.Key_Y)
    finished(widget)
    assert session.value("hotspots").mark(look.chosen).judged
    QTest.keyClick(table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    finished(widget)
    assert not session.value("hotspots").mark(look.chosen).judged


def several_at_once(widget, finished):
    """On the canvas and in the table the same; what cannot be done is said in the panel."""
    step, session = widget.hotspots, widget.session
    order = step.table.numbers()
    session.look.select(order[1:4], order[2])
    finished(widget)
    assert set(step.table.selected()) == set(order[1:4])
    assert step.described.text().startswith("3 selected")
    step.buttons["ignore"].click()
    finished(widget)
    assert {session.value("hotspots").mark(n).label for n in order[1:4]} == {"ignore"}
    session.hands.undo()
    # What is taken back is shown, wherever the person was.
    session.hands.set_class(order[:1], "ignore")
    session.look.choose(order[-1])
    session.hands.undo()
    assert order[0] in session.look.selected
    session.hands.merge(order[:1])
    assert "two" in step.told.text()
    session.hands.undo()
    finished(widget)


def the_canvas_follows(viewer, widget, finished, analysis, qtbot):
    """What is out of sight is brought there, and the zoom stays; a double click zooms in."""
    session, camera = widget.session, viewer.scene.camera
    views = dict.fromkeys(row.view for row in analysis.table)
    first, other = (next(row for row in analysis.table if row.view == view) for view in views)
    session.look.choose(first.id)
    finished(widget)
    camera.zoom *= 12
    camera.center = (0, *session.layers.picture(first.view).data_to_world((first.row, first.column)))
    qtbot.wait(50)
    zoom = camera.zoom
    session.look.choose(other.id)
    finished(widget)
    there = session.layers.picture(other.view).data_to_world((other.row, other.column))
    np.testing.assert_allclose(camera.center[-2:], there[-2:], atol=1)
    assert camera.zoom == zoom
    # What is in sight stays where it is.
    camera.center = (0, there[-2] + 8, there[-1])
    qtbot.wait(50)
    session.look.choose(None)
    finished(widget)
    session.look.choose(other.id)
    finished(widget)
    assert camera.center[-2] == pytest.approx(there[-2] + 8)
    camera.zoom /= 12
    qtbot.wait(50)
    widget.hotspots.table.opened.emit(other.id)
    assert camera.zoom > 2 * zoom / 12
    viewer.reset_view()


def what_is_left(widget, finished, qtbot):
    """Those left to judge only, one after the other without Tab."""
    step, session = widget.hotspots, widget.session
    everything = sorted(step.table.numbers())
    step.filter_button.click()
    step.filters.set_filter(Filter(judged=False))
    step.onward_button.click()
    session.look.choose(None)
    step.go_to_next()

    def over():
        return all(mark.judged for mark in session.value("hotspots").marks)

    for _ in everything:
        widget.refresh()
        before = session.look.chosen
        QTest.keyClick(step.table, Qt.Key.Key_I)
        qtbot.waitUntil(lambda before=before: over() or session.look.chosen != before, timeout=5_000)
        if over():
            break
    finished(widget)
    assert step.progress.text == f"All {len(everything)} judged"
    assert len(step.table.numbers()) <= 1
    step.filter_button.click()
    finished(widget)
    assert sorted(step.table.numbers()) == everything


def by_menu(widget, finished):
    """The menu does what the keys do."""
    session = widget.session
    front = [mark.id for mark in session.value("hotspots").marks if mark.view == "anterior"]
    back = [mark.id for mark in session.value("hotspots").marks if mark.view == "posterior"]

    def entries(*numbers):
        menu = hotspot_menu(widget.bench, numbers, widget)
        return {action.text().split("\t")[0]: action for action in menu.actions()}

    found = entries(front[0])
    assert not found["Merge"].isEnabled()
    assert found["Confirm class"].text().endswith("\tY")
    found["Non-bone"].trigger()
    assert session.value("hotspots").mark(front[0]).label == "non_bone"
    assert not entries(front[0])["Confirm class"].isEnabled()
    entries(front[0], front[1])["Merge"].trigger()
    assert front[1] not in session.value("hotspots").by_id()
    session.hands.unlink([front[0], back[0]])
    found = entries(front[0], back[0])
    assert not found["Merge"].isEnabled()
    found["Link as one lesion"].trigger()
    assert session.value("hotspots").mark(front[0]).linked == back[0]
    entries(back[0])[f"Unlink from {front[0]}"].trigger()
    assert session.value("hotspots").mark(front[0]).linked is None
    entries(front[0])["Delete"].trigger()
    finished(widget)
    assert front[0] not in widget.hotspots.table.numbers()
    # One that is gone meanwhile.
    assert list(entries(front[0])) == ["No hotspot here"]
