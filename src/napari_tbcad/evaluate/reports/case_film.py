"""What a report of a chest film tells: from its case, and from its film and model where they are at hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from napari_tbcad.case import Case, Reading
from napari_tbcad.chain import Probe, Run
from napari_tbcad.chest import case_opacities
from napari_tbcad.chest.automatic import automatic_probability
from napari_tbcad.chest.cases import KINDS, film_for, mismatches, run_from
from napari_tbcad.chest.classify.card import ModelCard
from napari_tbcad.chest.classify.result import ChestResult
from napari_tbcad.chest.evidence import Evidence, evidence
from napari_tbcad.chest.lungs.fields import LungMasks
from napari_tbcad.chest.opacities import NoOpacities
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.reports.case_parts import CaseSubject, at_hand
from napari_tbcad.evaluate.reports.case_privacy import bare, folders_of
from napari_tbcad.evaluate.reports.case_reading import chosen
from napari_tbcad.imaging.radiograph import Radiograph

if TYPE_CHECKING:
    from napari_tbcad.chest.classify.model import ChestModel
    from napari_tbcad.chest.lungs.atlas import Atlas

Labels = NDArray[np.uint8]

_RESULT: TypeAdapter[ChestResult] = TypeAdapter(ChestResult)


@dataclass(frozen=True, eq=False, kw_only=True)
class FilmSubject(CaseSubject):
    """What a report of a film tells, beside what every report of a case does.

    Parameters
    ----------
    film : Radiograph or None
        Polarity right; None where it is not at hand.
    automatic, used : mapping of str to (H, W) array of uint8
        Masks by kind: as the program made them, and as they stand.
    result : ChestResult or None
        As it was saved.
    card : ModelCard or None
        Of the very model that gave the result, where it is at hand.
    ghost : float or None
        Probability of the automatic masks, where a person corrected them.
    opacities : Evidence or None
    no_opacities : str
        Why there are none.
    explanation : Explanation or None
        Local evidence of the decision (:mod:`napari_tbcad.chest.explain`).
    no_explanation : str
        Why there is none.
    """

    film: Radiograph | None = None
    automatic: dict[str, Labels] = field(default_factory=dict)
    used: dict[str, Labels] = field(default_factory=dict)
    result: ChestResult | None = None
    card: ModelCard | None = None
    ghost: float | None = None
    opacities: Evidence | None = None
    no_opacities: str = ""
    explanation: Any = None
    no_explanation: str = ""

    @property
    def corrected(self) -> tuple[str, ...]:
        """Kinds of masks that stand as a person left them."""
        return tuple(kind for kind in KINDS if kind in self.reading.labels)

    @property
    def shape(self) -> tuple[int, int] | None:
        """Rows and columns of the film; None where nothing says it."""
        if self.film is not None:
            return self.film.shape
        some = next(iter((*self.used.values(), *self.automatic.values())), None)
        return None if some is None else (some.shape[0], some.shape[1])


def film_subject(
    case: Case,
    path: str | Path,
    *,
    reading: int | None = None,
    film: Radiograph | None = None,
    model: ChestModel | None = None,
    library: Atlas | None = None,
    blind: bool = False,
    cancelled: Probe | None = None,
) -> FilmSubject:
    """Gather what a report of a film tells.

    Nothing is segmented anew: masks, opacities, features and result are those of the case. What it does not
    hold (the answer of the automatic masks, local evidence) is computed where film and model are at hand.

    Parameters
    ----------
    case : Case
        A chest case.
    path : str or Path
        Where it was read from, or would be saved.
    reading : int, optional
        Counted from 1; see :func:`~napari_tbcad.evaluate.reports.case_reading.chosen`.
    film : Radiograph, optional
        As read, where it is at hand already.
    model, library : optional
        Classifier and atlas; the packaged model of that name when not given.
    blind : bool, optional
        Compute no answers.
    cancelled : callable, optional
        Raises :class:`~napari_tbcad.errors.Cancelled` out of long work.

    Raises
    ------
    BadInput
        If the case has no such reading.
    """
    index = chosen(case, reading, path)
    one = case.readings[index]
    folders = folders_of(case, path)
    model = _model_of(one) if model is None else model
    film, missing = at_hand(film_for, case, path, folders) if film is None else (film, "")
    run, notes = None, [] if film is None else list(mismatches(case, model, library, reader=index))
    if film is not None:
        try:
            run = run_from(case, film, model=model, library=library, reader=index)
        except BadInput as error:
            notes.append(error.cause)
    automatic, used = _masks(case, one)
    upright = run.get("upright") if run is not None else None
    found, why = (None, "") if blind else _opacities(case, one, used)
    explanation, why_not = (None, "") if blind else _explained(run, cancelled)
    return FilmSubject(
        case=case,
        index=index,
        folders=folders,
        film=upright if upright is not None else film,
        missing=missing,
        automatic=automatic,
        used=used,
        result=None if blind or one.result is None else _RESULT.validate_python(one.result),
        card=model.card if model is not None and _same(one, model) else None,
        ghost=None if blind or run is None or not one.labels else automatic_probability(run),
        opacities=found,
        no_opacities=bare(why, folders),
        explanation=explanation,
        no_explanation=bare(why_not, folders),
        notes=tuple(bare(note, folders) for note in notes),
    )


def _masks(case: Case, one: Reading) -> tuple[dict[str, Labels], dict[str, Labels]]:
    """Return the masks of a reading by kind, automatic and as they stand."""
    known = {**case.labels, **one.automatic}
    made = [str(kind) for kind in KINDS if kind in one.values.get("made", ())]
    automatic = {kind: known[kind] for kind in made if kind in known}
    return automatic, automatic | {str(kind): one.labels[kind] for kind in KINDS if kind in one.labels}


def _same(one: Reading, model: ChestModel) -> bool:
    was = one.models.get("classifier")
    return bool(was and was.get("sha256") and was["sha256"] == model.sha256)


def _model_of(one: Reading) -> ChestModel | None:
    """Return the packaged model of a reading; None where it is another one's."""
    from napari_tbcad.chest.classify.packaged import packaged_model, packaged_models

    was = one.models.get("classifier")
    if was is None or was.get("name") not in packaged_models():
        return None
    try:
        model = packaged_model(was["name"])
    except BadInput:
        return None
    return model if _same(one, model) else None


def _opacities(case: Case, one: Reading, used: dict[str, Labels]) -> tuple[Evidence | None, str]:
    try:
        found = case_opacities.brought_back(case, one)
    except BadInput as error:
        return None, error.cause
    if isinstance(found, NoOpacities):
        return None, found.cause
    if found is None or "insensitive" not in used:
        return None, ""
    return evidence(found, LungMasks(used["insensitive"], "insensitive")), ""


def _explained(run: Run | None, cancelled: Probe | None) -> tuple[Any, str]:
    """Return the local evidence of a decision that stands, or why there is none."""
    if run is None or run.get("result") is None or not run.fresh("result"):
        return None, ""
    from napari_tbcad.chest.explain import explain

    try:
        return explain(run.snapshot(), cancelled=cancelled), ""
    except BadInput as error:
        return None, error.cause
