"""What a person corrected, gathered as a data set that a network can learn from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_tbcad.batch.corrected import (
    Corrected,
    Loader,
    NotCorrected,
    What,
    corrected_in,
    is_of_bone,
    places_in,
)
from napari_tbcad.batch.corrections_patients import PatientNames
from napari_tbcad.errors import BadInput, Cancelled, TbcadError
from napari_tbcad.files import require_writable, write_csv

COLUMNS = (
    "image", "label", "patient", "source", "reader", "when", "how", "dice_automatic", "film", "found_in",
)  # fmt: skip
"""Columns of samples.csv of lung masks; ``how`` is edited or accepted."""

BONE_COLUMNS = (
    "image", "label", "patient", "view", "source", "reader", "when", "how", "dice_automatic", "scan",
    "found_in", "task", "left_out",
)  # fmt: skip
"""Columns of samples.csv of hotspots and regions: ``how`` is edited or judged, ``dice_automatic`` that of
both views together, ``left_out`` the number of hotspots about which the labels say nothing (255)."""

TABLE, SOURCE = "samples.csv", "corrections"

NOTHING: dict[What, str] = {
    "lungs": "no lung mask that a person edited or accepted",
    "hotspots": "no hotspots that a person judged",
    "regions": "no skeleton regions that a person edited",
}

THINGS: dict[What, str] = {
    "lungs": "films with a person's lung masks",
    "hotspots": "views with a person's hotspots",
    "regions": "views with a person's skeleton regions",
}
"""What can be gathered, and what is then there."""

Say = Callable[[str], None]


class NotWritten(BadInput):
    """A file of the data set cannot be written: then none can, and the gathering ends."""


@dataclass(frozen=True)
class Gathered:
    """What was gathered.

    Parameters
    ----------
    rows : tuple of mapping
        Rows of samples.csv.
    passed_over : tuple of str
        What nobody edited, judged or accepted, and labels of which there are newer ones, with the cause.
    skipped : tuple of str
        What could not be used, with the cause.
    what : {"lungs", "hotspots", "regions"}
        What was gathered.
    """

    rows: tuple[dict[str, Any], ...]
    passed_over: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    what: What = "lungs"


def gather_corrections(
    paths: Sequence[Path],
    out: Path,
    *,
    what: What | None = None,
    patients: Path | None = None,
    unfinished: bool = False,
    say: Say = print,
    step: Callable[[float, str], None] | None = None,
) -> Gathered:
    """Write corrected labels and their images as a folder data set.

    Parameters
    ----------
    paths : sequence of Path
        Cases (``.tbcad``), folders of cases, and folders that ``chest run``, ``bone run`` or an export wrote.
    out : Path
        Folder for ``images/``, ``labels/`` and ``samples.csv``. An earlier gathering there is replaced.
        Films are written upright, as the segmenter sees them, with 0, 1 right lung, 2 left lung; views of
        bone scans with their counts as the camera saw them, the posterior not mirrored, with the classes of
        scheme 4 or the regions 1 to 12, and 255 where nothing is said.
    what : {"lungs", "hotspots", "regions"}, optional
        What to gather; lungs unless there are bone scans only, where it must be said.
    patients : Path, optional
        CSV with the columns file and patient. Where it says nothing, the patient is a keyed digest of the
        identifier in a DICOM file (:mod:`~napari_tbcad.batch.corrections_patients`), and any other film or
        scan is its own patient.
    unfinished : bool, optional
        Also take readings that are still in progress.
    say : callable, optional
        Told what is taken, passed over and skipped, and why.
    step : callable, optional
        Told the share done and what is read next; may raise :class:`~napari_tbcad.errors.Cancelled`.

    Returns
    -------
    Gathered

    Raises
    ------
    BadInput
        If a path is neither, nothing can be learned from, `what` must be said, or the folder cannot be
        written or has an earlier gathering of something else.
    NotWritten
        If a file cannot be written, as on a full disk. The table of an earlier gathering and the files it
        names are still there, new files are removed.

    Notes
    -----
    The mask of a film is the anatomical (insensitive) one. It counts where a person edited it, or accepted
    the reading it belongs to. Of several readings that count, the last is taken; of several cases or runs
    of the same pixels, that with the newest labels. For bone scans see
    :mod:`~napari_tbcad.batch.corrected_bone`.
    """
    from napari_tbcad.result_tables import remove

    places = places_in(paths)
    what = _wanted(what, places)
    earlier = _earlier(out, what)
    names = PatientNames(out, patients)
    require_writable(out)
    gathering = _Gathering(out, names, say, what)
    before = _present(out)
    try:
        for number, place in enumerate(places):
            if step is not None:
                step(number / len(places), place.name)
            for load in gathering.loaders(place, unfinished):
                gathering.take(load, place)
    except (NotWritten, Cancelled):
        # Images without a table would keep the next gathering from using the folder.
        remove(path for path in _present(out) - before if _WRITTEN.fullmatch(path.name))
        raise
    if not gathering.rows:
        told = gathering.skipped or gathering.passed_over
        why = f"; the first: {told[0]}" if told else ""
        raise BadInput(paths[0] if paths else "input", f"{NOTHING[what]}{why}")
    ordered = tuple(sorted(gathering.rows.values(), key=lambda row: row["image"]))
    _replace(out, earlier + gathering.outdated, ordered, what, names)
    return Gathered(ordered, tuple(gathering.passed_over), tuple(gathering.skipped), what)


def _wanted(what: What | None, places: Sequence[Path]) -> What:
    if what is not None:
        return what
    if places and all(is_of_bone(place) for place in places):
        raise BadInput(places[0], "these are bone scans: say --what hotspots or --what regions")
    return "lungs"


@dataclass
class _Gathering:
    """What has been gathered so far."""

    out: Path
    names: PatientNames
    say: Say
    what: What
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    outdated: list[Path] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def loaders(self, place: Path, unfinished: bool) -> Iterator[Loader]:
        try:
            yield from list(corrected_in(place, self.what, unfinished=unfinished))
        except NotCorrected as error:
            self.pass_over(str(error))
        except TbcadError as error:
            self.skip(error)

    def take(self, load: Loader, place: Path) -> None:
        try:
            found = load()
            for one in found.taken:
                self.keep(one, place)
        except NotWritten:
            raise  # no fault of this image: going on would leave a set of those for which there was room
        except NotCorrected as error:
            self.pass_over(str(error))
        except TbcadError as error:
            self.skip(error)
        else:
            for line in found.said:
                self.say(line)
            for line in found.passed_over:
                self.pass_over(line)

    def keep(self, one: Corrected, place: Path) -> None:
        before = self.rows.get(one.key)
        if before is not None and before["when"] >= one.when:
            self.pass_over(f"{one.name} of {place.name}: there is a newer correction of this image")
            return
        self.rows[one.key] = row = _write(one, self.out, self.names, self.what)
        if before is not None:
            now = _files(self.out, row)
            self.outdated += [path for path in _files(self.out, before) if path not in now]
            self.pass_over(f"an older correction of {one.name} ({before['found_in']})")

    def pass_over(self, line: str) -> None:
        self._tell(self.passed_over, f"passed over: {line}")

    def skip(self, error: TbcadError) -> None:
        self._tell(self.skipped, f"skipped: {error}")

    def _tell(self, kind: list[str], line: str) -> None:
        kind.append(line)
        self.say(line)


def _columns(what: What) -> tuple[str, ...]:
    return COLUMNS if what == "lungs" else BONE_COLUMNS


def _earlier(out: Path, what: What) -> list[Path]:
    """Return the files that an earlier gathering left; refuses a folder with images of other origin."""
    from napari_tbcad.batch.corrected_bone import TASKS
    from napari_tbcad.result_tables import read_rows

    if (out / TABLE).is_file():
        rows = read_rows(out / TABLE, _columns(what))
        if what != "lungs" and any(row["task"] != TASKS[what] for row in rows):
            raise BadInput(out, f"an earlier gathering of something else than {what}; choose another folder")
        # The table may come from anyone: what it names elsewhere is not ours to remove.
        return [path for row in rows for path in _files(out, row) if _WRITTEN.fullmatch(path.name)]
    if any((out / folder).is_dir() and any((out / folder).iterdir()) for folder in _FOLDERS):
        raise BadInput(out, "it has images that are not of an earlier gathering; choose another folder")
    return []


def _replace(
    out: Path, earlier: Sequence[Path], rows: Sequence[dict[str, Any]], what: What, names: PatientNames
) -> None:
    """Write key and table, and only then remove what the earlier one named and this one does not."""
    from napari_tbcad.result_tables import remove

    try:
        names.save()
        write_csv(out / TABLE, _columns(what), rows)
    except OSError as error:
        raise NotWritten(out, f"cannot write there ({error.strerror or error})") from error
    now = {path for row in rows for path in _files(out, row)}
    remove(path for path in earlier if path not in now)


def _files(out: Path, row: Mapping[str, Any]) -> list[Path]:
    return [out / folder / Path(row[column]).name for folder, column in _FOLDERS.items()]


def _present(out: Path) -> set[Path]:
    return {path for folder in _FOLDERS for path in (out / folder).glob("*")}


_FOLDERS = {"images": "image", "labels": "label"}
_WRITTEN = re.compile(r"[A-Za-z0-9._-]+_[0-9a-f]{8}\.(png|tif)")
"""Names that a gathering gives its files."""


def _write(one: Corrected, out: Path, names: PatientNames, what: What) -> dict[str, Any]:
    from napari_tbcad.batch.corrections_images import write_counts, write_film
    from napari_tbcad.io.labels import write_labels

    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", one.name).lstrip(".")
    name = f"{stem or 'film'}_{one.key[:8]}.png"
    write = write_film if what == "lungs" else write_counts
    try:
        image = write(out / "images" / name, one.pixels)
        write_labels(out / "labels" / name, one.labels, bits=8)
    except OSError as error:
        raise NotWritten(out, f"cannot write there ({error.strerror or error})") from error
    return {
        "image": image.name,
        "label": name,
        "patient": names.of(one),
        "source": SOURCE,
        "reader": one.reader,
        "when": one.when,
        "how": one.how,
        "dice_automatic": one.dice_automatic,
        "found_in": one.found_in.name,
        **one.facts,
    }
