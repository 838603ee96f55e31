"""Studies for a clinic's archive: cases and runs as DICOM segmentations and structured reports."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, chain, count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from napari_tbcad.batch.made_from import Made, journaled, require_same_image
from napari_tbcad.batch.runs.job import FileState
from napari_tbcad.case import SUFFIX, Case
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.files import is_file, require_writable
from napari_tbcad.io.clinic.deidentify import Deidentification
from napari_tbcad.io.clinic.export import SUFFIX as DICOM
from napari_tbcad.io.clinic.export import Exported, Sources

Probe = Callable[[], bool]

_NAMING = Lock()


@dataclass(frozen=True)
class Done:
    """One study, or one file of a study, that was written, or why it was not.

    Parameters
    ----------
    source : str
        What it was made of.
    exported : Exported or None
        The files.
    fault : str
        Why there are none.
    study : str
        What the study is called that it belongs to, where that can have several files.
    """

    source: str
    exported: Exported | None = None
    fault: str = ""
    study: str = ""


def export_subject(
    subject: str | Path,
    out: str | Path,
    *,
    deidentification: Deidentification | None = None,
    reading: int = -1,
    cancelled: Probe | None = None,
) -> Iterator[Done]:
    """Write a case, or every study of a run, as DICOM segmentations and structured reports.

    Parameters
    ----------
    subject : str or Path
        A case (``.tbcad``), or a folder of ``chest run`` or ``bone run``.
    out : str or Path
        Folder of the files.
    deidentification : Deidentification, optional
        Write copies of the images without identity and refer to those; readers are called by number.
    reading : int, optional
        Which reading of a case; the last by default.
    cancelled : callable, optional
        Asked between studies.

    Yields
    ------
    Done
        One for each study, as it is written.

    Raises
    ------
    BadInput
        If `subject` is neither, or has no such reading, or `out` cannot be written.
    Cancelled
        When `cancelled` says so.
    """
    sources, names = Sources(deidentification), FreeNames(Path(out))
    for number, (source, findings, write) in enumerate(_findings(Path(subject), sources.anonymous, reading)):
        if number == 0:  # once, not for every study
            require_writable(Path(out))
        if cancelled is not None and cancelled():
            raise Cancelled
        if isinstance(findings, BadInput):
            yield Done(findings.source, fault=findings.cause)
            continue
        try:
            yield Done(source, _written(write, Path(out), findings, sources, names))
        except BadInput as error:
            yield Done(source, fault=str(error))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # What libraries say of a value can quote it, a patient's name among them.
            yield Done(source, fault=f"cannot be written as DICOM ({type(error).__name__})")


def _written(
    write: Callable[..., Exported], out: Path, findings: Any, sources: Sources, names: FreeNames
) -> Exported:
    if not sources.anonymous:
        return write(out, findings, sources)
    # Names that say nothing are the same for every study: none may take the place of another's files, nor
    # two exports of a panel find the same one free.
    with _NAMING:
        exported = write(out, replace(findings, name=names.next(findings.name)), sources)
        names.wrote()
        return exported


class FreeNames:
    """Names that no file in a folder has yet: ``film``, ``film_2`` and so on.

    What the folder holds is read once, and again only when somebody else has changed it.

    Parameters
    ----------
    folder : Path
        Perhaps not there yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changed = 0
        self._taken: frozenset[str] = frozenset()
        self._names: dict[str, Iterator[str]] = {}

    def next(self, name: str) -> str:
        """Return the next free name."""
        if self._when() != self._changed:
            self._taken, self._names = frozenset(self._beginnings()), {}
        more = (f"{name}_{number}" for number in count(2))
        names = self._names.setdefault(name, chain((name,), more))
        return next(one for one in names if one.casefold() not in self._taken)

    def wrote(self) -> None:
        """Say that the last change of the folder was made under the name given last."""
        self._changed = self._when()

    def _when(self) -> int:
        try:
            return self._folder.stat().st_mtime_ns
        except OSError:
            return 0

    def _beginnings(self) -> Iterator[str]:
        """Yield what files begin with, up to each underscore."""
        for path in self._folder.iterdir():
            if path.suffix.lower() == DICOM:
                *words, _ = path.name.casefold().split("_")
                yield from accumulate(words, "{}_{}".format)


def export_case(
    case: Case, name: str, out: str | Path, *, deidentification: Deidentification | None = None
) -> Exported:
    """Write a case that no file holds yet, as :func:`export_subject` writes one that does.

    Raises
    ------
    BadInput
        If it cannot be written, or its image is not to be found.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}{SUFFIX}"
        case.save(path)
        (done,) = export_subject(path, out, deidentification=deidentification)
    if done.exported is None:
        raise BadInput(name, done.fault)
    return done.exported


def _findings(
    subject: Path, anonymous: bool, reading: int
) -> Iterator[tuple[str, Any, Callable[..., Exported]]]:
    from napari_tbcad.bone import dicom_export as of_bone
    from napari_tbcad.bone import dicom_findings as from_bone
    from napari_tbcad.chest import dicom_export as of_chest
    from napari_tbcad.chest import dicom_findings as from_chest

    if subject.suffix.lower() == SUFFIX:
        case = Case.load(subject)
        if not -len(case.readings) <= reading < len(case.readings):
            number = len(case.readings)
            many = f"{number} reading" if number == 1 else f"{number} readings"
            raise BadInput(subject, f"has {many}, none with the number {reading + 1}")
        bone = case.workflow == "bone"
        found: Any = (from_bone if bone else from_chest).findings_of_case(
            subject, case=case, reading=reading, anonymous=anonymous
        )
        yield str(subject), found, (of_bone if bone else of_chest).export_dicom
        return
    if not (subject / "results.csv").is_file():
        raise BadInput(subject, "neither a case nor a folder of chest run or bone run (no results.csv in it)")
    if not _is_of_run(subject / "results.csv"):
        raise BadInput(subject, "results.csv there is not of a run")
    bone = (subject / "regions.csv").is_file()
    write = (of_bone if bone else of_chest).export_dicom
    require = partial(_require_unchanged, subject, journaled(subject))
    module: Any = from_bone if bone else from_chest
    for one in module.findings_of_run(subject, anonymous=anonymous, require=require):
        yield one.source if isinstance(one, BadInput) else one.name, one, write


def _is_of_run(table: Path) -> bool:
    """Tell whether a table has the columns that those of runs begin with; its rows are looked at later."""
    with suppress(UnicodeDecodeError, csv.Error), table.open(encoding="utf-8-sig", newline="") as file:
        return {"file", "status"} <= set(next(csv.reader(file), ()))
    return False


def _require_unchanged(folder: Path, made: Mapping[str, Made], name: str, paths: Sequence[Path]) -> None:
    """Refuse an image that is another than the run's, and masks that are others than its record tells of."""
    require_same_image(made, name, paths, "export it")
    if (known := made.get(name)) is None:
        return
    masks, records = (_changed(folder, known.files, what) for what in ("masks", "records"))
    # A case that was corrected and exported into the folder brought its record with it.
    if masks and not records:
        raise BadInput(
            masks[0], "changed since the run, whose numbers are of another: run with --masks, then export"
        )


def _changed(folder: Path, files: Sequence[FileState], what: str) -> list[Path]:
    """Return the files of one kind that are others than the journal says, whatever paths it has."""
    known = {Path(one.path).name: one for one in files if Path(one.path).parent == Path(what)}
    there = {name: one for name, one in known.items() if is_file(folder / what / name)}
    return [folder / what / name for name, one in there.items() if one.standing(folder) == "changed"]
