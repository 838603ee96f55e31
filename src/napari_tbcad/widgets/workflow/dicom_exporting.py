"""The entries of an export menu for a clinic's archive: DICOM, with the patient's identity and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from napari.utils.notifications import show_warning

from napari_tbcad.widgets.workflow.exporting import Entry, Exporter

_DICOM = (
    "DICOM for an archive…",
    "Into a folder: segmentations (DICOM SEG) and a structured report (SR, TID 1500) of the image as it "
    "stands. They carry the patient's identity, as the image does.",
)
_WITHOUT = (
    "DICOM without identity…",
    "The same with a copy of the image from which names, numbers and dates are removed. Text drawn into the "
    "picture stays: look at it.",
)


def dicom_entries(exporter: Exporter) -> Iterator[Entry]:
    """Yield the entries for an export menu.

    Parameters
    ----------
    exporter : Exporter
        Whose menu it is.
    """
    for (text, tip), deidentify in ((_DICOM, False), (_WITHOUT, True)):
        title = "Export as DICOM into a folder"
        yield (
            text,
            tip,
            partial(exporter.ask, partial(export_dicom_to, exporter, deidentify=deidentify), title),
        )


def export_dicom_to(exporter: Exporter, folder: Path, *, deidentify: bool = False) -> None:
    """Have a worker write the study of a panel as DICOM into a folder."""
    exporter.export_with(partial(_written, exporter, deidentify), folder)


def _written(
    exporter: Exporter, deidentify: bool, folder: Path, run: Any, session: Any
) -> Callable[[], Path]:
    desk = session.desk
    # What nobody saved is not finished, whoever may have finished it before.
    verdict = "in progress" if desk.unsaved else exporter.verdict_of(session)
    facts = {
        "reader": exporter.reader,
        "verdict": verdict,
        "earlier": desk.case,
        "warnings": session.warnings(),
    }
    return partial(_write, folder, desk.case_of, run, facts, desk.suggestion.stem, deidentify)


def _write(
    folder: Path, case_of: Callable[..., Any], run: Any, facts: dict[str, Any], name: str, deidentify: bool
) -> Path:
    from napari_tbcad.batch.clinic import export_case
    from napari_tbcad.io.clinic.deidentify import Deidentification

    how = Deidentification() if deidentify else None
    exported = export_case(case_of(run, **facts), name, folder, deidentification=how)
    if exported.notes:
        show_warning("\n".join(exported.notes))  # napari shows it from a worker, too
    return folder
