"""Names go out of a case wherever they stand in a text; what the program calls things stays."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from napari_tbcad.case import Case, ImageReference
from napari_tbcad.case_deidentified import deidentified
from napari_tbcad.reading import Reading
from napari_tbcad.record import Edit, Record, Step

WORDS = ("DOE_JOHN.dcm", "/ward/DOE_JOHN.dcm", "DOE_JOHN", "area", "read")
OWN = ("area_left", "read bone scan", "area")


def clean(*warnings: str, record: Record | None = None) -> Reading:
    image = ImageReference("film", "", content_key="k", embedded="film")
    values = {"names": ["area_left", "AREA"]}
    reading = Reading("", "", "made", record=record or Record(), values=values, warnings=warnings)
    case = Case("chest", {"film": image}, (reading,), arrays={"doe_john_uncertainty": np.zeros(2)})
    return deidentified(case, image, {}, "film", WORDS, OWN).last


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("DOE_JOHN_anterior_hotspots.png has one value.", "(removed)_anterior_hotspots has one value."),
        ("mask of doe_john_sensitive is old", "mask of (removed)_sensitive is old"),
        ("ward__DOE_JOHN__1 looks pale", "ward__(removed)__1 looks pale"),
        ("masks/DOE_JOHN/film.png: older", "(removed) older"),
        ("masks/Roe/film is older", "(removed) is older"),
        ("masks\\Roe is older", "(removed) is older"),
        ("J_posterior_regions.tif was not used", "(removed)_posterior_regions was not used"),
        ("C:\\Roe\\x.png", "(removed)"),
        ("12 kilocounts/mm and PA/AP", "12 kilocounts/mm and PA/AP"),
        ("area_left is spread already", "area_left is spread already"),
    ],
)
def test_a_name_goes_wherever_an_underscore_or_a_folder_joins_it_to_others(said, left):
    assert clean(said).warnings == (left,)


def test_names_of_the_programs_own_stay_whole():
    assert clean().values["names"] == ["area_left", "(removed)"]


def test_who_wrote_tools_and_targets_and_steps_of_a_case_may_have_named_somebody():
    record = Record(
        (
            Edit("mask of DOE_JOHN", 1, tool="file /home/doe/DOE_JOHN.png", reader="Dr. Doe"),
            Step("network DOE_JOHN", version="1 of doe_john"),
            Step("read bone scan", version="0.9.0"),
        )
    )
    edit, step, read = clean(record=record).record
    assert "john" not in json.dumps([asdict(edit), asdict(step)]).lower()
    assert (edit.target, edit.tool, step.name) == ("mask of (removed)", "file (removed)", "network (removed)")
    assert (read.name, read.version) == ("read bone scan", "0.9.0")
