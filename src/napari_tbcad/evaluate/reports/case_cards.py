"""The cards of the models of a case: what they learned from, how good they were, their controls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from napari_tbcad.errors import TbcadError
from napari_tbcad.evaluate.page_tables import Cell, Grid, table
from napari_tbcad.evaluate.reports.words import Words
from napari_tbcad.networks.card import NetworkCard
from napari_tbcad.networks.listing import NetworkEntry, list_networks

if TYPE_CHECKING:
    from napari_tbcad.chest.classify.card import ModelCard


_MOST_COLUMNS = 7


def network_card(sha256: str) -> NetworkCard | None:
    """Return the card of a network that is at hand; None where none has this hash."""
    for entry in _entries():
        try:
            if _hash(entry) == sha256:
                return entry.card()
        except (TbcadError, OSError):
            continue
    return None


def _entries() -> Sequence[NetworkEntry]:
    try:
        return list_networks()
    except (TbcadError, OSError):
        return ()


def _hash(entry: NetworkEntry) -> str | None:
    from napari_tbcad.networks.listing import hash_if_any

    return entry.sha256 or hash_if_any(entry.path)


def classifier_section(card: ModelCard | None, name: str, sha256: str, text: Words) -> str:
    """Return the classifier's card; `card` is None where this very model is not at hand."""
    title = f"<h3>{escape(name)}</h3>{_digest(sha256)}"
    if card is None:
        return f"{title}<p class='empty'>{escape(text('card_missing'))}</p>"
    sources = [
        f"{source.name}: "
        + text("card_films", tb=source.n_tb, normal=source.n_normal)
        + (f". {source.terms}" if source.terms else "")
        for source in card.sources
    ]
    totals = text("card_films", tb=card.n_tb, normal=card.n_normal)
    parts = [
        title,
        f"<p class='warning'>{escape(text('demonstration'))}</p>" if card.demonstration else "",
        _paragraph(card.description),
        _learned(f"{text('card_data')}: {totals}", sources),
        _scores([s for s in card.scores if "control" not in s.metric], text("card_scores"), text),
        _scores([s for s in card.scores if "control" in s.metric], text("card_controls"), text),
        _complaints(card.warnings, text),
        f"<p class='note'>{escape(card.notice)} {escape(text('card_made', day=card.made))}</p>",
    ]
    return "".join(parts)


def network_sections(networks: Iterable[tuple[str, str]], text: Words) -> str:
    """Return the cards of networks, each once.

    Parameters
    ----------
    networks : iterable of (str, str)
        What it was asked for, and its SHA-256.
    text : Words
        The words of the report.
    """
    parts = []
    for role, sha256 in dict.fromkeys(networks):
        card = network_card(sha256)
        name = role if card is None else card.name
        parts.append(f"<h3>{escape(name)}</h3>{_digest(sha256)}")
        if card is None:
            parts.append(f"<p class='empty'>{escape(text('card_missing'))}</p>")
            continue
        sources = [
            f"{source.name}: "
            + text("card_images", images=source.n_images, patients=source.n_patients)
            + (f". {source.terms}" if source.terms else "")
            for source in card.sources
        ]
        parts += [
            _paragraph(card.description),
            _learned(text("card_data"), sources),
            _scores(card.scores, text("card_scores"), text),
            _complaints(card.warnings, text),
        ]
    return "".join(parts)


def _digest(sha256: str) -> str:
    return f"<p class='note'>SHA-256 <code>{escape(sha256)}</code></p>" if sha256 else ""


def _paragraph(said: str) -> str:
    return f"<p>{escape(said)}</p>" if said else ""


def _learned(title: str, sources: Sequence[str]) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in sources)
    return f"<p><b>{escape(title)}</b></p><ul>{lines}</ul>" if sources else f"<p><b>{escape(title)}</b></p>"


def _scores(scores: Sequence[Any], title: str, text: Words) -> str:
    """Return scores as a table, a row for each way of measuring and a column for each figure."""
    if not scores:
        return f"<h4>{escape(title)}</h4><p class='empty'>{escape(text('card_none'))}</p>"
    metrics = tuple(dict.fromkeys(score.metric for score in scores))
    designs = tuple(dict.fromkeys(score.design for score in scores))
    if len(metrics) > _MOST_COLUMNS:
        rows = tuple((Cell(s.design), Cell(s.metric.replace("_", " ")), _value(s, text)) for s in scores)
        return table(Grid(title, (text("design"), text("figure"), text("value")), rows))
    known = {(score.design, score.metric): score for score in scores}
    lines = tuple(
        (Cell(design), *(_value(known.get((design, m)), text) for m in metrics)) for design in designs
    )
    head = (text("design"), *(metric.replace("_", " ") for metric in metrics))
    return table(Grid(title, head, lines, labels=1, grouped=False))


def _value(score: Any, text: Words) -> Cell:
    if score is None:
        return Cell("–")
    return Cell(
        text.write(score.value, ".3f"), _interval(score, text), strong=getattr(score, "headline", False)
    )


def _interval(score: Any, text: Words) -> str:
    if score.low is None or score.high is None:
        return ""
    return "–".join(text.write(end, ".3f") for end in (score.low, score.high))


def _complaints(warnings: Sequence[str], text: Words) -> str:
    if not warnings:
        return ""
    lines = "".join(f"<li>{escape(line)}</li>" for line in warnings)
    return f"<p><b>{escape(text('card_warnings'))}</b></p><ul>{lines}</ul>"
