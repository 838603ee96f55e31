"""Hotspots by networks: what is made of their answers, and what happens without them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_tbcad.bone import candidates_answer
from napari_tbcad.bone.candidates import HotspotParameters, find_hotspots
from napari_tbcad.bone.candidates_network import PACKAGED, NetworkParameters, network, require_named
from napari_tbcad.bone.detectors import DETECTORS
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.workflow import settings_from
from napari_tbcad.content import content_key
from napari_tbcad.errors import BadInput, Cancelled, ModelRefused
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ScanView
from napari_tbcad.memory import Memory
from napari_tbcad.networks.asking import Answer
from napari_tbcad.networks.models import forget_networks
from napari_tbcad.networks.prediction import Prediction
from napari_tbcad.record import Step
from napari_tbcad.schemes import REGION_IDS
from napari_tbcad.segmenters import Unusable

SHAPE = (256, 64)


@pytest.fixture(scope="module")
def one_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def save(
    path: Path, seed: int = 0, *, task: str = "4", views: tuple[str, ...] = (), spoil: bool = False
) -> str:
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
    if spoil:
        with torch.no_grad():
            next(iter(module.parameters())).fill_(1e38)
    return save_network(Network(module, card), path)


@pytest.fixture(scope="module")
def tiny(one_thread, tmp_path_factory) -> dict[str, Path]:
    """A network of each view."""
    folder = tmp_path_factory.mktemp("models")
    for seed, view in enumerate(VIEWS):
        save(folder / f"{view}.safetensors", seed, views=(view,))
    return {view: folder / f"{view}.safetensors" for view in VIEWS}


@pytest.fixture(scope="module")
def scan() -> BoneScan:
    """A body that is the same from both sides but for its noise."""
    rows, columns = np.indices(SHAPE)
    body = 6.0 * (((rows - 128) / 110) ** 2 + ((columns - 31.5) / 16) ** 2 < 1)
    body[60:200, 29:35] = 14
    counts = np.random.default_rng(1).poisson(body, (2, *SHAPE))
    return BoneScan(ScanView(counts[0]), ScanView(counts[1]), spacing_mm=(9.2, 9.2))


@pytest.fixture(scope="module")
def regions() -> SkeletonRegions:
    """Spine and pelvis, with the pelvic cavity in it."""
    drawn = np.zeros(SHAPE, np.uint8)
    drawn[60:110, 29:35] = REGION_IDS["thoracic"]
    drawn[110:140, 29:35] = REGION_IDS["lumbar"]
    drawn[140:170, 16:48] = REGION_IDS["pelvis"]
    drawn[152:168, 24:40] = 0
    return SkeletonRegions(drawn, drawn.copy())


def chosen(models: Any, **more: object) -> HotspotParameters:
    return HotspotParameters(network={**{v: str(models[v]) for v in VIEWS}, "device": "cpu", **more})


SPOTS = {
    "anterior": [(80, 40, 2, 0.9)],
    "posterior": [(80, 23, 2, 0.8), (160, 32, 3, 0.95), (100, 32, 3, 0.3)],
}
"""Row, column, class and probability of what the drawn networks see."""


@pytest.fixture
def drawn(monkeypatch):
    """Let networks see :data:`SPOTS`, on a grid of half the size; returns the list of what was asked."""
    asked: list[dict[str, Any]] = []

    def ask(name, pixels, *, task, view="", mirror=False, **more):
        asked.append({"name": name, "view": view, "mirror": mirror, **more})
        seen = name.removesuffix("-3")
        rows, columns = np.indices((SHAPE[0] // 2, SHAPE[1] // 2)) * 2 + 0.5
        probabilities = np.zeros((4, *rows.shape), np.float32)
        for row, column, kind, height in SPOTS[seen]:
            spot = height * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 18)
            probabilities[kind] = np.maximum(probabilities[kind], spot)
        probabilities[0] = 1 - probabilities.sum(0)
        if name.endswith("-3"):
            probabilities = probabilities[:3]
        apart = np.full(rows.shape, 0.25, np.float32) if mirror else None
        return Answer(
            Prediction(probabilities, pixels.shape, np.zeros(rows.shape, np.float32), apart),
            f"network {name} 0123",
            "3" if name.endswith("-3") else "4",
        )

    monkeypatch.setattr(candidates_answer, "ask", ask)
    return asked


BOTH = {view: view for view in VIEWS}


def at(hotspots, view, row, column):
    number = int(hotspots.labels(view)[row, column])
    return hotspots.mark(number) if number else None


def test_instances_get_class_place_probability_uncertainty_and_link(scan, regions, drawn):
    found = find_hotspots(scan, regions, chosen(BOTH, threshold=0.2, edge=0.05))
    assert [ask["name"] for ask in drawn] == list(VIEWS)
    front, behind = at(found, "anterior", 80, 40), at(found, "posterior", 80, 23)
    assert (front.label, behind.label) == ("abnormal", "abnormal")
    assert (front.linked, behind.linked) == (behind.id, front.id)
    assert front.probability > 0.99
    assert front.uncertainty < behind.uncertainty < 1
    bladder, spine = at(found, "posterior", 160, 32), at(found, "posterior", 100, 32)
    assert (bladder.label, spine.label) == ("non_bone", "normal"), "the network calls both normal"
    assert bladder.probability < 0.05
    assert spine.uncertainty > 0.6, "it is hardly sure that this is one"
    assert not any(mark.judged for mark in found.marks)
    assert [mark.id for mark in found.marks] == [1, 2, 3, 4]
    step = found.record.entries[-1]
    assert (step.name, step.model) == ("hotspots", "network anterior 0123; network posterior 0123")
    assert step.facts["candidates"] == 4
    assert step.facts["segmenter"] == "network"
    # A Gaussian of this spread falls to a twentieth at this radius.
    assert int((found.anterior == front.id).sum()) == pytest.approx(np.pi * 9 * 2 * np.log(20), rel=0.1)


def test_a_higher_threshold_keeps_the_surest_and_asks_nobody_again(scan, regions, drawn):
    memory = Memory()
    low = find_hotspots(scan, regions, chosen(BOTH, threshold=0.2), memory=memory)
    high = find_hotspots(scan, regions, chosen(BOTH, threshold=0.78), memory=memory)
    assert len(drawn) == 2
    assert (len(low.marks), len(high.marks)) == (4, 2)
    for view in VIEWS:
        kept = high.labels(view) > 0
        assert not (kept & (low.labels(view) == 0)).any()
    wide = find_hotspots(scan, regions, chosen(BOTH, threshold=0.78, edge=0.02), memory=memory)
    assert len(drawn) == 2
    assert (wide.anterior > 0).sum() > (high.anterior > 0).sum()
    find_hotspots(scan, regions, chosen(BOTH, threshold=0.78, augment=False), memory=memory)
    assert len(drawn) == 4


def test_variants_that_contradict_each_other_make_a_hotspot_unsure(scan, regions, drawn):
    one, both = (
        find_hotspots(scan, regions, chosen(BOTH, threshold=0.2, augment=augment))
        for augment in (False, True)
    )
    assert [ask["mirror"] for ask in drawn] == [False, False, True, True]
    assert len(one.marks) == len(both.marks) == 4
    assert all(a.uncertainty < b.uncertainty for a, b in zip(one.marks, both.marks, strict=True))


def test_a_network_of_three_classes_sees_only_abnormal_ones(scan, regions, drawn):
    three = {view: f"{view}-3" for view in VIEWS}
    found = find_hotspots(scan, regions, chosen(three, threshold=0.2))
    assert [mark.label for mark in found.marks] == ["abnormal", "abnormal"]


def test_one_view_asks_its_network_only_and_no_regions_are_no_error(scan, drawn):
    for view in VIEWS:
        other = "posterior" if view == "anterior" else "anterior"
        alone = find_hotspots(replace(scan, **{other: None}), None, chosen({view: view, other: "missing"}))
        assert alone.labels(other) is None
        assert {mark.view for mark in alone.marks} == {view}
    assert [ask["name"] for ask in drawn] == list(VIEWS)


def test_regions_on_another_grid_are_refused(scan, drawn):
    with pytest.raises(BadInput, match="the scan is"):
        find_hotspots(scan, SkeletonRegions(np.zeros((4, 4), np.uint8), None), chosen(BOTH))


def test_real_files_are_asked_and_named(scan, regions, tiny):
    told: list[tuple[float, str]] = []
    found = find_hotspots(scan, regions, chosen(tiny, threshold=0.05), progress=lambda *now: told.append(now))
    assert found.warnings == ("Never trained.",)
    step = found.record.entries[-1]
    for number, view in enumerate(VIEWS):
        assert step.facts["models"][view].startswith(f"network tiny {number} ")
        assert len(step.facts["models"][view].split()[-1]) == 64
        assert step.facts["device"][view] == "cpu"
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    again = find_hotspots(scan, regions, chosen(tiny, threshold=0.05))
    assert again.marks == found.marks
    np.testing.assert_array_equal(again.posterior, found.posterior)


@pytest.mark.parametrize(
    "image", [np.zeros((40, 10)), np.ones((1, 1)), np.eye(5) * 1e6, np.full((40, 10), 255.0)]
)
def test_images_with_nothing_to_see_are_no_error(image, tiny):
    found = find_hotspots(BoneScan(ScanView(image), ScanView(image[:, ::-1])), None, chosen(tiny))
    assert found.anterior.shape == image.shape
    assert found.record.entries[-1].facts["segmenter"] == "network"


def nothing(path):
    pass


def rubbish(path):
    path.write_bytes(b"not a network")


def other_task(path):
    save(path, task="regions", views=("posterior",))


def other_view(path):
    save(path, views=("anterior",))


def not_finite(path):
    save(path, views=("posterior",), spoil=True)


def tampered(path):
    save(path, views=("posterior",))
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (nothing, "neither a network"),
        (rubbish, "not a whole network file"),
        (tampered, "changed"),
        (other_task, "the task regions, not for 4 or 3"),
        (other_view, "made for the anterior view"),
        (not_finite, "not finite"),
    ],
)
def test_without_one_of_the_networks_the_classical_detector_finds_all_and_says_so(
    scan, regions, tiny, tmp_path, make, cause
):
    path = tmp_path / "own.safetensors"
    make(path)
    wanted = chosen({**tiny, "posterior": path})
    with pytest.raises(Unusable, match=cause):
        network(scan, regions, wanted.network)
    found = find_hotspots(scan, regions, wanted)
    plain = find_hotspots(scan, regions, wanted.model_copy(update={"segmenter": "classical"}))
    np.testing.assert_array_equal(found.anterior, plain.anterior)
    assert found.marks == plain.marks
    for part in ("own.safetensors", cause, "the classical found the hotspots instead"):
        assert part in found.warnings[0]
    step = found.record.entries[-1]
    assert isinstance(step, Step)
    assert (step.name, step.facts["instead_of"], step.facts["segmenter"]) == (
        "hotspots",
        "network",
        "classical",
    )
    forget_networks()


def test_what_is_no_fault_of_the_networks_is_not_hidden(scan, regions, tiny, monkeypatch):
    with pytest.raises(Cancelled):
        find_hotspots(scan, regions, chosen(tiny), cancelled=lambda: True)
    monkeypatch.setattr("napari_tbcad.networks.devices.present_devices", lambda: ("cpu",))
    with pytest.raises(BadInput, match="has cpu"):
        find_hotspots(scan, regions, chosen(tiny, device="cuda"))


def test_networks_are_the_default_with_the_classical_detector_behind_them():
    settings = settings_from({})
    assert settings.hotspots.segmenter == "network"
    assert [settings.hotspots.network.model(view) for view in VIEWS] == list(PACKAGED.values())
    assert DETECTORS["network"].instead == "classical"
    assert settings_from({"hotspots.segmenter": "classical"}).hotspots.segmenter == "classical"


def test_either_file_that_changes_makes_the_hotspots_out_of_date(tmp_path):
    models = {view: tmp_path / f"{view}.safetensors" for view in VIEWS}
    keys = {content_key(chosen(models))}
    for path in models.values():
        for content in (b"1", b"22"):
            path.write_bytes(content)
            keys.add(content_key(chosen(models)))
            assert content_key(chosen(models)) == content_key(chosen(models))
    assert len(keys) == 5


def test_a_named_network_that_is_of_no_use_is_said_before_the_first_scan(tmp_path, tiny):
    require_named(chosen(tiny))
    require_named(HotspotParameters())
    path = tmp_path / "own.safetensors"
    wanted = chosen({**tiny, "posterior": path})
    with pytest.raises(ModelRefused, match=r"own\.safetensors"):
        require_named(wanted)
    require_named(wanted.model_copy(update={"segmenter": "classical"}))
    with pytest.raises(ModelRefused, match="made for the posterior view"):
        require_named(chosen(dict.fromkeys(VIEWS, tiny["posterior"])))
    other_task(path)
    with pytest.raises(ModelRefused, match="the task regions"):
        require_named(wanted)


def test_parameters_out_of_range_are_refused():
    with pytest.raises(ValueError, match="threshold"):
        NetworkParameters(threshold=1.5)
