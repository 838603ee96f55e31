"""Workers end with their parent, in whatever way it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")

_SCRIPT = """
import os, signal, sys, time
from pathlib import Path

signal.signal(signal.SIGINT, signal.default_int_handler)  # what begins in the background ignores it
from napari_tbcad.batch.pool import each_as_done

def busy(number):
    Path({folder!r}, str(os.getpid())).touch()
    time.sleep(120)

list(each_as_done(busy, range(9), workers=2))
"""
_PATIENCE = 60.0


def _wait(done) -> bool:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(0.05)
    return False


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")  # a process nobody has collected yet is dead all the same
    return not stat.is_file() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_their_parent(tmp_path, number):
    script = _SCRIPT.format(folder=str(tmp_path))
    parent = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    workers: list[int] = []
    try:
        assert _wait(lambda: len(list(tmp_path.iterdir())) == 2)
        workers = [int(path.name) for path in tmp_path.iterdir()]
        assert all(map(_lives, workers))
        parent.send_signal(number)
        parent.wait(_PATIENCE)
        assert _wait(lambda: not any(map(_lives, workers)))
    finally:
        for pid in (parent.pid, *workers):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        parent.wait()


def _pid_then_sleep(folder: str) -> None:
    Path(folder, str(os.getpid())).touch()
    time.sleep(120)


def test_ctrl_c_while_a_worker_is_given_an_item_ends_that_worker_too(tmp_path, monkeypatch):
    from napari_tbcad.batch import workers

    submit = workers.ProcessPoolExecutor.submit

    def interrupted(self, *item):
        submit(self, *item)
        assert _wait(lambda: any(tmp_path.iterdir()))
        raise KeyboardInterrupt

    monkeypatch.setattr(workers.ProcessPoolExecutor, "submit", interrupted)
    crew = workers.LocalCrew(_pid_then_sleep, 1)
    with pytest.raises(KeyboardInterrupt):
        crew.give(0, str(tmp_path))
    (path,) = tmp_path.iterdir()
    crew.close()
    assert _wait(lambda: not _lives(int(path.name)))
