"""Measurements kept on disk: by the content of the film and the settings, so that none is made twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.batch.evaluating.film import FilmValues
from napari_tbcad.batch.evaluating.plans import Plan
from napari_tbcad.files import sha256, written_whole
from napari_tbcad.journal import Journal, read_journal

MEASURED, WORK, HASHES = "measured", "work", "hashes.json"

Vector = tuple[tuple[str, ...], NDArray[np.float64]]


class Kept:
    """One measurement as it is held in memory: names shared by all films, values in an array."""

    __slots__ = ("dice", "doubt", "elsewhere", "error", "grey", "inside", "pixels")

    def __init__(self, line: Mapping[str, Any], share: Any) -> None:
        self.inside: Vector = _vector(line["inside"], share)
        self.elsewhere = {name: _vector(values, share) for name, values in line["elsewhere"].items()}
        self.grey = np.array(line["grey"], dtype=np.float64)
        self.pixels, self.dice, self.error = line["pixels"], line["dice"], line["error"]
        self.doubt = line["doubt"]


class MeasuredStore:
    """The folder ``measured`` of an evaluation.

    Parameters
    ----------
    folder : Path
        ``DIR/measured``; made when something is added. Nothing is written for who only looks.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "films.jsonl"
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._held: dict[tuple[str, str], dict[tuple[str, str], Kept]] = {}
        for line in read_journal(self._path):
            self._hold(line)
        self._journal: Journal | None = None

    def find(self, content: str, plan: Plan) -> Kept | None:
        """Return what is known of a film (see `FilmTask.key`) under a plan, also of a larger feature set."""
        held = self._held.get((content, plan.settings), {})
        own = held.get((plan.feature_set, plan.networks))
        if own is not None:
            return own
        for (_, networks), kept in held.items():
            fits = plan.networks in ("", networks) and plan.names <= set(kept.inside[0])
            if fits and not kept.error:
                return kept
        return None

    def add(self, values: FilmValues, file: str) -> None:
        """Keep values, at once on disk; an error that may go away is held for this run alone."""
        line = {
            "content": values.content,
            "settings": values.settings,
            "feature_set": values.feature_set,
            "networks": values.networks,
            "file": file,
            "inside": dict(values.inside),
            "elsewhere": {name: dict(found) for name, found in values.elsewhere.items()},
            "grey": list(values.grey),
            "pixels": values.pixels,
            "dice": values.dice,
            "doubt": values.doubt,
            "error": values.error,
            "seconds": round(values.seconds, 3),
        }
        if not values.error or values.lasting:
            self._journal = self._journal or Journal(self._path)
            self._journal.add(line)
        self._hold(line)

    def close(self) -> None:
        """Close the journal."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _hold(self, line: Mapping[str, Any]) -> None:
        kept = Kept(line, lambda names: self._names.setdefault(names, names))
        key = (line["feature_set"], line.get("networks", ""))
        self._held.setdefault((line["content"], line["settings"]), {})[key] = kept


def _vector(values: Mapping[str, float], share: Any) -> Vector:
    return share(tuple(values)), np.array(list(values.values()), dtype=np.float64)


def content_hashes(paths: Sequence[Path], kept_in: Path | None = None) -> dict[Path, str]:
    """Return the SHA-256 of each file; files that cannot be read are left out.

    Parameters
    ----------
    paths : sequence of Path
    kept_in : Path, optional
        JSON file in which hashes are kept by path, size and time of change, so that a large set is read
        once only.
    """
    known = {} if kept_in is None else _read_hashes(kept_in)
    found, fresh = {}, False
    for path in paths:
        try:
            name, facts = _state(path)
            if known.get(name, [None])[:2] != facts:
                known[name] = [*facts, sha256(path)]
                fresh = True
            found[path] = known[name][2]
        except OSError:
            continue
    if kept_in is not None and fresh:
        with written_whole(kept_in) as temporary:
            temporary.write_text(json.dumps(known), encoding="utf-8")
    return found


def kept_hashes(paths: Sequence[Path], kept_in: Path) -> dict[Path, str]:
    """Return what :func:`content_hashes` kept of files unchanged since; reads no film, writes nothing."""
    known, found = _read_hashes(kept_in), {}
    for path in paths:
        with suppress(OSError):
            name, facts = _state(path)
            if known.get(name, [None])[:2] == facts:
                found[path] = str(known[name][2])
    return found


def _read_hashes(kept_in: Path) -> dict[str, list[Any]]:
    try:
        return json.loads(kept_in.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _state(path: Path) -> tuple[str, list[int]]:
    """Return the name under which a file's hash is kept, and its size and time of change."""
    stat = path.stat()
    return str(path.absolute()), [stat.st_size, stat.st_mtime_ns]
