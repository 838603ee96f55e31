"""Where networks compute, and how a person learns that it cannot be there."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from napari_tbcad.errors import BadInput
from napari_tbcad.networks import devices
from napari_tbcad.networks.devices import choose_device, is_out_of_memory, present_devices

torch = pytest.importorskip("torch")


@pytest.fixture
def machine(monkeypatch):
    """Pretend to be a machine with or without graphics cards."""

    def have(*, cuda: int = 0, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return have


@pytest.mark.parametrize(
    ("cuda", "mps", "best"), [(1, True, "cuda"), (0, True, "mps"), (0, False, "cpu"), (2, False, "cuda")]
)
def test_auto_takes_the_fastest_there_is(machine, cuda, mps, best):
    machine(cuda=cuda, mps=mps)
    assert choose_device("auto") == choose_device() == present_devices()[0] == best
    assert choose_device("cpu") == "cpu"


def test_a_device_that_is_not_there_is_refused_and_those_there_are_named(machine):
    machine(mps=True)
    with pytest.raises(BadInput, match="cuda is not available; this machine has cpu, mps"):
        choose_device("cuda")
    machine(cuda=2)
    assert choose_device("cuda:1") == "cuda:1"
    for wrong in ("cuda:2", "cuda:x", "cuda:-1"):
        with pytest.raises(BadInput, match="there are 2 of cuda"):
            choose_device(wrong)
    for wrong in ("abacus", "", "auto:0"):
        with pytest.raises(BadInput, match="there are auto, cpu, cuda, mps, and this machine has cpu, cuda"):
            choose_device(wrong)


def test_a_command_refuses_a_missing_device_before_any_film(machine, tmp_path):
    from napari_tbcad.cli.app import app

    machine()
    out = tmp_path / "out"
    for command in ("chest", "bone"):
        given = ["run", str(tmp_path), "--out", str(out), "--device", "cuda"]
        done = CliRunner().invoke(app, [command, *given])
        assert isinstance(done.exception, BadInput), command
        assert "--device: cuda is not available; this machine has cpu" in str(done.exception)
    assert not out.exists()


def test_the_chosen_device_reaches_the_networks():
    from napari_tbcad.chest.workflow import settings_from
    from napari_tbcad.widgets.preferences import Preferences

    settings = settings_from(Preferences(device="cuda").assignments())
    assert settings.lungs.network.device == settings.opacities.device == "cuda"
    assert settings.features.device == settings.classify.device == "cuda"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory"
        ),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes."),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9.00 GB)"),
    ],
)
def test_allocators_are_understood(error):
    assert is_out_of_memory(error)


def test_other_errors_are_not_taken_for_want_of_memory():
    for error in (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ValueError("out of memory")):
        assert not is_out_of_memory(error)


def test_the_real_allocator_is_understood():
    with pytest.raises((RuntimeError, MemoryError)) as caught:
        torch.empty(2**62, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


def test_naming_devices_costs_no_torch():
    code = (
        "import sys, napari_tbcad.networks.devices, napari_tbcad.networks.prediction, "
        "napari_tbcad.chest.parameters; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert set(devices.DEVICES) == {"auto", "cpu", "cuda", "mps"}
