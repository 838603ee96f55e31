"""Skeleton regions by a network: what is returned, and what happens without one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_tbcad.bone.region_segmenters import REGION_SEGMENTERS
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.skeleton import RegionParameters, find_regions
from napari_tbcad.bone.skeleton_network import (
    PACKAGED,
    NetworkParameters,
    certainty,
    labels_on,
    network,
    require_named,
    tidied,
)
from napari_tbcad.bone.workflow import settings_from
from napari_tbcad.content import content_key
from napari_tbcad.errors import BadInput, Cancelled, ModelRefused
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ScanView
from napari_tbcad.networks.models import forget_networks
from napari_tbcad.record import Step
from napari_tbcad.schemes import REGION_IDS
from napari_tbcad.segmenters import Unusable

STERNUM = REGION_IDS["sternum"]


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def save(path: Path, seed: int = 0, *, task: str = "regions", views: tuple[str, ...] = VIEWS) -> str:
    """Write a tiny network that was never trained; returns the hash of its file."""
    import torch

    from napari_tbcad.networks.build import ArchitectureParameters, build
    from napari_tbcad.networks.card import NetworkCard, task_classes
    from napari_tbcad.networks.input import InputParameters
    from napari_tbcad.networks.store import Network, save_network

    torch.manual_seed(seed)
    own = ArchitectureParameters(
        architecture="Unet", encoder="tu-test_efficientnet", decoder_channels=(16, 8, 8, 4, 4)
    )
    reads = InputParameters(height=64, width=32, intensity="counts", views=views)
    card = NetworkCard(
        name=f"tiny {seed}",
        task=task,
        classes=task_classes(task),
        architecture=own,
        input=reads,
        channels=reads.channels,
        warnings=("Never trained.",),
    )
    module = build(own, n_classes=len(card.classes), in_channels=card.channels).eval()
    return save_network(Network(module, card), path)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> tuple[Path, str]:
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    return path, save(path)


@pytest.fixture(scope="module")
def scan() -> BoneScan:
    """Two views of an odd size."""
    counts = np.random.default_rng(1).poisson(4, (2, 131, 45))
    return BoneScan(ScanView(counts[0]), ScanView(counts[1]))


def chosen(path: object, **more: object) -> RegionParameters:
    own = {"model": str(path), "device": "cpu", **more}
    quick = {"persons": 1, "iterations": 0}
    return RegionParameters(segmenter="network", network=own, atlas=quick)


def test_it_returns_regions_of_both_views_and_says_which_file_they_are_from(scan, tiny):
    path, sha256 = tiny
    told: list[tuple[float, str]] = []
    found = find_regions(scan, None, chosen(path), progress=lambda *now: told.append(now))
    assert found.segmenter == "network"
    for view in VIEWS:
        assert found.labels(view).shape == scan.shape
        assert found.labels(view).dtype == np.uint8
        assert 0 <= found.scores[view] <= 1
        assert found.uncertainty[view].shape == scan.shape
        assert 0 <= found.uncertainty[view].min() <= found.uncertainty[view].max() <= 1
    assert not (found.posterior == STERNUM).any()
    assert found.warnings[0] == "Never trained."
    assert found.warnings.count("Never trained.") == 1
    step = found.record.entries[-1]
    assert (step.name, step.model) == ("regions", f"network tiny 0 {sha256}")
    assert step.facts["device"] == "cpu"
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[-1][0] == 1


@pytest.mark.parametrize("view", VIEWS)
def test_a_single_view_is_answered_as_among_two(scan, tiny, view):
    other = "posterior" if view == "anterior" else "anterior"
    alone = network(replace(scan, **{other: None}), NetworkParameters(model=str(tiny[0])))
    both = network(scan, NetworkParameters(model=str(tiny[0])))
    assert alone.labels(other) is None
    assert set(alone.scores) == set(alone.uncertainty) == {view}
    np.testing.assert_array_equal(alone.labels(view), both.labels(view))


def test_more_counts_of_the_same_body_give_the_same_regions(scan, tiny):
    # Counts are normalised by themselves: a grey export and a scan of twice the time look alike.
    twice = BoneScan(*(ScanView(view.counts * 2) for _, view in scan))
    one, two = (network(each, NetworkParameters(model=str(tiny[0]))) for each in (scan, twice))
    assert (one.anterior != two.anterior).mean() < 0.001


def test_several_looks_average_and_keep_sides(scan, tiny):
    """The mean of an image's answer and its mirror image's is the same for both, mirrored."""
    from napari_tbcad.networks.asking import ask

    def mean(counts):
        said = ask(str(tiny[0]), counts, task=("regions",), view="anterior", mirror=True)
        return said.prediction.probabilities

    counts = scan.anterior.counts
    np.testing.assert_allclose(mean(counts)[..., ::-1], mean(counts[:, ::-1].copy()), atol=1e-5)


def test_a_view_without_one_count_is_no_error(scan, tiny):
    blank = replace(scan, anterior=ScanView(np.zeros(scan.shape)))
    found = network(blank, NetworkParameters(model=str(tiny[0])))
    assert not found.anterior.any()
    assert found.scores["anterior"] == 0
    assert any("anterior" in text for text in found.warnings)


def test_posterior_views_have_no_sternum_but_what_is_next_probable():
    soft = np.zeros((13, 20, 30), np.float32)
    soft[0] = 0.3
    soft[2, :, :12] = 0.5
    soft[STERNUM, 8:10, 2:4] = 0.9
    front, behind = (labels_on(tidied(soft, view), (20, 30)) for view in VIEWS)
    assert (front == STERNUM).sum() == 4
    assert (behind[8:10, 2:4] == 2).all()
    assert (behind[:, 13:] == 0).all()
    assert soft[STERNUM, 8, 2] == np.float32(0.9), "what was given is not changed"


def test_certainty_is_one_for_a_sure_network_and_low_for_a_guess():
    sure = np.zeros((13, 8, 8), np.float32)
    sure[0], sure[4, 2:5] = 1, 1
    sure[0, 2:5] = 0
    assert certainty(sure) == 1
    assert certainty(sure[[0] + [1] * 12]) == 0, "no region at all"
    guess = np.full((13, 8, 8), 1 / 13, np.float32)
    guess[4] += 0.01
    assert certainty(guess) < 0.1


def nothing(path):
    pass


def rubbish(path):
    path.write_bytes(b"not a network")


def other_task(path):
    save(path, task="4")


def other_view(path):
    save(path, views=("anterior",))


def tampered(path):
    save(path)
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (nothing, "neither a network"),
        (rubbish, "not a whole network file"),
        (tampered, "changed"),
        (other_task, "the task 4, not for regions"),
        (other_view, "made for the anterior view"),
    ],
)
def test_a_network_that_cannot_be_used_says_why(scan, tmp_path, make, cause):
    path = tmp_path / "own.safetensors"
    make(path)
    with pytest.raises(Unusable, match=cause):
        network(scan, NetworkParameters(model=str(path)))


def test_without_a_network_the_atlas_finds_the_regions_and_says_so(scan, tmp_path):
    path = tmp_path / "own.safetensors"
    save(path, task="4")
    wanted = chosen(path)
    found = find_regions(scan, None, wanted)
    plain = find_regions(scan, None, wanted.model_copy(update={"segmenter": "atlas"}))
    assert found.segmenter == plain.segmenter == "atlas"
    np.testing.assert_array_equal(found.anterior, plain.anterior)
    cause = "made for the task 4, not for regions"
    for part in ("own.safetensors", cause, "the atlas found the skeleton regions instead"):
        assert part in found.warnings[0]
    step = found.record.entries[-1]
    assert isinstance(step, Step)
    assert (step.name, step.facts["instead_of"]) == ("regions", "network")
    assert cause in step.facts["because"]


def test_what_is_no_fault_of_the_network_is_not_hidden_by_the_atlas(scan, tiny, monkeypatch):
    with pytest.raises(Cancelled):
        find_regions(scan, None, chosen(tiny[0]), cancelled=lambda: True)
    monkeypatch.setattr("napari_tbcad.networks.devices.present_devices", lambda: ("cpu",))
    with pytest.raises(BadInput, match="has cpu"):
        find_regions(scan, None, chosen(tiny[0], device="cuda"))


def test_the_network_is_the_default_with_the_atlas_behind_it():
    assert (RegionParameters().segmenter, RegionParameters().network.model) == ("network", PACKAGED)
    assert REGION_SEGMENTERS["network"].instead == "atlas"


def test_a_file_that_changes_makes_the_regions_out_of_date(tmp_path):
    path = tmp_path / "own.safetensors"
    wanted = chosen(path)
    keys = {content_key(wanted)}
    for seed in (0, 1):
        save(path, seed)
        keys.add(content_key(wanted))
        assert content_key(wanted) == content_key(chosen(path))
    assert len(keys) == 3
    forget_networks()


def test_settings_of_the_time_when_there_was_only_the_atlas_still_mean_it():
    older = {"persons": 2, "smoothing": 2.0, "iterations": 5, "locality": 1.0}
    for settings in (
        settings_from({f"regions.{name}": value for name, value in older.items()}),
        settings_from({}).model_validate({"regions": older}),
    ):
        assert settings.regions.segmenter == "atlas"
        assert settings.regions.atlas.model_dump() == older
    assert (
        settings_from({"regions.persons": 2, "regions.segmenter": "network"}).regions.segmenter == "network"
    )
    with pytest.raises(BadInput, match=r"regions.atlas.persons: .*less than or equal to 20"):
        settings_from({"regions.persons": 99})
    today = settings_from({}).model_dump()
    assert settings_from({}).model_validate(today) == settings_from({})


def test_a_named_network_that_is_of_no_use_is_said_before_the_first_scan(tmp_path):
    path = tmp_path / "own.safetensors"
    with pytest.raises(ModelRefused, match=r"own\.safetensors"):
        require_named(chosen(path))
    save(path, task="3")
    with pytest.raises(ModelRefused, match="the task 3"):
        require_named(chosen(path))
    save(path, views=("anterior",))
    with pytest.raises(ModelRefused, match=r"made for the anterior view only; .* both views"):
        require_named(chosen(path))
    require_named(chosen(path).model_copy(update={"segmenter": "atlas"}))
    require_named(RegionParameters())


def test_a_network_of_no_certain_views_reads_both(scan, tmp_path):
    path = tmp_path / "own.safetensors"
    save(path, views=())
    require_named(chosen(path))
    found = network(scan, NetworkParameters(model=str(path)))
    assert set(found.scores) == {view for view, _ in scan}


@pytest.mark.parametrize(
    ("views", "said"),
    [(VIEWS, "--set regions.network.model=own.st"), (("posterior",), "reads posterior views only")],
)
def test_a_training_tells_how_its_network_is_used(tmp_path, views, said):
    from napari_tbcad.cli.networks import _use
    from napari_tbcad.networks.config import config_from

    content = {
        "task": "regions",
        "name": "own",
        "input": {"views": list(views), "intensity": "counts"},
        "data": {"sources": [{"name": "own", "folder": str(tmp_path)}]},
    }
    line = _use(config_from(content, tmp_path / "own.yaml", tmp_path), Path("own.st"))
    assert said in line
    assert ("--set" in line) == (len(views) == 2)


def test_where_it_is_unsure_goes_with_its_view(scan, tiny):
    from napari_tbcad.bone.turned import turned
    from napari_tbcad.bone.views import ViewParameters

    found = network(scan, NetworkParameters(model=str(tiny[0])))
    after = ViewParameters(swap=True, mirrored_anterior=True)
    moved = turned(found, ViewParameters(), after)
    assert isinstance(moved, SkeletonRegions)
    np.testing.assert_array_equal(moved.uncertainty["anterior"], found.uncertainty["posterior"][:, ::-1])
    np.testing.assert_array_equal(moved.uncertainty["posterior"], found.uncertainty["anterior"])
    assert moved.scores == {"anterior": found.scores["posterior"], "posterior": found.scores["anterior"]}


def test_a_shin_is_no_third_femur_and_a_lone_one_no_second():
    femur = REGION_IDS["femur"]
    soft = np.zeros((13, 60, 40), np.float32)
    soft[0] = 0.3
    for rows, columns in (
        (slice(5, 30), slice(5, 12)),
        (slice(5, 30), slice(25, 32)),
        (slice(40, 55), slice(5, 10)),
    ):
        soft[femur, rows, columns] = 0.7
    both = labels_on(tidied(soft, "anterior"), (60, 40)) == femur
    assert both[5:30, 5:12].all()
    assert both[5:30, 25:32].all()
    assert not both[40:].any()
    soft[femur, :, 20:] = 0
    soft[femur, 46:] = 0
    assert not (labels_on(tidied(soft, "posterior"), (60, 40)) == femur)[40:].any()
    assert soft[femur, 42, 7] > 0.5, "what was given is left as it is"
