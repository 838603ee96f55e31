"""How often the polarity check is wrong on real films, as they are and turned round.

Run: ``python benchmarks/polarity.py ../shared/data/chest [--every N]``
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

from napari_tbcad.chest.polarity import correct_polarity, invert, polarity_score
from napari_tbcad.io.read import find_films, read_film

SETS = ("jsrt", "pneumonia_lesions", "nih_sample", "tb_multisource", "shenzhen_sample", "montgomery_sample")


def washed_out(folder: Path) -> set[str]:
    with open(folder / "labels.csv", encoding="utf-8-sig", newline="") as file:
        return {row["file"] for row in csv.DictReader(file) if row.get("usable") == "0"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chest", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take every N-th film of tb_multisource")
    arguments = parser.parse_args()
    print(
        "set                   films  upright called inverted  inverted called upright  lowest  5 %   median"
    )
    for name in SETS:
        films = find_films(arguments.chest / name / "images")
        films = films[:: arguments.every] if name == "tb_multisource" else films
        washed = washed_out(arguments.chest / name)
        for label, part in (
            (name, [f for f in films if f.path.name not in washed]),
            (f"{name} washed out", [f for f in films if f.path.name in washed]),
        ):
            if part:
                report(label, part)


def report(label: str, films: list) -> None:
    scores, missed, wrong = [], 0, []
    for entry in films:
        film = read_film(entry.path)
        scores.append(polarity_score(film))
        if correct_polarity(film).inverted != film.inverted:
            wrong.append(entry.name)
        turned = invert(film)
        missed += correct_polarity(turned).inverted == turned.inverted
    low, five, median = np.percentile(scores, [0, 5, 50])
    shares = "".join(f"{n:12d} ({n / len(films):6.2%})" for n in (len(wrong), missed))
    print(
        f"{label:22s}{len(films):5d}{shares}      {low:6.2f} {five:6.2f} {median:6.2f}  {' '.join(wrong[:4])}"
    )


if __name__ == "__main__":
    main()
