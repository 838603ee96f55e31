from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.files import sha256
from napari_tbcad.networks.store import (
    Network,
    load_network,
    read_network_card,
    save_network,
    tensors_sha256,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def answer(network: Network) -> torch.Tensor:
    image = torch.linspace(-1, 1, 64 * 64).reshape(1, 1, 64, 64)
    with torch.inference_mode():
        return network.module(image)


def rewritten(
    source: Path, target: Path, change: Callable[[dict, dict], None], *, rehash: bool = True
) -> Path:
    """Write a network file anew with changed tensors and metadata, its hashes set right if asked."""
    import hashlib

    with safe_open(source, framework="pt") as file:
        metadata = dict(file.metadata())
    tensors = load_file(source)
    change(tensors, metadata)
    if rehash:
        metadata["card_sha256"] = hashlib.sha256(metadata.get("card", "").encode()).hexdigest()
        if all(t.dtype != torch.bfloat16 for t in tensors.values()):
            metadata["tensors_sha256"] = tensors_sha256(tensors)
    save_file(tensors, target, metadata=metadata)
    return target


def test_what_is_saved_is_read_back(tiny_network: Network, network_file: Path) -> None:
    read = load_network(network_file, task="lungs")
    assert read.card == tiny_network.card
    assert read.sha256 == sha256(network_file)
    assert read.path == network_file
    assert not read.module.training
    assert {p.dtype for p in read.module.parameters()} == {torch.float32}
    assert (answer(read) - answer(tiny_network)).abs().max() < 0.02
    assert read_network_card(network_file) == tiny_network.card
    assert read.label == f"tiny {read.sha256[:12]}"


def test_kernels_are_kept_in_16_bits_and_statistics_in_32(network_file: Path) -> None:
    tensors = load_file(network_file)
    kinds = {(t.ndim > 1, t.dtype) for t in tensors.values() if t.is_floating_point()}
    assert kinds == {(True, torch.float16), (False, torch.float32)}


def test_in_full_the_answer_is_the_same(tiny_network: Network, tmp_path: Path) -> None:
    save_network(tiny_network, tmp_path / "full.safetensors", half=False)
    read = load_network(tmp_path / "full.safetensors")
    assert tensors_sha256(read.module.state_dict()) == tensors_sha256(tiny_network.module.state_dict())
    torch.testing.assert_close(answer(read), answer(tiny_network))


def test_a_kernel_beyond_16_bits_is_kept_whole(tiny_network: Network, tmp_path: Path) -> None:
    import copy

    module = copy.deepcopy(tiny_network.module)
    with torch.no_grad():
        module.segmentation_head[0].weight[0, 0, 0, 0] = 1e6
    save_network(Network(module, tiny_network.card), tmp_path / "n.safetensors")
    assert load_network(tmp_path / "n.safetensors").module.segmentation_head[0].weight.max() == 1e6


def test_the_same_network_gives_the_same_file(
    tiny_network: Network, network_file: Path, tmp_path: Path
) -> None:
    assert save_network(tiny_network, tmp_path / "again.safetensors") == sha256(network_file)


def test_a_network_with_nan_is_not_saved_and_the_older_file_stays(
    tiny_network: Network, tmp_path: Path
) -> None:
    import copy

    module = copy.deepcopy(tiny_network.module)
    with torch.no_grad():
        module.segmentation_head[0].bias[0] = torch.nan
    path = tmp_path / "n.safetensors"
    path.write_bytes(b"older")
    with pytest.raises(BadInput, match=r"segmentation_head.0.bias"):
        save_network(Network(module, tiny_network.card), path)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"older"]


def test_another_task_is_refused_by_name(network_file: Path) -> None:
    with pytest.raises(ModelRefused, match=r"lungs, not for opacities"):
        load_network(network_file, task="opacities")
    with pytest.raises(ModelRefused, match="install it again"):
        load_network(network_file, expected_sha256="0" * 64)
    with pytest.raises(ModelRefused, match="at most 0 MiB"):
        load_network(network_file, max_bytes=1000)
    with pytest.raises(BadInput, match="no such network file"):
        load_network(network_file.with_name("none"))


def _card(**changes: object) -> Callable[[dict, dict], None]:
    def change(_: dict, metadata: dict) -> None:
        metadata["card"] = json.dumps({**json.loads(metadata["card"]), **changes})

    return change


def _meta(**changes: str) -> Callable[[dict, dict], None]:
    return lambda _, metadata: metadata.update(changes)


def _tensors(name: str, value: Callable[[torch.Tensor], torch.Tensor] | None) -> Callable[[dict, dict], None]:
    def change(tensors: dict, _: dict) -> None:
        if value is None:
            del tensors[name]
        else:
            tensors[name] = value(tensors.get(name, torch.zeros(1)))

    return change


HEAD = "segmentation_head.0.bias"
GIANT = {"architecture": "Unet", "encoder": "tu-regnety_2560"}
"""1.3 thousand million weights, more than five gigabytes, that the file does not hold."""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_meta(format="napari-tbcad network 2"), "newer"),
        (_meta(format="someone else's"), "not a network of this program"),
        (lambda _, metadata: metadata.clear(), "not a network of this program"),
        (_meta(card="{"), "card does not say"),
        (_meta(card="[]"), "card does not say"),
        (_card(task="kidneys"), "no task 'kidneys'"),
        (_card(task="opacities"), "classes of opacities"),
        (_card(extra=1), "extra"),
        (_card(channels=3), "1 channel"),
        (_card(architecture={"encoder": "tu-local-dir:/etc"}), "cannot be built here"),
        (_card(architecture={"encoder": "resnet18", "encoder_weights": "imagenet"}), "of two networks"),
        (_card(architecture=GIANT), "two networks"),
        (_tensors(HEAD, None), HEAD),
        (_tensors("other.weight", torch.clone), "other.weight"),
        (_tensors(HEAD, lambda t: torch.cat([t, t])), r"\(6,\), not \(3,\)"),
        (_tensors(HEAD, lambda t: t * torch.nan), "not finite"),
        (_tensors(HEAD, lambda t: t.long()), "of two networks"),
        (_tensors(HEAD, lambda t: t.bfloat16()), "bfloat16"),
    ],
)
def test_a_hostile_file_is_refused_with_the_cause(
    network_file: Path, tmp_path: Path, models: Path, change: Callable[[dict, dict], None], said: str
) -> None:
    path = rewritten(network_file, tmp_path / "n.safetensors", change)
    with pytest.raises(ModelRefused, match=said):
        load_network(path)
    assert not models.exists()


def test_a_changed_weight_or_card_is_refused(network_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "n.safetensors"
    rewritten(network_file, path, _tensors(HEAD, lambda t: t + 1e-3), rehash=False)
    with pytest.raises(ModelRefused, match="weights were changed"):
        load_network(path)
    rewritten(network_file, path, _card(description="the best"), rehash=False)
    with pytest.raises(ModelRefused, match="card was changed"):
        load_network(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x01",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 20 * 2**20) + b"{" * 64,
        struct.pack("<Q", 2) + b"{]",
        struct.pack("<Q", 8) + b"\xff" * 8,
        struct.pack("<Q", 68) + b'{"a":{"dtype":"F32","shape":[99999999999],"data_offsets":[0,400000000]}}',
        b"PK\x03\x04 a zip archive that is no network at all",
    ],
)
def test_a_broken_header_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "n.safetensors"
    path.write_bytes(content)
    for read in (load_network, read_network_card):
        with pytest.raises(ModelRefused, match="not a whole network file"):
            read(path)


def test_a_file_cut_short_is_refused(network_file: Path, tmp_path: Path) -> None:
    content = network_file.read_bytes()
    for length in (7, 100, len(content) // 2, len(content) - 1):
        (tmp_path / "n.safetensors").write_bytes(content[:length])
        with pytest.raises(ModelRefused, match="not a whole network file"):
            load_network(tmp_path / "n.safetensors")


def test_the_key_follows_what_answers_depend_on(tiny_network: Network, network_file: Path) -> None:
    read = load_network(network_file)
    same, other = load_network(network_file), tiny_network.card.model_copy(update={"name": "b"})
    assert read.content_key == same.content_key
    assert replace(read, card=other).content_key == read.content_key
    grid = tiny_network.card.input.model_copy(update={"height": 96})
    assert replace(read, card=other.model_copy(update={"input": grid})).content_key != read.content_key
    assert replace(read, sha256="0").content_key != read.content_key
    assert Network(tiny_network.module, tiny_network.card).content_key != read.content_key
