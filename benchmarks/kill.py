"""kill -9 at random moments of batch runs, of work in panels, and of trainings: is anything lost.

    xvfb-run -a -s "-screen 0 1280x1024x24" .venv/bin/python benchmarks/kill.py
        [--batch 80] [--autosave 60] [--training 60] [--seed 1] [--out FILE.md]

What is done and what must hold stands at the head of kill_batch.py, kill_autosave.py and kill_training.py.
Printed is a table: kills, files that were read after them, things that were finished before a kill and found
finished after it, runs that came to their end and were the same as one left alone (in a panel: openings that
found what was there), the worst of what a kill cost, and what went wrong; exit 1 if anything did.

training_panel_kill.py kills the child, and the window, of a training under way in its panel.
"""

from __future__ import annotations

import argparse
import datetime
import sys
import tempfile
from pathlib import Path

from kill_autosave import autosave
from kill_batch import Tally, batch
from kill_training import training
from napari_tbcad.files import written_whole

HEAD = "| what was killed | kills | files read | finished, and found | ends equal | worst cost | faults |"


def main() -> None:
    """Kill, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, number in (("--batch", 80), ("--autosave", 60), ("--training", 60), ("--seed", 1)):
        parser.add_argument(name, type=int, default=number)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    tallies: list[Tally] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, part in (("training", training), ("batch", batch), ("autosave", autosave)):
            if (times := getattr(options, name)) > 0:
                (Path(folder) / name).mkdir()
                tallies += part(Path(folder) / name, times, options.seed)
    lines = [HEAD, "|---|---|---|---|---|---|---|", *(tally.row() for tally in tallies)]
    kills, faults = sum(one.kills for one in tallies), [text for one in tallies for text in one.faults]
    lines += [
        "",
        f"{datetime.date.today()}, seed {options.seed}: {kills} kills, {len(faults)} faults",
        *faults,
    ]
    print(*lines, sep="\n")
    if options.out:
        with written_whole(options.out) as temporary:
            temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
