"""Scoring a run on a made-up set by methods whose answers are known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.evaluate.compare.plan import Run, samples_of, sources
from napari_tbcad.evaluate.compare.region_images import RegionImages, given_regions
from napari_tbcad.evaluate.compare.run_scores import RunScores, common_counts
from napari_tbcad.evaluate.compare.scoring import score_run
from napari_tbcad.io.labels import read_labels, write_labels
from napari_tbcad.networks.scores import overlap

RUN = Run("known", "4", "anterior", 0)


def knowing(samples, share=0.9):
    """A method that answers with the labels."""
    known = {counts.tobytes(): labels for counts, labels in (one.read() for one in samples)}

    def predict(counts):
        labels = known[counts.tobytes()]
        return np.stack([np.where(labels == k, share, (1 - share) / 3) for k in range(4)]).astype(np.float32)

    return predict


def missing(counts):
    """A method that calls everything bone."""
    return np.stack([np.full(counts.shape, k == 1, np.float32) for k in range(4)])


@pytest.fixture
def samples(small):
    return samples_of(small, "4", "anterior")


@pytest.fixture
def regions(small, tmp_path):
    views = [s for view in ("anterior", "posterior") for s in samples_of(small, "4", view)]
    return RegionImages(views, tmp_path, given=given_regions(small.training.data.sources))


def test_labels_given_back_are_right_in_everything(samples, regions):
    seen = []
    scores = score_run(
        RUN,
        samples,
        knowing(samples),
        regions=regions,
        parameters=7,
        progress=lambda n, of, _: seen.append((n, of)),
    )
    assert overlap(scores.counts().sum(0)).dice == pytest.approx(1)
    assert scores.name == "known-4-anterior-0"
    assert scores.sources == ("made",)
    assert scores.parameters == 7
    assert seen[-1] == (10, 10)
    clean = [row for row in scores.images if not row.abnormal]
    assert {row.patient for row in clean} == {"p0", "p5"}
    assert all(row.lesions == () for row in clean)
    assert all(row.lesions[0] > 0.5 and row.image_score > 0.5 for row in scores.images if row.abnormal)
    assert all(max(row.false, default=0) < 0.2 for row in scores.images)
    first = next(row for row in scores.images if row.abnormal)
    assert first.fractions == first.fractions_true
    assert max(first.fractions.values()) > 0
    assert set(first.fractions) <= {"skull", "cervical", "thoracic"}


def test_what_finds_nothing_misses_every_lesion(samples):
    scores = score_run(RUN, samples, missing)
    assert {score for row in scores.images for score in row.lesions} == {-1.0}
    assert {(row.false, row.image_score, row.regions) for row in scores.images} == {((), 0.0, None)}
    assert overlap(scores.counts().sum(0)).dice[1] == 0


def test_a_file_gives_the_same_scores_back_or_is_refused(samples, regions, tmp_path):
    scores = score_run(RUN, samples[:3], knowing(samples), regions=regions, training={"epochs": 2})
    path = tmp_path / "scores.json"
    scores.save(path)
    assert RunScores.load(path) == scores
    content = json.loads(path.read_text())
    for odd in ({**content, "version": 0}, {**content, "images": [{}]}, []):
        path.write_text(json.dumps(odd))
        with pytest.raises(BadInput, match="scores"):
            RunScores.load(path)
    path.write_text("{")
    with pytest.raises(BadInput, match="cannot be read"):
        RunScores.load(path)


def test_one_bad_image_does_not_stop_the_others(samples):
    known = knowing(samples)

    def predict(counts):
        if counts.tobytes() == samples[1].pixels().tobytes():
            raise BadInput("network", "no answer")
        return known(counts)

    scores = score_run(RUN, samples[:3], predict)
    assert len(scores.images) == 2
    assert scores.failed == ((samples[1].name, "network: no answer"),)
    with pytest.raises(BadInput, match=r"not one could be scored; the first: .*shape"):
        score_run(RUN, samples[:1], lambda counts: counts[None])
    with pytest.raises(Cancelled):
        score_run(RUN, samples, known, cancelled=lambda: True)


def test_normal_hotspots_count_as_bone_where_schemes_are_compared():
    four = np.arange(16).reshape(4, 4)
    assert common_counts(four, "4").tolist() == [[0, 4, 2], [16, 40, 20], [8, 20, 10]]
    assert common_counts(four[:3, :3], "3").tolist() == four[:3, :3].tolist()


def test_regions_are_found_once_a_patient_and_kept(small, tmp_path):
    ants, posts = (samples_of(small, "4", view) for view in ("anterior", "posterior"))
    asked = []

    def find(scan):
        asked.append([view for view, _ in scan])
        return {view: np.full(scan.shape, 3 + n, np.uint8) for n, (view, _) in enumerate(scan)}

    first = RegionImages([*ants, *posts], tmp_path, find=find)
    assert (first(ants[0]) == 3).all()
    assert (first(posts[0]) == 4).all()
    later = RegionImages([*ants, *posts], tmp_path, find=find)
    assert (later(posts[0]) == 4).all()
    assert asked == [["anterior", "posterior"]]
    assert (RegionImages(ants, tmp_path, find=find)(ants[1]) == 3).all()
    assert asked[-1] == ["anterior"]


def test_regions_are_those_of_the_row_that_names_the_image(small, tmp_path):
    for name in ("x.png", "a/x.png"):
        write_labels(tmp_path / name, np.ones((4, 4), np.uint8))
        write_labels(tmp_path / "regions" / name, np.ones((4, 4), np.uint8))
    rows = "image,regions\nx.png,regions/x.png\na/x.png,regions/a/x.png\n"
    (tmp_path / "samples.csv").write_text(rows, encoding="utf-8")
    source = small.training.data.sources[0].model_copy(
        update={"folder": tmp_path, "images": ".", "table": "samples.csv"}
    )
    given = given_regions([source])
    assert given == {tmp_path / name: tmp_path / "regions" / name for name in ("x.png", "a/x.png")}


def test_given_regions_must_be_there_and_fit(small, tmp_path):
    sample = samples_of(small, "4", "anterior")[0]
    given = given_regions(sources(small, "4", "anterior"))
    assert RegionImages([sample], tmp_path, given=given)(sample).shape == sample.pixels().shape
    write_labels(tmp_path / "odd.png", read_labels(given[sample.image])[:-1])
    with pytest.raises(BadInput, match=r"odd\.png: the labels have"):
        RegionImages([sample], tmp_path, given={sample.image: tmp_path / "odd.png"})(sample)
    (tmp_path / "samples.csv").write_text("image,regions\na.png,none.png\n", encoding="utf-8")
    source = small.training.data.sources[0].model_copy(update={"folder": tmp_path})
    with pytest.raises(BadInput, match="not there"):
        given_regions([source])
