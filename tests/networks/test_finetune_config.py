"""The configuration that learns from corrections: of which task, of which view, from which network."""

from __future__ import annotations

import pytest
import yaml

from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.networks.build import build
from napari_tbcad.networks.config import load_config
from napari_tbcad.networks.finetune_config import finetune_config, setting_of
from napari_tbcad.networks.input import InputParameters
from napari_tbcad.networks.store import Network, save_network

from .conftest import TINY, tiny


def bone_input(*views: str) -> InputParameters:
    return InputParameters.model_validate({"height": 64, "width": 32, "intensity": "counts", "views": views})


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Files of networks that know nothing, by name."""
    folder = tmp_path_factory.mktemp("networks")
    kinds = {"front": ("4", ("anterior",)), "any": ("4", ()), "both": ("3", ("anterior", "posterior"))}
    for name, (task, views) in kinds.items():
        given = bone_input(*views)
        network = tiny(task, input=given, channels=given.channels)
        module = build(TINY, n_classes=len(network.card.classes), in_channels=given.channels).eval()
        save_network(Network(module, network.card), folder / f"{name}.safetensors")
    return {name: str(folder / f"{name}.safetensors") for name in kinds}


@pytest.mark.parametrize(
    ("name", "view", "where", "views"),
    [
        ("front", "", {"view": "anterior"}, ["anterior"]),
        ("any", "posterior", {"view": "posterior"}, []),
        ("any", "", {}, []),
        ("both", "", {}, ["anterior", "posterior"]),
    ],
)
def test_task_view_and_input_are_those_of_the_network(networks, tmp_path, name, view, where, views):
    text = finetune_config(view=view, model=networks[name])
    path = tmp_path / "finetune.yaml"
    path.write_text(text, encoding="utf-8")
    assert yaml.safe_load(text)["input"]["views"] == views
    config = load_config(path)
    assert config.task == ("3" if name == "both" else "4")
    (source,) = config.data.sources
    assert (source.where, source.table) == (where, "samples.csv")
    assert source.folder == tmp_path / "corrections-hotspots"
    assert source.values == ({3: 1} if name == "both" else {}), "in three classes normal uptake is bone"
    assert config.fit.start_from == networks[name]
    assert config.augment.mirror == 0.5


def test_what_does_not_fit_is_refused(networks):
    for arguments, says in (
        ({"task": "opacities"}, "no corrections for 'opacities'"),
        ({"task": "4"}, "say anterior or posterior"),
        ({"task": "4", "view": "lateral"}, "anterior or posterior"),
        ({"task": "3", "view": "anterior"}, "no network of the task 3 is packaged"),
        ({"task": "regions", "model": networks["front"]}, "task 4, not regions"),
        ({"view": "posterior", "model": networks["front"]}, "reads anterior views"),
        ({"view": "anterior"}, "films have none"),
    ):
        with pytest.raises(BadInput, match=says):
            finetune_config(**arguments)
    with pytest.raises(ModelRefused, match="nowhere"):
        finetune_config("4", view="anterior", model="nowhere")


def test_the_command_prints_it_and_names_the_setting_that_exists(networks, capfd):
    from napari_tbcad.bone.workflow import BoneSettings, settings_from
    from napari_tbcad.cli import main

    assert main(["networks", "template", "finetune", "--model", networks["front"]]) == 0
    assert "hotspots.network.anterior=tuned-hotspots-anterior/model.safetensors" in capfd.readouterr().out
    for task, view in (("4", "anterior"), ("3", "posterior"), ("regions", "")):
        assert isinstance(settings_from({setting_of(task, view): "mine.safetensors"}), BoneSettings)
    assert main(["networks", "template", "lungs", "--view", "anterior"]) == 2
