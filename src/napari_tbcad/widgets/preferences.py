"""What the person set on the Preferences page, and the settings of a run that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import Any

NETWORKS = {
    "lungs": "lungs.network.model",
    "opacities": "opacities.model",
    "hotspots_anterior": "hotspots.network.anterior",
    "hotspots_posterior": "hotspots.network.posterior",
    "regions": "regions.network.model",
}
"""Fields of the page's section ``networks``, and the dotted setting that each stands for."""
_OF_BONE = ("hotspots", "regions")
OFF = "off"
"""What the person writes for no autosave."""


def default_folder() -> Path:
    """Return where cases are saved while a person works, when no folder was chosen: a person's own data."""
    import platformdirs

    return platformdirs.user_data_path("napari-tbcad", appauthor=False) / "autosave"


@dataclass(frozen=True)
class Preferences:
    """Preferences of this plugin.

    Parameters
    ----------
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``; of networks, features and classifier.
    segmenter : str or None
        Lung segmenter; None for the model's own.
    grid : int or None
        Longest side of the working grid; None for the model's own.
    autosave : Path or None
        Folder in which a case is saved while a person works on it; None when autosave is off.
    networks : mapping of str to str
        Networks that take the place of the packaged ones, by the keys of :data:`NETWORKS`.
    """

    device: str = "auto"
    segmenter: str | None = None
    grid: int | None = None
    autosave: Path | None = dataclass_field(default_factory=lambda: default_folder())
    networks: Mapping[str, str] = dataclass_field(default_factory=dict)

    def assignments(self) -> dict[str, Any]:
        """Return the dotted settings of the chest chain that these preferences set."""
        named = {
            "classify.device": self.device,
            "features.device": self.device,
            "lungs.network.device": self.device,
            "opacities.device": self.device,
            "lungs.segmenter": self.segmenter,
            "features.grid": self.grid,
        }
        return {name: value for name, value in named.items() if value is not None} | self._networks(
            bone=False
        )

    def bone_assignments(self) -> dict[str, Any]:
        """Return the dotted settings of the bone chain that these preferences set."""
        return self._networks(bone=True)

    def _networks(self, *, bone: bool) -> dict[str, str]:
        named = {NETWORKS[key]: model for key, model in self.networks.items()}
        return {name: model for name, model in named.items() if name.startswith(_OF_BONE) == bone}


def preferences() -> Preferences:
    """Read the Preferences page; the defaults where napari does not know the plugin (from source)."""
    from napari.settings import get_plugin_settings

    try:
        page: Any = get_plugin_settings("napari-tbcad")
    except KeyError:
        return Preferences()
    segmenter = str(_plain(page.chest.segmenter))
    return Preferences(
        device=str(_plain(page.general.device)),
        segmenter=None if segmenter == "default" else segmenter,
        grid=int(page.chest.grid) or None,
        autosave=autosave_folder(str(page.chest.autosave or "")),
        networks={
            key: model for key in NETWORKS if (model := str(getattr(page.networks, key) or "").strip())
        },
    )


def prefer_networks(networks: Mapping[str, str]) -> bool:
    """Write networks on the Preferences page; empty for the packaged one.

    Returns
    -------
    bool
        Whether there is a page; what was written is kept for later sessions then.
    """
    from napari.settings import get_plugin_settings

    try:
        page: Any = get_plugin_settings("napari-tbcad")
    except KeyError:
        return False
    for key, model in networks.items():
        setattr(page.networks, key, model)
    return True


def autosave_folder(text: str) -> Path | None:
    """Return the folder that the Preferences page names: empty is the default one, "off" none."""
    text = text.strip()
    if text.casefold() == OFF:
        return None
    return Path(text).expanduser() if text else default_folder()


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)
