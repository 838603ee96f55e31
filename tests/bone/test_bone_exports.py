"""One scan's exports are those of ``bone run``; the picture shows classes and its terms."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from napari_tbcad.bone.bsi import bone_scan_index
from napari_tbcad.bone.classes import class_images
from napari_tbcad.bone.exports import (
    HOTSPOT_COLUMNS,
    REGION_COLUMNS,
    RESULT_COLUMNS,
    export_case,
    hotspot_rows,
    write_files,
)
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.label_files import find_label_files, read_hotspots, read_regions
from napari_tbcad.bone.measure import measure_hotspots
from napari_tbcad.bone.picture import LETTERS, draw_scan
from napari_tbcad.bone.quality import check_scan
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.workflow import BoneAnalysis, BoneSettings
from napari_tbcad.errors import BadInput
from napari_tbcad.files import write_csv
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.labels import read_labels
from napari_tbcad.record import Record
from napari_tbcad.run_names import RunNames
from napari_tbcad.schemes import HOTSPOT_COLOURS


@pytest.fixture(scope="module")
def analysis(simulated_scan) -> BoneAnalysis:
    made, marks = simulated_scan, []
    for view in VIEWS:
        marks += [Mark(int(n), view, made.label_of(int(n))) for n in np.unique(made.hotspots[view]) if n]
    hotspots, regions = Hotspots(**made.hotspots, marks=tuple(marks)), SkeletonRegions(**made.regions)
    scan = replace(made.scan, source="in/x.dcm")
    return BoneAnalysis(
        scan=scan,
        quality=check_scan(scan),
        regions=regions,
        hotspots=hotspots,
        table=measure_hotspots(hotspots, scan, regions),
        classes=class_images(hotspots, regions, scan),
        index=bone_scan_index(hotspots, regions, scan),
        given=("regions", "hotspots"),
        warnings=("Look.", "Again."),
        record=Record(),
        seconds=0.1,
    )


def test_a_view_mirrored_on_reading_is_written_as_it_lies_in_its_file(analysis, tmp_path):
    scan = replace(analysis.scan, posterior=replace(analysis.scan.posterior, mirrored=True))
    turned = replace(analysis, scan=scan)
    write_files(tmp_path, "x", turned, picture=False)
    for view in VIEWS:
        stored = read_labels(tmp_path / "masks" / f"x_{view}_hotspots.png")
        assert (stored == scan.view(view).stored(analysis.hotspots.labels(view))).all()
        for row in hotspot_rows(turned, file="x"):
            if row["view"] == view:
                found, columns = np.nonzero(stored == row["id"])
                assert (row["left"], row["right"]) == (columns.min(), columns.max() + 1)
                assert (row["row"], row["column"]) == pytest.approx((found.mean(), columns.mean()))
    files = find_label_files(tmp_path / "masks", "x")
    again = read_hotspots(files, scan)
    boxed = read_hotspots(find_label_files(tmp_path / "boxes", "x"), scan)
    before = read_hotspots(find_label_files(tmp_path / "boxes", "x"), analysis.scan)
    for view in VIEWS:
        assert (again.labels(view) == analysis.hotspots.labels(view)).all()
        assert (read_regions(files, scan).labels(view) == analysis.regions.labels(view)).all()
        truth = analysis.hotspots.labels(view) > 0
        shared = np.count_nonzero((boxed.labels(view) > 0) & truth)
        assert shared > 0.5 * truth.sum()
        if view == "posterior":
            assert shared > np.count_nonzero((before.labels(view) > 0) & truth)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_all_files_are_written_with_their_columns(analysis, tmp_path):
    written = export_case(tmp_path, "x", analysis, BoneSettings())
    assert all(path.is_file() for path in written)
    there = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert there == {*written, tmp_path / "exported.jsonl"}
    assert len(written) == 6 + 2 + 2 + 3
    for table, columns in (
        ("results", RESULT_COLUMNS),
        ("regions", REGION_COLUMNS),
        ("hotspots", HOTSPOT_COLUMNS),
    ):
        assert tuple(rows(tmp_path / f"{table}.csv")[0]) == columns
    (result,) = rows(tmp_path / "results.csv")
    assert result["warnings"] == "Look. | Again."
    assert result["segmenter"] == "given"
    assert len(rows(tmp_path / "regions.csv")) == 12
    assert len(rows(tmp_path / "hotspots.csv")) == len(analysis.table)


def test_a_scan_again_takes_the_place_of_its_rows(analysis, tmp_path):
    other = replace(analysis, scan=replace(analysis.scan, source="in/y.dcm"))
    export_case(tmp_path, "x", analysis, BoneSettings())
    export_case(tmp_path, "y", other, BoneSettings())
    none = Hotspots(*(np.zeros_like(analysis.hotspots.labels(v)) for v in VIEWS))
    emptied = replace(
        analysis, hotspots=none, table=measure_hotspots(none, analysis.scan), warnings=("Changed.",)
    )
    export_case(tmp_path, "x", emptied, BoneSettings())
    results = rows(tmp_path / "results.csv")
    assert [row["file"] for row in results] == ["in/x.dcm", "in/y.dcm"]
    assert results[0]["warnings"] == "Changed."
    assert {row["file"] for row in rows(tmp_path / "hotspots.csv")} == {"in/y.dcm"}
    assert [row["file"] for row in rows(tmp_path / "regions.csv")] == ["in/x.dcm"] * 12 + ["in/y.dcm"] * 12
    export_case(tmp_path, "y", other, BoneSettings(), append=False)
    assert len(rows(tmp_path / "results.csv")) == 1


def test_tables_of_the_time_before_uncertainty_go_on(analysis, tmp_path):
    other = replace(analysis, scan=replace(analysis.scan, source="in/y.dcm"))
    export_case(tmp_path, "x", analysis, BoneSettings())
    path = tmp_path / "hotspots.csv"
    columns = [name for name in HOTSPOT_COLUMNS if name != "uncertainty"]
    assert HOTSPOT_COLUMNS.index("uncertainty") == HOTSPOT_COLUMNS.index("probability") + 1
    earlier = [{name: row[name] for name in columns} for row in rows(path)]
    write_csv(path, columns, earlier)
    export_case(tmp_path, "y", other, BoneSettings())
    both = rows(path)
    assert len(both) == 2 * len(earlier)
    assert [{name: row[name] for name in columns} for row in both[: len(earlier)]] == earlier
    assert {row["uncertainty"] for row in both[: len(earlier)]} == {""}


def test_another_scans_files_are_not_overwritten(analysis, tmp_path):
    export_case(tmp_path, "x", analysis, BoneSettings())
    other = replace(analysis, scan=replace(analysis.scan, source="elsewhere/x.dcm"))
    with pytest.raises(BadInput, match="another scan named x"):
        export_case(tmp_path, "x", other, BoneSettings())


def test_scans_of_one_file_name_do_not_take_each_other_s_place_in_a_run_s_folder(
    analysis, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    pairs = [[f"p{n}/b_{view}.png" for view in ("ant", "post")] for n in (1, 2)]
    scans = [
        {"name": f"p{n}__b", "file": pair[0], "files": " | ".join(pair), "status": "ok"}
        for n, pair in enumerate(pairs, 1)
    ]
    for number, file in enumerate(file for pair in pairs for file in pair):
        Path(file).parent.mkdir(exist_ok=True)
        Path(file).write_bytes(bytes([number]))
    (tmp_path / "run").mkdir()
    write_csv(tmp_path / "run" / "inputs.csv", ("name", "file", "files"), scans)
    write_csv(tmp_path / "results.csv", RESULT_COLUMNS, scans)
    for number, pair in enumerate(pairs, 1):
        scan = replace(analysis, scan=replace(analysis.scan, source=pair[0]))
        with pytest.raises(BadInput, match=f"calls this scan p{number}__b, not b"):
            export_case(tmp_path, "b", scan, BoneSettings(), files=pair)
        there = RunNames(tmp_path).find([Path(file).absolute() for file in reversed(pair)])
        files = [path.as_posix() for path in there.files]
        export_case(tmp_path, there.name, scan, BoneSettings(), file=files[0], files=files)
    assert [row["files"] for row in rows(tmp_path / "results.csv")] == [" | ".join(pair) for pair in pairs]
    assert sorted(path.stem for path in (tmp_path / "records").iterdir()) == ["p1__b", "p2__b"]
    with pytest.raises(BadInput, match=r"put these files together otherwise \(p1__b\)"):
        export_case(tmp_path, "b_ant", analysis, BoneSettings(), file=pairs[0][0])


@pytest.mark.parametrize(("name", "says"), [("a/b", "file's name"), ("", "file's name")])
def test_a_name_that_is_none_is_refused(analysis, tmp_path, name, says):
    with pytest.raises(BadInput, match=says):
        export_case(tmp_path, name, analysis, BoneSettings())
    assert not any(tmp_path.iterdir())


def test_the_picture_is_signed_and_shows_every_class_in_its_colour(analysis, tmp_path):
    export_case(tmp_path, "x", analysis, BoneSettings())
    with Image.open(tmp_path / "overlays" / "x.png") as picture:
        assert "Research use only" in picture.text["Disclaimer"]
        assert picture.height >= 1024
    drawn = np.unique(draw_scan(analysis).astype(int) @ (65536, 256, 1))
    for label in {mark.label for mark in analysis.hotspots.marks}:
        assert int(HOTSPOT_COLOURS[label][1:], 16) in drawn, label


def test_hotspots_of_the_tables_are_found_in_the_picture_by_their_id(analysis, monkeypatch):
    written, write = [], ImageDraw.ImageDraw.text
    monkeypatch.setattr(
        ImageDraw.ImageDraw,
        "text",
        lambda drawing, place, text, *rest, **more: (
            written.append((text, place)),
            write(drawing, place, text, *rest, **more),
        ),
    )
    draw_scan(analysis)
    marks = {f"{LETTERS[mark.label]}{mark.id}" for mark in analysis.hotspots.marks}
    places = [place for text, place in written if text in marks]
    assert {text for text, _ in written} >= marks
    assert len(set(places)) == len(marks), "one lies on another"


def test_one_view_alone_is_a_picture_too(analysis):
    alone = replace(analysis, scan=replace(analysis.scan, anterior=None))
    assert draw_scan(alone).shape[1] < draw_scan(analysis).shape[1]
