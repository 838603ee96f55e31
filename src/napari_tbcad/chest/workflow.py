"""The chest chain: film → masks → features → result, the same for panel, Python and command line."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chain import Chain, Probe, Progress, Run, Stage
from napari_tbcad.chest.account import atlas_digest as atlas_digest
from napari_tbcad.chest.account import gather_warnings as gather_warnings
from napari_tbcad.chest.account import history as history
from napari_tbcad.chest.account import network_of as network_of
from napari_tbcad.chest.account import segmenter_of as segmenter_of
from napari_tbcad.chest.edits import give_mask as give_mask
from napari_tbcad.chest.edits import take_back as take_back
from napari_tbcad.chest.enhance import EnhanceParameters, enhance
from napari_tbcad.chest.feature_sets import has_modes, has_opacities
from napari_tbcad.chest.features import ChestFeatures, FeatureParameters, chest_features
from napari_tbcad.chest.lungs.fields import LungMasks, MaskKind
from napari_tbcad.chest.lungs.masks import (
    InsensitiveParameters,
    SensitiveParameters,
    insensitive_mask,
    sensitive_mask,
)
from napari_tbcad.chest.lungs.segment import segment as segment
from napari_tbcad.chest.opacities import NoOpacities, Opacities, OpacityParameters, opacities
from napari_tbcad.chest.parameters import (
    ClassifyParameters,
    LungParameters,
    MeasureParameters,
    present_device,
)
from napari_tbcad.chest.polarity import PolarityParameters, correct_polarity
from napari_tbcad.chest.quality import require_usable
from napari_tbcad.chest.shape_model import ShapeModel
from napari_tbcad.edits import labels_dice as mask_dice  # noqa: F401
from napari_tbcad.errors import ModelRefused
from napari_tbcad.imaging.grid import to_grid
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.memory import Memory, recall
from napari_tbcad.record import Parameters, Record
from napari_tbcad.settings import assigned

if TYPE_CHECKING:
    from napari_tbcad.chest.classify.model import ChestModel
    from napari_tbcad.chest.classify.model_file import ModelFile
    from napari_tbcad.chest.classify.result import ChestResult
    from napari_tbcad.chest.lungs.atlas import Atlas
    from napari_tbcad.io.clinic.makers import Maker


def on_grid(film: Radiograph, longest: int) -> Radiograph:
    """Check that the film can be used and shrink it to the working grid."""
    require_usable(film)
    return to_grid(film, longest)


@cache
def packaged_shape_model() -> ShapeModel:
    """Return the shape model that comes with the package (modes of real lung outlines; see its card)."""
    return ShapeModel.load(Path(str(resources.files("napari_tbcad"))) / "weights" / "shape_model.safetensors")


def shape_model_of(model: ChestModel | None, parameters: FeatureParameters) -> ShapeModel | None:
    """Return the shape model the features need: the classifier's own, else the packaged one."""
    if not has_modes(parameters.feature_set):
        return None
    if model is not None and model.shape_model:
        return ShapeModel.from_arrays(model.shape_model, model.card.name)
    return packaged_shape_model()


def measure(
    work: Radiograph,
    enhanced: Radiograph,
    sensitive: LungMasks,
    insensitive: LungMasks,
    model: ChestModel | None,
    operating_point: str,
    found: Opacities | NoOpacities | None,
    parameters: Any,
    *,
    memory: Memory | None = None,
) -> ChestFeatures:
    """Measure the features; only the shape features when stage 1 decides and early exit is on.

    The operating point matters for the second only: stage 1 never decides below it. `found`, the opacities,
    are read by the feature sets that have them.
    """
    image = enhanced if parameters.image == "enhanced" else work
    wanted = (model, parameters.feature_set)
    shape_model = recall(memory, "shape model", wanted, lambda: shape_model_of(model, parameters))
    if parameters.early_exit and model is not None:
        from napari_tbcad.chest.classify.model import predict

        shape = chest_features(
            image, sensitive, insensitive, parameters, shape_model=shape_model, only="shape", memory=memory
        )
        answer = predict(model, shape, operating_point=operating_point, early_exit=True)
        if answer.deciding_stage == 1:
            return shape
    return chest_features(
        image,
        sensitive,
        insensitive,
        parameters,
        shape_model=shape_model,
        opacities=found,
        work=work,
        device=present_device(parameters.device),
        memory=memory,
    )


def classify(features: ChestFeatures, model: ChestModel, parameters: ClassifyParameters) -> ChestResult:
    """Ask the model."""
    from napari_tbcad.chest.classify.model import predict

    present_device(parameters.device)
    shape_only = set(features.groups) <= {"shape", "modes"}
    return predict(
        model,
        features,
        operating_point=parameters.operating_point,
        device=parameters.device,
        early_exit=shape_only,
    )


CHAIN = Chain(
    Stage("polarity", correct_polarity, ("film",), "upright", PolarityParameters),
    Stage("grid", on_grid, ("upright",), "work", settings="features.grid"),
    Stage("enhance", enhance, ("work",), "enhanced", EnhanceParameters),
    Stage("lungs", segment, ("upright", "library"), "soft", LungParameters),
    Stage("sensitive", sensitive_mask, ("soft", "upright"), "sensitive", SensitiveParameters),
    Stage("insensitive", insensitive_mask, ("soft", "upright"), "insensitive", InsensitiveParameters),
    Stage("opacities", opacities, ("upright",), "opacities", OpacityParameters),
    Stage("operating_point", lambda point: point, (), "operating_point", settings="classify.operating_point"),
    Stage(
        "features",
        measure,
        ("work", "enhanced", "sensitive", "insensitive", "model", "operating_point", "opacities"),
        "features",
        MeasureParameters,
        only_when={"opacities": lambda settings: has_opacities(settings.features.feature_set)},
    ),
    Stage("classify", classify, ("features", "model"), "result", ClassifyParameters),
    inputs=("film", "library", "model"),
)
"""The graph; values: film, upright, work, enhanced, soft, sensitive, insensitive, opacities, features,
result.

Nothing waits for the opacities but the feature sets that have them, and whoever asks for the value."""

ChestSettings = CHAIN.settings_model("ChestSettings", "Parameters of every stage of the chest chain.")


@dataclass(frozen=True, eq=False)
class ChestAnalysis:
    """All that one pass of the chain made.

    Parameters
    ----------
    film : Radiograph
        The film, polarity right, on its own grid.
    enhanced : Radiograph
        The enhanced film on the working grid.
    sensitive, insensitive : LungMasks
        The masks used, on the film's own grid (a person's where given).
    features : ChestFeatures
        The features.
    result : ChestResult or None
        The classifier's answer; None when no model was given.
    warnings : tuple of str
        Complaints of all stages.
    record : Record
        Every step with its parameters.
    seconds : float
        Wall time.
    segmenter : str
        What found the lungs: the segmenter that stood in where the chosen one could not be used.
    opacities : Opacities or NoOpacities, optional
        The evidence map, or why there is none; None when it was switched off.
    """

    film: Radiograph
    enhanced: Radiograph
    sensitive: LungMasks
    insensitive: LungMasks
    features: ChestFeatures
    result: ChestResult | None
    warnings: tuple[str, ...]
    record: Record
    seconds: float
    segmenter: str = ""
    opacities: Opacities | NoOpacities | None = None


def settings_from(assignments: Mapping[str, Any], base: Parameters | None = None) -> Any:
    """Return the settings with some values replaced.

    Parameters
    ----------
    assignments : mapping
        Dotted names and values, such as ``{"lungs.atlas.n_films": 5}``; text is converted.
    base : ChestSettings, optional
        What is not assigned; the defaults when not given.

    Returns
    -------
    ChestSettings
        Checked settings.

    Raises
    ------
    BadInput
        If a name does not exist or a value is out of bounds; the message names both.
    """
    return assigned(base or ChestSettings(), assignments)


def settings_for(model: ChestModel | ModelFile | None, assignments: Mapping[str, Any] | None = None) -> Any:
    """Return the settings a model was trained with, then `assignments`; the defaults without a model."""
    base = settings_from(assignments_of(model)) if model is not None else None
    return settings_from(assignments or {}, base)


def assignments_of(model: ChestModel | ModelFile) -> dict[str, Any]:
    """Return the dotted settings with which the films of a model were measured."""
    sections = {"features": model.card.features, "enhance": model.card.enhance, **model.card.masks}
    return _dotted(sections)


def _dotted(section: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Name each single value: one that a card does not hold, such as a device, can be assigned beside it."""
    found: dict[str, Any] = {}
    for name, value in section.items():
        found |= _dotted(value, f"{before}{name}.") if isinstance(value, Mapping) else {before + name: value}
    return found


def refuse_unless_fits(model: ChestModel | ModelFile | None, settings: Any) -> None:
    """Say before the first film what would be said of every film.

    Raises
    ------
    ModelRefused
        If the settings measure features otherwise than the model's films were measured.
    """
    if model is None:
        return
    reasons = model.card.misfits(settings.features.model_dump(mode="json").get)
    enhance_as = settings.enhance.model_dump(mode="json")
    reasons += [
        f"enhance.{name} {value} wanted, {enhance_as[name]} given"
        for name, value in model.card.enhance.items()
        if enhance_as.get(name, value) != value
    ]
    if reasons:
        way = "Leave these as they were, take no classifier (none), or train one with them"
        said = f"the settings do not fit this model: {'; '.join(reasons)}. {way}"
        raise ModelRefused(model.card.name, said)


def start(
    film: Radiograph,
    settings: Any,
    *,
    model: ChestModel | None = None,
    library: Atlas | None = None,
    film_key: str | None = None,
) -> Run:
    """Return a run of the chain for one film; `film_key` is its content key where that is known already."""
    run = Run(CHAIN, settings)
    run.put("film", film, key=film_key)
    run.put("library", library, key=None if library is None else library.digest)
    use_model(run, model)
    return run


def use_model(run: Run, model: ChestModel | None) -> None:
    """Give a run its classifier; one that was never saved counts as new each time."""
    run.put("model", model, key=None if model is None else model.sha256 or uuid4().hex)


def finish(run: Run, *, progress: Progress | None = None, cancelled: Probe | None = None) -> ChestAnalysis:
    """Bring a run up to date and gather what it made."""
    began = time.perf_counter()
    wanted = ["upright", "enhanced", "sensitive", "insensitive", "features"]
    if run.get("model") is not None:
        wanted.append("result")
    if run.settings.opacities.enabled:  # type: ignore[attr-defined]
        wanted.append("opacities")
    values = dict(zip(wanted, run.compute(*wanted, progress=progress, cancelled=cancelled), strict=True))
    film, result = values["upright"], values.get("result")
    return ChestAnalysis(
        film=film,
        enhanced=values["enhanced"],
        sensitive=values["sensitive"],
        insensitive=values["insensitive"],
        features=values["features"],
        result=result,
        warnings=gather_warnings(run),
        record=history(run),
        seconds=time.perf_counter() - began,
        segmenter=segmenter_of(run),
        opacities=values.get("opacities"),
    )


def analyse(
    film: Radiograph,
    *,
    settings: Any = None,
    model: ChestModel | None = None,
    library: Atlas | None = None,
    masks: Mapping[MaskKind, NDArray[np.uint8]] | None = None,
    makers: Mapping[MaskKind, Maker | None] | None = None,
    progress: Progress | None = None,
    cancelled: Probe | None = None,
) -> ChestAnalysis:
    """Take one film through the whole chain.

    Parameters
    ----------
    film : Radiograph
        As read.
    settings : ChestSettings, optional
        Parameters of all stages; those of the model, or the defaults, when not given.
    model : ChestModel, optional
        Classifier; without one the chain ends with the features.
    library : Atlas, optional
        Atlas for the ``atlas`` segmenter; the packaged one when not given.
    masks : mapping, optional
        Label images (H, W) per kind that were given; each replaces the automatic one.
    makers : mapping, optional
        Who made each, where its file says so; a person, otherwise.
    progress, cancelled : callable, optional
        See :meth:`napari_tbcad.chain.Run.compute`.

    Returns
    -------
    ChestAnalysis
        Masks, features, result, warnings, record.

    Raises
    ------
    BadInput
        If the film or a mask cannot be used; names the film.
    ModelRefused
        If the model does not fit the features.
    """
    began = time.perf_counter()
    run = start(film, settings if settings is not None else settings_for(model), model=model, library=library)
    for kind, labels in (masks or {}).items():
        give_mask(run, labels, kind, tool="file", maker=(makers or {}).get(kind))
    done = finish(run, progress=progress, cancelled=cancelled)
    return replace(done, seconds=time.perf_counter() - began)
