"""Where trainings are kept: as the Preferences page says, else with the person's own data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_tbcad.batch.trainings import state as training_state


def default_folder() -> Path:
    """Return where trainings are kept when no folder was chosen."""
    return training_state.trainings_home()


def trainings_folder() -> Path:
    """Return the folder in which each training has its own."""
    page = _page()
    said = str(getattr(page, "folder", "") or "").strip()
    return Path(said).expanduser() if said else default_folder()


def set_trainings_folder(folder: Path) -> bool:
    """Keep trainings elsewhere from now on; return whether napari could take note of it."""
    page = _page()
    if page is None:
        return False
    page.folder = "" if folder == default_folder() else str(folder)
    return True


def _page() -> Any:
    from napari.settings import get_plugin_settings

    try:
        return getattr(get_plugin_settings("napari-tbcad"), "training", None)
    except KeyError:  # run from source, without a manifest
        return None
