"""How long an evaluation is said to take, on films that are measured in no time by a clock of the test's."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from napari_tbcad.batch.evaluating import estimate as module
from napari_tbcad.batch.evaluating.config import EvaluationConfig
from napari_tbcad.batch.evaluating.designs import designed
from napari_tbcad.batch.evaluating.estimate import WRITE_SECONDS, _divisions, estimate
from napari_tbcad.batch.evaluating.found import Found, FoundFilm
from napari_tbcad.batch.evaluating.job import Job
from napari_tbcad.batch.evaluating.jobs import write_job
from napari_tbcad.batch.evaluating.run import evaluate_dataset
from napari_tbcad.batch.evaluating.survey import survey
from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.io.datasets import DataRow

A_FILM, WARMING_UP = 2.0, 100.0

PLAIN = EvaluationConfig(
    segmenters="otsu",
    methods="single_nb",
    design="folds",
    folds=4,
    repeats=1,
    also_holdout=False,
    learning_curve=False,
)


def changed(**fields) -> EvaluationConfig:
    return PLAIN.model_copy(update=fields)


def films_of(number: int, *, sources: str = "s", roles: str = "both") -> tuple[FoundFilm, ...]:
    """Return films of both classes, each patient's own; every other pair is of the next source and role."""
    where, what = sources.split(), roles.split()
    return tuple(
        FoundFilm(
            DataRow(Path(f"{n:03d}.png"), n % 2),
            f"{n:03d}.png",
            what[n // 2 % len(what)],
            f"p{n}",
            where[n // 2 % len(where)],
        )
        for n in range(number)
    )


@pytest.fixture
def asked(monkeypatch):
    """Let each plan of a film take `A_FILM` seconds, and the very first film far longer; return the films."""
    films, now = [], [0.0]

    class Clocked:
        def __init__(self, atlas=None):
            pass

        def __call__(self, task):
            now[0] += A_FILM * len(task.plans) if films else WARMING_UP
            films.append(task.path.name)
            return []

    monkeypatch.setattr(module, "FilmJob", Clocked)
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    return films


def seconds(number: int, config: EvaluationConfig = PLAIN, **given) -> float:
    return estimate(Found((), films_of(number)), config, **given)


def test_without_films_nothing_takes_time(asked):
    assert seconds(0) == 0
    assert seconds(0, changed(repeats=20), workers=4) == 0
    assert asked == []


def test_a_few_films_from_all_over_the_list_are_measured_after_one_that_warms_up(asked):
    said = seconds(300)
    assert asked == ["000.png", "100.png", "200.png"]
    fits = said - 300 * A_FILM - WRITE_SECONDS
    assert 0 < fits < 10, "loading the networks is not counted for every film"
    asked.clear()
    seconds(2)
    assert asked == ["000.png", "001.png"]
    asked.clear()
    (single,) = films_of(1)
    alone = Found((), (replace(single, row=DataRow(single.path, 1)),))
    assert estimate(alone, PLAIN) == pytest.approx(A_FILM + WRITE_SECONDS, abs=0.1)
    assert asked == ["000.png", "000.png"], "a single film warms up and is measured again"


def test_more_films_take_longer_and_fits_grow_faster_than_measuring(asked):
    said = [seconds(number) - WRITE_SECONDS for number in (50, 100, 200, 400)]
    assert said == sorted(said)
    fits = [one - number * A_FILM for one, number in zip(said, (50, 100, 200, 400), strict=True)]
    assert [after / before for before, after in pairwise(fits)] == pytest.approx([4] * 3)


@pytest.mark.parametrize(
    "more",
    [
        {"repeats": 3},
        {"folds": 10},
        {"methods": ("single_nb", "single_svm")},
        {"methods": ("hierarchical_svm",)},
        {"shuffles": 3},
        {"learning_curve": True},
        {"also_holdout": True},
        {"definitions": ("ibsi", "uppuluri")},
        {"segmenters": ("otsu", "atlas")},
    ],
)
def test_who_asks_for_more_waits_longer(asked, more):
    assert seconds(200, changed(**more)) > seconds(200) + 0.01


def test_fits_are_counted_by_repeats_and_variants(asked):
    def fits(**fields) -> float:
        config = changed(**fields)
        passes = len(config.definitions)
        return seconds(200, config) - 200 * A_FILM * passes - WRITE_SECONDS

    assert fits(repeats=6) == pytest.approx(6 * fits())
    assert fits(folds=8) == pytest.approx(2 * fits())
    assert fits(definitions=("ibsi", "uppuluri")) == pytest.approx(2 * fits())
    four = ("hierarchical_svm", "hierarchical_nb", "single_svm", "single_nb")
    said = [fits(methods=four[-number:]) for number in (1, 2, 3, 4)]
    assert said == sorted(said)


def test_a_feature_set_that_is_cut_from_another_is_not_measured_for_itself(asked):
    two = seconds(200, changed(feature_sets=("extended", "listed17")))
    assert two < seconds(200) + 10, "its fits take time, its films do not"


def test_workers_share_all_but_the_writing(asked):
    alone, four = seconds(200), seconds(200, workers=4)
    assert four - WRITE_SECONDS == pytest.approx((alone - WRITE_SECONDS) / 4)
    assert seconds(200, workers=0) == pytest.approx(alone)


@pytest.mark.parametrize(
    ("config", "films"),
    [
        (PLAIN, films_of(40)),
        (changed(folds=None, repeats=3), films_of(40)),
        (changed(folds=None, repeats=2), films_of(12)),
        (changed(design="auto", folds=None, repeats=3), films_of(40)),
        (changed(design="auto", folds=None, repeats=3), films_of(40, sources="x y")),
        (changed(design="auto", folds=None), films_of(48, sources="x y z")),
        (changed(design="auto", folds=5, repeats=2), films_of(40, sources="x y")),
        (changed(design="cross-source"), films_of(40, sources="x y")),
        (changed(design="holdout", repeats=3), films_of(40)),
        (changed(repeats=3), films_of(40, roles="train test")),
    ],
)
def test_as_many_divisions_are_counted_as_the_evaluation_makes(config, films):
    kind, folds, repeats = _divisions(config, films)
    design = designed(films, config)
    assert (kind, folds * repeats) == (design.kind, len(design.folds))


@pytest.mark.parametrize("given", [{"design": "holdout"}, {"roles": "train test"}])
def test_a_hold_out_beside_is_not_counted_where_there_is_none(asked, given):
    films = Found((), films_of(200, roles=given.pop("roles", "both")))
    without = estimate(films, changed(**given))
    assert estimate(films, changed(also_holdout=True, **given)) == without


def test_films_that_cannot_be_measured_take_time_and_break_nothing(tmp_path):
    rows = [DataRow(tmp_path / f"{number}.png", number % 2) for number in range(6)]
    for row in rows[:3]:
        row.path.write_bytes(b"a letter")
    films = tuple(FoundFilm(row, row.path.name, "both", row.path.name, "s") for row in rows)
    assert WRITE_SECONDS < estimate(Found((), films), PLAIN) < WRITE_SECONDS + 60


@pytest.fixture
def done(made_films, made_job, monkeypatch, tmp_path):
    """An evaluation of a dozen films that has ended, and its data."""
    monkeypatch.setitem(HierarchicalClassifier.__init__.__kwdefaults__, "n_folds", 2)
    monkeypatch.setattr("napari_tbcad.evaluate.reports.experiment.write_reports", lambda folder: [])
    data, out = made_films(tmp_path / "films", 12), tmp_path / "out"
    config = changed(folds=2, shuffles=0, explain=0, bootstrap=100, save_models=False)
    evaluate_dataset(data, out, config)
    return SimpleNamespace(data=data, out=out)


def test_what_an_earlier_evaluation_measured_takes_no_time(done, asked):
    found = survey(done.data)
    before = {path: path.stat().st_mtime_ns for path in done.out.rglob("*")}
    unknown = estimate(found, PLAIN)
    asked.clear()
    known = estimate(found, PLAIN, earlier=done.out)
    assert asked == [], "no film is measured to know that none will be"
    assert unknown - known == pytest.approx(12 * A_FILM)
    assert WRITE_SECONDS < known < WRITE_SECONDS + 1, "fits and tables are left"
    part = changed(feature_sets=("listed17",), methods=("single_svm",))
    assert estimate(found, part, earlier=done.out) < WRITE_SECONDS + 1, "cut from what was measured"
    assert {path: path.stat().st_mtime_ns for path in done.out.rglob("*")} == before, "it only looks"
    other = estimate(found, changed(definitions=("uppuluri",)), earlier=done.out)
    assert other == pytest.approx(unknown), "another definition is measured anew"
    assert estimate(found, PLAIN, earlier=done.out / "none") == pytest.approx(unknown)
    assert not (done.out / "none").exists()


def test_only_films_that_are_new_or_changed_are_counted(done, asked):
    film = done.data.parent / "03.png"
    film.write_bytes((done.data.parent / "04.png").read_bytes() + b"more")
    found = survey(done.data)
    known = estimate(found, PLAIN, earlier=done.out)
    assert set(asked) == {"03.png"}
    assert known == pytest.approx(A_FILM + WRITE_SECONDS, abs=1)


def test_a_second_evaluation_of_the_panel_is_told_the_time_it_takes(done, asked, tmp_path):
    def told(folder: Path, before: Path | None) -> float:
        write_job(folder, ("estimate",), path=done.data, config=PLAIN, before=before)
        said = []
        Job(folder, SimpleNamespace(tell=said.append, say=print, stopped=lambda: False)).run()
        (event,) = (one for one in said if one["event"] == "estimate")
        return event["seconds"]

    first, second = told(tmp_path / "first", None), told(tmp_path / "second", done.out)
    assert first - second == pytest.approx(12 * A_FILM)
    assert told(tmp_path / "third", tmp_path / "deleted") == pytest.approx(first)
