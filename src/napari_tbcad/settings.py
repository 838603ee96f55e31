"""Changing some of a chain's settings by their dotted names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from napari_tbcad.errors import BadInput
from napari_tbcad.record import Parameters

Settings = TypeVar("Settings", bound=Parameters)


def assigned(base: Settings, assignments: Mapping[str, Any]) -> Settings:
    """Return settings with some values replaced.

    Parameters
    ----------
    base : Parameters
        What is not assigned; a model with a section per stage.
    assignments : mapping
        Dotted names and values, such as ``{"lungs.atlas.n_films": 5}``; text is converted.

    Raises
    ------
    BadInput
        If a name does not exist or a value is out of bounds; the message names both.
    """
    content = base.model_dump()
    for name, value in assignments.items():
        *path, last = name.split(".")
        section: Any = content
        for part in path:
            section = section.get(part) if isinstance(section, dict) else None
        if not isinstance(section, dict) or last not in section:
            known = ", ".join(section) if isinstance(section, dict) else ", ".join(content)
            raise BadInput(name, f"there is no such setting; there are {known}")
        section[last] = value
    try:
        return type(base).model_validate(content)
    except ValidationError as error:
        raise BadInput(*first_fault(error, value=True)) from error


def first_fault(error: ValidationError, *, value: bool = False) -> tuple[str, str]:
    """Return where the first fault of some values lies, "" for all of them together, and what it is.

    Parameters
    ----------
    error : ValidationError
        Of pydantic, whose own words before those of our checks are left out.
    value : bool
        Say the value, too, where the fault does not.
    """
    first = error.errors()[0]
    own = first.get("ctx", {}).get("error")
    where = ".".join(map(str, first["loc"]))
    if isinstance(own, BadInput):
        return where, own.cause
    said, given = str(own) if isinstance(own, ValueError) else first["msg"], first["input"]
    if value and isinstance(given, str | int | float | None) and str(given) not in said:
        said = f"{said}, not {given!r}"
    return where, said
