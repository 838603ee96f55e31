"""A case: one study on disk in one file, with every reading of it, reopened exactly.

Knows no workflow: label images, arrays, tables and JSON values by name. What they mean is said by the
workflow that made them (``chest/cases.py``). The file format is described in docs/case_format.md.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_tbcad import __version__
from napari_tbcad.archive import Reader, Writer, opened_archive, written_archive
from napari_tbcad.errors import BadInput
from napari_tbcad.files import guarded
from napari_tbcad.reading import ImageReference as ImageReference
from napari_tbcad.reading import Labels as Labels
from napari_tbcad.reading import Reading as Reading
from napari_tbcad.reading import Verdict as Verdict
from napari_tbcad.record import Record, now
from napari_tbcad.settings import first_fault

FORMAT, VERSION, SUFFIX = "napari-tbcad case", 1, ".tbcad"

_HEAD = "case.json"
_NAME = re.compile(r"\w[\w .-]{0,99}", re.ASCII)


@dataclass(frozen=True, eq=False)
class CaseHead:
    """What a list of cases shows: no arrays, no edits.

    Parameters
    ----------
    path : Path
        The case file.
    workflow : str
        ``"chest"`` or ``"bone"``.
    images : mapping of str to ImageReference
        Images by role.
    readings : tuple of Reading
        Without labels and record, the first reader's first.
    saved : str
        UTC time of saving.
    program : str
        Version of this package that saved it.
    """

    path: Path
    workflow: str
    images: Mapping[str, ImageReference]
    readings: tuple[Reading, ...]
    saved: str
    program: str

    @property
    def image(self) -> ImageReference:
        """The first image."""
        return next(iter(self.images.values()))


@dataclass(frozen=True, eq=False)
class Case:
    """One study with every reading of it.

    Parameters
    ----------
    workflow : str
        Which workflow made it.
    images : mapping of str to ImageReference
        At least one, by role (``"film"``).
    readings : tuple of Reading
        At least one.
    labels : mapping of str to (H, W) array of uint8 or uint16
        Automatic label images.
    arrays : mapping of str to array
        Other arrays of numbers, embedded images among them.
    tables : mapping of str to mapping of str to sequence
        Tables for people, column by column; also written as CSV.
    values : mapping
        JSON values that belong to the automatic outputs.
    saved : str
        UTC time of saving.
    program : str
        Version of this package that saved it.
    """

    workflow: str
    images: Mapping[str, ImageReference]
    readings: tuple[Reading, ...]
    labels: Labels = dataclass_field(default_factory=dict)
    arrays: Labels = dataclass_field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Sequence[Any]]] = dataclass_field(default_factory=dict)
    values: Mapping[str, Any] = dataclass_field(default_factory=dict)
    saved: str = dataclass_field(default_factory=now)
    program: str = __version__

    def __post_init__(self) -> None:
        if not self.images or not self.readings:
            raise ValueError("a case has an image and a reading")

    @property
    def image(self) -> ImageReference:
        """The first image."""
        return next(iter(self.images.values()))

    @property
    def last(self) -> Reading:
        """The last reading: the case's settings, record, result and warnings."""
        return self.readings[-1]

    def save(self, path: str | Path) -> None:
        """Write the case, whole or not at all.

        Raises
        ------
        BadInput
            If the place cannot be written, or a name or array does not fit the format.
        """
        path = Path(path)
        with written_archive(path) as archive:
            archive.json(_HEAD, self._head(path))
            _write_labels(archive, "labels", self.labels)
            for name, array in self.arrays.items():
                archive.array(f"arrays/{_checked(name)}.npy", array)
            for name, table in self.tables.items():
                archive.text(f"tables/{_checked(name)}.csv", _as_csv(table))
            for number, reading in enumerate(self.readings, 1):
                archive.text(f"readings/{number}/record.json", reading.record.to_json())
                _write_labels(archive, f"readings/{number}/labels", reading.labels)
                _write_labels(archive, f"readings/{number}/automatic", reading.automatic)

    @classmethod
    def load(cls, path: str | Path) -> Case:
        """Read a case.

        Raises
        ------
        BadInput
            If the file is missing, damaged, no case, or of a newer format; names file and cause.
        """
        path = Path(path)
        with opened_archive(path, "case") as archive:
            body = _body_of(path, archive)
            readings = tuple(
                replace(
                    one.reading(),
                    record=Record.from_json(archive.text(f"readings/{number}/record.json"), path),
                    labels=_read_labels(archive, f"readings/{number}/labels", one.labels),
                    automatic=_read_labels(archive, f"readings/{number}/automatic", one.automatic),
                )
                for number, one in enumerate(body.readings, 1)
            )
            return cls(
                workflow=body.workflow,
                images=body.images,
                readings=readings,
                labels=_read_labels(archive, "labels", body.labels),
                arrays={name: archive.array(f"arrays/{_checked(name, path)}.npy") for name in body.arrays},
                tables=body.tables,
                values=body.values,
                saved=body.saved,
                program=body.program,
            )

    @classmethod
    def peek(cls, path: str | Path) -> CaseHead:
        """Read what a list shows, quickly; raises as :meth:`load` does."""
        path = Path(path)
        with opened_archive(path, "case") as archive:
            body = _body_of(path, archive)
        readings = tuple(one.reading() for one in body.readings)
        return CaseHead(path, body.workflow, body.images, readings, body.saved, body.program)

    def _head(self, path: Path) -> dict[str, Any]:
        folder = path.absolute().parent
        images = {
            name: replace(one, relative=_relative(one.path, folder)) for name, one in self.images.items()
        }
        return {
            "format": FORMAT,
            "version": VERSION,
            "workflow": self.workflow,
            "program": self.program,
            "saved": self.saved,
            "images": {_checked(name): vars(one) for name, one in images.items()},
            "labels": list(self.labels),
            "arrays": list(self.arrays),
            "tables": {name: dict(table) for name, table in self.tables.items()},
            "values": self.values,
            "readings": [
                {
                    **{n: getattr(one, n) for n in _Reading.model_fields},
                    "labels": list(one.labels),
                    "automatic": list(one.automatic),
                }
                for one in self.readings
            ],
        }


class _Part(BaseModel):
    # What a later version of the same format adds is passed over.
    model_config = ConfigDict(extra="ignore", strict=False)


class _Reading(_Part):
    reader: str
    when: str
    verdict: Verdict
    program: str
    labels: list[str]
    automatic: list[str]
    result: dict[str, Any] | None
    values: dict[str, Any]
    settings: dict[str, Any]
    models: dict[str, Any]
    warnings: tuple[str, ...]

    def reading(self) -> Reading:
        own = {name: getattr(self, name) for name in _Reading.model_fields}
        return Reading(**own | {"labels": {}, "automatic": {}})


class _Body(_Part):
    workflow: str
    program: str
    saved: str
    images: dict[str, ImageReference] = Field(min_length=1)
    labels: list[str]
    arrays: list[str]
    tables: dict[str, dict[str, list[Any]]]
    values: dict[str, Any]
    readings: list[_Reading] = Field(min_length=1)


def _body_of(path: Path, archive: Reader) -> _Body:
    content = archive.json(_HEAD)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BadInput(path, "not a case of this program")
    version = content.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise BadInput(
            path, f"case format {version} is newer than this program reads ({VERSION}): update the program"
        )
    try:
        return _Body.model_validate(content)
    except ValidationError as error:
        said = ": ".join(filter(None, first_fault(error)))
        raise BadInput(path, f"its {_HEAD} cannot be read ({said})") from error


def _write_labels(archive: Writer, folder: str, labels: Labels) -> None:
    for name, image in labels.items():
        archive.labels(f"{folder}/{_checked(name)}.png", np.asarray(image))


def _read_labels(archive: Reader, folder: str, names: list[str]) -> dict[str, NDArray[Any]]:
    return {name: archive.labels(f"{folder}/{_checked(name, archive.path)}.png") for name in names}


def _checked(name: str, source: str | Path = "case") -> str:
    if not _NAME.fullmatch(name):
        raise BadInput(source, f"{name!r} cannot name a part of a case (letters, digits, space, . _ -)")
    return name


def _relative(path: str, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix() if path else ""
    except ValueError:  # another drive
        return ""


def _as_csv(table: Mapping[str, Sequence[Any]]) -> str:
    held = io.StringIO(newline="")
    writer = csv.writer(held)
    writer.writerow(table)
    rows = zip(*cast(Any, table.values()), strict=True)
    writer.writerows([guarded(one) if isinstance(one, str) else one for one in row] for row in rows)
    return "\ufeff" + held.getvalue()
