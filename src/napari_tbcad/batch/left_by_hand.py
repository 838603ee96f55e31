"""Hotspots and regions that a person left in the folder of a run, brought back before the automatic ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

import numpy as np

from napari_tbcad.batch.corrected import table_rows
from napari_tbcad.bone.edits import give_hotspots, give_regions
from napari_tbcad.bone.hotspots import Hotspots, Mark, Origin
from napari_tbcad.bone.label_files import LabelFiles, find_label_files, read_hotspots, read_regions
from napari_tbcad.bone.views import ViewParameters
from napari_tbcad.chain import Run
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan
from napari_tbcad.io.clinic.makers import facts_of, standing_edits, stated
from napari_tbcad.io.labels import read_labels
from napari_tbcad.record import Record, Step
from napari_tbcad.run_folder import started_in


def views_left(record: Record) -> ViewParameters | None:
    """Return how the views were named and turned for what a person left; None where it is not said."""
    steps = [entry for entry in record if isinstance(entry, Step) and entry.name == "views"]
    with suppress(ValueError):
        return ViewParameters.model_validate(steps[-1].parameters) if steps else None
    return None


def give_left(run: Run, folder: Path, name: str, record: Record, *, tool: str) -> set[str]:
    """Put what a person left before the automatic hotspots and regions.

    Parameters
    ----------
    run : Run
        Of the scan, in bone/workflow.
    folder : Path
        Of results.
    name : str
        Of the scan there.
    record : Record
        Of the scan there: by its edits it is known what is a person's.
    tool : str
        With what, as the edit says it.

    Returns
    -------
    set of str
        Which of ``"hotspots"`` and ``"regions"`` that was.

    Raises
    ------
    BadInput
        If a file does not fit the scan.
    """
    found = find_label_files(folder / "masks", name)
    (scan,) = run.compute("scan")
    there = {view for view, _ in scan}
    given: set[str] = set()
    if (edits := standing_edits(record, "regions")) and there <= found.regions.keys():
        _prepare(run, "regions")
        regions = read_regions(found, scan)
        assert regions is not None  # its files are there
        facts = _makers(record, "regions")
        give_regions(run, regions, tool=tool, reader=edits[-1].reader, facts=facts)
        given.add("regions")
    if (edits := standing_edits(record, "hotspots")) and there <= found.hotspots.keys():
        _prepare(run, "hotspots")
        hotspots = _with_marks(folder, Path(run.get("study").source), found, scan)
        if hotspots is None:  # the table is not of these files, which say less
            files = LabelFiles(hotspots=found.hotspots, classes=found.classes)
            scheme = run.settings.classes.scheme  # type: ignore[attr-defined]
            hotspots = read_hotspots(files, scan, run.get("hotspots", automatic=True), scheme=scheme)
            assert hotspots is not None  # its files are there
        facts = _makers(record, "hotspots")
        give_hotspots(run, hotspots, tool=tool, reader=edits[-1].reader, facts=facts)
        given.add("hotspots")
    return given


def _prepare(run: Run, name: str) -> None:
    """Make the automatic version, so that the record can tell how far a person's is from it."""
    with suppress(BadInput):
        run.compute(name, automatic=True)


def _makers(record: Record, target: str) -> dict[str, Any]:
    """Return who made what stands, by view, as an edit keeps it."""
    said = {str(view): stated(record, target, view) for view in VIEWS}
    makers = {view: maker for view, maker in said.items() if maker is not None}
    return facts_of(makers, program=standing_edits(record, target)[-1].by_program)


def _with_marks(folder: Path, source: Path, files: LabelFiles, scan: BoneScan) -> Hotspots | None:
    """Return the hotspots with all that their table says of each; None where it does not fit their files."""
    arrays = {
        view: image.stored(read_labels(files.hotspots[view], scan.shape)).astype(np.uint16)
        for view, image in scan
    }
    try:
        marks = tuple(_marks(folder, source))
        return Hotspots(arrays.get("anterior"), arrays.get("posterior"), marks, record=scan.record)
    except (BadInput, OSError, KeyError, TypeError, ValueError):
        return None


def _marks(folder: Path, source: Path) -> Iterator[Mark]:
    home, place = started_in(folder), source.resolve()
    for row in table_rows(folder / "hotspots.csv"):
        path = Path(row["file"])
        # The name first: to ask where each of many thousand paths leads takes long.
        if path.name != source.name or (home / path).resolve() != place:
            continue
        yield Mark(
            int(row["id"]),
            row["view"],  # type: ignore[arg-type]
            row["label"],
            row["origin"] if row["origin"] in get_args(Origin) else "file",  # type: ignore[arg-type]
            row["judged"] == "True",
            probability=_number(row["probability"]),
            linked=int(row["linked"]) if row["linked"] else None,
            uncertainty=_number(row.get("uncertainty", "")),
        )


def _number(text: str) -> float | None:
    return float(text) if text else None
