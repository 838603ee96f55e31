"""The bone chain from study to index, and a person's versions in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_tbcad.bone.edits import class_pixels, give_hotspots, give_regions, take_back
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.views import UndecidedViews
from napari_tbcad.bone.workflow import CHAIN, BoneSettings, analyse, finish, settings_from, start
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.nuclear import FrameFacts
from napari_tbcad.io.scans import Frame, Study
from napari_tbcad.record import Edit, Step


def study_of(made, *, views=VIEWS) -> Study:
    """The simulated scan as it would have been read from one image file a view."""
    frames = tuple(
        Frame(
            made.scan.view(view).counts,
            FrameFacts(source=f"a/x_{view}.png", file_name=f"x_{view}"),
        )
        for view in views
    )
    return Study(frames, spacing_mm=made.scan.spacing_mm, source="a/x_anterior.png")


def truth_of(made) -> tuple[Hotspots, SkeletonRegions]:
    marks = [
        Mark(int(number), view, made.label_of(int(number)), judged=True)
        for view in VIEWS
        for number in np.unique(made.hotspots[view])
        if number
    ]
    return Hotspots(**made.hotspots, marks=tuple(marks)), SkeletonRegions(**made.regions)


@pytest.fixture(scope="module")
def automatic(simulated_scan):
    """A run of the chain that is up to date, never changed."""
    run = start(
        study_of(simulated_scan), settings_from({"regions.segmenter": "atlas", "regions.atlas.persons": 1})
    )
    return run, finish(run)


@pytest.fixture
def run(automatic):
    return automatic[0].snapshot()


def test_the_chain_makes_everything_and_says_how(automatic):
    _, done = automatic
    assert done.index.value >= 0
    assert len(done.index.regions) == 12
    assert len(done.table) == len(done.hotspots.marks)
    assert {view.rule for _, view in done.scan} == {"file_name"}
    assert done.given == ()
    steps = [entry.name for entry in done.record if isinstance(entry, Step)]
    assert steps[-len(CHAIN.stages) :] == [stage.name for stage in CHAIN.stages]
    regions = next(e for e in done.record if isinstance(e, Step) and e.name == "regions")
    assert (regions.parameters["segmenter"], regions.parameters["persons"]) == ("atlas", 1)
    assert "atlas" in (regions.model or "")


def test_true_hotspots_and_regions_give_an_index_near_the_truth(run, simulated_scan):
    hotspots, regions = truth_of(simulated_scan)
    give_regions(run, regions, tool="file")
    give_hotspots(run, hotspots, tool="file")
    done = finish(run)
    assert done.given == ("regions", "hotspots")
    true = simulated_scan.true_bsi["spiers1968"]
    assert true > 0
    assert abs(done.index.value - true) < 0.5 * true + 0.3
    assert done.index.judged_value == pytest.approx(done.index.value)


def test_an_edit_tells_pixels_and_agreement_with_the_automatic(run):
    before = run.get("hotspots")
    first = before.marks[0]
    relabelled = "normal" if first.label != "normal" else "abnormal"
    marks = tuple(replace(m, label=relabelled, judged=True) if m == first else m for m in before.marks)
    edit = give_hotspots(run, replace(before, marks=marks), tool="class", reader="A")
    size = np.count_nonzero(before.labels(first.view) == first.id)
    assert isinstance(edit, Edit)
    assert (edit.target, edit.pixels, edit.tool, edit.reader) == ("hotspots", size, "class", "A")
    total = np.count_nonzero(class_pixels(before))
    assert (edit.dice_before, edit.dice_after) == (1.0, pytest.approx(1 - size / total))
    assert finish(run).record.entries[-1] != edit, "edits stand behind the stage they touch"
    assert edit in finish(run).record


def test_a_confirmed_class_is_an_edit_though_no_pixel_changes(run):
    before = run.get("hotspots")
    judged = replace(before, marks=tuple(replace(mark, judged=True) for mark in before.marks))
    edit = give_hotspots(run, judged, tool="confirm")
    assert edit is not None
    assert edit.pixels == 0
    assert give_hotspots(run, judged, tool="confirm") is None, "the same again is no edit"


def test_taken_back_is_automatic_again_and_noted(run):
    _, regions = run.get("scan"), run.get("regions")
    other = replace(regions, anterior=np.zeros_like(regions.anterior))
    give_regions(run, other)
    assert run.edited("regions")
    assert run.state("index").value != "done", "the index is out of date"
    edit = take_back(run, "regions")
    assert edit is not None
    assert edit.dice_after == 1.0
    assert not run.edited("regions")
    assert take_back(run, "regions") is None
    assert [e.target for e in run.journal] == ["regions", "regions"]


def test_labels_that_do_not_fit_the_scan_are_refused(run):
    with pytest.raises(BadInput, match="grid"):
        give_regions(run, SkeletonRegions(np.zeros((3, 3), np.uint8), np.zeros((3, 3), np.uint8)))
    alone = run.get("hotspots")
    with pytest.raises(BadInput, match="posterior"):
        marks = tuple(replace(m, linked=None) for m in alone.marks if m.view == VIEWS[0])
        give_hotspots(run, Hotspots(alone.anterior, None, marks))


def test_one_view_works_and_is_said(simulated_scan):
    study = study_of(simulated_scan, views=("posterior",))
    done = analyse(
        study,
        settings=settings_from(
            {"regions.segmenter": "atlas", "regions.atlas.persons": 1, "regions.atlas.iterations": 0}
        ),
    )
    assert done.scan.anterior is None
    assert done.hotspots.anterior is None
    assert any("anterior view is missing" in text for text in done.warnings)


def test_views_that_nobody_can_tell_are_asked_for(simulated_scan):
    blank = np.ones((64, 32), np.float32)
    frames = tuple(Frame(n * blank, FrameFacts(source=f"a/{n}.png")) for n in (1, 2))
    study = Study(frames, source="a/1.png")
    run = start(study)
    with pytest.raises(UndecidedViews):
        run.compute("scan")
    run.configure(settings_from({"views.first_view": "posterior"}))
    (scan,) = run.compute("scan")
    assert scan.posterior.rule == "person"


def test_settings_are_set_by_name():
    assert settings_from({"index.weights": "icrp110-male"}).index.weights == "icrp110-male"
    with pytest.raises(BadInput, match="spiers1968"):
        settings_from({"index.weights": "nonsense"})
    with pytest.raises(BadInput, match="no such setting"):
        settings_from({"index.nonsense": 1})
    assert settings_from({}) == BoneSettings()
