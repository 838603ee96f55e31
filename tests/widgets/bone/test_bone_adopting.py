"""A run that takes another's place: nothing of the old one reaches it."""

from __future__ import annotations

import threading

import pytest

from napari_tbcad.chain import Run

pytestmark = pytest.mark.gui


def test_no_value_of_the_run_before_reaches_the_one_that_took_its_place(opened, finished, monkeypatch):
    from napari_tbcad.bone.workflow import start
    from napari_tbcad.widgets.bone.resume import ScanIntake

    _, widget = opened(run=False)
    session = widget.session
    old, key = session.run, session.run.key("study")
    entered, gate, whole, made = threading.Event(), threading.Event(), Run.compute, session.value_made

    def compute(run, name, **more):
        whole(run, name, **more)
        if run is old:
            entered.set()
            assert gate.wait(30)

    told = []
    monkeypatch.setattr(Run, "compute", compute)
    monkeypatch.setattr(
        session, "value_made", lambda name: (told.append(session.value(name) is not None), made(name))
    )
    session.request("scan", "regions")
    assert entered.wait(30)
    job = session.job
    new = start(old.get("study"), old.settings, study_key=key)
    session.adopt(ScanIntake(key, run=new))
    assert session.run is new
    assert session.job is job, "one job at a time"
    gate.set()
    finished(widget)
    assert told == [True], "the scan of the new run, and nothing of the old one"
    assert session.fresh("scan")
    assert new.get("regions") is None, "nobody asked for them in this run"
    assert not session.error("regions")
