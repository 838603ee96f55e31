"""Garbage of the GUI is collected on the GUI thread, whatever thread allocates."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from functools import partial
from types import ModuleType

import pytest
from qtpy.QtCore import QObject, Signal

from napari_tbcad.widgets import collecting
from napari_tbcad.widgets.collecting import collect_here_while, spare_what_is_there, without_searching
from napari_tbcad.widgets.work import Job, start_call, start_job

pytestmark = pytest.mark.gui


class Ring:
    """Something that only the collector frees."""

    def __init__(self):
        self.self = self


class Ear(QObject):
    """Waits for a worker."""

    def __init__(self):
        super().__init__()
        self.got = None

    def take(self, result):
        self.got = result

    def fail(self, error):
        raise error


def litter():
    """Allocate far more than what makes Python collect."""
    kept = [[[number] for number in range(200)] for _ in range(400)]
    rings = [Ring() for _ in range(20_000)]
    return len(kept) + len(rings)


def test_what_is_dead_is_freed_on_the_gui_thread(qtbot):
    gc.collect()
    assert gc.isenabled()
    freed = []
    rings = [Ring() for _ in range(50)]
    watched = [weakref.ref(ring, lambda _: freed.append(threading.get_ident())) for ring in rings]
    ears = [Ear(), Ear()]
    del rings
    for ear in ears:
        start_call(litter, on_result=ear.take, on_error=ear.fail)
    qtbot.waitUntil(lambda: all(ear.got == 20_400 for ear in ears), timeout=20_000)
    # Once all are done Python does it again by itself.
    qtbot.waitUntil(gc.isenabled, timeout=5000)
    gc.collect()
    assert len(freed) == len(watched)
    assert set(freed) == {threading.get_ident()}


def test_who_switched_the_collector_off_finds_it_off(qtbot):
    ear = Ear()
    gc.disable()
    try:
        start_call(litter, on_result=ear.take, on_error=ear.fail)
        qtbot.waitUntil(lambda: ear.got is not None, timeout=20_000)
        qtbot.wait(100)
        assert not gc.isenabled()
    finally:
        gc.enable()


class Ends:
    """A run whose values end the program."""

    def edited(self, name):
        return False

    def compute(self, name, **how):
        raise SystemExit(f"no {name}")


def ends():
    raise SystemExit("no more")


class Told(QObject):
    """Keeps what it is told of a worker."""

    def __init__(self):
        super().__init__()
        self.errors = []
        self.over = 0

    def take(self, result):
        raise AssertionError(result)

    def fail(self, error):
        self.errors.append(error)

    def end(self):
        self.over += 1


def test_work_that_would_end_the_program_is_a_failure_that_is_told(qtbot):
    told = Told()
    start_call(ends, on_result=told.take, on_error=told.fail)
    qtbot.waitUntil(lambda: bool(told.errors), timeout=5000)
    jobs = [Job(("masks",)), Job(("masks",))]
    for job, first in zip(jobs, (None, ends), strict=True):
        start_job(Ends(), job, on_value=told.take, on_end=told.end, first=first)
    qtbot.waitUntil(lambda: told.over == 2, timeout=5000)
    texts = [str(error) for error in (*told.errors, *(job.error for job in jobs))]
    assert texts == ["SystemExit: no more", "SystemExit: no masks", "SystemExit: no more"]
    qtbot.waitUntil(gc.isenabled, timeout=5000)


class Worker(QObject):
    """Only what a worker says at its end."""

    finished = Signal()


def test_nothing_is_left_to_whoever_allocates_first_after_the_work(qtbot, monkeypatch):
    worker, enable, left = Worker(), gc.enable, []

    def enabled():
        left.append(gc.get_count()[0])
        enable()

    collect_here_while(worker)
    kept = [[number] for number in range(5000)]
    assert gc.get_count()[0] > gc.get_threshold()[0]
    monkeypatch.setattr(gc, "enable", enabled)
    worker.finished.emit()
    assert gc.isenabled()
    assert len(kept) == 5000
    assert left[0] < gc.get_threshold()[0]


def many():
    """Return far more objects than what makes Python collect, all of them alive, among them a ring."""
    return [Ring(), *([number] for number in range(6000))]


def many_and_a_dead_ring(freed):
    """Return as many; a ring dies on the way."""
    weakref.finalize(Ring(), freed.append, True)
    return many()


def rounds(qtbot, work, take, most):
    """Have a worker work again and again until `take` is content; nobody asks for a search."""
    for number in range(most):
        ear = Ear()
        start_call(work, on_result=ear.take, on_error=ear.fail)
        qtbot.waitUntil(lambda ear=ear: ear.got is not None, timeout=20_000)
        qtbot.waitUntil(gc.isenabled, timeout=5000)
        if take(ear.got):
            return number
    return most


def test_what_dies_young_among_many_that_live_is_gone_with_the_work(qtbot, spared):
    freed = []
    assert rounds(qtbot, partial(many_and_a_dead_ring, freed), lambda got: bool(freed), 3) == 0


def test_what_dies_after_the_work_that_made_it_is_gone_some_rounds_later(qtbot, spared):
    freed, last = [], []

    def take(got):
        weakref.finalize(got[0], freed.append, True)
        last[:] = got  # what the round before had brought goes
        return freed

    assert rounds(qtbot, many, take, 40) < 40


def test_what_an_import_brings_is_spared_and_nothing_else(qtbot, spared, monkeypatch):
    spare_what_is_there()
    before = gc.get_freeze_count()
    kept = []
    for modules in (0, 20):
        worker = Worker()
        collect_here_while(worker)
        for number in range(modules):
            monkeypatch.setitem(sys.modules, f"made_{number}", ModuleType(f"made_{number}"))
        kept.append(many())
        worker.finished.emit()
        assert (gc.get_freeze_count() > before + 5000) == (modules > 0)


def searched_by_python():
    """Allocate until Python has searched everything by itself."""
    searches = []

    def note(phase, info):
        searches.append(phase == "stop" and info["generation"] == 2)

    gc.callbacks.append(note)
    young = weakref.ref(Ring())
    kept = []
    try:
        while not any(searches) or young() is not None:
            kept.append([[number] for number in range(1000)])
    finally:
        gc.callbacks.remove(note)


@pytest.fixture
def spared(monkeypatch):
    """Leave nothing spared to other tests, and owe no rest for what theirs had to search."""
    monkeypatch.setattr(collecting._SPARING, "_next", 0.0)
    gc.collect()
    yield
    gc.unfreeze()
    gc.collect()


def test_what_is_spared_is_searched_by_who_asks_not_by_python(spared):
    ring = Ring()
    old = weakref.ref(ring)
    spare_what_is_there()
    del ring
    searched_by_python()
    assert old() is not None
    gc.collect()
    assert old() is None
    # What was there then, and lives, is spared again.
    ring = Ring()
    old = weakref.ref(ring)
    gc.collect()
    del ring
    searched_by_python()
    assert old() is not None
    gc.collect()
    assert old() is None


def test_what_died_without_a_search_is_found_by_the_fifth(spared):
    gc.collect()
    for number in range(5):
        ring = Ring()
        old = weakref.ref(ring)
        with without_searching():
            del ring
            gc.collect()
            assert (old() is None) == (number == 4)
        searched_by_python()
        assert (old() is None) == (number == 4)
