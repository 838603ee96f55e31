from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def phantom_pixels():
    """A small chest phantom (256 x 256), one of the project's own."""
    from napari_tbcad.io.read import read_film
    from napari_tbcad.simulate.samples import sample_path

    return read_film(sample_path("normal_man")).pixels[::2, ::2].copy()


@pytest.fixture(scope="session")
def quick_settings():
    """Otsu masks, a small grid and no network: a whole run takes well under a second."""
    from napari_tbcad.chest.workflow import settings_from

    return settings_from({"lungs.segmenter": "otsu", "features.grid": 256, "opacities.enabled": False})


@pytest.fixture(scope="session")
def tiny_model(phantom_pixels, quick_settings):
    """A classifier fitted on made-up variations of the phantom's features; it means nothing."""
    from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
    from napari_tbcad.chest.classify.train import fit_model
    from napari_tbcad.chest.workflow import analyse
    from napari_tbcad.imaging.radiograph import Radiograph

    features = analyse(Radiograph(phantom_pixels, source="phantom"), settings=quick_settings).features
    generator = np.random.default_rng(0)
    labels = np.arange(40) % 2
    spread = 0.1 * np.abs(features.values) + 1e-3
    values = features.values + spread * (generator.standard_normal((40, len(spread))) + 0.7 * labels[:, None])
    model = fit_model(
        pd.DataFrame(values, columns=list(features.names)),
        labels,
        estimator=HierarchicalClassifier(method="nb", n_folds=2),
        card_info={
            "name": "tiny",
            "demonstration": True,
            "feature_set": features.feature_set,
            "grid": 256,
            "segmenter": "otsu",
            "description": "Fitted on made-up numbers for the tests.",
        },
    )
    return replace(model, sha256="0" * 64)  # as one that was read from a file


@pytest.fixture(autouse=True)
def kept_aside(tmp_path, monkeypatch) -> Path:
    """Folder where cases are kept while a person works, instead of the one of whoever runs the tests."""
    from napari_tbcad.widgets import preferences

    folder = tmp_path / "autosave"
    monkeypatch.setattr(preferences, "default_folder", lambda: folder)
    return folder


@pytest.fixture(autouse=True)
def no_file_dialogs(monkeypatch):
    """Let every file dialog be cancelled at once: an open one would hold a test up for ever."""
    from qtpy.QtWidgets import QFileDialog

    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, staticmethod(lambda *_, **__: ("", "")))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", staticmethod(lambda *_, **__: ""))


@pytest.fixture
def panel(make_napari_viewer_proxy, monkeypatch, quick_settings, tiny_model, qtbot):
    """Return a function that docks a chest panel in a new viewer, as napari does, and waits for its model."""
    from napari_tbcad.widgets.chest import shelf
    from napari_tbcad.widgets.chest.panel import ChestPanel

    def make(*, model=tiny_model, settings=quick_settings):
        def packaged():
            if model is None:
                raise shelf.NoModel
            return model

        monkeypatch.setattr(shelf, "packaged", packaged)
        monkeypatch.setattr(shelf.ModelShelf, "settings", lambda self, base=None: base or settings)
        viewer = make_napari_viewer_proxy()
        widget = ChestPanel(viewer)
        viewer.window.add_dock_widget(widget, name="Chest X-ray")
        qtbot.waitUntil(lambda: not widget.bench.shelf.loading, timeout=60_000)
        return viewer, widget

    return make


@pytest.fixture
def finished(qtbot):
    """Return a function that waits until a panel has nothing left to do."""

    def wait(widget, timeout=90_000):
        end = time.monotonic() + 0.25
        # An edit reaches the session only after its throttle.
        qtbot.waitUntil(lambda: time.monotonic() > end, timeout=2_000)
        qtbot.waitUntil(lambda: widget.session is None or widget.session.settled, timeout=timeout)
        qtbot.wait(20)

    return wait


@pytest.fixture
def samples() -> Path:
    """Folder of the packaged sample films."""
    from napari_tbcad.simulate.samples import sample_path

    return sample_path("normal_man").parent
