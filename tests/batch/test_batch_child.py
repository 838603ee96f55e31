"""A look at inputs before anything starts; a batch's own process, called here; what a list shows of it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from napari_tbcad.batch.child.channel import Channel
from napari_tbcad.batch.rows import Row
from napari_tbcad.batch.runs import child
from napari_tbcad.batch.runs import window_jobs as jobs
from napari_tbcad.batch.runs.job import Table
from napari_tbcad.batch.runs.look import kind_of, look
from napari_tbcad.batch.runs.shown import read_run
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.simulate.bone_samples import sample_scan_path
from napari_tbcad.simulate.samples import sample_path, write_simulated_set

QUICK = {"lungs.segmenter": "otsu", "features.grid": 64, "opacities.enabled": False}
QUICK |= {"features.feature_set": "project21"}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    """Three small films, one empty file and a text that is called an image."""
    folder = tmp_path_factory.mktemp("films")
    write_simulated_set(folder / "made", 3, seed=1, size=64)
    (folder / "made" / "films").rename(folder / "films")
    (folder / "films" / "empty.png").touch()
    (folder / "films" / "text.png").write_text("no image")
    return folder / "films"


class Heard(Channel):
    """A channel whose events are kept; stops after so many studies."""

    def __init__(self, after: int = 10**6) -> None:
        super().__init__(os.open(os.devnull, os.O_WRONLY))
        self.events: list[dict] = []
        self._after = after

    def tell(self, event) -> None:
        self.events.append(json.loads(json.dumps(event)))
        done = [
            c for e in self.events if e["event"] == "rows" for c in e["changes"] if c[1] in ("done", "failed")
        ]
        if len(done) >= self._after:
            self.hear("stop")

    def of(self, kind: str) -> list[dict]:
        return [event for event in self.events if event["event"] == kind]


def worked(folder: Path, *, after: int = 10**6) -> tuple[int, Heard]:
    channel = Heard(after)
    return child.work(folder, channel), channel


def states(channel: Heard) -> dict[int, str]:
    return {change[0]: change[1] for event in channel.of("rows") for change in event["changes"]}


def test_a_look_counts_kinds_and_names_what_cannot_be_read(drawn, tmp_path):
    shutil.copy(sample_path("normal_cr"), tmp_path / "one.dcm")
    table = tmp_path / "list.csv"
    table.write_text("file,ward\none.dcm,A\nmissing.png,B\n", encoding="utf-8")
    found = look([drawn, table])
    assert found.workflow == "chest"
    assert found.kinds == {"PNG": 3, "DICOM CR": 1}
    faults = {study.path.name: study.fault for study in found.studies if study.fault}
    assert faults["empty.png"] == "the file is empty"
    assert "not an image" in faults["text.png"]
    assert faults["missing.png"]
    assert (len(found.studies), found.faulty) == (7, 3)
    with pytest.raises(Cancelled):
        look([drawn], cancelled=lambda: True)
    with pytest.raises(BadInput, match="no such file or folder"):
        look([tmp_path / "nothing here.png"])
    (tmp_path / "empty folder").mkdir()
    with pytest.raises(BadInput, match="no film found"):
        look([tmp_path / "empty folder"])


def test_a_look_tells_bone_scans_by_header_or_by_pairs_of_views(drawn, tmp_path):
    film = next(drawn.glob("*.png"))
    for name in ("a_ant", "a_post", "b_ant", "b_post"):
        shutil.copy(film, tmp_path / f"{name}.png")
    found = look([tmp_path])
    assert (found.workflow, len(found.studies)) == ("bone", 2)
    assert look([tmp_path], "chest").workflow == "chest"
    scan = tmp_path / "scan.dcm"
    shutil.copy(sample_scan_path("clean_woman"), scan)
    assert kind_of(scan) == ("DICOM NM", "")
    assert look([scan]).workflow == "bone"
    assert "1 file is a bone scan by the header" in look([scan], "chest").notes[0]


def test_the_child_tells_what_it_finds_before_it_begins(drawn, tmp_path):
    folder = tmp_path / "job"
    jobs.write_job(folder, ("look",), jobs.BatchPlan((drawn,)))
    status, channel = worked(folder)
    assert status == 0
    (found,) = channel.of("found")
    assert (found["workflow"], found["studies"], found["faulty"]) == ("chest", 5, 2)
    lines = [line for event in channel.of("studies") for line in event["lines"]]
    assert [line[0] for line in lines] == sorted(line[0] for line in lines)
    assert channel.events[-1]["event"] == "done"
    assert jobs.state_of(folder).phase == "planned"


def test_a_batch_is_stopped_gone_on_with_and_its_failures_tried_again(drawn, tmp_path, monkeypatch):
    # Small films are all done before the second word to the window is due.
    monkeypatch.setattr(child, "_EVERY", 0.0)
    films = tmp_path / "films"
    shutil.copytree(drawn, films)
    folder = tmp_path / "job"
    plan = jobs.BatchPlan((films,), "chest", classifier="none", assignments=QUICK, pictures=False)
    jobs.write_job(folder, ("run",), plan)
    status, channel = worked(folder, after=1)
    assert status == 3
    assert channel.events[-1] == {"event": "stopped", "what": "run"}
    state = jobs.state_of(folder)
    assert (state.phase, state.total) == ("stopped", 5)
    assert 1 <= state.done + state.failed < 5
    status, channel = worked(folder)
    assert status == 0
    last = states(channel)
    assert len(last) == 5
    assert "kept" in last.values() or state.done == 0  # the first that was finished may have been a failure
    assert channel.events[-1]["failed"] == 2
    assert channel.of("rows")[-1]["left"] == 0
    state = jobs.state_of(folder)
    assert (state.phase, state.done, state.failed) == ("finished", 3, 2)
    shown = read_run(state.out)
    assert (shown.workflow, shown.classifier, len(shown.lines)) == ("chest", "none", 5)
    failed = {shown.lines[change[0]][0]: change[5] for change in shown.changes if change[1] == "failed"}
    assert set(failed) == {"empty", "text"}
    assert "empty" in failed["empty"]
    shutil.copy(next(films.glob("[!et]*.png")), films / "empty.png")
    jobs.write_job(folder, ("run",), plan, again="failed")
    status, channel = worked(folder)
    assert (status, channel.events[-1]["done"], channel.events[-1]["failed"]) == (0, 1, 1)
    assert jobs.state_of(folder).done == 4


class Adding:
    """Stands for a job: writes nothing, and fails for a film that begins with ``bad``."""

    kind, tables = "chest", (Table("results", ("file", "status", "message", "seconds")),)

    def __init__(self, out: Path) -> None:
        self.out = out

    def absolute(self) -> Adding:
        return self

    def require(self, studies) -> None:
        pass

    def load(self, *, try_out: bool = False) -> None:
        pass

    def settings(self) -> dict[str, int]:
        return {}

    def given(self, name: str) -> list[Path]:
        return []

    def work(self, study) -> tuple[Row, list[Path]]:
        if study.path.read_bytes().startswith(b"bad"):
            raise BadInput(study.path, "it is bad")
        return Row({"file": str(study.path), "status": "ok", "message": ""}), []


@pytest.fixture
def adding(tmp_path, monkeypatch) -> Path:
    """A job of six films of which the first is bad; told of one by one, done in no time."""
    monkeypatch.setattr(child, "_EVERY", 0.0)
    monkeypatch.setattr(child.Job, "batch_job", lambda self: Adding(self.plan.output(self.folder)))
    (tmp_path / "films").mkdir()
    for number in range(6):
        (tmp_path / "films" / f"{number}.png").write_bytes(b"film" if number else b"bad")
    jobs.write_job(tmp_path / "job", ("run",), jobs.BatchPlan((tmp_path / "films",), "chest"))
    return tmp_path / "job"


def test_a_stopped_batch_can_be_gone_on_with_after_its_failures_were_tried_again(adding):
    assert worked(adding, after=2)[0] == 3
    jobs.write_job(adding, ("run",), jobs.plan_of(jobs.read_job(adding)), again="failed")
    status, channel = worked(adding)
    assert (status, channel.events[-1]["failed"], channel.events[-1]["left"]) == (0, 1, 4)
    assert channel.of("rows")[-1]["left"] == 0, "nothing more is done in this run"
    state = jobs.state_of(adding)
    assert (state.phase, state.resumable, state.done, state.failed, state.total) == ("stopped", True, 1, 1, 6)
    jobs.write_job(adding, ("run",), jobs.plan_of(jobs.read_job(adding)))
    assert worked(adding)[0] == 0
    assert (jobs.state_of(adding).phase, jobs.state_of(adding).resumable) == ("finished", False)


def test_a_full_disk_of_the_window_s_own_ends_no_batch_whose_results_lie_elsewhere(adding, monkeypatch):
    def full(path, content) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(child, "write_json", full)
    status, channel = worked(adding)
    assert (status, channel.events[-1]["event"], channel.events[-1]["done"]) == (0, "done", 5)


def test_what_cannot_be_done_at_all_is_told_once_with_the_culprit(drawn, tmp_path):
    folder = tmp_path / "job"
    wrong = jobs.BatchPlan((drawn,), "chest", classifier="none", assignments={"lungs.colour": 1})
    jobs.write_job(folder, ("run",), wrong)
    status, channel = worked(folder)
    assert status == 1
    assert (channel.events[-1]["event"], channel.events[-1]["source"]) == ("failed", "lungs.colour")
    assert "no such setting" in jobs.state_of(folder).cause
    with pytest.raises(BadInput, match="no run in this folder"):
        read_run(tmp_path)


def test_rows_of_either_workflow_are_shown_as_answer_and_figure():
    film = {
        "status": "ok",
        "decision": "tb_suspect",
        "probability": 0.93,
        "warnings": "a | b",
        "seconds": 1.5,
    }
    assert child.shown_of(film) == [1.5, "tb_suspect", 0.93, "a | b"]
    scan = {"status": "ok", "bsi": "2.48", "n_abnormal": "2", "seconds": "0.7", "warnings": ""}
    assert child.shown_of(scan) == [0.7, "2 abnormal", 2.48, ""]
    failed = {"status": "error", "message": "x.png: the file is empty", "bsi": "", "seconds": ""}
    assert child.shown_of(failed) == [None, "", None, "x.png: the file is empty"]
