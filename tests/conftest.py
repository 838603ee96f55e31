from __future__ import annotations

from collections.abc import Callable
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


@pytest.fixture(scope="session")
def save_tiny_network() -> Callable[..., str]:
    """Return a function that writes a tiny network that was never trained, and returns its file's hash."""

    def save(path: Path, seed: int = 0, *, task: str = "lungs", views: tuple[str, ...] = ()) -> str:
        import torch

        from napari_tbcad.networks.build import ArchitectureParameters, build
        from napari_tbcad.networks.card import NetworkCard, task_classes
        from napari_tbcad.networks.input import InputParameters
        from napari_tbcad.networks.store import Network, save_network

        torch.manual_seed(seed)
        architecture = ArchitectureParameters(architecture="Unet", decoder_channels=(16, 8, 8, 4, 4))
        intensity = "counts" if views else "percentiles"
        reads = InputParameters(height=64, width=64, intensity=intensity, views=views)
        card = NetworkCard(
            name=f"tiny {seed}",
            task=task,
            classes=task_classes(task),
            architecture=architecture,
            input=reads,
            channels=reads.channels,
            warnings=("Never trained.",),
        )
        module = build(architecture, n_classes=len(card.classes), in_channels=card.channels).eval()
        return save_network(Network(module, card), path)

    return save


_WINDOWS = {"qapp", "qtbot", "make_napari_viewer", "make_napari_viewer_proxy"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what opens a window, so that `-m "not gui"` needs no display."""
    for item in items:
        if _WINDOWS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.gui)
