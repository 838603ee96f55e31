"""What decides whether a result is still one: settings, models, masks, and the files that were written."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from napari_tbcad.batch.films import ChestJob
from napari_tbcad.batch.runs.inputs import Study
from napari_tbcad.batch.runs.job import digest_of, do_study, state_of
from napari_tbcad.batch.scans import BoneJob
from napari_tbcad.chest.classify.packaged import packaged_file
from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.networks.listing import hash_if_any
from napari_tbcad.run_images import content_alone, content_of


def digest(job) -> str:
    return digest_of(job.kind, job.settings())


CHEST, BONE = ChestJob(Path("out"), "none"), BoneJob(Path("out"))


@pytest.mark.parametrize(
    "job",
    [
        replace(CHEST, out=Path("elsewhere")),
        replace(CHEST, assignments={"features.grid": 512}),
        replace(CHEST, masks=Path("masks")),
        CHEST.absolute(),
    ],
)
def test_what_does_not_change_a_result_does_not_change_its_digest(job):
    assert digest(job) == digest(CHEST)


@pytest.mark.parametrize(
    "job",
    [
        replace(CHEST, classifier="demonstration"),
        replace(CHEST, assignments={"features.levels": 16}),
        replace(CHEST, assignments={"lungs.segmenter": "otsu"}),
        replace(CHEST, pictures=False),
        BONE,
    ],
)
def test_what_changes_a_result_changes_its_digest(job):
    assert digest(job) != digest(CHEST)


def test_bone_settings_count_too():
    other = replace(BONE, assignments={"index.weights": "icrp110-male"})
    assert len({digest(BONE), digest(other), digest(replace(BONE, pictures=False))}) == 3


def test_another_version_makes_other_results(monkeypatch):
    before = digest(BONE)
    monkeypatch.setattr("napari_tbcad.batch.runs.job.__version__", "99")
    assert digest(BONE) != before


@pytest.mark.parametrize(
    ("job", "setting"),
    [
        (CHEST, "lungs.network.model"),
        (CHEST, "opacities.model"),
        (BONE, "regions.network.model"),
        (BONE, "hotspots.network.anterior"),
        (BONE, "hotspots.network.posterior"),
    ],
)
def test_a_network_counts_by_its_content_wherever_it_lies(job, setting, tmp_path, monkeypatch):
    for name, content in (("a", b"one"), ("b", b"one"), ("c", b"two")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "own.safetensors").write_bytes(content)
    monkeypatch.chdir(tmp_path / "a")
    there = [str(tmp_path / name / "own.safetensors") for name in "bc"]
    made = [replace(job, assignments={setting: path}) for path in ("own.safetensors", *there)]
    here, moved, other = map(digest, made)
    assert here == moved == digest(made[0].absolute())
    assert other != here
    assert made[0].absolute().assignments == {setting: str(tmp_path / "a" / "own.safetensors")}


def leaves(section: Mapping[str, Any]) -> Iterator[Any]:
    for value in section.values():
        yield from leaves(value) if isinstance(value, Mapping) else (value,)


@pytest.mark.parametrize("job", [CHEST, BONE])
def test_every_network_that_the_settings_name_is_known_by_its_content(job):
    """A new setting that names a network must be known as one."""
    unhashed = [value for value in leaves(job.settings()["settings"]) if isinstance(value, str)]
    assert not [value for value in unhashed if hash_if_any(value) is not None]
    assert sum(bool(re.search(" [0-9a-f]{64}$", value)) for value in unhashed) >= 2


def test_an_atlas_counts_by_its_content(tmp_path):
    for name, content in (("a.npz", b"one"), ("b.npz", b"one"), ("c.npz", b"two")):
        (tmp_path / name).write_bytes(content)
    for job in (CHEST, BONE):
        a, b, c = (digest(replace(job, atlas=str(tmp_path / f"{name}.npz"))) for name in "abc")
        assert a == b != c
        assert a != digest(job)


def test_the_content_of_a_study_is_its_bytes_and_its_masks(tmp_path):
    for name, content in (("a", b"1"), ("b", b"2"), ("copy", b"1"), ("x_sensitive.png", b"3")):
        (tmp_path / name).write_bytes(content)
    a, b, copy, mask = (tmp_path / name for name in ("a", "b", "copy", "x_sensitive.png"))
    key = content_of([a], [])
    assert content_of([copy], []) == key
    others = [content_of([b], []), content_of([a, b], []), content_of([b, a], []), content_of([a], [mask])]
    assert len({key, *others}) == 5
    assert content_alone(content_of([a], [mask])) == key == content_alone(key)
    assert content_of([tmp_path / "gone"], []) == ""


def test_a_masks_kind_counts(tmp_path):
    for name in ("x_sensitive.png", "x_insensitive.png"):
        (tmp_path / name).write_bytes(b"3")
    one, other = (content_of([], [tmp_path / f"x_{kind}.png"]) for kind in ("sensitive", "insensitive"))
    assert one != other


def test_a_written_file_is_the_same_changed_or_gone(tmp_path):
    path = tmp_path / "masks" / "a.png"
    path.parent.mkdir()

    def write(value: int) -> bytes:
        Image.fromarray(np.full((40, 40), value, np.uint8)).save(path)
        return path.read_bytes()

    whole = write(1)
    state = state_of(path, tmp_path)
    assert state.path == "masks/a.png"
    assert state.standing(tmp_path) == "same"
    path.write_bytes(whole)
    assert state.standing(tmp_path) == "same", "written again: by its content"
    write(2)
    assert state.standing(tmp_path) == "changed"
    for damaged in (b"", bytes(len(whole)), whole[:-20], whole[:50] + b"x" + whole[51:]):
        path.write_bytes(damaged)
        assert state.standing(tmp_path) == "gone", damaged
    path.unlink()
    assert state.standing(tmp_path) == "gone"


def test_a_fault_that_was_found_before_is_the_rows_message(tmp_path):
    done = do_study(Study("f", (tmp_path / "f.png",), fault="no such file"), CHEST)
    assert (done.row.result["message"], done.key, done.files) == ("f.png: no such file", "", ())


def test_masks_that_belong_to_nothing_are_refused_before_the_first_study(tmp_path):
    studies = [Study("f", (tmp_path / "f.png",))]
    for job in (replace(CHEST, masks=tmp_path), replace(BONE, masks=tmp_path)):
        with pytest.raises(BadInput, match="no mask there belongs to any"):
            job.require(studies)


@pytest.mark.parametrize("kind", ["chest", "bone"])
def test_who_only_sends_studies_to_workers_loads_no_model(kind, tmp_path):
    """What a run asks of a job before the first study, in a process of its own."""
    made = {
        "chest": "films import ChestJob; job = ChestJob(out, 'demonstration')",
        "bone": "scans import BoneJob; job = BoneJob(out, {'hotspots.segmenter': 'network'})",
    }
    program = (
        f"import sys; from pathlib import Path; out = Path({str(tmp_path)!r})\n"
        f"from napari_tbcad.batch.{made[kind]}\n"
        "job.require([]), job.settings()\n"
        "print(sorted({'torch', 'sklearn', 'pandas', 'SimpleITK', 'skops'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_a_model_that_does_not_fit_or_is_damaged_is_refused_by_its_card(tmp_path):
    with pytest.raises(ModelRefused, match="grid 256 wanted, 512 given"):
        ChestJob(tmp_path, "demonstration", {"features.grid": 512}).require([])
    with pytest.raises(ModelRefused, match="neither a packaged model"):
        ChestJob(tmp_path, "nosuch").require([])
    model = packaged_file("demonstration")
    assert model is not None
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 255
    (tmp_path / "m.skops").write_bytes(content)
    with pytest.raises(ModelRefused, match=r"m\.skops"):
        ChestJob(tmp_path, str(tmp_path / "m.skops")).require([])


def test_a_model_whose_parts_are_not_what_its_card_says_is_refused_when_it_is_loaded(tmp_path):
    """Its hashes are right, so it is found out where it is built: in the workers."""
    with zipfile.ZipFile(packaged_file("demonstration")) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["schema.json"] = members["schema.json"].replace(b"CalibratedStage", b"StrangerStage")
    manifest = json.loads(members.pop("manifest.json"))
    manifest["sha256"] = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    with zipfile.ZipFile(tmp_path / "m.skops", "w") as archive:
        for name, content in {**members, "manifest.json": json.dumps(manifest).encode()}.items():
            archive.writestr(name, content)
    job = ChestJob(tmp_path, str(tmp_path / "m.skops"))
    job.require([])
    with pytest.raises(ModelRefused, match="not on the pinned list"):
        job.load()


@pytest.mark.parametrize("job", [CHEST, BONE], ids=["chest", "bone"])
def test_a_worker_tries_out_a_sample_and_leaves_faults_to_the_studies(monkeypatch, job):
    job, tried = replace(job, masks=Path("masks")), []

    def analysed(study, job):
        tried.append((study.paths[0].is_file(), job.masks))
        raise BadInput("sample", "cannot be read")

    monkeypatch.setattr(f"{type(job).__module__}._analyse", analysed)
    job.load()
    assert tried == []
    job.load(try_out=True)
    assert tried == [(True, None)]
