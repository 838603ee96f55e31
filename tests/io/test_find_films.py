from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_tbcad.errors import BadInput
from napari_tbcad.io.read import find_films, find_in, read_film


def film(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.eye(4, dtype=np.uint8)).save(path)
    return path


def names(*paths: Path) -> list[str]:
    return [found.name for found in find_films(paths)]


def test_names_are_relative_paths_without_extension(tmp_path):
    film(tmp_path / "b.png")
    film(tmp_path / "ward" / "day 1" / "a.v2.jpg")
    assert names(tmp_path) == ["b", "ward__day 1__a.v2"]
    assert names(tmp_path / "b.png") == ["b"]


def test_one_name_in_different_folders_stays_apart(tmp_path):
    film(tmp_path / "one" / "a.png")
    film(tmp_path / "two" / "a.png")
    assert names(tmp_path) == ["one__a", "two__a"]
    assert names(tmp_path / "one", tmp_path / "two") == ["one__a.png", "two__a.png"]
    assert names(tmp_path / "one" / "a.png", tmp_path / "two" / "a.png") == ["one__a.png", "two__a.png"]


def test_names_that_collide_keep_their_extension(tmp_path):
    for name in ("a.png", "a.jpg", "b.png"):
        film(tmp_path / name)
    assert names(tmp_path) == ["a.jpg", "a.png", "b"]


def test_names_are_unique_also_where_case_does_not_count(tmp_path):
    for name in ("x/a.png", "x__a.png", "x__A.png", "x/a.PNG"):
        film(tmp_path / name)
    found = names(tmp_path)
    assert len({name.casefold() for name in found}) == len(found) == 4


def test_names_do_not_depend_on_the_order_of_the_paths(tmp_path):
    paths = [film(tmp_path / p / "x" / "a.png").parent for p in ("one", "two", "three")]
    forward = {f.path: f.name for f in find_films(paths)}
    backward = {f.path: f.name for f in find_films(paths[::-1])}
    assert forward == backward
    assert len(set(forward.values())) == 3


def test_stray_files_are_passed_over_and_listed(tmp_path):
    film(tmp_path / "a.png")
    film(tmp_path / ".hidden.png")
    film(tmp_path / "masks" / "a.png")
    film(tmp_path / ".cache" / "b.png")
    for name in ("labels.csv", "notes.txt", "Thumbs.db", "._a.png"):
        (tmp_path / name).write_text("stray")
    found = find_in(tmp_path)
    assert [f.name for f in found.films] == ["a"]
    assert {p.name for p in found.skipped} == {
        ".hidden.png",
        "masks",
        ".cache",
        "labels.csv",
        "notes.txt",
        "Thumbs.db",
        "._a.png",
    }


def test_outputs_of_an_earlier_run_are_not_films(tmp_path):
    film(tmp_path / "a.png")
    film(tmp_path / "out" / "overlays" / "a.png")
    (tmp_path / "out" / "records").mkdir()
    (tmp_path / "out" / "results.csv").write_text("file")
    assert names(tmp_path) == ["a"]


def test_results_written_among_the_films_are_not_films(tmp_path):
    film(tmp_path / "a.png")
    film(tmp_path / "overlays" / "old.png")
    assert names(tmp_path) == ["a", "overlays__old"]
    (tmp_path / "records").mkdir()
    (tmp_path / "results.csv").write_text("file")
    assert names(tmp_path) == ["a"]


def test_broken_film_is_listed_so_that_it_gets_its_row(tmp_path):
    film(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"")
    found = find_films(tmp_path)
    assert [f.name for f in found] == ["a", "b"]
    with pytest.raises(BadInput):
        read_film(found[1].path)


def test_given_files_are_listed_whatever_they_are(tmp_path):
    assert names(tmp_path / "absent.png", film(tmp_path / "a.png")) == ["absent", "a"]


def test_empty_folder_alone_is_refused_and_beside_others_gets_a_row(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="no film found"):
        find_films(tmp_path / "empty")
    film(tmp_path / "full" / "a.png")
    found = find_films([tmp_path / "empty", tmp_path / "full"])
    assert [f.name for f in found] == ["empty", "a"]
    with pytest.raises(BadInput, match="no film was found"):
        read_film(found[0].path)


def test_file_given_twice_is_listed_once(tmp_path):
    path = film(tmp_path / "a.png")
    assert names(tmp_path, path) == ["a"]


def test_nothing_given_is_refused():
    with pytest.raises(BadInput, match="no film was given"):
        find_films([])


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "count"), [("jsrt/images", 200), ("tb_multisource/images", 1660), ("dicom_cr", 1)]
)
def test_shared_sets_are_found_whole(shared_data, folder, count):
    found = find_films(shared_data / "chest" / folder)
    assert len(found) == len({f.name for f in found}) == count
