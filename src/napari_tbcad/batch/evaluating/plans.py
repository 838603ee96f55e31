"""What is measured of each film: the fewest passes that give every variant its features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Literal

from napari_tbcad import __version__
from napari_tbcad.chest.feature_sets import feature_names, has_opacities
from napari_tbcad.content import content_key, digest
from napari_tbcad.evaluate.variants import Variant
from napari_tbcad.networks.listing import hash_if_any

Masks = Literal["automatic", "reference"]


@dataclass(frozen=True)
class Plan:
    """One measurement of every film.

    Parameters
    ----------
    segmenter, feature_set, definition : str
        As in :class:`~napari_tbcad.evaluate.variants.Variant`.
    masks : {"automatic", "reference"}
        Whose masks: the segmenter's, or a reader's.
    assignments : mapping
        All settings that differ from the chain's defaults, by dotted name.
    settings : str
        Digest of what changes the numbers but the feature set, whose values do not depend on which others
        are measured. A lung network counts by the content of its file, wherever that lies.
    networks : str
        Digest of the settings of the opacities and of their network's content, for a feature set that reads
        them.
    """

    segmenter: str
    feature_set: str
    definition: str
    masks: Masks
    assignments: Mapping[str, Any] = dataclass_field(default_factory=dict)
    settings: str = ""
    networks: str = ""

    @property
    def names(self) -> frozenset[str]:
        """Names of the features it gives."""
        return frozenset(feature_names(self.feature_set))  # type: ignore[arg-type]


def plans_for(
    variants: Sequence[Variant],
    assignments: Mapping[str, Any],
    *,
    atlas: str | None = None,
    reference: bool = False,
) -> tuple[Plan, ...]:
    """Return what to measure for some variants, those of one segmenter next to each other.

    A feature set that is part of another one of the same segmenter and definition is cut from its values,
    not measured again.

    Parameters
    ----------
    variants : sequence of Variant
        The main one first.
    assignments : mapping
        Settings common to all, by dotted name.
    atlas : str, optional
        Digest of the atlas file, where one was given.
    reference : bool
        Measure the main variant with a reader's masks, too.
    """
    plans = []
    for segmenter in dict.fromkeys(v.segmenter for v in variants):
        mine = [v for v in variants if v.segmenter == segmenter]
        for definition in dict.fromkeys(v.definition for v in mine):
            sets = [v.feature_set for v in mine if v.definition == definition]
            plans += [
                _plan(Variant(segmenter, name, definition), assignments, "automatic", atlas)
                for name in largest(sets)
            ]
        if reference and segmenter == variants[0].segmenter:  # last of its segmenter: it replaces the masks
            plans.append(_plan(variants[0], assignments, "reference", atlas))
    return tuple(plans)


def largest(sets: Sequence[str]) -> list[str]:
    """Return the feature sets that are no part of another of them."""
    names = {name: set(feature_names(name)) for name in sets}  # type: ignore[arg-type]
    return [
        name
        for name in dict.fromkeys(sets)
        if not any(names[name] < names[other] for other in names if other != name)
    ]


def plan_of(plans: Sequence[Plan], variant: Variant) -> Plan:
    """Return the plan whose values hold those of a variant."""
    wanted = set(feature_names(variant.feature_set))  # type: ignore[arg-type]
    return next(
        plan
        for plan in plans
        if plan.masks == "automatic"
        and (plan.segmenter, plan.definition) == (variant.segmenter, variant.definition)
        and wanted <= plan.names
    )


def _plan(variant: Variant, assignments: Mapping[str, Any], masks: Masks, atlas: str | None) -> Plan:
    from napari_tbcad.chest.workflow import settings_from

    own = {**assignments, **variant.assignments}
    settings = settings_from(own)
    apart = {"feature_set": "chandra113", "early_exit": False, "device": "auto"}
    sections = [settings.polarity, settings.enhance, settings.sensitive, settings.insensitive]
    keys = [content_key(section) for section in sections]
    keys += [_lungs_key(settings.lungs), content_key(settings.features.model_copy(update=apart))]
    return Plan(
        variant.segmenter,
        variant.feature_set,
        variant.definition,
        masks,
        own,
        digest(__version__, masks, atlas or "", *keys),
        _network_key(settings.opacities) if has_opacities(variant.feature_set) else "",
    )


def _lungs_key(lungs: Any) -> str:
    """Return a digest of how the lungs are found; a network that is not asked does not matter."""
    asked = _network_key(lungs.network) if lungs.segmenter == "network" else ""
    unnamed = lungs.model_copy(update={"network": lungs.network.model_copy(update={"model": ""})})
    return digest(type(lungs).__name__, unnamed.model_dump_json(), asked)


def _network_key(parameters: Any) -> str:
    """Return a digest of how a network is asked, and of which one it is.

    The parameters' own `content_key` holds the place and time of the file: right for a window that looks
    whether a file changed, but what is kept on disk is to be found by an installation elsewhere, too.
    """
    # Where there is no file nothing lasting is measured; the name keeps the key apart from others.
    known = hash_if_any(parameters.model) or parameters.model
    named = parameters.model_copy(update={"model": known})
    return digest(type(parameters).__name__, named.model_dump_json())
