"""Images with labels that a table or a folder names: which can be used, and why the others cannot."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_tbcad.errors import BadInput
from napari_tbcad.files import write_csv
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.tables import PATH_COLUMNS, records_of

COLUMNS = ("image", "label", "patient", "source", "view")
_LABELS = (".png", ".tif", ".tiff", ".bmp", ".gif")
_NOT_IMAGES = {".csv", ".txt", ".json", ".xml", ".md", ".pdf", ".yaml", ".db", ".ini"}

Passed = tuple[str, str]
"""File and cause."""


@dataclass(frozen=True)
class Rows:
    """Images to learn from.

    Parameters
    ----------
    rows : tuple of mapping
        By :data:`COLUMNS`; whole paths.
    passed_over : tuple of (str, str)
        File and cause.
    patients : bool
        Whether somebody said whose images they are; else each is its own patient.
    """

    rows: tuple[dict[str, str], ...]
    passed_over: tuple[Passed, ...] = ()
    patients: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the collections."""
        return tuple(sorted({row["source"] for row in self.rows}))

    def save(self, path: Path) -> None:
        """Write a table that :class:`~napari_tbcad.networks.config.DataSource` takes."""
        try:
            write_csv(path, COLUMNS, self.rows)
        except OSError as error:
            raise BadInput(path, f"cannot be written ({error.strerror or error})") from error


def rows_of_table(path: Path, *, name: str = "") -> Rows:
    """Return what a table of images and label images names.

    Parameters
    ----------
    path : Path
        CSV with the columns image (or path, file), label and, where they are known, patient, source, view.
        Relative paths count from its folder, images also from ``images`` and labels from ``labels`` there.
    name : str, optional
        Of the collection where the table names none; by default the file's.

    Raises
    ------
    BadInput
        If the table cannot be read, has no such columns, or not one row can be used.
    """
    records = records_of(path)
    if "label" not in records[0]:
        raise BadInput(
            path,
            f"the column label, the label image of each image, is missing; there are {', '.join(records[0])}",
        )
    return _checked(path, records, path.parent, name or path.stem)


def rows_of_folder(folder: Path) -> Rows:
    """Return the images in ``images/`` with labels in ``labels/``, or what ``samples.csv`` names.

    Raises
    ------
    BadInput
        If not one image can be used.
    """
    table = folder / "samples.csv"
    if table.is_file():
        return _checked(table, records_of(table), folder, folder.name)
    images = sorted(p for p in (folder / "images").rglob("*") if _may_be_image(p))
    records = [{"image": path.relative_to(folder / "images").as_posix()} for path in images]
    return _checked(folder, records, folder, folder.name)


def _may_be_image(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and path.suffix.lower() not in _NOT_IMAGES


def _checked(source: Path, records: Sequence[Mapping[str, str]], home: Path, name: str) -> Rows:
    rows: list[dict[str, str]] = []
    passed: list[Passed] = []
    owners: dict[Path, str] = {}
    for record in records:
        said = next((record[column] for column in PATH_COLUMNS if record.get(column)), "")
        row = _row(record, said, home, name)
        why = row if isinstance(row, str) else _taken(row, said, owners)
        if isinstance(row, str) or why:
            passed.append((said or "a row without a name", str(why)))
        else:
            rows.append(row)
    if not rows:
        told = f"; the first: {passed[0][0]} {passed[0][1]}" if passed else ""
        raise BadInput(source, f"not one image with labels can be used{told}")
    return Rows(tuple(rows), tuple(passed), any(record.get("patient") for record in records))


def _taken(row: Mapping[str, str], said: str, owners: dict[Path, str]) -> str:
    """Return why a row's files cannot be its own: one image would be learned with the labels of another."""
    for column in ("image", "label"):
        if (other := owners.setdefault(Path(row[column]), said)) != said:
            return f"its {column} is also that of {other}"
    return ""


def _row(record: Mapping[str, str], said: str, home: Path, name: str) -> dict[str, str] | str:
    """Return a row with whole paths, or why it cannot be used."""
    image = _first(home / "images" / said, home / said) if said else None
    if image is None:
        return "is not there"
    label = _label(record.get("label", ""), said, home)
    if label is None:
        return f"has no label image ({record.get('label') or f'{Path(said).stem} in labels'})"
    if label == image:
        return "is named as its own label image"
    view = (record.get("view") or "").lower()
    if view not in ("", *VIEWS):
        return f"has the view {view!r}, not {' or '.join(VIEWS)}"
    return {
        "image": str(image),
        "label": str(label),
        "patient": record.get("patient") or Path(said).stem,
        "source": record.get("source") or name,
        "view": view,
    }


def _label(given: str, said: str, home: Path) -> Path | None:
    """Return the label image of an image: as the table says, else that of the same name."""
    wanted = Path(given or said)
    places = (home / wanted, home / "labels" / wanted) if given else (home / "labels" / wanted,)
    names = [place.with_suffix(suffix) for place in places for suffix in (place.suffix, *_LABELS)]
    return _first(*names)


def _first(*paths: Path) -> Path | None:
    return next((path.absolute() for path in paths if path.is_file()), None)


def masks_beside(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield films in ``images/`` with the mask of both lungs of that name, in ``lungs/`` or ``masks/``."""
    for film in sorted((folder / "images").glob("*")):
        for place in ("lungs", "masks"):
            names = ((folder / place / film.name).with_suffix(suffix) for suffix in (film.suffix, *_LABELS))
            if _may_be_image(film) and (mask := _first(*names)) is not None:
                yield film.absolute(), mask
                break


def known_by_name(names: Iterable[str], task: str) -> set[str]:
    """Return those of these names that are of JSRT films from which the packaged network learned.

    JSRT's films are called ``JPCLNnnn`` (with a nodule) and ``JPCNNnnn`` (without); the network of opacities
    learned from the latter only (docs/networks.md).
    """
    pattern = {"lungs": r"JPC[LN]N\d{3}", "opacities": r"JPCNN\d{3}"}.get(task)
    return set() if pattern is None else {one for one in names if re.fullmatch(pattern, Path(one).stem)}
