"""Models by name or by path."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tbcad.errors import ModelRefused

if TYPE_CHECKING:
    from napari_tbcad.chest.classify.model import ChestModel

DEMONSTRATION = "demonstration"
"""Name of the packaged model that works on first start."""

_SUFFIX = ".skops"


def _folder() -> Path:
    return Path(str(resources.files("napari_tbcad"))) / "weights"


def packaged_models() -> dict[str, Callable[[], ChestModel]]:
    """Return a loader for each packaged model, by name."""
    files = sorted(_folder().glob(f"*{_SUFFIX}"))
    return {file.name.removesuffix(_SUFFIX): partial(_load, file) for file in files}


@cache
def _load(file: Path) -> ChestModel:
    from napari_tbcad.chest.classify.store import load_model  # all of scikit-learn

    return load_model(file)


def packaged_file(name: str) -> Path | None:
    """Return the file of a packaged model; None where there is none of this name."""
    return _folder() / f"{name}{_SUFFIX}" if name in packaged_models() else None


def packaged_model(name: str = DEMONSTRATION) -> ChestModel:
    """Return a packaged model; raises :class:`ModelRefused` when it is not there or not sound."""
    models = packaged_models()
    if name not in models:
        have = ", ".join(models) or "none"
        raise ModelRefused(name, f"there is no packaged model of this name (there are: {have})")
    return models[name]()


def find_model(name_or_path: str | Path) -> ChestModel:
    """Return a model by packaged name, or by the path of a file that ``chest train`` wrote.

    Raises
    ------
    ModelRefused
        If there is neither, or the file is broken, tampered with or not a model.
    """
    if packaged_file(str(name_or_path)) is not None:
        return packaged_model(str(name_or_path))
    path = model_path(name_or_path)
    from napari_tbcad.chest.classify.store import load_model

    return load_model(path)


def model_path(name_or_path: str | Path) -> Path:
    """Return the file of a model by packaged name or path; raises :class:`ModelRefused` without one."""
    if (packaged := packaged_file(str(name_or_path))) is not None:
        return packaged
    path = Path(name_or_path)
    if not path.is_file():
        have = ", ".join(packaged_models()) or "none"
        raise ModelRefused(name_or_path, f"neither a packaged model (there are: {have}) nor a file")
    return path
