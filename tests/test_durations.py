"""Lengths of time are said in one way."""

from __future__ import annotations

import pytest

from napari_tbcad.durations import estimated, in_words, left_in_words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (97, "1 min 37 s"),
        (599, "9 min 59 s"),
        (630, "10 min 30 s"),
        (3600, "1 h"),
        (7300, "2 h 2 min"),
    ],
)
def test_a_time_that_was_measured(seconds, said):
    assert in_words(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (9, "a few seconds left"),
        (43, "about 40 s left"),
        (68, "about 1 min 10 s left"),
        (290, "about 5 min left"),
        (5000, "about 1 h 23 min left"),
        (9000, "about 2 h 30 min left"),
    ],
)
def test_what_is_left_is_told_no_more_exactly_than_it_is_known(seconds, said):
    assert left_in_words(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(20, "less than a minute"), (3900, "1 h 5 min"), (36020, "10 h"), (41000, "11 h")],
)
def test_a_guess_is_rounded(seconds, said):
    assert estimated(seconds) == said
