"""Who made a mask, and with what: as a segmentation says it, and as an edit in the record keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeGuard, get_args

from napari_tbcad import __version__
from napari_tbcad.io.clinic.codes import Concept, own
from napari_tbcad.record import BY, PROGRAM, Edit, Step

Made = Literal["AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"]
"""Who made a segment: the program; the program and then a person; a person."""

BACK = "back to automatic"
"""Tool of the edit that takes a person's version back."""

PROGRAM_GIVEN = "given by a program"
"""In tables, beside ``given``: what was given is a program's work, as its files say."""

UNNAMED, UNKNOWN = "algorithm without a name", "unknown"
NOT_SAID = own("family_not_said", "Kind of algorithm not said")

_MAKERS = "makers"
_FILE = "file"
_MADE = "made by a program"
_LONGEST = 64
"""Characters of a name in a segmentation (LO)."""
_CODE = (16, 16, 64)
"""Characters of a code's value, scheme and meaning."""


@dataclass(frozen=True)
class Finder:
    """What found something: a name with the digest of its model, its family, and its program's version."""

    name: str
    family: Concept
    version: str = __version__


@dataclass(frozen=True)
class Maker:
    """Who made something, and with what.

    Parameters
    ----------
    made : {"AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"}
    finder : Finder
        Of what a program had a part in; of no meaning for what is a person's alone.
    """

    made: Made
    finder: Finder = Finder(UNNAMED, NOT_SAID, UNKNOWN)


def together(makers: Iterable[Maker]) -> Maker:
    """Return who made several parts together: a program or a person where all are one's own, else both."""
    makers = list(makers)
    made = {maker.made for maker in makers}
    finder = next((maker.finder for maker in makers if maker.made != "MANUAL"), Maker("MANUAL").finder)
    return Maker(made.pop() if len(made) == 1 else "SEMIAUTOMATIC", finder)


def facts_of(makers: Mapping[str, Maker], *, program: bool) -> dict[str, Any]:
    """Return what an edit keeps of files that say who made them.

    Parameters
    ----------
    makers : mapping of str to Maker
        By the part that a file is of, such as the view; parts whose files do not say it are missing.
    program : bool
        Whether all of it is a program's work alone.
    """
    if not makers:
        return {}
    said = {
        part: {
            "made": maker.made,
            "name": maker.finder.name,
            "version": maker.finder.version,
            "family": list(maker.finder.family),
        }
        for part, maker in makers.items()
    }
    return {_MAKERS: said, **({BY: PROGRAM} if program else {})}


def makers_of(edit: Edit) -> dict[str, Maker]:
    """Return who made what an edit gave, by part; what a record of another hand has instead is left out."""
    said = edit.facts.get(_MAKERS)
    parts = said.items() if isinstance(said, Mapping) else ()
    return {str(part): maker_from(one) for part, one in parts if isinstance(one, Mapping)}


def maker_from(said: Mapping[str, Any]) -> Maker:
    """Return the maker that a file names: a person where it names none, and only names that DICOM can hold.

    Parameters
    ----------
    said : mapping
        ``made``, ``name``, ``version``, and ``family`` with value, scheme and meaning of a code.
    """
    if said.get("made") not in get_args(Made):
        return Maker("MANUAL")
    name, version, family = said.get("name"), said.get("version"), said.get("family")
    code = list(family) if isinstance(family, list | tuple) else []
    coded = len(code) == 3 and all(map(_is_short, code, _CODE))
    finder = Finder(
        name if _is_short(name) else UNNAMED,
        Concept(*code) if coded else NOT_SAID,
        version if _is_short(version) else UNKNOWN,
    )
    return Maker(said["made"], finder)


def _is_short(text: Any, most: int = _LONGEST) -> TypeGuard[str]:
    return isinstance(text, str) and 0 < len(text) <= most and text.isprintable() and "\\" not in text


def unnamed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of an edit without the names that files gave: such a name can be any text."""
    said = facts.get(_MAKERS)
    if not isinstance(said, Mapping):
        return dict(facts)
    made = {part: {"made": one.get("made")} for part, one in said.items() if isinstance(one, Mapping)}
    return {**facts, _MAKERS: made}


def standing_edits(record: Iterable[Step | Edit], target: str) -> list[Edit]:
    """Return the edits of a target since it was last taken back to the automatic version."""
    edits: list[Edit] = []
    for entry in record:
        if isinstance(entry, Edit) and entry.target == target:
            edits = [] if entry.tool == BACK else [*edits, entry]
    return edits


def is_file(edit: Edit) -> bool:
    """Tell whether an edit gave a file, whoever made that."""
    return edit.tool.startswith(_FILE)


def stated(record: Iterable[Step | Edit], target: str, part: str) -> Maker | None:
    """Return who made what stands, where the last file that was given says so; None where none does.

    Parameters
    ----------
    record : iterable of Step or Edit
        The history of the study.
    target, part : str
        What was given, as edits name it, and which part of it.

    Returns
    -------
    Maker or None
        A program's work that a person edited afterwards is of both.
    """
    found: Maker | None = None
    for edit in standing_edits(record, target):
        if is_file(edit):
            found = makers_of(edit).get(part)
        elif found is not None and found.made == "AUTOMATIC":
            found = replace(found, made="SEMIAUTOMATIC")
    return found


def programs_in(record: Iterable[Step | Edit]) -> Iterator[str]:
    """Yield a sentence for each thing that stands as a program made it, by the file that was given."""
    entries = list(record)
    for target in dict.fromkeys(entry.target for entry in entries if isinstance(entry, Edit)):
        edits = standing_edits(entries, target)
        if edits and edits[-1].by_program:
            names = dict.fromkeys(maker.finder.name for maker in makers_of(edits[-1]).values())
            yield program_said(target, names)


def program_said(target: str, names: Iterable[str]) -> str:
    """Return the sentence that says that what was given is a program's work."""
    return f"{target} mask: {_MADE} ({', '.join(names)}), as the file that was given says."


def tells_program(warning: str) -> bool:
    """Tell whether a warning is such a sentence."""
    return f" mask: {_MADE} (" in warning
