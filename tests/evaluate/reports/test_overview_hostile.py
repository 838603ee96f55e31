"""The page about a folder of results, where every cell of its table is hostile."""

from __future__ import annotations

import pytest

from napari_tbcad.bone.exports import RESULT_COLUMNS as OF_SCANS
from napari_tbcad.chest.exports import RESULT_COLUMNS as OF_FILMS
from napari_tbcad.evaluate.reports.subject import pages_of
from napari_tbcad.files import write_csv

HOSTILE = "<script>alert('x')</script><img src=x onerror=y>\"'&"
NUMBERS = {"probability": 0.9, "threshold": 0.5, "bsi": 1.5, "n_abnormal": 3, "seconds": 2.0}


@pytest.mark.parametrize(("kind", "columns"), [("chest", OF_FILMS), ("bone", OF_SCANS)])
@pytest.mark.parametrize("status", ["ok", "error"])
def test_no_cell_becomes_part_of_the_page(tmp_path, harmless, kind, columns, status):
    folder = tmp_path / f"{kind} <script>alert('x')<"
    (folder / "records").mkdir(parents=True)
    row = {name: NUMBERS.get(name, HOSTILE) for name in columns}
    row |= {"status": status, "file": f"{HOSTILE}.png"} | (
        {"decision": "tb_suspect"} if kind == "chest" else {}
    )
    write_csv(folder / "results.csv", columns, [row, row])
    for page in pages_of(folder, languages=("en", "id")).values():
        harmless(page, often=2)
