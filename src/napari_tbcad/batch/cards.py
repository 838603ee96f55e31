"""What the card of a chest classifier tells of its films and of how they were measured."""

from __future__ import annotations

from typing import Any

from napari_tbcad.batch.labelled import LabelledTables


def card_facts(data: LabelledTables, settings: Any, *, name: str, atlas: str | None = None) -> dict[str, Any]:
    """Return the fields of a model's card that the data set, the settings and the atlas file tell."""
    from napari_tbcad.chest.account import atlas_digest
    from napari_tbcad.chest.classify.card import DataSource
    from napari_tbcad.chest.classify.normals import normal_films
    from napari_tbcad.chest.feature_sets import has_opacities
    from napari_tbcad.chest.lungs.atlas import load_atlas
    from napari_tbcad.chest.lungs.network import network_at_hand

    sources = []
    for source in sorted(set(data.sources)):
        here = data.labels[data.sources == source]
        sources.append(DataSource(name=source, n_tb=int(here.sum()), n_normal=int((here == 0).sum())))
    # Of every measured feature, also of those that the classifier will not read: a person looks at all.
    normal, grey = data.labels == 0, data.tables.grey
    features, lungs = settings.features, settings.lungs
    masks = {
        "lungs": {
            "segmenter": lungs.segmenter,
            # Where a network runs is a matter of the machine.
            lungs.segmenter: getattr(lungs, lungs.segmenter).model_dump(exclude={"device"}),
        },
        "sensitive": settings.sensitive.model_dump(),
        "insensitive": settings.insensitive.model_dump(),
    }
    opaque = has_opacities(features.feature_set)
    if opaque:
        masks["opacities"] = settings.opacities.model_dump(exclude={"device"})
    return {
        "name": name,
        "sources": tuple(sources),
        "n_tb": int(data.labels.sum()),
        "n_normal": int(normal.sum()),
        "normal": normal_films(data.tables.inside[normal], None if grey is None else grey[normal]),
        "feature_set": features.feature_set,
        "definition": features.definition,
        "levels": features.levels,
        "grid": features.grid,
        "image": features.image,
        "features": features.model_dump(mode="json", exclude={"early_exit", "device"}),
        "enhance": settings.enhance.model_dump(mode="json"),
        "segmenter": lungs.segmenter,
        "atlas": atlas_digest(lungs.segmenter, load_atlas(atlas) if atlas else None),
        "network": network_at_hand(lungs.network) if lungs.segmenter == "network" else None,
        "opacity_network": network_at_hand(settings.opacities) if opaque else None,
        "masks": masks,
        "stage1_masks": f"automatic sensitive masks ({lungs.segmenter})",
        "stage2_masks": f"automatic insensitive masks ({lungs.segmenter})",
    }
