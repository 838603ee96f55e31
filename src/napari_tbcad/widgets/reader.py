"""napari's door to DICOM chest films, bone scans and segmentations of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph

if TYPE_CHECKING:
    from napari_tbcad.case import Case

METADATA_KEY = "napari-tbcad"
"""Under this key of ``layer.metadata`` a layer of ours carries its :class:`Radiograph`."""

CASE_KEY = "napari-tbcad-case"
"""Under this key a layer carries the path of the case it was opened from, and the key of its film or scan."""

SCAN_KEY = "napari-tbcad-scan"
"""Under this key an image of a bone scan carries its study and which view it is."""

LayerData = tuple[Any, dict[str, Any], str]
_CASE = ".tbcad"
_SUFFIXES = {".dcm", ".dicom", ".ima"}


def get_reader(path: str | Sequence[str]) -> Callable[[str | Sequence[str]], list[LayerData]] | None:
    """Return a reader when all paths are DICOM chest films, bone scans, folders of them, or segmentations.

    Parameters
    ----------
    path : str or sequence of str
        What the person opened.

    Returns
    -------
    callable or None
        ``reader(path) -> list of layer tuples``. Headers only are looked at here.
    """
    try:
        films = _films(path)
    except (BadInput, OSError):
        return None
    if films:
        return read
    if _scans(path):
        return read_scans
    return read_segmentations if _segmentations(path) else None


def read(path: str | Sequence[str]) -> list[LayerData]:
    """Read films as Image layers.

    Raises
    ------
    BadInput
        If no film could be read; of several, the broken ones are named in a warning and left out.
    """
    from napari.utils.notifications import show_warning

    layers: list[LayerData] = []
    problems: list[BadInput] = []
    for film_path in _films(path):
        try:
            layers += layers_of_case(film_path) if film_path.suffix.lower() == _CASE else layers_of(film_path)
        except BadInput as error:
            problems.append(error)
    if not layers:
        raise problems[0] if problems else BadInput(str(path), "no chest film in it")
    for problem in problems:
        show_warning(str(problem))
    return layers


def read_scans(path: str | Sequence[str]) -> list[LayerData]:
    """Read bone scans as Image layers, a view each, anterior and posterior side by side.

    Raises
    ------
    BadInput
        If a scan cannot be read.
    """
    from napari_tbcad.widgets.bone.intake import read_layers

    return read_layers(_scans(path))


def read_segmentations(path: str | Sequence[str]) -> list[LayerData]:
    """Read DICOM segmentations of films and scans as Labels layers.

    Raises
    ------
    BadInput
        If one cannot be read.
    """
    from napari_tbcad.widgets.segmentation_layers import layers_of_segmentation

    return [layer for one in _segmentations(path) for layer in layers_of_segmentation(one)]


def layers_of_case(path: Path) -> list[LayerData]:
    """Return the layers of a saved case: its film, or the views of its scan.

    Raises
    ------
    BadInput
        If it cannot be read, or what it is about is not to be found.
    """
    from napari_tbcad.case import Case

    case = Case.load(path)
    if case.workflow == "bone":
        from napari_tbcad.widgets.bone.resume import layers_of_scan_case

        return layers_of_scan_case(case, path)
    return _layers_of_film_case(case, path)


def layers_of(path: Path) -> list[LayerData]:
    """Return the layer of a film, or of the film of a saved case, read as the command line reads it.

    Raises
    ------
    BadInput
        If the file is neither, or the film of the case is not to be found.
    """
    from napari_tbcad.case import Case
    from napari_tbcad.io.read import read_film

    if path.suffix.lower() != _CASE:
        return [film_layer(read_film(path))]
    case = Case.load(path)
    if case.workflow != "chest":
        raise BadInput(path, f"a case of the {case.workflow} workflow; open it in the panel of that workflow")
    return _layers_of_film_case(case, path)


def _layers_of_film_case(case: Case, path: Path) -> list[LayerData]:
    from napari_tbcad.chest.cases import film_for

    data, options, kind = film_layer(film_for(case, path), name=Path(case.image.name).stem)
    options["metadata"][CASE_KEY] = (str(path.absolute()), case.image.content_key)
    return [(data, options, kind)]


def film_layer(film: Radiograph, name: str | None = None) -> LayerData:
    """Return the layer tuple of a film: scale in mm, display window, no identifiers.

    Parameters
    ----------
    film : Radiograph
        The film.
    name : str, optional
        Layer name; the file's stem when not given.
    """
    options: dict[str, Any] = {
        "name": name or Path(film.source).stem or "film",
        "colormap": "gray",
        "metadata": {METADATA_KEY: film},
    }
    if film.spacing_mm is not None:
        options |= {"scale": film.spacing_mm, "units": ("mm", "mm")}
    low, high = film.window or (float(film.pixels.min()), float(film.pixels.max()))
    if high > low:
        options["contrast_limits"] = (float(low), float(high))
    return film.pixels, options, "image"


def _films(path: str | Sequence[str]) -> list[Path]:
    """List the chest films among the paths; none at all when one of several is something else."""
    from napari_tbcad.io.dicom import is_chest_dicom

    paths = [Path(path)] if isinstance(path, str | Path) else [Path(p) for p in path]
    found: list[Path] = []
    for one in paths:
        if one.is_dir():
            films = _in_folder(one)
        else:
            films = [one] if one.suffix.lower() == _CASE or is_chest_dicom(one) else []
        if not films:
            return []
        found += films
    return found


def _scans(path: str | Sequence[str]) -> list[Path]:
    """List the DICOM bone scans among the paths; none at all when one of several is something else."""
    from napari_tbcad.io.nuclear import is_scan_dicom

    paths = [Path(path)] if isinstance(path, str | Path) else [Path(p) for p in path]
    found: list[Path] = []
    for one in paths:
        files = _dicoms_in(one) if one.is_dir() else [one]
        scans = [file for file in files if is_scan_dicom(file)]
        if not scans:
            return []
        found += scans
    return found


def _segmentations(path: str | Sequence[str]) -> list[Path]:
    """List the paths where every one is a DICOM segmentation."""
    from napari_tbcad.io.clinic.segmentation_reading import is_segmentation

    paths = [Path(path)] if isinstance(path, str | Path) else [Path(p) for p in path]
    return paths if all(one.is_file() and is_segmentation(one) for one in paths) else []


def _dicoms_in(folder: Path) -> list[Path]:
    files = sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith("."))
    return [f for f in files if not f.suffix or f.suffix.lower() in _SUFFIXES]


def _in_folder(folder: Path) -> list[Path]:
    """DICOM films directly in a folder, extension or not; a folder of pictures is left to napari."""
    from napari_tbcad.io.dicom import is_chest_dicom

    return [file for file in _dicoms_in(folder) if is_chest_dicom(file)]
