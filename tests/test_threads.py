"""Threads that wait for each other sleep, unless a person wants otherwise."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

LOOK = """
import os, sys
import {module}
assert "torch" not in sys.modules, "too late: torch reads it when it is loaded"
print(os.environ["OMP_WAIT_POLICY"])
"""


def policy(module: str, **given: str) -> str:
    """Return the policy with which torch would be loaded after a module was imported."""
    clean = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    command = [sys.executable, "-c", LOOK.format(module=module)]
    done = subprocess.run(command, env=clean | given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("module", ["napari_tbcad.chest.workflow", "napari_tbcad.bone.workflow"])
def test_a_workflow_lets_waiting_threads_sleep_before_torch_is_loaded(module):
    assert policy(module) == "PASSIVE"


def test_what_a_person_has_set_stays():
    assert policy("napari_tbcad.networks.asking", OMP_WAIT_POLICY="ACTIVE") == "ACTIVE"


def test_a_model_file_which_loads_torch_through_scikit_learn_lets_them_sleep_too():
    code = (
        "import os; from napari_tbcad.chest.classify.packaged import find_model; find_model('demonstration');"
        "print(os.environ['OMP_WAIT_POLICY'])"
    )
    clean = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run([sys.executable, "-c", code], env=clean, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "PASSIVE"
