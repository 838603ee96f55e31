"""A project's annotations as files, and as a set that ``bone train`` learns from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_tbcad import __version__
from napari_tbcad.batch.annotation_project import Annotated, Project
from napari_tbcad.batch.bone_set import FACTS, SET_VERSION, content_of, read_facts
from napari_tbcad.batch.bone_set import TABLE as SAMPLES
from napari_tbcad.batch.bone_training_sets import ANNOTATIONS
from napari_tbcad.batch.corrections import Gathered, gather_corrections
from napari_tbcad.bone.annotation import SCHEMES, export_annotation
from napari_tbcad.bone.cases import analysis_of
from napari_tbcad.errors import BadInput, TbcadError
from napari_tbcad.files import require_writable, write_csv, written_whole
from napari_tbcad.io.labels import read_labels, write_labels
from napari_tbcad.notice import NOTICE
from napari_tbcad.schemes import FOUR_CLASS, IGNORE, THREE_CLASS

LAYOUT = ANNOTATIONS
SET, VIEWS_FOLDER, LABELS_3 = "set", "views", "labels_3"
SET_COLUMNS = ("image", "label", "patient", "view", "source", "fold", "image_label", "reader", "when")
"""Columns of the set's samples.csv; ``image_label`` is 1 where the view has an abnormal hotspot."""

_MOST_FOLDS = 5

Say = Callable[[str], None]


@dataclass(frozen=True)
class Exported:
    """What was written.

    Parameters
    ----------
    scans : int
        Annotations written.
    left_out : int
        Cases that are not finished.
    failed : tuple of str
        Cases that could not be exported, and why.
    set_images : int
        Views in the training set; 0 where there is none.
    unjudged : int
        Hotspots in the annotations that nobody judged.
    """

    scans: int
    left_out: int
    failed: tuple[str, ...]
    set_images: int
    unjudged: int = 0


def export_project(
    project: Project,
    out: str | Path,
    *,
    schemes: Sequence[str] = SCHEMES,
    voc: bool = False,
    unfinished: bool = False,
    patients: Path | None = None,
    say: Say = print,
) -> Exported:
    """Write the state of a project, its annotations and a training set.

    Parameters
    ----------
    project : Project
        From :func:`~napari_tbcad.batch.annotation_project.look_at`.
    out : str or Path
        Folder for annotations.csv, for what :func:`~napari_tbcad.bone.annotation.export_annotation` writes of
        each case, and for ``set/`` (samples.csv, set.json), which ``bone train`` reads. Its views and labels
        lie in ``set/views`` as ``networks corrections`` writes them: patients by a keyed digest; 255 where a
        hotspot was not judged or is ignored.
    schemes : sequence of {"4", "3"}, optional
        Label schemes. The set is of the first; with both there is a samples_3.csv beside it.
    voc : bool, optional
        Write boxes as well.
    unfinished : bool, optional
        Also take readings that are in progress.
    patients : Path, optional
        CSV with the columns file and patient.
    say : callable, optional
        Told what is left out, and why.

    Raises
    ------
    BadInput
        If the folder cannot be written or holds another set.
    """
    out = Path(out)
    require_writable(out)
    _require_own(out / SET)
    failed: list[str] = []
    taken: list[Annotated] = []
    for one in project.cases:
        if one.problem or (one.finished is None and not unfinished):
            continue
        try:
            _export(one, out, schemes, voc, unfinished=unfinished)
            taken.append(one)
        except TbcadError as error:
            failed.append(str(error))
            say(f"ERROR {error}")
    project.write(out)
    left = sum(not one.problem and one.finished is None for one in project.cases) if not unfinished else 0
    images = _make_set(taken, out / SET, schemes, unfinished, patients, say) if taken else 0
    unjudged = sum(one.row.get("hotspots", 0) - one.row.get("judged", 0) for one in taken)
    return Exported(len(taken), left, tuple(failed), images, unjudged)


def _export(one: Annotated, out: Path, schemes: Sequence[str], voc: bool, *, unfinished: bool) -> None:
    reader = -1 if unfinished or one.finished is None else one.finished
    export_annotation(
        out,
        one.name,
        analysis_of(one.path, reader=reader),
        schemes=schemes,
        voc=voc,
        reader=str(one.row.get("first_reader") or ""),
        file=one.files[0] if one.files else one.name,
        files=one.files,
    )


def _require_own(folder: Path) -> None:
    if (folder / FACTS).is_file() and read_facts(folder).get("layout") != LAYOUT:
        raise BadInput(folder, "it holds a set of other origin; choose another folder")
    if not (folder / FACTS).is_file() and (folder / SAMPLES).exists():
        raise BadInput(folder, f"it holds a {SAMPLES} that was not made here; choose another folder")


# -- the training set ---------------------------------------------------------------------------------


def _make_set(
    taken: Sequence[Annotated],
    folder: Path,
    schemes: Sequence[str],
    unfinished: bool,
    patients: Path | None,
    say: Say,
) -> int:
    views = folder / VIEWS_FOLDER
    try:
        gathered = gather_corrections(
            [one.path for one in taken],
            views,
            what="hotspots",
            patients=patients,
            unfinished=unfinished,
            say=say,
        )
    except BadInput as error:
        say(f"no training set: {error}")
        return 0
    rows = _rows(gathered, views)
    if "3" in schemes:
        _write_three(gathered, views)
    scheme = schemes[0]
    _write_table(folder, SAMPLES, rows, scheme)
    if len(schemes) > 1:
        _write_table(folder, "samples_3.csv", rows, "3")
    _write_facts(folder, rows, scheme, len({row["reader"] for row in rows if row["reader"]}))
    return len(rows)


def _rows(gathered: Gathered, views: Path) -> list[dict[str, Any]]:
    """Return the rows of the set's table, every patient in one fold."""
    names = sorted({row["patient"] for row in gathered.rows})
    folds = max(2, min(_MOST_FOLDS, len(names)))
    fold = {name: number % folds for number, name in enumerate(names)}
    abnormal = FOUR_CLASS.ids["abnormal"]
    return [
        {
            "image": f"{VIEWS_FOLDER}/images/{row['image']}",
            "label": row["label"],
            "patient": row["patient"],
            "view": row["view"],
            "source": LAYOUT,
            "fold": fold[row["patient"]],
            "image_label": int((read_labels(views / "labels" / row["label"]) == abnormal).any()),
            "reader": row["reader"],
            "when": row["when"],
        }
        for row in gathered.rows
    ]


def _write_three(gathered: Gathered, views: Path) -> None:
    """Write the labels in the 3-class scheme; what makes no statement stays so."""
    for row in gathered.rows:
        labels = read_labels(views / "labels" / row["label"])
        silent = labels == IGNORE
        three = FOUR_CLASS.convert(np.where(silent, 0, labels), THREE_CLASS)
        write_labels(
            views / LABELS_3 / row["label"], np.where(silent, IGNORE, three).astype(np.uint8), bits=8
        )


def _placed(rows: Sequence[Mapping[str, Any]], scheme: str) -> list[dict[str, Any]]:
    place = LABELS_3 if scheme == "3" else "labels"
    return [{**row, "label": f"{VIEWS_FOLDER}/{place}/{row['label']}"} for row in rows]


def _write_table(folder: Path, name: str, rows: Sequence[Mapping[str, Any]], scheme: str) -> None:
    write_csv(folder / name, SET_COLUMNS, _placed(rows, scheme))


def _write_facts(folder: Path, rows: Sequence[Mapping[str, Any]], scheme: str, readers: int) -> None:
    named = f"{readers} named reader{'' if readers == 1 else 's'}"
    facts = {
        "set_version": SET_VERSION,
        "version": __version__,
        "what": "hotspots",
        "layout": LAYOUT,
        "scheme": scheme,
        "terms": f"annotated with napari-tbcad by {named}. {NOTICE}",
        "folds": max(2, len({row["fold"] for row in rows})),
        "content": content_of(folder, _placed(rows, scheme)),
        "images": len(rows),
        "patients": len({row["patient"] for row in rows}),
    }
    with written_whole(folder / FACTS) as temporary:
        temporary.write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")
