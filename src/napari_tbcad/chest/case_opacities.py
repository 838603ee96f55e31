"""Opacities in a case: kept beside the masks, and brought back without asking the network again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.case import Case, Reading
from napari_tbcad.case_readings import RECORD, plain
from napari_tbcad.chest.lungs.network import NetworkParameters, network_at_hand
from napari_tbcad.chest.opacities import CLASSES, NoOpacities, Opacities
from napari_tbcad.errors import BadInput

NAME = "opacities"
_READS = ("polarity", NAME)
"""Sections of the settings that opacities depend on."""


def kept(found: Opacities | NoOpacities | None) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the arrays and the plain values with which a case keeps opacities; both may be empty."""
    if found is None:
        return {}, {}
    said = {"warnings": list(found.warnings), "record": plain(found.record)}
    if isinstance(found, NoOpacities):
        return {}, {NAME: {**said, "cause": found.cause}}
    facts = {"film_shape": list(found.film_shape), "model": found.model, "threshold": found.threshold}
    return {NAME: found.probabilities}, {NAME: {**said, **facts}}


def brought_back(case: Case, one: Reading) -> Opacities | NoOpacities | None:
    """Return the opacities of a reading; None where the case has none of that reading.

    Raises
    ------
    BadInput
        If those in the case cannot be used.
    """
    said = case.values.get(NAME)
    if said is None or NAME not in one.values["made"] or not _same(one, case.last):
        return None
    try:
        warnings, record = tuple(said["warnings"]), RECORD.validate_python(said["record"])
        if "cause" in said:
            return NoOpacities(said["cause"], warnings, record)
        height, width = said["film_shape"]
        return Opacities(
            _probabilities(case.arrays[NAME]),
            (int(height), int(width)),
            str(said["model"]),
            float(said["threshold"]),
            warnings,
            record,
        )
    except (LookupError, TypeError, ArithmeticError, ValueError) as error:
        raise BadInput(case.image.name, f"the opacities in its case cannot be used ({error})") from error


def _same(one: Reading, last: Reading) -> bool:
    """Tell whether the opacities of the last reading, which a case holds, are those of this one."""
    return one is last or (
        all(NAME in reading.values["up_to_date"] for reading in (one, last))
        and all(one.settings.get(name) == last.settings.get(name) for name in _READS)
        and (one.program, one.models.get(NAME)) == (last.program, last.models.get(NAME))
    )


def _probabilities(array: NDArray[Any]) -> NDArray[np.float32]:
    found = np.asarray(array, np.float32)
    if found.ndim != 3 or len(found) != len(CLASSES) or not found.size or not np.isfinite(found).all():
        raise ValueError(f"probabilities of {len(CLASSES)} kinds wanted, not shape {found.shape}")
    return found


def network_of(found: Opacities | NoOpacities | None) -> str | None:
    """Return the SHA-256 of the network that was asked; None when none was."""
    return (found.model.split()[-1] if isinstance(found, Opacities) and found.model else None) or None


def other_network(one: Reading) -> str:
    """Say, where it is so, that opacities would come from another network now, or could come at all."""
    if NAME not in one.values["made"]:
        return ""
    now = network_at_hand(NetworkParameters(model=one.settings[NAME]["model"]))
    was = one.models.get(NAME)
    if now == was or not one.settings[NAME]["enabled"]:
        return ""
    if was is None:
        return "The opacities of this case could not be looked for then"
    other = "with a network that is not at hand" if now is None else "with another network"
    return f"The opacities of this case were found {other}"
