"""Who made what stands, by the record."""

from __future__ import annotations

import pytest

from napari_tbcad.io.clinic.codes import FAMILIES
from napari_tbcad.io.clinic.provenance import Finder, finder_of, maker_of, models_in
from napari_tbcad.record import Edit, Record, Step

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


DIGEST = "0123456789ab" + 52 * "c"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (f"network lungs {DIGEST}", "network lungs 0123456789ab"),
        ("network lungs 0123456789ab", "network lungs 0123456789ab"),
        ("classical-1", "classical-1"),
        ("the model of somebody", "the model of somebody"),
        (f"{DIGEST}", "0123456789ab"),
        ("  ", "napari-tbcad"),
        ("; ", ";"),
        (f"a {DIGEST}; anterior {DIGEST}", "anterior 0123456789ab"),
    ],
)
def test_a_model_is_named_with_its_digest_where_it_has_one(model, name):
    record = Record((Step("hotspots", model=model),))
    assert finder_of(record, "hotspots", view="anterior").name == name
    assert all(one in " ".join(models_in(record)) for one in name.split() if model.strip())
