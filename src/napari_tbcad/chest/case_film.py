"""The film of a case: by reference to its file, or in the case when no file gives its pixels."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_tbcad.case import Case, ImageReference
from napari_tbcad.case_images import find_again
from napari_tbcad.case_readings import RECORD, plain
from napari_tbcad.chain import content_key
from napari_tbcad.errors import BadInput
from napari_tbcad.files import sha256
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.io.read import read_film
from napari_tbcad.record import Step

FILM = "film"
"""Role of the image in a chest case."""

_FILM_FACTS = ("spacing_mm", "source", "window", "inverted", "flipped", "view", "warnings")


def film_key(film: Radiograph) -> str:
    """Return the key by which a case knows its film: a digest of the pixels (about 1 ms per megabyte)."""
    return content_key(film.pixels)


def reference(film: Radiograph) -> tuple[ImageReference, dict[str, NDArray[Any]]]:
    """Return where the film lies, or the film itself when no file gives these pixels."""
    key, path = film_key(film), Path(film.source)
    # One step of reading and none after it: these are the pixels that the file gives.
    as_read = (
        len(film.record) == 1 and isinstance(s := film.record.entries[0], Step) and s.name.startswith("read ")
    )
    if as_read and path.is_file():
        path = path.absolute()
        digest, there = _in_file(path)
        if there == key:
            return ImageReference(path.name, str(path), sha256=digest, content_key=key), {}
    place = str(path.absolute()) if as_read and film.source else ""
    return embedded_reference(film, name=path.name or FILM, place=place)


def embedded_reference(
    film: Radiograph, *, name: str = FILM, place: str = ""
) -> tuple[ImageReference, dict[str, NDArray[Any]]]:
    """Return the film itself as it lies in a case, and where it was before, if that is to be said."""
    facts = {fact: _listed(getattr(film, fact)) for fact in _FILM_FACTS} | {"record": plain(film.record)}
    image = ImageReference(name, place, content_key=film_key(film), embedded=FILM, facts=facts)
    return image, {FILM: film.pixels}


def file_of(film: Radiograph) -> Path | None:
    """Return the file that a film came from, if the film, or its mirror image, still lies there.

    A film that lay in a case says where it was when it was read; another patient's may lie there by now.
    """
    path = Path(film.source).absolute()
    if not film.source or not path.is_file():
        return None
    _, there = _in_file(path)
    return path if there in (film_key(film), content_key(film.pixels[:, ::-1])) else None


def _in_file(path: Path) -> tuple[str, str]:
    """Return the hash of a file and the key of the film in it, empty where it cannot be read now."""
    try:
        stat = path.stat()
        return _read_once(path, stat.st_mtime_ns, stat.st_size)
    except (BadInput, OSError):
        # Not remembered: what failed may be the network, and the file is there again a moment later.
        return "", ""


@lru_cache(maxsize=16)
def _read_once(path: Path, changed: int, size: int) -> tuple[str, str]:
    """Return that of a file as it was changed last: it may have been replaced since it was read."""
    return sha256(path), film_key(read_film(path))


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def film_for(case: Case, case_path: str | Path, *, film_path: str | Path | None = None) -> Radiograph:
    """Return the film of a case.

    Parameters
    ----------
    case : Case
        A chest case.
    case_path : str or Path
        Where it was read from: the film is looked for beside it first, then where it was, then in the case.
    film_path : str or Path, optional
        Where the person says that it is; then nowhere else.

    Raises
    ------
    BadInput
        If the film is nowhere, or what is there is another image than the case was made with.
    """
    return find_again(
        case,
        case_path,
        lambda places: read_film(places[0]),
        film_key,
        lambda: _embedded(case, case_path),
        thing="film",
        paths=() if film_path is None else (film_path,),
    )


def _embedded(case: Case, case_path: str | Path) -> Radiograph:
    """Return the film in a case; its source says where it was, and another image may lie there by now."""
    facts = dict(case.image.facts)
    try:
        record = RECORD.validate_python(facts.pop("record"))
        own: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in facts.items()}
        film = Radiograph(case.arrays[case.image.embedded], record=record, **own)
    except BadInput:
        raise
    except (LookupError, TypeError, ArithmeticError, ValueError) as error:
        raise BadInput(case_path, f"the film in it cannot be used ({error})") from error
    if film_key(film) != case.image.content_key:
        raise BadInput(case_path, "the film in it is another image than the one this case was made with")
    return film
