"""The tables of a run while a person exports a case into its folder: no row is lost, at any moment."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from napari_tbcad import result_tables
from napari_tbcad.batch.films import ChestJob
from napari_tbcad.batch.runs.inputs import chest_inputs
from napari_tbcad.batch.runs.run import run_studies
from napari_tbcad.chest import exports
from napari_tbcad.chest.workflow import finish, give_mask, settings_from, start
from napari_tbcad.errors import BadInput
from napari_tbcad.io.clinic.runs import rows_of
from napari_tbcad.io.masks import read_mask
from napari_tbcad.io.read import read_film
from napari_tbcad.run_folder import RUN, TABLES_LOCK
from napari_tbcad.simulate.samples import sample_path

QUICK = {"lungs.segmenter": "otsu", "features.grid": 128, "opacities.enabled": False}


@pytest.fixture
def films(tmp_path) -> Path:
    pixels = np.asarray(Image.open(sample_path("effusion")))[::4, ::4].copy()
    (tmp_path / "films").mkdir()
    for name, change in (("a", 0), ("b", 1)):
        Image.fromarray(pixels + pixels.dtype.type(change)).save(tmp_path / "films" / f"{name}.png")
    return tmp_path / "films"


def corrected(film: Path):
    run = start(read_film(film), settings_from(QUICK))
    run.compute("insensitive")
    labels = run.get("insensitive").labels.copy()
    labels[5:11, 60:66] = 1
    give_mask(run, labels, "insensitive", reader="Dr. Quill")
    return finish(run), run.settings


def test_a_row_that_comes_while_a_person_exports_is_there_when_it_is_told(films, tmp_path, monkeypatch):
    """The export has read the tables and is still drawing when the run has the next row."""
    out, analysis = tmp_path / "run", corrected(films / "a.png")
    read, told = threading.Event(), threading.Event()
    draw = exports.write_overlay

    def slowly(path, one):
        read.set()
        told.wait(1.0)
        draw(path, one)

    monkeypatch.setattr(exports, "write_overlay", slowly)
    export = threading.Thread(
        target=lambda: exports.export_case(out, "a", *analysis, file=(films / "a.png").as_posix())
    )
    seen = []

    def hear(event):
        if event.state != "done":
            return
        if event.name == "a":
            export.start()
            assert read.wait(20)
            return
        told.set()
        export.join(20)
        seen.extend(row["file"] for row in rows_of(out / "results.csv"))

    run_studies(chest_inputs(films), ChestJob(out, "none", QUICK, pictures=False), progress=hear)
    names = [(films / f"{name}.png").as_posix() for name in "ab"]
    assert seen == names
    assert [row["file"] for row in rows_of(out / "results.csv")] == names
    features = {row["file"]: row for row in rows_of(out / "features.csv")}
    assert list(features) == names
    own = analysis[0].features.as_dict()
    assert float(features[names[0]]["firstorder_mean"]) == pytest.approx(own["firstorder_mean"], rel=1e-8)


def test_tables_that_another_holds_are_not_written(films, tmp_path, monkeypatch):
    monkeypatch.setattr(result_tables, "_PATIENCE", 0.1)
    analysis = corrected(films / "a.png")
    out = tmp_path / "run"
    (out / RUN).mkdir(parents=True)
    with FileLock(out / RUN / TABLES_LOCK), pytest.raises(BadInput, match="another program is writing"):
        exports.export_case(out, "a", *analysis)
    assert not (out / "results.csv").exists()
    exports.export_case(out, "a", *analysis)
    assert len(rows_of(out / "results.csv")) == 1
    exports.export_case(tmp_path / "of nobody", "a", *analysis)
    assert not (tmp_path / "of nobody" / RUN).exists()


def test_a_mask_that_was_painted_there_and_given_back_is_put_aside_and_saved_in_no_other_way(films, tmp_path):
    out, job = tmp_path / "run", ChestJob(tmp_path / "run", "none", QUICK, pictures=False)
    studies, painted = chest_inputs(films), out / "masks" / "a_insensitive.png"
    run_studies(studies, job)
    labels = read_mask(painted)
    labels[5:11, 60:66] = 1
    Image.fromarray(labels).save(painted, compress_level=9)
    as_painted = painted.read_bytes()
    given = replace(job, masks=out / "masks")
    run_studies(studies, given)
    assert painted.read_bytes() == as_painted
    assert run_studies(studies, given).kept == 2
    run_studies(studies, job)
    assert (out / "before" / "1" / "masks" / painted.name).read_bytes() == as_painted
    assert not np.array_equal(read_mask(painted), labels)
