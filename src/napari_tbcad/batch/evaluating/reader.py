"""A reader's masks: which of them is of which film."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from napari_tbcad.batch.evaluating.film import ReaderMasks
from napari_tbcad.batch.evaluating.found import Found, FoundFilm
from napari_tbcad.content import digest
from napari_tbcad.files import sha256
from napari_tbcad.io.masks import MASK_SUFFIXES, find_mask


class ReaderFolder:
    """Finds a reader's masks in a folder, else the data set's own lungs.

    Parameters
    ----------
    folder : Path, optional
        With ``NAME_sensitive.png``, ``NAME_insensitive.png`` or ``NAME.png`` for both. NAME is the film's
        name in the tables without its suffix, in the same folders or with ``__`` between their names; the
        file's name alone will do where no other film is called so.
    found : Found
        All films, also those that take no part.
    """

    def __init__(self, folder: Path | None, found: Found) -> None:
        self._folder = folder
        # Of two films of one name, one may be left out: its masks are still not the other one's.
        names = [film.file for film in found.films] + [out.file for out in found.left_out]
        self._stems = Counter(PurePosixPath(name).stem for name in set(names))

    def masks(self, film: FoundFilm) -> ReaderMasks | None:
        """Return the masks of a film; None where there are none."""
        if self._folder is None:
            if film.row.lungs is None:
                return None
            files = [film.row.lungs.right, film.row.lungs.left, film.row.lungs.both]
            return ReaderMasks(lungs=film.row.lungs, content=_digest(files))
        for name in self._names(film):
            sensitive, insensitive = (
                find_mask(self._folder, name, kind) for kind in ("sensitive", "insensitive")
            )
            if sensitive is None and insensitive is None:
                own = (self._folder / f"{name}{suffix}" for suffix in MASK_SUFFIXES)
                sensitive = insensitive = next((file for file in own if file.is_file()), None)
            if sensitive is not None or insensitive is not None:
                return ReaderMasks(sensitive, insensitive, content=_digest([sensitive, insensitive]))
        return None

    def _names(self, film: FoundFilm) -> Iterator[str]:
        whole = PurePosixPath(film.file).with_suffix("").as_posix()
        yield whole
        yield whole.replace("/", "__")
        stem = PurePosixPath(film.file).stem
        if self._stems[stem] == 1:
            yield stem


def _digest(files: Sequence[Path | None]) -> str:
    return digest(*["" if file is None else sha256(file) for file in files])
