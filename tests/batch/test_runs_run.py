"""A run is broken off, repeated and disturbed in every way; its tables end as those of one that was not."""

from __future__ import annotations

import contextlib
import csv
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_tbcad.batch.made_from import journaled, require_same_image
from napari_tbcad.batch.pool import Died
from napari_tbcad.batch.rows import Row
from napari_tbcad.batch.runs import folder, under_way
from napari_tbcad.batch.runs.inputs import Study
from napari_tbcad.batch.runs.job import Handed, StudyDone, Table, do_study, require_not_exported, state_of
from napari_tbcad.batch.runs.run import RunSummary, StudyEvent, run_studies
from napari_tbcad.batch.runs.store import RunStore
from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.files import UNFINISHED, plain, written_whole
from napari_tbcad.journal import read_journal
from napari_tbcad.result_tables import tables_held
from napari_tbcad.run_images import note_exported

UNLOADABLE = 13
COLUMNS = ("file", "status", "message", "value", "share", "seconds")


@dataclass(frozen=True)
class MadeJob:
    """Adds up the bytes of a file; one that begins with ``bad`` fails."""

    out: Path
    factor: int = 1
    masks: Path | None = None

    kind: ClassVar[str] = "made"
    tables: ClassVar = (Table("results", COLUMNS), Table("features", ("file",), grows=True))
    worked: ClassVar[list[str]] = []

    def absolute(self) -> MadeJob:
        return self

    def require(self, studies: Sequence[Study]) -> None:
        if self.factor < 0:
            raise BadInput("factor", "below 0")

    def load(self, *, try_out: bool = False) -> None:
        if self.factor == UNLOADABLE:
            raise ModelRefused("factor", "cannot be loaded")

    def settings(self) -> dict[str, int]:
        return {"factor": self.factor}

    def given(self, name: str) -> list[Path]:
        path = None if self.masks is None else self.masks / f"{name}.png"
        return [path] if path is not None and path.is_file() else []

    def work(self, study: Study) -> tuple[Row, list[Path]]:
        self.worked.append(study.name)
        content = study.path.read_bytes()
        if content.startswith(b"bad"):
            raise BadInput(study.path, "it is bad")
        value = self.factor * sum(content) + sum(path.stat().st_size for path in self.given(study.name))
        path = self.out / "masks" / f"{study.name}.txt"
        with written_whole(path) as temporary:
            temporary.write_text(str(value))
        result = {"file": str(study.path), "status": "ok", "message": "", "value": value, "share": value / 3}
        features = {"file": str(study.path), "size": len(content)}
        if content.startswith(b"more"):
            features["more"] = float("nan")
        return Row(result, {"features": [features]}), [path]


@pytest.fixture
def films(tmp_path) -> list[Study]:
    return made_films(tmp_path / "films")


def made_films(where: Path, number: int = 6) -> list[Study]:
    where.mkdir()
    studies = []
    for place in range(number):
        path = where / f"f{place}.png"
        path.write_bytes(b"more" if place == 4 else f"content {place}".encode())
        studies.append(Study(f"f{place}", (path,)))
    MadeJob.worked.clear()
    return studies


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def without_times(out: Path) -> list[list[dict[str, str]]]:
    tables = [rows(out / "results.csv"), rows(out / "features.csv")]
    return [[{k: v for k, v in row.items() if k != "seconds"} for row in table] for table in tables]


def counts(summary: RunSummary) -> tuple[int, int, int, int]:
    return summary.done, summary.failed, summary.kept, summary.left


class Stop:
    """Is true after some studies."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self) -> bool:
        return self.left <= 0

    def heard(self, event: StudyEvent) -> None:
        self.left -= event.state in ("done", "failed")


def test_what_is_finished_is_kept_and_told(films, tmp_path):
    out, told = tmp_path / "out", []
    first = run_studies(films, MadeJob(out), progress=told.append)
    assert counts(first) == (6, 0, 0, 0)
    assert first.complete
    assert [(e.number, e.state) for e in told[:2]] == [(0, "working"), (0, "done")]
    before = without_times(out)
    told.clear()
    again = run_studies(films, MadeJob(out), progress=told.append)
    assert counts(again) == (0, 0, 6, 0)
    assert len(MadeJob.worked) == 6
    assert [event.state for event in told] == ["kept"] * 6
    assert told[0].row.result["value"] == sum(b"content 0"), "a kept row has its values, numbers as numbers"
    assert without_times(out) == before
    assert before[1][4]["more"] == "", "not a number is an empty cell"


def test_only_what_changed_is_done_again(films, tmp_path):
    out, said = tmp_path / "out", []
    run_studies(films, MadeJob(out))
    MadeJob.worked.clear()
    films[0].path.write_bytes(b"other content")
    films[1].path.touch()
    (out / "masks" / "f2.txt").unlink()
    (out / "masks" / "f3.txt").write_bytes(bytes(3))
    (out / "masks" / "f4.txt").write_text("by hand")
    (out / "masks" / "f5.txt").write_text((out / "masks" / "f5.txt").read_text())
    assert counts(run_studies(films, MadeJob(out), say=said.append)) == (3, 0, 3, 0)
    assert MadeJob.worked == ["f0", "f2", "f3"]
    assert said == [
        "1 result there made from other files or masks: done again",
        "2 results there (f2, f3) whose files are gone or damaged: done again",
        "1 result there (f4) whose files were changed since: kept (--masks uses changed masks)",
    ]
    assert (out / "masks" / "f4.txt").read_text() == "by hand", "a person's work is never overwritten unasked"
    assert [row["file"] for row in rows(out / "results.csv")] == [str(film.path) for film in films]
    said.clear()
    run_studies(films[:2], MadeJob(out), say=said.append)
    assert said == ["4 results of other inputs stay in the journal, not in the tables"]
    assert len(rows(out / "results.csv")) == 2


def test_a_masks_content_counts(films, tmp_path):
    out, masks = tmp_path / "out", tmp_path / "given"
    masks.mkdir()
    run_studies(films, MadeJob(out, masks=masks))
    (masks / "f1.png").write_bytes(b"123")
    MadeJob.worked.clear()
    run_studies(films, MadeJob(out, masks=masks))
    (masks / "f1.png").write_bytes(b"124")
    run_studies(films, MadeJob(out, masks=masks))
    assert MadeJob.worked == ["f1", "f1"]


def test_other_settings_are_never_mixed(films, tmp_path):
    out, said, stop = tmp_path / "out", [], Stop(2)
    run_studies(films, MadeJob(out))
    summary = run_studies(films, MadeJob(out, factor=2), say=said.append, progress=stop.heard, cancelled=stop)
    assert counts(summary) == (2, 0, 0, 4)
    assert said == ["6 results there made with other settings, models or version: done again"]
    assert [row["value"] for row in rows(out / "results.csv")] == [
        str(2 * sum(f"content {n}".encode())) for n in (0, 1)
    ]
    run_studies(films, MadeJob(out, factor=2))
    assert len(rows(out / "results.csv")) == 6


def test_failed_studies_are_tried_again(films, tmp_path):
    out = tmp_path / "out"
    for number in (1, 3):
        films[number].path.write_bytes(b"bad")
    films[5] = Study("f5", (tmp_path / "gone.png",), fault="no such file")
    summary = run_studies(films, MadeJob(out))
    assert counts(summary) == (3, 3, 0, 0)
    assert not summary.complete
    messages = [row["message"] for row in rows(out / "results.csv")]
    assert messages[1::2] == ["f1.png: it is bad", "f3.png: it is bad", "gone.png: no such file"]
    assert "f5" not in MadeJob.worked
    films[3].path.write_bytes(b"mended")
    MadeJob.worked.clear()
    assert counts(run_studies(films, MadeJob(out), again="failed")) == (1, 2, 3, 0)
    assert MadeJob.worked == ["f1", "f3"]
    assert [row["status"] for row in rows(out / "results.csv")] == ["ok", "error", "ok", "ok", "ok", "error"]


def test_only_the_failed_leaves_what_was_never_tried(films, tmp_path):
    out, stop = tmp_path / "out", Stop(2)
    films[0].path.write_bytes(b"bad")
    run_studies(films, MadeJob(out), progress=stop.heard, cancelled=stop)
    assert counts(run_studies(films, MadeJob(out), again="failed")) == (0, 1, 1, 4)
    assert counts(run_studies(films, MadeJob(out), again="all")) == (5, 1, 0, 0)


def test_an_error_of_before_stays_when_it_was_not_tried_again(films, tmp_path):
    out, stop = tmp_path / "out", Stop(1)
    films[3].path.write_bytes(b"bad")
    films[0].path.write_bytes(b"bad")
    run_studies(films, MadeJob(out))
    summary = run_studies(films, MadeJob(out), progress=stop.heard, cancelled=stop)
    assert counts(summary) == (0, 1, 4, 1)
    assert [row["status"] for row in rows(out / "results.csv")] == ["error", "ok", "ok", "error", "ok", "ok"]


def test_rows_are_in_the_tables_as_they_come(films, tmp_path):
    out, seen = tmp_path / "out", []

    def look(event: StudyEvent) -> None:
        if event.state == "done":
            seen.append((len(rows(out / "results.csv")), len(rows(out / "features.csv"))))

    run_studies(films, MadeJob(out), progress=look)
    assert seen == [(n, n) for n in range(1, 7)]


def test_studies_that_come_out_of_order_end_in_order(films, tmp_path, monkeypatch):
    def backwards(function, items, **options):
        for number, item in reversed(list(enumerate(items))):
            yield number, function(item)

    monkeypatch.setattr(under_way, "each_as_done", as_generator(backwards))
    run_studies(films, MadeJob(tmp_path / "out"))
    assert [row["file"] for row in rows(tmp_path / "out" / "features.csv")] == [str(f.path) for f in films]


def as_generator(function):
    return lambda *given, **options: function(*given, **options)


def test_a_study_that_takes_its_process_with_it_is_an_error_row(films, tmp_path, monkeypatch):
    def dying(function, items, **options):
        for number, item in enumerate(items):
            yield number, Died("its process was killed") if number == 2 else function(item)

    monkeypatch.setattr(under_way, "each_as_done", as_generator(dying))
    out = tmp_path / "out"
    assert counts(run_studies(films, MadeJob(out))) == (5, 1, 0, 0)
    row = rows(out / "results.csv")[2]
    assert (row["status"], row["message"]) == ("error", "f2.png: its process was killed")
    monkeypatch.undo()
    assert counts(run_studies(films, MadeJob(out))) == (1, 0, 5, 0)


def test_care_is_taken_after_a_run_that_was_broken_off(films, tmp_path, monkeypatch):
    asked = []

    def broken(function, items, **options):
        asked.append(options["isolated"])
        yield from ()
        raise KeyboardInterrupt

    monkeypatch.setattr(under_way, "each_as_done", as_generator(broken))
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run_studies(films, MadeJob(tmp_path / "out"))
    assert asked == [False, True]


def test_an_error_of_the_pool_keeps_what_is_done(films, tmp_path, monkeypatch):
    def lost(function, items, **options):
        for number, item in enumerate(items):
            if number == 3:
                raise BadInput("--scheduler", "the connection was lost")
            yield number, function(item)

    monkeypatch.setattr(under_way, "each_as_done", as_generator(lost))
    out = tmp_path / "out"
    with pytest.raises(BadInput, match="lost"):
        run_studies(films, MadeJob(out))
    assert len(rows(out / "results.csv")) == 3
    monkeypatch.undo()
    assert counts(run_studies(films, MadeJob(out))) == (3, 0, 3, 0)


def test_a_file_that_a_cluster_does_not_see_is_told_apart_from_one_that_is_gone(films, tmp_path, monkeypatch):
    def elsewhere(function, items, **options):
        for number, item in enumerate(items):
            missing = number == 0 and isinstance(item, Study)
            there = replace(item, fault="no such file") if missing else item
            yield number, function(there)

    monkeypatch.setattr(under_way, "each_as_done", as_generator(elsewhere))
    films[1].path.unlink()
    films[1] = replace(films[1], fault="no such file")
    run_studies(films, MadeJob(tmp_path / "out"), scheduler="tcp://there:8786")
    unseen, gone, *_ = (row["message"] for row in rows(tmp_path / "out" / "results.csv"))
    assert unseen == "f0.png: no such file on the cluster's worker: it must see the same folders"
    assert gone == "f1.png: no such file"


def test_a_first_run_whose_models_are_refused_leaves_no_run(films, tmp_path):
    with pytest.raises(ModelRefused):
        run_studies(films, MadeJob(tmp_path / "out", UNLOADABLE))
    assert not (tmp_path / "out" / "run" / "run.json").exists()


def test_a_run_says_where_it_was_started_so_that_an_export_is_found_from_elsewhere(tmp_path, monkeypatch):
    made_films(tmp_path / "films", 2)
    relative = [Study(f"f{place}", (Path("films", f"f{place}.png"),)) for place in range(2)]
    out = tmp_path / "out"
    monkeypatch.chdir(tmp_path)
    run_studies(relative, MadeJob(out))
    assert json.loads((out / "run" / "run.json").read_text())["started_in"] == str(tmp_path)
    export(out, relative[0], "77")
    monkeypatch.chdir(out)
    again = [replace(one, paths=(tmp_path / one.path,)) for one in relative]
    assert counts(run_studies(again, MadeJob(out))) == (0, 0, 2, 0)
    assert rows(out / "results.csv")[0]["value"] == "77"
    assert json.loads((out / "run" / "run.json").read_text())["started_in"] == str(out)


def test_one_run_at_a_time_in_a_folder(films, tmp_path):
    out = tmp_path / "out"
    with folder.claimed(out), pytest.raises(BadInput, match="another run is writing there"):
        run_studies(films, MadeJob(out))
    assert run_studies(films, MadeJob(out)).complete


def test_a_folder_of_another_kind_and_a_job_that_cannot_be_done_are_refused(films, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(BadInput, match="below 0"):
        run_studies(films, MadeJob(out, factor=-1))
    run_studies(films, MadeJob(out))
    about = out / "run" / "run.json"
    content = json.loads(about.read_text(encoding="utf-8"))
    assert content["ended"]
    assert (content["done"], content["inputs"]) == (6, 6)
    about.write_text(json.dumps({**content, "kind": "other"}))
    with pytest.raises(BadInput, match="results of `other run`"):
        run_studies(films, MadeJob(out))


@pytest.mark.parametrize("workers", [1, 2])
def test_models_that_cannot_be_loaded_are_said_before_any_study_and_cost_no_table(films, tmp_path, workers):
    out, told = tmp_path / "out", []
    run_studies(films, MadeJob(out))
    before = (out / "results.csv").read_bytes()
    about, inputs = ((out / "run" / name).read_bytes() for name in ("run.json", "inputs.csv"))
    with pytest.raises(ModelRefused, match="cannot be loaded"):
        run_studies(films[:3], MadeJob(out, UNLOADABLE), workers=workers, progress=told.append)
    assert not told
    assert (out / "results.csv").read_bytes() == before
    assert (out / "run" / "run.json").read_bytes() == about, "what it says is of these tables"
    assert (out / "run" / "inputs.csv").read_bytes() == inputs
    assert counts(run_studies(films, MadeJob(out))) == (0, 0, 6, 0)


@pytest.mark.parametrize("outcome", [Died("its process crashed"), MemoryError(), OSError(5, "input error")])
def test_models_that_take_their_process_with_them_are_said(films, tmp_path, monkeypatch, outcome):
    def load(self: MadeJob, *, try_out: bool = False) -> None:
        raise outcome

    def each(function, items, **options):
        yield 0, outcome

    if isinstance(outcome, Died):
        monkeypatch.setattr(under_way, "each_as_done", each)
    else:
        monkeypatch.setattr(MadeJob, "load", load)
    with pytest.raises(BadInput, match="models: they cannot be loaded"):
        run_studies(films, MadeJob(tmp_path / "out"))


def test_a_full_disk_ends_the_run_and_loses_nothing(films, tmp_path, monkeypatch):
    from napari_tbcad.journal import Journal

    out, real = tmp_path / "out", Journal.add

    def full(self, content):
        if content["name"] == "f3":
            raise OSError(28, "No space left on device")
        return real(self, content)

    monkeypatch.setattr(Journal, "add", full)
    with pytest.raises(BadInput, match="No space left on device"):
        run_studies(films, MadeJob(out))
    assert len(rows(out / "results.csv")) == 3
    monkeypatch.undo()
    assert counts(run_studies(films, MadeJob(out))) == (3, 0, 3, 0)


def test_a_table_that_cannot_be_replaced_is_named(films, tmp_path):
    out = tmp_path / "out"
    (out / "results.csv").mkdir(parents=True)
    with pytest.raises(BadInput, match="tables cannot be written"):
        run_studies(films, MadeJob(out))


def test_inputs_and_the_users_columns_are_listed(films, tmp_path):
    films[1] = Study("f1", films[1].paths, listed=(("patient", "p 1"), ("name", "theirs")))
    run_studies(films, MadeJob(tmp_path / "out"))
    listed = folder.read_inputs(tmp_path / "out")
    assert [row["name"] for row in listed] == [study.name for study in films]
    assert (listed[1]["patient"], listed[1]["listed_name"]) == ("p 1", "theirs")


def test_what_a_killed_run_left_half_written_is_removed_once_it_is_old(films, tmp_path):
    import os

    out = tmp_path / "out"
    run_studies(films, MadeJob(out))
    half = [out / "masks" / f"{UNFINISHED}{number}.png" for number in ("12345678", "abcdef01")]
    own = [out / name for name in (".metadata", ".htaccess", ".features.csv", "masks/.bash_log")]
    for path in (*half, *own):
        path.write_bytes(b"half")
    for path in (half[0], *own):
        os.utime(path, (0, 0))
    run_studies(films, MadeJob(out))
    assert [path.exists() for path in (*half, *own)] == [False, True, True, True, True, True]


def test_a_person_s_export_is_taken_over_and_kept(films, tmp_path):
    out, said = tmp_path / "out", []
    run_studies(films, MadeJob(out))
    export(out, films[2], "77")
    assert counts(run_studies(films, MadeJob(out), say=said.append)) == (0, 0, 6, 0)
    assert said == ["1 result there was exported by a person since: kept"]
    for _ in range(2):
        assert rows(out / "results.csv")[2]["value"] == "77"
        assert (out / "masks" / "f2.txt").read_text() == "corrected"
        run_studies(films, MadeJob(out))


@pytest.mark.parametrize("when", ["between", "meanwhile", "other settings"])
def test_a_person_s_export_of_a_study_that_failed_is_kept(films, tmp_path, when):
    out, said = tmp_path / "out", []
    films[1].path.write_bytes(b"bad")
    films[3] = Study("f1_3", films[3].paths)

    def mend() -> None:
        export(out, films[1], "77")
        table = (out / "results.csv").read_bytes()
        (out / "results.csv").write_bytes(table.replace(b"error,f1.png: it is bad,77", b"ok,,77"))

    def meanwhile(event: StudyEvent) -> None:
        if event.state == "done" and event.number == 3:
            mend()

    run_studies(films, MadeJob(out), progress=meanwhile if when == "meanwhile" else None)
    if when != "meanwhile":
        mend()
    MadeJob.worked.clear()
    summary = run_studies(films, MadeJob(out, 2 if when == "other settings" else 1), say=said.append)
    if when == "other settings":
        assert (out / "before" / "1" / "masks" / "f1.txt").read_text() == "corrected"
        assert [path.name for path in (out / "before" / "1" / "masks").iterdir()] == ["f1.txt"]
        assert rows(out / "before" / "1" / "results.csv")[0]["value"] == "77"
        return
    assert counts(summary) == (0, 0, 6, 0)
    assert said == ([] if when == "meanwhile" else ["1 result there was exported by a person since: kept"])
    assert (rows(out / "results.csv")[1]["status"], rows(out / "results.csv")[1]["value"]) == ("ok", "77")
    assert (out / "masks" / "f1.txt").read_text() == "corrected"


def test_a_person_s_export_is_taken_over_from_a_table_that_a_spreadsheet_saved(films, tmp_path):
    out, path = tmp_path / "out", tmp_path / "films" / "é.png"
    path.write_bytes(films[2].path.read_bytes())
    films[2] = Study("é", (path,))
    run_studies(films, MadeJob(out))
    export(out, films[2], "77")
    (out / "results.csv").write_text((out / "results.csv").read_text("utf-8-sig"), "cp1252")
    run_studies(films, MadeJob(out))
    assert rows(out / "results.csv")[2]["value"] == "77"


@pytest.mark.parametrize("after", [2, 4])
def test_a_person_s_export_while_the_run_goes_on_is_kept(films, tmp_path, after):
    """The fifth film brings a new column, for which the table is written anew in the middle of the run."""
    out = tmp_path / "out"

    def correct(event: StudyEvent) -> None:
        if event.state == "done" and event.number == after:
            export(out, films[2], "77")

    run_studies(films, MadeJob(out), progress=correct)
    assert [row["value"] for row in rows(out / "results.csv")][2] == "77"
    assert len(rows(out / "results.csv")) == 6


# -- what a person exports of studies that the run has no result of


def put(out: Path, study: Study, *, note: bool = True) -> None:
    """Do what the panel does with a study that has no row: files, a note in the run's folder, rows."""
    table = [row for row in rows(out / "results.csv") if plain(row["file"]) != study.path.as_posix()]
    for path, content in ((f"masks/{study.name}.txt", "corrected"), (f"records/{study.name}.json", "hers")):
        (out / path).parent.mkdir(exist_ok=True)
        (out / path).write_text(content)
    if note:
        note_exported(out, study.name, study.paths)
    with (out / "results.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows([*table, {"file": study.path.as_posix(), "status": "ok", "value": "007"}])


def require_kept(out: Path, studies: Sequence[Study], number: int, value: str = "007") -> None:
    """Go on twice, then with other settings: the export stays, or makes way."""
    name = studies[number].name
    for _ in range(2):
        assert [row["value"] for row in rows(out / "results.csv")][number] == value
        assert (out / "masks" / f"{name}.txt").read_text() == "corrected"
        run_studies(studies, MadeJob(out))
    assert len(rows(out / "results.csv")) == len(studies)
    run_studies(studies, MadeJob(out, 3))
    assert (out / "before" / "1" / "masks" / f"{name}.txt").read_text() == "corrected"
    assert [path.name for path in (out / "before" / "1" / "masks").iterdir()] == [f"{name}.txt"]


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize(("workers", "when"), [(1, ("working", 0)), (1, ("done", 2)), (2, ("working", 0))])
def test_a_person_s_export_of_a_study_whose_turn_is_to_come_is_kept(films, tmp_path, workers, when, again):
    """The fifth film brings a new column: the table is also written anew before the turn of the last."""
    out, said = tmp_path / "out", []
    films[0] = Study("f5_2", films[0].paths)
    if again:
        run_studies(films, MadeJob(out, 2))
        for study in films:
            (out / "records").mkdir(exist_ok=True)
            (out / "records" / f"{study.name}.json").write_text("the run's own")
    MadeJob.worked.clear()

    def correct(event: StudyEvent) -> None:
        if (event.state, event.number) == when:
            put(out, films[5])

    summary = run_studies(films, MadeJob(out), progress=correct, say=said.append, workers=workers)
    assert counts(summary) == (6, 0, 0, 0)
    assert "f5: exported by a person meanwhile, kept" in said
    require_kept(out, films, 5)


@pytest.mark.parametrize("failed", [False, True])
def test_a_person_s_export_while_models_are_loaded_is_kept(films, tmp_path, failed, monkeypatch):
    out, said = tmp_path / "out", []
    if failed:
        films[5].path.write_bytes(b"bad")
    run_studies(films if failed else films[:2], MadeJob(out))
    monkeypatch.setattr(MadeJob, "load", lambda job, **options: put(out, films[5]))
    assert run_studies(films, MadeJob(out), say=said.append).complete
    assert said[-1] == "f5: exported by a person meanwhile, kept"
    monkeypatch.undo()
    require_kept(out, films, 5)


def test_a_person_s_export_of_what_a_stopped_run_left_is_kept(films, tmp_path):
    out, said, stop = tmp_path / "out", [], Stop(2)
    run_studies(films, MadeJob(out), progress=stop.heard, cancelled=stop)
    put(out, films[5])
    put(out, films[4], note=False)  # not by a person: a row whose line in the journal is lost
    assert counts(run_studies(films, MadeJob(out), say=said.append)) == (3, 0, 3, 0)
    assert said == ["1 result there was exported by a person since: kept"]
    assert rows(out / "results.csv")[4]["value"] == str(sum(b"more"))
    require_kept(out, films, 5)


def test_a_person_s_export_while_its_study_is_at_work_is_kept(films, tmp_path, monkeypatch):
    out, work = tmp_path / "out", MadeJob.work

    def slow(job: MadeJob, study: Study) -> tuple[Row, list[Path]]:
        if study.name == "f2":
            put(out, films[2])
            require_not_exported(study, out)
        return work(job, study)

    monkeypatch.setattr(MadeJob, "work", slow)
    said = []
    assert counts(run_studies(films, MadeJob(out), say=said.append)) == (6, 0, 0, 0)
    assert said == ["f2: exported by a person meanwhile, kept"]
    monkeypatch.undo()
    require_kept(out, films, 2)


def test_a_person_s_export_of_what_is_no_input_of_the_next_run_is_kept(films, tmp_path):
    out = tmp_path / "out"
    run_studies(films[:2], MadeJob(out))
    put(out, films[5])
    run_studies(films[:2], MadeJob(out))
    assert len(rows(out / "results.csv")) == 2
    assert counts(run_studies(films, MadeJob(out))) == (3, 0, 3, 0)
    require_kept(out, films, 5)


def test_a_person_s_export_is_of_the_image_that_lay_there_then(films, tmp_path):
    out = tmp_path / "out"
    run_studies(films[:2], MadeJob(out))
    put(out, films[5])
    films[5].path.write_bytes(b"another person's")
    run_studies(films, MadeJob(out))
    assert (out / "before" / "1" / "masks" / "f5.txt").read_text() == "corrected"
    assert rows(out / "results.csv")[5]["value"] == str(sum(b"another person's"))


def test_a_person_s_export_at_the_moment_a_study_is_done_is_kept_whole(films, tmp_path, monkeypatch):
    out, add = tmp_path / "out", RunStore.add

    def late(store: RunStore, study: Study, done: StudyDone, **options) -> Row:
        row = add(store, study, done, **options)
        if study.name == "f2" and not options.get("by_hand"):
            put(out, films[2])
        return row

    monkeypatch.setattr(RunStore, "add", late)
    run_studies(films, MadeJob(out))
    monkeypatch.undo()
    require_kept(out, films, 2, value="7")  # a number, since the run's was one


@pytest.mark.parametrize("way", ["..", "link"])
def test_masks_painted_in_the_run_s_own_folder_are_a_person_s_whichever_way_it_is_named(films, tmp_path, way):
    out = tmp_path / "out"
    run_studies(films, MadeJob(out))
    (out / "masks" / "f2.png").write_text("painted")
    if way == "link":
        (tmp_path / "link").symlink_to(out)
    masks = tmp_path / ("link/masks" if way == "link" else "films/../out/masks")
    run_studies(films, MadeJob(out, masks=masks))
    run_studies(films, MadeJob(out, 3))
    assert (out / "before" / "1" / "masks" / "f2.png").read_text() == "painted"


def test_what_a_worker_that_died_wrote_is_not_taken_for_a_person_s(films, tmp_path):
    (film,) = films[:1]
    handed = Handed(film.name, film.paths)
    path = tmp_path / "records" / f"{film.name}.json"
    path.parent.mkdir()
    path.write_text("of a worker that died")
    assert do_study(handed, MadeJob(tmp_path)).row.ok
    (tmp_path / "results.csv").write_text(f"file,status\n{film.path.as_posix()},ok\n")
    assert "by a person meanwhile" in do_study(handed, MadeJob(tmp_path)).row.result["message"]


def test_tables_that_another_holds_for_long_do_not_end_the_run(films, tmp_path, monkeypatch):
    monkeypatch.setattr(under_way, "_PATIENCE", 0.05)
    out, lock = tmp_path / "out", contextlib.ExitStack()

    def hold(event: StudyEvent) -> None:
        if event.state == "done" and event.number == 1:
            lock.enter_context(tables_held(out))
        if event.state == "done" and event.number == 3:
            assert len(rows(out / "results.csv")) == 2
            lock.close()

    summary = run_studies(films, MadeJob(out), progress=hold)
    assert counts(summary) == (6, 0, 0, 0)
    assert [row["value"] for row in rows(out / "results.csv")] == [
        str(sum(study.path.read_bytes())) for study in films
    ]


def test_what_made_way_says_which_image_it_is_of(films, tmp_path):
    out, made = tmp_path / "out", tmp_path / "out" / "before" / "1"
    run_studies(films, MadeJob(out))
    export(out, films[2], "77")
    films[2].path.write_bytes(b"another")
    run_studies(films, MadeJob(out))
    assert rows(made / "results.csv")[0]["file"] == films[2].path.absolute().as_posix()
    with pytest.raises(BadInput, match="changed since the run: do that again, then look"):
        require_same_image(journaled(made), "f2", films[2].paths, "look")
    films[2].path.write_bytes(b"content 2")
    require_same_image(journaled(made), "f2", films[2].paths, "look")
    assert {file.standing(made) for file in journaled(made)["f2"].files} == {"same"}


def export(out: Path, study: Study, value: str) -> None:
    """Do what the panel does: replace the study's row and file."""
    table = rows(out / "results.csv")
    for row in table:
        if plain(row["file"]) == study.path.as_posix():
            row["value"] = value
    with (out / "results.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(table)
    (out / "masks" / f"{study.name}.txt").write_text("corrected")


def test_only_what_failed_is_not_tried_with_other_settings(films, tmp_path):
    out = tmp_path / "out"
    films[1].path.write_bytes(b"bad")
    run_studies(films, MadeJob(out))
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(BadInput, match="made with other settings"):
        run_studies(films, MadeJob(out, factor=2), again="failed")
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    # Of a run with these settings that was stopped, rows of the settings before are no hindrance.
    stop = Stop(3)
    run_studies(films, MadeJob(out, factor=2), progress=stop.heard, cancelled=stop)
    said = []
    summary = run_studies(films, MadeJob(out, factor=2), again="failed", say=said.append)
    assert counts(summary) == (0, 1, 2, 3)
    assert len(rows(out / "results.csv")) == 3
    assert said == ["3 results there made with other settings, models or version: not done in this run"]


@pytest.mark.parametrize("why", ["settings", "settings, adopted before", "content", "all"])
def test_what_a_person_made_is_put_aside_before_it_is_done_again(films, tmp_path, why):
    out, said, again = tmp_path / "out", [], "unfinished"
    run_studies(films, MadeJob(out))
    export(out, films[2], "77")
    (out / "masks" / "f3.txt").write_text("painted")
    if "adopted" in why:
        run_studies(films, MadeJob(out))
    if why == "content":
        films[2].path.write_bytes(b"other")
        films[3].path.write_bytes(b"other, too")
    elif why == "all":
        again = "all"
    run_studies(films, MadeJob(out, 2 if "settings" in why else 1), again=again, say=said.append)
    aside = out / "before" / "1"
    assert f"2 results there were corrected by a person and made way: kept in {aside}" in said
    assert (aside / "masks" / "f2.txt").read_text() == "corrected"
    assert (aside / "masks" / "f3.txt").read_text() == "painted"
    kept, painted = rows(aside / "results.csv")
    assert (kept["file"], kept["value"]) == (str(films[2].path), "77")
    assert painted["file"] == str(films[3].path)
    assert len(rows(aside / "features.csv")) == 2
    assert (out / "masks" / "f2.txt").read_text() == rows(out / "results.csv")[2]["value"] != "77"
    assert len(rows(out / "results.csv")) == 6
    # Nothing is put aside twice, and what was put aside is never overwritten.
    export(out, films[0], "78")
    run_studies(films, MadeJob(out, factor=3))
    assert [path.name for path in sorted((out / "before" / "2" / "masks").iterdir())] == ["f0.txt"]
    assert (aside / "masks" / "f2.txt").read_text() == "corrected"


def test_masks_that_a_run_is_given_from_its_own_folder_stay_there(films, tmp_path):
    out, masks = tmp_path / "out", tmp_path / "out" / "masks"
    run_studies(films, MadeJob(out))
    for path in masks.iterdir():
        path.rename(path.with_suffix(".png"))
    paths = [json.loads(line[9:]) for line in (out / "run" / "journal.jsonl").read_text().splitlines()]
    with RunStore(out, paths[0]["digest"]) as store:
        for study in films:
            file = state_of(masks / f"{study.name}.png", out)
            store.add(study, StudyDone(store.row(study), store.key(study), (file,)))
    (masks / "f2.png").write_text("painted")
    run_studies(films, MadeJob(out, masks=masks))
    for factor in (3, 4):
        run_studies(films, MadeJob(out, factor, masks=masks))
    assert (masks / "f2.png").read_text() == "painted"
    assert not (out / "before").exists(), "it went into the result: nothing made way"


def test_what_is_finished_stays_when_its_input_cannot_be_read_for_a_while(films, tmp_path):
    out, said = tmp_path / "out", []
    run_studies(films, MadeJob(out))
    before, journal = without_times(out), (out / "run" / "journal.jsonl").read_bytes()
    films[1].path.rename(tmp_path / "away")
    offline = list(films)
    offline[1] = replace(films[1], fault="no such file or folder")
    for studies in (offline, films):
        for again in ("unfinished", "failed"):
            assert counts(run_studies(studies, MadeJob(out), again=again, say=said.append)) == (0, 0, 6, 0)
    assert said == ["1 result there (f1) whose inputs cannot be read now: kept"] * 4
    assert counts(run_studies(offline, MadeJob(out), again="all")) == (5, 0, 1, 0)
    assert without_times(out) == before
    (tmp_path / "away").rename(films[1].path)
    MadeJob.worked.clear()
    assert counts(run_studies(films, MadeJob(out))) == (0, 0, 6, 0)
    assert not MadeJob.worked
    assert (out / "run" / "journal.jsonl").read_bytes().startswith(journal)


def test_a_result_stays_when_its_input_goes_away_before_it_is_done_again(films, tmp_path):
    out, said = tmp_path / "out", []
    run_studies(films, MadeJob(out))
    before = without_times(out)

    def unmount(event: StudyEvent) -> None:
        if event.number == 2 and event.state == "done":
            for film in films[3:]:
                film.path.unlink()

    summary = run_studies(films, MadeJob(out), again="all", progress=unmount, say=said.append)
    assert counts(summary) == (3, 0, 3, 0)
    assert said == ["3 results there whose inputs could not be read any more: kept"]
    assert without_times(out) == before


def test_after_a_run_that_was_broken_off_files_are_read_and_not_only_looked_at(films, tmp_path, monkeypatch):
    import os

    def here(function, items, **options):
        return ((number, function(item)) for number, item in enumerate(items))

    monkeypatch.setattr(under_way, "each_as_done", here)
    out = tmp_path / "out"
    run_studies(films, MadeJob(out))
    path, about = out / "masks" / "f3.txt", out / "run" / "run.json"
    time = path.stat().st_mtime_ns
    path.write_bytes(bytes(path.stat().st_size))
    os.utime(path, ns=(time, time))
    assert counts(run_studies(films, MadeJob(out))) == (0, 0, 6, 0), (
        "by size and time, which costs no reading"
    )
    content = json.loads(about.read_text())
    del content["ended"]
    about.write_text(json.dumps(content))
    assert counts(run_studies(films, MadeJob(out))) == (1, 0, 5, 0)
    assert path.read_bytes().strip(b"\0")


def test_a_row_that_looks_like_a_formula_is_taken_over_as_it_is(tmp_path):
    path = tmp_path / "=film.png"
    path.write_bytes(b"x")
    study, out = Study("=film", (Path("=film.png"),)), tmp_path / "out"
    with contextlib.chdir(tmp_path):
        run_studies([study], MadeJob(out))
        export(out, study, "77")
        run_studies([study], MadeJob(out))
    (row,) = rows(out / "results.csv")
    assert (row["file"], row["value"]) == ("'=film.png", "77")


def test_a_file_name_of_bytes_that_are_no_text(tmp_path):
    study = Study("f", (tmp_path / "f\udcff.png",), fault="no such file")
    assert counts(run_studies([study], MadeJob(tmp_path / "out"))) == (0, 1, 0, 0)
    assert "f\\udcff.png" in rows(tmp_path / "out" / "results.csv")[0]["file"]


def test_a_journal_does_not_grow_for_ever(films, tmp_path, monkeypatch):
    from napari_tbcad.batch.runs import store

    monkeypatch.setattr(store, "_FEWEST_STALE", 3)
    out = tmp_path / "out"
    for _ in range(6):
        run_studies(films, MadeJob(out), again="all")
    journal = (out / "run" / "journal.jsonl").read_bytes()
    assert journal.count(b"\n") <= 3 * len(films)
    before = without_times(out)
    assert counts(run_studies(films, MadeJob(out))) == (0, 0, 6, 0)
    assert without_times(out) == before


@pytest.mark.parametrize("refused", [False, True])
def test_a_journal_is_made_shorter_while_nobody_has_it_open(films, tmp_path, monkeypatch, refused):
    """Windows replaces no file that is open; a journal that cannot be replaced goes on as it is."""
    from napari_tbcad.batch.runs import store

    monkeypatch.setattr(store, "_FEWEST_STALE", 3)
    out, opened, held = tmp_path / "out", [], []
    for _ in range(2):
        run_studies(films, MadeJob(out), again="all")
    journal = out / "run" / "journal.jsonl"
    open_, replace_ = Path.open, Path.replace

    def opening(self, *given, **more):
        opened.append(open_(self, *given, **more))
        return opened[-1]

    def replacing(self, target):
        if target == journal:
            held.append([one.name for one in opened if not one.closed])
            if refused:
                raise PermissionError(13, "in use", str(target))
        return replace_(self, target)

    monkeypatch.setattr(Path, "open", opening)
    monkeypatch.setattr(Path, "replace", replacing)
    with RunStore(out, "") as kept:
        kept.add(films[0], StudyDone(kept.row(films[0]), "", ()))
    with RunStore(out, "") as kept:
        assert [kept.row(film).result["file"] for film in films] == [str(film.path) for film in films]
    assert held[0] == []


GOOD = {"name": "f0", "key": "k", "digest": "d", "row": {"status": "ok"}, "more": {}, "files": []}


@pytest.mark.parametrize(
    "line",
    [
        GOOD,
        [],
        {"name": "f0"},
        GOOD | {"name": ["f0"]},
        GOOD | {"row": {"status": None}},
        GOOD | {"more": {"features": [1]}},
        GOOD | {"more": {"features": 1}},
        GOOD | {"files": [["../outside.txt", 1, 1, ""]]},
        GOOD | {"files": [["/etc/passwd", 1, 1, ""]]},
        GOOD | {"files": [["C:\\\\x", 1, 1, ""]]},
        GOOD | {"files": [["masks/f0.txt", "1", 1, ""]]},
    ],
)
def test_a_journal_of_another_hand_is_believed_only_where_it_is_sound(films, tmp_path, line):
    out = tmp_path / "out"
    run_studies(films, MadeJob(out))
    own = next(read_journal(out / "run" / "journal.jsonl"))
    if isinstance(line, dict):
        line = {name: own[name] if value == GOOD.get(name) else value for name, value in line.items()}
    text = json.dumps(line).encode()
    with (out / "run" / "journal.jsonl").open("wb") as file:
        file.write(b"%08x %s\n" % (zlib.crc32(text), text))
        file.write(b"%08x %s\n" % (zlib.crc32(b"{no json"), b"{no json"))
    kept = 1 if line == own else 0
    assert counts(run_studies(films, MadeJob(out))) == (6 - kept, 0, kept, 0)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ends=st.lists(
        st.tuples(st.integers(1, 5), st.floats(0, 1), st.booleans(), st.booleans()), min_size=1, max_size=4
    )
)
def test_however_often_it_is_broken_off_the_tables_end_the_same(ends, tmp_path_factory):
    """Each run does some films; then its journal and tables are cut off anywhere behind what was whole."""
    home = tmp_path_factory.mktemp("run")
    films, out, whole = made_films(home / "films"), home / "out", home / "whole"
    films[1].path.write_bytes(b"bad")
    run_studies(films, MadeJob(whole))
    done = 0
    for after, cut, torn_journal, torn_table in ends:
        stop = Stop(after)
        summary = run_studies(films, MadeJob(out), progress=stop.heard, cancelled=stop)
        assert summary.kept >= done, "nothing finished was lost"
        done = summary.kept + summary.done
        if torn_journal:
            with (out / "run" / "journal.jsonl").open("ab") as file:
                file.write(b'0123abcd {"name":"f5","key":"'[: 1 + int(cut * 28)])
        if torn_table:
            table = out / "features.csv"
            content = table.read_bytes()
            table.write_bytes(content[: int(cut * len(content))])
    run_studies(films, MadeJob(out))
    assert without_times(out) == without_times(whole)
    for path in (whole / "masks").iterdir():
        assert (out / "masks" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", ["results.csv", "features.csv", "masks/f2.txt"])
def test_files_that_no_run_wrote_are_not_overwritten(films, tmp_path, name):
    out, path = tmp_path / "out", tmp_path / "out" / name
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(BadInput, match=f"{name.partition('/')[0]} there is not of a run"):
        run_studies(films, MadeJob(out))
    assert path.read_text() == "mine"
    assert not (out / folder.RUN).exists()
    path.rename(tmp_path / "elsewhere")
    assert counts(run_studies(films, MadeJob(out))) == (6, 0, 0, 0)
    assert counts(run_studies(films, MadeJob(out))) == (0, 0, 6, 0)
