from __future__ import annotations

import pytest

from napari_tbcad.io.view_names import coded_view, named_view


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("Anterior", "anterior"),
        ("WHOLE BODY ANT", "anterior"),
        ("wholeBodyANT", "anterior"),
        ("wholeBodyPOST", "posterior"),
        ("wb_posterior_raw", "posterior"),
        ("Postérieure", "posterior"),
        ("tampak belakang", "posterior"),
        ("WHOLE BODY_E", "anterior"),
        ("WHOLE BODY_F", "posterior"),
        ("POST whole body", "posterior"),
        ("102_post", "posterior"),
        ("前位", "anterior"),
        ("ANT_POST", None),
        ("post therapy scan", None),
        ("bone 3h post injection", None),
        ("whole body", None),
        ("plant", None),
        ("Postman", None),
        ("right anterior oblique", None),
        ("R ANT OBL", None),
        ("ant-lat", None),
        ("", None),
    ],
)
def test_words_name_a_view_or_none(text, view):
    assert named_view(text) == view


def test_the_suffixes_of_ge_count_only_where_asked():
    assert named_view("Miller_F", suffixes=False) is None


@pytest.mark.parametrize(
    ("code", "meaning", "view"),
    [
        ("399321004", "", "anterior"),
        ("399001007", "?", "posterior"),
        ("G-5215", "", "anterior"),
        ("G-5216", "", "posterior"),
        ("AN", "Anterior", "anterior"),
        ("X1", "posterior view", "posterior"),
        ("PO", "", "posterior"),
        ("LL", "left lateral", None),
        ("AN", "left anterior oblique", None),
        ("", "", None),
    ],
)
def test_codes_count_by_value_or_by_meaning(code, meaning, view):
    assert coded_view(code, meaning) == view
