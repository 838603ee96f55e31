"""Scores of a run in a file: JSON, written whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from napari_tbcad.errors import BadInput
from napari_tbcad.files import written_whole
from napari_tbcad.plain_text import parse_json, read_text


class ScoreFile:
    """Saving and reading of what can be turned into JSON and back."""

    def to_json(self) -> dict[str, Any]:
        """Return all of it as what JSON can hold."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, content: Mapping[str, Any], source: str | Path = "scores") -> Self:
        """Return what :meth:`to_json` gave; `source`, the file, is named in errors."""
        raise NotImplementedError

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        with written_whole(path) as temporary:
            temporary.write_text(json.dumps(self.to_json(), separators=(",", ":")), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file.

        Raises
        ------
        BadInput
            If it cannot be read, or is none of this kind and version.
        """
        try:
            content = parse_json(read_text(path))
        except BadInput:
            raise
        except ValueError as error:
            raise BadInput(path, f"cannot be read ({error})") from error
        return cls.from_json(content, path)
