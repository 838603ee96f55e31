"""Random work at two windows with bone scans, held against itself (benchmarks/bone_windows.py)."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.gui

FOLDER = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture(scope="module")
def script():
    """The script as a module; it imports its neighbours."""
    if not (FOLDER / "bone_windows.py").is_file():
        pytest.skip("benchmarks/ is not beside the tests")
    sys.path.insert(0, str(FOLDER))
    try:
        return importlib.import_module("bone_windows")
    finally:
        sys.path.remove(str(FOLDER))


@pytest.fixture
def person(script, make_napari_viewer, scan_file, tmp_path):
    """Somebody at two windows with one scan."""
    person = script.Person(3, make_napari_viewer, [scan_file], tmp_path)
    person.sit_down()
    person.sit_down()
    return person


def test_whatever_a_person_does_the_windows_show_what_holds(script, person, qtbot):
    problems: list[str] = []
    with qtbot.capture_exceptions() as caught:
        script.work(person, 40, problems, every=8)
    assert caught == []
    assert person.outcomes["equal, by hand"] > 2


def test_the_check_notices_what_is_wrong(script, person):
    (seat, _) = person.seats
    seat.panel.run_all()
    script.spin(lambda: seat.settled and seat.session.value("index") is not None, 60)
    script.wait(0.3)
    assert script.check(seat) == "equal"
    layer = seat.session.layers.layer("anterior hotspots")
    with layer.events.blocker_all():
        layer.paint((5, 5), 1)  # so that nobody hears of it
    with pytest.raises(script.Mismatch, match="anterior hotspots"):
        script.check(seat)
    with layer.events.blocker_all():
        layer.undo()
    assert script.check(seat) == "equal"
    picture = seat.session.layers.picture("posterior")
    picture.data = np.zeros_like(picture.data)
    with pytest.raises(script.Mismatch, match="posterior picture"):
        script.check(seat)
