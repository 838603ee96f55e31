"""The report of a film's case: it says everything, and names no patient and no folder."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from napari_tbcad.case import Case
from napari_tbcad.chest.cases import case_of
from napari_tbcad.chest.classify.card import Score
from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.chest.classify.train import fit_model
from napari_tbcad.chest.lungs.fields import LungMasks
from napari_tbcad.chest.workflow import give_mask, settings_from, start, use_model
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.reports.case_report import case_html
from napari_tbcad.io.read import read_film

SIDE = 96
SECRETS = {
    "PatientName": "Rahasia^Budi",
    "PatientID": "MRN778899",
    "PatientBirthDate": "19610203",
    "AccessionNumber": "ACC445566",
    "InstitutionName": "Rumah Sakit Contoh",
}
FOLDER = "Budi Rahasia 1961"


def oval(row, column, height, width):
    rows, columns = np.indices((SIDE, SIDE))
    return ((rows - row) / height) ** 2 + ((columns - column) / width) ** 2 < 1


def lungs():
    labels = np.zeros((SIDE, SIDE), np.uint8)
    labels[oval(48, 27, 38, 17)] = 1
    labels[oval(50, 69, 36, 16)] = 2
    return labels


def dicom(path):
    """Write a film whose header names a patient everywhere."""
    noise = 12 * np.random.default_rng(0).standard_normal((SIDE, SIDE))
    pixels = (np.where(lungs() > 0, 70, 170) + noise).clip(0, 255)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    film = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    for name, value in SECRETS.items():
        setattr(film, name, value)
    film.SOPClassUID, film.SOPInstanceUID = meta.MediaStorageSOPClassUID, "1.2.3"
    film.Modality, film.PhotometricInterpretation = "CR", "MONOCHROME2"
    film.Rows = film.Columns = SIDE
    film.SamplesPerPixel, film.PixelRepresentation = 1, 0
    film.BitsAllocated, film.BitsStored, film.HighBit = 16, 16, 15
    film.PixelData = pixels.astype(np.uint16).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, film, enforce_file_format=True)
    return path


def model_of(features):
    """Return a classifier of made-up films; as if it had been read from a file."""
    draw, labels = np.random.default_rng(1), np.arange(40) % 2
    spread = 0.1 * np.abs(features.values) + 1e-3
    values = features.values + spread * draw.standard_normal((40, len(spread)))
    values[:, list(features.names).index("firstorder_mean")] += 2 * spread.max() * labels
    shape = [n for n, g in zip(features.names, features.groups, strict=True) if g == "shape"]
    info = {
        "name": "made up",
        "feature_set": features.feature_set,
        "grid": SIDE,
        "levels": 16,
        "scores": (
            Score(design="3-fold", metric="auc", value=0.9, low=0.8, high=0.95, headline=True),
            Score(design="3-fold", metric="control outside_lungs auc", value=0.52, low=0.4, high=0.6),
        ),
    }
    table = pd.DataFrame(values, columns=list(features.names))
    made = fit_model(table, labels, estimator=HierarchicalClassifier(shape, n_folds=2), card_info=info)
    return replace(made, sha256="ab" * 32)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A case with two readings of one film, its file, and the model; never changed."""
    folder = tmp_path_factory.mktemp("reports") / FOLDER
    film = read_film(dicom(folder / "film.dcm"))
    wanted = {
        "features.feature_set": "chandra113",
        "features.grid": SIDE,
        "features.levels": 16,
        "lungs.segmenter": "otsu",
        "opacities.enabled": False,
    }
    run = start(film, settings_from(wanted))
    run.compute("upright")
    for kind in ("sensitive", "insensitive"):
        run.restore(kind, LungMasks(lungs(), kind))
    (features,) = run.compute("features")
    model = model_of(features)
    use_model(run, model)
    run.compute("result")
    first = case_of(run, reader="<script>alert(1)</script>", warnings=(f"{film.source}: looks odd.",))
    corrected = lungs()
    corrected[oval(30, 27, 8, 7)] = 0
    corrected[oval(80, 40, 5, 5)] = 1
    give_mask(run, corrected, "insensitive", reader="Reader A")
    run.compute("result")
    case = case_of(run, reader="Reader A", earlier=first, warnings=(f"{film.source}: looks odd.",))
    path = folder / "study.tbcad"
    case.save(path)
    return path, model


@pytest.fixture(scope="module")
def pages(made):
    path, model = made
    return case_html(path, languages=("en", "id"), model=model)


def test_a_report_says_what_was_done_and_what_came_out(pages):
    page = pages["en"]
    for said in (
        "Chest film film.dcm",
        "research use only",
        "uspect for tuberculosis",
        "◇ automatic masks",
        "The corrections moved the probability",
        "Insensitive mask, corrected",
        "Reader A",
        "Local evidence of this decision",
        "control outside lungs auc",
        "outside 95 % of normal films",
        "ab" * 32,
        "looks odd",
    ):
        assert said in page, said
    assert page.count("<img") == 5  # film, masks, before and after, evidence


def test_a_report_is_one_file_without_script_or_links(pages):
    for page in pages.values():
        assert "<script" not in page
        assert "http://" not in page
        assert "https://" not in page
        assert "&lt;script&gt;" in page


def test_no_text_of_a_case_becomes_part_of_the_page(made, tmp_path, plant, harmless):
    assert plant(made[0], tmp_path / "film.tbcad") > 80
    for page in case_html(tmp_path / "film.tbcad", languages=("en", "id")).values():
        harmless(page, often=50)


def test_the_indonesian_report_is_indonesian(pages):
    page = pages["id"]
    assert "lang='id'" in page
    assert "Hanya untuk penelitian" in page
    assert "Yang dikoreksi orang" in page


def test_an_indonesian_report_writes_decimal_commas(pages, made, decimal_points):
    result, page = Case.load(made[0]).last.result, pages["id"]
    probability = f"{result['probability']:.3f}"
    assert decimal_points(page) == []
    assert decimal_points(pages["en"])
    for said in (
        f"Probabilitas {result['probability']:.2f}".replace(".", ","),
        f"aria-label='{probability.replace('.', ',')} / 0,500'",
        "<b>0,900</b><small>0,800–0,950</small>",
        "(0,5 itu baik)",
    ):
        assert said in page, said
    # What the program reads, or a drawing is made of, has no comma in it.
    assert "Operating point 0.5" in page
    assert re.search(r"<circle cx='\d+\.\d' cy=", page)


def test_no_patient_and_no_folder_is_named(pages, made):
    path, _ = made
    for page in pages.values():
        for secret in (*SECRETS.values(), *SECRETS["PatientName"].split("^"), FOLDER, str(path.parent)):
            assert secret not in page, secret
        assert "film.dcm: looks odd" in page


def test_a_blinded_report_answers_nothing(made):
    path, model = made
    page = case_html(path, model=model, blind=True)["en"]
    result = Case.load(path).last.result
    assert "Blinded reading" in page
    assert "uspect for tuberculosis" not in page
    assert f"{result['probability']:.4g}" not in page
    assert "Local evidence" not in page
    assert "Insensitive mask, corrected" in page


def test_without_the_film_the_case_tells_what_it_holds(made, tmp_path):
    path, _ = made
    case = Case.load(path)
    images = {"film": replace(case.image, path="/gone/Budi/film.dcm", relative="", embedded="")}
    replace(case, images=images).save(tmp_path / "alone.tbcad")
    page = case_html(tmp_path / "alone.tbcad")["en"]
    assert "The image is not at hand" in page
    assert "/gone/Budi" not in page
    assert "Insensitive mask, corrected" in page
    assert "uspect for tuberculosis" in page
    assert "its card cannot be shown" in page


def test_another_reading_can_be_chosen(made):
    path, model = made
    page = case_html(path, model=model, reading=1)["en"]
    assert "Nothing: everything stands as the program made it" in page
    with pytest.raises(BadInput, match="readings 1 to 2"):
        case_html(path, reading=3)


def test_a_finished_reading_comes_before_one_in_progress(made, tmp_path):
    path, _ = made
    case = Case.load(path)
    going_on = replace(case.readings[1], verdict="in progress")
    replace(case, readings=(case.readings[0], going_on)).save(tmp_path / "two.tbcad")
    page = case_html(tmp_path / "two.tbcad")["en"]
    assert "still in progress" not in page
    assert "Nothing: everything stands as the program made it" in page


@pytest.mark.parametrize(("texture", "said", "unsaid"), [(1.0, "log-odds", "10%"), (0.1, "10%", "log-odds")])
def test_zones_are_called_log_odds_only_where_they_are(texture, said, unsaid):
    from types import SimpleNamespace

    from napari_tbcad.evaluate.reports.case_film_page import _where
    from napari_tbcad.evaluate.reports.case_film_words import FILM
    from napari_tbcad.evaluate.reports.case_words import words_of

    told = SimpleNamespace(zones={"right_upper": 1.5}, not_local=0.7, texture=texture, sentence="")
    subject = SimpleNamespace(
        shape=(4, 4), result=object(), explanation=told, opacities=None, no_opacities="", no_explanation=""
    )
    page = _where(subject, SimpleNamespace(evidence=b"png", opacities=b""), words_of(FILM, "en"))
    assert said in page
    assert unsaid not in page
    assert ("0.70" in page) == (texture == 1)
