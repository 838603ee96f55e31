"""Where networks compute. Importing this module costs nothing: torch is imported when a function runs."""

from __future__ import annotations

from typing import Literal

from napari_tbcad.errors import BadInput, TbcadError

Device = Literal["auto", "cpu", "cuda", "mps"]

DEVICES: tuple[Device, ...] = ("auto", "cpu", "cuda", "mps")

DEVICE_MEANING = (
    "Where the network runs; auto is a graphics card (cuda, else mps) where there is one, else the processor."
)
"""What auto means, for every text in which a person chooses."""


class NotEnoughMemory(TbcadError, MemoryError):
    """A network ran out of memory in every way there is to run it: on the processor, in small parts."""


def present_devices() -> tuple[str, ...]:
    """Return the devices of this machine, the fastest first: ``cuda``, ``mps``, ``cpu``."""
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return tuple(name for name, present in there.items() if present)


def choose_device(name: str = "auto", *, source: str = "device") -> str:
    """Return the torch device for ``auto``, ``cpu``, ``cuda`` (also ``cuda:1``) or ``mps``.

    Parameters
    ----------
    name : str
        The wanted device; ``auto`` is the fastest there is.
    source : str, optional
        Where the name was written, for the message.

    Raises
    ------
    BadInput
        If there is no such device; the message names those of this machine.
    """
    present = present_devices()
    if name == "auto":
        return present[0]
    kind, _, number = name.partition(":")
    choices = f"this machine has {', '.join(reversed(present))}"
    if kind not in DEVICES or kind == "auto":
        raise BadInput(source, f"there is no device {name!r}; there are {', '.join(DEVICES)}, and {choices}")
    if kind not in present:
        raise BadInput(source, f"{kind} is not available; {choices}")
    if number and not (number.isdecimal() and int(number) < _how_many(kind)):
        raise BadInput(source, f"{name} is not available; there are {_how_many(kind)} of {kind}, from 0")
    return name


def _how_many(kind: str) -> int:
    import torch

    return torch.cuda.device_count() if kind == "cuda" else 1


def is_out_of_memory(error: BaseException) -> bool:
    """Tell an error of an allocator (torch's on any device, or Python's) from other errors."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if not isinstance(error, RuntimeError):
        return False
    words = str(error).casefold()
    return any(mark in words for mark in _ALLOCATOR_SAYS)


# The processor's allocator, cuBLAS, cuDNN and MPS raise a plain RuntimeError.
_ALLOCATOR_SAYS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "alloc_failed",
    "failed to allocate",
    "cannot allocate memory",
)


def release_memory(device: str) -> None:
    """Give what an allocator keeps for later back to the device."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.empty_cache()
    elif device.startswith("mps"):
        torch.mps.empty_cache()
