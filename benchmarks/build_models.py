"""Build the packaged shape model and the demonstration classifier, with their cards.

    python benchmarks/build_models.py ../shared/data/chest --cache DIR [--workers 2]

The shape model holds the mean and the principal modes of real lung outlines, no single outline. The
classifier is trained on the real films of tb_multisource with masks of the packaged atlas; its features and
cost were chosen across sources (benchmarks/tb_sources.py). Feature tables are kept in the cache folder.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from napari_tbcad.batch.training import card_facts
from napari_tbcad.chest.classify.packaged import DEMONSTRATION
from napari_tbcad.chest.classify.store import save_model
from napari_tbcad.chest.lungs.fields import LEFT, RIGHT
from napari_tbcad.chest.shape_model import (
    ShapeModelParameters,
    fit_shape_model,
    outline_points,
    rasterise,
)
from napari_tbcad.chest.workflow import packaged_shape_model, settings_from
from napari_tbcad.evaluate.training import train_model
from tb_sources import SETTINGS, columns_of, design, measured

WEIGHTS = Path(__file__).parents[1] / "src" / "napari_tbcad" / "weights"
GRID = 256
FEATURES = "17 + modes + texture"
OPTIONS = {"C": 1.0, "stage1_threshold": "specificity=0.95"}
TERMS = {
    "tb_kaggle700": "TB Chest Radiography Database (Rahman et al. 2020); research use",
    "tb_mendeley": "Dataset of Tuberculosis Chest X-rays Images (Mendeley Data); research use",
    "normal_rsna": "normals of the COVID-19 Radiography Database (Chowdhury et al. 2020); research use",
}
OUTLINES = (
    "modes of 526 lung outlines (Gaggion et al. 2022): Shenzhen and Montgomery (National Library of "
    "Medicine; Jaeger 2014, Candemir 2014), JSRT/SCR (Shiraishi 2000, van Ginneken 2006); research use"
)


def build_shape_model(data: Path) -> None:
    """Write weights/shape_model.safetensors."""
    folder = data / "lung_outlines"
    points = []
    with np.load(folder / "outlines_1024.npz", allow_pickle=False) as given:
        for name in pd.read_csv(folder / "labels.csv").file:
            lungs = {RIGHT: given[f"{name}/RL"], LEFT: given[f"{name}/LL"]}
            scaled = {side: (outline + 0.5) * GRID / 1024 - 0.5 for side, outline in lungs.items()}
            points.append(outline_points(rasterise(scaled, (GRID, GRID)), n_points=50))
    model = fit_shape_model(np.stack(points), ShapeModelParameters(n_points=50), sources=OUTLINES)
    model.save(WEIGHTS / "shape_model.safetensors")
    packaged_shape_model.cache_clear()
    share = model.variances.sum() / model.total_variance
    print(f"shape model: {model.n_shapes} outlines, {len(model.modes)} modes, {share:.1%} of the variance")


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
        "against normal films of a third. Train your own on films like yours. Shape modes: " + OUTLINES + ".",
    }
    model = train_model(
        films.tables.inside[columns],
        films.labels,
        card_info=facts,
        splits=folds,
        controls={"outside_lungs": films.tables.outside[grey]},
        shape_model=packaged_shape_model().to_arrays(),
        options=OPTIONS,
        design="cross-source",
        progress=lambda share, what: print(f"  {share:4.0%} {what}", flush=True),
    )
    path = WEIGHTS / f"{DEMONSTRATION}.skops"
    digest = save_model(model, path)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, SHA-256 {digest}")
    for score in model.card.scores:
        print(f"  {score.design}  {score.metric}  {score.value:.3f} ({score.low:.3f}–{score.high:.3f})")


def main() -> None:
    """Build both."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--shape-only", action="store_true")
    options = parser.parse_args()
    build_shape_model(options.data)
    if not options.shape_only:
        build_classifier(options.data, options.cache, workers=options.workers)


if __name__ == "__main__":
    main()
