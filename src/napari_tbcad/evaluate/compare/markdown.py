"""The tables in Markdown, for documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from napari_tbcad.evaluate.compare.answers import Answer
from napari_tbcad.evaluate.compare.findings import findings
from napari_tbcad.evaluate.compare.layout import (
    cost_grid,
    image_grid,
    index_grid,
    lesion_grid,
    pixel_grid,
    seed_grid,
    test_grid,
)
from napari_tbcad.evaluate.compare.place_control import control_lines
from napari_tbcad.evaluate.compare.report_texts import TEXTS, Texts
from napari_tbcad.evaluate.compare.study import method_title
from napari_tbcad.evaluate.compare.summary import summary_grid
from napari_tbcad.evaluate.compare.tables import Results
from napari_tbcad.evaluate.page_tables import Grid
from napari_tbcad.files import written_whole


def grids(answer: Answer, text: Texts) -> list[Grid]:
    """Return the tables of an answer that have a row."""
    if answer.question == "image":
        made = [image_grid(answer, text)]
    else:
        made = [make(answer, text) for make in (pixel_grid, lesion_grid, index_grid)]
    if answer.tests:
        made.append(test_grid(answer, text))
    if answer.question in ("networks", "classes"):
        made.append(seed_grid(answer, text))
    return [one for one in made if one.rows and len(one.head) > one.labels]


def markdown(found: Results, path: Path) -> Path:
    """Write all tables, by collection and question, as one Markdown file; returns its path."""
    text = TEXTS["en"]
    with written_whole(path) as temporary:
        temporary.write_text("\n".join(_lines(found, text)) + "\n", encoding="utf-8")
    return path


def _lines(found: Results, text: Texts) -> Iterator[str]:
    main = method_title(found.study.main)
    for source in found.study.sources:
        yield f"## {source}\n"
        yield from (f"**{line}**\n" for line in control_lines(found.answer(source, "networks"), text))
        yield from _table(summary_grid(found, source, text))
        for answer in (one for one in found.answers if one.source == source):
            yield f"### {text[f'question_{answer.question}']}\n"
            yield text[f"about_{answer.question}"].format(main=main) + "\n"
            yield "\n".join(f"- {line}" for line in findings(answer, text)) + "\n"
            for grid in grids(answer, text):
                yield from _table(grid)
    yield from _table(cost_grid(found.study, text))
    if found.study.missing:
        yield text["missing"] + ": " + ", ".join(found.study.missing) + "\n"


def _table(grid: Grid) -> Iterator[str]:
    yield f"**{grid.title}**\n"
    yield "| " + " | ".join(grid.head) + " |"
    yield "|" + "---|" * len(grid.head)
    for row in grid.rows:
        yield "| " + " | ".join(f"**{cell}**" if cell.strong else str(cell) for cell in row) + " |"
    yield ""
    if grid.note:
        yield f"{grid.note}\n"
