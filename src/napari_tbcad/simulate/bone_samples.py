"""Sets of simulated bone scans on disk, and the packaged sample scans: repeatable byte for byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray

from napari_tbcad import __version__
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.files import written_whole
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.simulate.bone_scan import ScanParameters, SimulatedScan, simulate_scan
from napari_tbcad.simulate.sample_folders import sample_folders
from napari_tbcad.simulate.skeleton import BodyParameters

TRUTH_VERSION = 1

# Name: seed, scan, person.
_SAMPLES: dict[str, tuple[int, dict[str, Any], dict[str, Any]]] = {
    "clean_woman": (21, {"abnormal": 0, "counts": 0.9e6}, {"sex": "female"}),
    "few_lesions": (22, {"abnormal": 4, "counts": 0.7e6}, {"sex": "male"}),
    "many_lesions_low_counts": (23, {"abnormal": 16, "counts": 0.35e6}, {"sex": "male"}),
}


def sample_scan_names() -> tuple[str, ...]:
    """Return the names of the packaged sample scans."""
    return tuple(_SAMPLES)


def sample_scan_path(name: str) -> Path:
    """Return the two-frame DICOM file of a packaged sample scan.

    Raises
    ------
    BadInput
        If there is no sample of that name, or the package came without its samples.
    """
    return _sample(name, f"scans/{name}.dcm")


def sample_truth_path(name: str) -> Path:
    """Return the truth (JSON) of a packaged sample scan; the images lie beside it.

    Raises
    ------
    BadInput
        As :func:`sample_scan_path`.
    """
    return _sample(name, f"truth/{name}.json")


def _sample(name: str, file: str) -> Path:
    if name not in _SAMPLES:
        raise BadInput(name, f"no such sample scan; there are {', '.join(_SAMPLES)}")
    for root in sample_folders():
        if (root / file).is_file():
            return root / file
    raise BadInput(
        name, "the samples are missing; `python -m napari_tbcad.simulate.samples sample_data` makes them"
    )


def make_scan_samples(folder: str | Path, *, person: BodyParameters = BodyParameters()) -> list[Path]:
    """Write the packaged sample scans.

    Parameters
    ----------
    folder : str or Path
        Receives scans/NAME.dcm (run-length encoded) and truth/NAME….
    person : BodyParameters
        The grid; the samples fix the rest.

    Returns
    -------
    list of Path
        The files in the order they were written; identical on every run.
    """
    folder, written = Path(folder), []
    for name, (seed, settings, build) in _SAMPLES.items():
        made = simulate_scan(ScanParameters(**settings), seed=seed, person=replace(person, **build))
        path = folder / "scans" / f"{name}.dcm"
        _write_scan(path, name, made)
        _compress(path)
        written += [path, *_write_truth(folder / "truth", name, made, {})]
    return written


def write_simulated_scans(
    out: str | Path,
    number: int,
    seed: int = 0,
    *,
    parameters: ScanParameters = ScanParameters(),
    person: BodyParameters = BodyParameters(),
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Path:
    """Write a set of simulated scans and their truth.

    Parameters
    ----------
    out : str or Path
        Folder that receives scans/ID.dcm (two-frame NM), png/ID_ant.png and png/ID_post.png (counts, cut at
        255), truth/ID_{anterior,posterior}_{classes,hotspots,regions}.png (hotspots 16 bit; posterior as the
        camera saw it) and truth/ID.json.
    number : int
        How many, at least 1.
    seed : int
        Seed of the whole set; scan i depends on (seed, i) alone.
    parameters : ScanParameters
        Counts, lesions, noise.
    person : BodyParameters
        What is fixed of every person, and the grid.
    progress, cancelled : callable, optional
        Called between scans.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    BadInput
        If `number` is below 1.
    Cancelled
        If `cancelled` says so. Finished scans stay, and a further call with the same values goes on after
        them.
    """
    if number < 1:
        raise BadInput("number", f"at least one scan is needed, this is {number}")
    out = Path(out)
    for i in range(number):
        if cancelled is not None and cancelled():
            raise Cancelled("simulating bone scans")
        name = f"bone{i:05d}"
        scan_seed = int(np.random.default_rng([seed, i]).integers(2**31))
        head = {
            "truth_version": TRUTH_VERSION,
            "version": __version__,
            "set_seed": seed,
            "number": i,
            "seed": scan_seed,
            "parameters": parameters.model_dump(mode="json"),
            "person": json.loads(json.dumps(asdict(person))),
        }
        if not _is_there(out, name, head):
            made = simulate_scan(parameters, seed=scan_seed, person=person)
            _write_scan(out / "scans" / f"{name}.dcm", name, made)
            for view, short in zip(VIEWS, ("ant", "post"), strict=True):
                counts = made.scan.view(view).counts  # type: ignore[union-attr]
                _png(out / "png" / f"{name}_{short}.png", np.minimum(counts, 255).astype(np.uint8))
            _write_truth(out / "truth", name, made, head)
        if progress is not None:
            progress((i + 1) / number, name)
    return out


def _is_there(out: Path, name: str, head: dict[str, Any]) -> bool:
    """Tell whether a scan was written with the same values; its JSON is written last."""
    try:
        found = json.loads((out / "truth" / f"{name}.json").read_text(encoding="utf-8"))
        return (out / "scans" / f"{name}.dcm").is_file() and all(found[k] == v for k, v in head.items())
    except (OSError, ValueError, KeyError):
        return False


def _write_scan(path: Path, name: str, made: SimulatedScan) -> None:
    frames = [view.counts for _, view in made.scan]
    write_nuclear(path, frames, spacing_mm=made.scan.spacing_mm, name=name, study="simulated")


def _compress(path: Path) -> None:
    """Run-length encode a DICOM file in place; the frames keep their UID since the pixels are the same."""
    from pydicom import dcmread
    from pydicom.uid import RLELossless

    data = dcmread(path)
    # pydicom's own encoder: another's bytes may differ.
    data.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    with written_whole(path) as temporary:
        data.save_as(temporary, enforce_file_format=True)


def _write_truth(folder: Path, name: str, made: SimulatedScan, head: dict[str, Any]) -> list[Path]:
    """Write the truth images and, last, the JSON."""
    written = []
    for view in VIEWS:
        for kind, image in (
            ("classes", made.classes[view]),
            ("hotspots", made.hotspots[view]),
            ("regions", made.regions[view]),
        ):
            written.append(_png(folder / f"{name}_{view}_{kind}.png", image))
    spacing = made.scan.spacing_mm
    facts = {
        **(head or {"truth_version": TRUTH_VERSION, "version": __version__, "seed": made.seed}),
        "spacing_mm": None if spacing is None else list(spacing),
        "depth_mm": made.body.spacing_mm[0],
        "sex": made.body.person.sex,
        "counts": {view: int(value) for view, value in made.counts.items()},
        "true_bsi": made.true_bsi,
        "lesions": [
            {**asdict(lesion), "mass_share": lesion.mass_share, "linked": lesion.linked}
            for lesion in made.lesions
        ],
        "steps": json.loads(made.scan.record.to_json())["entries"],
    }
    path = folder / f"{name}.json"
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(_rounded(facts), indent=1), encoding="utf-8")
    return [*written, path]


def _rounded(value: Any) -> Any:
    """Return JSON values with floats of 7 digits, so that the last bits of a processor do not show."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


def _png(path: Path, image: NDArray[Any]) -> Path:
    """Write an 8- or 16-bit PNG."""
    with written_whole(path) as temporary:
        iio.imwrite(temporary, image, extension=".png", plugin="pillow", optimize=True)
    return path
