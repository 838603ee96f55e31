"""Whose NAME it is in a folder of results: by the run's own list, else by rows and records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.files import write_csv
from napari_tbcad.run_names import RunNames, files_of, fits, require_own_name

FILMS = {"p1__film": "films/p1/film.dcm", "p2__film": "films/p2/film.dcm", "film": "film.dcm"}


def a_run(
    place: Path, studies: dict[str, str | tuple[str, str]], *, records: tuple[str, ...] | None = None
) -> Path:
    """Write what a run started in `place` leaves: its list, table and records; records alone without one."""
    out = place / "run"
    (out / "records").mkdir(parents=True)
    for name in studies if records is None else records:
        (out / "records" / f"{name}.json").write_text("[]")
    paths = {name: (path,) if isinstance(path, str) else path for name, path in studies.items()}
    lines = [
        {"name": name, "file": some[0], "files": " | ".join(some), "status": "ok"}
        for name, some in paths.items()
    ]
    write_csv(out / "results.csv", ("file", "files", "status"), lines)
    if records is None:
        (out / "run").mkdir()
        (out / "run" / "run.json").write_text(json.dumps({"started_in": str(place)}))
        write_csv(out / "run" / "inputs.csv", ("name", "file", "files"), lines)
    return out


def require(out: Path, name: str, file: str, files: str = "", *, known=True, taken=True) -> None:
    row = {"file": file, "files": files or file}
    rows = [{"file": FILMS[one]} for one in FILMS if Path(FILMS[one]) != Path(file)]
    require_own_name(out, name, row, [*rows, row], known=known, taken=taken, thing="film")


@pytest.mark.parametrize("elsewhere", [False, True])
def test_films_of_one_file_name_are_called_as_the_run_called_them(tmp_path, monkeypatch, elsewhere):
    out = a_run(tmp_path, FILMS)
    monkeypatch.chdir(out if elsewhere else tmp_path)
    names = RunNames(out)
    (tmp_path / "way").symlink_to(tmp_path / "films")
    (tmp_path / "films" / "p1").mkdir(parents=True)
    (tmp_path / "films" / "p1" / "film.dcm").touch()
    (tmp_path / "link.dcm").symlink_to(tmp_path / "films" / "p1" / "film.dcm")
    home = tmp_path if elsewhere else Path()
    for name, file in FILMS.items():
        assert names.find([tmp_path / file]) == (name, (home / file,))
    assert names.find([tmp_path / "way" / "p2" / "film.dcm"]) == ("p2__film", (home / FILMS["p2__film"],))
    assert names.find([tmp_path / "link.dcm"]) == ("p1__film", (home / FILMS["p1__film"],))
    assert names.find([tmp_path / "p3" / "film.dcm"]) is None


def test_of_a_scan_of_two_files_both_count(tmp_path):
    out = a_run(tmp_path, {"p1__b": ("p1/b_ant.png", "p1/b_post.png"), "a | b": "a | b.png"})
    names = RunNames(out)
    ant, post = (tmp_path / "p1" / f"b_{view}.png" for view in ("ant", "post"))
    assert names.find([post, ant]) == ("p1__b", (ant, post)), "in the order in which the run has them"
    assert names.find([ant]) is None
    assert names.find([tmp_path / "a | b.png"]).name == "a | b"
    rows = [{"file": str(ant), "files": f"{ant} | {post}"}, {"file": "a | b.png", "files": "a | b.png"}]
    assert [files_of(row) for row in rows] == [[str(ant), str(post)], ["a | b.png"]]
    assert names.of_rows(rows) == {str(ant): "p1__b", "a | b.png": "a | b"}
    with pytest.raises(BadInput, match="put these files together otherwise"):
        require(out, "b_ant", str(ant))
    require(out, "p1__b", str(post), f"{post} | {ant}")


def test_rows_are_known_one_by_one_whatever_their_paths_are(tmp_path, monkeypatch):
    out = a_run(tmp_path, FILMS)
    monkeypatch.chdir(out)
    (out / "records" / "other.json").write_text("[]")
    files = [FILMS["p1__film"], str(tmp_path / FILMS["p2__film"]), "film.dcm", "/elsewhere/other.dcm"]
    found = RunNames(out).of_rows([{"file": file} for file in [*files, "/elsewhere/film.dcm"]])
    assert found == dict(zip(files, [*FILMS, "other"], strict=True))


def test_two_rows_of_one_study_are_nobody_s(tmp_path):
    names = RunNames(a_run(tmp_path, FILMS))
    assert names.of_rows([{"file": file} for file in ("film.dcm", str(tmp_path / "film.dcm"))]) == {}


def test_without_a_list_a_record_is_of_the_row_whose_path_ends_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = a_run(tmp_path, FILMS, records=tuple(FILMS))
    assert RunNames(out).of_rows([{"file": file} for file in FILMS.values()]) == {
        file: name for name, file in FILMS.items()
    }
    assert RunNames(out).find([tmp_path / "films" / "p1" / "film.dcm"]).name == "p1__film"
    assert RunNames(out).find(["other.dcm"]) is None
    (out / "records" / "p1__film.json").unlink()
    (out / "records" / "p2__film.json").unlink()
    assert RunNames(out).of_rows([{"file": file} for file in FILMS.values()]) == {}


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize(
    ("name", "file", "says"),
    [
        ("film", "films/p1/film.dcm", "this film (as )?p1__film, not (as )?film"),
        ("film", "elsewhere/film.dcm", "another film (named )?film; choose another folder"),
        ("p1__film", "films/p2/film.dcm", "this film (as )?p2__film, not (as )?p1__film"),
    ],
)
def test_a_name_that_is_another_s_is_refused(tmp_path, monkeypatch, listed, name, file, says):
    monkeypatch.chdir(tmp_path)
    out = a_run(tmp_path, FILMS, records=None if listed else tuple(FILMS))
    with pytest.raises(BadInput, match=says):
        require(out, name, file, known=file in FILMS.values())
    for own, path in FILMS.items():
        require(out, own, path)
    require(out, "free", "elsewhere/free.dcm", known=False, taken=False)


def test_files_that_may_be_of_anybody_are_not_overwritten(tmp_path, monkeypatch):
    """As of inputs that an earlier run in the same folder had: their files stay, their rows do not."""
    monkeypatch.chdir(tmp_path)
    out = a_run(tmp_path, FILMS)
    (out / "records" / "p3__other.json").write_text("[]")
    with pytest.raises(BadInput, match="files named p3__other, which may be of this film"):
        require(out, "other", "films/p3/other.dcm", known=False, taken=False)
    with pytest.raises(BadInput, match="nothing in it says which film its files named p3__other are of"):
        require(out, "p3__other", "films/p3/other.dcm", known=False)
    require(out, "p3__other", "films/p3/other.dcm")


def test_what_cannot_be_read_is_told_and_names_of_any_kind_do_no_harm(tmp_path):
    out = a_run(tmp_path, {"a": "a.png", "é_": "\udce9.png"})
    assert RunNames(out).find([tmp_path / "\udce9.png"]).name == "é_"
    assert RunNames(out).find(["a\0b.png", "x" * 5000]) is None
    (out / "results.csv").write_bytes(b"\xff\xfe")
    assert RunNames(out).find(["other.png"]) is None
    for content in (b"\xff\xfe", b"name,path\na,a.png\n"):
        (out / "run" / "inputs.csv").write_bytes(content)
        with pytest.raises(BadInput, match=r"inputs\.csv.* cannot be read"):
            RunNames(out)
    assert RunNames(tmp_path / "not there").find(["a.png"]) is None


def test_a_name_fits_the_end_of_a_path():
    path = Path("/data/p1/1.2.840.dcm")
    for name in ("1.2.840", "p1__1.2.840", "data__p1__1.2.840.dcm", "1.2.840~2"):
        assert fits(path, name)
    assert not fits(path, "1__1.2.840")
    assert not fits(Path("/"), "a")
