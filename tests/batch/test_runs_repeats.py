"""Lists with slips of their writers: what is passed over is said, what cannot be meant is refused."""

from __future__ import annotations

import numpy as np
import pytest
from imageio.v3 import imwrite

from napari_tbcad.batch.runs.inputs import chest_inputs
from napari_tbcad.errors import BadInput
from napari_tbcad.io.tables import lines_of


@pytest.fixture
def films(tmp_path):
    for name in "ab":
        imwrite(tmp_path / f"{name}.png", np.zeros((8, 8), np.uint8))
    return tmp_path


def test_a_file_that_a_list_names_twice_is_said(films):
    table, said = films / "list.csv", []
    table.write_text("file,patient\na.png,p1\n\nb.png,p2\n./a.png,p1\n", encoding="utf-8")
    assert len(chest_inputs(table, say=said.append)) == 2
    assert said == ["list.csv: 1 row names a file that an earlier row names: passed over (line 5)"]
    table.write_text("file,patient,label\na.png,p1,1\na.png,p2,0\na.png,p1,1\n", encoding="utf-8")
    said.clear()
    (study,) = chest_inputs(table, say=said.append)
    assert study.listed == (("patient", "p1"), ("label", "1"))
    assert said == [
        "list.csv: 2 rows name files that earlier rows name: passed over (lines 3, 4)",
        "WARNING list.csv: line 3 gives a.png another patient, label than line 2: that of line 2 counts",
    ]


@pytest.mark.parametrize("rest", ["", 'b.png;"p11"\n'])
def test_a_quotation_mark_that_is_not_closed_is_refused_with_its_line(films, rest):
    table = films / "list.csv"
    table.write_text(f'file;patient\nb.png;p9\na.png;"p10\n{rest}', encoding="utf-8")
    with pytest.raises(BadInput, match="line 3 or one behind it has a quotation mark that is not closed"):
        chest_inputs(table)


def test_quotation_marks_that_are_closed_or_stand_for_inches_are_read(films):
    table = films / "list.csv"
    table.write_text('file;note\n"a.png";"he said ""no"""\n\nb.png;14" x 17"\n', encoding="utf-8")
    found = [(line, record["note"]) for line, record in lines_of(table)]
    assert found == [(2, 'he said "no"'), (4, '14" x 17"')]


def test_a_spreadsheet_is_no_list(films):
    (films / "list.xlsx").write_bytes(b"PK")
    with pytest.raises(BadInput, match="a spreadsheet: save it as CSV"):
        chest_inputs(films / "list.xlsx")
    fault = chest_inputs([films / "list.xlsx", films / "a.png"])[0].fault
    assert fault == "a spreadsheet: save it as CSV"
