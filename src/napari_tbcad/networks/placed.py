"""A network's module on the device where it shall compute, ready for prediction."""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Iterator
from typing import Protocol
from weakref import WeakKeyDictionary

import torch
from torch import nn

_READY: WeakKeyDictionary[nn.Module, dict[str, nn.Module]] = WeakKeyDictionary()
_LOCK = threading.Lock()


class Loaded(Protocol):
    """A network or an image classifier."""

    module: nn.Module
    sha256: str


@contextlib.contextmanager
def placed(network: Loaded, device: str) -> Iterator[nn.Module]:
    """Give a module in evaluation mode on a device; the network's own module stays where and as it is.

    A network that came from a file does not change, so its copies for each device are kept and shared by
    all threads. One without a file may be in training: it is used where it is, or copied for this time.

    Parameters
    ----------
    network : Network or ImageClassifier
        What is asked.
    device : str
        A torch device.
    """
    module = network.module
    if network.sha256:
        with _LOCK:
            kept = _READY.setdefault(module, {})
            if device not in kept:
                kept[device] = _copy(module, device)
        yield kept[device]
    elif _is_on(module, device):
        modes = [(part, part.training) for part in module.modules()]
        module.eval()
        try:
            yield module
        finally:
            for part, training in modes:
                part.training = training
    else:
        yield _copy(module, device)


def forget(network: Loaded, device: str) -> None:
    """Drop the copy kept for a device, so that its memory can be given back."""
    with _LOCK:
        _READY.get(network.module, {}).pop(device, None)


def _copy(module: nn.Module, device: str) -> nn.Module:
    # Kernels laid out channels last are what the processor's convolutions are fastest with.
    ready = copy.deepcopy(module).eval().requires_grad_(False)
    return ready.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _is_on(module: nn.Module, device: str) -> bool:
    first = next(module.parameters(), None)
    wanted = torch.device(device)
    return first is None or (first.device.type == wanted.type and wanted.index in (None, first.device.index))
