"""Who made a mask, what found it, and with which models: told from the record alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from napari_tbcad.io.clinic.codes import FAMILIES, Concept
from napari_tbcad.io.clinic.makers import Finder as Finder
from napari_tbcad.io.clinic.makers import Maker, is_file, standing_edits, stated
from napari_tbcad.record import Edit, Record, Step

PACKAGED = frozenset(
    {
        *("lungs", "opacities", "skeleton", "hotspots-anterior", "hotspots-posterior"),
        *("demonstration", "classical-1", "Synthetic chest atlas"),
    }
)
"""What the models that come with this program are called; any other name is somebody's own words."""

_UNNAMED = "model"
_DIGEST = re.compile(r"[0-9a-f]{12}(?:[0-9a-f]{52})?")
_DIGEST_SHOWN = 12
_LONGEST = 64
_NAME_SHOWN = _LONGEST - _DIGEST_SHOWN - 1


def maker_of(
    record: Iterable[Step | Edit],
    target: str,
    *,
    person: bool,
    automatic: bool,
    finder: Finder,
    part: str = "",
    anonymous: bool = False,
) -> Maker:
    """Tell who made what stands, and with what.

    Parameters
    ----------
    record : iterable of Step or Edit
        The history of the study.
    target : str
        What was made, as edits name it, such as ``"sensitive"``.
    person : bool
        Whether something that was given or edited stands before the automatic version.
    automatic : bool
        Whether there is an automatic version that it can have come from.
    finder : Finder
        What found the automatic version.
    part : str, optional
        Which part of the target, such as a view; all of it by default.
    anonymous : bool, optional
        Leave out names that a given file has.

    Returns
    -------
    Maker
        As a given file says it; of one that does not say it, manual: nothing says that a program began it.
    """
    if not person:
        return Maker("AUTOMATIC", finder)
    if (said := stated(record, target, part or target)) is not None:
        return Maker(said.made) if anonymous else said
    edits = standing_edits(record, target)
    manual = not automatic or any(map(is_file, edits))
    return Maker("MANUAL" if manual else "SEMIAUTOMATIC", finder)


def finder_of(
    record: Record, step: str, segmenter: str = "", *, view: str = "", anonymous: bool = False
) -> Finder:
    """Return what the last step of a name was done with.

    Parameters
    ----------
    record : Record
        The history of the study.
    step : str
        Name of the step, such as ``"lungs"``.
    segmenter : str, optional
        What it was done with where the step does not say.
    view : str, optional
        Which view, where each has a model of its own.
    anonymous : bool, optional
        Name no model that is not packaged: whoever trained it gave it any name.
    """
    steps = [entry for entry in record if isinstance(entry, Step) and entry.name == step]
    if steps:
        last = steps[-1]
        said = last.parameters if isinstance(last.parameters, dict) else {}
        segmenter = str(last.facts.get("segmenter") or said.get("segmenter") or segmenter)
        asked = last.facts.get("models")
        model = str(asked.get(view) or "") if isinstance(asked, dict) and view else last.model or ""
        if model.strip():
            models = _parts(model)
            own = [model for model in models if view and view in model]
            if named := _named((own or models)[0], anonymous):
                return Finder(named, _family(segmenter or named.split()[0]))
    called = "" if anonymous and segmenter not in FAMILIES else segmenter
    return Finder(f"napari-tbcad {called}".strip(), _family(segmenter))


def _family(segmenter: str) -> Concept:
    return FAMILIES.get(segmenter, FAMILIES["classical"])


def models_in(record: Record, *, anonymous: bool = False) -> tuple[str, ...]:
    """Return the models of all steps, each once, with the beginning of its digest.

    Parameters
    ----------
    record : Record
        The history of the study.
    anonymous : bool, optional
        As for :func:`finder_of`.
    """
    said = (entry.model or "" for entry in record if isinstance(entry, Step))
    parts = ([_named(one, anonymous) for one in _parts(model)] for model in said if model.strip())
    return tuple(dict.fromkeys("; ".join(dict.fromkeys(named)) for named in parts if any(named)))


def _parts(models: str) -> list[str]:
    return [one for one in models.split("; ") if one.strip()] or [models]


def _named(model: str, anonymous: bool) -> str:
    """Return a model's name with the beginning of its digest, where a record has one after the name.

    Together they have no more than the 64 characters of a name in a segmentation (LO), and none that parts
    values there.
    """
    *words, last = "".join(c if c.isprintable() and c != "\\" else " " for c in model).split() or [""]
    digest = last[:_DIGEST_SHOWN] if _DIGEST.fullmatch(last) else ""
    name = " ".join(words if digest else [*words, last])[: _NAME_SHOWN if digest else _LONGEST]
    return f"{_UNNAMED if anonymous and name not in PACKAGED else name} {digest}".strip()


def moment(said: str) -> datetime:
    """Return a time of a record, ISO 8601, as this machine's clock has it, without a zone, to the second.

    DICOM takes times without a zone for local ones, as those are that come with the image.
    """
    try:
        when = datetime.fromisoformat(said)
        if when.tzinfo is not None:
            when = when.astimezone().replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):  # Windows has no local time before 1970
        when = datetime(1970, 1, 1)
    return when.replace(microsecond=0)
