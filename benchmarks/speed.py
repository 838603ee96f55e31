"""The table of times: stage × size × device, beside other libraries in the same run.

    python benchmarks/speed.py [--parts features growth contrast lungs films stages bone memory card]
                               [--quick] [--out DIR] [--batch]

Every part runs in a process of its own, with the threads that its rows name. Jobs that are compared are run
in turn, so that a busy machine slows them alike; processor time of the process stands beside the clock, and
gives the ratios. --quick takes fewer repeats. --out writes speed.json and speed.md. --batch runs
benchmarks/batch.py afterwards (workers, Dask, memory over many films).

Other libraries: pip install 'napari-tbcad[bench]'. Films: ../shared/data, or noise where it is absent.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from napari_tbcad.threads import wait_asleep
from speed_rows import Row, as_table, machine

HERE = Path(__file__).resolve().parent
LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)
"""What the libraries read when they are loaded."""


@dataclass(frozen=True)
class Part:
    """A part of the table: its heading, the threads of its processes, and how its rows are found."""

    title: str
    threads: tuple[int, ...]
    rows: Callable[[int, int], Iterator[Row]]


def _features(repeats: int, threads: int) -> Iterator[Row]:
    from speed_features import features

    return features(repeats)


def _growth(repeats: int, threads: int) -> Iterator[Row]:
    from speed_features import growth

    return growth(repeats)


def _contrast(repeats: int, threads: int) -> Iterator[Row]:
    from speed_pictures import contrast

    return contrast(repeats)


def _lungs(repeats: int, threads: int) -> Iterator[Row]:
    from speed_pictures import segmentation

    return segmentation(repeats, threads)


def _films(repeats: int, threads: int) -> Iterator[Row]:
    from speed_chains import films

    return films(repeats, threads)


def _stages(repeats: int, threads: int) -> Iterator[Row]:
    from speed_chains import stages

    return stages(repeats, threads)


def _bone(repeats: int, threads: int) -> Iterator[Row]:
    from speed_chains import pairs

    return pairs(repeats)


def _memory(repeats: int, threads: int) -> Iterator[Row]:
    from speed_chains import memory

    return memory()


def _card(repeats: int, threads: int) -> Iterator[Row]:
    import speed_features
    import speed_pictures

    yield from speed_features.on_card(repeats)
    yield from speed_pictures.on_card(repeats)


PARTS = {
    "features": Part("113 features", (1,), _features),
    "growth": Part("Growth of the features with pixels and grey levels", (1,), _growth),
    "contrast": Part("Local contrast", (1,), _contrast),
    "lungs": Part("Lung segmentation", (1, 2), _lungs),
    "films": Part("A film to its result", (1, 2), _films),
    "stages": Part("Stages of a film, `network` masks", (1,), _stages),
    "bone": Part("A pair of bone scans to its index", (2,), _bone),
    "memory": Part("Memory", (2,), _memory),
    "card": Part("On a graphics card", (2,), _card),
}


def measured(name: str, threads: int, repeats: int) -> list[Row]:
    """Run a part in a fresh process, its libraries' threads set before they are loaded."""
    command = [sys.executable, __file__, "--part", name, "--threads", str(threads), "--repeats", str(repeats)]
    limits = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
    )
    environment = os.environ | dict.fromkeys(limits, str(threads))
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=HERE, check=False)
    if done.returncode:
        raise SystemExit(f"the part {name} ended with {done.returncode}")
    rows = []
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            rows.append(Row(**json.loads(line)))
        else:
            print(f"  {line}", flush=True)
    return rows


def child(name: str, threads: int, repeats: int) -> None:
    """Print a part's rows, one JSON object a line."""
    # The program does it before it loads torch; a benchmark may load torch first.
    wait_asleep()
    for row in PARTS[name].rows(repeats, threads):
        print(json.dumps(row.as_json()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--quick", action="store_true", help="5 repeats rather than 15")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--batch", action="store_true")
    for hidden in ("part", "threads", "repeats"):
        parser.add_argument(f"--{hidden}", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        child(given.part, int(given.threads), int(given.repeats))
        return
    repeats = 5 if given.quick else 15
    text = [f"{datetime.date.today()}, {machine()}; medians of up to {repeats}, jobs in turn"]
    print(text[0], flush=True)
    figures: dict[str, list[dict[str, object]]] = {}
    for name in given.parts:
        part = PARTS[name]
        rows = [row for threads in part.threads for row in measured(name, threads, repeats)]
        figures[name] = [row.as_json() for row in rows]
        if rows:
            text.append(f"### {part.title}\n\n{as_table(rows)}")
            print(f"\n{text[-1]}", flush=True)
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "speed.json").write_text(json.dumps({"when": text[0], "parts": figures}, indent=1))
        (given.out / "speed.md").write_text("\n\n".join(text) + "\n", encoding="utf-8")
    if given.batch:
        subprocess.run([sys.executable, str(HERE / "batch.py")], check=True)


if __name__ == "__main__":
    main()
