"""What is asked of an evaluation: one model feeds the command line, the panel's form and the files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import field_validator

from napari_tbcad.chest.feature_sets import FeatureSet
from napari_tbcad.chest.glcm import Definition
from napari_tbcad.chest.lungs.registry import SEGMENTERS
from napari_tbcad.evaluate.methods import METHODS
from napari_tbcad.evaluate.variants import Variant
from napari_tbcad.record import Parameters, field

Design = Literal["auto", "cross-source", "folds", "holdout"]


class EvaluationConfig(Parameters):
    """What an evaluation compares, how films are divided, and what is tested beside the scores."""

    segmenters: tuple[str, ...] = field(
        ("network",),
        title="Masks",
        description="Lung segmenters to compare; the first leads the tables.",
        min_length=1,
    )
    feature_sets: tuple[FeatureSet, ...] = field(
        ("chandra113",),
        title="Features",
        description="Feature sets to compare; the first leads the tables.",
        min_length=1,
    )
    definitions: tuple[Definition, ...] = field(
        ("ibsi",),
        title="Definitions",
        description="Definitions of the texture features to compare; the first leads the tables.",
        min_length=1,
    )
    methods: tuple[str, ...] = field(
        METHODS,
        title="Classifiers",
        description="Hierarchical and single-stage, SVM and naive Bayes; the first leads the report.",
        min_length=1,
    )
    design: Design = field(
        "auto",
        title="Design",
        description="auto: across collections where two or more hold tuberculosis, else k-fold. "
        "cross-source: train on one collection, test on the other. folds: stratified k-fold by patient. "
        "holdout: one part held out.",
    )
    folds: int | None = field(
        None,
        title="Folds",
        description="Number of folds of the k-fold design; 10, or fewer for a small set, where not given.",
        ge=2,
        le=50,
    )
    repeats: int = field(
        3,
        title="Repeats",
        description="How often k-fold is repeated on other divisions; other designs are not.",
        ge=1,
        le=20,
    )
    holdout: float = field(
        0.2,
        title="Held out",
        description="Share of films that the hold-out design tests on.",
        ge=0.05,
        le=0.5,
        more=True,
    )
    also_holdout: bool = field(
        True,
        title="Hold-out, too",
        description="Run the 80/20 hold-out of the student project beside the design, into the folder "
        "holdout.",
        more=True,
    )
    learning_curve: bool = field(
        True,
        title="Learning curve",
        description="Score against the number of training films: would more films help?",
    )
    shuffles: int = field(
        1,
        title="Shuffles",
        description="How often labels are shuffled for the control that must score 0.5; 0 leaves it out.",
        ge=0,
        le=20,
        more=True,
    )
    explain: int = field(
        24,
        title="Explained films",
        description="Films on which the explanation is tested; 0 leaves the test out.",
        ge=0,
        le=500,
    )
    bootstrap: int = field(
        1000,
        title="Bootstrap",
        description="How often patients are drawn again for the intervals.",
        ge=100,
        le=20000,
        more=True,
    )
    seed: int = field(
        0, title="Seed", description="The same seed gives the same divisions.", ge=0, le=2**31 - 1, more=True
    )
    save_models: bool = field(
        True,
        title="Keep models",
        description="Keep the classifier of each fold, so that a film can be opened with the one that did "
        "not see it.",
        more=True,
    )

    @field_validator("segmenters", "feature_sets", "definitions", "methods", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        """Take ``"network,atlas"`` as well as a list; each name counts once."""
        names = value.split(",") if isinstance(value, str) else value
        if not isinstance(names, (list, tuple)):
            return names
        return tuple(dict.fromkeys(name.strip() for name in map(str, names) if name.strip()))

    @field_validator("segmenters")
    @classmethod
    def _known_segmenters(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _known(names, tuple(SEGMENTERS))

    @field_validator("methods")
    @classmethod
    def _known_methods(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _known(names, METHODS)

    @property
    def variants(self) -> tuple[Variant, ...]:
        """All combinations of segmenter, feature set and definition; the first is the main one."""
        combined = [
            (segmenter, feature_set, definition)
            for segmenter in self.segmenters
            for feature_set in self.feature_sets
            for definition in self.definitions
        ]
        return tuple(Variant(*names, main=number == 0) for number, names in enumerate(combined))

    def with_settings(self, assignments: Mapping[str, Any]) -> EvaluationConfig:
        """Return the same with the masks and features that settings name, where nothing was chosen here.

        Parameters
        ----------
        assignments : mapping
            Settings of the chain by dotted name, such as ``features.feature_set``.
        """
        fields = {
            "lungs.segmenter": "segmenters",
            "features.feature_set": "feature_sets",
            "features.definition": "definitions",
        }
        named = {
            field: (assignments[key],)
            for key, field in fields.items()
            if key in assignments and field not in self.model_fields_set
        }
        return type(self).model_validate({**self.model_dump(exclude_unset=True), **named}) if named else self

    def quick(self) -> EvaluationConfig:
        """Return the same with one variant and nothing beside its scores and controls."""
        return self.model_copy(
            update={
                "segmenters": self.segmenters[:1],
                "feature_sets": self.feature_sets[:1],
                "definitions": self.definitions[:1],
                "repeats": 1,
                "learning_curve": False,
                "explain": 0,
            }
        )


def _known(names: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    wrong = [name for name in names if name not in known]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is not one of {', '.join(known)}")
    return names
