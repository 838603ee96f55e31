"""The export menu of the chest panel: tables, masks for other programs, pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from napari_tbcad.widgets.workflow import exporting
from napari_tbcad.widgets.workflow.dicom_exporting import dicom_entries

_HIDDEN = (
    "not exported: the answer is hidden while you read (Chest worklist), and the files would tell it. Save "
    "the case or write a report, which leaves the answer out, or stop hiding the answer first."
)


class Exporter(exporting.Exporter):
    """Writes what ``chest run`` writes; see :class:`~napari_tbcad.widgets.workflow.exporting.Exporter`."""

    folder_entry = (
        "Tables, masks, overlay and record…",
        "What `chest run` writes, into a folder: results.csv, features.csv, masks as PNG and for 3D "
        "Slicer, the overlay and the record. Another film's rows stay.",
    )

    def entries(self) -> Iterator[exporting.Entry]:
        """Yield the entries of the menu, those for an archive before the picture."""
        *first, picture = super().entries()
        yield from (*first, *dicom_entries(self), picture)

    def written(self, folder: Path, run: Any, session: Any) -> Callable[[], Path]:
        """Return what writes tables, masks, overlay and record."""
        return lambda: _export(folder, run)

    def refusal(self) -> str:
        """Refuse while the answer is hidden: tables, records and DICOM reports all say it."""
        return _HIDDEN if self._bench.blind else ""

    def page(self, run: Any, session: Any) -> Callable[[Any, exporting.Language], str]:
        """Return what writes the report; without the answer while it is hidden from the reader."""
        place, blind = session.desk.suggestion, self._bench.blind
        return lambda case, language: _page(case, place, run, blind=blind, language=language)


def _page(case: Any, place: Path, run: Any, *, blind: bool, language: exporting.Language) -> str:
    from napari_tbcad.evaluate.reports.case_report import case_html

    pages = case_html(
        case,
        path=place,
        languages=(language,),
        reading=len(case.readings),
        blind=blind,
        film=run.get("film"),
        model=run.get("model"),
        library=run.get("library"),
    )
    return pages[language]


def _export(folder: Path, run: Any) -> Path:
    from napari_tbcad.chest.exports import export_case
    from napari_tbcad.chest.workflow import finish
    from napari_tbcad.io.read import find_films
    from napari_tbcad.run_names import RunNames

    analysis = finish(run)
    source = Path(run.get("film").source)
    file = None
    if source.is_file():
        there = RunNames(folder).find([source])
        name = find_films(source)[0].name if there is None else there.name
        file = None if there is None else there.files[0].as_posix()
    else:
        name = source.name.replace("/", "_") or "film"
    model = run.get("model")
    classifier = model.card.name if model is not None else "none"
    export_case(folder, name, analysis, run.settings, file=file, classifier=classifier, masks="both")
    return folder
