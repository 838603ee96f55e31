"""What the batch panel says, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from napari_tbcad.bone.words import index_words
from napari_tbcad.widgets.child_panel import Action
from napari_tbcad.widgets.child_work import Phase
from napari_tbcad.widgets.parts.words import count

if TYPE_CHECKING:
    from napari_tbcad.batch.runs.window_jobs import BatchState
    from napari_tbcad.widgets.batch.rows import BatchRows, StudyRow
    from napari_tbcad.widgets.batch.session import BatchSession

THINGS = {"chest": "film", "bone": "bone scan", "": "study"}
SIGNS = {"waiting": "○", "working": "▶", "done": "✓", "kept": "✓", "failed": "✕"}
COLOURS = {"failed": "#D55E00", "working": "#56B4E9", "tb_suspect": "#E69F00"}
"""Colours of states and answers; a sign or a word stands beside each."""
HEADS = ("", "File", "Answer", "s")
TIPS = (
    "○ waits, ▶ is worked on, ✓ done, ✕ failed.",
    "The study's file; a double click or Return opens it with its masks.",
    "What came of it: decision and probability of tuberculosis, or Bone Scan Index and abnormal hotspots.",
    "Seconds it took.",
)
DECISIONS = {"tb_suspect": "suspect", "not_suspect": "not suspect", "not_decided": "not decided"}
_STATES = {
    "waiting": "waits",
    "working": "is worked on",
    "done": "done",
    "kept": "done in an earlier run",
    "failed": "failed",
}


def things(number: int, workflow: str) -> str:
    """Return a number of films or scans."""
    return f"{number} studies" if workflow not in ("chest", "bone") else count(number, THINGS[workflow])


def answer_words(row: StudyRow, *, short: bool = False) -> str:
    """Return what came of a study; `short` for the column of a narrow dock."""
    if row.state == "failed":
        return row.message.removeprefix(f"{row.file}: ")
    if not row.finished:
        return row.fault
    abnormal = row.answer.removesuffix(" abnormal")
    if row.figure is not None and abnormal.isdecimal():
        return index_words(row.figure, int(abnormal), short=short)
    return f"{DECISIONS.get(row.answer, row.answer)} {_figure(row.figure)}".strip()


def describe(row: StudyRow) -> str:
    """Return what is known of a study in one line each."""
    took = f" in {row.seconds:.1f} s" if row.seconds is not None else ""
    lines = [*(str(path) for path in row.paths), _STATES[row.state] + took]
    if row.finished:
        lines.append(answer_words(row))
    lines += (row.message or row.fault).split(" | ")
    return "\n".join(filter(None, lines))


def found_words(found: Mapping[str, Any]) -> str:
    """Return how many studies there are, and of which kinds."""
    kinds = ", ".join(f"{number} {kind}" for kind, number in found["kinds"].items())
    return f"{things(int(found['studies']), str(found['workflow']))}{f' ({kinds})' if kinds else ''}"


def counts_words(rows: BatchRows) -> str:
    """Return how many are done and failed of how many."""
    done = rows.counts["done"] + rows.counts["kept"]
    failed = rows.counts["failed"]
    said = f"{done + failed} of {len(rows.all)}"
    return f"{said}, {failed} failed" if failed else said


def answers_words(rows: BatchRows) -> str:
    """Return what came of the studies that are done, as counts; short enough for a heading."""
    done = [row for row in rows.all if row.finished]
    if not done:
        return ""
    if rows.workflow == "bone":
        return f"{sum(not row.answer.startswith('0 ') for row in done)} with abnormal hotspots"
    parts = {word: sum(row.answer == answer for row in done) for answer, word in DECISIONS.items()}
    return ", ".join(f"{number} {word}" for word, number in parts.items() if number)


def line_of(state: BatchState) -> str:
    """Return a batch in two lines: name and what it is, then when and how far."""
    when = datetime.fromisoformat(state.when).astimezone().strftime("%d %b %Y, %H:%M") if state.when else ""
    failed = f", {state.failed} failed" if state.failed else ""
    far = f"{state.done + state.failed} of {things(state.total, state.workflow)}{failed}"
    return f"{state.name} · {state.phase}\n{when} · {far}"


def action_of(session: BatchSession) -> Action:
    """Return the next sensible thing to do."""
    if session.phase is Phase.STOPPING:
        return Action("Stopping…", "It stops after the studies under way; what is done is kept.")
    if session.busy:
        return Action("Running…", "It goes on in processes of its own; the window is free.")
    if session.resumable:
        return Action("Go on", "Go on where this batch ended; what is done is not done again.", "resume")
    if session.out is not None and not session.fresh:
        return Action("Open folder", "Show the results in the file manager.", "folder")
    if not session.plan.inputs:
        return Action("Choose a folder…", "Films or bone scans; step 1 takes files and lists too.", "choose")
    if session.phase is Phase.LOOKING:
        return Action("Looking…", "Every file is named and its beginning read; nothing is computed yet.")
    if session.found is None:
        return Action("Look again", "Look at the inputs of step 1.", "look")
    number = things(int(session.found["studies"]), session.workflow)
    return Action(f"Run {number}", "Begin with the settings of step 2.", "run")


def activity_of(session: BatchSession) -> tuple[float | None, str]:
    """Return how much is done of what is under way, and what that is; None when nothing is."""
    child = session.child
    if session.reading:
        return 0.0, "reading the results"
    if session.phase is Phase.IDLE:
        return None, ""
    if session.phase is Phase.LOOKING:
        return child.share or 0.0, ", ".join(filter(None, ("looking at the files", child.text)))
    stopping = session.phase is Phase.STOPPING
    return child.share or 0.0, "stopping after those under way" if stopping else counts_words(session.rows)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
