"""Who made what stands, by the record."""

from __future__ import annotations

import json
import struct
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

import napari_tbcad
from napari_tbcad.io.clinic.accounts import account_of
from napari_tbcad.io.clinic.codes import FAMILIES
from napari_tbcad.io.clinic.provenance import PACKAGED, Finder, finder_of, maker_of, models_in
from napari_tbcad.record import Edit, Record, Step

FINDER = Finder("otsu", next(iter(FAMILIES.values())))


@pytest.mark.parametrize(
    ("tools", "made"),
    [
        (["brush"], "SEMIAUTOMATIC"),
        (["file"], "MANUAL"),
        (["file of the batch"], "MANUAL"),
        (["file of the batch", "brush"], "MANUAL"),
        (["file", "back to automatic", "brush"], "SEMIAUTOMATIC"),
    ],
)
def test_a_file_that_names_no_program_is_a_persons_whoever_gave_it(tools, made):
    record = Record(tuple(Edit("sensitive", 5, tool=tool) for tool in tools))
    assert maker_of(record, "sensitive", person=True, automatic=True, finder=FINDER).made == made
    assert maker_of(record, "sensitive", person=False, automatic=True, finder=FINDER).made == "AUTOMATIC"


DIGEST = "0123456789ab" + 52 * "c"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (f"network lungs {DIGEST}", "network lungs 0123456789ab"),
        ("network lungs 0123456789ab", "network lungs 0123456789ab"),
        ("classical-1", "classical-1"),
        ("the model of somebody", "the model of somebody"),
        (f"{DIGEST}", "0123456789ab"),
        ("  ", "napari-tbcad"),
        ("\\", "napari-tbcad"),
        ("; ", ";"),
        ("a\\b\0c", "a b c"),
        (f"{'x' * 99} {DIGEST}", f"{'x' * 51} 0123456789ab"),
        (f"a {DIGEST}; anterior {DIGEST}", "anterior 0123456789ab"),
    ],
)
def test_a_model_is_named_with_its_digest_where_it_has_one(model, name):
    record = Record((Step("hotspots", model=model),))
    assert finder_of(record, "hotspots", view="anterior").name == name
    assert all(one in " ".join(models_in(record)) for one in name.split() if model.strip(" \\"))


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (f"Klinik Dr. Doe {DIGEST}", "model 0123456789ab"),
        ("Klinik Dr. Doe 19340817", "model"),
        ("lungs 0123456789ab", "lungs 0123456789ab"),
        ("classical-1", "classical-1"),
        (f"demonstration {DIGEST}", "demonstration 0123456789ab"),
    ],
)
def test_what_somebody_called_a_model_is_not_said_where_nobody_may_be_named(model, name):
    record = Record((Step("hotspots", model=model),))
    assert finder_of(record, "hotspots", anonymous=True).name == name
    assert account_of(record, (), datetime(2020, 1, 1), anonymous=True).models == (name,)
    assert finder_of(Record(), "hotspots", "Doe", anonymous=True).name == "napari-tbcad"
    assert finder_of(Record(), "hotspots", "otsu", anonymous=True).name == "napari-tbcad otsu"


def names_in_packaged_files():
    """Yield what the cards of the models that come with the program call them, read as plain files."""
    root = Path(napari_tbcad.__file__).parent
    for path in (root / "weights").glob("*.safetensors"):
        content = path.read_bytes()
        facts = json.loads(content[8 : 8 + struct.unpack_from("<Q", content)[0]])["__metadata__"]
        if "card" in facts:
            yield json.loads(facts["card"])["name"]
    for path in (root / "weights").glob("*.skops"):
        with zipfile.ZipFile(path) as archive:
            yield json.loads(archive.read("card.json"))["name"]
    yield json.loads((root / "weights" / "atlas.json").read_text("utf-8"))["title"]
    yield json.loads((root / "bone" / "candidates_model.json").read_text("utf-8"))["name"]


def test_the_names_of_the_packaged_models_are_those_of_their_cards():
    assert set(names_in_packaged_files()) == PACKAGED
