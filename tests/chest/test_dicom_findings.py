"""What a folder of ``chest run`` says of its films: a bad record is told, and the others are given."""

from __future__ import annotations

import csv

import numpy as np
from PIL import Image

from napari_tbcad.batch.clinic import export_subject
from napari_tbcad.chest import dicom_export
from napari_tbcad.chest.classify.card import NOTICE
from napari_tbcad.chest.dicom_export import ChestFindings
from napari_tbcad.chest.dicom_findings import _said, findings_of_run
from napari_tbcad.errors import BadInput
from napari_tbcad.record import Record, Step


def run_of(folder, records):
    """Write a folder of a run over pictures of noise, with these records."""
    for name in ("masks", "records"):
        (folder / name).mkdir(parents=True)
    rng = np.random.default_rng(0)
    with (folder / "results.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "status", "decision"])
        for name, record in records.items():
            path = folder / f"{name}.png"
            Image.fromarray(rng.integers(0, 255, (64, 64), np.uint8)).save(path)
            Image.fromarray(np.full((64, 64), 255, np.uint8)).save(folder / "masks" / f"{name}_sensitive.png")
            record.save(folder / "records" / f"{name}.json")
            table.writerow([path, "ok", ""])
    return folder


def test_a_record_that_cannot_be_used_is_told_and_the_next_film_is_given(tmp_path):
    good = Record((Step("lungs", model="x"),))
    bad = Record((Step("features", facts={"masks": []}),))
    found = list(findings_of_run(run_of(tmp_path, {"a": bad, "b": good})))
    assert [type(one) for one in found] == [BadInput, ChestFindings]
    assert found[0].source.endswith("a.png")
    assert "its record" in found[0].cause
    assert found[1].masks["sensitive"].maker.finder.name == "x"


def test_the_notice_of_a_model_that_somebody_trained_is_not_said_where_nobody_may_be_named():
    for notice, anonymous, kept in (
        ("Klinik Dr. Doe", True, False),
        ("Klinik Dr. Doe", False, True),
        (NOTICE, True, True),
    ):
        said = _said({"decision": "normal", "notice": notice}, anonymous)
        assert said == {"decision": "normal"} | ({"notice": notice} if kept else {})


def test_a_film_that_a_library_refuses_is_told_and_the_next_one_is_written(tmp_path, monkeypatch):
    write, said = dicom_export.write_report, iter([ValueError("DOE^JOHN is no name")])

    def refused_once(*given, **more):
        if (error := next(said, None)) is not None:
            raise error
        return write(*given, **more)

    monkeypatch.setattr(dicom_export, "write_report", refused_once)
    run = run_of(tmp_path / "run", {name: Record((Step("lungs", model="x"),)) for name in "ab"})
    refused, written = export_subject(run, tmp_path / "out")
    assert (refused.source, refused.fault) == ("a", "cannot be written as DICOM (ValueError)")
    assert written.exported.name == "b"
