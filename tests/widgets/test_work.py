"""One core is kept for the window while a panel is open, and no longer."""

from __future__ import annotations

import os

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from napari_tbcad.widgets import work


def threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.fixture
def four_cores(monkeypatch):
    """Four threads of BLAS, on a machine that says it has three cores."""
    monkeypatch.setattr(work, "_LIMITS", work._Limits())
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    with threadpool_limits(4, user_api="blas"):
        if not threads() or set(threads()) != {4}:
            pytest.skip("the threads of this BLAS cannot be set")
        yield
        work._LIMITS.lift()


def test_the_last_panel_gives_the_core_back(four_cores):
    first, second = work.leave_a_core(), work.leave_a_core()
    assert set(threads()) == {2}
    assert os.environ["OMP_NUM_THREADS"] == "2"
    first.release()
    first.release()
    assert set(threads()) == {2}, "another panel is open"
    second.release()
    assert set(threads()) == {4}
    assert "OMP_NUM_THREADS" not in os.environ
    np.ones((4, 4)) @ np.ones((4, 4))
    work._LIMITS.apply()
    assert set(threads()) == {4}, "no panel is open"
    work.leave_a_core()
    assert set(threads()) == {2}, "held although nobody keeps the holder"
