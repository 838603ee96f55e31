"""Sample films and scans for napari's *Open Sample* menu and the empty panel."""

from __future__ import annotations

from napari_tbcad.widgets.reader import LayerData, film_layer


def normal_man() -> list[LayerData]:
    """Return a normal chest phantom (man)."""
    return sample_layers("normal_man")


def normal_woman() -> list[LayerData]:
    """Return a normal chest phantom (woman)."""
    return sample_layers("normal_woman")


def upper_lobe_cavity() -> list[LayerData]:
    """Return a chest phantom with cavities in the upper lobes."""
    return sample_layers("upper_lobe_cavity")


def miliary() -> list[LayerData]:
    """Return a chest phantom with a miliary pattern."""
    return sample_layers("miliary")


def effusion() -> list[LayerData]:
    """Return a chest phantom with an effusion."""
    return sample_layers("effusion")


def normal_cr() -> list[LayerData]:
    """Return a normal chest phantom that was stored as an inverted DICOM CR."""
    return sample_layers("normal_cr")


def clean_woman() -> list[LayerData]:
    """Return a simulated bone scan without lesions."""
    return sample_scan_layers("clean_woman")


def few_lesions() -> list[LayerData]:
    """Return a simulated bone scan with few lesions."""
    return sample_scan_layers("few_lesions")


def many_lesions_low_counts() -> list[LayerData]:
    """Return a simulated bone scan with many lesions and few counts."""
    return sample_scan_layers("many_lesions_low_counts")


def sample_scan_layers(name: str) -> list[LayerData]:
    """Return both views of a packaged sample scan as layers.

    Parameters
    ----------
    name : str
        One of :func:`napari_tbcad.simulate.bone_samples.sample_scan_names`.
    """
    from napari_tbcad.io.scan_files import ScanFiles
    from napari_tbcad.simulate.bone_samples import sample_scan_path
    from napari_tbcad.widgets.bone.intake import scan_layers

    return scan_layers(ScanFiles((sample_scan_path(name),), name), name=name.replace("_", " "))


def sample_layers(name: str) -> list[LayerData]:
    """Return a packaged sample film as a layer.

    Parameters
    ----------
    name : str
        One of :func:`napari_tbcad.simulate.samples.sample_names`.
    """
    from napari_tbcad.io.read import read_film
    from napari_tbcad.simulate.samples import sample_path

    return [film_layer(read_film(sample_path(name)), name=f"phantom {name.replace('_', ' ')}")]
