"""Cases of bone scans as an annotation project: its state, two readers, and what is exported of it."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace

import numpy as np
import pytest

from napari_tbcad.batch.annotation_lines import lines_of
from napari_tbcad.batch.annotation_project import COLUMNS, look_at
from napari_tbcad.batch.annotation_set import export_project
from napari_tbcad.batch.bone_training import trainings
from napari_tbcad.batch.bone_training_sets import training_set
from napari_tbcad.bone.bsi import bone_scan_index
from napari_tbcad.bone.cases import case_of
from napari_tbcad.bone.editing import delete, set_label
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.label_files import find_label_files, read_hotspots, read_regions
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.workflow import finish, give_hotspots, give_regions, start
from napari_tbcad.case import Case, ImageReference, Reading
from napari_tbcad.cli import main
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.labels import read_labels
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.scans import read_study
from napari_tbcad.networks.samples import load_samples
from napari_tbcad.notice import NOTICE
from napari_tbcad.record import Edit, Record
from napari_tbcad.schemes import FOUR_CLASS, IGNORE
from napari_tbcad.simulate.bone_scan import ScanParameters, simulate_scan
from napari_tbcad.simulate.skeleton import BodyParameters


@pytest.fixture(scope="module")
def made():
    return simulate_scan(
        ScanParameters(abnormal=4, counts=8e5), seed=3, person=BodyParameters(shape=(512, 128), slab_mm=10.0)
    )


def annotated(folder, made, name, shift=0):
    """Write a scan and return its run, as one reader annotated it by hand."""
    frames = [np.roll(view.counts, shift, axis=0) for _, view in made.scan]
    path = write_nuclear(folder / f"{name}.dcm", frames, name=name, study=name)
    spots = {view: np.roll(made.hotspots[view], shift, axis=0) for view in VIEWS}
    marks = [
        Mark(int(n), view, made.label_of(int(n)), "brush", judged=True)
        for view in VIEWS
        for n in np.unique(spots[view])
        if n
    ]
    run = start(read_study(path))
    run.compute("scan")
    regions = {view: np.roll(made.regions[view], shift, axis=0) for view in VIEWS}
    give_regions(run, SkeletonRegions(**regions), reader="Ani")
    give_hotspots(run, Hotspots(**spots, marks=tuple(marks)), reader="Ani")
    finish(run)
    return run


@pytest.fixture(scope="module")
def project(made, tmp_path_factory):
    """Scan a is read twice, b is in progress, c is damaged, d is a film's."""
    folder = tmp_path_factory.mktemp("project")
    scans, cases = folder / "scans", folder / "cases"
    run = annotated(scans, made, "a")
    first = case_of(run, reader="Ani")
    hotspots = run.get("hotspots")
    gone, other = (next(m.id for m in hotspots.marks if m.label == label) for label in ("abnormal", "normal"))
    give_hotspots(run, set_label(delete(hotspots, [gone]), [other], "abnormal"), reader="Budi")
    finish(run)
    case_of(run, reader="Budi", verdict="changed", earlier=first).save(cases / "a.tbcad")
    late = annotated(scans, made, "b", shift=1)
    marks = late.get("hotspots").marks
    give_hotspots(
        late, replace(late.get("hotspots"), marks=(replace(marks[0], judged=False), *marks[1:])), reader="Ani"
    )
    finish(late)
    case_of(late, reader="Ani", verdict="in progress").save(cases / "b.tbcad")
    (cases / "c.tbcad").write_bytes(b"PK damaged")
    film = {"film": ImageReference("film.png")}
    Case("chest", film, (Reading("Ani", "2026-11-20T10:00:00.000+00:00", "made"),)).save(cases / "d.tbcad")
    alone = folder / "alone"
    case_of(annotated(folder / "copy", made, "a"), reader="Citra").save(alone / "x.tbcad")
    return folder


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_state_of_a_project_and_the_agreement_of_its_readers(project, made):
    found = look_at(project / "cases")
    assert [(one.name, one.row["state"]) for one in found.cases] == [
        ("a", "reviewed: changed"),
        ("b", "in progress"),
        ("c", "failed"),
    ]
    assert found.other == 1
    twice, late, broken = found.cases
    assert (twice.row["first_reader"], twice.row["second_reader"]) == ("Ani", "Budi")
    n = len(late.agreement.pairs) if late.agreement else late.row["hotspots"]
    assert (late.row["judged"], twice.row["judged"]) == (n - 1, n - 1)
    assert (twice.agreement.first_only, twice.agreement.second_only) == (1, 0)
    assert [a == b for a, b in twice.agreement.pairs].count(False) == 1
    assert 0 < twice.row["kappa"] < 1
    assert twice.agreement.bsi[1] == pytest.approx(twice.row["bsi_judged"])
    assert twice.row["bsi_difference"] == twice.agreement.bsi[1] - twice.agreement.bsi[0]
    assert late.agreement is None
    assert "c.tbcad" in broken.problem
    said = "\n".join(lines_of(found))
    assert "1 of 3 cases finished" in said
    assert "Ani, Budi" in said
    assert "saw the first reading" in said
    assert "ERROR c.tbcad" in said


@pytest.mark.parametrize(
    ("readings", "second", "edits"),
    [
        ("Ani:made, Budi:changed, ani:changed", 1, 1),
        ("Ani:made, ANI:changed", None, 4),
        (":made, :changed", 1, 1),
        ("Ani:made, Budi:changed, Budi:in progress", 1, 2),
    ],
)
def test_a_reader_is_compared_with_another_and_never_with_themselves(
    project, tmp_path, readings, second, edits
):
    case = Case.load(project / "cases" / "a.tbcad")
    made, entries = [], []
    for number, said in enumerate(readings.split(", ")):
        reader, verdict = said.split(":")
        day = f"2026-11-2{number}T"
        entries += [Edit("hotspots", 9, reader=reader, when=f"{day}10")] * (1 if made else 3)
        one = case.readings[min(number, 1)]
        record = Record(tuple(entries))
        made.append(replace(one, reader=reader, verdict=verdict, when=f"{day}11", record=record))
    replace(case, readings=tuple(made)).save(tmp_path / "a.tbcad")
    (found,) = look_at(tmp_path).cases
    assert (found.agreement is None) == (second is None)
    assert found.row.get("second_when") == (None if second is None else made[second].when)
    assert (found.row["edits"], found.row["first_when"]) == (edits, made[0].when)


def test_an_independent_second_reading_is_found_by_the_pixels_of_the_scan(project):
    found = look_at(project / "cases", second=project / "alone")
    row = found.cases[0].row
    assert (row["second_reader"], row["second_saw_first"]) == ("Citra", "no")
    assert (row["dice_abnormal"], row["kappa"], row["bsi_difference"]) == (1, 1, 0)
    assert "saw the first" not in "\n".join(lines_of(found))


def test_a_case_that_made_way_for_another_is_no_case_of_its_own(project, tmp_path):
    cases = tmp_path / "cases"
    cases.mkdir()
    for name in ("a", "a.before", "a.before2"):
        shutil.copy(project / "cases" / "a.tbcad", cases / f"{name}.tbcad")
    # A scan may be called so, and a case may be all that is left.
    shutil.copy(project / "cases" / "b.tbcad", cases / "a.before3.tbcad")
    shutil.copy(project / "cases" / "b.tbcad", cases / "b.before.tbcad")
    found = look_at(cases, second=cases)
    assert [one.name for one in found.cases] == ["a.before3", "a", "b.before"]
    assert found.aside == 4  # in both folders
    assert "4 put aside for another case of the same scan" in "\n".join(lines_of(found))


def test_finished_annotations_are_exported_and_give_their_index_back(project, tmp_path):
    found = look_at(project / "cases")
    said = []
    done = export_project(found, tmp_path, schemes=("4", "3"), voc=True, say=said.append)
    assert (done.scans, done.left_out, done.failed) == (1, 1, ())
    states = rows(tmp_path / "annotations.csv")
    assert tuple(states[0]) == COLUMNS
    assert [row["state"] for row in states] == ["reviewed: changed", "in progress", "failed"]
    (scan,) = rows(tmp_path / "scans.csv")
    assert (scan["name"], scan["reader"]) == ("a", "Ani | Budi")
    (seen,) = start(read_study(project / "scans" / "a.dcm")).compute("scan")
    files = find_label_files(tmp_path / "scheme4", "a")
    index = bone_scan_index(read_hotspots(files, seen), read_regions(files, seen), seen)
    assert index.value == pytest.approx(found.cases[0].row["bsi"])
    assert len(list((tmp_path / "boxes").iterdir())) == 2
    again = export_project(found, tmp_path, unfinished=True, say=said.append)
    assert (again.scans, again.left_out, again.unjudged) == (2, 0, 1)


def test_the_set_is_one_that_bone_train_reads(project, tmp_path):
    said = []
    done = export_project(
        look_at(project / "cases"), tmp_path / "four", schemes=("4", "3"), unfinished=True, say=said.append
    )
    assert done.set_images == 4
    folder = tmp_path / "four" / "set"
    source = training_set(folder, tmp_path / "out", what="hotspots", say=said.append)
    assert "--from none" in said[-1]
    assert (source.name, source.views, source.folds, source.scheme) == ("annotations", VIEWS, 2, "4")
    assert NOTICE in source.terms
    table = rows(folder / "samples.csv")
    assert len({(row["patient"], row["fold"]) for row in table}) == 2
    for view in VIEWS:
        (plan,) = trainings(source, tmp_path / "out", view=view, start="none")
        samples = load_samples(plan.config.data.sources[0], FOUR_CLASS)
        assert len(samples) == 2
        for sample in samples:
            pixels, labels = sample.read()
            assert pixels.shape == labels.shape
    silent = [row for row in table if (read_labels(folder / row["label"]) == IGNORE).any()]
    assert len(silent) == 1  # the hotspot of the second scan that nobody judged
    (three,) = [row for row in rows(folder / "samples_3.csv") if row["image"] == silent[0]["image"]]
    four, less = read_labels(folder / silent[0]["label"]), read_labels(folder / three["label"])
    assert ((four == IGNORE) == (less == IGNORE)).all()
    assert ((four == 2) == (less == 2)).all()
    assert less[four == 3].tolist() == [1] * np.count_nonzero(four == 3)

    export_project(look_at(project / "cases"), tmp_path / "three", schemes=("3",), say=said.append)
    of_three = training_set(tmp_path / "three" / "set", tmp_path / "out", what="hotspots")
    with pytest.raises(BadInput, match="--scheme 3"):
        trainings(of_three, tmp_path / "out", start="none")
    assert trainings(of_three, tmp_path / "out", scheme="3", start="none")


def test_the_command_prints_the_state_and_exports(project, tmp_path, capsys):
    folder, out = str(project / "cases"), tmp_path / "out"
    assert main(["bone", "annotations", folder]) == 1, "a damaged case"
    assert "reviewed: changed" in capsys.readouterr().out
    assert not out.exists()
    assert main(["bone", "annotations", folder, "--out", str(out), "--scheme", "both", "--voc"]) == 1
    told = capsys.readouterr().out
    assert "annotations of 1 scan in" in told
    assert "bone train" in told
    assert NOTICE in told
    assert {path.name for path in out.iterdir()} == {
        "annotations.csv", "scans.csv", "hotspots.csv", "README.txt", "scheme4", "scheme3", "boxes",
        "records", "set",
    }  # fmt: skip
    assert main(["bone", "annotations", folder, "--scheme", "5"]) == 2


def test_folders_without_cases_are_refused(project, tmp_path):
    with pytest.raises(BadInput, match="no case"):
        look_at(project / "scans")
    with pytest.raises(BadInput, match="no such folder"):
        look_at(tmp_path / "gone")
    (tmp_path / "only").mkdir()
    shutil.copy(project / "cases" / "d.tbcad", tmp_path / "only")
    with pytest.raises(BadInput, match="no case of a bone scan"):
        look_at(tmp_path / "only")
