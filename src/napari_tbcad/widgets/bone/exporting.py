"""The export menu of the bone scan panel: results, the annotation in both schemes, pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari.utils.notifications import show_warning

from napari_tbcad.case import Verdict
from napari_tbcad.widgets.workflow import exporting
from napari_tbcad.widgets.workflow.dicom_exporting import dicom_entries


class BoneExporter(exporting.Exporter):
    """Writes what ``bone run`` writes, and annotations for learning and for other programs.

    See :class:`~napari_tbcad.widgets.workflow.exporting.Exporter`.
    """

    folder_entry = (
        "Tables, label images, overlay and record…",
        "What `bone run` writes, into a folder: results.csv, regions.csv, hotspots.csv, label images, boxes, "
        "the overlay and the record. Another scan's rows stay.",
    )

    def entries(self) -> Iterator[exporting.Entry]:
        """Yield the entries of the menu, the annotation before the picture."""
        *first, picture = super().entries()
        yield from first
        yield (
            "Annotation, both label schemes…",
            "Into a folder: class images of the 4- and the 3-class scheme, instances, VOC boxes, and "
            "hotspots.csv with who judged what and when. `bone run --masks` reads them back.",
            self.ask_for_annotation,
        )
        yield from dicom_entries(self)
        yield picture

    def ask_for_annotation(self) -> None:
        """Let the person choose a folder for the annotation."""
        self.ask(self.export_annotation_to, "Export the annotation into a folder")

    def export_annotation_to(self, folder: Path) -> None:
        """Write the annotation into a folder, beside those of other scans; tell what nobody judged."""
        self.export_with(self._annotation, folder)

    def written(self, folder: Path, run: Any, session: Any) -> Callable[[], Path]:
        """Return what writes tables, label images, overlay and record."""
        name = session.name
        return lambda: _export(folder, run, name)

    def page(self, run: Any, session: Any) -> Callable[[Any, exporting.Language], str]:
        """Return what writes the report, with the comparison of the panel where there is a fresh one."""
        from napari_tbcad.widgets.bone.comparing import comparing_of

        comparing, place = comparing_of(session), session.desk.suggestion
        compared = comparing.result if comparing.fresh else None
        return lambda case, language: _page(case, place, run, compared, language)

    def verdict_of(self, session: Any) -> Verdict:
        """Return "made" once every hotspot is judged; a reading that is to go on is no finished one."""
        hotspots = session.value("hotspots")
        whole = hotspots is not None and all(mark.judged for mark in hotspots.marks)
        return "made" if whole else "in progress"

    def name_of(self, session: Any) -> str:
        """Return what the scan is called."""
        return str(session.name)

    def _annotation(self, folder: Path, run: Any, session: Any) -> Callable[[], Path]:
        name, reader = session.name, self._bench.reader
        hotspots = run.get("hotspots")
        left = 0 if hotspots is None else sum(not mark.judged for mark in hotspots.marks)
        if left:
            are = "hotspot in it is" if left == 1 else "hotspots in it are"
            show_warning(f"{left} {are} not judged: the column “judged” of hotspots.csv tells which.")
        return lambda: _export_annotation(folder, run, name, reader)


@dataclass(frozen=True)
class _Named:
    """What a scan is called in tables and file names."""

    name: str
    file: str
    files: tuple[str, ...]


def _page(case: Any, place: Path, run: Any, compared: Any, language: exporting.Language) -> str:
    from napari_tbcad.evaluate.reports.case_report import case_html

    pages = case_html(
        case,
        path=place,
        languages=(language,),
        reading=len(case.readings),
        film=run.get("study"),
        compared=compared,
    )
    return pages[language]


def _export(folder: Path, run: Any, name: str) -> Path:
    from napari_tbcad.bone.case_scan import files_of
    from napari_tbcad.bone.exports import export_case
    from napari_tbcad.bone.workflow import finish

    called = _called(run, name, folder)
    export_case(
        folder,
        called.name,
        finish(run),
        run.settings,
        file=called.file,
        files=called.files,
        shown=bool(files_of(run.get("study"))),
    )
    return folder


def _export_annotation(folder: Path, run: Any, name: str, reader: str) -> Path:
    from napari_tbcad.bone.annotation import export_annotation
    from napari_tbcad.bone.workflow import finish

    called = _called(run, name)
    export_annotation(folder, called.name, finish(run), reader=reader, file=called.file, files=called.files)
    return folder


def _called(run: Any, name: str, folder: Path | None = None) -> _Named:
    """Return what a run in the folder calls a scan, else the command line; of layers, what the panel does."""
    from napari_tbcad.io.scan_files import find_scans
    from napari_tbcad.run_names import RunNames

    study = run.get("study")
    sources = dict.fromkeys(frame.facts.source for frame in study.frames if frame.facts.source)
    paths: Sequence[Path] = [Path(source) for source in sources]
    if paths and all(path.is_file() for path in paths):
        there = None if folder is None else RunNames(folder).find(paths)
        name, paths = (find_scans(paths)[0].name, paths) if there is None else there
    files = tuple(path.as_posix() for path in paths)
    return _Named(name.replace("/", "_"), files[0] if files else name, files)
