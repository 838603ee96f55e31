"""What the page does not show: said of these data and this design, not in general."""

from __future__ import annotations

from napari_tbcad.evaluate.page import bullets
from napari_tbcad.evaluate.reports.experiment.controls import separate
from napari_tbcad.evaluate.reports.experiment.evidence import Evidence
from napari_tbcad.evaluate.reports.words import Words

_FEW, _FEW_OF_CLASS = 200, 30


def limits_section(evidence: Evidence, words: Words) -> str:
    """Return the limits as a list."""
    return bullets(limits(evidence, words))


def limits(evidence: Evidence, words: Words) -> list[str]:
    """Return what this experiment leaves open, the gravest first."""
    counts = evidence.counts
    smaller = min(counts["tb"], counts["normal"])
    said = [words("limit_simulated")] if evidence.simulated else []
    said += [separate(evidence, words)] if separate(evidence, words) else []
    said += _design(evidence, words)
    if counts["films"] < _FEW:
        said.append(words("limit_few", n=counts["films"]))
    if smaller < _FEW_OF_CLASS:
        said.append(words("limit_class", n=smaller))
    said += [words(f"limit_{name}") for name in ("labels", "negative", "controls")]
    if _masks(evidence):
        said.append(words("limit_masks", segmenter=_masks(evidence)))
    if evidence.control("age_sex") is None:
        said.append(words("limit_age"))
    if not evidence.classifier:
        said.append(words("limit_training"))
    return [*said, words("limit_use")]


def _design(evidence: Evidence, words: Words) -> list[str]:
    folds, sources = evidence.evaluation.folds, evidence.counts["sources"]
    data = evidence.about.get("data") or ()
    crossed = any(fold.name.startswith("test") for fold in folds) or any(
        part.get("role") == "test" for part in data
    )
    if evidence.classifier:
        return [words("limit_given")]
    said = []
    if crossed:
        said.append(words("limit_cross"))
    elif sources > 1:
        said.append(words("limit_pooled"))
    else:
        said.append(words("limit_one_source"))
    if len(folds) == 1 and not crossed and len(folds[0].train):
        said.append(words("limit_holdout"))
    return said


def _masks(evidence: Evidence) -> str:
    """Return the segmenter that made the masks, where one did."""
    name = str(evidence.variants[0].get("segmenter") or "") if evidence.variants else ""
    return "" if name in ("reader", "reference", "given") else name
