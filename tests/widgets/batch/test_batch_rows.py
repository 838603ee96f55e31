"""The list of studies: filtered, sorted, searched and changed without a row lost, also when it is long."""

from __future__ import annotations

import gc
import time

import pytest
from qtpy.QtCore import Qt

from napari_tbcad.widgets.batch.rows import ANSWER, SECONDS, STATE, BatchRows
from napari_tbcad.widgets.batch.table import StudyTable
from napari_tbcad.widgets.batch.words import describe


@pytest.fixture
def rows(qapp):
    """Six studies: two done, one failed, one being worked on, two waiting."""
    rows = BatchRows()
    rows.add([[f"ward__f{n}", [f"/films/ward/f{n}.png"], ""] for n in range(6)], 0)
    rows.take(
        [
            [0, "done", 2.0, "not_suspect", 0.2, ""],
            [1, "failed", 0.1, "", None, "f1.png: the file is empty"],
            [2, "done", 1.0, "tb_suspect", 0.9, "small | turned"],
            [3, "working", None, "", None, ""],
            [99, "done", 1.0, "", None, ""],  # of nobody: passed over
        ]
    )
    return rows


def listed(rows):
    return [rows.place(row) for row in range(rows.rowCount())]


def test_counts_and_cells(rows):
    assert dict(rows.counts) == {"waiting": 2, "done": 2, "failed": 1, "working": 1}
    texts = [[rows.data(rows.index(row, column)) for column in range(4)] for row in range(4)]
    assert texts[1] == ["✕", "f1.png", "the file is empty", "0.1"]
    assert texts[2] == ["✓", "f2.png", "suspect 0.90", "1.0"]
    assert texts[3] == ["▶", "f3.png", "", ""]
    assert describe(rows.all[2]).splitlines()[1:] == ["done in 1.0 s", "suspect 0.90", "small", "turned"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("2 abnormal", "BSI 0.45 %, 2 abnormal hotspots"),
        ("1 abnormal", "BSI 0.45 %, 1 abnormal hotspot"),
        ("some abnormal", "some abnormal 0.45"),  # a table of another hand
    ],
)
def test_a_scan_is_told_as_on_the_command_line(rows, answer, said):
    rows.workflow = "bone"
    rows.take([[0, "done", 2.0, answer, 0.45, ""]])
    assert said in rows.data(rows.index(0, ANSWER), Qt.ItemDataRole.ToolTipRole).splitlines()
    assert rows.data(rows.index(0, ANSWER)) == said.partition(" hotspot")[0]


def test_a_scan_s_answer_is_read_whole_in_a_narrow_dock(rows, qtbot):
    rows.workflow = "bone"
    rows.take([[0, "done", 2.0, "16 abnormal", 2.53, ""]])
    table = StudyTable(rows)
    qtbot.addWidget(table)
    table.resize(340, 300)
    table.show()
    table.refresh()
    needed = table.table.sizeHintForIndex(rows.index(0, ANSWER)).width()
    assert needed <= table.table.columnWidth(ANSWER) <= 190


def test_sorting_puts_what_is_not_known_last_either_way(rows):
    rows.sort(SECONDS)
    assert listed(rows)[:3] == [1, 2, 0]
    rows.sort(SECONDS, Qt.SortOrder.DescendingOrder)
    assert listed(rows)[:3] == [0, 2, 1]
    rows.sort(ANSWER, Qt.SortOrder.DescendingOrder)
    assert listed(rows)[:2] == [2, 0]
    rows.sort(STATE)
    assert listed(rows)[:2] == [3, 1]
    rows.sort(-1)
    assert listed(rows) == list(range(6))


def test_a_row_that_a_person_chose_stays_theirs(rows):
    from qtpy.QtCore import QPersistentModelIndex

    chosen = QPersistentModelIndex(rows.index(2, 1))
    rows.sort(SECONDS)
    assert rows.place(chosen.row()) == 2
    rows.take([[3, "done", 0.05, "not_suspect", 0.1, ""]])
    assert rows.place(chosen.row()) == 2


def test_a_study_leaves_one_kind_and_comes_into_another(rows):
    rows.show_kind("failed")
    assert listed(rows) == [1]
    rows.take([[3, "failed", 0.2, "", None, "why"], [5, "failed", 0.2, "", None, "why"]])
    rows.take([[4, "failed", 0.2, "", None, "why"]])
    assert listed(rows) == [1, 3, 4, 5]
    rows.take([[1, "done", 1.0, "not_suspect", 0.1, ""]])
    assert listed(rows) == [3, 4, 5]
    rows.show_kind("all", "F2")
    assert listed(rows) == [2]


def told(rows):
    """Return a list of what is told to the tables: rows that came or left, or all of them."""
    said = []
    rows.rowsInserted.connect(lambda _, first, last: said.append(("came", first, last)))
    rows.rowsRemoved.connect(lambda _, first, last: said.append(("left", first, last)))
    rows.modelReset.connect(lambda: said.append(("anew",)))
    return said


def test_what_a_person_chose_stays_chosen_while_others_leave_the_kind(rows):
    from qtpy.QtCore import QPersistentModelIndex

    rows.show_kind("waiting")
    assert listed(rows) == [3, 4, 5]
    chosen, gone = (QPersistentModelIndex(rows.index(row, 1)) for row in (2, 1))
    said = told(rows)
    rows.take([[4, "failed", 0.2, "", None, "why"], [0, "working", None, "", None, ""]])
    assert listed(rows) == [0, 3, 5]
    assert (rows.place(chosen.row()), gone.isValid()) == (5, False)
    assert said == [("left", 1, 1), ("came", 0, 0)]
    rows.sort(SECONDS)
    rows.take([[5, "working", None, "", None, ""], [1, "waiting", None, "", None, ""]])
    assert listed(rows) == [0, 3, 5, 1]  # until it is sorted again
    assert rows.place(chosen.row()) == 5


def test_many_that_come_into_a_kind_come_at_once(qapp):
    rows = BatchRows()
    rows.add([[f"f{n:04d}", [f"/films/f{n:04d}.png"], ""] for n in range(2000)], 0)
    rows.show_kind("done")
    said = told(rows)
    done = [[n, "done", 1.0, "not_suspect", 0.1, ""] for n in range(2000)]
    rows.take(done[:800])
    rows.take(done[1200:])
    rows.take(done[800:1200])
    assert said == [("came", 0, 799), ("came", 800, 1599), ("came", 800, 1199)]
    assert listed(rows) == list(range(2000))
    # Every other one: the list is made anew once rather than told a thousand times.
    said.clear()
    rows.take([[n, "failed", 1.0, "", None, "why"] for n in range(0, 2000, 2)])
    assert said == [("anew",)]
    rows.take(done)
    assert said == [("anew",), ("anew",)]
    assert listed(rows) == list(range(2000))


def test_what_was_cut_off_waits_again(rows):
    rows.set_waiting()
    assert (rows.counts["working"], rows.counts["waiting"]) == (0, 3)


@pytest.fixture
def without_searching():
    """Spare what other tests brought: a search through that takes longer than what is timed."""
    gc.freeze()
    yield
    gc.unfreeze()


def test_five_thousand_studies_stay_fluid(qapp, qtbot, without_searching):
    from napari_tbcad.widgets.batch.table import StudyTable

    rows = BatchRows()
    table = StudyTable(rows)
    qtbot.addWidget(table)
    table.resize(380, 300)
    table.show()
    lines = [[f"f{n:05d}", [f"/films/f{n:05d}.png"], ""] for n in range(5000)]
    for first in range(0, 5000, 400):
        rows.add(lines[first : first + 400], first)
    table.refresh()
    taken = []
    for first in range(0, 5000, 400):
        began = time.thread_time()  # of this thread alone: others may use the machine
        last = min(first + 400, 5000)
        rows.take([[n, "done", 1.0, "tb_suspect", n % 97 / 97, ""] for n in range(first, last)])
        qapp.processEvents()
        taken.append(time.thread_time() - began)
    for act in (
        lambda: table.table.sortByColumn(ANSWER, Qt.SortOrder.DescendingOrder),
        lambda: table.search.setText("77"),
        lambda: table.show_kind("failed"),
    ):
        began = time.thread_time()
        act()
        qapp.processEvents()
        taken.append(time.thread_time() - began)
    assert max(taken) < 0.1
    assert rows.counts["done"] == 5000
