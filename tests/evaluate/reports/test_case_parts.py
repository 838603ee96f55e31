"""What the reports of films and bone scans have in common."""

from __future__ import annotations

import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.reports.case_film import FilmSubject
from napari_tbcad.evaluate.reports.case_parts import CaseSubject, at_hand
from napari_tbcad.evaluate.reports.case_scan import ScanSubject


def test_both_reports_are_of_a_case():
    assert issubclass(FilmSubject, CaseSubject)
    assert issubclass(ScanSubject, CaseSubject)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BadInput("/home/budi/a.tbcad", "its film is gone (looked at /home/budi/a.png)"), "its film is gone"),
        (OSError("/home/budi/a.png is locked"), "a.png is locked"),
    ],
)
def test_an_image_that_is_not_at_hand_is_told_without_its_folder(error, said):
    def find(case, path):
        raise error

    assert at_hand(find, None, "/home/budi/a.tbcad", ("/home/budi",)) == (None, said)


def test_an_image_at_hand_needs_no_reason():
    assert at_hand(lambda case, path: "film", None, "a.tbcad", ()) == ("film", "")
