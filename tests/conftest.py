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


_WINDOWS = {"qapp", "qtbot", "make_napari_viewer", "make_napari_viewer_proxy"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what opens a window, so that `-m "not gui"` needs no display."""
    for item in items:
        if _WINDOWS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.gui)
