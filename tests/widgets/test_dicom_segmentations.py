"""DICOM segmentations in napari: opened by dropping a file, written from the panel's menu."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import numpy as np
import pytest
from qtpy.QtWidgets import QMenu

from napari_tbcad.io.clinic import codes
from napari_tbcad.io.clinic.report_reading import read_report
from napari_tbcad.io.clinic.segmentation import Segment, write_segmentation
from napari_tbcad.io.clinic.segmentation_labels import lungs_of
from napari_tbcad.io.clinic.source import dicom_source
from napari_tbcad.io.read import read_film
from napari_tbcad.simulate.samples import sample_path
from napari_tbcad.widgets.reader import get_reader
from napari_tbcad.widgets.workflow import dicom_exporting
from napari_tbcad.widgets.workflow.dicom_exporting import export_dicom_to


def written(path, kinds):
    film = read_film(sample_path("normal_cr"))
    source = dicom_source(film.source, spacing_mm=film.spacing_mm)
    parts = []
    for place, (concepts, track) in enumerate(kinds):
        mask = np.zeros(source.shape, bool)
        mask[20 + 50 * place : 60 + 50 * place, 30:90] = True
        parts.append(Segment(mask, track, *concepts, "AUTOMATIC", "x", codes.FAMILIES["otsu"], track))
    return write_segmentation(
        path, source, parts, name="T", description="t", series=1, when=datetime(2026, 11, 23)
    ).path


@pytest.mark.parametrize(
    ("kinds", "values"),
    [
        ([((codes.ANATOMY, codes.LUNGS[2]), "left"), ((codes.ANATOMY, codes.LUNGS[1]), "right")], {0, 1, 2}),
        ([(codes.HOTSPOTS["abnormal"], "hotspot 7"), (codes.HOTSPOTS["normal"], "hotspot 9")], {0, 7, 9}),
        ([((codes.ANATOMY, codes.REGIONS["femur"]), "femur")], {0, 12}),
    ],
)
def test_a_segmentation_opens_as_labels_on_its_film(kinds, values, make_napari_viewer, tmp_path):
    path = str(written(tmp_path / "masks.dcm", kinds))
    assert get_reader([path, path]) is not None
    assert get_reader([path, str(sample_path("normal_cr"))]) is None
    viewer = make_napari_viewer()
    viewer.open([str(sample_path("normal_cr"))], plugin="napari-tbcad")
    viewer.open([path], plugin="napari-tbcad")
    film, labels = viewer.layers
    assert (labels.name, type(labels).__name__) == ("masks", "Labels")
    assert set(np.unique(labels.data)) == values
    np.testing.assert_allclose(labels.scale, film.scale, rtol=1e-5)
    np.testing.assert_allclose(labels.extent.world, film.extent.world, rtol=1e-5)


def test_the_panel_writes_its_film_as_dicom(panel, finished, phantom_pixels, qtbot, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(dicom_exporting, "show_warning", told.append)
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film", scale=(0.5, 0.5), units=("mm", "mm"))
    widget.run_bar.run_button.click()
    finished(widget)
    menu = QMenu()
    widget.exporter.fill(menu)
    texts = [action.text() for action in menu.actions()]
    assert {"DICOM for an archive…", "DICOM without identity…"} <= set(texts)
    for deidentify, name in ((False, "film"), (True, "film")):
        out = tmp_path / str(deidentify)
        out.mkdir()
        with qtbot.waitSignal(widget.exporter.saved, timeout=60_000):
            export_dicom_to(widget.exporter, out, deidentify=deidentify)
        assert sorted(path.name for path in out.iterdir()) == [
            f"{name}_{what}.dcm" for what in ("insensitive", "report", "sensitive", "source")
        ]
        assert told[-1].startswith("The image was no DICOM file")
        assert ("look at it" in told[-1]) == deidentify
        masks = lungs_of(out / f"{name}_sensitive.dcm")
        np.testing.assert_array_equal(masks, widget.session.value("sensitive").labels)
        said = read_report(out / f"{name}_report.dcm").as_dict()
        assert said["groups"]["result"]["values"]["probability"] == widget.session.value("result").probability
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with qtbot.waitSignal(widget.exporter.failed, timeout=30_000) as failed:
        export_dicom_to(widget.exporter, blocked)
    assert "is a file, not a folder" in failed.args[0]

    out = tmp_path / "blind"
    out.mkdir()
    widget.bench.blind = True
    for export in (
        partial(export_dicom_to, widget.exporter),
        partial(export_dicom_to, widget.exporter, deidentify=True),
        widget.exporter.export_to,
    ):
        with qtbot.waitSignal(widget.exporter.failed, timeout=30_000) as failed:
            export(out)
        assert "the answer is hidden while you read" in failed.args[0]
        assert list(out.iterdir()) == []
    widget.bench.blind = False
    with qtbot.waitSignal(widget.exporter.saved, timeout=60_000):
        widget.exporter.export_to(out)
    assert (out / "results.csv").is_file()
