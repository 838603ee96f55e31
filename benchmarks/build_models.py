"""Build the packaged demonstration classifier with its card.

    python benchmarks/build_models.py ../shared/data/chest --cache DIR [--workers 2]
    python benchmarks/build_models.py ../shared/data/chest --cache DIR --normals-only

The second writes anew only what the card says of the normal films (their quantiles, and the band of their
grey levels); the classifier in the file stays as it was fitted, bit for bit, and so do its scores.

It is trained on the real films of tb_multisource with masks of the packaged lung network, opacities of the
packaged opacity network (benchmarks/chest_networks.py) and the modes of the packaged shape model
(benchmarks/build_shape_model.py); its features and cost were chosen across sources
(benchmarks/tb_sources.py). Feature tables are kept in the cache folder.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from napari_tbcad.batch.measuring import MeasureJob, measure_films
from napari_tbcad.batch.training import card_facts
from napari_tbcad.chest.classify.model import ChestModel
from napari_tbcad.chest.classify.normals import normal_films
from napari_tbcad.chest.classify.packaged import DEMONSTRATION
from napari_tbcad.chest.classify.store import load_model, save_model
from napari_tbcad.chest.workflow import assignments_of, packaged_shape_model, settings_from
from napari_tbcad.evaluate.training import train_model
from napari_tbcad.io.datasets import load_dataset
from tb_sources import CHOSEN, CONTROL, SETTINGS, columns_of, design, measured

WEIGHTS = Path(__file__).parents[1] / "src" / "napari_tbcad" / "weights"
FEATURES = "modes + texture + opacity"
OPTIONS = CHOSEN
TERMS = {
    "tb_kaggle700": "TB Chest Radiography Database (Rahman et al. 2020); research use",
    "tb_mendeley": "Dataset of Tuberculosis Chest X-rays Images (Mendeley Data); research use",
    "normal_rsna": "normals of the COVID-19 Radiography Database (Chowdhury et al. 2020); research use",
}


def build_classifier(data: Path, cache: Path, *, workers: int) -> None:
    """Write weights/demonstration.skops and print its scores."""
    films, folds = design(measured(data / "tb_multisource", cache, "tb_multisource", workers=workers))
    columns = columns_of(list(films.tables.inside.columns))[FEATURES]
    grey = [name for name in columns if name in films.tables.outside.columns]
    facts = card_facts(films, settings_from(SETTINGS), name=DEMONSTRATION)
    sources = [s.model_copy(update={"terms": TERMS[s.name]}) for s in facts["sources"]]
    facts |= {
        "demonstration": True,
        "sources": tuple(sources),
        "description": "Demonstration model: real tuberculosis films of two public collections at 256 pixels "
        "against normal films of a third. Train your own on films like yours. Shape modes: "
        + packaged_shape_model().sources,
    }
    model = train_model(
        films.tables.inside[columns],
        films.labels,
        card_info=facts,
        splits=folds,
        controls={"outside_lungs": films.tables.outside[grey]},
        shape_model=packaged_shape_model().to_arrays(),
        options=OPTIONS,
        control_options=CONTROL,
        design="cross-source",
        progress=tell,
    )
    write(with_normals(model, data, cache, workers=workers))
    for score in model.card.scores:
        print(f"  {score.design}  {score.metric}  {score.value:.3f} ({score.low:.3f}–{score.high:.3f})")


def normal_tables(
    model: ChestModel, data: Path, cache: Path, *, workers: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return features and grey levels of the normal training films, from the cache when it has them."""
    files = [cache / f"normal_films_{part}.csv" for part in ("features", "grey")]
    if not all(file.exists() for file in files):
        rows = load_dataset(data / "tb_multisource").labelled().rows
        paths = [row.path for row in rows if row.label == 0 and row.source in TERMS]
        job = MeasureJob(assignments_of(model))
        tables = measure_films(paths, job, workers=workers, progress=tell)
        cache.mkdir(parents=True, exist_ok=True)
        for table, file in zip((tables.inside, tables.grey), files, strict=True):
            table.to_csv(file)
    features, grey = (pd.read_csv(file, index_col=0) for file in files)
    return features, grey


def with_normals(model: ChestModel, data: Path, cache: Path, *, workers: int) -> ChestModel:
    """Return the model with the normal films' values on its card; refuse films it was not trained on."""
    features, grey = normal_tables(model, data, cache, workers=workers)
    medians = features[list(model.card.feature_names)].median().to_numpy()
    apart = np.abs(medians - np.array(model.card.normal_median)) / np.array(model.card.normal_spread)
    if len(features) != model.card.n_normal or apart.max() > 1e-6:
        raise SystemExit(
            f"{len(features)} films, medians up to {apart.max():.2g} spreads from those of the card "
            f"({model.card.n_normal} films): these are not the films the model was trained on"
        )
    print(
        f"{len(features)} normal films; medians differ from the card's by {apart.max():.1g} spreads at most"
    )
    return replace(model, card=model.card.model_copy(update={"normal": normal_films(features, grey)}))


def extend_card(data: Path, cache: Path, *, workers: int) -> None:
    """Write the normal films' values onto the packaged model's card and nothing else into its file."""
    before = load_model(WEIGHTS / f"{DEMONSTRATION}.skops")
    write(with_normals(before, data, cache, workers=workers))
    after = load_model(WEIGHTS / f"{DEMONSTRATION}.skops")
    known, _ = normal_tables(before, data, cache, workers=workers)
    rows = known[list(before.card.feature_names)].to_numpy(float)
    answers = [model.stages(rows, threshold=0.5).probability for model in (before, after)]
    print(f"probabilities of {len(rows)} films differ by {np.abs(answers[0] - answers[1]).max():.1g} at most")


def tell(share: float, what: str) -> None:
    """Print progress."""
    print(f"  {share:6.1%} {what}", flush=True)


def write(model: ChestModel) -> None:
    """Save the packaged model."""
    path = WEIGHTS / f"{DEMONSTRATION}.skops"
    digest = save_model(model, path)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, SHA-256 {digest}")


def main() -> None:
    """Build it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--normals-only", action="store_true", help="keep the classifier, renew its card")
    options = parser.parse_args()
    if options.normals_only:
        extend_card(options.data, options.cache, workers=options.workers)
        return
    build_classifier(options.data, options.cache, workers=options.workers)


if __name__ == "__main__":
    main()
