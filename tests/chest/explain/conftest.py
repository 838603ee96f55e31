from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.chest.classify.train import fit_model
from napari_tbcad.chest.lungs.fields import LungMasks
from napari_tbcad.chest.opacities import Opacities
from napari_tbcad.chest.workflow import settings_from, start, use_model
from napari_tbcad.imaging.radiograph import Radiograph

SIDE = 96


@pytest.fixture(scope="session")
def film_run():
    """A run of a made-up film: two oval lungs of noise, and an opacity in the upper right zone."""

    @cache
    def make(feature_set="extended_opacity", *, method="svm", shape=False, **options):
        rows, columns = np.indices((SIDE, SIDE))
        labels = np.zeros((SIDE, SIDE), np.uint8)
        labels[((rows - 48) / 38) ** 2 + ((columns - 27) / 17) ** 2 < 1] = 1
        labels[((rows - 50) / 36) ** 2 + ((columns - 69) / 16) ** 2 < 1] = 2
        draw = np.random.default_rng(0)
        pixels = np.where(labels > 0, 70.0, 170.0) + 12 * draw.standard_normal(labels.shape)
        spot = (rows - 25) ** 2 + (columns - 27) ** 2 < 36
        pixels[spot] += 60
        opacity = np.full((3, SIDE, SIDE), 0.01, np.float32)
        opacity[1, spot] = 0.9
        wanted = {"features.feature_set": feature_set, "features.grid": SIDE, "features.levels": 16}
        run = start(Radiograph(pixels.astype(np.float32), source="film.png"), settings_from(wanted))
        run.put("sensitive", LungMasks(labels, "sensitive"))
        run.put("insensitive", LungMasks(labels, "insensitive"))
        run.put("opacities", Opacities(opacity, labels.shape))
        (features,) = run.compute("features")
        estimator = HierarchicalClassifier(
            [n for n, g in zip(features.names, features.groups, strict=True) if g in ("shape", "modes")],
            method=method,
            n_folds=2,
            stage1_threshold=0.001 if shape else "specificity=0.95",
            **options,
        )
        use_model(run, model_of(features, estimator, shape=shape))
        return run

    return make


def model_of(features, estimator, *, shape):
    """Return a classifier of made-up films, to which opacities in the right upper zone are tuberculosis."""
    draw, labels = np.random.default_rng(1), np.arange(40) % 2
    spread = 0.1 * np.abs(features.values) + 1e-3
    values = features.values + spread * draw.standard_normal((40, len(spread)))
    for column, name in enumerate(features.names):
        if name == "opacity_logodds_right_upper":
            values[:, column] += 12 * spread[column] * (labels - 0.7)
        if name == "firstorder_mean" or (shape and name in ("height_difference", "mode_01")):
            values[:, column] += (4 if shape else 2) * spread[column] * (labels - 0.7)
    info = {"name": "made up", "feature_set": features.feature_set, "grid": SIDE, "levels": 16}
    return fit_model(
        pd.DataFrame(values, columns=list(features.names)), labels, estimator=estimator, card_info=info
    )
