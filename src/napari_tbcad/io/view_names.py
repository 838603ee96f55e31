"""Words by which headers and file names call the two views of a whole-body scan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from napari_tbcad.imaging.bonescan import ViewName

ANTERIOR_CODES = {"399321004", "G-5215", "R-10206"}
"""View codes for anterior: SNOMED CT, SNOMED RT of view modifiers, and the one for antero-posterior."""

POSTERIOR_CODES = {"399001007", "G-5216"}
"""View codes for posterior: SNOMED CT and SNOMED RT."""

_WORD = re.compile(r"[A-ZÀ-Þ]+(?![a-zß-ÿ])|[A-ZÀ-Þ]?[a-zß-ÿ]+")
_ANTERIOR = {"ant", "ventral", "depan", "vorne", "vorn"}
_POSTERIOR = {"post", "dorsal", "belakang", "hinten"}
_STEMS: tuple[tuple[str, ViewName], ...] = (
    ("anteri", "anterior"),
    ("antéri", "anterior"),
    ("posteri", "posterior"),
    ("postéri", "posterior"),
)
_OTHER = (
    "lateral",
    "lat",
    "llat",
    "rlat",
    "oblique",
    "obl",
    "rao",
    "lao",
    "rpo",
    "lpo",
    "vertex",
    "tangential",
)
_AFTER_POST = {
    "view",
    "wb",
    "whole",
    "wholebody",
    "body",
    "image",
    "img",
    "frame",
    "proj",
    "projection",
    "raw",
}
_CHINESE: tuple[tuple[str, ViewName], ...] = (
    ("前位", "anterior"),
    ("后位", "posterior"),
    ("後位", "posterior"),
)


@dataclass(frozen=True)
class NamedPart:
    """A word that names a view, and where it stands in its text."""

    view: ViewName
    start: int
    end: int


def named_parts(text: str, *, suffixes: bool = False) -> Iterator[NamedPart]:
    """Find the words that name a view.

    "post" alone may mean "after" ("post therapy"); it counts only at the end of the text or before a word
    such as "view" or "whole body".

    Parameters
    ----------
    text : str
        A header's value or a file's name.
    suffixes : bool, optional
        Whether a last ``_E`` (anterior) or ``_F`` (posterior) counts, GE's names for its two detectors.
    """
    words = list(_WORD.finditer(text))
    for i, word in enumerate(words):
        lower = word.group().lower()
        view: ViewName | None = next((v for stem, v in _STEMS if lower.startswith(stem)), None)
        if lower in _ANTERIOR:
            view = "anterior"
        elif lower in _POSTERIOR:
            following = words[i + 1].group().lower() if i + 1 < len(words) else None
            if lower != "post" or following is None or following in _AFTER_POST:
                view = "posterior"
        if view is not None:
            yield NamedPart(view, word.start(), word.end())
    for sign, chinese in _CHINESE:
        if (at := text.find(sign)) >= 0:
            yield NamedPart(chinese, at, at + len(sign))
    if suffixes and (found := re.search(r"_([EF])$", text)):
        yield NamedPart("anterior" if found[1] == "E" else "posterior", found.start(), found.end())


def named_view(text: str, *, suffixes: bool = True) -> ViewName | None:
    """Return the one view a text names; None when it names none, or both.

    Parameters
    ----------
    text : str
        A header's value or a file's name without its suffix.
    suffixes : bool, optional
        Whether a last ``_E`` or ``_F`` counts.
    """
    views = {part.view for part in named_parts(text.strip(), suffixes=suffixes)}
    return views.pop() if len(views) == 1 and not names_another(text) else None


def names_another(text: str) -> bool:
    """Tell whether a text names a view other than the two, such as an oblique one."""
    words = [word.group().lower() for word in _WORD.finditer(text)]
    return any(word in _OTHER or word.startswith(("lateral", "obli")) for word in words)


def coded_view(code: str, meaning: str) -> ViewName | None:
    """Return the view that a coded entry names: by its code, else by its meaning, else by a private code.

    Parameters
    ----------
    code, meaning : str
        CodeValue and CodeMeaning of an item of ViewCodeSequence.
    """
    code = code.strip().upper()
    if code in ANTERIOR_CODES or code in POSTERIOR_CODES:
        return "anterior" if code in ANTERIOR_CODES else "posterior"
    if names_another(meaning):
        return None
    if (view := named_view(meaning, suffixes=False)) is not None:
        return view
    private: dict[str, ViewName] = {
        "AN": "anterior",
        "ANT": "anterior",
        "PO": "posterior",
        "POST": "posterior",
    }
    return private.get(code)
