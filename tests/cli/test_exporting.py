"""``napari-tbcad export`` and ``napari-tbcad deidentify``: exit codes, files, what is printed."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from napari_tbcad.cli.app import run
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.simulate.samples import sample_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder of ``chest run`` over one small film."""
    folder = tmp_path_factory.mktemp("run")
    with Image.open(sample_path("normal_man")) as image:
        Image.fromarray(np.asarray(image)[::4, ::4].copy()).save(folder / "man.png")
    quick = ["lungs.segmenter=otsu", "features.grid=128", "opacities.enabled=false"]
    options = [word for pair in quick for word in ("--set", pair)]
    run(["chest", "run", str(folder / "man.png"), "--out", str(folder), "--classifier", "none", *options])
    return folder


def test_a_run_is_exported_and_whose_identity_it_carries_is_said(finished, tmp_path, capsys):
    assert run(["export", str(finished), "--dicom", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "man_report.dcm" in said
    assert "patient's identity" in said
    assert "1 of 1 studies written" in said
    assert len(list(tmp_path.iterdir())) == 4
    assert run(["export", str(finished), "--dicom", "--deidentify", "--out", str(tmp_path / "b")]) == 0
    assert "patient's identity" not in capsys.readouterr().out
    assert all(path.name.startswith("film1_") for path in (tmp_path / "b").iterdir())


def test_wrong_use_is_told(finished, tmp_path, capsys):
    assert run(["export", str(finished), "--out", str(tmp_path)]) == 2
    assert "--dicom" in capsys.readouterr().err
    assert run(["export", str(tmp_path), "--dicom", "--out", str(tmp_path / "o")]) == 2
    assert "neither a case nor a folder" in capsys.readouterr().err


def test_copies_without_identity_and_the_key_apart_from_them(tmp_path, capsys):
    scan = write_nuclear(tmp_path / "doe.dcm", np.ones((2, 64, 32)), name="DOE")
    (tmp_path / "notes.txt").write_text("Doe")
    out, key = tmp_path / "out", tmp_path / "key.csv"
    assert run(["deidentify", str(scan), "--out", str(out), "--key", str(key)]) == 0
    assert [path.name for path in out.iterdir()] == ["0001.dcm"]
    assert b"DOE" not in (out / "0001.dcm").read_bytes()
    assert "doe.dcm,0001.dcm" in key.read_text(encoding="utf-8-sig")
    assert run(["deidentify", str(scan), "--out", str(out)]) == 2
    assert "empty folder" in capsys.readouterr().err
    assert (
        run(["deidentify", str(scan), "--out", str(tmp_path / "b"), "--key", str(tmp_path / "b/k.csv")]) == 2
    )
    assert not (tmp_path / "b" / "k.csv").exists()
    texts = [str(tmp_path / "notes.txt"), str(scan)]
    assert run(["deidentify", *texts, "--out", str(tmp_path / "c")]) == 1
    assert "1 of 2 studies written" in capsys.readouterr().out
