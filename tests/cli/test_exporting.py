"""``napari-tbcad export`` and ``napari-tbcad deidentify``: exit codes, files, what is printed."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from napari_tbcad.cli import exporting
from napari_tbcad.cli.app import run
from napari_tbcad.io.clinic.export import Exported
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


def test_a_run_is_exported_and_what_is_to_be_noted_said(finished, tmp_path, capsys):
    assert run(["export", str(finished), "--dicom", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "man_report.dcm" in said
    assert "patient's identity" not in said, "a picture says nobody's"
    assert "1 of 1 study written, 4 files" in said
    assert said.index("man_report.dcm") < said.index("1 study: The image was no DICOM file")
    assert len(list(tmp_path.iterdir())) == 4
    assert run(["export", str(finished), "--dicom", "--deidentify", "--out", str(tmp_path / "b")]) == 0
    assert "patient's identity" not in capsys.readouterr().out
    assert all(path.name.startswith("film1_") for path in (tmp_path / "b").iterdir())


def test_wrong_use_is_told(finished, tmp_path, capsys):
    assert run(["export", str(finished), "--out", str(tmp_path)]) == 2
    assert "--dicom" in capsys.readouterr().err
    assert run(["export", str(tmp_path), "--dicom", "--out", str(tmp_path / "o")]) == 2
    assert "neither a case nor a folder" in capsys.readouterr().err
    (tmp_path / "results.csv").write_text("a,b\n1,2\n")
    assert run(["export", str(tmp_path), "--dicom", "--out", str(tmp_path / "o")]) == 2
    assert "results.csv there is not of a run" in capsys.readouterr().err
    blocked = tmp_path / "results.csv"
    assert run(["export", str(finished), "--dicom", "--out", str(blocked)]) == 2
    assert capsys.readouterr().err == f"error: results.csv: is a file, not a folder ({blocked})\n"


def test_whose_identity_files_carry_is_said_where_an_image_has_one():
    paths = Path("a_sensitive.dcm"), Path("a_report.dcm")
    assert exporting._carries_identity(Exported("a", paths, ()))
    assert not exporting._carries_identity(Exported("a", (*paths, Path("a_anterior_source.dcm")), ()))


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
    assert "1 of 2 files copied, 1 study;" in capsys.readouterr().out


def test_the_views_of_a_scan_stay_a_pair_and_notes_are_of_all_they_hold_for(tmp_path, capsys):
    given = tmp_path / "in"
    given.mkdir()
    write_nuclear(given / "doe.dcm", np.ones((2, 64, 32)), name="DOE")
    for number, name in enumerate(("102_ant.png", "102_post.png", "7_post.png", "film.png")):
        Image.fromarray(np.full((64, 32), 9 * number, np.uint8)).save(given / name)
    key = tmp_path / "key.csv"
    assert run(["deidentify", str(given), "--out", str(tmp_path / "out"), "--key", str(key)]) == 0
    copies = ["0001_ant.png", "0001_post.png", "0002_post.png", "0003.dcm", "0004.png"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == copies
    said = capsys.readouterr().out.splitlines()
    assert said[5:] == [
        "4 files (0001_ant.png, 0001_post.png, 0002_post.png, 0004.png), each: "
        "text drawn into the picture stays: look at it",
        f"key: {key}",
        f"5 of 5 files copied, 4 studies; in {tmp_path / 'out'}",
    ]
    table = key.read_text(encoding="utf-8-sig")
    assert "102_post.png,0001_post.png" in table
    assert "7_post.png,0002_post.png" in table


def test_two_films_of_one_study_are_one_study(tmp_path, capsys):
    film = pydicom.dcmread(sample_path("normal_cr"))
    for number in (1, 2):
        film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = f"1.2.{number}"
        film.save_as(tmp_path / f"{number}.dcm")
    assert run(["deidentify", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    assert "2 of 2 files copied, 1 study;" in capsys.readouterr().out


def test_one_view_that_cannot_be_copied_does_not_stop_the_other(tmp_path, capsys):
    Image.fromarray(np.zeros((64, 32), np.uint8)).save(tmp_path / "a_post.png")
    (tmp_path / "a_ant.png").write_bytes(b"no picture")
    assert run(["deidentify", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["0001_post.png"]
    assert "1 of 2 files copied, 1 study;" in capsys.readouterr().out


@pytest.fixture
def four(tmp_path):
    """Two files of one patient in a folder each, and two pictures, one of a name that the first has."""
    for number, name in enumerate(("a/x.dcm", "b/x.dcm", "c/00000573_008.png", "c/y.png")):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("dcm"):
            write_nuclear(tmp_path / "in" / name, np.full((2, 64, 32), number + 1), name="DOE")
        else:
            Image.fromarray(np.full((64, 32), 9 * number, np.uint8)).save(tmp_path / "in" / name)
    return tmp_path / "in"


def stopped_after(number, monkeypatch, times=1):
    """Press Ctrl+C once so many copies are there."""
    real, pressed = exporting.names_told, []

    def told(files):
        name_of = real(files)

        def pressing(source):
            pressed.append(source)
            if len(pressed) == number:
                for _ in range(times):
                    os.kill(os.getpid(), signal.SIGINT)
            return name_of(source)

        return pressing

    monkeypatch.setattr(exporting, "names_told", told)


@pytest.mark.parametrize("times", [1, 2])
def test_copying_that_was_stopped_goes_on_with_the_same_key(four, tmp_path, capsys, monkeypatch, times):
    out, key = tmp_path / "out", tmp_path / "key.csv"
    call = ["deidentify", str(four), "--out", str(out), "--key", str(key), "--dates", "shift"]
    stopped_after(1, monkeypatch, times)
    assert run(call) == {1: 1, 2: 130}[times]
    said = capsys.readouterr().err
    assert f"stopped: 1 of 4 files copied, in {out}; key {key}; the same command goes on" in said
    table = key.read_text(encoding="utf-8-sig").splitlines()
    assert table[1:] == [f"{four}/a/x.dcm,0001.dcm"]
    with key.open("a", encoding="utf-8") as file:
        file.write(f"{four}/b/x.dcm,00")  # as a loss of power may leave it
    (out / ".napari-tbcad-01234567.dcm").write_bytes(b"half")
    monkeypatch.undo()
    assert run(["deidentify", str(four), "--out", str(tmp_path / "other"), "--key", str(key)]) == 2
    assert f"is that of the copies in {out}, which were stopped" in capsys.readouterr().err
    first = (out / "0001.dcm").read_bytes()
    assert run(call) == 0
    said = capsys.readouterr().out
    assert f"{four}/b/x.dcm: 0002.dcm" in said, "two files called x.dcm are called by their paths"
    assert "4 of 4 files copied, 1 of them before" in said
    assert (out / "0001.dcm").read_bytes() == first
    names = ["0001.dcm", "0002.dcm", "0003.png", "0004.png"]
    assert sorted(path.name for path in out.iterdir()) == names
    assert [line.split(",")[1] for line in key.read_text(encoding="utf-8-sig").splitlines()[1:]] == names
    one, two = (pydicom.dcmread(out / name) for name in names[:2])
    assert one.PatientID == two.PatientID, "the pseudonym of a patient is one before and after"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "key.csv", "out"], "the secret is gone"


def test_a_key_that_is_whole_is_not_written_over(four, tmp_path, capsys):
    key = tmp_path / "key.csv"
    key.write_text("the identity", encoding="utf-8")
    assert run(["deidentify", str(four), "--out", str(tmp_path / "out"), "--key", str(key)]) == 2
    assert "key.csv: is there already; it is the identity of earlier copies" in capsys.readouterr().err
    assert key.read_text(encoding="utf-8") == "the identity"
    assert not (tmp_path / "out").exists()


def test_copies_stopped_without_a_key_say_what_to_do(four, tmp_path, capsys, monkeypatch):
    stopped_after(2, monkeypatch)
    assert run(["deidentify", str(four), "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert "stopped: 2 of 4 files copied" in said
    assert "delete these copies" in said


def test_the_folder_of_copies_is_empty_and_not_that_of_the_originals(four, tmp_path, capsys):
    pictures, empty = four / "c", tmp_path / "empty"
    shutil.copy(pictures / "y.png", four / "0007.png")
    for paths, out, said in (
        ((pictures,), pictures, "c: is the folder of the originals"),
        ((four,), pictures, "c: is not empty (00000573_008.png, y.png)"),
        ((pictures / "y.png",), four, "in: has de-identified files already"),
        ((four,), pictures / "y.png", "y.png: is a file"),
        ((empty,), tmp_path / "out", "empty: no file in it"),
    ):
        empty.mkdir(exist_ok=True)
        assert run(["deidentify", *map(str, paths), "--out", str(out)]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
