"""Build the packaged demonstration classifier with its card.

    python benchmarks/build_models.py ../shared/data/chest --cache DIR [--workers 2]

It is trained on the real films of tb_multisource with masks of the packaged atlas and the modes of the
packaged shape model (benchmarks/build_shape_model.py); its features and cost were chosen across sources
(benchmarks/tb_sources.py). Feature tables are kept in the cache folder.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from napari_tbcad.batch.training import card_facts
from napari_tbcad.chest.classify.packaged import DEMONSTRATION
from napari_tbcad.chest.classify.store import save_model
from napari_tbcad.chest.workflow import packaged_shape_model, settings_from
from napari_tbcad.evaluate.training import train_model
from tb_sources import SETTINGS, columns_of, design, measured

WEIGHTS = Path(__file__).parents[1] / "src" / "napari_tbcad" / "weights"
FEATURES = "modes + texture"
OPTIONS = {"C": 3.0, "balance": True, "sharpness": 2.0}
"""With the families balanced, the kernel is as wide in the grey-level features as that of CONTROL alone."""
CONTROL = {"C": 3.0}
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
        progress=lambda share, what: print(f"  {share:4.0%} {what}", flush=True),
    )
    path = WEIGHTS / f"{DEMONSTRATION}.skops"
    digest = save_model(model, path)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, SHA-256 {digest}")
    for score in model.card.scores:
        print(f"  {score.design}  {score.metric}  {score.value:.3f} ({score.low:.3f}–{score.high:.3f})")


def main() -> None:
    """Build it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    build_classifier(options.data, options.cache, workers=options.workers)


if __name__ == "__main__":
    main()
