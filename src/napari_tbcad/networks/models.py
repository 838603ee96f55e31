"""Networks by name or by path: packaged with the program, or in the user's folder of models.

Nothing here imports torch until a network is loaded, and nothing downloads unless it is asked to.
"""

from __future__ import annotations

import re
import shutil
import threading
from pathlib import Path
from typing import Any

from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.files import sha256 as sha256_of
from napari_tbcad.files import written_whole
from napari_tbcad.limits import MAX_NETWORK_BYTES, MAX_PACKAGED_BYTES
from napari_tbcad.networks.build import Say
from napari_tbcad.networks.download import download
from napari_tbcad.networks.listing import (
    INSTALLED_LIST,
    NAME,
    PACKAGED_LIST,
    SUFFIX,
    NetworkEntry,
    file_key,
    find_entry,
    known_downloads,
    list_networks,
    locate,
    models_folder,
    packaged_entries,
    packaged_folder,
    packaged_networks,
    read_list,
    write_list,
)
from napari_tbcad.networks.store import Network, load_network, save_network

__all__ = [
    "NetworkEntry",
    "fetch_listed",
    "fetch_network",
    "file_key",
    "find_entry",
    "find_network",
    "forget_networks",
    "install_network",
    "known_downloads",
    "list_networks",
    "locate",
    "models_folder",
    "package_network",
    "packaged_folder",
    "packaged_networks",
    "remove_network",
]

_KEEP = 4
"""Networks kept in memory."""

_loaded: dict[tuple[Any, ...], Network] = {}
_lock = threading.Lock()


def find_network(name_or_path: str | Path, *, task: str | None = None, view: str = "") -> Network:
    """Return a network by packaged or installed name, or by the path of a file.

    The last few are kept in memory; a file that changed is read anew. Safe to call from several threads.

    Parameters
    ----------
    name_or_path : str or Path
        The network.
    task : str, optional
        The task it is wanted for.
    view : str, optional
        View of bone scans it is wanted for.

    Raises
    ------
    ModelRefused
        If there is none, or it is refused (see :func:`load_network`).
    """
    entry = find_entry(name_or_path)
    with _lock:
        key = (*entry.state(), entry.sha256)
        network = _loaded.pop(key, None)
        if network is None:
            expected = entry.sha256 or None
            network = load_network(entry.path, expected_sha256=expected, max_bytes=entry.max_bytes)
        _loaded[key] = network
        while len(_loaded) > _KEEP:
            del _loaded[next(iter(_loaded))]
    if task is not None and network.card.task != task:
        raise ModelRefused(entry.name, f"made for the task {network.card.task}, not for {task}")
    if view and view not in network.card.input.views:
        reads = " and ".join(network.card.input.views) or "no"
        raise ModelRefused(entry.name, f"made for the {reads} view of bone scans, not for the {view} one")
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
    name = name or path.name.removesuffix(SUFFIX)
    target = _free_place(name, folder, replace)
    network = load_network(path)
    listed = read_list(folder / INSTALLED_LIST)
    try:
        _copy(path, target, network.sha256)
        listed[name] = {"sha256": network.sha256, "task": network.card.task}
        write_list(folder / INSTALLED_LIST, listed)
    except OSError as error:
        raise BadInput(folder, f"cannot write there ({error.strerror or error})") from error
    return NetworkEntry(name, target, False, network.sha256)


def _free_place(name: str, folder: Path, replace: bool) -> Path:
    """Return where a network of this name goes; BadInput when it cannot go there."""
    if not NAME.fullmatch(name):
        raise BadInput("name", f"{name!r} is not made of letters, digits, '.', '_' and '-' alone")
    if name in packaged_entries():
        raise BadInput(name, "is the name of a packaged network; choose another")
    target = folder / f"{name}{SUFFIX}"
    if target.exists() and not replace:
        raise BadInput(name, "is installed already; remove it first, or ask to replace it")
    return target


def _copy(path: Path, target: Path, digest: str) -> None:
    """Copy a file whole or not at all, as the file of this hash."""
    with written_whole(target) as temporary:
        shutil.copyfile(path, temporary)
        if sha256_of(temporary) != digest:
            raise BadInput(path, "changed while it was copied")


def remove_network(name: str, *, folder: Path | None = None) -> Path:
    """Delete an installed network; BadInput for a packaged one or where there is none. Returns its path."""
    folder = folder or models_folder()
    if name in packaged_entries():
        raise BadInput(name, "comes with the program and cannot be removed")
    target = folder / f"{name}{SUFFIX}"
    if not NAME.fullmatch(name) or not target.is_file():
        raise BadInput(name, f"is not installed in {folder}")
    listed = read_list(folder / INSTALLED_LIST)
    target.unlink()
    if listed.pop(name, None) is not None:
        write_list(folder / INSTALLED_LIST, listed)
    return target


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
    name = name or url.rstrip("/").rsplit("/", 1)[-1].removesuffix(SUFFIX)
    if not re.fullmatch("[0-9a-f]{64}", sha256.lower()):
        raise BadInput(url, "needs the SHA-256 of the file, 64 hexadecimal digits, to be checked against")
    _free_place(name, folder, replace)
    say(f"downloading the network {name} from {url} to {folder}")
    arrived = folder / ".downloads" / f"{sha256.lower()}{SUFFIX}"
    try:
        download(url, arrived, sha256=sha256.lower(), max_bytes=MAX_NETWORK_BYTES)
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
    """Download and install a network of :func:`known_downloads`; raises as :func:`fetch_network` does."""
    listed = known_downloads(folder)
    if name not in listed:
        have = ", ".join(sorted(listed)) or "none"
        raise BadInput(name, f"is not listed for download (there are: {have})")
    item = listed[name]
    return fetch_network(item["url"], item["sha256"], name=name, folder=folder, replace=replace, say=say)


def package_network(path: str | Path, name: str, *, folder: Path | None = None) -> NetworkEntry:
    """Put a network into the program: its file into ``weights/`` and its hash into the list there.

    For those who make a release; a person installs (:func:`install_network`).

    Raises
    ------
    BadInput
        If the name is not a plain one, or the file is larger than a packaged one may be.
    ModelRefused
        If the file is not a sound network.
    """
    path, folder = Path(path), folder or packaged_folder()
    if not NAME.fullmatch(name):
        raise BadInput("name", f"{name!r} is not made of letters, digits, '.', '_' and '-' alone")
    network = load_network(path, max_bytes=MAX_PACKAGED_BYTES)
    target = folder / f"{name}{SUFFIX}"
    if network.card == network.card.without_places():
        _copy(path, target, network.sha256)
    else:  # written by an earlier version, with folders of the machine that trained it
        save_network(network, target)
    digest = sha256_of(target)
    listed = read_list(folder / PACKAGED_LIST)
    listed[name] = {"sha256": digest, "task": network.card.task, "bytes": target.stat().st_size}
    write_list(folder / PACKAGED_LIST, listed)
    return NetworkEntry(name, target, True, digest)
