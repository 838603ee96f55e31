"""The libraries of torch can be loaded before torch is imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import sys
from pathlib import Path
from napari_tbcad.networks.libraries import load_ahead

def loaded():
    return "libtorch_cpu" in Path("/proc/self/maps").read_text()

assert not loaded()
print(load_ahead(), loaded(), "torch" in sys.modules)
import torch
print(int(torch.ones(3).sum()), load_ahead())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="done on Linux only")
def test_the_libraries_are_there_before_torch_is(monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True", "True", "False", "3", "False"], done.stderr
