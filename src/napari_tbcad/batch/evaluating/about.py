"""What evaluation.json says: what was done, on what, with what."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from napari_tbcad import __version__
from napari_tbcad.batch.evaluating.config import EvaluationConfig
from napari_tbcad.batch.evaluating.found import Duplicate, Found, FoundFilm, LeftOut, counted_sources
from napari_tbcad.batch.evaluating.sessions import Clock

VERSION = 1
_DEFAULTS = EvaluationConfig().model_dump()
_OPTIONS = {
    "segmenters": "--segmenter",
    "feature_sets": "--feature-set",
    "definitions": "--definition",
    "methods": "--method",
    "design": "--design",
    "folds": "--folds",
    "repeats": "--repeats",
    "holdout": "--holdout",
    "explain": "--explain",
    "bootstrap": "--bootstrap",
    "seed": "--seed",
}
"""Fields of the configuration that have an option of the command line."""
_LIBRARIES = ("numpy", "scipy", "pandas", "scikit-learn", "scikit-image", "torch", "pillow", "SimpleITK")


def about_run(
    found: Found,
    films: Sequence[FoundFilm],
    left_out: Sequence[LeftOut],
    duplicates: Sequence[Duplicate],
    config: EvaluationConfig,
    settings: Any,
    *,
    assignments: Mapping[str, Any],
    design: str,
    command: str,
    clock: Clock,
    workers: int,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the content of evaluation.json but the verdict.

    Parameters
    ----------
    found : Found
        What the look at the data said.
    films : sequence of FoundFilm
        Films that were judged.
    left_out, duplicates
        All of them, those found by measuring, too.
    config : EvaluationConfig
    settings : ChestSettings
        Of the main variant.
    assignments : mapping
        Settings that differ from the defaults.
    design, command : str
    clock : Clock
        When the evaluation began, and in how many sessions it is made.
    workers : int
        Local processes.
    notes : sequence of str
        What a reader of the report should know.
    """
    names = " on ".join(dict.fromkeys(one.name for one in reversed(found.sets)))
    device = _device(settings)
    return {
        "version": VERSION,
        "title": f"{names}, {design}",
        "design": design,
        "command": command,
        "seed": config.seed,
        "started": clock.first.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": clock.seconds,
        "sessions": clock.number,
        "program": f"napari-tbcad {__version__}",
        "versions": versions(),
        "device": device,
        "cores": os.cpu_count(),
        "workers": workers,
        "data": [_data(one, films, left_out, duplicates) for one in found.sets],
        "variants": [variant_facts(variant, settings) for variant in config.variants],
        "methods": list(config.methods),
        "config": config.model_dump(mode="json"),
        "settings": {name: plain(value) for name, value in assignments.items()},
        "verdict": {"level": "", "text": ""},
        "notes": [*found.notes, *notes],
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that numbers depend on."""
    found = {"napari-tbcad": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def variant_facts(variant: Any, settings: Any) -> dict[str, Any]:
    """Return how one variant was measured."""
    features = settings.features
    return {
        "id": variant.id,
        **variant.columns,
        "levels": features.levels,
        "grid": features.grid,
        "image": features.image,
        "main": variant.main,
    }


def _data(
    one: Any, films: Sequence[FoundFilm], left_out: Sequence[LeftOut], duplicates: Sequence[Duplicate]
) -> dict[str, Any]:
    mine = [film for film in films if film.role == one.role]
    names = {film.file for film in mine} | {out.file for out in left_out if out.role == one.role}
    tb = sum(film.row.label == 1 for film in mine)
    return {
        "role": one.role,
        "name": one.name,
        "path": one.path.absolute().name,
        "listed": one.listed,
        "films": len(mine),
        "tb": tb,
        "normal": len(mine) - tb,
        "patients": len({film.patient for film in mine}),
        "sources": counted_sources(mine),
        "left_out": sum(out.role == one.role for out in left_out),
        "left_out_by": dict(Counter(out.kind for out in left_out if out.role == one.role)),
        "duplicates": sum(copy.file in names for copy in duplicates),
        "age_sex_known": sum(film.row.age is not None and film.row.sex is not None for film in mine),
        "reference_lungs": sum(film.row.lungs is not None for film in mine),
        "terms": one.terms,
    }


def _device(settings: Any) -> str:
    """Return where networks ran."""
    if settings.lungs.segmenter != "network":
        return "cpu"
    from napari_tbcad.errors import BadInput
    from napari_tbcad.networks.devices import choose_device

    try:
        return str(choose_device(settings.lungs.network.device))
    except BadInput:
        return "cpu"


def plain(value: Any) -> Any:
    """Return a setting as JSON; a path without its folders, which may be private."""
    if isinstance(value, Path):
        return value.name
    if isinstance(value, str) and ("/" in value or "\\" in value) and Path(value).exists():
        return Path(value).name
    return value if isinstance(value, (str, int, float, bool, list, dict)) or value is None else str(value)


def typed_command(arguments: Sequence[str] | None = None) -> str:
    """Return the command line as typed, paths without their folders, which may be private.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program; those of this process when not given.

    Returns
    -------
    str
        Empty where this process was begun with another command.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if "evaluate" not in words:
        return ""
    return shlex.join(["napari-tbcad", *(_short(word) for word in words)])


def equal_command(
    path: Path,
    out: Path,
    config: EvaluationConfig,
    *,
    test: Path | None,
    splits: Path | None,
    reader: Path | None,
    atlas: str | None,
    classifier: str | None,
    assignments: Mapping[str, Any],
) -> str:
    """Return the command line that does the same as a call from a window or from Python."""
    words = ["chest", "evaluate", str(path), "--out", str(out)]
    others = {"--test": test, "--splits": splits, "--reader": reader, "--atlas": atlas}
    for name, value in {**others, "--classifier": classifier}.items():
        words += [name, str(value)] if value is not None else []
    given = {name: getattr(config, name) for name in config.model_fields_set}
    for field, name in _OPTIONS.items():
        if field in given and given[field] is not None and given[field] != _DEFAULTS[field]:
            value = given[field]
            words += [name, ",".join(value) if isinstance(value, tuple) else str(value)]
    if given.get("learning_curve") is False:
        words.append("--no-learning-curve")
    for name, value in assignments.items():
        words += ["--set", f"{name}={value}"]
    return typed_command(words)


def _short(word: str) -> str:
    name, equals, value = word.partition("=")
    if equals:
        return f"{name}={_short(value)}"
    return Path(word.replace("\\", "/")).name or word if {"/", "\\"} & set(word) else word
