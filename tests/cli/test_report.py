"""``napari-tbcad report``: exit codes and files."""

from __future__ import annotations

from napari_tbcad.cli.app import run


def test_report_writes_both_languages_of_a_folder(tmp_path, capsys):
    (tmp_path / "results.csv").write_text(
        "file,status,message,decision\na.png,ok,,not_decided\n", encoding="utf-8-sig"
    )
    out = tmp_path / "pages" / "report.html"
    assert run(["report", str(tmp_path), "--out", str(out), "--language", "both"]) == 0
    assert "Chest films" in out.read_text(encoding="utf-8")
    assert "Foto toraks" in (out.parent / "report.id.html").read_text(encoding="utf-8")
    assert str(out) in capsys.readouterr().out


def test_report_refuses_what_it_does_not_know(tmp_path, capsys):
    assert run(["report", str(tmp_path), "--out", str(tmp_path / "x.html")]) == 2
    assert "expected a case" in capsys.readouterr().err
    assert not (tmp_path / "x.html").exists()
    assert run(["report", str(tmp_path), "--out", str(tmp_path / "x.html"), "--language", "fr"]) == 2
