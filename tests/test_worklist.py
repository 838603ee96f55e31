"""Worklists: which films, in which state, and which comes next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from napari_tbcad.case import Case, ImageReference, Reading
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.files import sha256
from napari_tbcad.worklist import Worklist
from napari_tbcad.worklist_item import ReadingState as State

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def folder(tmp_path):
    """Four films, two of them with the same file name, and what is no film."""
    for name in ("a/1.png", "a/2.png", "b/1.png", "c.dcm"):
        file = tmp_path / "films" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(PNG + name.encode())
    (tmp_path / "films" / "notes.txt").write_text("x")
    return tmp_path / "films"


def read(item, *readings, workflow="chest", about=None):
    """Write the case of an item as readers left it; a reading is (reader, verdict)."""
    film = about or item.path
    image = ImageReference(film.name, str(film.absolute()), sha256=sha256(film))
    times = (f"2026-11-20T10:0{n}:00.000+00:00" for n in range(9))
    made = tuple(Reading(who, when, verdict) for (who, verdict), when in zip(readings, times, strict=False))
    Case(workflow, {"film": image}, made).save(item.case)


def names(worklist):
    return [item.name for item in worklist.items]


def table(folder, text, name="list.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# -- which films --------------------------------------------------------------------------------------------


def test_a_folder_lists_its_films_and_names_them_by_their_place(folder):
    worklist = Worklist.from_folder(folder)
    assert names(worklist) == ["a__1", "a__2", "b__1", "c"]
    assert worklist.items[0].case == folder / "cases" / "a__1.tbcad"
    assert set(worklist.states) == {State.TO_DO}
    assert not (folder / "cases").exists()
    assert worklist.notes == ("Passed over in the folder (1): notes.txt.",)


def test_what_lies_among_the_cases_is_no_film(folder):
    (folder / "cases").mkdir()
    (folder / "cases" / "picture.png").write_bytes(PNG)
    read(Worklist.from_folder(folder).items[0], ("Ani", "made"))
    worklist = Worklist.from_folder(folder)
    assert len(worklist.items) == 4
    assert "cases" not in " ".join(worklist.notes)
    elsewhere = Worklist.from_folder(folder, cases=folder / "kept")
    assert "cases__picture" in names(elsewhere)
    beside = Worklist.from_folder(folder, cases=folder)
    assert len(beside.items) == 5


def test_masks_of_a_data_set_are_not_listed(folder):
    for name in ("images/1.png", "lungs/1.png", "lesions/1.png"):
        (folder / name).parent.mkdir()
        (folder / name).write_bytes(PNG)
    table(folder, "file,label\n1.png,1\n", "labels.csv")
    assert names(Worklist.from_folder(folder)) == ["images__1"]
    assert names(Worklist.from_csv(folder / "labels.csv")) == ["images__1"]


def test_folder_and_table_find_the_same_cases(folder):
    read(Worklist.from_folder(folder).items[2], ("Ani", "made"))
    worklist = Worklist.from_csv(table(folder, "path;label\nb\\1.png;1\nc.dcm;0\n"))
    assert names(worklist) == ["b__1", "c"]
    assert worklist.states == (State.DONE, State.TO_DO)


def test_a_table_keeps_its_order_lists_a_film_once_and_a_missing_one_as_failed(folder):
    path = table(
        folder, "patient,path,age,sex,finding\nDoe,c.dcm,45,F,TB\n,gone.png,,,\n,./c.dcm,,,\n,,9,,\n"
    )
    worklist = Worklist.from_csv(path)
    assert names(worklist) == ["c", "gone"]
    assert worklist.states == (State.TO_DO, State.FAILED)
    assert worklist.items[1].problem == "no such file"
    assert worklist.items[0].columns["patient"] == "Doe"
    assert worklist.items[0].facts == "age 45, sex F"
    once, unnamed = worklist.notes
    assert "c.dcm" in once
    assert "line 5" in unnamed


def test_rows_added_to_a_table_rename_no_case(folder, tmp_path):
    outside = tmp_path / "b" / "1.png"
    outside.parent.mkdir()
    outside.write_bytes(PNG)
    first = f"path\n{folder / 'b' / '1.png'}\n"
    path = table(tmp_path / "b", first)
    before = Worklist.from_csv(path)
    path.write_text(first + f"1.png\n{folder / 'a' / '1.png'}\n")
    after = Worklist.from_csv(path)
    assert after.items[0].name == before.items[0].name
    assert len({name.casefold() for name in names(after)}) == 3


def test_a_very_long_name_still_makes_a_file(folder):
    deep = folder.joinpath(*["long" * 10] * 6, "film.png")
    deep.parent.mkdir(parents=True)
    deep.write_bytes(PNG)
    item = next(item for item in Worklist.from_folder(folder).items if item.path == deep)
    read(item, ("Ani", "made"))
    assert Worklist.from_folder(folder).find(deep).state() is State.DONE


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "empty"), ("path\n", "no film"), ("name,label\nx,1\n", "column path is missing"), ("a\0", "CSV")],
)
def test_a_table_that_names_no_films_is_refused(folder, content, said):
    with pytest.raises(BadInput, match=said):
        Worklist.from_csv(table(folder, content))


def test_no_table_and_folders_without_films_are_refused(folder, tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        Worklist.from_csv(folder / "gone.csv")
    with pytest.raises(BadInput, match="no such folder"):
        Worklist.from_folder(folder / "gone")
    with pytest.raises(BadInput, match="not a folder"):
        Worklist.from_folder(folder / "c.dcm")
    empty = tmp_path / "empty"
    (empty / "cases").mkdir(parents=True)
    with pytest.raises(BadInput, match="no film"):
        Worklist.from_folder(empty)
    (empty / "cases" / "1.png").write_bytes(PNG)
    with pytest.raises(BadInput, match="no film"):
        Worklist.from_folder(empty)


# -- states -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("readings", "everybody", "ani", "budi"),
    [
        ([("Ani", "in progress")], State.IN_PROGRESS, State.IN_PROGRESS, State.IN_PROGRESS),
        ([("Ani", "made")], State.DONE, State.DONE, State.TO_REVIEW),
        ([("", "made")], State.DONE, State.TO_REVIEW, State.TO_REVIEW),
        ([("Ani", "made"), ("Budi", "in progress")], State.IN_PROGRESS, State.DONE, State.IN_PROGRESS),
        ([("Ani", "made"), ("Budi", "accepted")], State.ACCEPTED, State.ACCEPTED, State.ACCEPTED),
        ([("Ani", "made"), ("Budi", "changed")], State.CHANGED, State.CHANGED, State.CHANGED),
        ([("Citra", "made"), ("Budi", "changed")], State.CHANGED, State.TO_REVIEW, State.CHANGED),
    ],
)
def test_the_state_is_what_the_case_says_for_whom_it_is_asked(folder, readings, everybody, ani, budi):
    item = Worklist.from_folder(folder).items[0]
    read(item, *readings)
    worklist = Worklist.from_folder(folder)
    found = [worklist.read_by(reader).states[0] for reader in ("", "  ANI ", "Budi")]
    assert found == [everybody, ani, budi]


def test_a_broken_case_an_empty_film_and_a_case_of_another_film_are_said(folder):
    worklist = Worklist.from_folder(folder)
    read(worklist.items[0], ("Ani", "made"))
    worklist.items[0].case.write_bytes(worklist.items[0].case.read_bytes()[:200])
    worklist.items[1].path.write_bytes(b"")
    read(worklist.items[2], ("Ani", "made"), about=worklist.items[3].path)
    worklist = worklist.refresh_all()
    assert [state is State.FAILED for state in worklist.states] == [True, True, True, False]
    assert "a__1.tbcad" in worklist.items[0].problem
    assert "empty" in worklist.items[1].problem
    assert "another film" in worklist.items[2].problem


def test_cases_follow_films_that_were_moved_or_copied(folder, tmp_path):
    cases = tmp_path / "kept" / "here"
    worklist = Worklist.from_folder(folder, cases=cases)
    for item in worklist.items[:3]:
        read(item, ("Ani", "made"))
    copy = tmp_path / "deep" / "copy"
    for item in worklist.items:
        there = copy / item.path.relative_to(folder)
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(item.path.read_bytes())
    # Same name and size, other pixels: only the content can tell.
    (copy / "a" / "2.png").write_bytes(PNG + b"a/3.png")
    copied = Worklist.from_folder(copy, cases=cases)
    assert copied.states == (State.DONE, State.FAILED, State.DONE, State.TO_DO)
    for item in worklist.items:
        item.path.unlink()
    moved = Worklist.from_folder(copy, cases=cases)
    assert moved.states == (State.DONE, State.DONE, State.DONE, State.TO_DO)


def test_counts_and_progress_are_the_readers(folder):
    worklist = Worklist.from_folder(folder)
    for item in worklist.items[:2]:
        read(item, ("Ani", "made"))
    worklist = worklist.refresh(worklist.items[0]).refresh(worklist.items[1].path)
    assert worklist.progress == (2, 4)
    assert worklist.counts() == {s: {State.DONE: 2, State.TO_DO: 2}.get(s, 0) for s in State}
    assert worklist.read_by("Budi").progress == (0, 4)
    assert worklist.read_by("Budi").counts()[State.TO_REVIEW] == 2


def test_of_two_looks_the_later_counts(folder):
    worklist = Worklist.from_folder(folder)
    old = worklist.items[0].look()
    read(worklist.items[0], ("Ani", "made"))
    new = worklist.items[0].look()
    assert worklist.with_items([new]).with_items([old]).states[0] is State.DONE
    assert worklist.with_items([replace(new, path=folder / "other.png")]) == worklist


def test_only_cases_that_exist_are_opened(folder):
    worklist = Worklist.from_folder(folder)
    read(worklist.items[1], ("Ani", "made"))
    peeked = []

    def peek(path):
        peeked.append(path.name)
        return Case.peek(path)

    Worklist.from_folder(folder, peek=peek)
    assert peeked == ["a__2.tbcad"]


def test_looking_through_the_cases_can_be_stopped(folder):
    with pytest.raises(Cancelled):
        Worklist.from_folder(folder, cancelled=lambda: True)


# -- which comes next ---------------------------------------------------------------------------------------


def test_next_and_previous_keep_to_the_wanted_states(folder):
    worklist = Worklist.from_folder(folder)
    read(worklist.items[1], ("Ani", "made"))
    worklist = worklist.refresh(worklist.items[1])
    one, two, three, four = (item.path for item in worklist.items)
    todo = (State.TO_DO,)
    assert worklist.next(None).path == one
    assert worklist.next(one).path == two
    assert worklist.next(one, states=todo).path == three
    assert worklist.next(four) is None
    assert worklist.next(four, states=todo, wrap=True).path == one
    assert worklist.next(one, states=(State.FAILED,), wrap=True) is None
    assert worklist.previous(three, states=todo).path == one
    assert worklist.previous(one) is None
    assert worklist.previous(None).path == four


def test_next_never_comes_back_to_the_film_it_starts_from(folder):
    worklist = Worklist.from_folder(folder)
    alone = replace(worklist, items=worklist.items[:1])
    assert alone.next(alone.items[0].path, wrap=True) is None
