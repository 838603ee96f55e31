"""The packaged demonstration model on films it was not trained on, and its first stage's alarms.

    python benchmarks/demonstration.py ../shared/data/chest --framed FRAMED --cache DIR [--workers 2]

Shares carry Wilson 95 % intervals. Films of the training collections are judged across sources, by a model
that saw neither them nor their collection's tuberculosis films.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from build_models import OPTIONS
from napari_tbcad.chest.classify.hierarchical import StageResult, from_stages
from napari_tbcad.chest.classify.packaged import packaged_model
from napari_tbcad.chest.classify.stage import CalibratedStage
from napari_tbcad.chest.lungs.fields import LEFT, RIGHT, LungMasks
from napari_tbcad.evaluate.methods import make_estimator, shape_columns
from napari_tbcad.evaluate.metrics import auc, recall_at_specificity, wilson
from tb_sources import (
    BANDS,
    FEATURES,
    SETTINGS,
    SHARPER,
    WITH_BANDS,
    columns_of,
    design,
    measured,
    with_framed,
)


def share(hits: NDArray[np.bool_]) -> str:
    """Return ``12/40 = 30 % (18–46)``."""
    figure = wilson(int(hits.sum()), len(hits))
    return f"{int(hits.sum())}/{len(hits)} = {figure.value:.0%} ({figure.low:.0%}–{figure.high:.0%})"


def outline_features(folder: Path, columns: list[str]) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Return shape features and labels of the real Shenzhen outlines, measured like a film's masks."""
    from napari_tbcad.chest.features import FeatureParameters, chest_features
    from napari_tbcad.chest.shape_model import rasterise
    from napari_tbcad.chest.workflow import packaged_shape_model
    from napari_tbcad.imaging.radiograph import Radiograph

    table = pd.read_csv(folder / "labels.csv")
    table = table[table.dataset == "Shenzhen"]
    grid = SETTINGS["features.grid"]
    parameters = FeatureParameters(
        feature_set="extended", grid=grid, shape_unit=SETTINGS["features.shape_unit"]
    )
    image = Radiograph(np.zeros((grid, grid), np.float32))
    rows = []
    with np.load(folder / "outlines_1024.npz", allow_pickle=False) as given:
        for name in table.file:
            lungs = {RIGHT: given[f"{name}/RL"], LEFT: given[f"{name}/LL"]}
            scaled = {side: (outline + 0.5) * grid / 1024 - 0.5 for side, outline in lungs.items()}
            masks = LungMasks(rasterise(scaled, (grid, grid)), "sensitive")
            found = chest_features(
                image, masks, masks, parameters, shape_model=packaged_shape_model(), only="shape"
            )
            rows.append(found.as_dict())
    return pd.DataFrame(rows)[columns], table.label.to_numpy(np.int64)


def alarms(stages: StageResult) -> NDArray[np.bool_]:
    """Return which films stage 1 calls suspect."""
    return stages.deciding_stage == 1


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--framed", type=Path, required=True, help="folder that benchmarks/reframe.py wrote")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    print(f"{datetime.date.today()}, demonstration model, {FEATURES}, {OPTIONS}")
    everything = measured(
        options.data / "tb_multisource", options.cache, "tb_multisource", workers=options.workers
    )
    films, folds = design(everything)
    anew = measured(options.framed / "films.csv", options.cache, "reframed", workers=options.workers)
    films, designs = with_framed(films, folds, anew)
    folds = designs["as framed"]
    choices = columns_of(list(films.tables.inside.columns))
    columns = choices[FEATURES]
    jsrt = measured(options.data / "jsrt", options.cache, "jsrt", workers=options.workers)
    nodule = pd.read_csv(options.data / "jsrt" / "labels.csv").set_index("file").nodule
    clear = np.array([nodule[Path(file).name] == 0 for file in jsrt.tables.inside.index])
    jsrt_normal = jsrt.tables.inside[clear]
    shenzhen = measured(
        options.data / "shenzhen_sample", options.cache, "shenzhen_sample", workers=options.workers
    )
    model = packaged_model()

    def ask(table: pd.DataFrame) -> StageResult:
        return model.stages(table[columns].to_numpy(float), threshold=0.5)

    viral = everything.tables.inside[everything.sources == "viral_pneumonia"]
    others = {
        "viral_pneumonia": viral,
        "JSRT without nodule": jsrt_normal,
        "shenzhen_sample, TB": shenzhen.tables.inside[shenzhen.labels == 1],
        "shenzhen_sample, normal": shenzhen.tables.inside[shenzhen.labels == 0],
    }
    print("\nCalled TB at operating point 0.5 (packaged model):")
    for name, table in others.items():
        print(f"  {name:25s} {share(ask(table).decision == 1)}")
    for setting in (WITH_BANDS, SHARPER):
        print(f"\nThe same, with bands, not packaged: {setting}")
        banded = make_estimator("hierarchical_svm", choices[BANDS], **setting)
        banded.fit(films.tables.inside[choices[BANDS]], films.labels, films.patients)
        for name, table in others.items():
            found = banded.predict_stages(table[choices[BANDS]]).probability >= 0.5
            print(f"  {name:25s} {share(found)}")

    print("\nAlarm rate of stage 1 on films without tuberculosis, automatic masks:")
    across = [(fold, fitted(films, columns, fold)) for fold in folds]
    own = [alarms(r)[films.labels[fold.test] == 0] for fold, r in across]
    print(f"  cross-validated (normal_rsna, across sources)  {share(np.concatenate(own))}")
    print(f"  JSRT without nodule (packaged model)           {share(alarms(ask(jsrt_normal)))}")

    print("\nStage 1 from the real Shenzhen outlines instead, the same stage 2:")
    shape = shape_columns(columns)
    outlines, labels = outline_features(options.data / "lung_outlines", shape)
    stage1 = CalibratedStage("svm", random_state=0).fit(outlines, labels)
    for fold in folds:
        p1 = stage1.predict_proba(films.tables.inside[shape].iloc[fold.test])[:, 1]
        figure = auc(films.labels[fold.test], p1)
        print(f"  stage 1 alone, {fold.name}: AUC {figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f})")
    rsna = everything.tables.inside[everything.sources == "normal_rsna"]
    from sklearn.model_selection import cross_val_predict

    own_cv = cross_val_predict(
        CalibratedStage("svm", random_state=0), outlines, labels, method="predict_proba"
    )
    print(f"  its alarms at 0.5, cross-validated on Shenzhen normals  {share(own_cv[labels == 0, 1] >= 0.5)}")
    for name, table in (("normal_rsna", rsna), ("JSRT without nodule", jsrt_normal)):
        alarmed = stage1.predict_proba(table[shape])[:, 1] >= 0.5
        print(f"  its alarms at 0.5, {name:37s}{share(alarmed)}")
    for fold in folds:
        train, test = (
            films.tables.inside[columns].iloc[fold.train],
            films.tables.inside[columns].iloc[fold.test],
        )
        joined = from_stages(stage1, train, films.labels[fold.train], stage1_columns=shape, **OPTIONS)
        scores = joined.predict_stages(test).probability
        figure, recall = (
            auc(films.labels[fold.test], scores),
            recall_at_specificity(films.labels[fold.test], scores),
        )
        print(
            f"  joined, {fold.name}: AUC {figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f}), "
            f"recall at 70 % specificity {recall.value:.3f}"
        )


def fitted(films, columns: list[str], fold) -> StageResult:
    """Return a fresh hierarchical SVM's answers on the test part of a fold."""
    table = films.tables.inside[columns]
    model = make_estimator("hierarchical_svm", columns, **OPTIONS)
    model.fit(table.iloc[fold.train], films.labels[fold.train], films.patients[fold.train])
    return model.predict_stages(table.iloc[fold.test])


if __name__ == "__main__":
    main()
