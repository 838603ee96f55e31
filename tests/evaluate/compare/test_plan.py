"""Which runs there are, and that all of them have the same patients and the same budget."""

from __future__ import annotations

import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.compare.config import (
    classifier_name,
    example_comparison,
    load_compare_config,
)
from napari_tbcad.evaluate.compare.plan import (
    Run,
    plan,
    split_of_run,
    training_config,
    write_split,
)
from napari_tbcad.imaging.bonescan import VIEWS


def with_values(path, **changes):
    return load_compare_config(path, {name.replace("__", "."): value for name, value in changes.items()})


def test_every_network_in_the_first_scheme_and_the_first_network_in_all(small):
    runs = plan(small)
    assert len({run.name for run in runs}) == len(runs)
    networks = {(run.method, run.scheme) for run in runs if run.kind == "network"}
    assert networks == {("first", "4"), ("second", "4"), ("first", "3")}
    assert {run.view for run in runs if run.method == "second"} == set(VIEWS)
    assert {run.kind for run in runs} == {"network", "threshold", "kmeans", "place", "classifier"}


def test_the_first_seed_of_all_comes_before_the_second_of_any(small_config):
    seeds = [run.seed for run in plan(with_values(small_config, seeds=[3, 5])) if run.kind == "network"]
    assert seeds == sorted(seeds)
    assert set(seeds) == {3, 5}


def test_a_classifier_is_named_by_what_it_starts_from(small_config):
    runs = plan(with_values(small_config, classifier__weights=["none", "/a/b/resnet50-0676.pth"]))
    names = {run.method for run in runs if run.kind == "classifier"}
    assert names == {"classifier", "classifier_resnet50_0676"}
    assert classifier_name("none") == "classifier"


def test_all_runs_have_one_split_by_patient(small, tmp_path):
    split = write_split(small, tmp_path)
    for run in plan(small):
        parts = split_of_run(small, run, split)
        assert {s.patient for s in parts.test} == {"p0", "p1", "p2", "p3"}
        assert len(parts.validation) == 2
        assert len(parts.train) == 4
        assert {s.view for s in (*parts.train, *parts.test)} == {run.view}


def test_runs_differ_in_method_scheme_view_and_seed_alone(small, tmp_path):
    split = tmp_path / "split.csv"
    first, second = (
        training_config(small, Run(name, "4", "anterior", seed), split=split)
        for name, seed in (("first", 0), ("second", 1))
    )
    assert first.fit == second.fit
    assert (first.loss, first.augment, first.input) == (second.loss, second.augment, second.input)
    assert (first.seed, second.seed) == (0, 1)


def test_normal_hotspots_are_bone_in_three_classes(small, tmp_path):
    split = write_split(small, tmp_path)
    four, three = (
        split_of_run(small, Run("first", scheme, "anterior", 0), split).test[1].read()[1]
        for scheme in ("4", "3")
    )
    assert set(four[four > 0].tolist()) == {1, 2, 3}
    assert (three[four == 3] == 1).all()
    assert (three[four != 3] == four[four != 3]).all()


def test_a_split_is_kept_and_other_images_are_refused(small, small_config, tmp_path):
    write_split(small, tmp_path)
    before = (tmp_path / "split.csv").read_bytes()
    write_split(small, tmp_path)
    assert (tmp_path / "split.csv").read_bytes() == before
    with pytest.raises(BadInput, match="not those of this training"):
        write_split(with_values(small_config, training__seed=5), tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"training.task": "lungs"}, "no hotspots"),
        ({"training.task": "3"}, "do not tell normal"),
        ({"training.data.fold": None}, "which patients are tested"),
        ({"training.data.validation": 0, "training.fit.keep": "last"}, "learning rates"),
        ({"training.input.intensity": "percentiles"}, "counts"),
        ({"seeds": [1, 1]}, "each once"),
        ({"networks": {"threshold": {}}}, "cannot be a network's name"),
        ({"networks": {"a/b": {}}}, "cannot be a network's name"),
        ({"tuning.learning_rates": []}, "at least one rate"),
        ({"schemes": ["5"]}, "schemes"),
        ({"classifier.weights": ["a/resnet50.pth", "b/resnet50.safetensors"]}, "give each another one"),
        ({"seed": 1}, "no such setting"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(small_config, changes, said):
    with pytest.raises(BadInput, match=said):
        load_compare_config(small_config, changes)


def test_the_example_can_be_read(tmp_path):
    (tmp_path / "set").mkdir()
    path = tmp_path / "compare.yaml"
    path.write_text(example_comparison(), encoding="utf-8")
    config = load_compare_config(path)
    assert config.main == "unetplusplus"
    assert config.training.data.sources[0].folder == tmp_path / "set"
    assert set(config.networks) == {"unetplusplus", "unet", "deeplabv3plus", "fpn"}


def test_a_file_that_is_no_comparison_is_refused(tmp_path):
    path = tmp_path / "compare.yaml"
    path.write_text("- 1\n", encoding="utf-8")
    with pytest.raises(BadInput, match="expected a mapping"):
        load_compare_config(path)
    path.write_text("surprise: 1\n", encoding="utf-8")
    with pytest.raises(BadInput, match="surprise"):
        load_compare_config(path)
