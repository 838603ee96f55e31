from __future__ import annotations

import inspect
import json
import pickle
import re
from pathlib import Path

import pytest
import segmentation_models_pytorch as smp
import torch
from safetensors.torch import save, save_file

from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.networks.build import (
    FAMILIES,
    STAGED,
    ArchitectureParameters,
    build,
    family_name,
    start_from,
)
from napari_tbcad.networks.encoder_weights import imagenet_url

pytestmark = pytest.mark.usefixtures("one_thread")

TINY = "tu-test_efficientnet"


def silent(_: str) -> None:
    pass


def encoder_file(path: Path, *, channels: int = 3) -> dict[str, torch.Tensor]:
    """Weights as timm publishes them: of a whole classifier, made for colour images."""
    import timm

    torch.manual_seed(1)
    state = timm.create_model(TINY.removeprefix("tu-"), in_chans=channels).state_dict()
    save_file(state, path)
    return state


def test_the_families_are_those_of_smp() -> None:
    classes = [getattr(smp, name) for name in dir(smp)]
    found = {c.__name__ for c in classes if isinstance(c, type) and issubclass(c, smp.base.SegmentationModel)}
    assert set(FAMILIES) == found - {"SegmentationModel"}


@pytest.mark.parametrize(
    ("architecture", "channels"),
    [("U-Net++", (16, 8, 8, 4, 4)), ("fpn", (64, 32)), ("DeepLabV3+", (16,)), ("Linknet", ())],
)
def test_logits_of_every_class_on_the_grid_of_the_image(architecture: str, channels: tuple[int, ...]) -> None:
    parameters = ArchitectureParameters(architecture=architecture, encoder=TINY, decoder_channels=channels)
    module = build(parameters, n_classes=4).eval()
    with torch.inference_mode():
        answer = module(torch.zeros(1, 1, 64, 96))
    assert answer.shape == (1, 4, 64, 96)


def test_the_widths_are_those_that_smp_has() -> None:
    for name, arguments in FAMILIES.items():
        known = inspect.signature(getattr(smp, name).__init__).parameters
        assert set(arguments) <= set(known), name
        staged = isinstance(known[arguments[0]].default, tuple) if arguments else False
        assert staged == (name in STAGED), name


def test_a_family_of_other_widths_has_its_own_unless_they_are_given() -> None:
    assert ArchitectureParameters(architecture="FPN").decoder_channels == ()
    assert ArchitectureParameters(architecture="U-Net").decoder_channels == (96, 64, 32, 16, 8)
    assert ArchitectureParameters(architecture="FPN", decoder_channels=(64, 32)).decoder_channels == (64, 32)


def test_spellings() -> None:
    names = {
        "U-Net++": "UnetPlusPlus",
        "unet": "Unet",
        "DeepLabV3+": "DeepLabV3Plus",
        "deeplab v3": "DeepLabV3",
    }
    names |= {"MA-Net": "MAnet", "no such": "no such", "UNetPlusPlus": "UnetPlusPlus"}
    assert {name: family_name(name) for name in names} == names


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"architecture": "U-Nett"}, "Unet"),
        ({"encoder": "resnet43"}, "resnet34"),
        ({"encoder": "tu-mobilnetv3_small_050"}, "tu-mobilenetv3_small_050"),
        ({"encoder": "tu-hf-hub:someone/something"}, "there is no"),
        ({"encoder": "tu-local-dir:/etc"}, "there is no"),
        ({"encoder": "mit_b0"}, r"U-Net\+\+ does not go with"),
        ({"decoder_channels": (8, 8)}, "5 widths"),
        ({"architecture": "FPN", "decoder_channels": (8,)}, "decoder_pyramid_channels"),
        ({"architecture": "Linknet", "decoder_channels": (8,)}, "takes none"),
        ({"architecture": "DPT", "encoder": "resnet18"}, "DPT with resnet18"),
    ],
)
def test_what_does_not_go_is_refused_with_the_reason(changes: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        build(ArchitectureParameters.model_validate({"encoder": TINY, **changes}), n_classes=2)


def test_hostile_widths_are_refused_before_anything_is_built() -> None:
    for widths in ((10**9, 1, 1, 1, 1), (0, 1, 1, 1, 1), (-4,) * 5):
        with pytest.raises(ValueError, match="between 1 and"):
            ArchitectureParameters(decoder_channels=widths)


def test_a_random_start_downloads_nothing(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("went to the network")

    monkeypatch.setattr("socket.socket.connect", refuse)
    build(ArchitectureParameters(encoder=TINY), n_classes=2)
    assert not models.exists()


def test_weights_of_a_file_are_taken_and_the_first_kernel_is_summed(tmp_path: Path) -> None:
    state = encoder_file(tmp_path / "e.safetensors")
    told: list[str] = []
    parameters = ArchitectureParameters(encoder=TINY, encoder_weights=str(tmp_path / "e.safetensors"))
    module = build(parameters, n_classes=2, say=told.append)
    own = module.encoder.model.state_dict()
    assert torch.equal(own["conv_stem.weight"], state["conv_stem.weight"].sum(1, keepdim=True))
    assert torch.equal(own["blocks.1.0.conv_pwl.weight"], state["blocks.1.0.conv_pwl.weight"])
    ((matched, total),) = [map(int, found) for found in re.findall(r"(\d+) of (\d+) tensors", told[0])]
    assert matched == total > 50


def test_a_torch_state_dict_gives_the_same_and_a_pickle_is_refused(tmp_path: Path) -> None:
    state = encoder_file(tmp_path / "e.safetensors", channels=1)
    torch.save({"state_dict": {f"module.{name}": value for name, value in state.items()}}, tmp_path / "e.pth")
    module = build(
        ArchitectureParameters(encoder=TINY, encoder_weights=str(tmp_path / "e.pth")), n_classes=2, say=silent
    )
    assert torch.equal(module.encoder.model.conv_stem.weight, state["conv_stem.weight"])
    ran = tmp_path / "ran"
    (tmp_path / "bad.pth").write_bytes(pickle.dumps(_Hostile(str(ran))))
    torch.save(_Hostile(str(ran)), tmp_path / "worse.pth")
    for name in ("bad.pth", "worse.pth"):
        with pytest.raises(BadInput, match="more than tensors"):
            build(ArchitectureParameters(encoder_weights=str(tmp_path / name)), n_classes=2)
    assert not ran.exists()


class _Hostile:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return open, (self.path, "w")


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    save_file({"a.weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    state = encoder_file(tmp_path / "e.safetensors")
    state["bn1.weight"] = torch.full_like(state["bn1.weight"], torch.nan)
    save_file(state, tmp_path / "nan.safetensors")
    (tmp_path / "half.safetensors").write_bytes((tmp_path / "e.safetensors").read_bytes()[:-9])
    (tmp_path / "odd.pth").write_bytes(b"\x80\x02.")
    (tmp_path / "list.json").write_text(json.dumps([1]))
    for name, said in (
        ("other.safetensors", "none of its weights"),
        ("nan.safetensors", "bn1.weight is not finite"),
        ("half.safetensors", "not a whole file"),
        ("odd.pth", "not a whole file"),
        ("list.json", "tensors"),
        ("missing.safetensors", "no such file"),
    ):
        parameters = ArchitectureParameters(encoder=TINY, encoder_weights=str(tmp_path / name))
        with pytest.raises(BadInput, match=said):
            build(parameters, n_classes=2, say=silent)


def test_imagenet_weights_are_downloaded_when_asked_for_and_once(
    models: Path, server, tmp_path: Path
) -> None:
    state = encoder_file(tmp_path / "e.safetensors")
    address = imagenet_url(TINY)
    assert address.startswith(server.url)
    server.files[address.removeprefix(server.url)] = save(state)
    told: list[str] = []
    parameters = ArchitectureParameters(encoder=TINY, encoder_weights="imagenet")
    for _ in range(2):
        module = build(parameters, n_classes=2, say=told.append)
    assert torch.equal(module.encoder.model.bn1.weight, state["bn1.weight"])
    assert len(server.asked) == 1
    assert [("downloading" in one, server.url in one) for one in told if "ImageNet" in one] == [(True, True)]
    assert [p.name for p in (models / "encoders").iterdir()] == [f"{TINY}.safetensors"]


def test_weights_of_smp_itself_are_asked_for_at_their_revision(server) -> None:
    assert re.fullmatch(
        rf"{server.url}/smp-hub/resnet18.imagenet/resolve/[0-9a-f]{{40}}/model.safetensors",
        imagenet_url("resnet18"),
    )
    with pytest.raises(BadInput, match="no ImageNet weights"):
        imagenet_url("tu-mobilenetv3_rw.no_such_tag")


def test_a_failed_download_says_what_to_do_and_leaves_nothing(models: Path, server, tmp_path: Path) -> None:
    parameters = ArchitectureParameters(encoder=TINY, encoder_weights="imagenet")
    with pytest.raises(BadInput, match=r"404.*encoder_weights"):
        build(parameters, n_classes=2, say=silent)
    path = imagenet_url(TINY).removeprefix(server.url)
    server.files[path] = save(encoder_file(tmp_path / "e.safetensors"))
    server.cut.add(path)
    with pytest.raises(BadInput, match=r"download failed.*encoder_weights"):
        build(parameters, n_classes=2, say=silent)
    server.close()
    with pytest.raises(BadInput, match=r"download failed.*encoder_weights"):
        build(parameters, n_classes=2, say=silent)
    assert not list((models / "encoders").iterdir())


def test_a_file_put_into_the_folder_serves_without_a_connection(models: Path, server, tmp_path: Path) -> None:
    (models / "encoders").mkdir(parents=True)
    state = encoder_file(models / "encoders" / f"{TINY}.safetensors")
    module = build(ArchitectureParameters(encoder=TINY, encoder_weights="imagenet"), n_classes=2, say=silent)
    assert torch.equal(module.encoder.model.bn1.bias, state["bn1.bias"])
    assert not server.asked


def test_a_training_starts_from_a_network_file(tiny_network, network_file: Path, models: Path) -> None:
    parameters = tiny_network.card.architecture
    wanted = tiny_network.module.state_dict()
    same = build(parameters, n_classes=3)
    matched, skipped = start_from(same, network_file, classes=tiny_network.card.classes)
    assert (matched, skipped) == (len(wanted), [])
    assert torch.equal(same.segmentation_head[0].weight, wanted["segmentation_head.0.weight"].half().float())
    for n_classes, classes in ((3, ("background", "bone", "abnormal")), (4, None)):
        other = build(parameters, n_classes=n_classes)
        head = other.segmentation_head[0].weight.clone()
        matched, skipped = start_from(other, network_file, classes=classes)
        assert skipped == ["segmentation_head.0.weight", "segmentation_head.0.bias"]
        assert torch.equal(other.segmentation_head[0].weight, head)


def test_classes_that_two_heads_share_are_taken_over(tiny_network, network_file: Path, models: Path) -> None:
    theirs = tiny_network.module.state_dict()["segmentation_head.0.weight"]
    name = tiny_network.card.classes[1]
    other = build(tiny_network.card.architecture, n_classes=2)
    matched, skipped = start_from(other, network_file, classes=("background", name))
    assert not skipped
    mine = other.state_dict()["segmentation_head.0.weight"]
    assert mine.shape[0] == 2
    torch.testing.assert_close(mine, theirs[[0, 1]], atol=1e-3, rtol=1e-3)


def test_a_start_that_does_not_fit_is_refused(network_file: Path, models: Path, tmp_path: Path) -> None:
    module = torch.nn.Conv2d(1, 3, 3)
    with pytest.raises(BadInput, match="none of its weights fits; it is a Unet with tu-test_efficientnet"):
        start_from(module, network_file)
    with pytest.raises(ModelRefused, match="neither a network"):
        start_from(module, "no_such")


def test_a_network_file_gives_its_encoder_to_another_architecture(tiny_network, network_file: Path) -> None:
    told: list[str] = []
    parameters = ArchitectureParameters(
        architecture="Linknet", encoder=TINY, encoder_weights=str(network_file)
    )
    module = build(parameters, n_classes=2, say=told.append)
    wanted = tiny_network.module.encoder.model.bn1.weight
    assert torch.equal(module.encoder.model.bn1.weight, wanted)
