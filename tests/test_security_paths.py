"""No name that stands in a file makes the program write outside the folder it was given."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_tbcad.batch.evaluating.models import model_file
from napari_tbcad.batch.runs.inputs import bone_inputs, chest_inputs
from napari_tbcad.case import Case
from napari_tbcad.errors import BadInput, TbcadError
from napari_tbcad.evaluate.compare.config import CompareConfig
from napari_tbcad.files import written_whole
from napari_tbcad.networks.models import fetch_network, install_network, remove_network
from napari_tbcad.result_tables import require_place
from napari_tbcad.worklist import Worklist

NAMES = (
    "../evil",
    "../../evil.png",
    "/evil/evil.png",
    "~/evil.png",
    "..",
    ".",
    "C:\\evil.png",
    "C:evil.png",
    "\\\\host\\share\\evil.png",
    "..\\..\\evil.png",
    "a/../../evil.png",
    "evil\x01.png",
    "CON",
    "nul.png",
    "evil:stream.png",
    "e" * 300 + ".png",
    "evil ",
    "-evil.png",
)


def is_part(name: str) -> bool:
    """Tell whether a text is one part of a path: no separator of any system, no control character."""
    return bool(name) and name not in (".", "..") and not set(name) & {"/", "\\", "\0", "\x01", "\n"}


def table(folder: Path, names: tuple[str, ...] = NAMES) -> Path:
    """Write a list of films, two of which are there."""
    films = folder / "films"
    films.mkdir()
    for place in (films / "good.png", folder / "evil.png"):
        iio.imwrite(place, np.zeros((8, 8), np.uint8))
    path = films / "list.csv"
    lines = "\n".join(f'"{name}",0' for name in ("good.png", *names))
    path.write_text(f"path,label\n{lines}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("inputs", [chest_inputs, bone_inputs])
def test_studies_of_a_hostile_list_have_names_that_stay_in_one_folder(inputs, tmp_path):
    studies = inputs([table(tmp_path)])
    names = [study.name for study in studies]
    assert len(names) > 10
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert is_part(name), name
        assert len(f"{name}_insensitive.png".encode()) <= 255
        place = tmp_path / "out" / "masks" / f"{name}_insensitive.png"
        assert Path(os.path.abspath(place)).parent == tmp_path / "out" / "masks"  # noqa: PTH100


def test_cases_of_a_hostile_worklist_stay_in_their_folder(tmp_path):
    items = Worklist.from_csv(table(tmp_path)).items
    assert len(items) > 10
    folders = {Path(os.path.abspath(item.case)).parent for item in items}  # noqa: PTH100
    assert len(folders) == 1
    assert folders.pop().is_relative_to(tmp_path / "films")


@pytest.mark.parametrize("name", NAMES)
def test_a_fold_of_any_name_has_its_model_in_the_folder_of_models(name):
    assert is_part(model_file("single_nb", name))
    assert ":" not in model_file("single_nb", name)


@pytest.mark.parametrize("name", [name for name in NAMES if set(name) & set("/\\:\x01")])
def test_an_export_is_not_called_so(name, tmp_path):
    with pytest.raises(BadInput, match="cannot be part of a file's name"):
        require_place(tmp_path, name)


@pytest.mark.parametrize("name", [name for name in NAMES if not is_part(name) or set(name) & set(": ")])
def test_no_network_is_installed_fetched_or_removed_under_such_a_name(name, tmp_path):
    (tmp_path / "evil.safetensors").write_bytes(b"mine")
    folder = tmp_path / "models"
    with pytest.raises(TbcadError):
        install_network(tmp_path / "evil.safetensors", name=name, folder=folder)
    with pytest.raises(TbcadError):
        fetch_network("https://example.org/a", "0" * 64, name=name, folder=folder)
    with pytest.raises(TbcadError):
        remove_network(name, folder=folder)
    assert (tmp_path / "evil.safetensors").read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["evil.safetensors"]


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name != "CON"]
)  # whose folder is CON-4-anterior-0
def test_no_network_of_a_comparison_is_called_so(name):
    with pytest.raises(ValueError, match="cannot be a network's name"):
        CompareConfig(networks={name: {}})


@pytest.mark.parametrize("name", [name for name in NAMES if "/" in name or "\\" in name or ":" in name])
def test_no_part_of_a_case_is_read_from_elsewhere_or_written(name, tmp_path):
    head = {
        "format": "napari-tbcad case",
        "version": 1,
        "workflow": "chest",
        "labels": [name],
        "readings": [],
    }
    path = tmp_path / "case" / "study.tbcad"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("case.json", json.dumps(head))
        archive.writestr(f"labels/{name}.png", b"")
        archive.writestr(name, b"evil")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadInput):
        Case.load(path)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_link_in_the_output_folder_is_replaced_and_what_it_points_to_stays(tmp_path):
    other, place = tmp_path / "other.txt", tmp_path / "out" / "results.csv"
    other.write_text("mine")
    place.parent.mkdir()
    place.symlink_to(other)
    with written_whole(place) as temporary:
        temporary.write_text("new")
    assert not place.is_symlink()
    assert (place.read_text(), other.read_text()) == ("new", "mine")
