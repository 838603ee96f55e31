"""Copies of films, bone scans, pictures and cases without identity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.batch.clinic import Done
from napari_tbcad.batch.deidentified_key import Key, held, require_empty
from napari_tbcad.batch.deidentified_words import own_names, words_of
from napari_tbcad.case import SUFFIX, Case, ImageReference
from napari_tbcad.case_deidentified import SHORTEST, deidentified
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.files import written_whole
from napari_tbcad.imaging.bonescan import ViewName
from napari_tbcad.io.clinic.deidentify import Deidentification
from napari_tbcad.io.clinic.deidentify_pixels import DRAWN, drawn_into
from napari_tbcad.io.clinic.export import Exported
from napari_tbcad.io.clinic.makers import makers_of
from napari_tbcad.io.dicom_file import looks_like_dicom, parse_dicom
from napari_tbcad.io.opening import opening_told
from napari_tbcad.io.scan_files import scans_among
from napari_tbcad.io.view_names import named_view
from napari_tbcad.io.walk import Entry

_ENDINGS: Mapping[ViewName | None, str] = {None: "", "anterior": "_ant", "posterior": "_post"}

Probe = Callable[[], bool]
Note = Callable[[str], None]


def deidentify_files(
    paths: Sequence[Path],
    out: str | Path,
    deidentification: Deidentification,
    *,
    key: Key | None = None,
    cancelled: Probe | None = None,
) -> Iterator[Done]:
    """Write copies of films, bone scans and cases without identity.

    Parameters
    ----------
    paths : sequence of Path
        DICOM images, pictures, and cases; of folders, all files below them in order.
    out : str or Path
        Receives ``0001.dcm``, ``0002.png``, ``0003.tbcad`` and so on: names of files say who it is, too. The
        two views of a bone scan keep their pair and their views: ``0004_ant.png`` and ``0004_post.png``.
    deidentification : Deidentification
        How; pseudonyms, UIDs and shifts are the same for one patient in all of them.
    key : Key, optional
        Where it is written which file became which, each before its copy is there; those of an earlier
        command that are there are left out.
    cancelled : callable, optional
        Asked between files.

    Yields
    ------
    Done
        One for each file; what is neither image nor case is told as a fault.

    Raises
    ------
    BadInput
        If `out` cannot be written, or files are there already that would be mixed with these.
    KeyNotWritten
        If `key` cannot be written any more; what is done is in it.
    Cancelled
        When `cancelled` says so.
    """
    out = Path(out)
    files = files_below(paths, out)
    require_empty(out, key)
    with held(out):
        # Once more, now that nobody else writes there.
        require_empty(out, key)
        yield from _copies(files, out, deidentification, key, cancelled)


def _copies(
    files: Sequence[Path],
    out: Path,
    deidentification: Deidentification,
    key: Key | None,
    cancelled: Probe | None,
) -> Iterator[Done]:
    """Yield what became of each file, as :func:`deidentify_files` does."""
    if key is not None:
        key.start()
    number = 0 if key is None else key.last
    for study in _studies(files):
        name = (key and key.number_of(study)) or f"{number + 1:04d}"
        for path, view in study:
            if cancelled is not None and cancelled():
                raise Cancelled
            if key is not None and key.has(path):
                continue
            noted: list[str] = []
            done = _done(path, out / f"{name}{view}", deidentification, partial(_note, noted, key, path))
            if noted:
                # Also where the copy failed then: the table may say that this number is that file's.
                number = max(number, int(name))
            if key is not None and done.exported is None:
                key.strike(path)
            yield replace(done, study=name if len(study) > 1 else done.study or name)
    if key is not None:
        key.finish()


def _note(noted: list[str], key: Key | None, path: Path, name: str) -> None:
    """Note in a list and in the key, where there is one, which name a copy gets."""
    noted.append(name)
    if key is not None:
        key.note(path, name)


def _done(path: Path, target: Path, deidentification: Deidentification, note: Note) -> Done:
    try:
        with opening_told(path):
            written, notes, study = _copy(path, target, deidentification, note)
    except BadInput as error:
        return Done(str(path), fault=error.cause)
    return Done(str(path), Exported(written.name, (written,), notes), study=study)


def _studies(files: Sequence[Path]) -> Iterator[list[tuple[Path, str]]]:
    """Yield the files of each study, in the order of the first, with what a copy's name says of the view.

    Two files are one study where they are the two views of one bone scan. A file alone keeps the view that
    its own name has a word for; its folder, or a letter, may mean something else.
    """
    images = [path for path in files if path.suffix.lower() != SUFFIX]
    scans = scans_among([Entry(path, Path(path.name), path.absolute().parent) for path in images])
    of = {path: scan for scan in scans for path in scan.paths}
    given: set[Path] = set()
    for path in files:
        scan = of.get(path)
        if path in given:
            continue
        if scan is None or len(scan.paths) == 1:
            yield [(path, _ENDINGS[None if scan is None else named_view(path.stem, suffixes=False)])]
            continue
        given.update(scan.paths)
        yield [(one, _ENDINGS[view]) for one, view in zip(scan.paths, scan.views, strict=True)]


def files_below(paths: Sequence[Path], out: Path) -> list[Path]:
    """Return the files to be copied into a folder, each once; an empty folder stands for itself.

    Raises
    ------
    BadInput
        If there is none, or the folder is that of the originals.
    """
    inside = out.resolve()
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        if path.resolve() == inside:
            raise BadInput(out, "is the folder of the originals: choose an empty one for the copies")
        below = (one for one in sorted(path.rglob("*")) if one.is_file() and not one.name.startswith("."))
        found += [one for one in below if inside not in one.resolve().parents] or [path]
    if all(path.is_dir() for path in found):
        raise BadInput(paths[0] if paths else "input", "no file in it")
    return list(dict.fromkeys(found))


@contextmanager
def _noted(copy: Path, note: Note) -> Iterator[Path]:
    """Yield a temporary path that gets the name of a copy once that is noted."""
    try:
        with written_whole(copy) as temporary:
            yield temporary
            note(copy.name)
    except OSError as error:
        raise BadInput(copy, f"cannot be written ({error.strerror or error})") from error


def _copy(
    path: Path, target: Path, deidentification: Deidentification, note: Note
) -> tuple[Path, tuple[str, ...], str]:
    """Write the copy of one file; return it, what to look at, and the study that it says it is of."""
    if path.is_dir():
        raise BadInput(path, "no file in it")
    if path.suffix.lower() == SUFFIX:
        copy = target.with_suffix(SUFFIX)
        case = _clean_case(path)
        note(copy.name)
        case.save(copy)
        return copy, (DRAWN,), ""
    with open(path, "rb") as file:
        head = file.read(132)
    if looks_like_dicom(head):
        dataset = parse_dicom(path)
        clean = deidentification.dataset(dataset)
        copy = target.with_suffix(".dcm")
        with _noted(copy, note) as temporary:
            clean.save_as(temporary, enforce_file_format=True)
        return copy, tuple(filter(None, (drawn_into(dataset),))), str(clean.StudyInstanceUID)
    copy = target.with_suffix(".png")
    return copy, (DRAWN, *_picture(path, copy, note)), ""


def _picture(path: Path, copy: Path, note: Note) -> tuple[str, ...]:
    """Write the pixels of a picture and their spacing, and nothing else of it, as PNG; return notes.

    The film that is read of the copy is the one that is read of the picture: its polarity, its page.
    """
    from PIL import Image

    from napari_tbcad.io.raster import load_array, looks_like_raster, spacing_from_dpi

    with open(path, "rb") as file:
        if not looks_like_raster(file.read(132)):
            raise BadInput(path, "neither an image (DICOM, PNG, JPEG, TIFF, BMP) nor a case")
    notes: list[str] = []
    array, facts = load_array(path, notes)
    if array.dtype not in (np.bool_, np.uint8, np.uint16):
        raise BadInput(path, f"pixels of the type {array.dtype} have no place in a PNG")
    _refuse_views_on_pages(path, array.shape, facts["pages"])
    if facts["white_is_zero"]:
        array = _turned_round(path, array, notes)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim == 3 and array.dtype != np.uint8:
        raise BadInput(path, "a colour picture of 16 bits has no place in a PNG")
    spaced = spacing_from_dpi(facts["dpi"], array.shape[:2]) is not None
    with _noted(copy, note) as temporary:
        options = {"dpi": tuple(map(float, facts["dpi"]))} if spaced else {}
        Image.fromarray(np.ascontiguousarray(array)).save(temporary, format="PNG", **options)
    return tuple(notes)


def _refuse_views_on_pages(path: Path, shape: tuple[int, ...], pages: int) -> None:
    """Raise BadInput where a copy of one page would lose another as large: the other view of a scan."""
    from napari_tbcad.io.raster import load_array

    if pages > 1 and all(load_array(path, [], page=n)[0].shape == shape for n in (0, 1)):
        raise BadInput(path, f"has {pages} pages; save each as a file of its own, a PNG has one")


def _turned_round(path: Path, array: NDArray[Any], notes: list[str]) -> NDArray[Any]:
    """Return grey pixels of which 0 is white as a film of them is read: 0 is black."""
    from napari_tbcad.io.raster import to_grey

    grey = array if array.ndim == 2 else np.rint(to_grey(path, array, notes)).astype(array.dtype)
    if grey.dtype == bool:
        return grey if grey.all() or not grey.any() else ~grey
    # Between the lowest and the highest value, where a sum that is too large for the type comes back.
    total = (int(grey.min()) + int(grey.max())) % (np.iinfo(grey.dtype).max + 1)
    return np.subtract(grey.dtype.type(total), grey, dtype=grey.dtype)


def _clean_case(path: Path) -> Case:
    case = Case.load(path)
    known = words_of(case)
    names = chain(*(_names(image, path) for image in case.images.values()), _algorithms(case))
    words = [name for name in names if not {name.casefold(), Path(name).stem.casefold()} & known]
    if case.workflow == "bone":
        return _clean_scan_case(case, path, words)
    from napari_tbcad.chest.case_film import FILM, embedded_reference
    from napari_tbcad.chest.cases import film_for

    film = film_for(case, path)
    image, arrays = embedded_reference(replace(film, source=""))
    return deidentified(case, image, arrays, FILM, words, own_names())


def _algorithms(case: Case) -> Iterator[str]:
    """Yield what given files call what made them: any text, which warnings quote."""
    for edit in (edit for one in case.readings for edit in one.edits):
        yield from (maker.finder.name for maker in makers_of(edit).values())


def _clean_scan_case(case: Case, path: Path, words: list[str]) -> Case:
    from napari_tbcad.bone.case_scan import SCAN, embedded_reference, without_places
    from napari_tbcad.bone.cases import study_for

    images, arrays = embedded_reference(without_places(study_for(case, path)))
    return deidentified(case, images[SCAN], arrays, SCAN, words, own_names())


def _names(image: ImageReference, path: Path) -> Iterator[str]:
    """Yield what in the place of an image or of its case names somebody."""
    for text in filter(None, (image.name, image.path, image.relative, str(path.absolute()))):
        yield text
        # As Windows has paths: both separators part names, wherever the case was made.
        place = PureWindowsPath(text)
        yield place.name
        yield from (part for part in place.parts[:-1] if len(part.strip("/\\.:")) >= SHORTEST)
