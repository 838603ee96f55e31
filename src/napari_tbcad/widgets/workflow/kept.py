"""Files of cases that are kept while a person works: their names, and what must not be overwritten there."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from napari_tbcad.case import SUFFIX, Case, CaseHead
from napari_tbcad.errors import BadInput

CHANGED = "was changed by somebody else since you opened it: save under another name"


def path_in(folder: Path, name: str, film_key: str) -> Path:
    """Return the file in which a film's case is autosaved: ``NAME~KEY.tbcad``.

    Parameters
    ----------
    folder : Path
        Autosave folder.
    name : str
        File name of the film, or the name of its layer.
    film_key : str
        Content key of the film's pixels, so that films of one name keep apart.
    """
    stem = re.sub(r"\.[A-Za-z][A-Za-z0-9]{0,5}$", "", name)
    stem = re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "_", stem).strip(". ")[:80]
    return folder / f"{stem or 'film'}~{film_key[:12]}{SUFFIX}"


def find(folder: Path | None, film_source: str, film_key: str) -> Path | None:
    """Return the autosaved case of a film, found again also when the film was renamed or moved.

    Parameters
    ----------
    folder : Path or None
        Autosave folder; None when autosave is off.
    film_source : str
        File of the film, or the name of its layer.
    film_key : str
        Content key of the film's pixels (:func:`napari_tbcad.chest.cases.film_key`).
    """
    if folder is None:
        return None
    own = path_in(folder, Path(film_source).name, film_key)
    for path in (own, *sorted(folder.glob(f"*~{film_key[:12]}{SUFFIX}"))):
        try:
            if path.is_file() and Case.peek(path).image.content_key == film_key:
                return path
        except BadInput:
            continue
    return None


def free_path(path: Path, number: str) -> Path:
    """Return the path, or the first one with a number after its stem that nothing is at."""
    free, tried = path, 1
    while free.exists():
        tried += 1
        free = path.with_name(f"{path.name.removesuffix(SUFFIX)}{number.format(tried)}{SUFFIX}")
    return free


def path_before(path: Path) -> Path:
    """Return a free name beside a case on the side, for what it takes the place of."""
    return free_path(path.with_suffix(f".before{SUFFIX}"), "{}")


def head_of(path: Path, case: Case) -> CaseHead:
    """Return what stands where a case is to be saved.

    Raises
    ------
    BadInput
        If that is no case of the same image, and so not to be touched.
    """
    try:
        head = Case.peek(path)
    except BadInput as error:
        raise BadInput(path, f"is there already and is no case, nothing was saved ({error.cause})") from error
    if head.image.content_key != case.image.content_key:
        raise BadInput(path, "is a case of another image, nothing was saved: choose another name or folder")
    return head


def make_way(path: Path, last: Path | None) -> Path:
    """Move a case that this session does not go on with, and return where it is.

    Parameters
    ----------
    path : Path
        The case.
    last : Path or None
        Where the last one that lay there went; its place is taken if every edit in it is in this one, too,
        such as of a person at work in another window.
    """
    now_at = last if last is not None and _goes_on_from(path, last) else path_before(path)
    path.replace(now_at)
    return now_at


def _goes_on_from(path: Path, last: Path) -> bool:
    try:
        newer, older = Case.load(path), Case.load(last)
    except BadInput:
        return False
    if older.last.finished or finished_elsewhere(older, newer) or not newer.last.by(older.last.reader):
        return False
    return set(older.last.edits) <= set(newer.last.edits)


def finished_elsewhere(head: CaseHead | Case, case: Case) -> bool:
    """Tell whether somebody finished a reading there that a case does not hold."""
    known = {(one.reader, one.when, one.verdict) for one in case.readings}
    return any(one.finished and (one.reader, one.when, one.verdict) not in known for one in head.readings)


def is_of_another(path: Path, case: Case) -> bool:
    """Tell whether another reader finished the same study there, and a case does not hold that reading."""
    try:
        head = Case.peek(path)
    except BadInput:
        return False
    same = head.image.content_key == case.image.content_key
    theirs = [one for one in head.readings if not one.by(case.last.reader)]
    return same and finished_elsewhere(replace(head, readings=tuple(theirs)), case)
