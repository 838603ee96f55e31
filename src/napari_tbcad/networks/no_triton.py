"""Keep triton out of a process in which it would crash."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MAPS = Path("/proc/self/maps")


@contextmanager
def without_triton() -> Iterator[None]:
    """Let ``import triton`` fail inside this block where OpenGL has brought LLVM into the process.

    torchvision, hence timm and segmentation_models_pytorch, import triton when torch has it (Linux, CUDA).
    Triton carries an LLVM of its own: loaded after that of Mesa (software and AMD OpenGL), which napari's
    canvas has loaded by then, it ends the process with a segmentation fault. Torch takes a failing import
    for triton not being installed; only ``torch.compile``, which is not used here, would need it.
    """
    if "triton" in sys.modules or not _llvm_loaded():
        yield
        return
    sys.modules["triton"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["triton"]


def _llvm_loaded() -> bool:
    try:
        return "libLLVM" in _MAPS.read_text(errors="replace")
    except OSError:  # no such file outside Linux, where torch has no triton either
        return False
