"""Model files: skops with a pinned list of what may be inside, never pickle.

A model file is a skops file (a zip archive) that holds the estimator and the shape model, with two more
members: ``card.json`` and ``manifest.json``, the SHA-256 of every other member. Reading checks the
hashes, then that every type in the file is on the pinned list, and only then builds objects.
"""

from __future__ import annotations

import hashlib
import io
import json
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_tbcad.chest.classify.card import ModelCard, arrays_sha256
from napari_tbcad.chest.classify.fitted import unusable
from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.chest.classify.model import ChestModel
from napari_tbcad.chest.classify.model_file import CARD as CARD
from napari_tbcad.chest.classify.model_file import FORMAT, checked, complaints, opened
from napari_tbcad.chest.classify.model_file import MANIFEST as MANIFEST
from napari_tbcad.chest.classify.model_file import read_card as read_card
from napari_tbcad.errors import ModelRefused
from napari_tbcad.files import sha256, written_whole
from napari_tbcad.plain_text import first_line
from napari_tbcad.threads import wait_asleep

TRUSTED = (
    "napari_tbcad.chest.classify.columns.DropCollinear",
    "napari_tbcad.chest.classify.columns.WeightedScaler",
    "napari_tbcad.chest.classify.hierarchical.HierarchicalClassifier",
    "napari_tbcad.chest.classify.stage.CalibratedStage",
    "napari_tbcad.chest.classify.stage.LogOddsGaussianNB",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
)
"""Types beyond skops' own safe list that a model file may hold. Nothing is added at run time."""


def save_model(model: ChestModel, path: str | Path) -> str:
    """Write a model whole or not at all, and return the SHA-256 of the file.

    Raises
    ------
    OSError
        If the place cannot be written; an older file there stays as it was.
    """
    wait_asleep()  # skops loads all of scikit-learn, which loads torch
    import skops.io

    payload = io.BytesIO(
        skops.io.dumps({"estimator": model.estimator, "shape_model": dict(model.shape_model)})
    )
    card = model.card.model_dump_json(indent=1).encode()
    hashes = {CARD: hashlib.sha256(card).hexdigest()}
    with zipfile.ZipFile(payload) as source:
        members = {name: source.read(name) for name in source.namelist()}
    hashes |= {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    manifest = json.dumps({"format": FORMAT, "kind": "napari-tbcad chest model", "sha256": hashes}, indent=1)
    with written_whole(path) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as target:
            for name, content in sorted({**members, CARD: card, MANIFEST: manifest.encode()}.items()):
                target.writestr(name, content)
        digest = sha256(temporary)
    return digest


def load_model(path: str | Path) -> ChestModel:
    """Read what :func:`save_model` wrote.

    Raises
    ------
    ModelRefused
        If the file is broken, changed since it was written, holds a type that is not on the pinned
        list, comes from a newer format, or cannot be rebuilt with the installed scikit-learn.
    BadInput
        If there is no such file.
    """
    path = Path(path)
    with opened(path) as archive:
        card, members = checked(path, archive)
    content = _checked_content(path, members)
    estimator, shape_model = content["estimator"], content["shape_model"]
    _refuse_unless_whole(path, card, estimator, shape_model)
    return ChestModel(estimator, card, shape_model, sha256=sha256(path), warnings=complaints(card))


def _checked_content(path: Path, members: Mapping[str, bytes]) -> dict[str, Any]:
    wait_asleep()  # skops loads all of scikit-learn, which loads torch
    import skops.io

    # The members as they were checked, packed anew: what was read once within limits is not read again.
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, part in members.items():
            archive.writestr(name, part)
    try:
        unknown = sorted(set(skops.io.get_untrusted_types(data=packed.getvalue())) - set(TRUSTED))
        if unknown:
            raise ModelRefused(path, f"holds types that are not on the pinned list: {', '.join(unknown[:5])}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the version difference is said above, once and in plain words
            content = skops.io.loads(packed.getvalue(), trusted=list(TRUSTED))
    except ModelRefused:
        raise
    except Exception as error:  # skops meets a foreign file with errors of any kind
        raise ModelRefused(
            path, f"cannot be rebuilt ({type(error).__name__}: {first_line(error)})"
        ) from error
    if not isinstance(content, dict) or set(content) != {"estimator", "shape_model"}:
        raise ModelRefused(path, "does not hold an estimator and a shape model")
    return content


def _refuse_unless_whole(path: Path, card: ModelCard, estimator: Any, shape_model: Any) -> None:
    if not isinstance(estimator, HierarchicalClassifier):
        raise ModelRefused(path, f"its estimator is a {type(estimator).__name__}")
    if not isinstance(shape_model, dict) or not all(isinstance(v, np.ndarray) for v in shape_model.values()):
        raise ModelRefused(path, "its shape model is not a set of arrays")
    if getattr(estimator, "n_features_in_", -1) != len(card.feature_names):
        raise ModelRefused(path, "its estimator and its card name different numbers of features")
    if said := unusable(estimator, len(card.feature_names)):
        raise ModelRefused(path, said)
    if shape_model and card.shape_model_sha256 != arrays_sha256(shape_model):
        raise ModelRefused(path, "its shape model is not the one its card names")
