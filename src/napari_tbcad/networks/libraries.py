"""The libraries of torch are loaded while other threads go on."""

from __future__ import annotations

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path

_LIBRARIES = ("libtorch_global_deps.so", "libtorch_python.so")
"""What `import torch` loads first, for everybody, and what it loads then; the others come with the second."""


def load_ahead() -> bool:
    """Load the libraries of torch without the interpreter's lock; ``import torch`` finds them loaded.

    Python loads a library while no other thread may run: a window stood still for 0.3 to 0.6 s while a worker
    imported torch. Called through ctypes, the system's own ``dlopen`` lets the others run. On Linux, where
    torch looks for nothing else first (a build for CUDA under an ``LD_LIBRARY_PATH`` does); else, and where
    torch is there already, nothing is done.

    Returns
    -------
    bool
        Whether they are loaded now.
    """
    if not sys.platform.startswith("linux") or "torch" in sys.modules:
        return False
    found = find_spec("torch")
    if found is None or found.origin is None:
        return False
    folder = Path(found.origin).parent / "lib"
    if "LD_LIBRARY_PATH" in os.environ and (folder / "libtorch_cuda.so").exists():
        return False
    paths = [folder / name for name in _LIBRARIES]
    if not all(path.is_file() for path in paths):
        return False
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.restype, dlopen.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
    modes = (os.RTLD_NOW | os.RTLD_GLOBAL, os.RTLD_NOW)
    return all(dlopen(os.fsencode(path), mode) for path, mode in zip(paths, modes, strict=True))
