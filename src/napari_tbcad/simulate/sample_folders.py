"""Where the packaged samples lie."""

from __future__ import annotations

from pathlib import Path


def sample_folders() -> tuple[Path, ...]:
    """Return where samples are looked for: in the package, then in the repository it is run from."""
    here = Path(__file__).resolve()
    return here.parents[1] / "sample_data", here.parents[3] / "sample_data"


def is_sample(path: Path) -> bool:
    """Tell whether a file is one of the packaged samples."""
    return any(path.resolve().is_relative_to(folder) for folder in sample_folders())
