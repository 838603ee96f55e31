"""The time of an evaluation is that of all its sessions."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta

import pytest

from napari_tbcad.batch.evaluating.sessions import SESSIONS, session


def test_sessions_add_up_from_the_first_start_also_after_one_that_was_killed(tmp_path):
    work, measured = tmp_path / "work", tmp_path / "measured" / "films.jsonl"
    work.mkdir()
    measured.parent.mkdir()
    with session(work, "key") as first:
        assert (first.number, first.earlier, first.first) == (1, 0.0, first.began)
    kept = json.loads((work / SESSIONS).read_text())
    assert kept["sessions"][0]["seconds"] >= 0
    killed = first.began + timedelta(hours=1)
    kept["sessions"] = [
        {"started": first.began.isoformat(), "seconds": 60.0},
        {"started": killed.isoformat(), "seconds": None},
    ]
    (work / SESSIONS).write_text(json.dumps(kept))
    measured.write_text("")
    os.utime(measured, (killed.timestamp() + 30,) * 2)
    with pytest.raises(KeyError), session(work, "key") as third:
        raise KeyError
    assert (third.number, third.first) == (3, first.began)
    assert third.earlier == pytest.approx(90, abs=1e-3)
    assert third.seconds >= 90
    with session(work, "key") as fourth:
        assert fourth.number == 4, "one that failed counts"
    with session(work, "another") as other:
        assert (other.number, other.earlier) == (1, 0.0)
    assert datetime.fromisoformat(json.loads((work / SESSIONS).read_text())["sessions"][0]["started"])
    (work / SESSIONS).write_text("{")
    with session(work, "another") as other:
        assert other.number == 1, "a file that cannot be read costs no evaluation"
