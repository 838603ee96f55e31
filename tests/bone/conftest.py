"""Simulated scans for all tests of the bone workflow: one body each, on a coarse grid, made once."""

from __future__ import annotations

import pytest

from napari_tbcad.simulate.bone_scan import ScanParameters, SimulatedScan, simulate_scan
from napari_tbcad.simulate.skeleton import BodyParameters

COARSE = BodyParameters(shape=(512, 128), slab_mm=10.0)


@pytest.fixture(scope="session")
def simulated_scan() -> SimulatedScan:
    """A man with six metastases, benign and non-bone uptake; 512×128."""
    return simulate_scan(ScanParameters(abnormal=6, counts=8e5), seed=3, person=COARSE)


@pytest.fixture(scope="session")
def clean_scan() -> SimulatedScan:
    """A person with no added uptake at all."""
    settings = ScanParameters(abnormal=0, benign=False, non_bone=False, counts=8e5)
    return simulate_scan(settings, seed=4, person=COARSE)
