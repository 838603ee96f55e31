"""A Dask cluster of several processes does what the processes of this machine do."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import types
from dataclasses import replace
from pathlib import Path

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from imageio.v3 import imwrite

import napari_tbcad
from napari_tbcad.batch.cluster import DaskCrew
from napari_tbcad.batch.films import ChestJob
from napari_tbcad.batch.pool import Died, each, each_as_done
from napari_tbcad.batch.runs.inputs import chest_inputs
from napari_tbcad.batch.runs.run import run_studies
from napari_tbcad.errors import BadInput, Cancelled

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")
cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers need not find the tests


SAMPLES = Path(__file__).parents[2] / "sample_data" / "films"
QUICK = {"lungs.segmenter": "otsu", "features.grid": 256, "opacities.enabled": False}


def double(x: int) -> int:
    return 2 * x


def where(_: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def dies_once(marker: Path) -> str:
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return "the second try"
    os._exit(1)


def deadly(x: int) -> int:
    if x == 1:
        os._exit(1)
    return x


def refuses(x: int) -> int:
    raise ValueError(f"not {x}")


def sleeps(x: int) -> int:
    time.sleep(0.2)
    return x


def _look_for(seconds: float) -> None:
    from napari_tbcad.batch import cluster

    cluster._SIGHT_SECONDS = seconds


@contextlib.contextmanager
def _running_cluster(number: int = 2):
    options = {
        "n_workers": number,
        "threads_per_worker": 1,
        "processes": True,
        "dashboard_address": "127.0.0.1:0",
    }
    with distributed.LocalCluster(protocol="tcp", host="127.0.0.1", **options) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def cluster():
    with _running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def shaky():
    """Address of a cluster whose workers are to be lost; each takes its time to come back."""
    import dask

    # One loss of an item is forgiven, not three.
    with dask.config.set({"distributed.scheduler.allowed-failures": 1}), _running_cluster() as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def address(cluster):
    return cluster.scheduler_address


def test_outcomes_come_in_order(address):
    assert list(each(double, [3, 1, 2], scheduler=address)) == [6, 2, 4]


def test_all_processes_work(address):
    pids = {pid for _, pid in each_as_done(where, range(20), scheduler=address)}
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_items_are_taken_as_they_are_needed_and_outcomes_are_let_go(address, cluster):
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield number

    outcomes = each_as_done(double, endless(), scheduler=address)
    for _ in range(300):
        next(outcomes)
    end = time.monotonic() + 30  # a busy scheduler forgets late
    while len(cluster.scheduler.tasks) > 64 + 8 and time.monotonic() < end:
        time.sleep(0.05)
    assert len(cluster.scheduler.tasks) <= 64 + 8  # those underway and those about to be forgotten
    outcomes.close()
    assert len(taken) <= 300 + 2 * 64
    end = time.monotonic() + 30
    while cluster.scheduler.tasks and time.monotonic() < end:
        time.sleep(0.05)
    assert not cluster.scheduler.tasks


def test_an_error_of_the_function_is_raised(address):
    with pytest.raises(ValueError, match="not 4"):
        list(each_as_done(refuses, [4], scheduler=address))


def test_only_what_workers_are_at_is_said_to_have_begun(address):
    told = []
    outcomes = each_as_done(sleeps, range(6), scheduler=address, on_start=told.append)
    next(outcomes)
    assert len(told) <= 4
    assert len(list(outcomes)) == 5
    assert sorted(told) == list(range(6))


def test_cancel_ends_it(address, cluster):
    done = []
    with pytest.raises(Cancelled):
        for number, _ in each_as_done(sleeps, range(500), scheduler=address, cancelled=lambda: bool(done)):
            done.append(number)
    assert len(done) < 100


def test_a_lost_worker_costs_nothing(shaky, tmp_path):
    outcomes = dict(each_as_done(dies_once, [tmp_path / "a"], scheduler=shaky))
    assert outcomes == {0: "the second try"}


def test_an_item_that_kills_its_workers_is_said_so(shaky):
    outcomes = dict(each_as_done(deadly, range(4), scheduler=shaky))
    died = outcomes.pop(1)
    assert isinstance(died, Died)
    assert "lost 2 times" in died.reason
    assert outcomes == {0: 0, 2: 2, 3: 3}


def test_a_worker_with_another_version_is_refused(address, monkeypatch):
    monkeypatch.setattr(napari_tbcad, "__version__", "0.0.0")
    with pytest.raises(BadInput, match=r"the worker on .* has napari-tbcad .* machine 0\.0\.0: install"):
        list(each_as_done(double, [1], scheduler=address))


def test_a_worker_without_what_it_needs_is_refused(address):
    module = types.ModuleType("only_here")
    exec("def double(x): return 2 * x", module.__dict__)
    sys.modules["only_here"] = module
    try:
        with pytest.raises(BadInput, match=r"a worker lacks something .*only_here"):
            list(each_as_done(module.double, [1], scheduler=address))
    finally:
        del sys.modules["only_here"]


def test_a_worker_that_does_not_see_the_results_folder_is_refused(address, tmp_path, cluster):
    shared, hidden = tmp_path / "shared", tmp_path / "hidden"
    shared.mkdir()
    assert list(each_as_done(double, [1], scheduler=address, shared=shared)) == [(0, 2)]
    assert not list(shared.iterdir())
    with distributed.Client(address, set_as_default=False) as client:
        client.run(_look_for, 0.5)

        def moved():  # what is here is not there: the folder goes away before the first item does
            shared.rename(hidden)
            yield 1

        with pytest.raises(BadInput, match=r"the worker on .* does not see .*shared of this machine"):
            list(each_as_done(double, moved(), scheduler=address, shared=shared))


def test_a_cluster_without_workers_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr("napari_tbcad.batch.cluster._LOOK_SECONDS", 0.3)
    options = {"n_workers": 0, "processes": False, "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(protocol="tcp", host="127.0.0.1", **options) as empty:
        crew = DaskCrew(double, empty.scheduler_address, patience=1.0)
        with contextlib.closing(crew):
            crew.give(0, 1)
            with pytest.raises(BadInput, match="has had no worker for 1 s"):
                for _ in range(100):
                    crew.done(0.1)


def test_a_scheduler_that_dies_is_said_so_and_what_is_done_is_kept(tmp_path):
    where = tmp_path / "scheduler.json"
    common = ["--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(where)]
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = subprocess.Popen([*command, *common], **quiet)
    worker = None
    try:
        while not where.is_file():
            assert scheduler.poll() is None
            time.sleep(0.05)
        command = [sys.executable, "-m", "distributed.cli.dask_worker", "--no-nanny", "--nthreads", "1"]
        worker = subprocess.Popen([*command, *common], **quiet)
        import json

        address = json.loads(where.read_text())["address"]
        done = []
        with pytest.raises(BadInput, match="stopped answering; what is done is kept"):
            for number, _ in each_as_done(sleeps, range(500), scheduler=address):
                done.append(number)
                if len(done) == 3:
                    scheduler.kill()
        assert 3 <= len(done) < 100
    finally:
        for process in (scheduler, worker):
            if process is not None:
                process.kill()
                process.wait()


@pytest.mark.parametrize("address", ["nonsense", "tcp://here", "tls://here:port"])
def test_what_is_no_address_is_refused_before_a_client_is_made(monkeypatch, address):
    monkeypatch.setattr(distributed, "Client", None)
    with pytest.raises(BadInput, match="no address of a scheduler, such as tcp://HOST:8786"):
        list(each(double, [1], scheduler=address))


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr("napari_tbcad.batch.cluster_client.CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(distributed, "Client", None)
    with pytest.raises(
        BadInput, match=r"no Dask scheduler answers at tcp://127.0.0.1:1 \(Connection refused"
    ):
        list(each(double, [1], scheduler="tcp://127.0.0.1:1"))

    def refuse(address, **options):
        raise distributed.comm.core.CommClosedError("in <TCP (closed) local=…>: Stream is closed")

    monkeypatch.setattr(distributed, "Client", refuse)
    monkeypatch.setattr("napari_tbcad.batch.cluster_client._require_greeting", lambda *given: None)
    with pytest.raises(BadInput, match=r"no Dask scheduler answers at tcp://127.0.0.1:1$"):
        list(each(double, [1], scheduler="tcp://127.0.0.1:1"))


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n", b"\x40\0\0\0\0\0\0\0"]
)
def test_a_server_of_another_kind_is_not_waited_for(monkeypatch, said):
    monkeypatch.setattr("napari_tbcad.batch.cluster_client.CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(distributed, "Client", None)  # it would wait for ever
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            line, _ = server.accept()
            lines.append(line)
            line.sendall(said)

        lines = []
        thread = threading.Thread(target=answer)
        thread.start()
        port = server.getsockname()[1]
        with pytest.raises(BadInput, match=f"127.0.0.1:{port} answers, but not as a Dask scheduler .8787 is"):
            list(each(double, [1], scheduler=f"tcp://127.0.0.1:{port}"))
        thread.join()
        lines[0].close()


def test_an_address_that_does_not_go_with_the_certificates_is_said_before_a_client_is_made(monkeypatch):
    monkeypatch.setattr(distributed, "Client", None)  # one made in vain prints a traceback when it goes
    with pytest.raises(BadInput, match=r"tls://127.0.0.1:1 wants certificates"):
        list(each(double, [1], scheduler="tls://127.0.0.1:1"))
    for setting, address, said in (
        (
            {"distributed.comm.require-encryption": True},
            "tcp://127.0.0.1:1",
            "tcp://127.0.0.1:1 is not encrypted",
        ),
        ({"distributed.comm.tls.ca-file": "/no/such/ca.pem"}, "tls://127.0.0.1:1", "certificate"),
    ):
        with dask.config.set(setting), pytest.raises(BadInput, match=said):
            list(each(double, [1], scheduler=address))


def test_a_run_on_the_cluster_gives_what_a_run_here_does(address, tmp_path):
    films = tmp_path / "films"
    films.mkdir()
    for name in ("normal_man", "effusion"):
        shutil.copy(SAMPLES / f"{name}.png", films)
    (films / "broken.png").write_bytes(b"no image")
    tables = {}
    for where, options in {"here": {"workers": 1}, "there": {"scheduler": address}}.items():
        job = ChestJob(tmp_path / where, "none", QUICK)
        summary = run_studies(chest_inputs(films), job, **options)
        assert (summary.done, summary.failed, summary.left) == (2, 1, 0)
        table = pd.read_csv(tmp_path / where / "results.csv")
        tables[where] = (
            table.drop(columns="seconds").to_csv(),
            (tmp_path / where / "features.csv").read_bytes(),
            *[path.read_bytes() for path in sorted((tmp_path / where).glob("[mo]*/*.png"))],
        )
    assert len(tables["here"]) == 2 + 2 * 3
    assert tables["here"] == tables["there"]


def test_an_input_that_only_this_machine_has_is_an_error_row_that_says_so(address, tmp_path, monkeypatch):
    here, elsewhere = tmp_path / "here.png", tmp_path / "elsewhere"
    imwrite(here, np.zeros((8, 8), np.uint8))
    studies = chest_inputs(here)

    def absent(study):  # the path that a worker is sent leads nowhere in its file system
        return replace(study, paths=(elsewhere / "here.png",))

    monkeypatch.setattr("napari_tbcad.batch.runs.meanwhile._found_anywhere", absent)
    job = ChestJob(tmp_path / "out", "none", QUICK)
    summary = run_studies(studies, job, scheduler=address)
    assert summary.failed == 1
    said = pd.read_csv(tmp_path / "out" / "results.csv").message[0]
    assert "worker" in said
    assert "same folders" in said
