from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from napari_tbcad.batch.pool import Died, WorkerDied, each, each_as_done
from napari_tbcad.errors import Cancelled

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")


def double(x: int) -> int:
    return 2 * x


def first_waits(task: tuple[Path, int]) -> int:
    """Item 0 ends when item 3 has, so whoever keeps to the order never ends."""
    folder, number = task
    if number == 3:
        (folder / "3").touch()
    while number == 0 and not (folder / "3").exists():
        time.sleep(0.01)
    return number


def ends_after(task: tuple[Path, int]) -> int:
    """Item 0 ends when item 1 has begun, item 1 soon afterwards, the others never."""
    folder, number = task
    (folder / str(number)).touch()
    while number == 0 and not (folder / "1").exists():
        time.sleep(0.01)
    time.sleep((0, 0.3, 300, 300)[number])
    return number


def deadly(x: int) -> int:
    """Crash for 3, vanish for 5, be killed for 7, as by the kernel for want of memory."""
    if x == 3:
        os.kill(os.getpid(), signal.SIGSEGV)
    if x == 5:
        os._exit(9)
    if x == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def dies_once(marker: str) -> str:
    """Die at the first try and leave word of it."""
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return "the second try"
    os._exit(1)


def refuses(x: int) -> int:
    raise ValueError(f"not {x}")


def thread_counts(_: int) -> set[int]:
    import numpy as np
    import threadpoolctl

    np.eye(3) @ np.eye(3)
    return {pool["num_threads"] for pool in threadpoolctl.threadpool_info()}


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


def test_a_quick_item_does_not_wait_for_a_slow_one(tmp_path):
    tasks = [(tmp_path, number) for number in range(4)]
    outcomes = list(each_as_done(first_waits, tasks, workers=2))
    assert sorted(outcomes) == [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert outcomes.index((0, 0)) >= 2


def test_items_in_order_wait_for_the_slow_one(tmp_path):
    assert list(each(first_waits, [(tmp_path, number) for number in range(4)], workers=2)) == [0, 1, 2, 3]


@pytest.mark.parametrize(("workers", "isolated"), [(1, False), (1, True), (2, False)])
def test_items_are_taken_only_when_a_worker_is_free(workers, isolated):
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield number

    outcomes = each_as_done(double, endless(), workers=workers, isolated=isolated)
    done = [next(outcomes) for _ in range(20)]
    outcomes.close()
    assert len({number for number, _ in done}) == 20
    assert all(outcome == 2 * number for number, outcome in done)
    assert len(taken) <= 20 + 2 * workers


def test_beginnings_are_told():
    told = []
    outcomes = [outcome for _, outcome in each_as_done(double, range(5), workers=2, on_start=told.append)]
    assert sorted(outcomes) == [0, 2, 4, 6, 8]
    assert sorted(told) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("workers", [1, 2])
def test_no_items_no_outcomes(workers):
    assert list(each_as_done(double, iter(()), workers=workers)) == []


@posix
def test_a_process_that_dies_costs_only_its_own_item():
    told = []
    outcomes = dict(each_as_done(deadly, range(10), workers=2, on_start=told.append))
    died = {number: outcome for number, outcome in outcomes.items() if isinstance(outcome, Died)}
    assert set(died) == {3, 5, 7}
    assert "SIGSEGV" in died[3].reason
    assert "EXIT(9)" in died[5].reason
    assert "want of memory" in died[7].reason
    assert {number: outcome for number, outcome in outcomes.items() if number not in died} == {
        number: number for number in (0, 1, 2, 4, 6, 8, 9)
    }
    assert all(told.count(number) == 2 for number in died)  # each was tried again


def test_one_worker_alone_may_die_too(tmp_path):
    marker = str(tmp_path / "tried")
    assert list(each_as_done(dies_once, [marker], isolated=True)) == [(0, "the second try")]


@posix
def test_in_order_a_death_is_an_error():
    with pytest.raises(WorkerDied, match=r"^5: its process crashed"):
        list(each(deadly, [1, 5], workers=2))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_the_function_is_raised(workers):
    with pytest.raises(ValueError, match="not 4"):
        list(each_as_done(refuses, [4], workers=workers))


def test_a_worker_has_one_thread_of_numerical_libraries():
    assert list(each(thread_counts, [0], workers=2)) == [{1}]


def process(_: int) -> int:
    return os.getpid()


def test_processes_are_used_again():
    first, second = (set(each(process, range(6), workers=2)) for _ in range(2))
    assert first & second
    assert len(first | second) <= 2


@posix
def test_a_process_that_was_killed_while_it_waited_is_replaced():
    before = set(each(process, range(6), workers=2))
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert not before & set(each(process, range(6), workers=2))


@posix
def test_a_forked_process_has_workers_of_its_own():
    before = [pid for _, pid in each_as_done(process, [1], workers=1, isolated=True)]
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        for _, pid in each_as_done(process, [1], workers=1, isolated=True):
            os.write(writing, str(pid).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    assert int(os.read(reading, 20)) not in before
    os.waitpid(child, 0)
    assert [pid for _, pid in each_as_done(process, [1], workers=1, isolated=True)] == before


def test_cancel_keeps_what_is_done():
    done = []
    with pytest.raises(Cancelled):
        for outcome in each(double, [1, 2, 3], cancelled=lambda: len(done) == 2):
            done.append(outcome)
    assert done == [2, 4]


def test_cancel_keeps_what_is_nearly_done_and_drops_the_rest(tmp_path):
    began, done = time.monotonic(), []
    tasks = [(tmp_path, number) for number in range(4)]
    with pytest.raises(Cancelled):
        for number, _ in each_as_done(ends_after, tasks, workers=2, cancelled=lambda: bool(done)):
            done.append(number)
    assert done == [0, 1]
    assert time.monotonic() - began < 60
