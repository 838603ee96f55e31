"""Weights of the Bone Scan Index: every region once, the printed sums, the pooled spine."""

from __future__ import annotations

import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.schemes import REGION_NAMES
from napari_tbcad.skeletal_mass import SPINE, WEIGHT_TABLES, WeightGroup, WeightTable, weight_table


@pytest.mark.parametrize(
    ("name", "skull", "total"),
    [("spiers1968", 18.4, 67.3), ("icrp110-male", 11.3, 72.11), ("icrp110-female", 12.66, 69.18)],
)
def test_tables_add_up_as_printed(name, skull, total):
    table = WEIGHT_TABLES[name]
    assert table.group_of("skull").percent == pytest.approx(skull)
    assert sum(group.percent for group in table) == pytest.approx(total)
    assert sorted(r for group in table for r in group.regions) == sorted(REGION_NAMES)


def test_spiers_pools_the_spine_and_icrp_does_not():
    assert WEIGHT_TABLES["spiers1968"].group_of("lumbar") == WeightGroup(SPINE, 8.3)
    assert WEIGHT_TABLES["icrp110-male"].group_of("lumbar") == WeightGroup(("lumbar",), 4.74)


def test_a_table_that_forgets_a_region_is_refused():
    with pytest.raises(ValueError, match="every region"):
        WeightTable("x", "x", "x", (WeightGroup(("skull",), 1.0),))


def test_an_unknown_table_names_those_there_are():
    with pytest.raises(BadInput, match="icrp110-female"):
        weight_table("icrp")
