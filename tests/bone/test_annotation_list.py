"""Bone scans as a worklist: two files are one scan, and what a row says of a project."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.bone.annotation_list import SCANS, row_of, summary_of, tip_of
from napari_tbcad.case import Case, ImageReference, Reading
from napari_tbcad.files import sha256
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.worklist import Worklist
from napari_tbcad.worklist_item import ReadingState as State

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def folder(tmp_path):
    """A pair by folder, a pair by name, a pair of DICOM by study, a single one; a film and a mask."""
    root = tmp_path / "scans"
    for name in ("ANT/2.jpg", "POST/2.jpg", "a/7_ant.png", "a/7_post.png", "b.png", "a/7_ant_classes.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(PNG + name.encode())
    view = [np.ones((64, 32))]
    for file, views in (("x1.dcm", ("anterior",)), ("x2.dcm", ("posterior",))):
        write_nuclear(root / "d" / file, view, views=views, name="A", study="1")
    write_nuclear(root / "film.dcm", view, name="B", study="2", attributes={"Modality": "CR"})
    return root


def reading(reader="Ani", verdict="made", judged=(), value=1.0, **values):
    marks = [{"id": n, "judged": one} for n, one in enumerate(judged, start=1)]
    given = {"given": {"hotspots": {"marks": marks}}, "up_to_date": ["index"], **values}
    sure = value if all(judged) else value / 4
    result = {"value": value, "judged_value": sure}
    return Reading(reader, "2026-11-20T10:00:00.000+00:00", verdict, result=result, values=given)


def keep(item, *readings, workflow="bone"):
    images = {
        role: ImageReference(path.name, str(path.absolute()), sha256=sha256(path))
        for role, path in zip(("scan", "second"), item.paths, strict=False)
    }
    Case(workflow, images, readings).save(item.case)


def listed(folder):
    return {item.name: item for item in Worklist.from_folder(folder, kind=SCANS).items}


def test_two_files_are_one_item_and_a_film_is_none(folder):
    items = listed(folder)
    assert set(items) == {"2", "a__7", "b", "d__x1"}
    assert [path.name for path in items["d__x1"].paths] == ["x1.dcm", "x2.dcm"]
    assert items["a__7"].path.name == "7_ant.png"
    worklist = Worklist.from_folder(folder, kind=SCANS)
    assert "film.dcm" in " ".join(worklist.notes)
    assert worklist.find(folder / "POST" / "2.jpg") == items["2"]
    assert worklist.next(folder / "POST" / "2.jpg").name == "a__7"
    (folder / "POST" / "2.jpg").unlink()
    gone = worklist.refresh_all().items[0]
    assert gone.problem == "2.jpg: no such file"


def test_a_table_finds_the_same_scans_and_cases(folder):
    table = folder / "list.csv"
    table.write_text(
        "path,age\na/7_post.png,60\nb.png,\nANT/2.jpg,\nd/x2.dcm,\na/7_ant.png,61\nPOST/2.jpg,\nd/x1.dcm,\n"
    )
    of_table = Worklist.from_csv(table, kind=SCANS)
    assert [item.name for item in of_table.items] == ["a__7", "b", "2", "d__x1"]
    assert {item.name: item.case for item in of_table.items} == {
        name: item.case for name, item in listed(folder).items()
    }
    table.write_text("path\ngone_ant.png\nd\n")
    assert [item.problem for item in Worklist.from_csv(table, kind=SCANS).items] == [
        "no such file",
        "a folder, not a scan",
    ]


def test_a_case_is_known_by_either_file_and_one_of_another_workflow_is_refused(folder):
    items = listed(folder)
    keep(items["2"], reading(judged=(True,)))
    assert listed(folder)["2"].state() is State.DONE
    keep(items["b"], reading(), workflow="chest")
    assert "chest workflow" in listed(folder)["b"].problem
    keep(items["a__7"], reading())
    items["a__7"].case.replace(items["d__x1"].case)
    assert "another scan" in listed(folder)["d__x1"].problem


def test_a_row_tells_how_many_are_judged_the_index_and_who_read(folder):
    items = listed(folder)
    keep(items["2"], reading(judged=(True, False, False), verdict="in progress"))
    keep(items["a__7"], reading(judged=(True, True)), reading("Budi", "changed", (True,) * 3, 1.5))
    keep(items["b"], reading("", judged=(), value=0.0))
    rows = {name: row_of(item) for name, item in listed(folder).items()}
    assert rows == {
        "2": ("1 of 3 judged · Ani", "0.25 % so far"),
        "a__7": ("3 of 3 judged · Ani, then Budi", "BSI 1.50 %"),
        "b": ("no hotspots · no name given", "BSI 0.00 %"),
        "d__x1": ("", ""),
    }
    assert tip_of(listed(folder)["2"]) == [
        "Ani: 1 of 3 judged, BSI 1.00 % with what nobody judged, 0.25 % without"
    ]
    assert summary_of(tuple(listed(folder).values())) == (
        "4 of 6 hotspots judged · by Ani 1, Budi 1, no name given 1 · 1 read twice"
    )
    assert summary_of([items["d__x1"]]) == ""


def test_an_index_that_was_out_of_date_and_a_reading_without_hotspots_say_no_number(folder):
    items = listed(folder)
    keep(items["2"], reading(judged=(True,), up_to_date=[]))
    keep(items["b"], Reading("Ani", "2026-11-20T10:00:00.000+00:00", "in progress"))
    rows = {name: row_of(item) for name, item in listed(folder).items()}
    assert rows["2"] == ("1 of 1 judged · Ani", "")
    assert rows["b"] == ("no hotspots yet · Ani", "")
