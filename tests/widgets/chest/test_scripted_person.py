"""Random actions at two windows, held against an analysis of their own (benchmarks/person.py)."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_tbcad.widgets.chest import shelf

pytestmark = pytest.mark.gui

PATH = Path(__file__).resolve().parents[3] / "benchmarks" / "person.py"


@pytest.fixture(scope="module")
def script():
    """The script as a module."""
    if not PATH.is_file():
        pytest.skip("benchmarks/ is not beside the tests")
    spec = importlib.util.spec_from_file_location("napari_tbcad_person", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def person(script, make_napari_viewer, monkeypatch, quick_settings, tiny_model, phantom_pixels, tmp_path):
    """Somebody at two windows."""
    monkeypatch.setattr(shelf, "packaged", lambda: tiny_model)
    monkeypatch.setattr(shelf.ModelShelf, "settings", lambda self: quick_settings)
    films = [phantom_pixels, np.ascontiguousarray(phantom_pixels[:-20, :-6] ** 0.9)]
    person = script.Person(7, make_napari_viewer, films, tmp_path)
    person.sit_down()
    person.sit_down()
    return person


def test_whatever_a_person_does_the_answer_is_that_of_the_film_and_masks_in_sight(script, person, qtbot):
    problems: list[str] = []
    with qtbot.capture_exceptions() as caught:
        script.work(person, 50, problems, every=6)
    assert caught == []
    assert person.outcomes["equal"] > 3
    assert person.outcomes["equal, corrected"] > 3


def test_the_check_notices_what_is_wrong(script, person):
    (seat, _) = person.seats
    seat.panel.run_all()
    script.spin(lambda: seat.settled and seat.session.value("result") is not None, 60)
    script.wait(0.3)
    assert script.check(seat) == "equal"
    layer = seat.mask("insensitive")
    with layer.events.blocker_all():
        layer.paint((5, 5), 1)  # so that nobody hears of it
    with pytest.raises(script.Mismatch, match="insensitive"):
        script.check(seat)
    with layer.events.blocker_all():
        layer.undo()
    assert script.check(seat) == "equal"
    seat.panel.result.bar.probability = 0.123
    seat.panel.refresh = lambda: None
    with pytest.raises(script.Mismatch, match="bar"):
        script.check(seat)
