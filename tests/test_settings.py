"""Settings by name: what a person is told of a wrong one."""

from __future__ import annotations

import pytest

from napari_tbcad.bone.workflow import settings_from
from napari_tbcad.errors import BadInput


def test_an_unknown_choice_lists_those_there_are_and_says_it_once():
    with pytest.raises(BadInput) as told:
        settings_from({"index.weights": "spiers"})
    assert str(told.value) == (
        "index.weights: there is no table 'spiers'; there are spiers1968, icrp110-male, icrp110-female"
    )


def test_a_value_out_of_bounds_is_told_with_the_bound():
    with pytest.raises(BadInput, match=r"regions.atlas.persons: .*less than or equal to 20, not 99"):
        settings_from({"regions.persons": 99})


def test_a_name_that_does_not_exist_lists_those_of_its_section():
    with pytest.raises(BadInput, match=r"there is no such setting; there are .*combine"):
        settings_from({"index.weight": "spiers1968"})
