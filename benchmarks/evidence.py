"""Everything docs/evidence.md says of the chest study, in one command: hours on two cores, resumable.

    python benchmarks/evidence.py ../shared/data/chest --out OUT [--only PART …] [--workers 2]
    python benchmarks/evidence.py ../shared/data/chest --out OUT --tables

Each part is ``napari-tbcad chest evaluate …`` or a script of this folder; the commands are printed and can
be given alone. What a part prints goes to the screen and to OUT/logs/PART.txt, under the commands, the
date, the seconds and the load of the machine; evaluation folders are OUT/PART. A part that was stopped
goes on where it was. ``--tables`` runs nothing: it prints the tables of the folders that are there.

Parts
-----
tb_across
    Tuberculosis of two collections against normal films of a third (tb_multisource without viral
    pneumonia), trained on one collection and tested on the other.
tb_pooled
    The same films and measurements in five folds by film, collections mixed: must warn.
nih
    Pneumonia against no finding from one hospital, portable films and others: must warn red.
simulated
    Lesions put into half of the normal films: must not warn. Simulated; never beside real scores.
samples
    The ten sample films of Shenzhen and Montgomery, one of them with tuberculosis: the packaged classifier
    as it is; that training on them is refused.
time
    662 films in the layout of the Shenzhen set: how long it takes. The films are made; no score counts.
correction, explanation, learning_curve, sources
    The scripts of these names (sources: tb_sources.py and the frames it needs).
"""

from __future__ import annotations

import argparse
import csv
import datetime
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from evidence_tables import EVALUATIONS, told

HERE = Path(__file__).parent
CHEST = ["-m", "napari_tbcad.cli", "chest"]
MEASURED = ["--set", "features.grid=256", "--set", "features.shape_unit=relative"]
"""As the packaged classifier: films of tb_multisource have 256 pixels, and sizes in lungs, not in frames."""
SETS = ["--feature-set", "extended_bands,chandra113"]
"""What the packaged classifier chooses from leads; the study's own features stand beside it."""
LEFT_OUT = "viral_pneumonia"


@dataclass(frozen=True)
class Part:
    """Commands of one part, each the arguments of python; those of `refused` must be refused."""

    commands: tuple[list[str], ...]
    refused: tuple[list[str], ...] = ()
    before: Callable[[], None] = field(default=lambda: None)


def parts(data: Path, out: Path, workers: int) -> dict[str, Part]:
    """Return name → part, the longest first."""

    def evaluate(films: Path, name: str, *more: str) -> list[str]:
        return [*CHEST, "evaluate", str(films), "--out", str(out / name), *more, "--workers", str(workers)]

    def script(name: str, *more: str) -> list[str]:
        return [str(HERE / f"{name}.py"), *more]

    both = out / "shenzhen_and_montgomery_samples.csv"
    films, cache, made = out / "tb_multisource_tb_normal.csv", str(out / "tables"), out / "made"
    simulated, drawn, framed = made / "simulated", made / "simulated_jsrt", made / "framed"
    shenzhen, layout = made / "shenzhen", made / "shenzhen" / "ChinaSet_AllFiles"
    return {
        "tb_across": Part(
            (evaluate(films, "tb_across", *SETS, *MEASURED),),
            before=lambda: write_two_classes(data / "tb_multisource", films),
        ),
        "time": Part(
            (
                script("evaluate_time", "make", str(data / "tb_multisource"), str(shenzhen)),
                script("evaluate_time", "run", str(layout), str(out / "time"), "--workers", str(workers)),
            ),
        ),
        "tb_pooled": Part(
            (
                evaluate(
                    films,
                    "tb_pooled",
                    *SETS,
                    *MEASURED,
                    *("--design", "folds", "--folds", "5", "--repeats", "1"),
                ),
            ),
            before=lambda: share_measurements(out / "tb_across", out / "tb_pooled"),
        ),
        "nih": Part((evaluate(data / "nih_sample", "nih", *SETS, *MEASURED),)),
        "simulated": Part(
            (
                script("control_sets", str(data), "--out", str(simulated), "--films", "200"),
                evaluate(simulated, "simulated", *SETS, *MEASURED),
            )
        ),
        "samples": Part(
            (evaluate(both, "samples", "--classifier", "demonstration"),),
            refused=tuple(
                evaluate(data / f"{name}_sample", f"{name}_training") for name in ("shenzhen", "montgomery")
            ),
            before=lambda: write_samples(data, both),
        ),
        "correction": Part(
            (
                script("control_sets", str(data), "--out", str(drawn), "--films", "193", "--nodules"),
                *(
                    script(
                        "correction",
                        str(data),
                        *("--simulated", str(drawn), "--segmenter", segmenter, "--cache", cache),
                    )
                    for segmenter in ("network", "otsu")
                ),
            )
        ),
        "learning_curve": Part(
            (script("learning_curve", str(data), "--cache", cache, "--workers", str(workers)),)
        ),
        "sources": Part(
            (
                script("reframe", str(data), "--out", str(framed)),
                script(
                    "tb_sources",
                    str(data),
                    *("--framed", str(framed), "--cache", cache, "--workers", str(workers)),
                ),
            )
        ),
        "explanation": Part((script("explanation", "--tables", cache, "--films", str(made / "explained")),)),
    }


def write_two_classes(folder: Path, table: Path) -> None:
    """Write the films of tb_multisource that show tuberculosis or nothing, as a data set of its own."""
    write_films(table, [(folder, row, row["source"]) for row in rows(folder) if row["source"] != LEFT_OUT])


def write_samples(data: Path, table: Path) -> None:
    """Write the films of both samples as one data set: one of them has no film with tuberculosis."""
    names = ("shenzhen", "montgomery")
    write_films(
        table,
        [(data / f"{name}_sample", row, name) for name in names for row in rows(data / f"{name}_sample")],
    )


def rows(folder: Path) -> list[dict[str, str]]:
    """Return the rows of a data set's labels.csv."""
    with (folder / "labels.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_films(table: Path, films: list[tuple[Path, dict[str, str], str]]) -> None:
    """Write path, label and source of films, unless the table is there."""
    if table.is_file():
        return
    table.parent.mkdir(parents=True, exist_ok=True)
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "source"])
        for folder, row, source in films:
            writer.writerow([(folder / "images" / row["file"]).resolve(), row["label"], source])


def share_measurements(done: Path, new: Path) -> None:
    """Let an evaluation start from the measurements of another one: they are kept by films and settings."""
    journal = done / "measured" / "films.jsonl"
    if journal.is_file() and not (new / "measured" / "films.jsonl").exists():
        (new / "measured").mkdir(parents=True, exist_ok=True)
        (new / "work").mkdir(exist_ok=True)
        shutil.copy2(journal, new / "measured")
        if (done / "work" / "hashes.json").is_file():
            shutil.copy2(done / "work" / "hashes.json", new / "work")


def run_part(name: str, part: Part, logs: Path) -> bool:
    """Run a part, print and keep what it prints; tell whether it went as it should."""
    logs.mkdir(parents=True, exist_ok=True)
    part.before()
    good = True
    with (logs / f"{name}.txt").open("a", encoding="utf-8") as log:

        def say(line: str) -> None:
            print(line, flush=True)
            log.write(f"{line}\n")
            log.flush()

        for command in (*part.commands, *part.refused):
            say(f"\n$ python {' '.join(command)}")
            say(f"# {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC")
            began = time.monotonic()
            process = subprocess.Popen(
                [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            for line in process.stdout or ():
                say(line.rstrip("\n"))
            code = process.wait()
            loads = " ".join(f"{load:.1f}" for load in os.getloadavg())
            seconds = time.monotonic() - began
            say(f"# exit code {code}, {seconds:.0f} s, load {loads} (1, 5, 15 min), {os.cpu_count()} cores")
            wanted = command in part.refused
            if bool(code) is not wanted:
                say("# was not refused" if wanted else "# failed")
                good = False
                break
    return good


def chosen(all_parts: dict[str, Part], only: list[str] | None) -> Iterator[tuple[str, Part]]:
    """Yield the parts asked for; exit where one is not known."""
    unknown = sorted(set(only or ()) - set(all_parts))
    if unknown:
        sys.exit(f"no part is called {', '.join(unknown)}; there are {', '.join(all_parts)}")
    yield from ((name, part) for name, part in all_parts.items() if not only or name in only)


def main() -> None:
    """Run the parts, or print the tables of what was run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?", default=Path("../shared/data/chest"))
    parser.add_argument("--out", type=Path, default=Path("evidence"))
    parser.add_argument("--only", nargs="*", help="names of parts")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tables", action="store_true", help="print the tables of what was run, run nothing")
    asked = parser.parse_args()
    wanted = list(chosen(parts(asked.data, asked.out, asked.workers), asked.only))
    if asked.tables:
        folders = [asked.out / name for name, _ in wanted if name in EVALUATIONS]
        print("\n\n".join(told(folder) for folder in folders if (folder / "evaluation.json").is_file()))
        return
    failed = [name for name, part in wanted if not run_part(name, part, asked.out / "logs")]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
