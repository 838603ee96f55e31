"""Bone cases: scan → judged hotspots → saved → reopened gives every pixel, mark, number and record again."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from napari_tbcad.bone import case_scan
from napari_tbcad.bone.cases import analysis_of, case_of, hotspots_of, mismatches, run_from, study_for
from napari_tbcad.bone.editing import set_label
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.workflow import (
    BoneSettings,
    finish,
    gather_warnings,
    give_hotspots,
    give_regions,
    history,
    settings_from,
    start,
    take_back,
)
from napari_tbcad.case import Case
from napari_tbcad.chain import State, content_key
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.scans import read_study
from napari_tbcad.networks.listing import hash_if_any
from napari_tbcad.record import Record, Step

OUTPUTS = ("scan", "quality", "regions", "hotspots", "table", "classes", "index")
NETWORKS = {view: f"hotspots-{view}" for view in VIEWS}


def facts(run):
    """Return every pixel, number, setting, warning and step of a run, for comparison."""
    values = [run.get(name, automatic=automatic) for name in OUTPUTS for automatic in (True, False)]
    return {
        "values": [content_key(value) for value in values],
        "records": [getattr(value, "record", None) for value in values],
        "said": [getattr(value, "warnings", None) for value in values],
        "index": run.get("index"),
        "settings": run.settings,
        "edited": [run.edited(name) for name in OUTPUTS],
        "journal": run.journal,
        "history": history(run),
        "warnings": gather_warnings(run),
        "states": {stage.name: run.state(stage.name) for stage in run.chain.stages},
        "keys": [run.key(name) for name in OUTPUTS],
    }


def automatic(study, made):
    """Return a run in which the truth stands as what the packaged networks found; none is asked."""
    run = start(study)
    (scan,) = run.compute("scan")
    generator = np.random.default_rng(0)
    unsure = {view: generator.random(image.counts.shape, np.float32) for view, image in scan}
    found = Step("regions", model=f"network skeleton {hash_if_any('skeleton')}", facts={"device": "cpu"})
    regions = {view: made.regions[view] for view, _ in scan}
    run.restore(
        "regions",
        SkeletonRegions(
            regions.get("anterior"),
            regions.get("posterior"),
            {view: 0.95 for view, _ in scan},
            ("The regions are fine.",),
            scan.record + found,
            "network",
            unsure,
        ),
    )
    spots = {view: made.hotspots[view] for view, _ in scan}
    marks = tuple(
        Mark(int(n), view, made.label_of(int(n)), probability=0.123, uncertainty=1 / 3)
        for view, image in spots.items()
        for n in np.unique(image)
        if n
    )
    asked = {view: f"network {name} {hash_if_any(name)}" for view, name in NETWORKS.items()}
    step = Step("hotspots", facts={"segmenter": "network", "models": asked})
    hotspots = Hotspots(spots.get("anterior"), spots.get("posterior"), marks, (), Record() + step)
    run.restore("hotspots", hotspots)
    return run


def judged(run):
    """Judge two hotspots, link two, correct the regions, take hotspots back and judge one again; finish."""
    hotspots = run.get("hotspots")
    first, second = (next(m.id for m in hotspots.marks if m.view == view) for view in VIEWS)
    marks = {m.id: m for m in hotspots.marks}
    marks[first] = replace(marks[first], linked=second, judged=True, origin="grow")
    marks[second] = replace(marks[second], linked=first)
    give_hotspots(run, set_label(hotspots, [second], "non_bone"), tool="class", reader="A")
    take_back(run, "hotspots", reader="A")
    give_hotspots(run, replace(hotspots, marks=tuple(marks.values())), tool="link", reader="A")
    regions = run.get("regions")
    labels = regions.anterior.copy()
    labels[200:210, 60:70] = 4
    give_regions(run, replace(regions, anterior=labels), reader="A")
    finish(run)
    return run


@pytest.fixture(scope="module")
def frames(simulated_scan):
    return [view.counts for _, view in simulated_scan.scan]


@pytest.fixture(scope="module")
def one_file(frames, tmp_path_factory):
    path = tmp_path_factory.mktemp("scan") / "scans" / "patient.dcm"
    path.parent.mkdir()
    return write_nuclear(path, frames, spacing_mm=(2.0, 2.0), name="A", study="1")


@pytest.fixture(scope="module")
def whole(one_file, simulated_scan):
    """A run brought to its end with labels of a person; never changed."""
    return judged(automatic(read_study(one_file), simulated_scan))


@pytest.fixture
def run(whole):
    return whole.snapshot()


def reopened(run, path):
    case_of(run, reader="A").save(path)
    case = Case.load(path)
    return case, run_from(case, study_for(case, path))


def test_a_reopened_case_is_the_same_and_nothing_is_computed(run, tmp_path, monkeypatch):
    before = facts(run)
    # The program's hotspots were found in its own regions, not in the person's.
    stale = [name for name, state in before["states"].items() if state is not State.DONE]
    assert stale == ["hotspots"]
    case, again = reopened(run, tmp_path / "a.tbcad")
    for stage in again.chain.stages:
        monkeypatch.setattr(type(stage), "call", lambda *a, **k: pytest.fail("computed"))
    assert facts(again) == before
    assert mismatches(case) == ()
    assert [edit.tool for edit in again.journal] == ["class", "back to automatic", "link", "brush"]
    again.compute(*OUTPUTS)
    assert case.last.result["value"] == run.get("index").value
    assert case.last.result["n_judged"] == 1
    assert content_key(hotspots_of(case)) == content_key(run.get("hotspots"))
    done = analysis_of(tmp_path / "a.tbcad")
    assert done.index == run.get("index")
    assert done.given == ("regions", "hotspots")
    case_of(again, reader="A", earlier=case).save(tmp_path / "b.tbcad")
    twice = Case.load(tmp_path / "b.tbcad")
    assert (twice.last.values, twice.last.result, twice.arrays.keys()) == (
        case.last.values,
        case.last.result,
        case.arrays.keys(),
    )


def test_two_files_turned_views_and_one_view_come_back(frames, simulated_scan, tmp_path):
    paths = [
        write_nuclear(tmp_path / f"{view}.dcm", [counts], views=(view,), name="A", study="1")
        for view, counts in zip(VIEWS, frames, strict=True)
    ]
    run = start(read_study(paths), settings_from({"views.swap": True, "views.mirrored_posterior": True}))
    run.compute("scan", "quality")
    case, again = reopened(run, tmp_path / "cases" / "two.tbcad")
    assert [Path(image.path).name for image in case.images.values()] == ["anterior.dcm", "posterior.dcm"]
    assert facts(again) == facts(run)
    assert again.get("scan").posterior.mirrored
    assert not (tmp_path / "cases" / "two.tbcad").stat().st_size > frames[0].nbytes
    # One of the two was moved away: the message names it.
    paths[1].rename(tmp_path / "away.dcm")
    with pytest.raises(BadInput, match=r"its scan posterior\.dcm was not found"):
        study_for(case, tmp_path / "cases" / "two.tbcad")
    found = study_for(case, tmp_path / "cases" / "two.tbcad", paths=[paths[0], tmp_path / "away.dcm"])
    assert run_from(case, found).fresh("scan")
    with pytest.raises(BadInput, match="another image"):
        study_for(case, tmp_path / "cases" / "two.tbcad", paths=paths[:1])
    run = judged_one_view(read_study(paths[0]), simulated_scan)
    assert facts(reopened(run, tmp_path / "one.tbcad")[1]) == facts(run)


def judged_one_view(study, made):
    run = automatic(study, made)
    hotspots = run.get("hotspots")
    give_hotspots(run, set_label(hotspots, [hotspots.marks[0].id], "normal"), tool="class")
    finish(run)
    return run


def test_a_scan_without_a_file_or_whose_file_was_replaced_is_in_the_case(run, whole, one_file, tmp_path):
    study = run.get("study")
    path = shutil.copy(one_file, tmp_path / "patient.dcm")
    moved = replace(
        study,
        source=str(path),
        frames=tuple(replace(f, facts=replace(f.facts, source=str(path))) for f in study.frames),
    )
    Path(path).write_bytes(b"something else")
    layers = replace(
        study, source="layer", record=Record() + Step("take layers"), unit="grey", spacing_mm=None
    )
    for one in (moved, layers):
        run = start(one)
        run.compute("scan")
        case, again = reopened(run, tmp_path / "a.tbcad")
        assert case.image.embedded
        # The keys are others: no text of a header is in the case.
        assert {**facts(again), "keys": None} == {**facts(run), "keys": None}
        assert again.get("study").record == one.record
        # Computed again from what is in the case the views have the same names.
        again.configure(settings_from({"views.swap": True}))
        again.configure(BoneSettings())
        fresh = start(again.get("study"))
        assert content_key(fresh.compute("scan")[0].anterior.counts) == content_key(
            run.get("scan").anterior.counts
        )
        text = b"".join((tmp_path / "a.tbcad").read_bytes().split())
        assert b"ANT" not in text


def test_a_scan_that_cannot_be_read_for_a_moment_is_read_again(tmp_path, monkeypatch):
    path = write_nuclear(tmp_path / "scan.dcm", np.ones((2, 64, 32)))
    study = read_study(path)

    def gone(paths):
        raise OSError("the network is down")

    with monkeypatch.context() as away:
        away.setattr(case_scan, "read_study", gone)
        assert case_scan.files_of(study) == ()
        assert case_scan.reference(study)[0]["scan"].embedded
    assert case_scan.files_of(study) == (path,)
    assert case_scan.reference(study)[0]["scan"].sha256


def test_what_was_out_of_date_comes_back_out_of_date(run, tmp_path):
    run.configure(settings_from({"index.weights": "icrp110-male", "hotspots.network.threshold": 0.4}))
    before = facts(run)
    assert before["states"]["index"] is before["states"]["hotspots"] is State.STALE
    assert before["states"]["table"] is State.DONE
    _, again = reopened(run, tmp_path / "a.tbcad")
    assert facts(again) == before


def test_other_networks_and_versions_are_told_and_nothing_is_taken_for_fresh(run, one_file, simulated_scan):
    study = run.get("study")
    take_back(run, "regions")
    finish(run)
    case = case_of(run)
    models = case.last.models | {"hotspots": {**case.last.models["hotspots"], "used": {"anterior": "f" * 64}}}
    other = replace(case, readings=(replace(case.last, models=models),))
    (said,) = mismatches(other)
    assert "hotspots" in said
    assert "another network" in said
    # A person's hotspots stand before the automatic ones, so the index holds.
    assert run_from(other, study).state("hotspots") is State.STALE
    assert run_from(other, study).fresh("index")
    old = replace(case, readings=(replace(case.last, program="0.0.1"),))
    assert "version 0.0.1" in mismatches(old)[0]
    again = run_from(old, study)
    assert again.fresh("scan")
    assert not again.fresh("index")
    assert again.get("index") == run.get("index")
    # Without a person's hotspots the table and the index go by those of the other network.
    plain = automatic(study, simulated_scan)
    finish(plain)
    case = case_of(plain)
    gone = {**case.last.settings["hotspots"]["network"], "posterior": "nowhere"}
    settings = case.last.settings | {"hotspots": case.last.settings["hotspots"] | {"network": gone}}
    lost = replace(case, readings=(replace(case.last, settings=settings),))
    assert "not at hand" in mismatches(lost)[0]
    states = facts(run_from(lost, study))["states"]
    assert {name for name, state in states.items() if state is State.STALE} == {
        "hotspots",
        "table",
        "classes",
        "index",
    }
    by_atlas = {"segmenter": "atlas", "wanted": "network", "used": "x", "refused": {"": None}}
    wanted = replace(case, readings=(replace(case.last, models={"regions": by_atlas}),))
    assert "for want of a network" in mismatches(wanted)[0]


def test_a_second_readers_reading_leaves_the_first_whole(run, tmp_path):
    path = tmp_path / "a.tbcad"
    first, again = reopened(run, path)
    before = facts(again)
    # The second reader's run has other regions and hotspots by the program, too.
    regions = again.get("regions", automatic=True)
    unsure = {view: 1 - array for view, array in regions.uncertainty.items()}
    again.restore("regions", replace(regions, posterior=np.roll(regions.posterior, 3), uncertainty=unsure))
    spots = again.get("hotspots")
    give_hotspots(again, set_label(spots, [spots.marks[-1].id], "ignore"), tool="class", reader="B")
    finish(again)
    case_of(again, reader="B", verdict="changed", earlier=first).save(path)
    both = Case.load(path)
    assert [(r.reader, r.verdict) for r in both.readings] == [("A", "made"), ("B", "changed")]
    study = study_for(both, path)
    assert facts(run_from(both, study, reader=0)) == before
    assert facts(run_from(both, study, reader=1)) == facts(again)
    assert content_key(hotspots_of(both, reader=0)) == content_key(run.get("hotspots"))
    going = case_of(again, reader="B", verdict="in progress", earlier=both)
    assert [r.verdict for r in going.readings] == ["made", "changed", "in progress"]


def test_two_cases_are_compared_as_they_were_saved(run, tmp_path, capfd):
    from napari_tbcad.cli import main

    one, other = tmp_path / "one.tbcad", tmp_path / "other.tbcad"
    case_of(run, reader="A").save(one)
    numbers = [mark.id for mark in run.get("hotspots").marks]
    give_hotspots(run, set_label(run.get("hotspots"), numbers, "normal"))
    run.compute("table", "index")
    case_of(run, reader="A").save(other)
    assert main(["bone", "compare", str(one), str(other), "--out", str(tmp_path / "change")]) == 0
    said = json.loads((tmp_path / "change" / "comparison.json").read_text(encoding="utf-8"))
    assert said["bsi_later"] == 0 < said["bsi_earlier"]
    assert any("same scan" in text for text in said["warnings"])
    capfd.readouterr()
    for more in ([str(tmp_path / "scan.dcm")], [str(other), "--weights", "icrp110-male"]):
        assert main(["bone", "compare", str(one), *more, "--out", str(tmp_path / "change")]) == 2
    assert "cases are compared as they were saved" in capfd.readouterr().err


def test_a_moved_scan_is_found_beside_its_case(run, one_file, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "scans").mkdir(parents=True)
    path = Path(shutil.copy(one_file, here / "scans"))
    moved = start(read_study(path))
    moved.compute("scan")
    case_of(moved).save(here / "a.tbcad")
    here.rename(there)
    case = Case.load(there / "a.tbcad")
    assert Path(study_for(case, there / "a.tbcad").source).resolve() == there / "scans" / "patient.dcm"


def test_a_case_of_another_scan_or_with_foreign_content_is_refused(run, one_file, tmp_path):
    study, case = run.get("study"), case_of(run)
    other = replace(study, frames=study.frames[:1])
    with pytest.raises(BadInput, match="another image"):
        run_from(case, other)
    with pytest.raises(BadInput, match="another scan"):
        case_of(start(other), earlier=case)
    with pytest.raises(BadInput, match="chest workflow"):
        run_from(replace(case, workflow="chest"), study)
    values = case.last.values
    bad = [
        replace(case.last, settings={"regions": {"segmenter": "telepathy"}}),
        replace(case.last, result={"value": "much"}),
        replace(case.last, labels={}),
        replace(case.last, labels={n: a[:3] for n, a in case.last.labels.items()}),
        replace(case.last, values={}),
        replace(case.last, values=values | {"table": {"rows": [3]}}),
        replace(case.last, values=values | {"scan": {**values["scan"], "views": {"anterior": {"frame": 9}}}}),
        replace(case.last, models={"regions": "x"}),
    ]
    for reading in bad:
        with pytest.raises(BadInput):
            run_from(replace(case, readings=(reading,)), study)
    with pytest.raises(BadInput):
        run_from(replace(case, arrays={}), study)
    bare = start(study)
    bare.compute("scan")
    case_of(bare).save(tmp_path / "bare.tbcad")
    with pytest.raises(BadInput, match="no skeleton regions yet"):
        analysis_of(tmp_path / "bare.tbcad")


@pytest.mark.realdata
def test_no_patient_is_named(shared_data, tmp_path):
    path = shared_data / "bone" / "nm1" / "NM1_UNC.dcm"
    study = read_study(path)
    embedded = replace(study, source="layer", record=Record() + Step("take layers"))
    header = pydicom.dcmread(path, stop_before_pixels=True)
    for one in (study, embedded):
        run = start(one)
        run.compute("scan", "quality")
        case_of(run).save(tmp_path / "one.tbcad")
        with zipfile.ZipFile(tmp_path / "one.tbcad") as parts:
            text = b"".join(parts.read(name) for name in parts.namelist() if not name.endswith(".npy"))
        for word in ("PatientName", "PatientID", "PatientBirthDate", "StudyInstanceUID", "AcquisitionDate"):
            value = str(header.get(word, "")).strip()
            assert not value or value.encode() not in text, word


@pytest.mark.realdata
def test_a_reopened_case_of_a_real_scan_is_the_same(shared_data, tmp_path):
    path = min((shared_data / "bone" / "pairs" / "dicom").glob("*.dcm"))
    quick = {"hotspots.segmenter": "classical", "regions.segmenter": "atlas", "regions.atlas.persons": 1}
    run = start(read_study(path), settings_from(quick))
    hotspots = run.compute("hotspots")[0]
    give_hotspots(run, set_label(hotspots, [m.id for m in hotspots.marks[:2]], "normal"), tool="class")
    finish(run)
    before = facts(run)
    assert facts(reopened(run, tmp_path / "a.tbcad")[1]) == before
