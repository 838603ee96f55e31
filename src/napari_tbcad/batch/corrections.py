"""A person's corrected lung masks, gathered as a data set that a network can learn from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.batch.corrected import Corrected, NotCorrected, corrected_in, places_in
from napari_tbcad.errors import BadInput, TbcadError
from napari_tbcad.files import require_writable, write_csv, written_whole

COLUMNS = (
    "image", "label", "patient", "source", "reader", "when", "how", "dice_automatic", "film", "found_in",
)  # fmt: skip
"""Columns of samples.csv; ``how`` is edited or accepted."""

TABLE, SOURCE = "samples.csv", "corrections"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Gathered:
    """What was gathered.

    Parameters
    ----------
    rows : tuple of mapping
        Rows of samples.csv.
    passed_over : tuple of str
        Films that nobody edited or accepted, and masks of which there is a newer one, with the cause.
    skipped : tuple of str
        Films and cases that could not be used, with the cause.
    """

    rows: tuple[dict[str, Any], ...]
    passed_over: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


def gather_corrections(
    paths: Sequence[Path],
    out: Path,
    *,
    patients: Path | None = None,
    unfinished: bool = False,
    say: Say = print,
) -> Gathered:
    """Write corrected lung masks and their films as a folder data set.

    Parameters
    ----------
    paths : sequence of Path
        Cases (``.tbcad``), folders of cases, and folders that ``chest run`` or an export wrote.
    out : Path
        Folder for ``images/`` (the films upright, as the segmenter sees them), ``labels/`` (0, 1 right lung,
        2 left lung) and ``samples.csv``. An earlier gathering there is replaced.
    patients : Path, optional
        CSV with the columns file and patient. Where it says nothing, a DICOM film's patient is a digest of
        its patient identifier, and any other film is its own patient.
    unfinished : bool, optional
        Also take readings that are still in progress.
    say : callable, optional
        Told what is taken, passed over and skipped, and why.

    Returns
    -------
    Gathered

    Raises
    ------
    BadInput
        If a path is neither, nothing can be learned from, or the folder cannot be written.

    Notes
    -----
    The mask is the anatomical (insensitive) one. It counts where a person edited it, or accepted the reading
    it belongs to. Of several readings of a film that count, the last is taken; of several cases or runs of
    the same pixels, that with the newest mask.
    """
    places = places_in(paths)
    known = _patients_of(patients) if patients else {}
    earlier = _earlier(out)
    require_writable(out)
    rows: dict[str, dict[str, Any]] = {}
    passed_over: list[str] = []
    skipped: list[str] = []

    def tell(kind: list[str], line: str) -> None:
        kind.append(line)
        say(line)

    for place in places:
        try:
            found = list(corrected_in(place, unfinished=unfinished))
        except TbcadError as error:
            tell(skipped, f"skipped: {error}")
            continue
        for load in found:
            try:
                one = load()
                before = rows.get(one.key)
                if before is not None and before["when"] >= one.when:
                    tell(
                        passed_over,
                        f"passed over: {one.name} of {place.name}: there is a newer mask of this film",
                    )
                    continue
                rows[one.key] = _write(one, out, known)
            except NotCorrected as error:
                tell(passed_over, f"passed over: {error}")
            except TbcadError as error:
                tell(skipped, f"skipped: {error}")
            else:
                for line in one.said:
                    say(line)
                if before is not None:
                    earlier += _files(out, before)
                    tell(passed_over, f"passed over: an older mask of {one.name} ({before['found_in']})")
    if not rows:
        why = f"; the first: {(skipped or passed_over)[0]}" if skipped or passed_over else ""
        raise BadInput(paths[0] if paths else "input", f"no lung mask that a person edited or accepted{why}")
    ordered = tuple(sorted(rows.values(), key=lambda row: row["image"]))
    _replace(out, earlier, ordered)
    return Gathered(ordered, tuple(passed_over), tuple(skipped))


def _earlier(out: Path) -> list[Path]:
    """Return the files that an earlier gathering left; refuses a folder with images of other origin."""
    from napari_tbcad.result_tables import read_rows

    if (out / TABLE).is_file():
        rows = read_rows(out / TABLE, COLUMNS)
        # The table may come from anyone: what it names elsewhere is not ours to remove.
        return [path for row in rows for path in _files(out, row) if _WRITTEN.fullmatch(path.name)]
    if any((out / folder).is_dir() and any((out / folder).iterdir()) for folder in _FOLDERS):
        raise BadInput(out, "it has images that are not of an earlier gathering; choose another folder")
    return []


def _replace(out: Path, earlier: Sequence[Path], rows: Sequence[dict[str, Any]]) -> None:
    """Write the table, and only then remove what the earlier one named and this one does not."""
    from napari_tbcad.result_tables import remove

    try:
        write_csv(out / TABLE, COLUMNS, rows)
    except OSError as error:
        raise BadInput(out, f"cannot write there ({error.strerror or error})") from error
    now = {path for row in rows for path in _files(out, row)}
    remove(path for path in earlier if path not in now)


def _files(out: Path, row: Mapping[str, Any]) -> list[Path]:
    return [out / folder / Path(row[column]).name for folder, column in _FOLDERS.items()]


_FOLDERS = {"images": "image", "labels": "label"}
_WRITTEN = re.compile(r"[A-Za-z0-9._-]+_[0-9a-f]{8}\.png")
"""Names that a gathering gives its files."""


def _write(one: Corrected, out: Path, known: dict[str, str]) -> dict[str, Any]:
    from napari_tbcad.io.masks import write_mask

    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", one.name).lstrip(".")
    name = f"{stem or 'film'}_{one.key[:8]}.png"
    try:
        _write_film(out / "images" / name, one.pixels)
        write_mask(out / "labels" / name, one.labels)
    except OSError as error:
        raise BadInput(out, f"cannot write there ({error.strerror or error})") from error
    patient = (
        known.get(one.film.name) or known.get(one.film.stem) or one.patient or one.film.stem or one.key[:12]
    )
    return {
        "image": name,
        "label": name,
        "patient": patient,
        "source": SOURCE,
        "reader": one.reader,
        "when": one.when,
        "how": one.how,
        "dice_automatic": one.dice_automatic,
        "film": one.film.name,
        "found_in": one.found_in.name,
    }


def _write_film(path: Path, pixels: NDArray[np.float32]) -> None:
    """Write a film as grey PNG: its own values where 8 or 16 bit hold them, else scaled to 16 bit."""
    from PIL import Image

    low, high = float(pixels.min()), float(pixels.max())
    whole = bool((pixels == np.rint(pixels)).all())
    if whole and low >= 0 and high <= 255:
        stored = pixels.astype(np.uint8)
    elif whole and high - low <= 65535:
        stored = (pixels - low).astype(np.uint16)
    else:
        stored = np.rint((pixels - low) * (65535 / max(high - low, 1e-30))).astype(np.uint16)
    with written_whole(path) as temporary:
        Image.fromarray(stored).save(temporary, format="PNG")


def _patients_of(path: Path) -> dict[str, str]:
    """Return patients by file name and stem."""
    from napari_tbcad.io.tables import PATH_COLUMNS, records_of

    records = records_of(path)
    if "patient" not in records[0]:
        raise BadInput(path, f"the column patient is missing; there are {', '.join(records[0])}")
    found: dict[str, str] = {}
    for record in records:
        name = Path(next((record[c] for c in PATH_COLUMNS if record.get(c)), "").replace("\\", "/"))
        patient = record["patient"]
        if not name.name or not patient:
            continue
        for one in (name.name, name.stem):
            # By name alone the films of one patient could not be kept together.
            if (other := found.setdefault(one, patient)) != patient:
                raise BadInput(path, f"films called {one} are of two patients, {other} and {patient}")
    return found
