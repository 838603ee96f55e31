"""Errors that a person can act on: each names the thing and the cause."""

from __future__ import annotations

from pathlib import Path

_LONGEST = 600
"""Letters of a cause: some sentences."""


class TbcadError(Exception):
    """Root of the errors this package raises on purpose."""


class BadInput(TbcadError, ValueError):
    """An input file or array cannot be used.

    Parameters
    ----------
    source : str or Path
        The file (or the name of the array) at fault.
    cause : str
        What is wrong and, where there is one, the next step. What it quotes from a file may be of any length
        and kind; it is cut, and what cannot be printed is replaced.
    """

    def __init__(self, source: str | Path, cause: str) -> None:
        self.source, self.cause = str(source) or "input", _printable(cause, _LONGEST)
        name = _printable(Path(self.source).name or self.source, _LONGEST // 2)
        super().__init__(f"{name}: {self.cause}")

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.source, self.cause)


def _printable(text: str, longest: int) -> str:
    if len(text) > longest:
        text = f"{text[: longest - 1]}…"
    return "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in text)


class ModelRefused(BadInput):
    """A model or atlas file is broken, tampered with or does not fit the request."""


class Cancelled(TbcadError):
    """The person, or a newer request, stopped the work."""
