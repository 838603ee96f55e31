"""Controls: what scores well without looking at the lungs.

Texture reads the acquisition. On one mixed web sample the image border alone told "pneumonia" from
normal at an AUC of 0.88. A classifier may be believed as far as it is better than the same features
measured where no lung is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.chest.feature_sets import has_modes
from napari_tbcad.chest.features import ChestFeatures, FeatureParameters, chest_features
from napari_tbcad.chest.lungs.fields import LEFT, RIGHT, LungMasks
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.folds import Fold
from napari_tbcad.evaluate.metrics import auc
from napari_tbcad.imaging.radiograph import Radiograph

OUTSIDE_LUNGS = "outside_lungs"
WARN_ABOVE = 0.6


def outside_lungs(masks: LungMasks, *, margin: float = 0.02) -> LungMasks:
    """Return the film without its lungs, as masks that the feature functions take.

    Parameters
    ----------
    masks : LungMasks
        Lung labels (H, W).
    margin : float
        A rim around the lungs of this share of the film's longest side counts as lung, so that a mask
        drawn a little small does not leak lung into the control.

    Returns
    -------
    LungMasks
        Same kind; label 1 in the left half of the image and 2 in the right half.
    """
    lungs = np.asarray(masks.labels) > 0
    reach = margin * max(lungs.shape)
    free = ndimage.distance_transform_edt(~lungs) > reach if lungs.any() else np.ones_like(lungs)
    return LungMasks(_halves(free), masks.kind)


def image_border(shape: tuple[int, int], kind: str = "insensitive", *, width: float = 0.05) -> LungMasks:
    """Return a frame along the edge of the film, `width` of its shortest side wide, as masks."""
    rim = max(1, round(width * min(shape)))
    frame = np.ones(shape, dtype=bool)
    frame[rim:-rim, rim:-rim] = False
    return LungMasks(_halves(frame), "sensitive" if kind == "sensitive" else "insensitive")


def _halves(region: NDArray[np.bool_]) -> NDArray[np.uint8]:
    labels = np.where(region, RIGHT, 0).astype(np.uint8)
    labels[:, labels.shape[1] // 2 :][region[:, labels.shape[1] // 2 :]] = LEFT
    return labels


def grey_features_of(
    image: Radiograph, sensitive: LungMasks, where: LungMasks, parameters: FeatureParameters
) -> dict[str, float]:
    """Measure the very first-order and texture features of the model in another place.

    Parameters
    ----------
    image : Radiograph
        The film on the feature grid, as for :func:`chest_features`.
    sensitive : LungMasks
        Lung masks of the film (needed by the function, not used in the result).
    where : LungMasks
        From :func:`outside_lungs` or :func:`image_border`.
    parameters : FeatureParameters
        Of the model under test.

    Returns
    -------
    dict of str to float
        One row of a control table.
    """
    plain = parameters
    if has_modes(parameters.feature_set):
        # The grey-level part is chandra113's, and the shape part, which needs a shape model, is dropped.
        plain = parameters.model_copy(update={"feature_set": "chandra113"})
    found: ChestFeatures = chest_features(image, sensitive, where, plain)
    wanted = set(found.of_group("firstorder", "glcm"))
    return {name: value for name, value in found.as_dict().items() if name in wanted}


def control_rows(
    controls: Mapping[str, pd.DataFrame],
    labels: ArrayLike,
    folds: Sequence[Fold],
    *,
    groups: NDArray[np.generic] | None = None,
    options: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Judge each control by a single-stage SVM on the same folds.

    Parameters
    ----------
    controls : mapping of str to DataFrame
        Feature tables with the films in the order of `labels`. A film with a missing value (such as an
        unknown age) takes no part in that control.
    labels : (n,) array-like of 0/1
    folds : sequence of Fold
        The outer folds of the evaluation.
    groups : (n,) array, optional
        Patient of each film.
    options : mapping, optional
        Parameters of the control's classifier. They should be those of the classifier under test: a
        sharper kernel also tells X-ray machines apart better.

    Returns
    -------
    DataFrame
        control, auc, low, high, warning: one row for all folds pooled and, for several folds, one row for
        each (``outside_lungs, fold 1``). The warning is empty up to 0.6.
    """
    y = np.asarray(labels).astype(int)
    rows = []
    for name, table in controls.items():
        if len(table) != len(y):
            raise BadInput(f"control {name}", f"{len(table)} rows for {len(y)} films")
        X = table.to_numpy(dtype=np.float64)
        scored = [(fold, *_score(X, y, fold, groups, options or {})) for fold in folds]
        tested = [(fold, test, score) for fold, test, score in scored if len(test)]
        if not tested:
            rows.append((name, np.nan, np.nan, np.nan, "could not be computed: too few films with values"))
            continue
        truth = np.concatenate([y[test] for _, test, _ in tested])
        pooled = auc(truth, np.concatenate([score for *_, score in tested]))
        rows.append((name, *pooled, control_warning(name, pooled.value)))
        if 1 < len(tested) <= 5:
            for fold, test, score in tested:
                one = auc(y[test], score)
                rows.append((f"{name}, fold {fold.name}", *one, control_warning(name, one.value)))
    return pd.DataFrame(rows, columns=["control", "auc", "low", "high", "warning"])


def control_warning(name: str, value: float) -> str:
    """Return the warning that belongs beside a control's AUC; empty when there is nothing to say."""
    if not value > WARN_ABOVE:
        return ""
    what = {
        OUTSIDE_LUNGS: "Features outside the lungs",
        "image_border": "The border of the image",
        "age_sex": "Age and sex",
    }.get(name, name)
    return (
        f"{what} alone tell the classes apart (AUC {value:.2f}, above {WARN_ABOVE}): the data are confounded "
        "and the scores of the classifiers must not be read as their ability to see tuberculosis."
    )


def age_sex_table(age: ArrayLike, sex: ArrayLike) -> pd.DataFrame:
    """Return the control table of age in years and sex (1 male, 0 female, NaN unknown), one row a film."""
    years = pd.to_numeric(pd.Series(np.asarray(age)), errors="coerce").to_numpy(dtype=np.float64)
    letter = pd.Series(np.asarray(sex)).astype(str).str.strip().str.lower().str[:1]
    coded = letter.map({"m": 1.0, "f": 0.0}).to_numpy(dtype=np.float64)
    return pd.DataFrame({"age": years, "sex": coded})


def _score(
    X: NDArray[np.float64],
    y: NDArray[np.int64],
    fold: Fold,
    groups: NDArray[np.generic] | None,
    options: Mapping[str, Any],
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    known: NDArray[np.bool_] = np.asarray(np.isfinite(X).all(axis=1))
    train, test = fold.train[known[fold.train]], fold.test[known[fold.test]]
    if min(np.bincount(y[train], minlength=2)) < 3 or not len(test):
        return np.array([], dtype=np.intp), np.array([])
    model = HierarchicalClassifier(single_stage=True, n_folds=3, **options)
    model.fit(X[train], y[train], None if groups is None else groups[train])
    return test, model.predict_proba(X[test])[:, 1]
