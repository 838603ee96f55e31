"""What a learning curve says about collecting more films, in words."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

WORTH = 0.02
"""Gain of AUC from which twice the films are worth having: one more pair in fifty is put right."""

CONTROL_RISE = 0.05
"""Rise of the control outside the lungs along the curve that is told."""

Shape = Literal["none", "rising", "flat", "open"]

_TEXTS = {
    "en": {
        "none": "Too few films for a learning curve.",
        "rising": "Still rising at {n} training films: going from {half} to {n} brought {gain}. "
        "Collect more.",
        "flat": "Flat from {flat} training films: going from {flat} to {n} brought {gain}, surely less than "
        "{worth}. More films of the same kind would hardly help; better masks, other features or other "
        "sources might.",
        "open": "It cannot be told whether it still rises: going from {half} to {n} training films brought "
        "{gain}, which leaves both nothing and more than {worth} possible. More test films would tell.",
        "chance": "At no size is the score surely better than chance.",
        "control": "The control outside the lungs rises along with it, from {first} to {last}: part of what "
        "more films teach is not in the lungs.",
    },
    "id": {
        "none": "Film terlalu sedikit untuk kurva belajar.",
        "rising": "Masih naik pada {n} film latih: dari {half} ke {n} membawa {gain}. "
        "Kumpulkan lebih banyak.",
        "flat": "Datar sejak {flat} film latih: dari {flat} ke {n} membawa {gain}, pasti kurang dari "
        "{worth}. Lebih banyak film sejenis hampir tidak membantu; masker yang lebih baik, fitur lain, "
        "atau sumber lain mungkin membantu.",
        "open": "Tidak dapat dipastikan apakah masih naik: dari {half} ke {n} film latih membawa {gain}, "
        "sehingga nol maupun lebih dari {worth} tetap mungkin. Lebih banyak film uji akan memastikannya.",
        "chance": "Pada tidak satu ukuran pun skornya pasti lebih baik daripada kebetulan.",
        "control": "Kontrol di luar paru ikut naik, dari {first} ke {last}: sebagian dari yang dipelajari "
        "film tambahan tidak berada di paru.",
    },
}


def shape_of(curve: pd.DataFrame) -> tuple[Shape, int]:
    """Return the shape of a curve, and the training films from which it is flat (0 where it is not).

    See :mod:`napari_tbcad.evaluate.learning` for the rule.

    Parameters
    ----------
    curve : DataFrame
        learning_curve.csv of one method.
    """
    sizes = curve.groupby("n")[["to_full_low", "to_full_high"]].mean().sort_index()
    if len(sizes) < 2:
        return "none", 0
    n = int(sizes.index[-1])
    smaller = sizes.iloc[:-1]
    worthless = (smaller["to_full_high"] < WORTH).to_numpy()[::-1]
    flat = int(smaller.index[len(worthless) - int(np.cumprod(worthless).sum())]) if worthless[0] else 0
    half = _half(curve)
    if flat and flat <= max(half, n // 2):
        return "flat", flat
    return (
        ("rising", 0) if float(sizes["to_full_low"].to_numpy()[sizes.index == half][0]) > 0 else ("open", 0)
    )


def _half(curve: pd.DataFrame) -> int:
    """Return the size that is nearest to half of the largest."""
    sizes = np.sort(curve["n"].unique())
    return int(sizes[:-1][np.argmin(np.abs(np.log(sizes[:-1] / (sizes[-1] / 2))))])


def reading(curve: pd.DataFrame, language: Literal["en", "id"] = "en") -> str:
    """Say in a sentence or three whether to collect more films.

    Parameters
    ----------
    curve : DataFrame
        learning_curve.csv; of several methods the first is read.
    language : {"en", "id"}

    Returns
    -------
    str
    """
    text = _TEXTS[language]
    mine = curve[curve["method"] == curve["method"].iloc[0]] if len(curve) else curve
    shape, flat = shape_of(mine) if len(mine) else ("none", 0)
    if shape == "none":
        return text["none"]
    n, half = int(mine["n"].max()), _half(mine)
    row = mine[mine["n"] == (flat or half)].iloc[0]
    gain = f"{row['to_full']:+.3f} ({row['to_full_low']:+.3f} … {row['to_full_high']:+.3f})"
    said = [text[shape].format(n=n, half=half, flat=flat, gain=gain, worth=WORTH)]
    sizes = mine.groupby("n")[["auc", "low", "control_auc"]].mean().sort_index()
    if not (sizes["low"] > 0.5).any():
        said.append(text["chance"])
    first, last = sizes["control_auc"].iloc[0], sizes["control_auc"].iloc[-1]
    if last - first > CONTROL_RISE:
        said.append(text["control"].format(first=f"{first:.2f}", last=f"{last:.2f}"))
    return " ".join(said)
