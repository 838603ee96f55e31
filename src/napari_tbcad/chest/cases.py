"""Chest studies as cases: from a run to a file and back, so that nothing needs computing again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from napari_tbcad import __version__
from napari_tbcad.case import Case, Reading, Verdict
from napari_tbcad.case_readings import RECORD, plain, progress_of, readings_before, restore
from napari_tbcad.chain import Run
from napari_tbcad.chest import case_opacities
from napari_tbcad.chest.case_film import FILM, reference
from napari_tbcad.chest.case_film import film_for as film_for
from napari_tbcad.chest.case_film import film_key as film_key
from napari_tbcad.chest.classify.result import ChestResult
from napari_tbcad.chest.edits import origin_of
from napari_tbcad.chest.feature_sets import has_opacities
from napari_tbcad.chest.features import ChestFeatures
from napari_tbcad.chest.lungs.fields import LungMasks, MaskKind, SoftLungs
from napari_tbcad.chest.lungs.network import NetworkParameters, network_at_hand
from napari_tbcad.chest.workflow import (
    ChestSettings,
    atlas_digest,
    gather_warnings,
    history,
    network_of,
    segmenter_of,
    start,
)
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.io.clinic.makers import standing_edits
from napari_tbcad.record import now

if TYPE_CHECKING:
    from napari_tbcad.chest.classify.model import ChestModel
    from napari_tbcad.chest.lungs.atlas import Atlas

WORKFLOW = "chest"
KINDS: tuple[MaskKind, ...] = ("sensitive", "insensitive")

_QUICK = ("upright", "work", "enhanced", "operating_point")
"""Outputs that a case does not hold: made from the film in a moment, and large."""
_ANSWERS = ("features", "result")
_RESULT = TypeAdapter(ChestResult)


def case_of(
    run: Run,
    *,
    reader: str = "",
    verdict: Verdict = "made",
    earlier: Case | None = None,
    warnings: tuple[str, ...] | None = None,
) -> Case:
    """Gather a run as a case.

    Parameters
    ----------
    run : Run
        A run of the chest chain; may be in use by other threads.
    reader : str, optional
        Whose reading it is.
    verdict : {"in progress", "made", "accepted", "changed"}, optional
        How far the reader has come.
    earlier : Case, optional
        The case this one continues. Its last reading is replaced when it is of the same reader (capitals
        and blanks do not matter), else it stays and a reading is appended; one that is accepted or changed
        stays even so, and so does a finished one while the new one is in progress.
    warnings : tuple of str, optional
        Complaints that stand, where they are known already (finding them looks at every pixel).

    Returns
    -------
    Case

    Raises
    ------
    BadInput
        If `earlier` is a case of another film.
    """
    run = run.snapshot()
    film: Radiograph = run.get("film")
    image, arrays = reference(film)
    if earlier is not None and earlier.image.content_key != image.content_key:
        raise BadInput(film.source, "the case to continue is of another film")
    labels: dict[str, NDArray[Any]] = {
        kind: run.get(kind, automatic=True).labels
        for kind in KINDS
        if run.get(kind, automatic=True) is not None
    }
    values: dict[str, Any] = {}
    if (soft := run.get("soft")) is not None:
        arrays["soft"] = soft.pixels
        if soft.early is not None:
            arrays["soft_early"] = soft.early
        if soft.uncertainty is not None:
            arrays["soft_uncertainty"] = soft.uncertainty
        values["soft"] = {
            "film_shape": list(soft.film_shape),
            "segmenter": soft.segmenter,
            "warnings": list(soft.warnings),
            "record": plain(soft.record),
        }
    more_arrays, more_values = case_opacities.kept(run.get("opacities"))
    arrays, values = arrays | more_arrays, values | more_values
    features: ChestFeatures | None = run.get("features")
    tables = {}
    if features is not None:
        columns = {"feature": features.names, "group": features.groups, "value": features.values.tolist()}
        tables["features"] = {name: list(column) for name, column in columns.items()}
    reading = _reading(run, reader, verdict, gather_warnings(run) if warnings is None else warnings)
    return Case(
        workflow=WORKFLOW,
        images={FILM: image},
        readings=(*readings_before(earlier, reading, labels), reading),
        labels=labels,
        arrays=arrays,
        tables=tables,
        values=values,
    )


def _reading(run: Run, reader: str, verdict: Verdict, warnings: tuple[str, ...]) -> Reading:
    features: ChestFeatures | None = run.get("features")
    result: ChestResult | None = run.get("result")
    masks = {kind: run.get(kind, automatic=True) for kind in KINDS}
    values = {
        **progress_of(run),
        "records": {kind: plain(mask.record) for kind, mask in masks.items() if mask is not None},
    }
    if features is not None:
        values["features"] = {
            "names": list(features.names),
            "values": features.values.tolist(),
            "groups": list(features.groups),
            "feature_set": features.feature_set,
            "definition": features.definition,
            "grid": features.grid,
            "warnings": list(features.warnings),
            "record": plain(features.record),
        }
    return Reading(
        reader=reader,
        when=now(),
        verdict=verdict,
        labels={kind: run.get(kind).labels for kind in KINDS if run.edited(kind)},
        record=history(run),
        result=None if result is None else _RESULT.dump_python(result, mode="json"),
        values=values,
        settings=run.settings.model_dump(mode="json"),
        models=_models(run),
        warnings=warnings,
    )


def _models(run: Run) -> dict[str, Any]:
    used, model = segmenter_of(run), run.get("model")
    return {
        "segmenter": used,
        "atlas": atlas_digest(used, run.get("library")),
        "network": network_of(run),
        "opacities": case_opacities.network_of(run.get("opacities")),
        "classifier": None if model is None else {"name": model.card.name, "sha256": model.sha256},
    }


# -- back to a run ------------------------------------------------------------------------------------


def run_from(
    case: Case,
    film: Radiograph,
    *,
    model: ChestModel | None = None,
    library: Atlas | None = None,
    reader: int = -1,
) -> Run:
    """Return the run that a reading was saved from.

    Parameters
    ----------
    case : Case
        A chest case.
    film : Radiograph
        Its film, as :func:`film_for` gives it.
    model, library : optional
        What is at hand; see :func:`mismatches` for what does not fit.
    reader : int, optional
        Which reading; the last by default.

    Returns
    -------
    Run
        Settings, automatic masks, the person's masks, journal, features and result as they were; up to date
        where they were and everything they were made with is at hand, else out of date.

    Raises
    ------
    BadInput
        If the case is of another film or workflow, or its content cannot be used.
    """
    if case.workflow != WORKFLOW:
        raise BadInput(case.image.name, f"this is a case of the {case.workflow} workflow")
    if film_key(film) != case.image.content_key:
        raise BadInput(film.source, "this is another image than the one this case was made with")
    one = case.readings[reader]
    try:
        run = start(film, ChestSettings.model_validate(one.settings), model=model, library=library)
        for name, labels in one.labels.items():
            edits = standing_edits(one.record, name)
            origin = origin_of(edits[-1].facts if edits else {})
            run.put(name, _mask(film, labels, name, origin=origin))
        restore(run, one, _outputs(case, one, film), _still_fresh(case, one, model, library))
        again = [name for name in _QUICK if name in one.values["made"]]
    except BadInput:
        raise
    except (AttributeError, LookupError, TypeError, ArithmeticError, ValueError) as error:
        raise BadInput(case.image.name, f"its case cannot be used here ({error})") from error
    for name in again:
        try:
            run.compute(name)
        except BadInput:  # as when it was saved: the film is of no use, which its state says
            break
    return run


def _outputs(case: Case, one: Reading, film: Radiograph) -> dict[str, Any]:
    """Return the automatic outputs of a reading by name."""
    outputs: dict[str, Any] = {}
    if "soft" in case.arrays and _same_lungs(one, case.last):
        said, unsure = case.values["soft"], case.arrays.get("soft_uncertainty")
        if unsure is not None and unsure.shape != case.arrays["soft"].shape[1:]:
            raise BadInput(case.image.name, f"the uncertainty in its case has the shape {unsure.shape}")
        outputs["soft"] = SoftLungs(
            case.arrays["soft"],
            tuple(said["film_shape"]),
            case.arrays.get("soft_early"),
            said["segmenter"],
            tuple(said["warnings"]),
            RECORD.validate_python(said["record"]),
            unsure,
        )
    if (found := case_opacities.brought_back(case, one)) is not None:
        outputs["opacities"] = found
    for kind, labels in {**case.labels, **one.automatic}.items():
        if kind in one.values["records"]:
            record = RECORD.validate_python(one.values["records"][kind])
            outputs[kind] = _mask(film, labels, kind, record=record)
    if (said := one.values.get("features")) is not None:
        texts = {name: said[name] for name in ("feature_set", "definition", "grid")}
        outputs["features"] = ChestFeatures(
            names=tuple(said["names"]),
            values=np.array(said["values"], dtype=np.float64),
            groups=tuple(said["groups"]),
            warnings=tuple(said["warnings"]),
            record=RECORD.validate_python(said["record"]),
            **texts,
        )
    if one.result is not None:
        outputs["result"] = _RESULT.validate_python(one.result)
    return outputs


def _mask(film: Radiograph, labels: NDArray[Any], kind: str, **facts: Any) -> LungMasks:
    if kind not in KINDS or labels.shape != film.shape:
        raise BadInput(
            film.source, f"the {kind} mask in its case has the shape {labels.shape}, not the film's"
        )
    return LungMasks(labels, cast(MaskKind, kind), **facts)


def _same_lungs(one: Reading, last: Reading) -> bool:
    """Tell whether the soft lungs of the last reading are those of this one."""
    sections = ("polarity", "lungs")
    return one is last or (
        all("soft" in reading.values["up_to_date"] for reading in (one, last))
        and all(one.settings.get(name) == last.settings.get(name) for name in sections)
        and one.program == last.program
        and all(one.models.get(name) == last.models.get(name) for name in ("atlas", "network"))
    )


def mismatches(
    case: Case, model: ChestModel | None, library: Atlas | None = None, *, reader: int = -1
) -> tuple[str, ...]:
    """Say what is at hand now that is not what a reading was made with.

    Parameters
    ----------
    case : Case
        A chest case.
    model, library : optional
        What is at hand.
    reader : int, optional
        Which reading; the last by default.

    Returns
    -------
    tuple of str
        A sentence each; empty when everything is as it was.
    """
    return tuple(said for said, _ in _differences(case.readings[reader], model, library))


def _still_fresh(case: Case, one: Reading, model: ChestModel | None, library: Atlas | None) -> set[str]:
    """Return the outputs that a computation now would give as they are."""
    fresh = set(one.values["up_to_date"])
    for _, names in _differences(one, model, library):
        fresh -= set(names)
    return fresh if all(kind in fresh or kind in one.labels for kind in KINDS) else fresh - set(_ANSWERS)


def _differences(
    one: Reading, model: ChestModel | None, library: Atlas | None
) -> list[tuple[str, tuple[str, ...]]]:
    """Return a sentence, and the outputs that are out of date for it."""
    found: list[tuple[str, tuple[str, ...]]] = []
    if one.program != __version__:
        said = f"This case was made with version {one.program} of the program, this is {__version__}"
        stale = ("soft", *KINDS, "opacities", *_ANSWERS)
        found.append((f"{said}: run it again to bring it up to date.", stale))
    was = one.models.get("classifier")
    if was is not None and model is None:
        found.append(
            (f"The model of this case, {was['name']}, is not at hand: its result is kept.", _ANSWERS)
        )
    elif was is None and model is not None:
        found.append(("This case was made without a model.", _ANSWERS))
    elif was is not None and model is not None and (not was["sha256"] or was["sha256"] != model.sha256):
        said = f"This case was made with the model {was['name']}, and this is another"
        found.append((f"{said}: run it again to bring it up to date.", _ANSWERS))
    if what := case_opacities.other_network(one):
        read = _ANSWERS if has_opacities(one.settings["features"]["feature_set"]) else ()
        found.append((f"{what}: run it again to bring them up to date.", ("opacities", *read)))
    if (what := _other_lungs(one, library)) and {"soft", *KINDS} & set(one.values["made"]):
        said = f"The lungs of this case were found {what}: run it again to bring them up to date."
        found.append((said, ("soft", *KINDS)))
    return found


def _other_lungs(one: Reading, library: Atlas | None) -> str:
    """Say how the lungs of a reading were found, where they would be found otherwise now."""
    lungs = one.settings.get("lungs", {})
    chosen = lungs.get("segmenter", "otsu")
    used = one.models.get("segmenter", chosen)
    if chosen == "network":
        now = network_at_hand(NetworkParameters.model_validate(lungs.get("network", {})))
        if one.models.get("network") != now:
            return "with another network" if used == chosen else f"with the {used} for want of a network"
    return "with another atlas" if one.models.get("atlas") != atlas_digest(used, library) else ""
