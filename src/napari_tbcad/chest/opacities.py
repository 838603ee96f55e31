"""Opacities: how likely ground glass, consolidation or effusion is at every pixel. Evidence, no diagnosis.

The network learned from films with pneumonia on which radiologists drew what they saw, from normal films and
from normal films with simulated lesions; its scores stand in its card. It does not know of tuberculosis. The
stage is optional: without the network's file, or where it cannot run, the chain goes on without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.feature_sets import has_opacities
from napari_tbcad.chest.opacity_zones import OPACITY_NAMES, ZoneReading, read_zones, zone_features
from napari_tbcad.content import digest
from napari_tbcad.errors import BadInput, Cancelled, ModelRefused
from napari_tbcad.imaging.grid import resize_labels, resize_soft
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.memory import Memory, recall
from napari_tbcad.networks.asking import ask
from napari_tbcad.networks.devices import Device
from napari_tbcad.networks.listing import file_key_if_any
from napari_tbcad.record import Parameters, Record, Step, field
from napari_tbcad.schemes import OPACITIES

if TYPE_CHECKING:
    from napari_tbcad.chest.lungs.fields import LungMasks

CLASSES = tuple(name for name in OPACITIES.ids if name != "background")
"""Ground glass, consolidation, effusion."""

PACKAGED = "opacities"
"""Name of the network that comes with the package."""

EVIDENCE_NOTICE = (
    "Evidence, not a diagnosis: the network learned from films with pneumonia, not with tuberculosis."
)
"""Stands wherever opacities are shown."""


class OpacityParameters(Parameters):
    """Parameters of :func:`opacities`."""

    enabled: bool = field(
        True,
        title="Look for opacities",
        description="Compute the evidence map. Features of a set with opacities need it.",
    )
    model: str = field(
        PACKAGED,
        title="Network",
        description="Name of a packaged or installed network, or path of a network file.",
        more=True,
    )
    augment: bool = field(
        False,
        title="Several looks",
        description="Averages the answers to slightly changed copies of the film: steadier, and several "
        "times slower.",
        more=True,
    )
    device: Device = field(
        "auto",
        title="Device",
        description="Where the network runs; auto takes the graphics card where there is one.",
        more=True,
    )
    threshold: float = field(
        0.5,
        title="Threshold",
        gt=0,
        lt=1,
        more=True,
        description="Probability from which a pixel counts as opaque, for areas and outlines.",
    )

    @property
    def content_key(self) -> str:
        """Digest of the values and of the network's file, so that a changed file makes the stage stale."""
        return digest(type(self).__name__, self.model_dump_json(), file_key_if_any(self.model))


@dataclass(frozen=True, eq=False)
class Opacities:
    """Probability of each kind of opacity at every pixel of one film.

    Parameters
    ----------
    probabilities : (3, h, w) array of float32
        Ground glass, consolidation, effusion (:data:`CLASSES`), each in [0, 1], their sum at most 1, on the
        network's grid, which covers the film's field of view.
    film_shape : (int, int)
        Shape (H, W) of the film.
    model : str
        Name and hash of the network.
    threshold : float
        Probability from which a pixel counts as opaque.
    warnings : tuple of str
        Complaints for the person.
    record : Record
        The step with the network's hash.
    """

    probabilities: NDArray[np.float32]
    film_shape: tuple[int, int]
    model: str = ""
    threshold: float = 0.5
    warnings: tuple[str, ...] = ()
    record: Record = Record()

    @property
    def any(self) -> NDArray[np.float32]:
        """Probability of any opacity, (h, w): 1 − that of background."""
        return np.minimum(self.probabilities.sum(axis=0), 1).astype(np.float32)

    def on_film(self) -> NDArray[np.float32]:
        """Return the probability of any opacity on the film's own grid, (H, W)."""
        return np.clip(resize_soft(self.any[None], self.film_shape)[0], 0, 1)

    def zones(self, insensitive: LungMasks) -> dict[str, ZoneReading]:
        """Measure both lungs, each lung and the six zones inside a mask.

        Parameters
        ----------
        insensitive : LungMasks
            The anatomical lung field, on any grid over the film's field of view; a person's or automatic.

        Returns
        -------
        dict of str to ZoneReading
            See :func:`~napari_tbcad.chest.opacity_zones.read_zones`.
        """
        height, width = self.probabilities.shape[1:]
        return read_zones(
            self.any, resize_labels(insensitive.labels, (height, width)), threshold=self.threshold
        )

    def shares(self, insensitive: LungMasks) -> dict[str, float]:
        """Return per kind the share of the lungs where it is the likeliest and any opacity is opaque."""
        height, width = self.probabilities.shape[1:]
        lungs = resize_labels(insensitive.labels, (height, width)) > 0
        opaque = lungs & (self.any >= self.threshold)
        kind = self.probabilities.argmax(axis=0)
        total = max(int(lungs.sum()), 1)
        return {name: float((opaque & (kind == i)).sum() / total) for i, name in enumerate(CLASSES)}


@dataclass(frozen=True, eq=False)
class NoOpacities:
    """There is no evidence map, and why.

    Parameters
    ----------
    cause : str
        One sentence for the person.
    warnings : tuple of str
        The cause, where it is a complaint: not when the stage was switched off.
    record : Record
        What was tried.
    """

    cause: str
    warnings: tuple[str, ...] = ()
    record: Record = Record()


def opacities(
    film: Radiograph,
    parameters: OpacityParameters = OpacityParameters(),
    *,
    cancelled: Callable[[], bool] | None = None,
    progress: Callable[[float, str], None] | None = None,
    memory: Memory | None = None,
) -> Opacities | NoOpacities:
    """Ask the opacity network about a film.

    Parameters
    ----------
    film : Radiograph
        Film with pixels (H, W), air dark.
    parameters : OpacityParameters
        Which network, where, and from which probability on a pixel counts as opaque.
    cancelled, progress : callable, optional
        As for every stage.
    memory : Memory, optional
        Keeps the answer, so that another threshold does not ask again.

    Returns
    -------
    Opacities or NoOpacities
        The latter when the stage is off, the network is missing, was refused or could not run. Nothing but
        a cancellation is raised.
    """
    if not parameters.enabled:
        cause = "The search for opacities is switched off."
        return NoOpacities(cause, record=film.record + Step("opacities", parameters, facts={"none": cause}))
    if progress is not None:
        progress(0.0, "opacities")
    asked = (film, parameters.model, parameters.augment, parameters.device, file_key_if_any(parameters.model))
    try:
        found = recall(memory, "answer", asked, lambda: _asked(film, parameters, cancelled, progress))
    except Cancelled:
        raise
    except Exception as error:  # evidence is optional: whatever fails in it must not cost the result
        return _without(error, parameters, film.record)
    return Opacities(
        found.probabilities,
        film.shape,
        found.model,
        parameters.threshold,
        warnings=found.warnings,
        record=film.record + Step("opacities", parameters, found.model, {"device": found.device}),
    )


def opacity_features(
    found: Opacities | NoOpacities | None, insensitive: LungMasks, *, source: str = ""
) -> dict[str, float]:
    """Return :data:`~napari_tbcad.chest.opacity_zones.OPACITY_NAMES` with their values.

    `source` names the film in an error.

    Raises
    ------
    BadInput
        If there are no opacities to measure; says why.
    """
    if not isinstance(found, Opacities):
        cause = found.cause if found is not None else "they were not computed"
        raise BadInput(source or "film", f"the feature set needs opacities: {cause}")
    values = zone_features(found.zones(insensitive))
    assert tuple(values) == OPACITY_NAMES
    return values


class _Answer(NamedTuple):
    """What the network said: (3, h, w) float32, its name and hash, complaints, the device it ran on."""

    probabilities: NDArray[np.float32]
    model: str
    warnings: tuple[str, ...]
    device: str


def _asked(
    film: Radiograph,
    parameters: OpacityParameters,
    cancelled: Callable[[], bool] | None,
    progress: Callable[[float, str], None] | None,
) -> _Answer:
    found = ask(
        parameters.model,
        film.pixels,
        task=(OPACITIES.name,),
        augment=parameters.augment,
        device=parameters.device,
        what="opacity network",
        progress=progress,
        cancelled=cancelled,
    )
    probabilities = np.ascontiguousarray(found.prediction.probabilities[1:], dtype=np.float32)
    return _Answer(probabilities, found.said, found.warnings, found.prediction.device)


def _without(error: Exception, parameters: OpacityParameters, record: Record) -> NoOpacities:
    absent = parameters.model == PACKAGED and not network_present(PACKAGED)
    cause = (
        "No opacity network is installed."
        if absent
        else f"Opacities could not be looked for: {error or type(error).__name__}"
    )
    record = record + Step("opacities", parameters, facts={"none": cause})
    # Where nothing was asked for by name, nothing is missed: it is told only where opacities would be.
    return NoOpacities(cause, () if absent else (cause,), record)


def require_opacities(settings: Any) -> None:
    """Refuse, before the first of many films, what every one of them would be refused for.

    Where no feature needs opacities only a network that a person named is looked at: evidence may be missing.
    Imports no torch.

    Parameters
    ----------
    settings : ChestSettings
        Of all films.

    Raises
    ------
    BadInput
        If the feature set needs opacities, which are switched off.
    ModelRefused
        If there is no such network, its file is damaged, or it is of another task.
    """
    wanted, feature_set = settings.opacities, settings.features.feature_set
    needed = has_opacities(feature_set)
    if needed and not wanted.enabled:
        raise BadInput("opacities.enabled", f"the feature set {feature_set!r} needs opacities")
    if not wanted.enabled or not (needed or wanted.model != PACKAGED):
        return
    from napari_tbcad.networks.models import locate
    from napari_tbcad.networks.store import read_network_card

    card = read_network_card(locate(wanted.model))
    if card.task != OPACITIES.name:
        raise ModelRefused(wanted.model, f"made for the task {card.task}, not for {OPACITIES.name}")


def network_present(name: str) -> bool:
    """Tell whether a network of this name or path has a file; nothing is loaded."""
    return bool(file_key_if_any(name))
