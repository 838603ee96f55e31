"""A run that takes another's place: nothing of the old one reaches it."""

from __future__ import annotations

import threading

import pytest

from napari_tbcad.chain import Run

pytestmark = pytest.mark.gui


def test_no_value_of_the_run_before_reaches_the_one_that_took_its_place(
    panel, finished, phantom_pixels, qtbot, monkeypatch
):
    from napari_tbcad.chest.workflow import start
    from napari_tbcad.widgets.chest.intake import Intake

    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="chest")
    qtbot.waitUntil(lambda: widget.session is not None, timeout=30_000)
    finished(widget)
    session = widget.session
    old, key = session.run, session.run.key("film")
    entered, gate, whole, made = threading.Event(), threading.Event(), Run.compute, session.value_made

    def compute(run, name, **more):
        whole(run, name, **more)
        if run is old:
            entered.set()
            assert gate.wait(30)

    told = []
    monkeypatch.setattr(Run, "compute", compute)
    monkeypatch.setattr(session, "value_made", lambda name: (told.append(name), made(name)))
    session.request("upright", "enhanced", "sensitive")
    assert entered.wait(30)
    film = old.get("film")
    new = start(film, old.settings, model=session.shelf.model, film_key=key)
    session.adopt(Intake(film, key, run=new))
    # What is asked for now is asked of the new run, and waits for its turn.
    session.request("enhanced")
    assert session.run is new
    gate.set()
    finished(widget)
    assert told == ["enhanced"]
    assert session.fresh("enhanced")
    assert new.get("sensitive") is None, "nobody asked for it in this run"
    assert session.layers.layer("sensitive") is None
