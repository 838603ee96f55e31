"""Corrected masks on disk: one writer at a time, the latest version wins, no film overwrites another's."""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from napari.utils.notifications import show_error
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.files import written_whole
from napari_tbcad.widgets.chest.layers import KINDS
from napari_tbcad.widgets.work import start_call

_OWNER = "napari-tbcad-film"
"""Text entry of a saved mask that tells whose it is (a digest, so that no path leaves this machine)."""

_FOLDERS = threading.Lock()
"""Two films must not find the same name free at the same moment."""


@dataclass(frozen=True)
class Owner:
    """The film that saved masks belong to.

    Parameters
    ----------
    name : str
        NAME of the film, as the command line looks for its masks.
    digest : str
        What no other film shares.
    """

    name: str
    digest: str


def owner_of(source: str, content_key: str) -> Owner:
    """Return whose masks those of a film are.

    Parameters
    ----------
    source : str
        File of the film, or the name of its layer.
    content_key : str
        Key of the film's content, by which films without a file are told apart.
    """
    from napari_tbcad.io.read import find_films

    path = Path(source)
    is_file = bool(source) and path.is_file()
    name = find_films(path)[0].name if is_file else re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "_", source).strip(". ")
    what = str(path.resolve()) if is_file else content_key
    return Owner(name or "film", hashlib.blake2b(what.encode(), digest_size=8).hexdigest())


def path_for(folder: Path, owner: Owner, kind: str) -> Path:
    """Return where a film's mask is saved.

    ``NAME_KIND.png``, unless another film's mask (or a file of unknown origin) has one of the film's
    names; then ``NAME~DIGEST_KIND.png``, for both kinds alike.
    """
    plain = [folder / f"{owner.name}_{one}.png" for one in KINDS]
    taken = any(path.exists() and _read_owner(path) != owner.digest for path in plain)
    return folder / f"{owner.name}{'~' + owner.digest[:8] if taken else ''}_{kind}.png"


class Autosave:
    """Writes and removes the masks of one session off the GUI thread, in the order they were asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[tuple[Path, Owner, str], NDArray[np.uint8] | None] = {}
        self._at_work = False

    def put(self, folder: Path, owner: Owner, kind: str, labels: NDArray[np.uint8] | None) -> None:
        """Save labels (H, W), or remove the saved mask when None; replaces what still waits to be done.

        Parameters
        ----------
        folder : Path
            Where; made when missing.
        owner : Owner
            The film.
        kind : str
            Which mask.
        labels : (H, W) array of uint8 or None
            Not copied: must not be changed afterwards.
        """
        with self._lock:
            self._waiting[folder, owner, kind] = labels
            if self._at_work:
                return
            self._at_work = True
        start_call(self._work, on_result=self._done, on_error=self._failed)

    def _work(self) -> None:
        problem: Exception | None = None
        while True:
            with self._lock:
                if not self._waiting:
                    self._at_work = False
                    break
                key = next(iter(self._waiting))
                labels = self._waiting.pop(key)
            try:
                _bring(*key, labels)
            except Exception as error:  # the next mask may fare better; the person is told at the end
                problem = error
        if problem is not None:
            raise problem

    def _done(self, nothing: object = None) -> None:
        pass

    def _failed(self, error: Exception) -> None:
        show_error(f"Autosave: {error}")


def _bring(folder: Path, owner: Owner, kind: str, labels: NDArray[np.uint8] | None) -> None:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    with _FOLDERS:
        path = path_for(folder, owner, kind)
        try:
            if labels is None:
                if _read_owner(path) == owner.digest:
                    path.unlink()
                return
            said = PngInfo()
            said.add_text(_OWNER, owner.digest)
            with written_whole(path) as temporary:
                Image.fromarray(labels).save(temporary, format="PNG", pnginfo=said)
        except OSError as error:
            raise BadInput(path, f"the mask cannot be saved ({error.strerror or error})") from error


def _read_owner(path: Path) -> str | None:
    """Return the digest in a saved mask, None when there is no such file or it does not say."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            said = image.info.get(_OWNER)
    except (OSError, ValueError, SyntaxError):
        return None
    return said if isinstance(said, str) else None
