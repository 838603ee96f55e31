from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is not a bug: no time limit per example.
settings.register_profile("shared", deadline=None, max_examples=50)
settings.load_profile("shared")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real images; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the real images (../shared/data) are not on this machine")
    return SHARED
