"""What a case, or a folder of ``chest run``, says of a film, for the export as DICOM."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from napari_tbcad.case import Case, Reading
from napari_tbcad.chest.cases import WORKFLOW, film_for
from napari_tbcad.chest.classify.card import NOTICE
from napari_tbcad.chest.dicom_export import KINDS, ChestFindings, MaskFound
from napari_tbcad.chest.exports import RESULT_COLUMNS
from napari_tbcad.chest.feature_sets import feature_groups
from napari_tbcad.errors import BadInput
from napari_tbcad.io.clinic.accounts import account_of
from napari_tbcad.io.clinic.provenance import finder_of, maker_of, moment
from napari_tbcad.io.clinic.runs import Require, rows_of
from napari_tbcad.io.masks import find_mask, read_mask
from napari_tbcad.io.read import read_film
from napari_tbcad.record import Record, Step
from napari_tbcad.run_folder import started_in
from napari_tbcad.run_names import RunNames

_TEXTS = ("decision", "notice")


def findings_of_case(
    path: str | Path, *, case: Case | None = None, reading: int = -1, anonymous: bool = False
) -> ChestFindings:
    """Return what a reading of a film's case says; nothing is computed.

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
        If it is no case of a film, the film is not to be found, or there are no masks in it.
    """
    path = Path(path)
    case = Case.load(path) if case is None else case
    if case.workflow != WORKFLOW:
        raise BadInput(path, f"a case of the {case.workflow} workflow, not of a film")
    one = case.readings[reading]
    film = film_for(case, path)
    masks = _masks(case, one, anonymous)
    if not masks:
        raise BadInput(path, "has no lung masks yet: run it first")
    said = one.values.get("features") or {}
    settings = one.settings.get("features", {})
    return ChestFindings(
        name="film" if anonymous else path.stem,
        film=film,
        masks=masks,
        account=account_of(
            one.record,
            one.warnings,
            moment(one.when),
            anonymous=anonymous,
            reader=one.reader,
            finished=one.finished,
        ),
        features=dict(zip(said.get("names", ()), said.get("values", ()), strict=True)),
        groups=dict(zip(said.get("names", ()), said.get("groups", ()), strict=True)),
        measured={**_kept(settings), **_asked(one.result)},
        result=_said(one.result or {}, anonymous),
    )


def _masks(case: Case, one: Reading, anonymous: bool) -> dict[str, MaskFound]:
    found = {}
    automatic = {**case.labels, **one.automatic}
    finder = finder_of(one.record, "lungs", str(one.models.get("segmenter") or ""), anonymous=anonymous)
    for kind in KINDS:
        labels = one.labels.get(kind, automatic.get(kind))
        if labels is not None:
            maker = maker_of(
                one.record,
                kind,
                person=kind in one.labels,
                automatic=kind in automatic,
                finder=finder,
                anonymous=anonymous,
            )
            found[kind] = MaskFound(labels, maker)
    return found


def _kept(parameters: Mapping[str, Any]) -> dict[str, Any]:
    names = ("feature_set", "definition", "image", "grid", "levels", "discretisation", "shape_unit")
    return {name: parameters[name] for name in names if name in parameters}


def _asked(result: Mapping[str, Any] | None) -> dict[str, Any]:
    return {} if not result else {"operating_point": result.get("operating_point", "")}


def findings_of_run(
    folder: str | Path, *, anonymous: bool = False, require: Require | None = None
) -> Iterator[ChestFindings | BadInput]:
    """Yield what ``chest run`` left of each film in a folder; of a film that cannot be exported, why.

    Parameters
    ----------
    folder : str or Path
        Of ``chest run``: results.csv, features.csv, masks and records.
    anonymous : bool, optional
        As for :func:`findings_of_case`.
    require : callable, optional
        Called with NAME and the files of each before they are read; raises BadInput for one that is not to
        be exported.
    """
    folder = Path(folder)
    rows = rows_of(folder / "results.csv", "file", "status", "decision")
    table = folder / "features.csv"
    features = {row["file"]: row for row in (rows_of(table, "file") if table.is_file() else ())}
    names = RunNames(folder).of_rows(rows)
    for number, row in enumerate(rows, 1):
        if row.get("status") != "ok":
            continue
        try:
            if (name := names.get(row["file"])) is None:
                raise BadInput(row["file"], f"which files of {folder} are its own cannot be told")
            found = _row_findings(folder, name, row, features.get(row["file"], {}), anonymous, require)
        except BadInput as error:
            yield error
            continue
        except ValueError as error:
            yield BadInput(
                row["file"], f"its row in a table of {folder} has no number where one belongs ({error})"
            )
            continue
        except (LookupError, TypeError, AttributeError, ArithmeticError) as error:
            why = f"its record in {folder} cannot be used ({type(error).__name__}: {error})"
            yield BadInput(row["file"], why)
            continue
        yield replace(found, name=f"film{number}") if anonymous else found


def _row_findings(
    folder: Path,
    name: str,
    row: Mapping[str, str],
    features: Mapping[str, str],
    anonymous: bool,
    require: Require | None,
) -> ChestFindings:
    path = started_in(folder) / row["file"]
    if require is not None:
        require(name, [path])
    film = read_film(path)
    record_path = folder / "records" / f"{name}.json"
    record = Record.load(record_path)
    step = next((s for s in record if isinstance(s, Step) and s.name == "features"), None)
    parameters = dict(step.parameters) if step is not None and step.parameters else {}
    origins = (step.facts if step is not None else {}).get("masks", {})
    finder = finder_of(record, "lungs", row.get("segmenter", ""), anonymous=anonymous)
    masks = {}
    for kind in KINDS:
        mask = find_mask(folder / "masks", name, kind)
        if mask is not None:
            given = origins.get(kind, "automatic") != "automatic"
            maker = maker_of(record, kind, person=given, automatic=True, finder=finder, anonymous=anonymous)
            masks[kind] = MaskFound(read_mask(mask, film.shape), maker)
    if not masks:
        raise BadInput(folder, f"there are no masks of {name} in it")
    values = {key: float(value) for key, value in features.items() if key != "file" and value}
    known: Mapping[str, str] = feature_groups(parameters.get("feature_set", "chandra113")) if values else {}
    warnings = filter(None, row.get("warnings", "").split(" | "))
    when = datetime.fromtimestamp(int(record_path.stat().st_mtime))
    return ChestFindings(
        name=name,
        film=film,
        masks=masks,
        account=account_of(record, warnings, when, anonymous=anonymous),
        features=values,
        groups={key: known.get(key, key.partition("_")[0]) for key in values},
        measured={**_kept(parameters), **_asked(row)},
        result=_said(
            {key: row[key] if key in _TEXTS else _number(row[key]) for key in RESULT_COLUMNS if key in row},
            anonymous,
        ),
        fresh=True,
    )


def _said(result: Mapping[str, Any], anonymous: bool) -> dict[str, Any]:
    """Return a result; where it may name nobody, without the notice that a model's maker wrote."""
    own = anonymous and result.get("notice") != NOTICE
    return {key: value for key, value in result.items() if not (own and key == "notice")}


def _number(text: str) -> float | str | None:
    try:
        return float(text)
    except ValueError:
        return text or None
