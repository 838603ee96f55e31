"""The explanation of decisions, tested: pointing at what readers marked, removal of what it calls important.

    python benchmarks/explanation.py --tables CACHE --films CACHE [--trainings TRAININGS] [--half test]

CACHE of ``--tables`` holds the feature tables of benchmarks/tb_sources.py, that of ``--films`` masks and
opacities of the films asked about (made where they are missing). With ``--trainings`` (see
benchmarks/network_opacities.py) the films of pneumonia_lesions that fold 0 held out are asked about with
the opacity network of that fold, too: the packaged one learned from all of them.

Classifiers, all fitted on tb_multisource: the packaged demonstration model, and the same on other columns,
to tell what reads what. What stands in a part's place, the windows and the weight of texture were chosen on
the half of the films that ``--half choose`` prints for each choice; the figures are of the other half
(``--half test``).
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from build_models import OPTIONS
from lungs import CHEST, read_grey, rows
from napari_tbcad.chain import Run
from napari_tbcad.chest.classify.model import ChestModel
from napari_tbcad.chest.classify.packaged import find_model, packaged_model
from napari_tbcad.chest.classify.train import fit_model
from napari_tbcad.chest.explain import ExplainParameters, Explanation, explain
from napari_tbcad.chest.lungs.fields import LungMasks
from napari_tbcad.chest.opacities import Opacities
from napari_tbcad.chest.workflow import packaged_shape_model, settings_for, settings_from, start, use_model
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.explaining import FilmScores, Marked, explanation_rows, score_film
from napari_tbcad.evaluate.explaining.films import pointing_scores
from napari_tbcad.evaluate.methods import make_estimator
from napari_tbcad.files import write_csv
from napari_tbcad.imaging.grid import resize_labels, resize_soft
from napari_tbcad.imaging.radiograph import Radiograph
from opacity_set import patient_of
from tb_sources import columns_of, design, measured

DATE = datetime.date.today()
MM_PER_PIXEL_512 = 0.175 * 2048 / 512
"""Of the JSRT films as they are kept here; the nodules' sizes are in millimetres."""
SETS = ("pneumonia", "nodules", "others")
OTHER_COLUMNS = ("modes + texture", "modes + opacity")
CHOICES = {name: ExplainParameters(neutral=name) for name in ("rest", "normal", "clear")} | {
    f"texture {weight}": ExplainParameters(texture=weight) for weight in (0, 0.25, 1)
}
SHORT = {"pneumonia_lesions": "pneu", "jsrt": "jsrt", "shenzhen_sample": "shen", "montgomery_sample": "mont"}


@dataclass(frozen=True)
class Asked:
    """One film, of whom, and what was marked on it."""

    path: Path
    patient: str
    group: str
    marked: Marked | None


def pneumonia() -> Iterator[Asked]:
    """Films with drawn lesions."""
    folder = CHEST / "pneumonia_lesions"
    for row in rows(folder):
        lesions, lungs = (read_grey(folder / part / row["file"]) > 0 for part in ("lesions", "lungs"))
        yield Asked(
            folder / "images" / row["file"], patient_of(row), "pneumonia_lesions", Marked(lesions, lungs)
        )


def nodules() -> Iterator[Asked]:
    """JSRT films with a nodule; no network learned from them."""
    folder = CHEST / "jsrt"
    for row in rows(folder):
        if row["nodule"] != "1" or row["usable"] != "1":
            continue
        radius = float(row["nodule_mm"]) / 2 / MM_PER_PIXEL_512
        place = (float(row["y512"]) / 512, float(row["x512"]) / 512, radius / 512)
        yield Asked(folder / "images" / row["file"], row["file"], "JSRT nodules", Marked(nodule=place))


def others() -> Iterator[Asked]:
    """Films of tuberculosis sets that no model here learned from; only the removal is tested on them."""
    for name in ("shenzhen_sample", "montgomery_sample"):
        for row in rows(CHEST / name):
            yield Asked(CHEST / name / "images" / row["file"], row["file"], "TB samples", None)


def half_of(film: Asked) -> str:
    """Return which half a film belongs to."""
    name = f"{SHORT[film.path.parent.parent.name]}__{film.path.name}"
    return "test" if int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2 else "choose"


def models(tables: Path | None, given: list[str]) -> dict[str, ChestModel]:
    """Return models by name or file; without any the packaged one, and the same method on other columns."""
    if given:
        return {name: find_model(name) for name in given}
    if tables is None:
        raise SystemExit("either --tables or --model")
    packaged = packaged_model()
    films, _ = design(measured(CHEST / "tb_multisource", tables, "tb_multisource", workers=1))
    info = packaged.card.model_dump()
    info = {
        name: info[name]
        for name in ("feature_set", "definition", "grid", "levels", "image", "enhance", "segmenter")
    } | {"masks": packaged.card.masks, "features": packaged.card.features, "sources": packaged.card.sources}
    found = {packaged.card.name: packaged}
    for name in OTHER_COLUMNS:
        columns = columns_of(list(films.tables.inside.columns))[name]
        found[name] = fit_model(
            films.tables.inside[columns],
            films.labels,
            estimator=make_estimator("hierarchical_svm", columns, **OPTIONS),
            card_info=info | {"name": name},
            shape_model=packaged_shape_model().to_arrays(),
        )
    return found


def run_of(film: Asked, cache: Path, model: ChestModel, network: str | None) -> Run | None:
    """Return a film's run with masks and opacities, from the cache when it has them."""
    settings = settings_for(model)
    if network:
        settings = settings_from({"opacities.model": network}, settings)
    kept = cache / f"{film.path.parent.parent.name}{'_fold0' if network else ''}__{film.path.stem}.npz"
    if not kept.exists():
        radiograph = Radiograph(read_grey(film.path), source=film.path.name)
        run = start(radiograph, settings, model=model)
        try:
            run.compute("work", "enhanced", "sensitive", "insensitive", "opacities", "result")
        except BadInput as error:
            print(f"# left out: {error}")
            return None
        shape = run.get("work").shape
        masks = {k: resize_labels(run.get(k).labels, shape) for k in ("sensitive", "insensitive")}
        images = {k: run.get(k).pixels for k in ("work", "enhanced")}
        cache.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(kept, opacities=run.get("opacities").probabilities, **images, **masks)
    with np.load(kept) as given:
        values = dict(given)
    work = Radiograph(values["work"], source=film.path.name)
    run = start(work, settings, model=model)
    for name, value in (
        ("upright", work),
        ("work", work),
        ("enhanced", Radiograph(values["enhanced"], source=film.path.name)),
        ("sensitive", LungMasks(values["sensitive"], "sensitive")),
        ("insensitive", LungMasks(values["insensitive"], "insensitive")),
        ("opacities", Opacities(values["opacities"], work.shape)),
    ):
        run.put(name, value)
    return run


def peers(run: Run, film: Asked, seed: int) -> dict[str, FilmScores]:
    """Return how the opacity map, and a map of smooth noise, point."""
    labels = resize_labels(run.get("insensitive").labels, run.get("work").shape)
    noise = np.random.default_rng(seed).standard_normal(labels.shape)
    maps: dict[str, NDArray[Any]] = {
        "opacity map": resize_soft(run.get("opacities").any, labels.shape),
        "random map": ndimage.gaussian_filter(noise, 0.02 * max(labels.shape)),
    }
    assert film.marked is not None
    return {
        name: FilmScores(film.path.stem, film.patient, 2, 0.0, pointing_scores(values, labels, film.marked))
        for name, values in maps.items()
    }


def parts(run: Run, film: Asked, told: Explanation) -> dict[str, FilmScores]:
    """Return how the map of each family of features points by itself, where stage 2 decided."""
    labels = resize_labels(run.get("insensitive").labels, run.get("work").shape)
    assert film.marked is not None
    return {
        f"{family} alone": FilmScores(
            film.path.stem, film.patient, told.stage, 0.0, pointing_scores(values, labels, film.marked)
        )
        for family, values in {**told.parts, "all evidence at full size": told.whole}.items()
        if told.stage == 2
    }


Scores = dict[str, list[FilmScores]]


def ask_all(
    films: list[Asked],
    found: dict[str, ChestModel],
    cache: Path,
    *,
    network: str | None = None,
    quick: bool = False,
) -> tuple[Scores, list[float]]:
    """Explain every film by every model; return scores per group, and the processor's seconds."""
    scores: Scores = {}
    seconds = []
    first = next(iter(found))
    for number, film in enumerate(films):
        run = run_of(film, cache, found[first], network)
        if run is None:
            continue
        group = film.group + (" held out, fold network" if network else "")
        for name, model in found.items():
            use_model(run, model)
            run.compute("result")
            began = time.process_time()
            told = explain(run)
            seconds.append(time.process_time() - began)
            score = score_film(
                run,
                name=film.path.stem,
                patient=film.patient,
                marked=film.marked,
                erased=name == first and not quick,
                n_random=10,
                told=told,
            )
            scores.setdefault(f"{group}, {name}", []).append(score)
            if film.marked is not None and name == first:
                for part, one in (parts(run, film, told) | peers(run, film, number)).items():
                    scores.setdefault(f"{group}, {part}", []).append(one)
        if number % 10 == 0:
            print(f"# {number + 1} of {len(films)}", flush=True)
    return scores, seconds


def choose(films: list[Asked], cache: Path) -> Scores:
    """Explain every film with each thing that may stand in a part's place, and weight of texture."""
    scores: Scores = {}
    for film in films:
        if (run := run_of(film, cache, packaged_model(), None)) is None:
            continue
        for choice, parameters in CHOICES.items():
            told = score_film(
                run,
                name=film.path.stem,
                patient=film.patient,
                marked=film.marked,
                n_random=10,
                erased=False,
                parameters=parameters,
            )
            scores.setdefault(f"{film.group}, {choice}", []).append(told)
    return scores


def tell(title: str, scores: list[FilmScores], out: list[dict[str, object]]) -> None:
    """Print the rows of a group of films."""
    print(f"\n{title}: {len(scores)} films, {len({s.patient for s in scores})} persons", flush=True)
    table = explanation_rows(scores)
    with pd.option_context("display.width", 120):
        print(table.drop(columns="what").round(3).to_string(index=False), flush=True)
    out += [{"group": title, **row} for row in table.to_dict("records")]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, help="needed without --model")
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--trainings", type=Path)
    parser.add_argument("--model", action="append", default=[], help="packaged name or file, instead; repeat")
    parser.add_argument("--half", choices=("choose", "test", "all"), default="test")
    parser.add_argument("--sets", nargs="*", choices=SETS, default=SETS, help="none: those held out alone")
    parser.add_argument("--quick", action="store_true", help="without the erasure in the mask")
    parser.add_argument("--out", type=Path, help="CSV of all rows")
    asked = parser.parse_args()
    print(f"{DATE}, explanation, half: {asked.half}, {ExplainParameters()}")
    sources = {"pneumonia": pneumonia, "nodules": nodules, "others": others}
    films = [f for name in asked.sets for f in sources[name]() if asked.half in ("all", half_of(f))]
    seconds: list[float] = []
    if asked.half == "choose":
        scores = choose(films, asked.films)
    else:
        found = models(asked.tables, asked.model)
        scores, seconds = ask_all(films, found, asked.films, quick=asked.quick)
        if asked.trainings:
            network = asked.trainings / "opacities" / "fold0"
            split = pd.read_csv(network / "split.csv", encoding="utf-8-sig")
            unseen = {Path(p).stem.split("__", 1)[1] for p in split.image[split.role != "train"]}
            held = [film for film in pneumonia() if film.path.stem in unseen]
            file = str(network / "model.safetensors")
            more, _ = ask_all(held, found, asked.films, network=file, quick=asked.quick)
            scores |= more
    lines: list[dict[str, object]] = []
    for title, group in scores.items():
        tell(title, group, lines)
    if seconds:
        print(f"\nprocessor time of one: median {np.median(seconds):.2f} s, most {max(seconds):.2f} s")
    if asked.out:
        write_csv(asked.out, list(lines[0]), lines)


if __name__ == "__main__":
    main()
