"""What was learned stays, whatever a person does with plan, shelf and windows."""

from __future__ import annotations

import pytest

from napari_tbcad.batch.trainings.state import MODEL
from napari_tbcad.widgets.training.data import Given


@pytest.fixture
def planned(docked, looks, child, settled, tmp_path):
    """A panel that has looked at the data, and its viewer."""
    viewer, panel = docked()
    panel.choose.add((Given("folder", (tmp_path / "films",)),))
    panel.session.look()
    settled(panel)
    return viewer, panel


def test_a_plan_that_another_window_trained_is_not_removed_with_its_own(planned, docked, settled, qtbot):
    viewer, panel = planned
    folder = panel.session.plan.folder
    other_viewer, other = docked()
    other.session.resume(folder)
    settled(other)
    assert (folder / MODEL).is_file()
    viewer.close()
    qtbot.wait(100)
    assert (folder / MODEL).is_file()


def test_another_home_is_taken_for_a_plan_that_was_not_begun(planned, settled, tmp_path, monkeypatch):
    from napari_tbcad.batch.trainings import state as training_state

    _, panel = planned
    before = panel.session.plan.folder
    monkeypatch.setattr(training_state, "trainings_home", lambda: tmp_path / "other")
    panel.session.set_home(tmp_path / "other")
    panel.session.look()
    settled(panel)
    assert panel.session.plan.folder.parent == tmp_path / "other"
    assert not before.exists()
