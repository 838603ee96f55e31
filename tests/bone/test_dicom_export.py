"""Bone scans as DICOM, and their cases without identity: labels, classes and numbers come back."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_tbcad.batch.clinic import export_subject
from napari_tbcad.batch.corrected import NotCorrected, corrected_in
from napari_tbcad.batch.deidentified import deidentify_files
from napari_tbcad.batch.given import by_programs
from napari_tbcad.batch.runs.inputs import bone_inputs
from napari_tbcad.batch.runs.run import run_studies
from napari_tbcad.batch.scans import BoneJob
from napari_tbcad.bone import cases as bone_cases
from napari_tbcad.bone.dicom_findings import findings_of_run
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.label_files import find_label_files, read_hotspots, read_regions
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.workflow import BoneSettings, give_hotspots, give_regions
from napari_tbcad.bone.workflow import finish as finish_scan
from napari_tbcad.bone.workflow import settings_from as scan_settings
from napari_tbcad.bone.workflow import start as start_scan
from napari_tbcad.case import Case
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.clinic import codes
from napari_tbcad.io.clinic.deidentify import Deidentification
from napari_tbcad.io.clinic.makers import Finder
from napari_tbcad.io.clinic.report_reading import read_report
from napari_tbcad.io.clinic.runs import rows_of
from napari_tbcad.io.clinic.segmentation import JUDGED, Segment, write_segmentation
from napari_tbcad.io.clinic.segmentation_labels import hotspots_of, regions_of
from napari_tbcad.io.clinic.segmentation_reading import read_segments
from napari_tbcad.io.clinic.source import dicom_source
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.scans import read_study

TRACES = ("ROE", "Roe", "roe", "Quill", "hospital", "2026-", "20260102")
"""Who the patient, the reader and the place are, and when: what no copy may hold."""


def only(done):
    (one,) = list(done)
    assert one.fault == ""
    return one.exported


def content(path: Path) -> bytes:
    """Return the names and, unpacked, the bytes of all parts of a case."""
    with zipfile.ZipFile(path) as archive:
        return b"".join(name.encode() + archive.read(name) for name in archive.namelist())


@pytest.fixture(scope="module")
def scan_path(simulated_scan, tmp_path_factory) -> Path:
    counts = [view.counts for _, view in simulated_scan.scan]
    folder = tmp_path_factory.mktemp("hospital")
    return write_nuclear(folder / "roe.dcm", counts, spacing_mm=(2.0, 2.0), name="ROE^R", date="2026-01-02")


@pytest.fixture(scope="module")
def scan_run(scan_path, simulated_scan):
    """A run with a person's hotspots and regions, one view turned back left to right."""
    settings = scan_settings({"views.mirrored_posterior": True}, BoneSettings())
    run = start_scan(read_study(scan_path), settings)
    run.compute("scan")
    spots = simulated_scan.hotspots
    marks = [
        Mark(int(n), view, ("abnormal", "normal", "non_bone", "ignore")[int(n) % 4], "brush", judged=True)
        for view, image in spots.items()
        for n in np.unique(image)
        if n
    ]
    give_hotspots(
        run, Hotspots(spots["anterior"], spots["posterior"], tuple(marks)), tool="brush", reader="Quill"
    )
    regions = SkeletonRegions(simulated_scan.regions["anterior"], simulated_scan.regions["posterior"])
    give_regions(run, regions, tool="file", reader="Quill")
    finish_scan(run)
    return run


@pytest.fixture
def scan_case(scan_run, tmp_path) -> Path:
    path = tmp_path / "cases" / "roe.tbcad"
    path.parent.mkdir()
    bone_cases.case_of(scan_run, reader="Quill").save(path)
    return path


def test_a_scans_case_as_dicom_comes_back_as_given_labels(scan_case, scan_run, tmp_path, dicom_errors):
    exported = only(export_subject(scan_case, tmp_path / "out"))
    assert len(exported.paths) == 5
    for path in exported.paths:
        assert dicom_errors(path) == []
    scan, hotspots = scan_run.get("scan"), scan_run.get("hotspots")
    for view, image in scan:
        labels, classes = hotspots_of(tmp_path / "out" / f"roe_{view}_hotspots.dcm")
        np.testing.assert_array_equal(image.stored(labels), hotspots.labels(view))
        assert classes == {mark.id: mark.label for mark in hotspots.marks if mark.view == view}
        np.testing.assert_array_equal(
            image.stored(regions_of(tmp_path / "out" / f"roe_{view}_regions.dcm")),
            scan_run.get("regions").labels(view),
        )
    files = find_label_files(tmp_path / "out", "roe")
    given = read_hotspots(files, scan)
    assert [(m.id, m.view, m.label) for m in given.marks] == [(m.id, m.view, m.label) for m in hotspots.marks]
    for view in VIEWS:
        np.testing.assert_array_equal(given.labels(view), hotspots.labels(view))
        np.testing.assert_array_equal(
            read_regions(files, scan).labels(view), scan_run.get("regions").labels(view)
        )
    said = read_report(exported.paths[-1]).as_dict()
    index = scan_run.get("index")
    assert said["groups"]["result"]["values"]["bsi"] == index.value
    contributions = {row.region: row.contribution for row in index.regions}
    for region, contribution in contributions.items():
        assert said["groups"][f"region {region}"]["values"].get("contribution") == contribution
    made = {segment.made for path in exported.paths[:-1] for segment in read_segments(path)}
    assert made == {"MANUAL"}
    assert {group["answers"].get("judged") for group in said["groups"].values()} == {"Yes", None}


def test_a_scans_case_without_identity_reopens_as_it_was(scan_case, scan_run, tmp_path):
    exported = only(deidentify_files([scan_case], tmp_path / "out", Deidentification()))
    for trace in TRACES:
        assert trace.encode() not in content(exported.paths[0]), trace
    case = Case.load(exported.paths[0])
    again = bone_cases.run_from(case, bone_cases.study_for(case, exported.paths[0]))
    for name in ("hotspots", "regions"):
        for view in VIEWS:
            np.testing.assert_array_equal(again.get(name).labels(view), scan_run.get(name).labels(view))
    assert again.get("index").regions == scan_run.get("index").regions
    assert again.get("hotspots").marks == scan_run.get("hotspots").marks


def test_a_scan_without_identity_as_dicom(scan_case, tmp_path, dicom_errors):
    how = Deidentification(dates="shift")
    exported = only(export_subject(scan_case, tmp_path / "out", deidentification=how))
    assert exported.paths[0].name == "scan_source.dcm"
    for path in exported.paths:
        assert dicom_errors(path) == []
        for trace in TRACES:
            assert trace.encode() not in path.read_bytes(), (path.name, trace)


QUICK = {
    "hotspots.segmenter": "classical",
    "regions.segmenter": "atlas",
    "regions.atlas.persons": 1,
    "regions.atlas.iterations": 0,
}


def makers_in(exported, kind: str) -> dict[str, tuple]:
    """Return who made what of a kind, by label, as the files say it."""
    paths = [path for path in exported.paths if path.stem.endswith(kind)]
    return {one.track: (one.maker, one.judged) for path in paths for one in read_segments(path)}


def rows_in(folder: Path, table: str) -> list[dict[str, str]]:
    return rows_of(folder / f"{table}.csv", "file")


@pytest.fixture(scope="module")
def automatic(scan_path, tmp_path_factory):
    """A run as the program did it, and its export."""
    folder = tmp_path_factory.mktemp("automatic")
    run_studies(bone_inputs(scan_path), BoneJob(folder / "run", QUICK, pictures=False))
    return folder, only(export_subject(folder / "run", folder / "out"))


def test_what_a_program_found_stays_a_programs_when_it_is_given(automatic, scan_path, tmp_path, dicom_errors):
    folder, before = automatic
    job = BoneJob(tmp_path / "given", QUICK, masks=folder / "out", pictures=False)
    assert "were made by a program (classical-1, " in by_programs(bone_inputs(scan_path), job)
    run_studies(bone_inputs(scan_path), job)
    (row,) = rows_in(tmp_path / "given", "results")
    assert (row["segmenter"], row["regions"]) == ("given by a program",) * 2
    assert "hotspots mask: made by a program" in row["warnings"]
    spots = rows_in(tmp_path / "given", "hotspots")
    assert spots
    assert {(one["origin"], one["judged"]) for one in spots} == {("program", "False")}
    after = only(export_subject(tmp_path / "given", tmp_path / "again"))
    for kind in ("hotspots", "regions"):
        assert makers_in(after, kind) == makers_in(before, kind)
        assert {maker.made for maker, _ in makers_in(after, kind).values()} == {"AUTOMATIC"}
    assert [error for path in after.paths for error in dicom_errors(path)] == []
    for what in ("hotspots", "regions"):
        (look,) = corrected_in(tmp_path / "given", what)
        with pytest.raises(NotCorrected):
            look()


def test_a_scan_that_may_not_be_exported_is_told(automatic, scan_path):
    asked = []

    def refuse(name, paths):
        asked.append((name, paths))
        raise BadInput(paths[0], "changed")

    (told,) = findings_of_run(automatic[0] / "run", require=refuse)
    assert (told.cause, asked) == ("changed", [("roe", [scan_path])])


def test_a_file_whose_name_has_what_stands_between_two_files_is_one_file(automatic, scan_path, tmp_path):
    run, path = tmp_path / "run", scan_path.with_name("roe | post.dcm")
    for table in ("run/inputs.csv", "results.csv", "regions.csv", "hotspots.csv"):
        (run / table).parent.mkdir(parents=True, exist_ok=True)
        text = (automatic[0] / "run" / table).read_text(encoding="utf-8")
        (run / table).write_text(text.replace(scan_path.as_posix(), path.as_posix()), encoding="utf-8")
    (told,) = findings_of_run(run)
    assert (told.source, told.cause) == (str(path), "no such file")


def test_each_hotspot_keeps_who_made_it_and_who_judged_it(automatic, scan_path, tmp_path):
    folder, _ = automatic
    (path,) = (folder / "out").glob("*_anterior_hotspots.dcm")
    labels, classes = hotspots_of(path)
    numbers = sorted(classes)[:4]
    assert len(numbers) == 4
    made = dict(zip(numbers, ("AUTOMATIC", "AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"), strict=True))
    parts = [
        Segment(
            labels == number,
            f"hotspot {number}",
            *codes.HOTSPOTS["abnormal"],
            made=made[number],
            algorithm="another network",
            family=codes.FAMILIES["network"],
            track=f"hotspot {number}",
            version="2.1",
            description=JUDGED if number == numbers[1] else "",
        )
        for number in numbers
    ]
    (tmp_path / "masks").mkdir()
    write_segmentation(
        tmp_path / "masks" / path.name,
        dicom_source(scan_path),
        parts,
        name="HOTSPOTS",
        description="Hotspots",
        series=903,
        when=datetime(2026, 11, 23),
    )
    job = BoneJob(tmp_path / "run", QUICK, masks=tmp_path / "masks", pictures=False)
    assert by_programs(bone_inputs(scan_path), job) == ""
    run_studies(bone_inputs(scan_path), job)
    (row,) = rows_in(tmp_path / "run", "results")
    assert row["segmenter"] == "given"
    front = [one for one in rows_in(tmp_path / "run", "hotspots") if one["view"] == "anterior"]
    assert [(int(one["id"]), one["origin"], one["judged"]) for one in front] == [
        (numbers[0], "program", "False"),
        (numbers[1], "program", "True"),
        (numbers[2], "edited", "True"),
        (numbers[3], "file", "True"),
    ]
    found = makers_in(only(export_subject(tmp_path / "run", tmp_path / "again")), "hotspots")
    network = Finder("another network", codes.FAMILIES["network"], "2.1")
    for number, one in made.items():
        maker, judged = found[f"hotspot {number}"]
        assert maker.made == one
        assert one == "MANUAL" or maker.finder == network
        assert judged == (number != numbers[0])
    back = [found[track][0] for track in found if int(track.split()[1]) not in numbers]
    assert {maker.made for maker in back} == {"AUTOMATIC"}, "nobody gave a file of the posterior view"
    assert not any(maker.finder == network for maker in back)


def run_of_copies(pair: list[Path], tmp_path: Path) -> dict[str, str]:
    """Return what a run says of two pictures without identity, from their copies alone."""
    done = list(deidentify_files(pair, tmp_path / "copies", Deidentification()))
    assert [one.exported.name for one in done] == ["0001_ant.png", "0001_post.png"]
    assert len({one.study for one in done}) == 1
    job = BoneJob(tmp_path / "run", QUICK, pictures=False)
    (study,) = bone_inputs(tmp_path / "copies")
    assert study.name == "0001"
    run_studies([study], job)
    (row,) = rows_in(tmp_path / "run", "results")
    assert (row["status"], row["message"]) == ("ok", "")
    return row


def test_two_pictures_without_identity_are_still_the_two_views_of_a_scan(
    simulated_scan, tmp_path, dicom_errors
):
    for name, view in (("ant", simulated_scan.scan.anterior), ("post", simulated_scan.scan.posterior)):
        grey = np.minimum(view.counts * 4, 255).astype(np.uint8)
        Image.fromarray(255 - grey).save(tmp_path / f"roe_{name}.png")
    # Handed over the other way round: it is the names that count.
    row = run_of_copies([tmp_path / "roe_post.png", tmp_path / "roe_ant.png"], tmp_path)
    assert row["anterior_rule"] == row["posterior_rule"] == "file_name"
    exported = only(export_subject(tmp_path / "run", tmp_path / "out"))
    said = read_report(exported.paths[-1]).said(codes.MADE_UP)
    assert said == exported.notes
    assert sum("does not state how the patient lies" in note for note in said) == 2
    assert "the file's name says posterior." in said[-1]
    assert [error for path in exported.paths for error in dicom_errors(path)] == []


@pytest.mark.realdata
def test_a_real_pair_of_pictures_without_identity_runs(shared_data, tmp_path):
    folder = shared_data / "bone" / "pairs" / "png"
    row = run_of_copies([folder / "102_ant.png", folder / "102_post.png"], tmp_path)
    assert row["anterior_rule"] == row["posterior_rule"] == "file_name"
