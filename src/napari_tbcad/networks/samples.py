"""Images with their label images: found on disk and checked."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.files import read_rows
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.networks.config import DataSource
from napari_tbcad.networks.decoding import Decoded as Decoded
from napari_tbcad.networks.decoding import decode as decode
from napari_tbcad.schemes import IGNORE, LabelScheme

if TYPE_CHECKING:
    from napari_tbcad.io.datasets import LungFiles

_SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".gif")


@dataclass(frozen=True)
class Sample:
    """One image with its labels.

    Parameters
    ----------
    image : Path
        The image.
    labels : mapping of Path to (int or None)
        Label images (None: values as they are) or binary masks with the value each stands for.
    scheme : LabelScheme
        What the values mean.
    values : mapping, optional
        File value to the scheme's value.
    patient, source : str
        Whose it is and which collection it is from.
    fold : int, optional
        Fold the collection's table asks for.
    view : str
        ``"anterior"`` or ``"posterior"`` of a bone scan, else "".
    weight : float
        How often it is shown in an epoch.
    lungs : LungFiles, optional
        Reference masks of a known chest data set, instead of `labels`.
    """

    image: Path
    labels: Mapping[Path, int | None]
    scheme: LabelScheme
    values: Mapping[int, int] = dataclass_field(default_factory=dict)
    patient: str = ""
    source: str = ""
    fold: int | None = None
    view: str = ""
    weight: float = 1.0
    lungs: LungFiles | None = None

    @property
    def name(self) -> str:
        """Name of the image file without its folder."""
        return self.image.name

    def read(self) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Return the image (H, W) float32, air dark, and its labels (H, W) uint8 of the scheme or 255.

        Raises
        ------
        BadInput
            If a file cannot be read, the sizes differ, or a label is not of the scheme.
        """
        pixels = self.pixels()
        return pixels, self.truth((pixels.shape[0], pixels.shape[1]))

    def pixels(self) -> NDArray[np.float32]:
        """Return the image (H, W) float32, air dark."""
        from napari_tbcad.io.read import read_film

        return read_film(self.image).pixels

    def truth(self, shape: tuple[int, int]) -> NDArray[np.uint8]:
        """Return the labels (H, W) uint8 for an image of this shape; raises as :meth:`read`."""
        if self.lungs is not None:
            return self.lungs.read(shape)
        out = np.zeros(shape, np.uint8)
        for path, value in self.labels.items():
            found = _label_values(path)
            if found.shape != shape:
                raise BadInput(
                    path,
                    f"the labels have {found.shape[0]} × {found.shape[1]} pixels (rows × columns) but the "
                    f"image {self.image.name} has {shape[0]} × {shape[1]}",
                )
            if value is not None:
                out[found > 0] = value
            else:
                out = self._in_scheme(path, found)
        return out

    def _in_scheme(self, path: Path, found: NDArray[np.uint8]) -> NDArray[np.uint8]:
        table = np.arange(256, dtype=np.uint8)
        for old, new in self.values.items():
            table[old] = new
        present = np.flatnonzero(np.bincount(found.ravel(), minlength=256))  # np.unique sorts every pixel
        known = [*self.scheme.names, IGNORE]
        odd = sorted(set(table[present].tolist()) - set(known))
        if odd:
            raise BadInput(
                path,
                f"label {odd[0]} is not of the scheme {self.scheme.name!r}, which has "
                + ", ".join(f"{value} {name}" for value, name in self.scheme.names.items())
                + "; say what it means under data.sources.values",
            )
        return table[found] if self.values else found


def _label_values(path: Path) -> NDArray[np.uint8]:
    from napari_tbcad.io.masks import mask_values

    values = np.asarray(mask_values(path))
    if values.dtype == np.uint8:
        return values
    if values.size and (values.min() < 0 or values.max() > IGNORE or (values != np.rint(values)).any()):
        raise BadInput(
            path, f"labels are whole numbers from 0 to 255, this has {values.min()} to {values.max()}"
        )
    return values.astype(np.uint8)


def load_samples(source: DataSource, scheme: LabelScheme) -> list[Sample]:
    """List the samples of a collection.

    Parameters
    ----------
    source : DataSource
        Where they lie.
    scheme : LabelScheme
        What is learned.

    Returns
    -------
    list of Sample
        Sorted by file name; nothing is decoded yet.

    Raises
    ------
    BadInput
        If a folder or table is missing, an image has no labels, or there is no image at all.
    """
    rows = list_rows(source, scheme)
    samples = []
    for _, sample in rows:
        if isinstance(sample, BadInput):
            raise sample
        samples.append(sample)
    if source.layout != "films":
        require_own_files([row for row, _ in rows], samples)
    return samples


Row = dict[str, str]
"""A row of a collection's table; of a folder without one, its ``image`` alone."""


def list_rows(source: DataSource, scheme: LabelScheme) -> list[tuple[Row, Sample | BadInput]]:
    """List the images of a collection, each with its sample or with what keeps it from being one.

    Parameters
    ----------
    source : DataSource
        Where they lie.
    scheme : LabelScheme
        What is learned.

    Returns
    -------
    list of (dict, Sample or BadInput)
        Sorted by file name.

    Raises
    ------
    BadInput
        If the collection as a whole cannot be used: a folder or table is missing, or there is no image.
    """
    if not source.folder.is_dir():
        raise BadInput(source.folder, "there is no such folder")
    if source.layout == "films":
        return [({"image": s.image.as_posix()}, s) for s in _of_known_set(source, scheme)]
    if not isinstance(source.labels, str):
        _require_known(source.labels, scheme, source.folder)
    rows = _rows(source)
    if not rows:
        raise BadInput(source.folder, f"no image in {source.images}")
    return [(row, _sample_or_fault(source, scheme, row)) for row in rows]


def _sample_or_fault(source: DataSource, scheme: LabelScheme, row: Row) -> Sample | BadInput:
    try:
        return _sample(source, scheme, row)
    except BadInput as fault:
        return fault


def require_own_files(rows: list[dict[str, str]], samples: list[Sample]) -> None:
    """Refuse two rows that lead to one file: one of them would be learned with the other's labels."""
    seen: dict[Path, str] = {}
    for row, sample in zip(rows, samples, strict=True):
        for path in (sample.image, *sample.labels):
            if (other := seen.setdefault(path, _named(row))) != _named(row):
                raise BadInput(
                    path, f"the table means it for {other} and for {_named(row)}: write whole paths"
                )


def _named(row: Mapping[str, str]) -> str:
    return row.get("image") or row.get("file") or ""


def _of_known_set(source: DataSource, scheme: LabelScheme) -> list[Sample]:
    from napari_tbcad.io.datasets import load_dataset

    if scheme.name != "lungs":
        raise BadInput(source.folder, "layout films knows lung masks only; give folders for other tasks")
    films = load_dataset(source.folder).with_lungs().rows
    if not films:
        raise BadInput(source.folder, "no film of this data set has lung masks")
    return [
        Sample(f.path, {}, scheme, patient=f.patient, source=source.name, weight=source.weight, lungs=f.lungs)
        for f in films
    ]


def _rows(source: DataSource) -> list[dict[str, str]]:
    images = source.folder / source.images
    if not images.is_dir():
        raise BadInput(images, "there is no such folder of images")
    if not source.table:
        files = sorted(p for p in images.iterdir() if p.is_file() and not p.name.startswith("."))
        return [{"image": path.name} for path in files]
    path = source.folder / source.table
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(read_rows(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(path, f"cannot be read as a table ({error})") from error
    if rows and not {"image", "file"} & set(rows[0]):
        raise BadInput(path, "the table needs a column image (or file)")
    if any(not _named(row) for row in rows):
        raise BadInput(path, "a row names no image")
    missing = [name for name in source.where if rows and name not in rows[0]]
    if missing:
        raise BadInput(path, f"the table has no column {missing[0]!r}")
    rows = [r for r in rows if all(r[name] == value for name, value in source.where.items())]
    return sorted(rows, key=_named)


def _sample(source: DataSource, scheme: LabelScheme, row: Mapping[str, str]) -> Sample:
    name = Path(_named(row))
    inside = source.folder / source.images
    places = (inside / name, source.folder / name, inside / name.name)
    image = next((path for path in places if path.is_file()), None)
    if image is None:
        raise BadInput(source.folder / name, "the table lists this image, but it is not there")
    if isinstance(source.labels, str):
        given = row.get("label") or ""
        folder = source.folder / source.labels
        own = (source.folder / given,) if "/" in given else _below(folder, Path(given) if given else name)
        labels: dict[Path, int | None] = {_label_file(image, *own): None}
    else:
        labels = {
            _label_file(image, *_below(source.folder / part, name)): value
            for part, value in source.labels.items()
        }
    fold = row.get("fold") or ""
    if fold and not re.fullmatch("[0-9]{1,3}", fold):
        raise BadInput(source.folder / source.table, f"fold {fold!r} of {name} is not a whole number")
    return Sample(
        image,
        labels,
        scheme,
        values=source.values,
        patient=row.get("patient") or name.stem,
        source=row.get(source.grouped) or source.name,
        fold=int(fold) if fold else None,
        view=_view_of(row, source),
        weight=source.weight,
    )


def _view_of(row: Mapping[str, str], source: DataSource) -> str:
    view = row.get("view") or ""
    if view not in ("", *VIEWS):
        raise BadInput(
            source.folder / source.table, f"view {view!r} of {_named(row)} is not {' or '.join(VIEWS)}"
        )
    return view


def _require_known(labels: Mapping[str, int], scheme: LabelScheme, home: Path) -> None:
    """Refuse a mask that stands for no class of the scheme."""
    for part, value in labels.items():
        if value not in (*scheme.names, IGNORE):
            known = ", ".join(f"{number} {name}" for number, name in scheme.names.items())
            raise BadInput(home, f"labels.{part}: {value} is not of the scheme {scheme.name!r} ({known})")


def _below(folder: Path, name: Path) -> tuple[Path, ...]:
    """Return where a file of this name may lie: in the same place below the folder, else in the folder."""
    return (folder / name, folder / name.name) if not name.is_absolute() else (folder / name.name,)


def _label_file(image: Path, *wanted: Path) -> Path:
    for one in wanted:
        for suffix in (one.suffix, *_SUFFIXES):
            if (path := one.with_suffix(suffix)).is_file():
                return path
    last = wanted[-1]
    raise BadInput(image, f"has no label image {last.with_suffix('').name} in {last.parent.as_posix()}")
