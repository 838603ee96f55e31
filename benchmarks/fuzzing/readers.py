"""The readers that are fuzzed, each called with a file; what they return is checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

PROBE = "probe"
"""What a reader returns that only looks at files and refuses none."""


def _hold(condition: object, said: str) -> None:
    if not condition:
        raise AssertionError(said)


def _grey(film: Any) -> None:
    pixels = film.pixels
    _hold(pixels.ndim == 2 and pixels.dtype == np.float32 and np.isfinite(pixels).all(), "not a film")
    _hold(film.spacing_mm is None or all(0 < s < 1e4 for s in film.spacing_mm), f"spacing {film.spacing_mm}")
    film.record.to_json()
    _plain_texts(film.warnings)


def _plain_texts(texts: Sequence[str]) -> None:
    for text in texts:
        _hold(len(text) < 1000, f"a message of {len(text)} letters")
        _hold("Planted" not in text, "a message repeats an identifier")


def film(path: Path) -> None:
    from napari_tbcad.io.read import read_film

    _grey(read_film(path))


def dicom_headers(path: Path) -> str:
    from napari_tbcad.batch.corrected import identifier_in
    from napari_tbcad.io.dicom import is_chest_dicom
    from napari_tbcad.io.nuclear import is_scan_dicom, read_header
    from napari_tbcad.io.walk import is_image_file

    for look in (is_chest_dicom, is_scan_dicom, read_header, identifier_in, is_image_file):
        look(path)
    return PROBE


def scan(path: Path) -> None:
    from napari_tbcad.io.scans import read_study

    study = read_study(path)
    for frame in study.frames:
        pixels = frame.pixels
        _hold(pixels.ndim == 2 and np.isfinite(pixels).all() and pixels.min() >= 0, "not a view")
    study.record.to_json()
    _plain_texts(study.warnings)


def mask(path: Path) -> None:
    from napari_tbcad.io.masks import read_mask

    labels = read_mask(path)
    _hold(labels.dtype == np.uint8 and labels.ndim == 2 and labels.max() <= 2, "not a mask")


def labels(path: Path) -> None:
    from napari_tbcad.io.labels import read_labels

    labels = read_labels(path)
    _hold(labels.dtype in (np.uint8, np.uint16) and labels.ndim == 2, "not labels")


def voc(path: Path) -> None:
    from napari_tbcad.io.voc import read_voc

    for box in (*read_voc(path).boxes, *read_voc(path, (1024, 256)).boxes):
        _hold(0 <= box.top < box.bottom and 0 <= box.left < box.right, "not a box")


def image_labels(path: Path) -> None:
    from napari_tbcad.io.voc import read_image_labels

    read_image_labels(path)


def films_of_table(path: Path) -> None:
    from napari_tbcad.io.datasets import load_dataset

    load_dataset(path, strict=False)


def worklist(path: Path) -> None:
    from napari_tbcad.worklist_sources import rows_of

    rows_of(path)


def batch_inputs(path: Path) -> None:
    from napari_tbcad.batch.runs.inputs import bone_inputs, chest_inputs
    from napari_tbcad.io import walk

    walk.MAX_FILES_BELOW = 2000  # a table may name the folder of all folders
    for study in (*chest_inputs([path]), *bone_inputs([path])):
        _hold(not Path(study.name).is_absolute() and ".." not in Path(study.name).parts, study.name)
        _hold("/" not in study.name and "\\" not in study.name and "\x00" not in study.name, study.name)


def folds(path: Path) -> None:
    from napari_tbcad.evaluate.fold_files import read_fold_table

    read_fold_table(path)


def results(path: Path) -> None:
    from napari_tbcad.result_tables import read_rows

    read_rows(path, ("file", "status", "message", "bsi"))


def training_log(path: Path) -> None:
    from napari_tbcad.networks.training_folder import read_log

    read_log(path)


def patients(path: Path) -> None:
    from napari_tbcad.batch.corrections_patients import PatientNames

    PatientNames(path.parent, path)


def record(path: Path) -> None:
    from napari_tbcad.record import Record

    Record.load(path).to_json()


def network_list(path: Path) -> None:
    from napari_tbcad.networks.listing import read_list

    read_list(path)


def scores(path: Path) -> None:
    from napari_tbcad.errors import BadInput
    from napari_tbcad.evaluate.compare.classifier_scores import ClassifierScores
    from napari_tbcad.evaluate.compare.run_scores import RunScores

    try:
        RunScores.load(path)
    except BadInput:
        ClassifierScores.load(path)


def small_json(path: Path) -> str:
    from napari_tbcad.batch.child.files import read_json

    read_json(path)
    return PROBE


def parameters(path: Path) -> None:
    from napari_tbcad.chest.workflow import settings_from
    from napari_tbcad.cli.options import assignments

    settings_from(assignments(path, None))


def training(path: Path) -> None:
    from napari_tbcad.networks.config import load_config

    load_config(path)


def comparison(path: Path) -> None:
    from napari_tbcad.evaluate.compare.config import load_compare_config

    load_compare_config(path)


def journal(path: Path) -> None:
    from napari_tbcad.journal import read_journal

    for line in read_journal(path):
        _hold(isinstance(line, dict), "not an object")


def set_journal(path: Path) -> None:
    from napari_tbcad.batch.bone_set_journal import read_journal

    read_journal(path)


def case(path: Path) -> None:
    from napari_tbcad.case import Case

    head, case = Case.peek(path), Case.load(path)
    assert head.workflow == case.workflow
    _plain_texts([str(head.image.name)[:900]])


def chest_case(path: Path) -> None:
    from napari_tbcad.case import Case
    from napari_tbcad.chest.cases import film_for, mismatches, run_from

    case = Case.load(path)
    for reader in range(len(case.readings)):
        run_from(case, film_for(case, path), reader=reader)
    mismatches(case, None)


def bone_case(path: Path) -> None:
    from napari_tbcad.bone.cases import hotspots_of, run_from, study_for
    from napari_tbcad.case import Case

    case = Case.load(path)
    run_from(case, study_for(case, path))
    hotspots_of(case)


def model(path: Path) -> None:
    from napari_tbcad.chest.classify.store import load_model, read_card

    read_card(path)
    model = load_model(path)
    n = len(model.card.feature_names)
    model.estimator.predict_stages(np.zeros((2, n)))
    model.estimator.predict_stages(np.full((1, n), 3.5))
    model.card.headline()


def network(path: Path) -> None:
    from napari_tbcad.networks.store import load_network, read_network_card

    read_network_card(path).headline()
    load_network(path)


def tensors(path: Path) -> None:
    from napari_tbcad.networks.encoder_weights import read_tensors

    read_tensors(path)


def atlas(path: Path) -> None:
    from napari_tbcad.chest.lungs.atlas_library import load_atlas

    library = load_atlas(path)
    _hold(len(library.films) == len(library.masks), "not an atlas")
    library.mean_lungs  # noqa: B018


def shape_model(path: Path) -> None:
    from napari_tbcad.chest.shape_model import ShapeModel

    ShapeModel.load(path)


def skeleton_atlas(path: Path) -> None:
    from napari_tbcad.bone.skeleton_atlas import load_skeleton_atlas

    load_skeleton_atlas(path)


IMAGES = (film, scan, mask, labels)


def dicom_masks(path: Path) -> None:
    """Read a DICOM segmentation in the three ways it can be meant."""
    from napari_tbcad.io.clinic.segmentation_labels import maker_of_file
    from napari_tbcad.io.clinic.segmentation_reading import is_segmentation, spacing_of

    is_segmentation(path)
    spacing_of(path)
    maker_of_file(path, "lungs")
    mask(path)


def dicom_hotspots(path: Path) -> None:
    """Read hotspots and regions of a DICOM segmentation."""
    from napari_tbcad.errors import BadInput
    from napari_tbcad.io.clinic.segmentation_labels import hotspot_facts, hotspots_of, regions_of

    try:
        hotspot_facts(path)
        hotspots_of(path)
    except BadInput:
        regions_of(path)


def report(path: Path) -> None:
    """Read a structured report."""
    from napari_tbcad.io.clinic.report_reading import read_report

    read_report(path).as_dict()
