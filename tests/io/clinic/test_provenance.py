"""Who made what stands, by the record."""

from __future__ import annotations

import pytest

from napari_tbcad.io.clinic.codes import FAMILIES
from napari_tbcad.io.clinic.provenance import Finder, maker_of
from napari_tbcad.record import Edit, Record

FINDER = Finder("otsu", next(iter(FAMILIES.values())))


@pytest.mark.parametrize(
    ("tools", "made"),
    [
        (["brush"], "SEMIAUTOMATIC"),
        (["file"], "MANUAL"),
        (["file of the batch"], "MANUAL"),
        (["file of the batch", "brush"], "MANUAL"),
        (["file", "back to automatic", "brush"], "SEMIAUTOMATIC"),
    ],
)
def test_a_file_that_names_no_program_is_a_persons_whoever_gave_it(tools, made):
    record = Record(tuple(Edit("sensitive", 5, tool=tool) for tool in tools))
    assert maker_of(record, "sensitive", person=True, automatic=True, finder=FINDER).made == made
    assert maker_of(record, "sensitive", person=False, automatic=True, finder=FINDER).made == "AUTOMATIC"
