"""Who made a mask, what found it, and who corrected what: told from the record alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from napari_tbcad.io.clinic.codes import FAMILIES, Concept
from napari_tbcad.io.clinic.segmentation import Made
from napari_tbcad.record import Edit, Record, Step

BACK = "back to automatic"
"""Tool of the edit that takes a person's version back."""

_DIGEST_SHOWN = 12


@dataclass(frozen=True)
class Finder:
    """What found something: a name with the digest of its model, and its family."""

    name: str
    family: Concept


def made_by(record: Iterable[Step | Edit], target: str, *, person: bool, automatic: bool) -> Made:
    """Tell who made a mask.

    Parameters
    ----------
    record : iterable of Step or Edit
        The history of the study.
    target : str
        What was made, as edits name it, such as ``"sensitive"``.
    person : bool
        Whether a person's version stands.
    automatic : bool
        Whether there is an automatic version that the person's can have come from.

    Returns
    -------
    {"AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"}
        One that came from a file is manual: nothing says that a program began it.
    """
    if not person:
        return "AUTOMATIC"
    edits = standing_edits(record, target)
    return "MANUAL" if not automatic or any(edit.tool == "file" for edit in edits) else "SEMIAUTOMATIC"


def standing_edits(record: Iterable[Step | Edit], target: str) -> list[Edit]:
    """Return the edits of a target since it was last taken back to the automatic version."""
    edits: list[Edit] = []
    for entry in record:
        if isinstance(entry, Edit) and entry.target == target:
            edits = [] if entry.tool == BACK else [*edits, entry]
    return edits


def finder_of(record: Record, step: str, segmenter: str = "", *, view: str = "") -> Finder:
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
    """
    steps = [entry for entry in record if isinstance(entry, Step) and entry.name == step]
    if steps:
        last = steps[-1]
        said = last.parameters if isinstance(last.parameters, dict) else {}
        segmenter = str(last.facts.get("segmenter") or said.get("segmenter") or segmenter)
        asked = last.facts.get("models")
        model = str(asked.get(view) or "") if isinstance(asked, dict) and view else last.model
        if model:
            models = model.split("; ")
            own = [model for model in models if view and view in model]
            *words, digest = (own or models)[0].split()
            return Finder(" ".join([*words, digest[:_DIGEST_SHOWN]]), _family(segmenter or words[0]))
    return Finder(f"napari-tbcad {segmenter}".strip(), _family(segmenter))


def _family(segmenter: str) -> Concept:
    return FAMILIES.get(segmenter, FAMILIES["classical"])


def corrections(
    record: Iterable[Step | Edit], *, names: dict[str, str], times: bool = True
) -> tuple[str, ...]:
    """Return a sentence for each edit, in order.

    Parameters
    ----------
    record : iterable of Step or Edit
        The history of the study.
    names : dict of str to str
        What each reader is called.
    times : bool, optional
        Say when as well.
    """
    return tuple(_correction(entry, names, times) for entry in record if isinstance(entry, Edit))


def _correction(edit: Edit, names: dict[str, str], times: bool) -> str:
    parts = [f"{edit.target}: {edit.tool}, {edit.pixels} pixels changed"]
    if edit.dice_before is not None and edit.dice_after is not None:
        parts.append(f"Dice with the automatic version {edit.dice_before:.4f} then {edit.dice_after:.4f}")
    if times:
        parts.append(edit.when)
    who = names.get(edit.reader, edit.reader)
    return ", ".join([*parts, f"by {who}" if who else "by a person who gave no name"])


def readers_in(record: Iterable[Step | Edit], *more: str) -> tuple[str, ...]:
    """Return the names that readers gave, each once, in order."""
    named = [entry.reader for entry in record if isinstance(entry, Edit)]
    return tuple(dict.fromkeys(name for name in (*named, *more) if name.strip()))


def called(readers: tuple[str, ...], anonymous: bool) -> dict[str, str]:
    """Return what each reader is called: by name, or by number."""
    return {name: f"reader {n}" if anonymous else name for n, name in enumerate(readers, 1)}


def warnings_of(warnings: Iterable[str], anonymous: bool) -> tuple[str, ...]:
    """Return what the program warned of; how often, where that may not be said: warnings name files."""
    said = tuple(warnings)
    if not anonymous or not said:
        return said
    return (f"Warnings of the program, which name files, were left out with the identity: {len(said)}.",)


def models_in(record: Record) -> tuple[str, ...]:
    """Return the models of all steps, each once, with the beginning of its digest."""
    steps = (entry for entry in record if isinstance(entry, Step) and entry.model)
    return tuple(dict.fromkeys(_shortened(str(step.model)) for step in steps))


def _shortened(model: str) -> str:
    return " ".join(word[:_DIGEST_SHOWN] if len(word) == 64 else word for word in model.split())


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
