"""What the deciding stage would say of a film without a part of its lungs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chain import Run
from napari_tbcad.chest.band_texture import BAND_NAMES
from napari_tbcad.chest.explain.bands import Bands
from napari_tbcad.chest.explain.deciding import Deciding
from napari_tbcad.chest.explain.grey import GreyCounts
from napari_tbcad.chest.explain.regions import Region
from napari_tbcad.chest.explain.remeasure import Remeasure
from napari_tbcad.chest.explain.zones import ZoneSums, normal_zones
from napari_tbcad.chest.opacities import Opacities
from napari_tbcad.chest.opacity_zones import OPACITY_NAMES
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.imaging.grid import resize_labels

Progress = Callable[[float, str], None]
Probe = Callable[[], bool]
Neutral = Literal["rest", "normal", "clear"]

Measurer = Callable[[Sequence[Region]], dict[str, NDArray[np.float64]]]

SHAPE_GROUPS = ("shape", "modes")
"""Features of the outline: the mask they read is not touched, so that they have no place."""
_AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class Removal:
    """One film, measured again and again without a part of its lungs.

    Parameters
    ----------
    deciding : Deciding
        The stage that decided.
    row : (n_features,) array
        The film as it is, in the model's order.
    lungs : (H, W) array of uint8
        The insensitive mask on the working grid.
    measurers : mapping of str to callable
        Per family of features: takes regions and returns feature name → values (n,).
    exact : bool
        Whether all are quick.
    """

    deciding: Deciding
    row: NDArray[np.float64]
    lungs: NDArray[np.uint8]
    measurers: Mapping[str, Measurer]
    exact: bool = True

    @classmethod
    def of(cls, run: Run, *, neutral: Neutral = "normal", remeasure: bool = False) -> Removal:
        """Prepare a film whose result is up to date.

        Parameters
        ----------
        run : Run
            Holds result, features, masks, image, and opacities where features read them.
        neutral : {"rest", "normal", "clear"}
            What stands in a part's place. ``rest``: the rest of the lungs (of a zone, for opacities), as if
            the part were not in the mask. ``normal``: the same for grey levels, whose features are shares;
            opacities are those of the model's normal films. ``clear``: as normal, and the grey levels are
            those of the half of this film's lungs with the least opacity.
        remeasure : bool, optional
            Measure everything by the function that measures films, instead of from counts: what a person
            would get who erased the part in the insensitive mask. Some ten times slower.

        Raises
        ------
        BadInput
            If there is no decision to explain, or the insensitive mask is empty.
        """
        result, features = run.get("result"), run.get("features")
        if result is None or features is None or result.deciding_stage == 0:
            raise BadInput(_source(run), "there is no decision to explain yet: run the result first")
        deciding = Deciding(run.get("model"), result.deciding_stage)
        parameters: Any = run.settings.features  # type: ignore[attr-defined]
        image = run.get("enhanced" if parameters.image == "enhanced" else "work")
        lungs = resize_labels(run.get("insensitive").labels, image.shape)
        if not lungs.any():
            raise BadInput(_source(run), "there is no lung in the insensitive mask")
        row = deciding.model.row(features)
        groups = dict(zip(features.names, features.groups, strict=True))
        local = [n for n in deciding.names if groups.get(n) not in SHAPE_GROUPS]
        found = run.get("opacities")
        measurers: dict[str, Measurer] = {}
        quick: set[str] = set()
        if local and not remeasure:
            grey, grey_names = _grey(image, lungs, parameters, found, neutral)
            if grey_names & set(local):
                measurers["grey levels"] = grey
            quick |= grey_names
            if isinstance(found, Opacities):
                sums = ZoneSums.of(found, lungs)
                instead = None if neutral == "rest" else normal_zones(deciding.normal)
                if set(OPACITY_NAMES) & set(local):
                    measurers["opacities"] = lambda regions: sums.without(regions, instead=instead)
                quick |= set(OPACITY_NAMES)
            split = Bands.of(run.get("work").pixels, lungs > 0) if set(BAND_NAMES) & set(local) else None
            if split is not None:
                measurers["bands"] = split.without
                quick |= set(BAND_NAMES)
        others = [name for name in local if name not in quick]
        if others:
            again = Remeasure.of(
                run, others, lungs, replace_opacities=neutral != "rest", normal=deciding.normal
            )
            measurers["other" if measurers else "all"] = again.without
        return cls(deciding, row, lungs, measurers, not others)

    @property
    def local_names(self) -> tuple[str, ...]:
        """Features that the stage reads and that can change with a part of the lungs."""
        groups = {name for measure in self.measurers.values() for name in measure([])}
        return tuple(name for name in self.deciding.names if name in groups)

    def rows(
        self,
        regions: Sequence[Region],
        *,
        progress: Progress | None = None,
        cancelled: Probe | None = None,
    ) -> dict[str, NDArray[np.float64]]:
        """Measure the film without each of some regions.

        Parameters
        ----------
        regions : sequence of Region
            On the grid of `lungs`; taken away one at a time.
        progress, cancelled : callable, optional
            As for every stage.

        Returns
        -------
        dict of str to (n, n_features) array
            Per family the rows in which its features alone are without the region, and ``""``: all of them.

        Raises
        ------
        Cancelled
            When `cancelled` says so.
        """
        found = {name: np.repeat(self.row[None], len(regions), axis=0) for name in ("", *self.measurers)}
        index = {name: i for i, name in enumerate(self.deciding.card.feature_names)}
        for start in range(0, len(regions), _AT_ONCE):
            if cancelled is not None and cancelled():
                raise Cancelled("explanation")
            if progress is not None:
                progress(start / len(regions), "explaining the decision")
            chosen = regions[start : start + _AT_ONCE]
            for family, measure in self.measurers.items():
                for name, values in measure(chosen).items():
                    if name not in index:
                        continue
                    # What cannot be computed without a part tells nothing about it.
                    known = np.isfinite(values)
                    for rows in (found[""], found[family]):
                        rows[start : start + len(chosen), index[name]][known] = values[known]
        return found

    def log_odds(self, regions: Sequence[Region]) -> NDArray[np.float64]:
        """Return the deciding stage's log-odds (n,) without each region."""
        return self.deciding.log_odds(self.rows(regions)[""])

    def probability(self, regions: Sequence[Region]) -> NDArray[np.float64]:
        """Return the deciding stage's probability (n,) without each region."""
        return self.deciding.probability(self.rows(regions)[""])

    @property
    def base(self) -> float:
        """Log-odds of the film as it is."""
        return float(self.deciding.log_odds(self.row[None])[0])


def _grey(
    image: Any, lungs: NDArray[np.uint8], parameters: Any, found: Any, neutral: Neutral
) -> tuple[Callable[[Sequence[Region]], dict[str, NDArray[np.float64]]], set[str]]:
    """Return what measures grey levels quickly, and the names it knows."""
    counts = GreyCounts.of(image, lungs > 0, parameters)
    instead = None
    if neutral == "clear" and isinstance(found, Opacities):
        opaque = found.any
        if opaque.shape != lungs.shape:
            from napari_tbcad.imaging.grid import resize_soft

            opaque = resize_soft(opaque, lungs.shape)
        instead = counts.shares(opaque <= np.median(opaque[lungs > 0]))
    return lambda regions: counts.without(regions, instead=instead), set(counts.without([], instead=None))


def _source(run: Run) -> str:
    film = run.get("upright")
    return getattr(film, "source", "") or "film"
