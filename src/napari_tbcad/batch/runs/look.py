"""A look at what a batch was given before anything is computed: how many, which kinds, what is unreadable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tbcad.errors import BadInput, Cancelled

if TYPE_CHECKING:
    from napari_tbcad.batch.runs.inputs import Study

_SAMPLED = 25
"""Studies whose files tell whether a folder holds films or bone scans."""
_NAMES = {
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"II+\x00": "TIFF",
    b"MM\x00+": "TIFF",
    b"GIF8": "GIF",
    b"BM": "BMP",
}
_OF_BONE, _OF_CHEST = "DICOM NM", ("DICOM CR", "DICOM DX", "DICOM RF")


@dataclass(frozen=True)
class Looked:
    """What was found.

    Parameters
    ----------
    workflow : str
        ``"chest"`` or ``"bone"``.
    studies : tuple of Study
        In order; one that is known not to be readable has a fault.
    kinds : mapping of str to int
        Files by format, the most frequent first.
    passed_over : tuple of Path
        What was not taken for a study.
    notes : tuple of str
        What a person should know before it begins, a sentence each.
    """

    workflow: str
    studies: tuple[Study, ...]
    kinds: dict[str, int]
    passed_over: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def faulty(self) -> int:
        """How many cannot be read."""
        return sum(bool(study.fault) for study in self.studies)


def look(
    paths: Sequence[Path],
    workflow: str = "",
    *,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Looked:
    """Name the studies among files, folders and lists, and read the beginning of each file.

    Parameters
    ----------
    paths : sequence of Path
        Files, folders, CSV lists.
    workflow : {"", "chest", "bone"}, optional
        What they are; empty to tell from headers and names: bone scans are NM files, or pairs of views.
    progress : callable, optional
        Called with the share done and a file's name.
    cancelled : callable, optional
        Polled between files.

    Raises
    ------
    BadInput
        If there is nothing that could be a study.
    Cancelled
        When `cancelled` turned true.
    """
    passed_over: list[Path] = []
    studies = studies_of(paths, workflow or "chest", passed_over)
    if not workflow:
        workflow = "chest"
        if _seem_bone(studies):
            workflow, passed_over = "bone", []
            studies = studies_of(paths, workflow, passed_over)
    kinds: Counter[str] = Counter()
    looked = []
    for number, study in enumerate(studies, start=1):
        if cancelled is not None and cancelled():
            raise Cancelled("look")
        if progress is not None:
            progress(number / len(studies), study.path.name)
        fault = study.fault
        for path in study.paths if not fault else ():
            kind, fault = kind_of(path)
            if fault:
                break
            kinds[kind] += 1
        looked.append(replace(study, fault=fault))
    return Looked(
        workflow, tuple(looked), dict(kinds.most_common()), tuple(passed_over), tuple(_notes(workflow, kinds))
    )


def studies_of(paths: Sequence[Path], workflow: str, passed_over: list[Path] | None = None) -> list[Study]:
    """Return what there is to work on for a workflow; see :mod:`napari_tbcad.batch.runs.inputs`."""
    from napari_tbcad.batch.runs.inputs import bone_inputs, chest_inputs

    return (bone_inputs if workflow == "bone" else chest_inputs)(list(paths), passed_over=passed_over)


def kind_of(path: Path) -> tuple[str, str]:
    """Return the format of a file by its beginning, with a DICOM file's modality, and why it is unreadable.

    The pixels are not read: damage in them shows when the file's turn comes.
    """
    from napari_tbcad.io.dicom_file import looks_like_dicom, modality_of, parse_dicom

    if path.is_dir():
        return "", "nothing was found in this folder"
    try:
        with path.open("rb") as file:
            head = file.read(132)
        if not head:
            return "", "the file is empty"
        if looks_like_dicom(head):
            return f"DICOM {modality_of(parse_dicom(path, only=['Modality'])) or ''}".strip(), ""
    except BadInput as error:
        return "", error.cause
    except OSError as error:
        return "", f"the file cannot be read ({error.strerror or error})"
    known = next((name for start, name in _NAMES.items() if head.startswith(start)), "")
    if known or path.suffix.lower() == ".img":
        return known or "raw", ""
    return "", "not an image this program reads (DICOM, PNG, JPEG, TIFF, BMP)"


def _seem_bone(studies: Sequence[Study]) -> bool:
    """Tell whether most studies look like bone scans: NM files, or named as one view of a pair."""
    from napari_tbcad.io.view_names import named_parts

    step = max(1, len(studies) // _SAMPLED)
    signs = []
    for study in studies[::step]:
        kind, _ = kind_of(study.path)
        if kind.startswith("DICOM"):
            signs.append(kind == _OF_BONE)
        else:
            signs.append(len(list(named_parts(study.path.stem, suffixes=True))) == 1)
    return sum(signs) * 2 > len(signs)


def _notes(workflow: str, kinds: Counter[str]) -> Iterable[str]:
    strangers = sum(kinds[kind] for kind in ((_OF_BONE,) if workflow == "chest" else _OF_CHEST))
    if strangers:
        other, asked = ("bone scan", "chest film") if workflow == "chest" else ("chest film", "bone scan")
        files = "1 file is a" if strangers == 1 else f"{strangers} files are"
        yield f"{files} {other}{'' if strangers == 1 else 's'} by the header, not {asked}s: error rows"
