"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from napari_tbcad.errors import BadInput
from napari_tbcad.networks.devices import DEVICE_MEANING, DEVICES, choose_device
from napari_tbcad.plain_text import parse_yaml, read_text

Out = Annotated[Path, typer.Option("--out", help="Folder for the results.")]
ModelOut = Annotated[Path, typer.Option("--out", metavar="FILE.skops", help="File for the classifier.")]
AtlasOut = Annotated[Path, typer.Option("--out", metavar="FILE", help="File for the atlas.")]
Segmenter = Annotated[
    str | None,
    typer.Option(
        "--segmenter",
        help="network, atlas or otsu [model's own]. Another network: --set lungs.network.model=NAME|FILE.",
    ),
]
TrainedSegmenter = Annotated[
    str | None,
    typer.Option(
        "--segmenter",
        help="network, atlas or otsu [network]. Another network: --set lungs.network.model=NAME|FILE.",
    ),
]
Dataset = Annotated[Path, typer.Argument(help="A known folder layout, or a CSV with path,label[,…].")]
Splits = Annotated[
    Path | None, typer.Option("--splits", exists=True, dir_okay=False, help="folds.csv to reuse.")
]
AtlasFile = Annotated[
    Path | None,
    typer.Option(
        "--atlas", exists=True, dir_okay=False, help="Atlas file; means --segmenter atlas [packaged]."
    ),
]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Local processes.")]
Scheduler = Annotated[
    str | None, typer.Option("--scheduler", help="Address of a Dask scheduler instead of --workers.")
]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="STAGE.FIELD=VALUE", help="Change one parameter; repeat as needed."),
]
ParameterFile = Annotated[
    Path | None,
    typer.Option("--params", exists=True, dir_okay=False, help="YAML or JSON file of parameters by stage."),
]
_DEVICE = f"{', '.join(DEVICES)}. {DEVICE_MEANING}"
Device = Annotated[str | None, typer.Option("--device", help=_DEVICE)]
FilmsDevice = Annotated[
    str | None,
    typer.Option(
        "--device",
        help=f"{_DEVICE} Features and the classifier stay on the processor under auto, which suits single "
        "films; another choice holds for them, too.",
    ),
]


def segmenter_for(name: str | None, atlas: Path | None) -> str | None:
    """Return the lung segmenter that was asked for; an atlas of one's own asks for the atlas."""
    return name or ("atlas" if atlas is not None else None)


def several(names: list[str] | None) -> tuple[str, ...] | None:
    """Return names that were given repeatedly or separated by commas, each once; None for none."""
    found = [name.strip() for given in names or () for name in given.split(",")]
    return tuple(dict.fromkeys(name for name in found if name)) or None


def require_device(name: str | None) -> None:
    """Refuse a device that has no such name or that this machine lacks.

    Raises
    ------
    BadInput
        Naming the devices there are.
    """
    if name in (None, "auto", "cpu"):
        return
    choose_device(name, source="--device")


def assignments(file: Path | None, pairs: list[str] | None, **options: Any) -> dict[str, Any]:
    """Return dotted settings: those of the file, then named options, then ``--set``.

    Parameters
    ----------
    file : Path or None
        YAML or JSON with a section per stage.
    pairs : list of str or None
        ``stage.field=value``.
    **options
        Values by dotted name with ``__`` for the dot; None means not given.

    Raises
    ------
    BadInput
        If the file is not a mapping or a pair has no ``=``.
    """
    found: dict[str, Any] = {}
    if file is not None:
        try:
            content = parse_yaml(read_text(file))
        except BadInput:
            raise
        except ValueError as error:
            raise BadInput(file, f"not YAML or JSON ({error})") from error
        if not isinstance(content, dict):
            raise BadInput(file, "expected a mapping with a section per stage")
        found |= _flat(content)
    found |= {name.replace("__", "."): value for name, value in options.items() if value is not None}
    for pair in pairs or []:
        name, equals, value = pair.partition("=")
        if not equals:
            raise BadInput(f"--set {pair}", "write it as stage.field=value")
        try:
            found[name.strip()] = parse_yaml(value)
        except ValueError as error:
            raise BadInput(f"--set {name}", f"the value is not YAML ({error})") from error
    return found


def _flat(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in content.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat


def listed(section: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    """Yield (dotted name, default, description with unit and bounds) of every setting."""
    for name, info in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from listed(value, f"{prefix}{name}.")
        else:
            extra = info.json_schema_extra
            unit = extra.get("unit") if isinstance(extra, dict) else None
            notes = ", ".join(note for note in (unit, _bounds(info)) if isinstance(note, str) and note)
            yield f"{prefix}{name}", value, f"{info.description}" + (f" [{notes}]" if notes else "")


def _bounds(info: FieldInfo) -> str:
    """Return the bounds of a setting in words, "" without any."""
    words = {"ge": "from {:g}", "gt": "above {:g}", "le": "to {:g}", "lt": "below {:g}"}
    found = [
        text.format(bound)
        for mark, text in words.items()
        for bound in (getattr(each, mark, None) for each in info.metadata)
        if bound is not None
    ]
    return " ".join(found)
