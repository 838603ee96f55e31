"""The packaged classifier on a real film: its evidence is what decided."""

from __future__ import annotations

import pytest

from napari_tbcad.chest.classify.packaged import packaged_model
from napari_tbcad.chest.explain import explain
from napari_tbcad.chest.explain.removal import Removal
from napari_tbcad.chest.workflow import settings_for, start
from napari_tbcad.evaluate.explaining.removing import removal_test
from napari_tbcad.io.read import read_film


@pytest.mark.realdata
def test_without_its_evidence_the_packaged_classifier_decides_otherwise(shared_data):
    model = packaged_model()
    film = read_film(shared_data / "chest" / "jsrt" / "images" / "JPCLN002.png")
    run = start(film, settings_for(model), model=model)
    found = explain(run)
    assert found.stage == 2
    for neutral in ("normal", "rest"):
        removal = Removal.of(run, neutral=neutral)
        moved = removal_test(removal, found.map, suspect=found.suspect, n_random=8)
        assert moved.log_odds > 1
        assert moved.log_odds > 5 * abs(moved.random_log_odds)
        assert moved.beaten == 1
