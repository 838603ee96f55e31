"""Which networks there are: packaged with the program, or in the user's folder of models.

Nothing here reads more of a network than its card, and nothing imports torch or downloads.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import platformdirs

from napari_tbcad.content import digest
from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.files import sha256, written_whole
from napari_tbcad.limits import MAX_NETWORK_BYTES, MAX_PACKAGED_BYTES
from napari_tbcad.networks.card import NetworkCard
from napari_tbcad.networks.store import read_network_card
from napari_tbcad.plain_text import parse_json, read_text

VARIABLE = "NAPARI_TBCAD_MODELS"
"""Environment variable that names the folder of models."""
PACKAGED_LIST, INSTALLED_LIST, DOWNLOAD_LIST = "networks.json", "installed.json", "downloads.json"

SUFFIX = ".safetensors"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class NetworkEntry:
    """A network that can be asked for by name.

    Parameters
    ----------
    name : str
        What to ask for.
    path : Path
        Its file.
    packaged : bool
        Comes with the program.
    sha256 : str
        What the list says its hash is; empty for a file that was put into the folder by hand.
    """

    name: str
    path: Path
    packaged: bool = False
    sha256: str = ""

    @property
    def max_bytes(self) -> int:
        """Largest size that is read."""
        return MAX_PACKAGED_BYTES if self.packaged else MAX_NETWORK_BYTES

    def state(self) -> tuple[str, int, int]:
        """Return place, time and size of its file; raises :class:`ModelRefused` when it is missing."""
        try:
            found = self.path.stat()
        except OSError as error:
            raise ModelRefused(self.path, "the file of this network is missing") from error
        return str(self.path.resolve()), found.st_mtime_ns, found.st_size

    def card(self) -> NetworkCard:
        """Read its card; raises :class:`ModelRefused` when the file is not sound."""
        return read_network_card(self.path, max_bytes=self.max_bytes)


def models_folder() -> Path:
    """Return the user's folder of models: :data:`VARIABLE`, or the platform's folder of user data."""
    if named := os.environ.get(VARIABLE):
        return Path(named).expanduser()
    return platformdirs.user_data_path("napari-tbcad", appauthor=False) / "models"


def packaged_folder() -> Path:
    """Return the folder of the files that come with the program."""
    return Path(str(resources.files("napari_tbcad"))) / "weights"


def packaged_networks() -> tuple[str, ...]:
    """Return the names of the packaged networks; raises :class:`ModelRefused` when their list is broken."""
    return tuple(sorted(packaged_entries()))


def list_networks() -> list[NetworkEntry]:
    """Return all networks that can be asked for by name, packaged ones first."""
    return [*packaged_entries().values(), *installed_entries().values()]


def packaged_entries() -> dict[str, NetworkEntry]:
    """Return the packaged networks by name; raises ModelRefused when their list is broken."""
    folder = packaged_folder()
    listed = read_list(folder / PACKAGED_LIST)
    return {
        name: NetworkEntry(name, folder / f"{name}{SUFFIX}", True, item["sha256"])
        for name, item in sorted(listed.items())
    }


def installed_entries() -> dict[str, NetworkEntry]:
    """Return those in the user's folder by name; one named as a packaged network is left out."""
    folder, packaged = models_folder(), packaged_entries()
    listed = read_list(folder / INSTALLED_LIST)
    files = sorted(folder.glob(f"[!.]*{SUFFIX}")) if folder.is_dir() else []
    names = [file.name.removesuffix(SUFFIX) for file in files]
    return {
        name: NetworkEntry(name, file, False, listed.get(name, {}).get("sha256", ""))
        for name, file in zip(names, files, strict=True)
        if name not in packaged
    }


def read_list(path: Path) -> dict[str, dict[str, Any]]:
    """Read a list of networks: ``{"networks": {NAME: {"sha256": …, …}}}``; none when there is no file."""
    if not path.is_file():
        return {}
    try:
        content = parse_json(read_text(path))["networks"]
        for name, item in content.items():
            if not NAME.fullmatch(name) or not re.fullmatch("[0-9a-f]{64}", item["sha256"]):
                raise ValueError(f"{name!r} has no sound name or hash")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelRefused(path, f"the list of networks cannot be read ({error})") from error
    return content


def write_list(path: Path, networks: dict[str, dict[str, Any]]) -> None:
    """Write a list that :func:`read_list` reads, whole or not at all."""
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps({"networks": networks}, indent=1, sort_keys=True), encoding="utf-8")


def find_entry(name_or_path: str | Path) -> NetworkEntry:
    """Return where a network is, without reading it.

    Raises
    ------
    ModelRefused
        If there is neither a packaged nor an installed network of this name, nor such a file.
    """
    named = packaged_entries()
    if str(name_or_path) not in named:  # a broken list of the user's is no reason to refuse a packaged one
        named |= installed_entries()
    if str(name_or_path) in named:
        return named[str(name_or_path)]
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return NetworkEntry(path.stem, path)
    have = ", ".join(sorted(named)) or "none"
    cause = f"neither a network by this name (there are: {have}) nor a file"
    if str(name_or_path) in known_downloads():
        cause += f"; it is listed for download: fetch it, or save it as {models_folder() / f'{path}{SUFFIX}'}"
    raise ModelRefused(name_or_path, cause)


def locate(name_or_path: str | Path) -> Path:
    """Return the file of a network; raises as :func:`find_entry` does. Quick, and without torch."""
    return find_entry(name_or_path).path


def file_key(name_or_path: str | Path) -> str:
    """Return a digest that changes with the file of a network: its place, time and size."""
    entry = find_entry(name_or_path)
    return digest(*map(str, entry.state()), entry.sha256)


def file_key_if_any(name_or_path: str | Path) -> str:
    """Return :func:`file_key`, or an empty text where there is no file that could be used."""
    try:
        return file_key(name_or_path)
    except (BadInput, OSError):
        return ""


def hash_if_any(name_or_path: str | Path) -> str | None:
    """Return the SHA-256 of the file that would be used now; None where there is none.

    The file is read once for each state of it.
    """
    key = file_key_if_any(name_or_path)
    return _hash(str(name_or_path), key) if key else None


@lru_cache(maxsize=16)
def _hash(name: str, key: str) -> str | None:
    try:
        return sha256(locate(name))
    except (BadInput, OSError):
        return None


def known_downloads(folder: Path | None = None) -> dict[str, dict[str, Any]]:
    """Return what ``downloads.json`` in the folder of models lists: name → url and sha256."""
    path = (folder or models_folder()) / DOWNLOAD_LIST
    listed = read_list(path)
    if any(not isinstance(item.get("url"), str) for item in listed.values()):
        raise ModelRefused(path, "the list of networks cannot be read (an entry has no url)")
    return listed
