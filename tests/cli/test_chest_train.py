"""Training and judging through the command line, on variations of the sample films."""

from __future__ import annotations

import csv
import json
from functools import partial
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.chest.classify.store import read_card
from napari_tbcad.chest.lungs.atlas_library import load_atlas
from napari_tbcad.cli import main
from napari_tbcad.cli.evaluating import _auc
from napari_tbcad.record import Record
from napari_tbcad.simulate import samples
from napari_tbcad.simulate.samples import sample_path

QUICK = ("--segmenter", "otsu", "--set", "features.grid=128")
FEW = (*QUICK, "--quick", "--method", "hierarchical_nb,single_nb", "--bootstrap", "100")
NORMAL, SICK = ("normal_man", "normal_woman"), ("effusion", "upper_lobe_cavity")


@pytest.fixture(scope="module", autouse=True)
def few_inner_folds():
    """Fit on as few inner folds as there can be."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(HierarchicalClassifier.__init__.__kwdefaults__, "n_folds", 2)
        yield


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Eighteen small films, half of them with lesions, and a broken one; a table names them."""
    folder = tmp_path_factory.mktemp("dataset")
    generator = np.random.default_rng(0)
    lines = ["path,label,patient,age,sex"]
    for number in range(18):
        name = (SICK if number % 2 else NORMAL)[number // 2 % 2]
        film = iio.imread(sample_path(name))[::4, ::4].astype(float)
        film = np.roll(film, generator.integers(-3, 4, 2), (0, 1)) + generator.normal(0, 4, film.shape)
        iio.imwrite(folder / f"{number:02d}.png", np.clip(film, 0, 255).astype(np.uint8))
        lines.append(f"{number:02d}.png,{number % 2},p{number},{30 + number},{'MF'[number % 2]}")
    (folder / "broken.png").write_bytes(b"no film")
    lines.append("broken.png,0,p99,40,M")
    (folder / "films.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    return folder / "films.csv"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_evaluate_writes_the_tables_of_the_contract(dataset, monkeypatch, tmp_path, capfd):
    out = tmp_path / "judged"
    assert main(["chest", "evaluate", str(dataset), "--out", str(out), "--folds", "2", *FEW]) == 1
    summary = rows(out / "summary.csv")
    assert [r["method"] for r in summary] == ["hierarchical_nb", "single_nb"]
    for name in ("precision", "recall", "specificity", "f1", "f1_normal", "error_rate", "accuracy", "auc"):
        assert {name, f"{name}_low", f"{name}_high"} <= set(summary[0])
    assert {"fit_seconds", "predict_seconds", "share_stage1"} <= set(summary[0])
    controls = {r["control"] for r in rows(out / "controls.csv")}
    assert {"outside_lungs", "age_sex"} <= controls
    folds = rows(out / "folds.csv")
    assert {"file", "fold", "role"} == set(folds[0])
    assert (out / "report.html").read_text(encoding="utf-8").count("research use") >= 1
    assert "Hanya untuk penelitian" in (out / "report.id.html").read_text(encoding="utf-8")
    assert "128 px" in (out / "report.html").read_text(encoding="utf-8"), "the grid is stated"
    assert "broken.png" in rows(out / "failed.csv")[0]["file"]
    monkeypatch.setattr("napari_tbcad.evaluate.reports.experiment.write_reports", lambda folder: [])
    splits = (out / "folds.csv").rename(tmp_path / "folds.csv")
    assert main(["chest", "evaluate", str(dataset), "--out", str(out), "--splits", str(splits), *FEW]) == 1
    figures = ("method", "auc", "accuracy", "recall")
    assert [[r[f] for f in figures] for r in rows(out / "summary.csv")] == [
        [r[f] for f in figures] for r in summary
    ], "the same splits give the same figures"
    assert "left out: broken.png" in capfd.readouterr().out


@pytest.fixture(scope="module")
def model(dataset):
    """A model that was trained on the films."""
    path = dataset.parent / "own.skops"
    assert main(["chest", "train", str(dataset), "--out", str(path), "--method", "nb", *QUICK]) == 1
    return path


def test_a_trained_model_is_used_as_it_was_trained(dataset, model, tmp_path, capfd):
    out = tmp_path / "out"
    normal = read_card(model).normal
    assert normal.n == 9, "the broken film is not among the normal ones"
    assert len(normal.grey_median) == len(normal.grey_edges) - 1 == 64
    assert 0.5 < sum(normal.grey_median) < 1.5
    assert normal.quantiles["firstorder_mean"][0] < normal.quantiles["firstorder_mean"][-1]
    films = str(dataset.parent / "01.png")
    assert main(["chest", "run", films, "--out", str(out), "--classifier", str(model)]) == 0
    row = rows(out / "results.csv")[0]
    assert (row["classifier"], row["segmenter"], row["grid"]) == ("own", "otsu", "128")
    assert "demonstration" not in row["warnings"]
    assert (
        main(["chest", "run", films, "--out", str(out), "--classifier", str(model), "--segmenter", "atlas"])
        == 0
    )
    assert "learned from masks of otsu" in rows(out / "results.csv")[0]["warnings"]
    refused = ["chest", "run", films, "--out", str(out), "--classifier", str(model)]
    assert main([*refused, "--set", "features.definition=uppuluri"]) == 2
    assert "definition ibsi wanted, uppuluri given" in capfd.readouterr().err


def test_a_given_model_is_judged_as_it_is(dataset, model, monkeypatch, tmp_path):
    monkeypatch.setattr("napari_tbcad.evaluate.reports.experiment.write_reports", lambda folder: [])
    out = tmp_path / "judged"
    call = ["chest", "evaluate", str(dataset), "--out", str(out), "--classifier", str(model)]
    assert main([*call, "--explain", "0", "--bootstrap", "100"]) == 1
    summary = rows(out / "summary.csv")
    assert [r["method"] for r in summary] == ["own"]
    assert float(summary[0]["fit_seconds"]) < 0.1
    predictions = {Path(r["file"]).name: r for r in rows(out / "predictions.csv")}
    assert len(predictions) == 18, "every film is asked about once"
    run_out = tmp_path / "run"
    film = str(dataset.parent / "01.png")
    assert main(["chest", "run", film, "--out", str(run_out), "--classifier", str(model)]) == 0
    said = float(rows(run_out / "results.csv")[0]["probability"])
    assert float(predictions["01.png"]["probability"]) == pytest.approx(said, abs=1e-6)
    assert any(r["control"].startswith("outside_lungs") for r in rows(out / "controls.csv"))
    notes = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))["notes"]
    assert any("own learned from films of films, which are here, too" in note for note in notes)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--folds", "3", "--holdout", "0.2"], "choose one"),
        (["--folds", "40"], "40 folds need"),
        (["--splits", "TABLE"], "fold"),
    ],
)
def test_a_design_that_cannot_be_is_refused(dataset, tmp_path, capfd, arguments, says):
    table = [str(dataset) if word == "TABLE" else word for word in arguments]
    assert main(["chest", "evaluate", str(dataset), "--out", str(tmp_path), *table, *QUICK]) == 2
    assert says in capfd.readouterr().err


def test_a_data_set_that_is_not_there_says_where_to_get_it(tmp_path, capfd):
    assert main(["chest", "train", str(tmp_path / "Shenzhen"), "--out", str(tmp_path / "m.skops")]) == 2
    assert "lhncbc.nlm.nih.gov" in capfd.readouterr().err
    table = tmp_path / "films.csv"
    for name in "abc":
        (tmp_path / f"{name}.png").write_bytes(b"a film that nobody reads")
    table.write_text("path,label\na.png,0\nb.png,0\nc.png,1\n", encoding="utf-8")
    assert main(["chest", "train", str(table), "--out", str(tmp_path / "m.skops"), *QUICK]) == 2
    assert "films.csv: 1 patient with tuberculosis: too few" in capfd.readouterr().err, "before measuring"


def test_an_auc_without_an_interval_is_told_without():
    assert [_auc(0.5, 0.25, 0.75), _auc(0.5, float("nan"), float("nan")), _auc(*[float("nan")] * 3)] == [
        "AUC 0.500 (0.250–0.750)",
        "AUC 0.500",
        "AUC not to be had",
    ]


def test_an_atlas_of_own_films_is_built_and_used(tmp_path, capfd):
    images, masks, out = tmp_path / "images", tmp_path / "masks", tmp_path / "out"
    images.mkdir()
    masks.mkdir()
    for name in ("normal_man", "normal_woman", "effusion"):
        film = sample_path(name)
        iio.imwrite(images / film.name, iio.imread(film)[::2, ::2])
        if name != "effusion":
            truth = film.parents[1] / "masks" / film.name
            iio.imwrite(masks / film.name, iio.imread(truth)[::2, ::2])
    atlas = tmp_path / "own.npz"
    assert main(["chest", "atlas", "build", str(images), str(masks), "--out", str(atlas)]) == 1
    said = capfd.readouterr().out
    assert "left out: effusion" in said
    assert "atlas of 2 films" in said
    call = ["chest", "run", str(images / "effusion.png"), "--out", str(out), "--atlas", str(atlas)]
    assert main([*call, "--classifier", "none", "--set", "features.grid=256"]) == 0
    record = Record.load(out / "records" / "effusion.json")
    (lungs,) = [step for step in record if getattr(step, "name", "") == "lungs"]
    assert lungs.model == f"atlas {load_atlas(atlas).digest}"
    (tmp_path / "broken.npz").write_bytes(atlas.read_bytes()[:2000])
    call[-1] = str(tmp_path / "broken.npz")
    assert main([*call, "--classifier", "none"]) == 2
    assert "broken.npz" in capfd.readouterr().err


def test_simulated_films_can_be_a_data_set(tmp_path, monkeypatch):
    whole = samples.write_simulated_set
    monkeypatch.setattr(samples, "write_simulated_set", partial(whole, size=96))
    out = tmp_path / "simulated"
    assert main(["chest", "simulate", "--number", "2", "--seed", "3", "--out", str(out)]) == 0
    from napari_tbcad.io.datasets import load_dataset

    found = load_dataset(out).labelled()
    assert len(found) == 2
    assert {row.label for row in found.rows} == {0, 1}
