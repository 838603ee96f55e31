"""What one analysed film leaves on disk: rows of the two tables, masks, picture and record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.case_film import file_of
from napari_tbcad.chest.opacity_zones import OPACITY_NAMES, zone_features
from napari_tbcad.errors import BadInput
from napari_tbcad.files import write_csv, written_whole
from napari_tbcad.io.clinic.makers import PROGRAM_GIVEN
from napari_tbcad.result_tables import remove, require_place, tables_held, with_rows
from napari_tbcad.run_images import note_exported, require_run_image
from napari_tbcad.run_names import files_of, require_own_name
from napari_tbcad.schemes import OPACITIES

if TYPE_CHECKING:
    from napari_tbcad.chest.lungs.fields import LungMasks
    from napari_tbcad.chest.opacities import Opacities
    from napari_tbcad.chest.workflow import ChestAnalysis
    from napari_tbcad.imaging.radiograph import Radiograph

_OPACITY_KINDS = tuple(name for name in OPACITIES.ids if name != "background")
_KIND_COLUMNS = tuple(name.replace(" ", "_") for name in _OPACITY_KINDS)
RESULT_COLUMNS = (
    "file", "status", "message", "decision", "deciding_stage", "probability", "probability_stage1",
    "probability_stage2", "decision_score_1", "decision_score_2", "segmenter", "classifier",
    "operating_point", "warnings", "seconds", "grid", "threshold",
    "opacity_area", "opacity_mean", *(f"{name}_area" for name in _KIND_COLUMNS), *OPACITY_NAMES,
    "opacity_model",
)  # fmt: skip
"""Columns of results.csv, which scripts rely on. Those of opacities are shares of the lungs and mean
probabilities (evidence, not a diagnosis), empty where there is no network."""

OPACITY_COLOUR = "#CC79A7"
"""Okabe-Ito reddish purple."""

MaskFormat = Literal["png", "seg.nrrd", "both"]

_OVERLAY_SIDE = 1024
_FORMATS = ("png", "seg.nrrd")
_KINDS = ("sensitive", "insensitive")


def results_row(
    analysis: ChestAnalysis, settings: Any, *, file: str, classifier: str = "none"
) -> dict[str, Any]:
    """Return a film's row of results.csv, all but ``seconds``.

    Parameters
    ----------
    analysis : ChestAnalysis
        What the chain made of the film.
    settings : ChestSettings
        With which settings.
    file : str
        Path of the film as the table should name it.
    classifier : str, optional
        What to name where there is no result (the result names its own model).

    Returns
    -------
    dict
        Values by the names in :data:`RESULT_COLUMNS`.
    """
    result = analysis.result
    origins = {analysis.sensitive.origin, analysis.insensitive.origin}
    given = "" if "automatic" in origins else PROGRAM_GIVEN if origins == {"program"} else "given"
    row: dict[str, Any] = {
        "file": file,
        "status": "ok",
        "message": "",
        "segmenter": given or analysis.segmenter or settings.lungs.segmenter,
        "classifier": classifier,
        "operating_point": settings.classify.operating_point,
        "grid": settings.features.grid,
        "threshold": result.threshold if result is not None else None,
        "warnings": " | ".join(analysis.warnings),
        **opacity_columns(analysis),
    }
    if result is None:
        return {**row, "decision": "not_decided"}
    return row | {
        "decision": result.decision,
        "deciding_stage": result.deciding_stage,
        "probability": result.probability,
        "probability_stage1": result.probability_stage1,
        "probability_stage2": result.probability_stage2,
        "decision_score_1": result.decision_score_1,
        "decision_score_2": result.decision_score_2,
        "classifier": result.model,
    }


def opacity_columns(analysis: ChestAnalysis) -> dict[str, Any]:
    """Return what results.csv says about opacities in the insensitive mask; nothing where there are none."""
    from napari_tbcad.chest.opacities import Opacities

    found = analysis.opacities
    if not isinstance(found, Opacities):
        return {}
    zones = found.zones(analysis.insensitive)
    shares = found.shares(analysis.insensitive)
    return {
        "opacity_area": zones["both"].area,
        "opacity_mean": zones["both"].mean,
        **{
            f"{column}_area": shares[name] for column, name in zip(_KIND_COLUMNS, _OPACITY_KINDS, strict=True)
        },
        **zone_features(zones),
        "opacity_model": found.model,
    }


def features_row(analysis: ChestAnalysis, *, file: str) -> dict[str, Any]:
    """Return a film's row of features.csv: ``file`` and one value a feature."""
    return {"file": file, **analysis.features.as_dict()}


def write_tables(
    out: Path, results: Sequence[Mapping[str, Any]], features: Sequence[Mapping[str, Any]]
) -> None:
    """Write results.csv and features.csv (UTF-8 with BOM, decimal point)."""
    write_csv(out / "results.csv", RESULT_COLUMNS, results)
    names = dict.fromkeys(name for row in features for name in row if name != "file")
    write_csv(out / "features.csv", ("file", *names), features)


def write_overlay(path: Path, analysis: ChestAnalysis) -> None:
    """Write the film with the insensitive (full) and sensitive (broken line) outlines, at most 1024 px.

    Where the opacity network was asked, a dotted line goes around what it finds opaque in the lungs.
    The research-use notice is drawn on its lower edge and stands in the file.
    """
    from napari_tbcad.chest.opacities import Opacities
    from napari_tbcad.imaging.grid import resize_labels, to_grid
    from napari_tbcad.imaging.intensity import robust_range, to_unit
    from napari_tbcad.imaging.overlay import draw_outlines, write_signed

    pixels = to_grid(analysis.film, _OVERLAY_SIDE).pixels
    grey = np.rint(255 * to_unit(pixels, robust_range(pixels))).astype(np.uint8)
    masks = [resize_labels(mask.labels, grey.shape) for mask in (analysis.insensitive, analysis.sensitive)]
    picture = draw_outlines(grey, *masks)
    if isinstance(analysis.opacities, Opacities):
        _dot_opacities(picture, analysis.opacities, masks[0])
    with written_whole(path) as temporary:
        write_signed(temporary, picture)


def _dot_opacities(picture: NDArray[np.uint8], found: Opacities, lungs: NDArray[np.uint8]) -> None:
    """Draw a dotted line, in place, around what is opaque in the lungs (H, W) of a picture (H, W, 3)."""
    from napari_tbcad.imaging.grid import resize_soft
    from napari_tbcad.imaging.morphology import inner_edge

    height, width = lungs.shape
    opaque = (resize_soft(found.any, (height, width)) >= found.threshold) & (lungs > 0)
    rows, columns = np.nonzero(inner_edge(opaque))
    dots = (rows // 2 + columns // 2) % 2 == 0
    picture[rows[dots], columns[dots]] = tuple(bytes.fromhex(OPACITY_COLOUR[1:]))


def export_case(
    folder: str | Path,
    name: str,
    analysis: ChestAnalysis,
    settings: Any,
    *,
    file: str | None = None,
    classifier: str = "none",
    masks: MaskFormat = "png",
    append: bool = True,
) -> tuple[Path, ...]:
    """Write what ``chest run`` writes for a film: both tables, masks, overlay and record.

    Parameters
    ----------
    folder : str or Path
        Where to. It is made when missing, but not the folders above it, which a person means to be there.
    name : str
        NAME in ``masks/NAME_sensitive.png`` and so on, as
        :func:`~napari_tbcad.io.read.find_films` gives it.
    analysis : ChestAnalysis
        What the chain made of the film, such as from :func:`~napari_tbcad.chest.workflow.finish`.
    settings : ChestSettings
        With which settings (``run.settings``).
    file : str, optional
        Path of the film as the tables should name it; the film's source when not given.
    classifier : str, optional
        See :func:`results_row`.
    masks : {"png", "seg.nrrd", "both"}, optional
        Format of the masks: label images, segmentations for 3D Slicer, or both. What an earlier export of
        the same film left in the other format is removed, lest it be taken for the present mask.
    append : bool, optional
        Add the film's rows to the tables that are there already, in place of its earlier ones. False
        begins new tables.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    BadInput
        If the folder is gone, cannot be written or the disk is full; if its tables have other columns; or if
        NAME is another film's there, or not what :class:`~napari_tbcad.run_names.RunNames` finds for it.
        Nothing is written then, or the tables are as they were.
    """
    folder = Path(folder)
    file = Path(analysis.film.source or name).as_posix() if file is None else file
    require_place(folder, name)
    row = results_row(analysis, settings, file=file, classifier=classifier)
    row["seconds"] = round(analysis.seconds, 3)
    with tables_held(folder):
        return _exported(folder, name, analysis, row, masks, append)


def _exported(
    folder: Path,
    name: str,
    analysis: ChestAnalysis,
    row: Mapping[str, Any],
    masks: MaskFormat,
    append: bool,
) -> tuple[Path, ...]:
    """Write a film's files and put its rows into the tables, which nobody else changes meanwhile."""
    file = row["file"]
    values = features_row(analysis, file=file)
    results, known = with_rows(folder / "results.csv", RESULT_COLUMNS, [row], file=file, append=append)
    features, _ = with_rows(folder / "features.csv", tuple(values), [values], file=file, append=append)
    formats = _FORMATS if masks == "both" else (masks,)
    taken = any(path.exists() for path in _own_paths(folder, name))
    paths = list(map(Path, files_of(row)))
    shown = file_of(analysis.film) is not None
    require_run_image(folder, name, paths, shown=shown, thing="film")
    if append:
        require_own_name(folder, name, row, results, known=known, taken=taken, thing="film")
    try:
        written = [
            _write_mask(_mask_path(folder, name, mask.kind, suffix), mask, analysis.film)
            for mask in (analysis.sensitive, analysis.insensitive)
            for suffix in formats
        ]
        written += _other_paths(folder, name)
        write_overlay(written[-2], analysis)
        analysis.record.save(written[-1])
        note_exported(folder, name, paths, shown=shown)
        write_tables(folder, results, features)
        if append:
            remove(path for path in _own_paths(folder, name) if path not in written)
    except OSError as error:
        if append and not taken:
            # Else the next try would take them for another film's.
            remove(_own_paths(folder, name))
        raise BadInput(folder, f"cannot write there ({error.strerror or error})") from error
    return (*written, folder / "results.csv", folder / "features.csv")


def _mask_path(folder: Path, name: str, kind: str, suffix: str) -> Path:
    return folder / "masks" / f"{name}_{kind}.{suffix}"


def _other_paths(folder: Path, name: str) -> list[Path]:
    return [folder / "overlays" / f"{name}.png", folder / "records" / f"{name}.json"]


def _own_paths(folder: Path, name: str) -> list[Path]:
    masks = [_mask_path(folder, name, kind, suffix) for kind, suffix in product(_KINDS, _FORMATS)]
    return [*masks, *_other_paths(folder, name)]


def _write_mask(path: Path, mask: LungMasks, film: Radiograph) -> Path:
    from napari_tbcad.io.masks import write_mask
    from napari_tbcad.io.slicer import write_segmentation

    if path.suffix == ".png":
        write_mask(path, mask.labels)
        return path
    # A film that was mirrored is no longer on the grid of its file.
    own = None if film.flipped else file_of(film)
    name = Path(film.source).name
    write_segmentation(path, mask.labels, spacing_mm=film.spacing_mm, source=name, film_file=own)
    return path
