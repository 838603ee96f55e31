"""The program's own words and names in a case, which stay when its identity goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args

from napari_tbcad.case import Case
from napari_tbcad.imaging.bonescan import VIEWS, Unit
from napari_tbcad.io.clinic.makers import BACK
from napari_tbcad.record import Parameters


@cache
def program_words() -> frozenset[str]:
    """Return the words that settings and results of this program are made of; they name nobody."""
    from napari_tbcad import schemes
    from napari_tbcad.bone.workflow import CHAIN as BONE
    from napari_tbcad.chest.workflow import CHAIN as CHEST

    values = {word for model in _settings() for word in _leaves(model.model_dump())}
    names = {name for graph in (CHEST, BONE) for stage in graph.stages for name in (stage.name, stage.writes)}
    classes = {name for scheme in schemes.NETWORK_SCHEMES.values() for name in scheme.ids}
    common = {"films", "scans", "images", "masks", "cases", "data", "home", "users", "person", "automatic"}
    return frozenset(word.casefold() for word in values | names | classes | common)


def _settings() -> tuple[Parameters, ...]:
    from napari_tbcad.bone.workflow import BoneSettings
    from napari_tbcad.chest.workflow import ChestSettings

    return ChestSettings(), BoneSettings()


@cache
def _rarer_words() -> frozenset[str]:
    """Return words that a case may need, which can be names as well: other choices, what made a hotspot."""
    from napari_tbcad.bone.detectors import DETECTORS
    from napari_tbcad.bone.edits import JUDGING
    from napari_tbcad.bone.hotspots import Origin
    from napari_tbcad.bone.region_segmenters import REGION_SEGMENTERS
    from napari_tbcad.bone.views_rules import RULE_CONFIDENCE
    from napari_tbcad.chest.lungs.registry import SEGMENTERS

    choices = {word for model in _settings() for word in _choices(model.model_json_schema())}
    registered = {*SEGMENTERS, *DETECTORS, *REGION_SEGMENTERS}
    said = {*get_args(Origin), *get_args(Unit), *VIEWS, *RULE_CONFIDENCE, *JUDGING, "content", "partner"}
    return frozenset(word.casefold() for word in choices | registered | said)


@cache
def own_names() -> frozenset[str]:
    """Return names that the program gives, of parts of which a folder may have its name, too."""
    from napari_tbcad.chest.classify.result import Decision
    from napari_tbcad.chest.feature_sets import FeatureSet, feature_names

    features = {name for feature_set in get_args(FeatureSet) for name in feature_names(feature_set)}
    read = {"read dicom", "read image", "read jsrt raw", "read bone scan", "take layer", "take layers"}
    steps = read | {"name views", "sensitive_mask", "insensitive_mask"}
    return program_words() | _rarer_words() | features | steps | {*get_args(Decision), BACK}


def words_of(case: Case) -> frozenset[str]:
    """Return the program's words that a case uses: without them it could not be reopened.

    A film called ``otsu.png`` would take the segmenter out of its case; that one called ``max.png`` is
    somebody's name shows in that the views were combined otherwise.
    """
    used = {
        word.casefold()
        for one in case.readings
        for part in (one.settings, one.values, one.models, one.result, [edit.tool for edit in one.edits])
        for word in _leaves(part)
    }
    return program_words() | (used & _rarer_words())


def _leaves(value: Any) -> Iterator[str]:
    """Yield the values that are no collections, as text."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    else:
        yield str(value)


def _choices(schema: Any) -> Iterator[str]:
    """Yield the words that a setting can have, out of the JSON schema of the settings."""
    if isinstance(schema, Mapping):
        yield from (word for word in schema.get("enum", ()) if isinstance(word, str))
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from _choices(part)
