"""One film's exports are those of ``chest run``, and join a folder that has some already."""

from __future__ import annotations

import csv
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from napari_tbcad.batch.films import ChestJob
from napari_tbcad.batch.runs.inputs import chest_inputs
from napari_tbcad.batch.runs.run import run_studies
from napari_tbcad.chest import exports
from napari_tbcad.chest.dicom_findings import findings_of_run
from napari_tbcad.chest.exports import RESULT_COLUMNS, export_case
from napari_tbcad.chest.workflow import analyse, settings_from
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.io.masks import read_mask
from napari_tbcad.io.read import read_film
from napari_tbcad.io.slicer import read_segmentation
from napari_tbcad.run_names import RunNames
from napari_tbcad.simulate.samples import sample_path

QUICK = {"lungs.segmenter": "otsu", "features.grid": 128}


@pytest.fixture(scope="module")
def settings():
    return settings_from(QUICK)


@pytest.fixture(scope="module")
def film_file(tmp_path_factory) -> Path:
    import imageio.v3 as iio

    path = tmp_path_factory.mktemp("films") / "film.png"
    iio.imwrite(path, iio.imread(sample_path("normal_man"))[::4, ::4])
    return path


@pytest.fixture(scope="module")
def analysis(film_file, settings):
    return analyse(read_film(film_file), settings=settings)


def of_another_film(analysis, source="other.png"):
    return replace(analysis, film=replace(analysis.film, source=source))


def corrected_film(file: Path, settings, *, top: int = 20):
    labels = np.zeros(read_film(file).shape, np.uint8)
    labels[top:100, 20:60], labels[top:100, 80:120] = 1, 2
    return analyse(read_film(file), settings=settings, masks={"sensitive": labels, "insensitive": labels})


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_it_is_what_chest_run_writes(analysis, settings, film_file, tmp_path):
    by_hand, by_batch = tmp_path / "hand", tmp_path / "batch"
    (film,) = chest_inputs(film_file)
    run_studies([film], ChestJob(out=by_batch, classifier="none", assignments=QUICK))
    written = export_case(by_hand, film.name, analysis, settings)
    assert {path.relative_to(by_hand) for path in written} == {
        path.relative_to(by_batch) for path in by_batch.rglob("*.*") if path.parent.name != "run"
    }
    for path in written:
        other = by_batch / path.relative_to(by_hand)
        if path.name == "results.csv":
            mine, theirs = rows(path), rows(other)
            assert tuple(mine[0]) == RESULT_COLUMNS
            assert [row | {"seconds": ""} for row in mine] == [row | {"seconds": ""} for row in theirs]
        else:
            assert path.read_bytes() == other.read_bytes(), path.name


def test_a_corrected_film_that_is_exported_into_a_run_s_folder_stays(
    settings, film_file, tmp_path, monkeypatch
):
    monkeypatch.chdir(film_file.parent)
    films, job = chest_inputs(film_file.name), ChestJob(Path("run"), "none", QUICK)
    run_studies(films, job)
    before = rows(Path("run/features.csv"))
    masks = {kind: read_mask(f"run/masks/film_{kind}.png") for kind in ("sensitive", "insensitive")}
    masks["sensitive"][:60] = 0
    corrected = analyse(read_film(film_file), settings=settings, masks=masks)
    export_case(Path("run"), "film", corrected, settings)
    exported = Path("run/masks/film_sensitive.png").read_bytes()
    for _ in range(2):
        summary = run_studies(films, job)
        assert (summary.kept, summary.total) == (1, 1)
        assert Path("run/masks/film_sensitive.png").read_bytes() == exported
        (result,), (features,) = rows(Path("run/results.csv")), rows(Path("run/features.csv"))
        assert result["segmenter"] == "given"
        assert features != before[0]
        wanted = corrected.features.as_dict()
        assert [float(features[name]) for name in wanted] == pytest.approx(list(wanted.values()), rel=1e-8)


@pytest.mark.parametrize("again", ["unfinished", "all", "stopped"])
def test_a_case_that_is_exported_before_the_run_comes_to_its_film_stays(settings, film_file, tmp_path, again):
    for name in "ab":
        shutil.copy(film_file, tmp_path / f"{name}.png")
    second = tmp_path / "b.png"
    corrected = corrected_film(second, settings)
    films = chest_inputs([tmp_path / "a.png", second])
    job = ChestJob(tmp_path / "run", "none", QUICK)
    if again == "all":  # then the film's row is not in the table when it is exported, and its files are there
        run_studies(films, job)
    done = []

    def export(event):
        done.append(event)
        if (event.state, event.number) == ("done", 0) and again != "stopped":
            export_case(tmp_path / "run", "b", corrected, settings)

    if again == "stopped":
        run_studies(films, job, progress=export, cancelled=lambda: len(done) > 1)
        export_case(tmp_path / "run", "b", corrected, settings)
    else:
        assert run_studies(films, job, progress=export, again=again).done == 2
    assert run_studies(films, job).kept == 2
    np.testing.assert_array_equal(
        read_mask(tmp_path / "run" / "masks" / "b_sensitive.png"), corrected.sensitive.labels
    )
    assert [row["segmenter"] for row in rows(tmp_path / "run" / "results.csv")] == ["otsu", "given"]
    wanted = corrected.features.as_dict()
    found = rows(tmp_path / "run" / "features.csv")[1]
    assert [float(found[name]) for name in wanted] == pytest.approx(list(wanted.values()), rel=1e-8)


def test_a_film_that_is_not_what_lies_there_is_not_exported_into_a_run_s_folder(
    settings, film_file, tmp_path
):
    path, run = tmp_path / "a.png", tmp_path / "run"
    shutil.copy(film_file, path)
    run_studies(chest_inputs(path), ChestJob(run, "none", QUICK))
    corrected, before = corrected_film(path, settings), (run / "results.csv").read_bytes()
    own = path.read_bytes()
    Image.fromarray(np.asarray(Image.open(path))[::-1]).save(path)
    another = corrected_film(path, settings)
    with pytest.raises(BadInput, match=r"another film lies there than is shown"):
        export_case(run, "a", corrected, settings)
    with pytest.raises(BadInput, match=r"is another film than run was made from"):
        export_case(run, "a", another, settings)
    path.unlink()
    with pytest.raises(BadInput, match=r"is not there now"):
        export_case(run, "a", corrected, settings)
    assert (run / "results.csv").read_bytes() == before
    path.write_bytes(own)
    export_case(run, "a", corrected, settings)
    assert rows(run / "results.csv")[0]["segmenter"] == "given"


def test_films_of_one_file_name_do_not_take_each_other_s_place_in_a_run_s_folder(
    settings, film_file, tmp_path, monkeypatch
):
    files = [tmp_path / "films" / person / "film.png" for person in ("p1", "p2")]
    for file in files:
        file.parent.mkdir(parents=True)
        shutil.copy(film_file, file)
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "run"
    films, job = chest_inputs("films"), ChestJob(out, "none", QUICK)
    run_studies(films, job)
    for number, file in enumerate(files):
        corrected = corrected_film(file, settings, top=20 + number)
        with pytest.raises(BadInput, match=f"calls this film p{number + 1}__film, not film"):
            export_case(out, "film", corrected, settings)
        with pytest.raises(BadInput, match="calls this film"):
            export_case(out, films[1 - number].name, corrected, settings)
        there = RunNames(out).find([file])
        called = there.files[0].as_posix() if number else None  # the other by the path that it was read by
        export_case(out, there.name, corrected, settings, file=called, masks="both")
    assert not list(out.rglob("film*"))
    assert [row["file"] for row in rows(out / "results.csv")] == [files[0].as_posix(), "films/p2/film.png"]
    for number, found in enumerate(findings_of_run(out)):
        assert found.name == films[number].name
        assert found.masks["sensitive"].labels[20].any() == (number == 0)
    summary = run_studies(films, job)
    assert (summary.kept, summary.total) == (2, 2)
    assert [row["segmenter"] for row in rows(out / "results.csv")] == ["given", "given"]
    assert [read_mask(out / "masks" / f"p{n}__film_sensitive.png")[20].any() for n in (1, 2)] == [True, False]


def test_what_a_kill_left_of_a_film_is_written_over(analysis, settings, film_file, tmp_path):
    films, job = chest_inputs(film_file), ChestJob(tmp_path / "run", "none", QUICK)
    run_studies(films, job)
    for table in ("results", "features"):
        path = tmp_path / "run" / f"{table}.csv"
        path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    export_case(tmp_path / "run", "film", analysis, settings, masks="seg.nrrd")
    assert len(rows(tmp_path / "run" / "results.csv")) == 1
    assert {path.suffix for path in (tmp_path / "run" / "masks").iterdir()} == {".nrrd"}


def test_the_overlay_says_research_use_only_and_the_table_keeps_its_columns(analysis, settings, tmp_path):
    from PIL import Image

    export_case(tmp_path, "film", analysis, settings)
    with Image.open(tmp_path / "overlays" / "film.png") as picture:
        assert "Research use only" in picture.text["Disclaimer"]
    assert tuple(rows(tmp_path / "results.csv")[0]) == RESULT_COLUMNS


def test_a_folder_takes_more_films_and_a_film_again(analysis, settings, tmp_path):
    export_case(tmp_path, "first", of_another_film(analysis, "a, b.png"), settings)
    before = (tmp_path / "results.csv").read_bytes(), (tmp_path / "features.csv").read_bytes()
    export_case(tmp_path, "film", analysis, settings)
    for path, content in zip(("results.csv", "features.csv"), before, strict=True):
        assert (tmp_path / path).read_bytes().startswith(content), "other films' rows stay byte for byte"
    again = replace(analysis, warnings=("Looked at again.",))
    export_case(tmp_path, "film", again, settings)
    results = rows(tmp_path / "results.csv")
    assert [Path(row["file"]).name for row in results] == ["a, b.png", "film.png"]
    assert results[1]["warnings"] == "Looked at again."
    assert [Path(row["file"]).name for row in rows(tmp_path / "features.csv")] == ["a, b.png", "film.png"]
    export_case(tmp_path, "film", analysis, settings, append=False)
    assert len(rows(tmp_path / "results.csv")) == 1


def test_the_film_is_known_by_its_place(analysis, settings, film_file, tmp_path, monkeypatch):
    monkeypatch.chdir(film_file.parent)
    export_case(tmp_path, "film", analysis, settings, file="film.png")
    export_case(tmp_path, "film", analysis, settings, file=film_file.as_posix())
    assert [row["file"] for row in rows(tmp_path / "results.csv")] == [film_file.as_posix()]


def test_masks_for_slicer(analysis, settings, tmp_path):
    export_case(tmp_path, "film", analysis, settings, masks="both")
    for mask in (analysis.sensitive, analysis.insensitive):
        assert (tmp_path / "masks" / f"film_{mask.kind}.png").is_file()
        labels, facts = read_segmentation(tmp_path / "masks" / f"film_{mask.kind}.seg.nrrd")
        np.testing.assert_array_equal(labels, mask.labels)
        assert facts["source"] == "film.png"
    export_case(tmp_path, "film", analysis, settings, masks="seg.nrrd")
    left = sorted(path.name for path in (tmp_path / "masks").iterdir())
    assert left == ["film_insensitive.seg.nrrd", "film_sensitive.seg.nrrd"], "no mask of before stays"


def test_masks_for_slicer_do_not_lie_on_a_film_that_came_to_the_same_path_later(settings, tmp_path):
    path = tmp_path / "film.tif"
    pixels = read_film(sample_path("normal_man")).pixels[::4, ::4].astype(np.uint8)
    for image, dpi in ((pixels, 254), (pixels[::-1], 127)):
        Image.fromarray(image).save(path, dpi=(dpi, dpi))
        if dpi == 254:
            film = read_film(path)
            analysis = analyse(replace(film, spacing_mm=None), settings=settings)
        out = tmp_path / str(dpi)
        export_case(out, "film", analysis, settings, masks="seg.nrrd")
        written = sitk.ReadImage(str(out / "masks" / "film_insensitive.seg.nrrd"))
        # As ITK reads the film's own file; of another's nothing is taken.
        assert written.GetSpacing() == pytest.approx((0.1, 0.1, 1) if dpi == 254 else (1, 1, 1))


def test_a_film_without_a_file_is_named_by_its_layer(settings, tmp_path):
    pixels = np.ascontiguousarray(read_film(sample_path("normal_man")).pixels[::4, ::4])
    analysis = analyse(Radiograph(pixels, source="a layer"), settings=settings)
    export_case(tmp_path, "a layer", analysis, settings, masks="both")
    assert rows(tmp_path / "results.csv")[0]["file"] == "a layer"


def test_another_films_files_are_not_overwritten(analysis, settings, tmp_path):
    export_case(tmp_path, "film", analysis, settings)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    with pytest.raises(BadInput, match="another film named film"):
        export_case(tmp_path, "film", of_another_film(analysis, "elsewhere/film.png"), settings)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


@pytest.mark.parametrize(
    ("table", "content", "says"),
    [
        ("results.csv", "file,decision\nx.png,normal\n", "other columns"),
        ("features.csv", "file,area\nx.png,3\n", "other columns"),
        ("results.csv", "file;status\nx.png;ok;more\n", "other columns"),
        ("features.csv", b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_before_anything_is_written(
    analysis, settings, tmp_path, table, content, says
):
    (tmp_path / table).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadInput, match=says) as error:
        export_case(tmp_path, "film", analysis, settings)
    assert table in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == [table]


def test_a_folder_that_is_gone_or_closed_is_named(analysis, settings, tmp_path):
    with pytest.raises(BadInput, match=r"stick.* gone"):
        export_case(tmp_path / "stick" / "out", "film", analysis, settings)
    assert not (tmp_path / "stick").exists()
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(BadInput, match="file: "):
        export_case(tmp_path / "file", "film", analysis, settings)
    with pytest.raises(BadInput, match="part of a file"):
        export_case(tmp_path / "out", "a/b", analysis, settings)
    if os.geteuid():
        tmp_path.chmod(0o500)
        with pytest.raises(BadInput, match="cannot write"):
            export_case(tmp_path / "out", "film", analysis, settings)
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("step", ["write_overlay", "write_tables"])
def test_a_full_disk_is_said_and_the_tables_stay(analysis, settings, tmp_path, monkeypatch, step):
    export_case(tmp_path, "first", of_another_film(analysis), settings)
    before = (tmp_path / "results.csv").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exports, step, full)
    with pytest.raises(BadInput, match="No space left") as error:
        export_case(tmp_path, "film", analysis, settings)
    assert error.value.source == str(tmp_path)
    assert (tmp_path / "results.csv").read_bytes() == before
    monkeypatch.undo()
    export_case(tmp_path, "film", analysis, settings)
    assert len(rows(tmp_path / "results.csv")) == 2
