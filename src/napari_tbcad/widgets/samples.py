"""Sample films for napari's *Open Sample* menu and the empty panel."""

from __future__ import annotations

from napari_tbcad.widgets.reader import LayerData, film_layer


def chest_normal() -> list[LayerData]:
    """Return the normal chest phantom as a layer."""
    return sample_layers("normal")


def chest_lesions() -> list[LayerData]:
    """Return a chest phantom with lesions as a layer."""
    return sample_layers("lesion")


def sample_layers(word: str) -> list[LayerData]:
    """Return the first sample film whose name holds `word` (else the first or last of all)."""
    from napari_tbcad.io.read import read_film
    from napari_tbcad.simulate.samples import sample_names, sample_path

    names = list(sample_names())
    wanted = [name for name in names if word in str(name).lower()]
    name = wanted[0] if wanted else names[0 if word == "normal" else -1]
    return [film_layer(read_film(sample_path(name)), name=str(name))]
