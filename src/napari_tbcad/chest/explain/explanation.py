"""The local evidence of a decision: where in the lungs lies what speaks for or against tuberculosis.

A part of the lungs is made neutral, the features are measured again, and the stage that decided is asked
again: what its log-odds lose is the evidence of that part (Zeiler and Fergus 2014, there for networks;
Robnik-Šikonja and Kononenko 2008 for any classifier). Windows of several sizes that overlap by half cover
the lungs, and the evidence of each is laid evenly over its pixels. The map is of the decision that was
made: it is measured through the same features, scaling, classifier and calibration.

Opacities are placed pixel by pixel instead (see ``opaque``), and in the map that is shown the texture of
windows counts less than they do: a classifier that reads the texture of whole lungs reacts to ribs and
vessels everywhere, under which the opacities would vanish.

References
----------
M. D. Zeiler, R. Fergus, Visualizing and understanding convolutional networks, ECCV 2014.
M. Robnik-Šikonja, I. Kononenko, Explaining classifications for individual instances, IEEE Trans. Knowl.
Data Eng. 20:589-600, 2008.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chain import Run
from napari_tbcad.chest.classify.result import Contribution
from napari_tbcad.chest.explain.deciding import Deciding
from napari_tbcad.chest.explain.opaque import FAMILY, opacity_evidence
from napari_tbcad.chest.explain.outline import outline_evidence, painted
from napari_tbcad.chest.explain.regions import mean_of, smoothed, spread, windows
from napari_tbcad.chest.explain.removal import Neutral, Probe, Progress, Removal
from napari_tbcad.chest.explain.words import sentence
from napari_tbcad.chest.feature_sets import has_opacities
from napari_tbcad.chest.opacity_zones import ZONES, zone_labels
from napari_tbcad.chest.workflow import shape_model_of
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.grid import resize_labels
from napari_tbcad.record import Parameters, Record, Step, field


class ExplainParameters(Parameters):
    """Parameters of :func:`explain`."""

    neutral: Neutral = field(
        "normal",
        title="Instead of a part",
        description="rest: the rest of the lungs. normal: the same for grey levels, opacities as in normal "
        "films. clear: opacities as in normal films, grey levels as in the half of the lungs with the least "
        "opacity.",
    )
    finest: float = field(
        0.04,
        title="Smallest window",
        unit="of the longest side",
        description="Side of the smallest windows. Smaller ones place the evidence better and take longer.",
        ge=0.02,
        le=0.5,
    )
    scales: int = field(
        3,
        title="Sizes",
        description="Number of window sizes, each twice as large as the one before; their maps are averaged.",
        ge=1,
        le=4,
    )
    smooth: float = field(
        0.5,
        title="Smoothing",
        unit="of the smallest window",
        description="Standard deviation of the smoothing inside each lung.",
        ge=0,
        le=4,
    )
    texture: float = field(
        0.1,
        title="Weight of texture",
        description="How much the map shows of what is no opacity, where the deciding stage reads opacities: "
        "0 opacities alone, 1 all evidence at its full size.",
        ge=0,
        le=1,
    )


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where a decision comes from.

    Parameters
    ----------
    map : (h, w) array of float32
        Evidence per pixel of the stage that decided, on the working grid: positive speaks for tuberculosis,
        negative against it, 0 outside the lungs. Log-odds; where the stage reads opacities, what is no
        opacity counts less (:attr:`ExplainParameters.texture`), so that places stand out.
    lungs : (h, w) array of bool
        The insensitive mask on the same grid.
    stage : int
        The stage that decided, 1 or 2.
    probability : float
        What it said.
    threshold : float
        From which probability on a film is suspect.
    not_local : float
        Log-odds of what has no place inside the lungs, such as the shape of the outline where stage 2
        decided: what is lost when it is replaced by that of normal films.
    whole : (h, w) array of float32
        All evidence in log-odds: summed over a part it is about what the part brings. The map itself where
        the stage reads no opacities.
    texture : float
        Weight in the map of what is no opacity; 1 where the map is `whole`.
    zones : mapping of str to float
        The map summed over each lung zone: log-odds where `texture` is 1.
    parts : mapping of str to (h, w) array of float32
        All evidence by families of features that the stage reads: ``"grey levels"``, ``"opacities"``,
        ``"bands"``, ``"other"``, or ``"outline"`` where the shape decided. Each by itself; together they
        are about `whole`.
    contributions : tuple of Contribution
        The features that moved the decision most.
    sentence : str
        The same in words.
    record : Record
        How it was made.
    """

    map: NDArray[np.float32]
    lungs: NDArray[np.bool_]
    stage: int
    probability: float
    threshold: float
    not_local: float
    whole: NDArray[np.float32]
    texture: float = 1.0
    zones: Mapping[str, float] = dataclass_field(default_factory=dict)
    parts: Mapping[str, NDArray[np.float32]] = dataclass_field(default_factory=dict)
    contributions: tuple[Contribution, ...] = ()
    sentence: str = ""
    record: Record = Record()

    @property
    def suspect(self) -> bool:
        """Whether the film was called suspect."""
        return self.probability >= self.threshold


def explain(
    run: Run,
    *,
    progress: Progress | None = None,
    cancelled: Probe | None = None,
    parameters: ExplainParameters = ExplainParameters(),
) -> Explanation:
    """Say where in the lungs the evidence of a decision lies.

    Parameters
    ----------
    run : Run
        A film in the chest chain, with a model; what is out of date is computed first. With an early exit
        only the shape was measured when stage 1 decided; nothing else is needed then.
    progress : callable, optional
        Called with the share done and a text.
    cancelled : callable, optional
        Asked every few dozen windows.
    parameters : ExplainParameters, optional
        Windows, and what stands in the place of a part.

    Returns
    -------
    Explanation

    Raises
    ------
    BadInput
        If there is no model, no decision or no lung.
    Cancelled
        When `cancelled` says so.
    """
    if run.get("model") is None:
        raise BadInput("film", "without a classifier there is no decision to explain: open a model first")
    names = ["work", "enhanced", "sensitive", "insensitive", "features", "result"]
    if has_opacities(run.settings.features.feature_set):  # type: ignore[attr-defined]
        names.append("opacities")  # a case may have kept its features without them
    run.compute(*names, cancelled=cancelled)
    removal = Removal.of(run, neutral=parameters.neutral)
    inside = bool(removal.measurers)
    maps = _inside(removal, parameters, progress, cancelled) if inside else _along(run, removal)
    if (found := run.get("opacities")) is not None and FAMILY in removal.measurers:
        maps[FAMILY] = opacity_evidence(removal, found)
    if progress is not None:
        progress(1.0, "")
    return _told(run, removal, maps, parameters)


def _inside(
    removal: Removal, parameters: ExplainParameters, progress: Progress | None, cancelled: Probe | None
) -> dict[str, NDArray[np.float64]]:
    """Return the maps (H, W) of what lies inside the lungs, by family; ``""``: of all together."""
    lungs, shape = removal.lungs, removal.lungs.shape
    finest = max(2, round(parameters.finest * max(shape)))
    sides = [finest * 2**k for k in range(parameters.scales)]
    if not removal.exact:
        # Each window costs some ten times as much.
        sides = sides[2:] or sides[-1:]
    covers = [windows(lungs, side) for side in sides]
    flat = [region for cover in covers for region in cover]
    ends = np.cumsum([len(cover) for cover in covers])[:-1]
    found = {}
    for family, rows in removal.rows(flat, progress=progress, cancelled=cancelled).items():
        parts = np.split(removal.base - removal.deciding.log_odds(rows), ends)
        laid = mean_of(spread(cover, part, shape) for cover, part in zip(covers, parts, strict=True))
        found[family] = smoothed(laid, lungs, parameters.smooth * finest)
    return found


def _along(run: Run, removal: Removal) -> dict[str, NDArray[np.float64]]:
    """Return the map of what lies along the outline; nothing where the stage reads no modes."""
    model = shape_model_of(run.get("model"), run.settings.features)  # type: ignore[attr-defined]
    if model is None or not set(model.names) & set(removal.deciding.names):
        return {"": np.zeros(removal.lungs.shape)}
    sensitive = resize_labels(run.get("sensitive").labels, removal.lungs.shape)
    points, evidence = outline_evidence(removal.deciding, removal.row, sensitive, model)
    values = painted(points, evidence, removal.lungs)
    return {"": values, "outline": values}


def _told(
    run: Run, removal: Removal, maps: dict[str, NDArray[np.float64]], parameters: ExplainParameters
) -> Explanation:
    """Gather what there is to say about maps of log-odds (H, W)."""
    whole = maps.pop("")
    values = _shown(maps, whole, parameters.texture)
    result, lungs = run.get("result"), removal.lungs
    sums = np.bincount(zone_labels(lungs).ravel(), weights=values.ravel(), minlength=7)[1:7]
    zones = dict(zip(ZONES, sums.tolist(), strict=True))
    not_local = _without_place(removal, placed="outline" in maps)
    step = Step(
        "explain",
        parameters,
        model=f"{removal.deciding.card.name} {removal.deciding.model.sha256}".strip(),
        facts={"stage": result.deciding_stage, "not_local": not_local, "zones": zones},
    )
    return Explanation(
        map=np.ascontiguousarray(values, dtype=np.float32),
        lungs=lungs > 0,
        stage=result.deciding_stage,
        probability=float(result.probability),
        threshold=float(result.threshold),
        not_local=not_local,
        whole=np.ascontiguousarray(whole, dtype=np.float32),
        texture=parameters.texture if FAMILY in maps and len(maps) > 1 else 1.0,
        zones=zones,
        parts={name: np.ascontiguousarray(part, dtype=np.float32) for name, part in maps.items()},
        contributions=result.contributions,
        sentence=sentence(
            zones,
            not_local,
            suspect=result.probability >= result.threshold,
            stage=result.deciding_stage,
            outline="outline" in maps,
            placed=bool(maps),
        ),
        record=run.get("features").record + step,
    )


def _shown(
    maps: dict[str, NDArray[np.float64]], whole: NDArray[np.float64], texture: float
) -> NDArray[np.float64]:
    """Return the map (H, W) to show: opacities where they lie, and a little of the rest."""
    if FAMILY not in maps:
        return whole
    rest = [values for family, values in maps.items() if family != FAMILY]
    return maps[FAMILY] + texture * np.sum(rest, axis=0) if rest else maps[FAMILY]


def _without_place(removal: Removal, *, placed: bool) -> float:
    """Return what the log-odds lose when features without a place are those of normal films."""
    deciding: Deciding = removal.deciding
    local = set(removal.local_names)
    row = removal.row.copy()
    for column, name in zip(deciding.columns, deciding.names, strict=True):
        normal = deciding.normal(name)
        if name in local or (placed and name.startswith("mode_")) or normal is None:
            continue
        row[column] = normal
    return removal.base - float(deciding.log_odds(row[None])[0])
