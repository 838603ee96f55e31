"""Images with their label images: found on disk, checked, decoded once."""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.content import digest
from napari_tbcad.errors import BadInput
from napari_tbcad.files import written_whole
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.networks.config import DataSource
from napari_tbcad.networks.input import InputParameters, labels_to_input, on_grid, to_input
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
        table = np.arange(256)
        for old, new in self.values.items():
            table[old] = new
        labels = table[found]
        known = [*self.scheme.names, IGNORE]
        odd = sorted(set(np.unique(labels).tolist()) - set(known))
        if odd:
            raise BadInput(
                path,
                f"label {odd[0]} is not of the scheme {self.scheme.name!r}, which has "
                + ", ".join(f"{value} {name}" for value, name in self.scheme.names.items())
                + "; say what it means under data.sources.values",
            )
        return labels.astype(np.uint8)


def _label_values(path: Path) -> NDArray[np.uint8]:
    from napari_tbcad.io.masks import mask_values

    values = np.asarray(mask_values(path))
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
    if not source.folder.is_dir():
        raise BadInput(source.folder, "there is no such folder")
    if source.layout == "films":
        return _of_known_set(source, scheme)
    rows = _rows(source)
    if not rows:
        raise BadInput(source.folder, f"no image in {source.images}")
    samples = [_sample(source, scheme, row) for row in rows]
    _require_own_files(rows, samples)
    return samples


def _require_own_files(rows: list[dict[str, str]], samples: list[Sample]) -> None:
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
            rows = list(csv.DictReader(file))
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
        _require_known(source.labels, scheme, source.folder)
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


@dataclass(frozen=True, eq=False)
class Decoded:
    """Samples on a network's grid, in memory.

    Parameters
    ----------
    images : (n, h, w) array of float32
        Normalised; of counts the counts themselves, since they are thinned before they are normalised.
    labels : (n, h, w) array of uint8
        Values of the scheme, or 255.
    samples : tuple of Sample
        What each is.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.uint8]
    samples: tuple[Sample, ...]

    def __len__(self) -> int:
        return len(self.samples)


def decode(
    samples: list[Sample],
    parameters: InputParameters,
    *,
    cache: Path | None = None,
    told: Callable[[int], None] | None = None,
) -> Decoded:
    """Read samples once and keep them on the network's grid.

    Parameters
    ----------
    samples : list of Sample
        At least one.
    parameters : InputParameters
        The grid; `fit` must not be ``"native"``, since a batch needs one size.
    cache : Path, optional
        Folder in which decoded samples are kept for the next time, keyed by files, their times and the grid.
    told : callable, optional
        Given the number of samples read, after each; what it raises ends the reading.

    Raises
    ------
    BadInput
        As :meth:`Sample.read`.
    """
    if parameters.fit == "native":
        raise BadInput("input.fit", "native is for prediction; choose stretch or pad to train")
    images = np.empty((len(samples), *parameters.size), np.float32)
    labels = np.empty((len(samples), *parameters.size), np.uint8)
    for index, sample in enumerate(samples):
        if parameters.views and sample.view not in parameters.views:
            raise BadInput(
                sample.image,
                f"its view is {sample.view or 'not told'} (column view of the table), but the network reads "
                + " and ".join(parameters.views),
            )
        images[index], labels[index] = _decoded(sample, parameters, cache)
        if told is not None:
            told(index + 1)
    return Decoded(images, labels, tuple(samples))


def _decoded(
    sample: Sample, parameters: InputParameters, cache: Path | None
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    kept = cache / f"{_key(sample, parameters)}.npz" if cache else None
    if kept is not None and kept.is_file():
        try:
            with np.load(kept, allow_pickle=False) as file:
                return file["image"], file["labels"]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
            pass  # half a file of an older version: made anew below
    pixels, truth = sample.read()
    counts = parameters.intensity == "counts"
    if counts and not (pixels > 0).any():
        raise BadInput(sample.image, "there is not one count in it")
    image = (on_grid if counts else to_input)(pixels, parameters).pixels
    labels = labels_to_input(truth, parameters, IGNORE)
    if kept is not None:
        with written_whole(kept) as temporary:
            np.savez(temporary, image=image, labels=labels)
    return image, labels


def _key(sample: Sample, parameters: InputParameters) -> str:
    files = [sample.image, *sample.labels]
    if sample.lungs is not None:
        files += [p for p in (sample.lungs.right, sample.lungs.left, sample.lungs.both) if p is not None]
    stats = [f"{path.resolve()}|{path.stat().st_mtime_ns}|{path.stat().st_size}" for path in files]
    means = repr((sorted(sample.values.items()), [sample.labels.get(p) for p in sample.labels]))
    return digest(*stats, means, sample.scheme.name, parameters.model_dump_json())
