"""What a run keeps of each study, so that no work is done twice and none is lost."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import TracebackType
from typing import Any, BinaryIO, Literal, NamedTuple

from napari_tbcad.batch.child.files import read_json
from napari_tbcad.batch.rows import Row
from napari_tbcad.batch.runs.inputs import Study
from napari_tbcad.batch.runs.job import FileState, StudyDone
from napari_tbcad.files import written_whole
from napari_tbcad.journal import Journal, read_line, read_places
from napari_tbcad.run_folder import ABOUT, JOURNAL, RUN
from napari_tbcad.run_images import content_of

Standing = Literal[
    "new", "failed", "other settings", "other content", "files gone", "offline", "files changed", "finished"
]
"""What an earlier run says of a study: the last three need no work. Of one that is offline there is a result,
and it cannot be read itself now."""

_FEWEST_STALE = 200
_BY_HAND, _PAINTED = "by_hand", "painted"


class Known(NamedTuple):
    """What is held in memory of a study; the rows stay on disk."""

    place: int
    key: str
    digest: str
    ok: bool
    by_hand: bool
    painted: bool


class RunStore:
    """The journal of a folder of results: one line a study, the last of each name counting.

    Parameters
    ----------
    out : Path
        Folder for results.
    digest : str
        Of the settings of this run (:func:`~napari_tbcad.batch.runs.job.digest_of`).

    Attributes
    ----------
    last_digest : str
        Of the settings of the run before; this run's where none is known.
    """

    def __init__(self, out: Path, digest: str) -> None:
        self.out, self.digest, self.last_digest = out, digest, _last_digest(out) or digest
        self._path = out / RUN / JOURNAL
        self._known: dict[str, Known] = {}
        self._forgotten: dict[str, Known] = {}
        self._names: set[str] = set()
        lines = 0
        for place, line in read_places(self._path):
            lines += 1
            self._names.add(str(line.get("name")))
            if _is_sound(line):  # else of another version, or of another hand: then it is done again
                self._known[line["name"]] = _known(place, line)
        if lines - len(self._known) > max(len(self._known), _FEWEST_STALE):
            self._compact()
        self._journal = Journal(self._path)
        self._file: BinaryIO = self._path.open("rb")

    def close(self) -> None:
        """Close the journal."""
        self._file.close()
        with suppress(OSError):  # a full disk: the line that did not fit was told when it was added
            self._journal.close()

    def __enter__(self) -> RunStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def standing(self, study: Study, given: Sequence[Path], *, by_content: bool = False) -> Standing:
        """Tell what is known of a study; its files are read only where that may have been finished.

        Parameters
        ----------
        study : Study
        given : sequence of Path
            A person's masks for it.
        by_content : bool, optional
            As for :meth:`~napari_tbcad.batch.runs.job.FileState.standing`.
        """
        known = self._known.get(study.name)
        if known is None:
            return "new"
        if known.digest != self.digest:
            return "other settings"
        if not known.ok:
            return "failed"
        content = "" if study.fault else content_of(study.paths, given)
        if not content:
            return "offline"
        if not known.key:
            return "failed"
        if content != known.key:
            return "other content"
        now = {file.standing(self.out, by_content=by_content) for file in self.files(study)}
        if "changed" in now:
            return "files changed"
        return "files gone" if "gone" in now else "finished"

    def was_changed(self, study: Study) -> bool:
        """Tell whether somebody wrote another content into what was written for a study."""
        return any(file.standing(self.out) == "changed" for file in self.files(study))

    def has_row(self, study: Study) -> bool:
        """Tell whether there is a row of a study under these settings, be it an error's."""
        known = self._known.get(study.name)
        return known is not None and known.digest == self.digest

    def has_any_row(self, study: Study) -> bool:
        """Tell whether there is a row of a study under any settings, be it an error's."""
        return study.name in self._known

    def is_done(self, study: Study) -> bool:
        """Tell whether there is a row of a study under these settings that is no error's."""
        return self.has_row(study) and self._known[study.name].ok

    def has_result(self, study: Study) -> bool:
        """Tell whether there is a row of a study under any settings that is no error's."""
        known = self._known.get(study.name)
        return known is not None and known.ok

    def has_failed(self, study: Study) -> bool:
        """Tell whether there is a row of a study under any settings that is an error's."""
        known = self._known.get(study.name)
        return known is not None and not known.ok

    def is_by_hand(self, study: Study) -> bool:
        """Tell whether a person exported what there is of a study."""
        known = self._known.get(study.name)
        return known is not None and known.by_hand

    def is_painted(self, study: Study) -> bool:
        """Tell whether what there is of a study was made from masks in the folder itself, a person's."""
        known = self._known.get(study.name)
        return known is not None and known.painted

    def forget(self, studies: Iterable[Study]) -> None:
        """Drop what is known of studies that are done again."""
        for study in studies:
            known = self._known.pop(study.name, None)
            if known is not None and known.ok and known.digest == self.digest:
                self._forgotten[study.name] = known

    def keep_earlier(self, study: Study) -> bool:
        """Let a result count again that was to be replaced; tell whether there is one."""
        if (known := self._forgotten.pop(study.name, None)) is not None:
            self._known[study.name] = known
        return self.is_done(study)

    def add(
        self,
        study: Study,
        done: StudyDone,
        *,
        by_hand: bool = False,
        painted: bool = False,
        digest: str | None = None,
    ) -> Row:
        """Keep what came of a study, at once on disk; return its row as it will be read.

        Parameters
        ----------
        study : Study
        done : StudyDone
        by_hand : bool, optional
            Whether a person exported it: then it is never overwritten.
        painted : bool, optional
            Whether it was made from masks in the folder itself: then those are never overwritten.
        digest : str, optional
            Of the settings that it belongs to, where they are not this run's.
        """
        row = Row(_plain(done.row.result), {k: [*map(_plain, v)] for k, v in done.row.more.items()})
        line: dict[str, Any] = {
            "name": study.name,
            "key": done.key,
            "digest": self.digest if digest is None else digest,
            "row": row.result,
            "more": row.more,
            "files": [astuple(file) for file in done.files],
        }
        if by_hand:
            line[_BY_HAND] = True
        if painted:
            line[_PAINTED] = True
        self._known[study.name] = _known(self._journal.add(line), line)
        self._names.add(study.name)
        return row

    def row(self, study: Study) -> Row:
        """Return the row of a study; its files are called as they are now."""
        line = self._line(study)
        now = {"file": _text(study.path.as_posix())}
        result = {**line["row"], **now}
        if "files" in result:
            result["files"] = " | ".join(_text(path.as_posix()) for path in study.paths)
        return Row(result, {name: [{**row, **now} for row in rows] for name, rows in line["more"].items()})

    def files(self, study: Study) -> tuple[FileState, ...]:
        """Return what was written for a study."""
        return tuple(FileState(*state) for state in self._line(study)["files"])

    def key(self, study: Study) -> str:
        """Return the content key of a study."""
        return self._known[study.name].key

    def digest_of(self, study: Study) -> str:
        """Return the digest of the settings that a study's row is of."""
        return self._known[study.name].digest

    def names(self) -> Set[str]:
        """Return the names of all studies that had a row in any run, be it one that cannot be read."""
        return self._names

    def others(self, names: Iterable[str]) -> int:
        """Return how many results there are of studies that are called otherwise."""
        here = set(names)
        return sum(known.ok for name, known in self._known.items() if name not in here)

    def _line(self, study: Study) -> dict[str, Any]:
        return read_line(self._file, self._known[study.name].place)

    def _compact(self) -> None:
        """Leave out the lines that later ones replaced; where that cannot be written, they stay."""
        places = sorted((known.place, name) for name, known in self._known.items())
        moved: dict[str, int] = {}
        try:
            # The outer one ends last: Windows replaces no file that is open.
            with (
                written_whole(self._path) as new_path,
                self._path.open("rb") as old,
                new_path.open("wb") as new,
            ):
                for place, name in places:
                    old.seek(place)
                    moved[name] = new.tell()
                    new.write(old.readline())
        except OSError:
            return
        self._known = {name: self._known[name]._replace(place=place) for name, place in moved.items()}


def _last_digest(out: Path) -> str:
    return str((read_json(out / RUN / ABOUT) or {}).get("digest") or "")


def _is_sound(line: Mapping[str, Any]) -> bool:
    """Tell whether a line is as :meth:`RunStore.add` writes it, and names no file outside."""
    if not all(isinstance(line.get(name), str) for name in ("name", "key", "digest")):
        return False
    row, more, files = line.get("row"), line.get("more"), line.get("files")
    if not (isinstance(row, dict) and isinstance(row.get("status"), str) and isinstance(more, dict)):
        return False
    lines = [one for table in more.values() if isinstance(table, list) for one in table]
    tables = all(isinstance(table, list) for table in more.values())
    good = tables and all(isinstance(one, dict) for one in lines)
    return good and isinstance(files, list) and all(map(_is_state, files))


def _is_state(state: Any) -> bool:
    if not isinstance(state, list) or [type(one) for one in state] != [str, int, int, str]:
        return False
    path = PurePosixPath(state[0])
    return not path.is_absolute() and not PureWindowsPath(state[0]).anchor and ".." not in path.parts


def _known(place: int, line: Mapping[str, Any]) -> Known:
    ok = line["row"]["status"] == "ok"
    flags = (line.get(flag) is True for flag in (_BY_HAND, _PAINTED))
    return Known(place, line["key"], sys.intern(line["digest"]), ok, *flags)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as JSON holds it: the same before and after it was on disk."""
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if value is None or isinstance(value, bool | int | float):
        return value
    return _text(str(value))


def _text(text: str) -> str:
    """Return text that UTF-8 can hold: a file's name may have bytes that are none."""
    return text.encode("utf-8", "backslashreplace").decode()
