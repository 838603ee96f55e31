"""What a case, or a folder of ``bone run``, says of a bone scan, for the export as DICOM."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.case_values import label_name
from napari_tbcad.bone.cases import WORKFLOW, analysis_of, study_for
from napari_tbcad.bone.dicom_export import BoneFindings
from napari_tbcad.bone.edits import JUDGING
from napari_tbcad.bone.exports import hotspot_rows, region_rows, results_row
from napari_tbcad.bone.views import ViewParameters, name_views
from napari_tbcad.bone.workflow import BoneSettings
from napari_tbcad.case import Case
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan
from napari_tbcad.io.clinic import codes
from napari_tbcad.io.clinic.accounts import account_of
from napari_tbcad.io.clinic.makers import PROGRAM_GIVEN, Made, Maker, is_file, standing_edits
from napari_tbcad.io.clinic.provenance import finder_of, maker_of, moment
from napari_tbcad.io.clinic.runs import Require, rows_of
from napari_tbcad.io.labels import read_labels
from napari_tbcad.io.scans import Study, read_study
from napari_tbcad.record import Record, Step
from napari_tbcad.run_folder import started_in
from napari_tbcad.run_names import RunNames, files_of

Row = Mapping[str, Any]

NAMES = ("hotspots", "regions")

_BY_HAND = ("brush", "file")
_FOUND = ("candidate", "program")
"""Origins of hotspots that a program found: this one, or the one that a given file names."""


def findings_of_case(
    path: str | Path, *, case: Case | None = None, reading: int = -1, anonymous: bool = False
) -> BoneFindings:
    """Return what a reading of a scan's case says; nothing is searched for.

    Parameters
    ----------
    path : str or Path
        The case file; its stem is the NAME.
    case : Case, optional
        Its content where that is known already.
    reading : int, optional
        Which reading; the last by default.
    anonymous : bool, optional
        Call readers by number and leave out when they worked.

    Raises
    ------
    BadInput
        If it is no case of a scan, the scan is not to be found, or regions or hotspots are not there yet.
    """
    path = Path(path)
    case = Case.load(path) if case is None else case
    if case.workflow != WORKFLOW:
        raise BadInput(path, f"a case of the {case.workflow} workflow, not of a bone scan")
    one = case.readings[reading]
    analysis = analysis_of(path, reader=reading)
    rows = hotspot_rows(analysis, file="")
    own = {**case.labels, **one.automatic}
    automatic = {view: own.get(label_name(view, "hotspots")) for view in VIEWS}
    hotspots = _stored(analysis.scan, {view: analysis.hotspots.labels(view) for view in VIEWS})
    makers = _makers(
        one.record,
        analysis.given,
        found={name for name in NAMES if any(label_name(view, name) in own for view in VIEWS)},
        anonymous=anonymous,
    )
    return BoneFindings(
        name="scan" if anonymous else path.stem,
        scan=analysis.scan,
        halves=_halved(study_for(case, path)),
        hotspots=hotspots,
        regions=_stored(analysis.scan, {view: analysis.regions.labels(view) for view in VIEWS}),
        made=_made_of(rows, one.record, analysis.given, hotspots, _stored(analysis.scan, automatic)),
        makers=makers,
        rows=rows,
        region_rows=region_rows(analysis, file=""),
        result=results_row(analysis, BoneSettings.model_validate(one.settings), file=""),
        account=account_of(
            one.record,
            one.warnings,
            moment(one.when),
            anonymous=anonymous,
            reader=one.reader,
            finished=one.finished,
        ),
    )


def _stored(scan: BoneScan, images: Mapping[Any, NDArray[Any] | None]) -> dict[str, NDArray[Any]]:
    """Return label images of the views as they lie in the views' files."""
    return {
        view: np.ascontiguousarray(own.stored(labels))
        for view, own in scan
        if (labels := images.get(view)) is not None
    }


def _made_of(
    rows: Sequence[Row],
    record: Record,
    given: Collection[str],
    hotspots: Mapping[str, NDArray[Any]],
    before: Mapping[str, NDArray[Any]],
) -> dict[int, Made]:
    """Return who made each hotspot, by id.

    `before` are the label images that the program found; where they are not known, what came of files alone
    has no hotspot of the program with other pixels.
    """
    edits = standing_edits(record, "hotspots") if "hotspots" in given else []
    drawn = any(edit.tool not in JUDGING and not is_file(edit) for edit in edits)
    return {int(row["id"]): _made(row, hotspots, before, drawn) for row in rows}


def _made(
    row: Row, hotspots: Mapping[str, NDArray[Any]], before: Mapping[str, NDArray[Any]], drawn: bool
) -> Made:
    """Tell who made a hotspot; one with the pixels that were found is automatic, whoever judged it."""
    origin = row["origin"]
    if origin in _BY_HAND:
        return "MANUAL"
    if origin not in _FOUND:
        return "SEMIAUTOMATIC"
    if not drawn:
        return "AUTOMATIC"
    found = before.get(row["view"])
    if origin != "candidate" or found is None:
        return "SEMIAUTOMATIC"
    mask = hotspots[row["view"]] == int(row["id"])
    numbers = np.unique(found[mask])
    same = numbers.size == 1 and numbers[0] > 0 and np.array_equal(found == numbers[0], mask)
    return "AUTOMATIC" if same else "SEMIAUTOMATIC"


def _halved(study: Study) -> bool:
    return any(frame.facts.half for frame in study.frames)


def _makers(
    record: Record, given: Collection[str], *, found: Collection[str], anonymous: bool
) -> dict[str, Maker]:
    """Return who made hotspots and regions of each view, and with what.

    Parameters
    ----------
    record : Record
    given, found : collection of str
        Which of :data:`NAMES` were given or edited; of which there is an automatic version.
    anonymous : bool
    """
    return {
        label_name(view, name): maker_of(
            record,
            name,
            person=name in given,
            automatic=name in found,
            finder=finder_of(record, name, view=view if name == "hotspots" else "", anonymous=anonymous),
            part=view,
            anonymous=anonymous,
        )
        for name in NAMES
        for view in VIEWS
    }


def findings_of_run(
    folder: str | Path, *, anonymous: bool = False, require: Require | None = None
) -> Iterator[BoneFindings | BadInput]:
    """Yield what ``bone run`` left of each scan in a folder; of a scan that cannot be exported, why.

    Parameters
    ----------
    folder : str or Path
        Of ``bone run``: results.csv, regions.csv, hotspots.csv, masks and records.
    anonymous : bool, optional
        As for :func:`findings_of_case`.
    require : callable, optional
        Called with NAME and the files of each before they are read; raises BadInput for one that is not to
        be exported.
    """
    folder = Path(folder)
    results = rows_of(folder / "results.csv", "file", "status", "bsi")
    tables = {name: _by_file(rows_of(folder / f"{name}.csv", "file")) for name in ("regions", "hotspots")}
    names = RunNames(folder).of_rows(results)
    for number, row in enumerate(results, 1):
        if row.get("status") != "ok":
            continue
        file = row["file"]
        try:
            if (name := names.get(file)) is None:
                raise BadInput(file, f"which files of {folder} are its own cannot be told")
            own = {table: rows.get(file, []) for table, rows in tables.items()}
            found = _row_findings(folder, name, row, own["regions"], own["hotspots"], anonymous, require)
        except BadInput as error:
            yield error
            continue
        except (ValueError, KeyError) as error:
            yield BadInput(file, f"its rows in the tables of {folder} cannot be read ({error})")
            continue
        except (LookupError, TypeError, AttributeError, ArithmeticError) as error:
            yield BadInput(file, f"its record in {folder} cannot be used ({type(error).__name__}: {error})")
            continue
        yield replace(found, name=f"scan{number}") if anonymous else found


def _by_file(rows: list[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault(row["file"], []).append(row)
    return found


def _refuse_unknown(folder: Path, regions: list[dict[str, str]], hotspots: list[dict[str, str]]) -> None:
    """Refuse rows with a region or class that has no code, or text where a number belongs."""
    for table, column, known, rows in (
        ("regions", "region", set(codes.REGIONS), regions),
        ("hotspots", "label", set(codes.HOTSPOTS), hotspots),
        ("hotspots", "view", set(VIEWS), hotspots),
    ):
        if strange := {row[column] for row in rows} - known:
            raise BadInput(folder / f"{table}.csv", f"{column} {min(strange)!r} is not known")


def _row_findings(
    folder: Path,
    name: str,
    row: Mapping[str, str],
    regions: list[dict[str, str]],
    hotspots: list[dict[str, str]],
    anonymous: bool,
    require: Require | None,
) -> BoneFindings:
    _refuse_unknown(folder, regions, hotspots)
    home = started_in(folder)
    paths = [home / path for path in files_of(row)]
    if require is not None:
        require(name, paths)
    study = read_study(paths)
    record_path = folder / "records" / f"{name}.json"
    record = Record.load(record_path)
    named = next((step for step in record if isinstance(step, Step) and step.name == "views"), None)
    parameters = ViewParameters.model_validate(named.parameters if named is not None else {})
    scan = name_views(study, parameters)
    images: dict[str, dict[str, NDArray[Any]]] = {
        kind: {
            view: read_labels(path, scan.shape)
            for view in VIEWS
            if (path := folder / "masks" / f"{name}_{view}_{kind}.png").is_file()
        }
        for kind in ("hotspots", "regions")
    }
    columns = {"hotspots": "segmenter", "regions": "regions"}
    given = [name for name, column in columns.items() if row.get(column) in ("given", PROGRAM_GIVEN)]
    warnings = filter(None, row.get("warnings", "").split(" | "))
    when = datetime.fromtimestamp(int(record_path.stat().st_mtime))
    return BoneFindings(
        name=name,
        scan=scan,
        halves=_halved(study),
        hotspots=images["hotspots"],
        regions=images["regions"],
        made=_made_of(hotspots, record, given, images["hotspots"], {}),
        makers=_makers(record, given, found=NAMES, anonymous=anonymous),
        rows=hotspots,
        region_rows=regions,
        result=row,
        account=account_of(record, warnings, when, anonymous=anonymous),
        fresh=True,
    )
