"""Networks by name or by path: packaged with the program, or in the user's folder of models.

Nothing here imports torch until a network is loaded, and nothing downloads unless it is asked to.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import platformdirs

from napari_tbcad.content import digest
from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.files import sha256, written_whole
from napari_tbcad.networks.build import Say
from napari_tbcad.networks.card import NetworkCard
from napari_tbcad.networks.download import download
from napari_tbcad.networks.store import MAX_BYTES, Network, load_network, read_network_card

VARIABLE = "NAPARI_TBCAD_MODELS"
"""Environment variable that names the folder of models."""
PACKAGED_LIST, INSTALLED_LIST, DOWNLOAD_LIST = "networks.json", "installed.json", "downloads.json"
PACKAGED_MAX_BYTES = 64 * 2**20

_SUFFIX = ".safetensors"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEEP = 4
"""Networks kept in memory."""


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
        return PACKAGED_MAX_BYTES if self.packaged else MAX_BYTES

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
    """Return the names of the packaged networks; raises ModelRefused when their list is broken."""
    return tuple(sorted(_packaged()))


def list_networks() -> list[NetworkEntry]:
    """Return all networks that can be asked for by name, packaged ones first."""
    return [*_packaged().values(), *_installed().values()]


def _packaged() -> dict[str, NetworkEntry]:
    folder = packaged_folder()
    listed = _listed(folder / PACKAGED_LIST)
    return {
        name: NetworkEntry(name, folder / f"{name}{_SUFFIX}", True, item["sha256"])
        for name, item in sorted(listed.items())
    }


def _installed() -> dict[str, NetworkEntry]:
    folder, packaged = models_folder(), _packaged()
    listed = _listed(folder / INSTALLED_LIST)
    files = sorted(folder.glob(f"[!.]*{_SUFFIX}")) if folder.is_dir() else []
    names = [file.name.removesuffix(_SUFFIX) for file in files]
    return {
        name: NetworkEntry(name, file, False, listed.get(name, {}).get("sha256", ""))
        for name, file in zip(names, files, strict=True)
        if name not in packaged
    }


def _listed(path: Path) -> dict[str, dict[str, Any]]:
    """Read a list of networks: ``{"networks": {NAME: {"sha256": …, …}}}``; none when there is no file."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))["networks"]
        for name, item in content.items():
            if not _NAME.fullmatch(name) or not re.fullmatch("[0-9a-f]{64}", item["sha256"]):
                raise ValueError(f"{name!r} has no sound name or hash")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelRefused(path, f"the list of networks cannot be read ({error})") from error
    return content


def _write_list(path: Path, networks: dict[str, dict[str, Any]]) -> None:
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps({"networks": networks}, indent=1, sort_keys=True), encoding="utf-8")


def find_entry(name_or_path: str | Path) -> NetworkEntry:
    """Return where a network is, without reading it.

    Raises
    ------
    ModelRefused
        If there is neither a packaged nor an installed network of this name, nor such a file.
    """
    named = {**_installed(), **_packaged()}
    if str(name_or_path) in named:
        return named[str(name_or_path)]
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return NetworkEntry(path.stem, path)
    have = ", ".join(sorted(named)) or "none"
    cause = f"neither a network by this name (there are: {have}) nor a file"
    if str(name_or_path) in known_downloads():
        cause += (
            f"; it is listed for download: fetch it, or save it as {models_folder() / f'{path}{_SUFFIX}'}"
        )
    raise ModelRefused(name_or_path, cause)


def locate(name_or_path: str | Path) -> Path:
    """Return the file of a network; raises as :func:`find_entry` does. Quick, and without torch."""
    return find_entry(name_or_path).path


def file_key(name_or_path: str | Path) -> str:
    """Return a digest that changes with the file of a network: its place, time and size."""
    path = locate(name_or_path)
    state = path.stat()
    return digest(str(path.resolve()), str(state.st_mtime_ns), str(state.st_size))


_loaded: dict[tuple[Any, ...], Network] = {}
_lock = threading.Lock()


def find_network(
    name_or_path: str | Path, *, task: str | None = None, channels: int | None = None
) -> Network:
    """Return a network by packaged or installed name, or by the path of a file.

    The last few are kept in memory; a file that changed is read anew. Safe to call from several threads.

    Parameters
    ----------
    name_or_path : str or Path
        The network.
    task : str, optional
        The task it is wanted for.
    channels : int, optional
        Channels of the images it is wanted for.

    Raises
    ------
    ModelRefused
        If there is none, or it is refused (see :func:`load_network`).
    """
    entry = find_entry(name_or_path)
    with _lock:
        try:
            state = entry.path.stat()
        except OSError as error:
            raise ModelRefused(entry.path, "the file of this network is missing") from error
        key = (str(entry.path.resolve()), state.st_mtime_ns, state.st_size, entry.sha256)
        network = _loaded.pop(key, None)
        if network is None:
            expected = entry.sha256 or None
            network = load_network(entry.path, expected_sha256=expected, max_bytes=entry.max_bytes)
        _loaded[key] = network
        while len(_loaded) > _KEEP:
            del _loaded[next(iter(_loaded))]
    if task is not None and network.card.task != task:
        raise ModelRefused(entry.name, f"made for the task {network.card.task}, not for {task}")
    if channels is not None and network.card.channels != channels:
        raise ModelRefused(
            entry.name, f"takes images of {network.card.channels} channel(s), not of {channels}"
        )
    return network


def forget_networks() -> None:
    """Drop the networks kept in memory."""
    with _lock:
        _loaded.clear()


def install_network(
    path: str | Path, *, name: str | None = None, folder: Path | None = None, replace: bool = False
) -> NetworkEntry:
    """Copy a network file into the user's folder of models, after reading it whole.

    Parameters
    ----------
    path : str or Path
        The network file.
    name : str, optional
        Name to ask for it by; the file's own name unless given.
    folder : Path, optional
        Another folder than :func:`models_folder`.
    replace : bool, optional
        Take the place of an installed network of this name.

    Raises
    ------
    ModelRefused
        If the file is not a sound network.
    BadInput
        If the name is not a plain one or is taken, or the folder cannot be written.
    """
    path, folder = Path(path), folder or models_folder()
    name = name or path.name.removesuffix(_SUFFIX)
    target = folder / f"{name}{_SUFFIX}"
    if not _NAME.fullmatch(name):
        raise BadInput(name, "a name is made of letters, digits, '.', '_' and '-'")
    if name in _packaged():
        raise BadInput(name, "is the name of a packaged network; choose another")
    if target.exists() and not replace:
        raise BadInput(name, "is installed already; remove it first, or ask to replace it")
    network = load_network(path)
    listed = _listed(folder / INSTALLED_LIST)
    try:
        with written_whole(target) as temporary:
            shutil.copyfile(path, temporary)
            if sha256(temporary) != network.sha256:
                raise BadInput(path, "changed while it was copied")
        listed[name] = {"sha256": network.sha256, "task": network.card.task}
        _write_list(folder / INSTALLED_LIST, listed)
    except OSError as error:
        raise BadInput(folder, f"cannot write there ({error.strerror or error})") from error
    return NetworkEntry(name, target, False, network.sha256)


def remove_network(name: str, *, folder: Path | None = None) -> Path:
    """Delete an installed network; BadInput for a packaged one or where there is none. Returns its path."""
    folder = folder or models_folder()
    if name in _packaged():
        raise BadInput(name, "comes with the program and cannot be removed")
    target = folder / f"{name}{_SUFFIX}"
    if not _NAME.fullmatch(name) or not target.is_file():
        raise BadInput(name, f"is not installed in {folder}")
    listed = _listed(folder / INSTALLED_LIST)
    target.unlink()
    if listed.pop(name, None) is not None:
        _write_list(folder / INSTALLED_LIST, listed)
    return target


def known_downloads(folder: Path | None = None) -> dict[str, dict[str, Any]]:
    """Return what ``downloads.json`` in the folder of models lists: name → url and sha256."""
    path = (folder or models_folder()) / DOWNLOAD_LIST
    listed = _listed(path)
    if any(not isinstance(item.get("url"), str) for item in listed.values()):
        raise ModelRefused(path, "the list of networks cannot be read (an entry has no url)")
    return listed


def fetch_network(
    url: str,
    sha256: str,
    *,
    name: str | None = None,
    folder: Path | None = None,
    replace: bool = False,
    say: Say = print,
) -> NetworkEntry:
    """Download a network file, check its hash, read it whole and install it.

    Parameters
    ----------
    url : str
        Address of the file.
    sha256 : str
        What its SHA-256 must be.
    name, folder, replace : optional
        As for :func:`install_network`; the name is that in the address unless given.
    say : callable, optional
        Told before the download.

    Raises
    ------
    BadInput
        If the download fails, with what to do instead.
    ModelRefused
        If what came is not a sound network.
    """
    folder = folder or models_folder()
    name = name or url.rstrip("/").rsplit("/", 1)[-1].removesuffix(_SUFFIX)
    if not re.fullmatch("[0-9a-f]{64}", sha256.lower()):
        raise BadInput(url, "needs the SHA-256 of the file, 64 hexadecimal digits, to be checked against")
    say(f"downloading the network {name} from {url} to {folder}")
    arrived = folder / ".downloads" / f"{sha256.lower()}{_SUFFIX}"
    try:
        download(url, arrived, sha256=sha256.lower(), max_bytes=MAX_BYTES)
    except BadInput as error:
        way = f"without a connection, bring the file and install it, or put it into {folder}"
        raise BadInput(error.source, f"{error.cause}; {way}") from error
    try:
        return install_network(arrived, name=name, folder=folder, replace=replace)
    finally:
        arrived.unlink(missing_ok=True)


def fetch_listed(
    name: str, *, folder: Path | None = None, replace: bool = False, say: Say = print
) -> NetworkEntry:
    """Download and install a network of :func:`known_downloads` by its name; raises as :func:`fetch_network`."""
    listed = known_downloads(folder)
    if name not in listed:
        have = ", ".join(sorted(listed)) or "none"
        raise BadInput(name, f"is not listed for download (there are: {have})")
    item = listed[name]
    return fetch_network(item["url"], item["sha256"], name=name, folder=folder, replace=replace, say=say)
