"""Whether a score may be believed: what the controls say about it, in two colours.

Red: the control reaches the lower end of the score's interval. "This score can be had without looking at the
lungs." Amber: less than that, but the lower end of the control's own interval lies above 0.60: the control
surely knows something. "Part of this score is not in the lungs." A control that merely scored above 0.60 by
chance, as on 40 films, is not called anything.

Red asks for the control's value and not for its upper end: a control measured on few films would otherwise
condemn every score. So the absence of a warning on few films says little, and the interval stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from napari_tbcad.evaluate.metrics import Z95, Figure

Level = Literal["", "amber", "red"]

OUTSIDE_LUNGS = "outside_lungs"
IMAGE_BORDER = "image_border"
SHUFFLED_LABELS = "shuffled_labels"
AGE_SEX = "age_sex"
CONTROLS = (OUTSIDE_LUNGS, IMAGE_BORDER, SHUFFLED_LABELS, AGE_SEX)
"""Names in controls.csv; one that tests a single fold is called ``outside_lungs, fold NAME``."""

AMBER_ABOVE = 0.60
"""Lower end of a control's interval above which part of a score is not in the lungs."""

LEAK_ERRORS = 3.0
"""Standard errors from 0.5 at which shuffled labels are called predictable: 1 run in 370 by chance."""

_LOUDNESS: dict[str, int] = {"": 0, "amber": 1, "red": 2}


class Verdict(NamedTuple):
    """What a control says of a score: `level` is "", "amber" or "red", `text` one sentence."""

    level: Level
    text: str


NO_WARNING = Verdict("", "")
NO_CONTROL = Verdict("", "Nothing outside the lungs could be measured: this score has no control.")

_TEXTS: dict[str, tuple[str, str]] = {
    OUTSIDE_LUNGS: (
        "This score can be had without looking at the lungs: outside them the same features reach {control}.",
        "Part of this score is not in the lungs: outside them the same features reach {control}.",
    ),
    IMAGE_BORDER: (
        "This score can be had without looking at the lungs: the border of the image reaches {control}.",
        "The classes differ in more than lungs: the border of the image alone reaches {control}.",
    ),
    AGE_SEX: (
        "This score can be had without a film: age and sex reach {control}.",
        "Part of this score is age and sex: they reach {control} without a film.",
    ),
}
_LEAK = (
    "Labels dealt out at random can be predicted (AUC {control}): films of one person, or copies of a film, "
    "are on both sides of a split, or the features know the answer. No score of this run can be believed."
)
_CHANCE = " The score itself is not shown to be better than chance."
_OTHER = (
    "This score can be had from {what} alone, which reaches {control}.",
    "Part of this score is {what}, which alone reaches {control}.",
)


def verdict(result: Figure, control: Figure, what: str = OUTSIDE_LUNGS) -> Verdict:
    """Say what one control means for one score.

    Parameters
    ----------
    result : Figure
        AUC of a classifier with its 95 % interval. Where it has no lower end, its value is taken.
    control : Figure
        AUC of the control on the same films and splits.
    what : str
        Name of the control, one of :data:`CONTROLS`; ``, fold NAME`` behind it is no matter.

    Returns
    -------
    Verdict
        Level ``""`` with an empty text where there is nothing to say, and with :data:`NO_CONTROL`'s text
        where the control outside the lungs could not be computed.
    """
    kind = what.split(", fold ")[0]
    if not np.isfinite(control.value):
        return NO_CONTROL if kind == OUTSIDE_LUNGS else NO_WARNING
    said = f"AUC {control.value:.2f} ({control.low:.2f}–{control.high:.2f})"
    if kind == SHUFFLED_LABELS:
        # Below 0.5 as well: a calibration that meets no leak inside may turn the order round outside.
        leaks = abs(control.value - 0.5) > LEAK_ERRORS * (control.high - control.low) / (2 * Z95)
        return Verdict("red", _LEAK.format(control=said.removeprefix("AUC "))) if leaks else NO_WARNING
    red, amber = _TEXTS.get(kind, _OTHER)
    bar = result.low if np.isfinite(result.low) else result.value
    words = {"control": said, "what": kind.replace("_", " ")}
    if np.isfinite(bar) and control.value >= bar:
        return Verdict("red", red.format(**words) + (_CHANCE if bar <= 0.5 else ""))
    return Verdict("amber", amber.format(**words)) if control.low > AMBER_ABOVE else NO_WARNING


def loudest(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the loudest; of equally loud ones the first that says something."""
    found = NO_WARNING
    for one in verdicts:
        louder = _LOUDNESS[one.level] > _LOUDNESS[found.level]
        if louder or (not found.text and one.level == found.level):
            found = one
    return found


def is_direction(fold: str) -> bool:
    """Tell whether a fold is a test by itself, such as ``test tb_mendeley``, and no random part of one."""
    return fold.startswith("test")


def judged_controls(
    controls: pd.DataFrame, result: Figure, by_fold: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Fill in what each control says of a score.

    Parameters
    ----------
    controls : DataFrame
        control, auc, low, high of one variant.
    result : Figure
        AUC of the method the controls are made for.
    by_fold : DataFrame, optional
        fold, auc, auc_low, auc_high of that method; a control of one direction of a test across collections
        is held against the score of the same direction. Random folds are not judged one by one: their
        intervals are wide, and the widest would decide.

    Returns
    -------
    DataFrame
        A copy with the columns warning and level.
    """
    of_fold: dict[str, Figure] = {}
    if by_fold is not None:
        of_fold = {str(row["fold"]): _figure(row, "auc") for row in by_fold.to_dict("records")}
    said = []
    for row in controls.to_dict("records"):
        name, _, fold = str(row["control"]).partition(", fold ")
        if fold and not (is_direction(fold) and fold in of_fold):
            said.append(NO_WARNING)
        else:
            said.append(verdict(of_fold[fold] if fold else result, _control(row), name))
    return controls.assign(warning=[one.text for one in said], level=[one.level for one in said])


def judged_summary(
    summary: pd.DataFrame, controls: pd.DataFrame, by_fold: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Fill in the loudest verdict of every method.

    Parameters
    ----------
    summary : DataFrame
        method, auc, auc_low, auc_high of one variant.
    controls : DataFrame
        control, auc, low, high of the same variant. Those of the directions of a test across collections
        are held against the score of the same direction: an average must not hide that one was confounded.
    by_fold : DataFrame, optional
        method, fold, auc, auc_low, auc_high; without it only the controls of all folds speak.

    Returns
    -------
    DataFrame
        A copy with the columns level and warning.
    """
    said = []
    for row in summary.to_dict("records"):
        mine = None if by_fold is None else by_fold[by_fold["method"] == row["method"]]
        judged = judged_controls(controls, _figure(row, "auc"), mine)
        pairs = zip(judged["level"], judged["warning"], strict=True)
        found = loudest(Verdict(level, text) for level, text in pairs)
        if not (controls["control"].astype(str) == OUTSIDE_LUNGS).any() and not found.level:
            found = NO_CONTROL
        said.append(found)
    return summary.assign(level=[one.level for one in said], warning=[one.text for one in said])


def _figure(row: Mapping[Any, Any], name: str) -> Figure:
    return Figure(*(float(row[f"{name}{end}"]) for end in ("", "_low", "_high")))


def _control(row: Mapping[Any, Any]) -> Figure:
    return Figure(float(row["auc"]), float(row["low"]), float(row["high"]))
