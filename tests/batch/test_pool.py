from __future__ import annotations

import pytest

from napari_tbcad.batch.pool import each
from napari_tbcad.errors import BadInput, Cancelled


def double(x: int) -> int:
    return 2 * x


@pytest.mark.parametrize("workers", [1, 2])
def test_outcomes_come_in_order(workers):
    assert list(each(double, [3, 1, 2], workers=workers)) == [6, 2, 4]


def test_outcomes_come_as_they_are_made():
    seen = []

    def note(x: int) -> int:
        seen.append(x)
        return x

    outcomes = each(note, [1, 2, 3])
    assert next(outcomes) == 1
    assert seen == [1]


def test_cancel_keeps_what_is_done():
    done = []
    with pytest.raises(Cancelled):
        for outcome in each(double, [1, 2, 3], cancelled=lambda: len(done) == 2):
            done.append(outcome)
    assert done == [2, 4]


def test_a_dask_scheduler_does_the_same():
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(protocol="tcp", host="127.0.0.1", **options) as cluster:
        outcomes = list(each(double, [3, 1, 2], scheduler=cluster.scheduler_address))
    assert outcomes == [6, 2, 4]


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    distributed = pytest.importorskip("distributed")

    def refuse(address, **options):
        raise OSError("timed out")

    monkeypatch.setattr(distributed, "Client", refuse)
    with pytest.raises(BadInput, match=r"no Dask scheduler answers at tcp://127.0.0.1:1"):
        list(each(double, [1], scheduler="tcp://127.0.0.1:1"))
