"""The images of a case found again: beside the case file, where they were, or in the case."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import TypeVar

from napari_tbcad.case import Case
from napari_tbcad.errors import BadInput
from napari_tbcad.files import is_file

Found = TypeVar("Found")


def find_again(
    case: Case,
    case_path: str | Path,
    read: Callable[[tuple[Path, ...]], Found],
    key: Callable[[Found], str],
    embedded: Callable[[], Found],
    *,
    thing: str,
    paths: Sequence[str | Path] = (),
) -> Found:
    """Return what a case is about.

    Parameters
    ----------
    case : Case
        The case; every image that is not embedded has a file.
    case_path : str or Path
        Where it was read from: images are looked for beside it first, then where they were, then in it.
    read : callable
        Reads the files.
    key : callable
        Gives the key by which the case knows its images (`content_key` of the first).
    embedded : callable
        Gives what lies in the case; called when one is embedded and no file will do.
    thing : str
        What it is, such as ``"film"``, for messages.
    paths : sequence of path, optional
        Where the person says that the files are; then nowhere else.

    Raises
    ------
    BadInput
        If it is nowhere, or what is there is another image than the case was made with.
    """
    image = case.image
    wrong: BadInput | None = None
    for places in [tuple(map(Path, paths))] if paths else _places(case, case_path):
        try:
            found = read(places)
        except BadInput as error:
            wrong = wrong or error
            continue
        if key(found) == image.content_key:
            return found
        wrong = BadInput(places[0], "this is another image than the one this case was made with")
    if image.embedded and not paths:
        return embedded()
    if wrong is not None:
        raise wrong
    gone = next((one for one in case.images.values() if not _there(one.places(case_path))), image)
    looked = " and ".join(map(str, gone.places(case_path))) or "no place at all"
    raise BadInput(case_path, f"its {thing} {gone.name} was not found (looked at {looked}): say where it is")


def _places(case: Case, case_path: str | Path) -> Iterator[tuple[Path, ...]]:
    """Yield where all images may lie together, the likeliest first."""
    return product(*(_there(image.places(case_path)) for image in case.images.values()))


def _there(places: Sequence[Path]) -> list[Path]:
    return [place for place in places if is_file(place)]
