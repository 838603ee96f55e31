"""Errors that a person can act on: each names the thing and the cause."""

from __future__ import annotations

from pathlib import Path


class TbcadError(Exception):
    """Root of the errors this package raises on purpose."""


class BadInput(TbcadError, ValueError):
    """An input file or array cannot be used.

    Parameters
    ----------
    source : str or Path
        The file (or the name of the array) at fault.
    cause : str
        What is wrong and, where there is one, the next step.
    """

    def __init__(self, source: str | Path, cause: str) -> None:
        self.source, self.cause = str(source), cause
        super().__init__(f"{Path(self.source).name or self.source}: {cause}")

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.source, self.cause)


class ModelRefused(BadInput):
    """A model or atlas file is broken, tampered with or does not fit the request."""


class Cancelled(TbcadError):
    """The person, or a newer request, stopped the work."""
