"""The features of a film, group by group, each placed among the normal films of its model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from napari_tbcad.chest.classify.normals import Place, place
from napari_tbcad.evaluate.reports.case_drawings import range_bar
from napari_tbcad.evaluate.reports.words import Words

if TYPE_CHECKING:
    from napari_tbcad.chest.classify.card import ModelCard


def readable(name: str) -> str:
    """Return a feature's name for people: ``glcm_sum_entropy_45`` becomes ``sum entropy 45°``."""
    text = re.sub(r"^(glcm|firstorder|shape)_", "", name)
    return re.sub(r"_(0|45|90|135)$", r" \1°", text).replace("_", " ")


def values_section(said: Mapping[str, Any] | None, card: ModelCard | None, text: Words) -> str:
    """Return all features of a reading.

    Parameters
    ----------
    said : mapping or None
        ``names``, ``values`` and ``groups`` as a case keeps them.
    card : ModelCard or None
        Of the reading's model, for the place among its normal films.
    text : Words
        The words of the report.
    """
    if not said or not said.get("names"):
        return f"<h2>{text('features')}</h2><p class='empty'>{text('no_features')}</p>"
    places: dict[str, Place | None] = {}
    groups: dict[str, list[tuple[str, float]]] = {}
    for name, value, group in zip(said["names"], said["values"], said["groups"], strict=True):
        number = float("nan") if isinstance(value, Mapping) else float(value)
        groups.setdefault(str(group), []).append((str(name), number))
        places[name] = None if card is None else place(card, name, number)
    known = any(places.values())
    n = card.normal.n or card.n_normal if card is not None else 0
    lead = text("features_lead", n=n) if known else text("features_plain")
    parts = [f"<h2>{text('features')}</h2><p class='note lead'>{lead}</p>"]
    for group, rows in groups.items():
        title = text.texts.get(f"group_{group}", group)
        found = [spot for name, _ in rows if (spot := places[name]) is not None]
        outside = sum(one.outside != 0 for one in found)
        count = text("outside", n=outside, all=len(found)) if found else f"{len(rows)}"
        lines = "".join(_row(name, value, places[name], text) for name, value in rows)
        parts.append(
            f"<h3>{escape(title)} <span class='what'>{count}</span></h3><div class='values'>{lines}</div>"
        )
    return "".join(parts)


def place_text(where: Place, text: Words) -> str:
    """Return where a film lies among the normal ones in few signs, such as ``P93``."""
    return text.marked(where.text.replace("percentile ", "P"))


def _row(name: str, value: float, where: Place | None, text: Words) -> str:
    bar = "" if where is None else range_bar(where, text.marked(where.text))
    said = "" if where is None else place_text(where, text)
    out = " class='out'" if where is not None and where.outside else ""
    number = "–" if value != value else text.write(value, ".5g")
    cells = f"<span>{escape(readable(name))}</span><span>{number}</span><span>{bar}</span>"
    return f"<div>{cells}<small{out}>{said}</small></div>"
