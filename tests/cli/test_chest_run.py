"""The command line is a contract: files, columns and exit codes."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_tbcad.batch.films import RESULT_COLUMNS
from napari_tbcad.cli import main
from napari_tbcad.record import Record, Step
from napari_tbcad.simulate.samples import sample_path

QUICK = ("--segmenter", "otsu", "--classifier", "none", "--set", "features.grid=256")


def rows(path: Path) -> list[dict[str, str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf"), "CSV files are UTF-8 with BOM"
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def films(tmp_path):
    folder = tmp_path / "films"
    for name, where in (("normal_man", "a"), ("effusion", "b")):
        (folder / where).mkdir(parents=True)
        shutil.copy(sample_path(name), folder / where / "film.png")
    return folder


def test_writes_what_the_contract_names(films, tmp_path):
    out = tmp_path / "out"
    assert main(["chest", "run", str(films), "--out", str(out), *QUICK]) == 0
    results = rows(out / "results.csv")
    assert tuple(results[0]) == RESULT_COLUMNS
    assert [row["status"] for row in results] == ["ok", "ok"]
    assert {row["decision"] for row in results} == {"not_decided"}
    features = rows(out / "features.csv")
    assert len(features) == 2
    assert len(features[0]) == 1 + 113
    for name in ("a__film", "b__film"):
        for kind in ("sensitive", "insensitive"):
            mask = iio.imread(out / "masks" / f"{name}_{kind}.png")
            assert mask.dtype == np.uint8
            assert mask.shape == (512, 512)
            assert set(np.unique(mask)) == {0, 1, 2}
            assert (mask == 1).nonzero()[1].mean() < (mask == 2).nonzero()[1].mean(), "1 is the right lung"
        assert iio.imread(out / "overlays" / f"{name}.png").ndim == 3
        record = Record.load(out / "records" / f"{name}.json")
        assert {"polarity", "enhance", "lungs", "sensitive", "features"} <= {step.name for step in record}


def test_masks_given_back_give_the_same_features(films, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    main(["chest", "run", str(films), "--out", str(one), *QUICK])
    main(["chest", "run", str(films), "--out", str(two), *QUICK, "--masks", str(one / "masks")])
    assert rows(one / "features.csv") == rows(two / "features.csv")
    assert {row["segmenter"] for row in rows(two / "results.csv")} == {"given"}
    record = json.loads((two / "records" / "a__film.json").read_text(encoding="utf-8"))
    targets = {entry.get("target") for entry in record["entries"]}
    assert {"sensitive", "insensitive"} <= targets, "a given mask is recorded as a person's"


def test_one_kind_of_mask_replaces_only_that_kind(films, tmp_path):
    given, out = tmp_path / "given", tmp_path / "out"
    given.mkdir()
    mask = np.zeros((512, 512), np.uint8)
    mask[150:350, 120:220], mask[150:350, 300:400] = 1, 2
    iio.imwrite(given / "a__film_sensitive.png", mask)
    assert main(["chest", "run", str(films), "--out", str(out), *QUICK, "--masks", str(given)]) == 0
    assert np.array_equal(iio.imread(out / "masks" / "a__film_sensitive.png"), mask)
    assert not np.array_equal(iio.imread(out / "masks" / "a__film_insensitive.png"), mask)


def bad_mask(kind: str) -> np.ndarray:
    mask = np.zeros((512, 512), np.uint8)
    if kind == "another size":
        return np.ones((100, 90), np.uint8)
    if kind == "one lung":
        mask[150:350, 120:220] = 1
        mask[0, 0] = 0
    if kind == "labels beyond 2":
        mask[150:350, 120:220], mask[150:350, 300:400] = 3, 5
    return mask


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("another size", "100 × 90"),
        ("no lung", "no lung"),
        ("one lung", "left lung is missing"),
        ("labels beyond 2", "labels are 0, 1"),
    ],
)
def test_a_bad_mask_is_an_error_row_and_the_other_film_is_finished(films, tmp_path, kind, says):
    given, out = tmp_path / "given", tmp_path / "out"
    given.mkdir()
    for which in ("sensitive", "insensitive"):
        iio.imwrite(given / f"a__film_{which}.png", bad_mask(kind))
    assert main(["chest", "run", str(films), "--out", str(out), *QUICK, "--masks", str(given)]) == 1
    bad, good = rows(out / "results.csv")
    assert (bad["status"], good["status"]) == ("error", "ok")
    assert says in bad["message"]
    assert "film" in bad["message"]
    assert len(rows(out / "features.csv")) == 1, "a failed film has no numbers"


def test_broken_films_are_error_rows(films, tmp_path):
    (films / "text.png").write_text("not an image")
    (films / "empty.png").write_bytes(b"")
    whole = sample_path("normal_man").read_bytes()
    (films / "cut.png").write_bytes(whole[: len(whole) // 3])
    dicom = sample_path("normal_cr").read_bytes()
    (films / "cut.dcm").write_bytes(dicom[: len(dicom) // 2])
    iio.imwrite(films / "constant.png", np.full((300, 300), 7, np.uint8))
    iio.imwrite(films / "one_pixel.png", np.full((1, 1), 7, np.uint8))
    (films / "notes.txt").write_text("stray")
    out = tmp_path / "out"
    assert main(["chest", "run", str(films), "--out", str(out), *QUICK]) == 1
    results = {Path(row["file"]).name: row for row in rows(out / "results.csv")}
    assert "notes.txt" not in results
    for name in ("text.png", "empty.png", "cut.png", "cut.dcm", "constant.png", "one_pixel.png"):
        assert results[name]["status"] == "error"
        assert name in results[name]["message"]
        assert "unexpected" not in results[name]["message"]
    assert sum(row["status"] == "ok" for row in results.values()) >= 1
    assert not list(out.rglob(".*")), "nothing half-written stays"


def test_a_full_disk_is_an_error_row(films, tmp_path, monkeypatch):
    import napari_tbcad.batch.films as films_module

    real = films_module.write_overlay

    def full(path, analysis):
        if path.name.startswith("a__"):
            raise OSError(28, "No space left on device")
        real(path, analysis)

    monkeypatch.setattr(films_module, "write_overlay", full)
    out = tmp_path / "out"
    assert main(["chest", "run", str(films), "--out", str(out), *QUICK]) == 1
    bad, good = rows(out / "results.csv")
    assert "No space left" in bad["message"]
    assert good["status"] == "ok"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["chest", "run"], "Missing"),
        (["chest", "run", "FILMS"], "Missing"),
        (["chest", "nonsense"], "No such command"),
        (["chest", "run", "FILMS", "--out", "OUT", "--segmenter", "nonsense"], "otsu"),
        (["chest", "run", "FILMS", "--out", "OUT", "--set", "features.grid"], "stage.field=value"),
        (["chest", "run", "FILMS", "--out", "OUT", "--set", "features.grid=-1"], "features.grid"),
        (["chest", "run", "FILMS", "--out", "OUT", "--set", "features.nonsense=1"], "no such setting"),
        (["chest", "run", "FILMS", "--out", "OUT", "--classifier", "nonsense"], "neither a packaged model"),
        (["chest", "run", "EMPTY", "--out", "OUT"], "film"),
    ],
)
def test_wrong_usage_is_exit_code_2(films, tmp_path, capfd, arguments, says):
    (tmp_path / "empty").mkdir()
    places = {"FILMS": str(films), "OUT": str(tmp_path / "out"), "EMPTY": str(tmp_path / "empty")}
    assert main([places.get(word, word) for word in arguments]) == 2
    assert says in capfd.readouterr().err


def test_an_output_that_cannot_be_written_is_said_at_once(films, tmp_path, capfd):
    blocked = tmp_path / "file"
    blocked.write_text("a file where the folder should be")
    assert main(["chest", "run", str(films), "--out", str(blocked), *QUICK]) == 2
    assert capfd.readouterr().err == f"error: file: is a file, not a folder ({blocked})\n"


def test_two_workers_give_the_same_numbers(films, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    main(["chest", "run", str(films), "--out", str(one), *QUICK])
    main(["chest", "run", str(films), "--out", str(two), *QUICK, "--workers", "2"])
    assert rows(one / "features.csv") == rows(two / "features.csv")


def test_a_parameter_file_sets_stages(films, tmp_path):
    file, out = tmp_path / "p.yaml", tmp_path / "out"
    file.write_text("enhance:\n  filter: none\nfeatures:\n  levels: 16\n")
    assert main(["chest", "run", str(films), "--out", str(out), *QUICK, "--params", str(file)]) == 0
    record = Record.load(out / "records" / "a__film.json")
    steps = {step.name: step for step in record if isinstance(step, Step)}
    assert steps["features"].parameters["levels"] == 16
    assert steps["enhance"].parameters["filter"] == "none"


def test_the_packaged_model_answers_and_names_itself(films, tmp_path, capfd):
    out = tmp_path / "out"
    assert main(["chest", "run", str(films), "--out", str(out)]) == 0
    for row in rows(out / "results.csv"):
        assert row["decision"] in ("tb_suspect", "not_suspect")
        assert (float(row["probability"]) >= 0.5) == (row["decision"] == "tb_suspect")
        assert row["classifier"] == "demonstration"
        assert "demonstration model" in row["warnings"]
        assert "outside_lungs" in row["warnings"]
        assert "tell the classes apart" in row["warnings"]
    printed = capfd.readouterr().out
    assert "research use only" in printed.lower()
    assert printed.count("tell the classes apart") == 1, "what holds for every film is said once"


def test_settings_that_do_not_fit_the_model_are_refused_before_the_first_film(films, tmp_path, capfd):
    out = tmp_path / "out"
    assert main(["chest", "run", str(films), "--out", str(out), "--set", "features.grid=512"]) == 2
    assert "grid 256 wanted, 512 given" in capfd.readouterr().err
    assert not (out / "masks").exists()


@pytest.mark.parametrize("harm", ["text", "cut", "changed"])
def test_a_harmed_model_file_is_refused(films, tmp_path, capfd, harm):
    from napari_tbcad.chest.classify.packaged import packaged_models

    whole = packaged_models()["demonstration"].args[0].read_bytes()
    middle = len(whole) // 2
    content = {
        "text": b"not a model",
        "cut": whole[:middle],
        "changed": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
    }
    (tmp_path / "m.skops").write_bytes(content[harm])
    call = [
        "chest",
        "run",
        str(films),
        "--out",
        str(tmp_path / "o"),
        "--classifier",
        str(tmp_path / "m.skops"),
    ]
    assert main(call) == 2
    assert "m.skops" in capfd.readouterr().err


@pytest.mark.parametrize("point", ["0.5", "0.999"])
def test_early_exit_decides_alike_and_measures_less(tmp_path, point):
    """normal_woman with two discs for lungs is stopped by the shape gate at 0.5 and passes it at 0.999."""
    outs = {}
    y, x = np.mgrid[:512, :512] / 512
    discs = np.zeros((512, 512), np.uint8)
    for side, middle in ((1, 0.3), (2, 0.7)):
        discs[((y - 0.35) / 0.18) ** 2 + ((x - middle) / 0.12) ** 2 < 1] = side
    (tmp_path / "masks").mkdir()
    iio.imwrite(tmp_path / "masks" / "normal_woman_sensitive.png", discs)
    given = ["--masks", str(tmp_path / "masks")]
    for name, extra in (("whole", []), ("early", ["--early-exit"])):
        outs[name] = tmp_path / name
        films = [str(sample_path("normal_woman")), str(sample_path("effusion"))]
        call = ["chest", "run", *films, "--out", str(outs[name]), "--operating-point", point, *given, *extra]
        assert main(call) == 0
    stages = []
    for one, two in zip(*(rows(out / "results.csv") for out in outs.values()), strict=True):
        assert one["decision"] == two["decision"] != "not_decided"
        assert one["probability"] == two["probability"]
        assert one["deciding_stage"] == two["deciding_stage"]
        stages.append(one["deciding_stage"])
    assert stages == (["1", "2"] if point == "0.5" else ["2", "2"]), "both branches are reached"
    spared = rows(outs["early"] / "features.csv")[0]["glcm_contrast_0"] == ""
    assert spared == (point == "0.5")


def test_an_enhancement_the_model_does_not_know_is_refused(films, tmp_path, capfd):
    out = str(tmp_path / "out")
    assert main(["chest", "run", str(films), "--out", out, "--set", "enhance.sigma=2"]) == 2
    assert "enhance.sigma 1.1 wanted, 2.0 given" in capfd.readouterr().err


def test_a_folder_of_masks_that_belong_to_nothing_is_refused(films, tmp_path, capfd):
    (tmp_path / "masks").mkdir()
    call = ["chest", "run", str(films), "--out", str(tmp_path / "out"), *QUICK]
    assert main([*call, "--masks", str(tmp_path / "masks")]) == 2
    assert "a__film_sensitive.png" in capfd.readouterr().err


def test_settings_are_listed(capfd):
    assert main(["chest", "settings"]) == 0
    assert "features.levels = 32" in capfd.readouterr().out
