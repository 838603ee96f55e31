"""A graphics card and the processor agree. Skipped, saying so, where there is no CUDA card."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.networks.build import ArchitectureParameters, build
from napari_tbcad.networks.card import NetworkCard, task_classes
from napari_tbcad.networks.input import InputParameters
from napari_tbcad.networks.prediction import PredictParameters

torch = pytest.importorskip("torch")

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA graphics card"),
]


@pytest.fixture
def network():
    from napari_tbcad.networks.store import Network

    torch.manual_seed(0)
    architecture = ArchitectureParameters(decoder_channels=(16, 8, 8, 4, 4))
    card = NetworkCard(
        name="small",
        task="lungs",
        classes=task_classes("lungs"),
        architecture=architecture,
        input=InputParameters(height=128, width=128),
    )
    return Network(build(architecture, n_classes=3).eval(), card, "0" * 64)


@pytest.fixture
def film():
    return np.random.default_rng(0).normal(size=(300, 260)).cumsum(0).cumsum(1).astype(np.float32)


@pytest.mark.parametrize("options", [{}, {"augment": True}, {"tile": 64, "overlap": 0.5}])
def test_card_and_processor_agree(network, film, options):
    from napari_tbcad.networks.predict import predict

    card = predict(network, film, PredictParameters(device="cuda", **options))
    processor = predict(network, film, PredictParameters(device="cpu", **options))
    assert card.device == "cuda", card.messages
    np.testing.assert_allclose(card.probabilities, processor.probabilities, atol=1e-4)
    np.testing.assert_allclose(card.uncertainty, processor.uncertainty, atol=1e-3)


def test_auto_takes_the_card_and_a_full_one_is_left(network, film, monkeypatch):
    from napari_tbcad.networks.predict import predict

    assert predict(network, film).device == "cuda"
    held = []
    try:
        while True:  # take all that is left, in smaller and smaller pieces
            held.append(torch.empty(2**28, dtype=torch.uint8, device="cuda"))
    except torch.OutOfMemoryError:
        pass
    torch.cuda.set_per_process_memory_fraction(1e-6)
    try:
        found = predict(network, film)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        held.clear()
        torch.cuda.empty_cache()
    assert found.device == "cpu"
    assert "out of memory on cuda" in found.messages[0]
