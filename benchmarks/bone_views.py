"""How often views of bone scans are named rightly, wrongly, or asked for; simulated and real, apart.

Run: ``python benchmarks/bone_views.py ../shared/data/bone [--scans N] [--fit]``

Real files are taken as they are; real and simulated images without any name are then named by their
content alone, as they are and altered. ``--fit`` fits the coefficients of the content rule anew and scores
them on persons they were not fitted on.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.views import UndecidedViews, ViewParameters, name_views
from napari_tbcad.bone.views_content import INTERCEPT, SURE, content_features, measure_content
from napari_tbcad.bone.views_pose import find_pose
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.scans import Frame, FrameFacts, Study, find_scans, read_study
from napari_tbcad.simulate.bone_scan import simulate_scan

Image = NDArray[np.float32]
Pair = tuple[Image, Image]

ALTERED: dict[str, Callable[[Image, np.random.Generator], Image]] = {
    "as it is": lambda image, rng: image,
    "a tenth of the counts": lambda image, rng: rng.binomial(np.rint(image).astype(int), 0.1).astype(
        np.float32
    ),
    "half the grid": lambda image, rng: image.reshape(len(image) // 2, 2, -1, 2).mean(axis=(1, 3)),
    "square root": lambda image, rng: 16 * np.sqrt(image),
    "power 1.5": lambda image, rng: image**1.5,
    "cut at the 95th percentile": lambda image, rng: np.minimum(image, np.percentile(image, 95)),
    "cut at the 90th percentile": lambda image, rng: np.minimum(image, np.percentile(image, 90)),
    "5 subtracted": lambda image, rng: np.maximum(image - 5, 0),
    "2 added": lambda image, rng: image + 2,
    "blurred": lambda image, rng: ndimage.gaussian_filter(image, 4),
    "turned by 4 degrees": lambda image, rng: ndimage.rotate(image, 4, reshape=False, order=1).clip(0),
    "a tenth of the legs off": lambda image, rng: image[: int(0.9 * len(image))],
    "a third of the legs off": lambda image, rng: image[: int(0.7 * len(image))],
    "a twentieth off the head": lambda image, rng: image[int(0.05 * len(image)) :],
    "a fifth off the head": lambda image, rng: image[int(0.2 * len(image)) :],
    "upside down": lambda image, rng: image[::-1],
    "with a margin": lambda image, rng: np.pad(image, ((150, 100), (40, 40))),
}
FITTED_ON = (
    "as it is",
    "a tenth of the counts",
    "square root",
    "cut at the 95th percentile",
    "5 subtracted",
    "blurred",
)

VARIANTS: dict[str, Callable[[Sequence[str]], dict[str, Any]]] = {
    "SNOMED CT code": lambda views: {"views": views},
    "SNOMED RT code": lambda views: {"views": views, "codes": "srt"},
    "private code": lambda views: {"views": views, "codes": "private"},
    "ViewPosition": lambda views: {"views": None, "attributes": {"ViewPosition": [v.upper() for v in views]}},
    "ImageID": lambda views: {"views": None, "attributes": {"ImageID": [f"WB {v[:4]}" for v in views]}},
    "ImageID _E _F": lambda views: {"views": None, "attributes": {"ImageID": _suffixed(views)}},
    "SeriesDescription": lambda views: {"views": None, "attributes": {"SeriesDescription": list(views)}},
    "private name _E _F": lambda views: {"views": None, "private_names": _suffixed(views)},
    "StartAngle, GE": lambda views: {"views": None, "start_angles": _angles(views)},
    "StartAngle, other maker": lambda views: {
        "views": None,
        "start_angles": _angles(views),
        "attributes": {"Manufacturer": "Other"},
    },
    "StartAngle 0 throughout": lambda views: {"views": None, "start_angles": [0] * len(views)},
    "nothing": lambda views: {"views": None},
    "DetectorVector turned": lambda views: {
        "views": views[::-1],
        "attributes": {"DetectorVector": [2, 1][-len(views) :] if len(views) == 2 else [1]},
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bone", type=Path)
    parser.add_argument("--scans", type=int, default=4, help="simulated scans")
    parser.add_argument("--fit", action="store_true", help="fit the content rule and score it across persons")
    arguments = parser.parse_args()
    pairs = real_pairs(arguments.bone)
    if arguments.fit:
        fit(pairs)
        return
    real_files(arguments.bone)
    simulated = [
        (scan.anterior.counts, scan.posterior.counts)
        for scan in (simulate_scan(seed=1000 + i).scan for i in range(arguments.scans))
    ]
    simulated_files(simulated)
    content(pairs, f"REAL: {len(pairs)} pairs named by content alone")
    content(simulated, f"SIMULATED: {len(simulated)} pairs named by content alone")
    mirrored(pairs, "REAL")
    mirrored(simulated, "SIMULATED")


def real_pairs(bone: Path) -> list[Pair]:
    """Return the anterior and posterior images whose names tell which is which."""
    studies = map(read_study, find_scans([bone / "pairs" / "png", bone / "original_jpeg"]))
    return [(study.frames[0].pixels, study.frames[1].pixels) for study in studies]


def outcome(study: Study, truth: Sequence[str]) -> str:
    """Return "right", "asked" or "wrong" for the views of a study."""
    try:
        scan = name_views(study)
    except UndecidedViews:
        return "asked"
    same = [
        np.array_equal(frame.pixels, _counts(scan, view))
        for frame, view in zip(study.frames, truth, strict=True)
    ]
    return "right" if all(same) else "wrong"


def _counts(scan: BoneScan, view: str) -> Image | None:
    found = scan.view(view)  # type: ignore[arg-type]
    return None if found is None else found.counts


def print_row(name: str, outcomes: Iterable[str]) -> None:
    count = Counter(outcomes)
    print(f"  {name:30s} right {count['right']:4d}   asked {count['asked']:4d}   wrong {count['wrong']:4d}")


def real_files(bone: Path) -> None:
    print("REAL: every DICOM file as it is")
    for folder, truth in (("pairs/dicom", VIEWS), ("nm1", VIEWS[:1])):
        studies = [read_study(files) for files in find_scans(bone / folder)]
        rules = sorted({view.rule for study in studies for _, view in name_views(study)})
        print_row(f"{folder} ({', '.join(rules)})", [outcome(study, truth) for study in studies])


def simulated_files(pairs: Sequence[Pair]) -> None:
    print(
        f"SIMULATED: {len(pairs)} scans as DICOM files, each view order, both views and each alone, by rule"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, options in VARIANTS.items():
            outcomes = []
            for pair in pairs:
                images = dict(zip(VIEWS, pair, strict=True))
                for views in (VIEWS, VIEWS[::-1], VIEWS[:1], VIEWS[1:]):
                    path = Path(folder) / "scan.dcm"
                    write_nuclear(path, [images[v] for v in views], **options(views))  # type: ignore[arg-type]
                    outcomes.append(outcome(read_study(path), views))
            print_row(name, outcomes)


def nameless(*images: Image) -> Study:
    return Study(tuple(Frame(image, FrameFacts(frame=i)) for i, image in enumerate(images)), unit="grey")


def content(pairs: Sequence[Pair], title: str) -> None:
    print(title)
    rng = np.random.default_rng(0)
    for name, alter in ALTERED.items():
        both, single = [], []
        for pair in pairs:
            images = [np.ascontiguousarray(alter(image, rng), dtype=np.float32) for image in pair]
            both.append(outcome(nameless(*images), VIEWS))
            single += [outcome(nameless(image), [view]) for image, view in zip(images, VIEWS, strict=True)]
        print_row(f"{name}, both", both)
        print_row(f"{name}, one", single)


def mirrored(pairs: Sequence[Pair], title: str) -> None:
    told: Counter[str] = Counter()
    parameters = ViewParameters(first_view="anterior")
    for anterior, posterior in pairs:
        for name, image in (("as it is", posterior), ("posterior mirrored", posterior[:, ::-1])):
            warnings = name_views(nameless(anterior, image), parameters).warnings
            told[name] += any("mirrored" in warning for warning in warnings)
            told[f"{name}: unlike"] += any("same part" in warning for warning in warnings)
    print(
        f"{title}: called mirrored, of {len(pairs)} pairs: as they are {told['as it is']}, "
        f"with the posterior mirrored {told['posterior mirrored']}; called unlike {told['as it is: unlike']}"
    )


def fit(pairs: Sequence[Pair]) -> None:
    """Fit the content rule on all persons, and on nine tenths of them to score the others."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    features: dict[str, list[tuple[float, ...] | None]] = {name: [] for name in FITTED_ON}
    whole = []
    for pair in pairs:
        for image in pair:
            whole.append(measure_content(image).score is not None)
            for name in FITTED_ON:
                pose = find_pose(ALTERED[name](image, rng))
                features[name].append(None if pose is None else content_features(pose))
    labels, persons = np.tile([1, -1], len(pairs)), np.repeat(np.arange(len(pairs)), 2)

    def fitted(chosen: NDArray[np.bool_]) -> Any:
        rows = [
            (f, y)
            for name in FITTED_ON
            for f, y, c in zip(features[name], labels, chosen & whole, strict=True)
            if c
        ]
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
        return model.fit(np.array([f for f, _ in rows]), np.array([y for _, y in rows]))

    scores = np.zeros(len(labels))
    for fold in range(10):
        model, out = fitted(persons % 10 != fold), persons % 10 == fold
        scores[out] = model.decision_function(np.array(features["as it is"])[out])
    sure = whole & (np.abs(scores) >= SURE)
    wrong = int((sure & (scores * labels < 0)).sum())
    print(
        f"REAL, ten folds of persons: {sum(whole)} of {len(labels)} views show whole bodies; "
        f"{int(sure.sum())} sure, {wrong} wrong"
    )
    print(f"lowest score on the right side: {(scores * labels)[np.array(whole)].min():.2f}")
    model = fitted(np.ones(len(labels), bool))
    slope = model[1].coef_[0] / model[0].scale_
    print(
        "coefficients",
        slope.round(2),
        "intercept",
        round(float(model[1].intercept_[0] - slope @ model[0].mean_), 2),
    )
    print("packaged intercept", INTERCEPT)


def _suffixed(views: Sequence[str]) -> list[str]:
    return ["WHOLE BODY_E" if view == "anterior" else "WHOLE BODY_F" for view in views]


def _angles(views: Sequence[str]) -> list[float]:
    return [180.0 if view == "anterior" else 0.0 for view in views]


if __name__ == "__main__":
    main()
