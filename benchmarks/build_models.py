"""Build the packaged demonstration classifier with its card.

    python benchmarks/reframe.py ../shared/data/chest --out FRAMED
    python benchmarks/build_models.py ../shared/data/chest --framed FRAMED --cache DIR [--workers 2]

It is trained on the real films of tb_multisource, the normal ones as they are and framed like
tuberculosis films (benchmarks/reframe.py), with masks of the packaged lung network, opacities of the
packaged opacity network (benchmarks/chest_networks.py) and the modes of the packaged shape model
(benchmarks/build_shape_model.py); its features and cost were chosen across sources
(benchmarks/tb_sources.py). Feature tables are kept in the cache folder.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from napari_tbcad.batch.cards import card_facts
from napari_tbcad.chest.classify.model import ChestModel
from napari_tbcad.chest.classify.packaged import DEMONSTRATION
from napari_tbcad.chest.classify.store import save_model
from napari_tbcad.chest.workflow import packaged_shape_model, settings_from
from napari_tbcad.evaluate.evaluation import evaluate_table
from napari_tbcad.evaluate.methods import make_estimator
from napari_tbcad.evaluate.training import card_scores, train_model
from tb_sources import (
    CHOSEN,
    FEATURE_SET,
    FEATURES,
    SETTINGS,
    chosen_columns,
    columns_of,
    control_options,
    design,
    measured,
    with_framed,
)

WEIGHTS = Path(__file__).parents[1] / "src" / "napari_tbcad" / "weights"
OPTIONS = CHOSEN
TERMS = {
    "tb_kaggle700": "TB Chest Radiography Database (Rahman et al. 2020); research use",
    "tb_mendeley": "Dataset of Tuberculosis Chest X-rays Images (Mendeley Data); research use",
    "normal_rsna": "normals of the COVID-19 Radiography Database (Chowdhury et al. 2020); research use",
}


def build_classifier(data: Path, framed: Path, cache: Path, *, workers: int) -> None:
    """Write weights/demonstration.skops and print its scores."""
    films, folds = design(measured(data / "tb_multisource", cache, "tb_multisource", workers=workers))
    anew = measured(framed / "films.csv", cache, "reframed", workers=workers)
    both, designs = with_framed(films, folds, anew)
    columns = columns_of(list(both.tables.inside.columns))[FEATURES]
    elsewhere = [name for name in columns if name in both.tables.outside.columns]
    control = control_options(columns, elsewhere, OPTIONS)
    settings = settings_from({**SETTINGS, "features.feature_set": FEATURE_SET})
    # The card describes what its feature set measures; the tables hold more, to compare.
    read = [name for name in films.tables.inside.columns if not name.startswith("band_")]
    facts = card_facts(chosen_columns(films, read), settings, name=DEMONSTRATION)
    sources = [s.model_copy(update={"terms": TERMS[s.name]}) for s in facts["sources"]]
    controls = {"outside_lungs": both.tables.outside[elsewhere]}
    alike = evaluate_table(
        both.tables.inside[columns],
        both.labels,
        splits=designs["framed alike"],
        methods={"hierarchical_svm": make_estimator("hierarchical_svm", columns, **OPTIONS)},
        groups=both.patients,
        controls=controls,
        control_options=control,
        progress=tell,
    )
    scores = card_scores(alike, "hierarchical_svm", design="cross-source, framed alike")
    normal = films.tables.inside[columns][films.labels == 0]
    median = normal.median()
    facts |= {
        # A film is compared with normal films as they are, not with their copies.
        "normal_median": tuple(median),
        "normal_spread": tuple(1.4826 * (normal - median).abs().median()),
        "demonstration": True,
        "sources": tuple(sources),
        "scores": tuple(score.model_copy(update={"headline": False}) for score in scores),
        "description": "Demonstration model: real tuberculosis films of two public collections at 256 pixels "
        "against normal films of a third, as they are and framed like the tuberculosis films. Train your own "
        "on films like yours. Shape modes: " + packaged_shape_model().sources,
    }
    model = train_model(
        both.tables.inside[columns],
        both.labels,
        card_info=facts,
        splits=designs["as framed"],
        controls=controls,
        groups=both.patients,
        shape_model=packaged_shape_model().to_arrays(),
        options=OPTIONS,
        control_options=control,
        design="cross-source",
        progress=tell,
    )
    write(model)
    for score in model.card.scores:
        print(f"  {score.design}  {score.metric}  {score.value:.3f} ({score.low:.3f}–{score.high:.3f})")


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
    parser.add_argument("--framed", type=Path, required=True, help="folder that benchmarks/reframe.py wrote")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    build_classifier(options.data, options.framed, options.cache, workers=options.workers)


if __name__ == "__main__":
    main()
