"""Provenance: what was done to an image, by whom, with which parameters and versions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from napari_tbcad import __version__
from napari_tbcad.errors import BadInput
from napari_tbcad.files import written_whole
from napari_tbcad.plain_text import finite, first_line, parse_json, read_text, revived

RECORD_VERSION = 1

BY, PROGRAM = "by", "program"
"""Fact of an edit that gave a file, and its value where the file says that a program made it."""


def now() -> str:
    """Return the UTC time, ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Parameters(BaseModel):
    """Parameters of one stage: frozen, checked, and the source of form, CLI, record and docs.

    Sub-classes give every field a default through :func:`field`.
    """

    # A text field takes a number, too: an operating point of 0.7 arrives as one from YAML and --set.
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, coerce_numbers_to_str=True)


def field(
    default: Any,
    *,
    title: str,
    description: str,
    unit: str | None = None,
    more: bool = False,
    slider: bool = False,
    **bounds: Any,
) -> Any:
    """Declare one parameter.

    Parameters
    ----------
    default : object
        The documented default.
    title : str
        The label of the control.
    description : str
        What the parameter changes, in one or two sentences (tooltip, ``--help``, docs).
    unit : str, optional
        Unit of the value, such as ``"px"`` or ``"mm"``.
    more : bool, optional
        True for a setting that belongs under "More" rather than in plain sight.
    slider : bool, optional
        True for a bounded number that a person turns while looking at what it does.
    **bounds
        pydantic's constraints: ``ge``, ``gt``, ``le``, ``lt``, ``multiple_of``.
    """
    extra: dict[str, Any] = {"unit": unit, "more": more, "slider": slider}
    return Field(default, title=title, description=description, json_schema_extra=extra, **bounds)


@dataclass(frozen=True)
class Step:
    """One thing the program did.

    Parameters
    ----------
    name : str
        Name of the step, such as ``"clahe"``.
    parameters : Parameters or mapping, optional
        What it was called with; kept as plain JSON values.
    model : str, optional
        Name and hash of the model or atlas used.
    facts : mapping, optional
        Measured outcomes worth keeping (JSON values), such as ``{"score": 0.93}``.
    version : str, optional
        Version of this package.
    """

    name: str
    parameters: Any = dataclass_field(default_factory=dict)
    model: str | None = None
    facts: Mapping[str, Any] = dataclass_field(default_factory=dict)
    version: str = __version__

    def __post_init__(self) -> None:
        if isinstance(self.parameters, BaseModel):
            object.__setattr__(self, "parameters", self.parameters.model_dump(mode="json"))


@dataclass(frozen=True)
class Edit:
    """One thing a person did to a mask.

    Parameters
    ----------
    target : str
        What was edited, such as ``"sensitive"``.
    pixels : int
        Number of pixels that differ from before the edit.
    dice_before, dice_after : float, optional
        Dice overlap with the automatic mask before and after.
    when : str, optional
        UTC time, ISO 8601.
    tool : str, optional
        With what, such as ``"brush"`` or ``"file"``.
    reader : str, optional
        Who; empty when nobody said.
    facts : mapping, optional
        What a file that was given says of its making (JSON values).
    """

    target: str
    pixels: int
    dice_before: float | None = None
    dice_after: float | None = None
    when: str = dataclass_field(default_factory=lambda: now())
    tool: str = "brush"
    reader: str = ""
    facts: Mapping[str, Any] = dataclass_field(default_factory=dict, hash=False)

    @property
    def by_program(self) -> bool:
        """Whether what was given is a program's work, as its file says: a person chose it, no more."""
        return self.facts.get(BY) == PROGRAM


@dataclass(frozen=True)
class Record:
    """An ordered, immutable history of steps and edits."""

    entries: tuple[Step | Edit, ...] = ()

    def __add__(self, entry: Step | Edit | Record) -> Record:
        more = entry.entries if isinstance(entry, Record) else (entry,)
        return Record(self.entries + more)

    def __iter__(self) -> Iterator[Step | Edit]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def to_json(self) -> str:
        """Return the record as JSON text."""
        content = {"record_version": RECORD_VERSION, "entries": entries_as_json(self)}
        return json.dumps(finite(content), indent=1, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str, source: str | Path = "record") -> Record:
        """Read what :meth:`to_json` wrote.

        Raises
        ------
        BadInput
            If the text is not such a record, or was written by a newer format.
        """
        try:
            content = revived(parse_json(text))
            if content["record_version"] > RECORD_VERSION:
                raise BadInput(
                    source, f"record format {content['record_version']} is newer than this program"
                )
            return cls(_ENTRIES.validate_python(content["entries"]))
        except BadInput:
            raise
        except (LookupError, TypeError, ValueError) as error:
            raise BadInput(source, f"not a record of this program ({first_line(error)})") from error

    def save(self, path: str | Path) -> None:
        """Write the record as JSON, whole or not at all."""
        with written_whole(path) as temporary:
            temporary.write_text(self.to_json(), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Record:
        """Read a record file; raises :class:`BadInput` when it is not one."""
        return cls.from_json(read_text(path), path)


# Pydantic writes null for numbers that are not finite, unless it is told to keep them.
_ENTRIES = TypeAdapter(tuple[Step | Edit, ...], config=ConfigDict(ser_json_inf_nan="constants"))


def entries_as_json(record: Record) -> list[Any]:
    """Return the entries of a record as JSON values; numbers that are not finite stay floats."""
    return _ENTRIES.dump_python(record.entries, mode="json")
