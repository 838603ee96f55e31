"""Whatever a case holds comes back from disk, and is saved as the same bytes again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from napari_tbcad.case import Case, ImageReference, Reading
from napari_tbcad.chain import content_key
from napari_tbcad.record import Edit, Record, Step

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12)
NAMES = st.text("abcdefghij_0123456789", min_size=1, max_size=10)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
SHAPES = st_numpy.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)
LABELS = SHAPES.flatmap(
    lambda shape: st.sampled_from([np.uint8, np.uint16]).flatmap(lambda kind: st_numpy.arrays(kind, shape))
)
ARRAYS = st_numpy.arrays(
    st.sampled_from([np.float32, np.float64, np.uint8, np.int64, np.bool_]),
    st_numpy.array_shapes(min_dims=1, max_dims=3, max_side=5),
)


@st.composite
def readings(draw: Any) -> Reading:
    """Return a reading of anything."""
    record = Record()
    for _ in range(draw(st.integers(0, 2))):
        record = record + Step(draw(WORDS), draw(st.dictionaries(NAMES, NUMBERS, max_size=2)), draw(WORDS))
        record = record + Edit(draw(NAMES), draw(st.integers(0, 10**6)), 1.0, draw(st.floats(0, 1)))
    return Reading(
        draw(WORDS),
        "2026-11-22T02:00:00.000+00:00",
        draw(st.sampled_from(["in progress", "made", "changed", "accepted"])),
        labels=draw(st.dictionaries(NAMES, LABELS, max_size=2)),
        record=record,
        result=draw(st.dictionaries(NAMES, VALUES, max_size=3)),
        values=draw(st.dictionaries(NAMES, VALUES, max_size=3)),
        settings=draw(st.dictionaries(NAMES, st.dictionaries(NAMES, NUMBERS, max_size=2), max_size=2)),
        warnings=tuple(draw(st.lists(WORDS, max_size=2))),
    )


@st.composite
def cases(draw: Any) -> Case:
    """Return a case of anything."""
    image = ImageReference("a.png", "/nowhere/a.png", sha256="00", content_key="11")
    return Case(
        workflow=draw(st.sampled_from(["chest", "bone"])),
        images={"film": image},
        readings=tuple(draw(st.lists(readings(), min_size=1, max_size=3))),
        labels=draw(st.dictionaries(NAMES, LABELS, max_size=2)),
        arrays=draw(st.dictionaries(NAMES, ARRAYS, max_size=2)),
        values=draw(st.dictionaries(NAMES, VALUES, max_size=2)),
    )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases())
def test_a_case_is_saved_opened_and_saved_again_without_a_difference(case: Case, tmp_path: Path) -> None:
    one, two = tmp_path / "one.tbcad", tmp_path / "two.tbcad"
    case.save(one)
    again = Case.load(one)
    assert content_key(replace(again, images=case.images)) == content_key(case)
    assert [reading.record for reading in again.readings] == [reading.record for reading in case.readings]
    for saved, read in zip(case.readings, again.readings, strict=True):
        assert {n: (a.dtype, a.tobytes()) for n, a in saved.labels.items()} == {
            n: (a.dtype, a.tobytes()) for n, a in read.labels.items()
        }
    again.save(two)
    assert two.read_bytes() == one.read_bytes()
