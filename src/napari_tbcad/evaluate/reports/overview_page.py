"""The page about a folder of results: a line and a small picture a study, the failed ones apart."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from statistics import median

from napari_tbcad import __version__
from napari_tbcad.evaluate.page import bullets, facts, page
from napari_tbcad.evaluate.reports.case_drawings import gate_bar
from napari_tbcad.evaluate.reports.overview_folder import ResultFolder, Row, thumbnails
from napari_tbcad.evaluate.reports.overview_words import OVERVIEW
from napari_tbcad.evaluate.reports.words import Language, Words

_STYLE = """
.studies td { vertical-align: middle } .studies td.l { overflow-wrap: anywhere; min-width: 5em }
.studies td:nth-child(2) { min-width: 11em } .studies svg { display: block; margin: .2em 0 }
.studies ul { min-width: 16em; margin: 0; padding-left: 1.2em }
.studies img { display: block; max-width: 220px; max-height: 260px }
.studies tr { break-inside: avoid } tr.alarm td { background: var(--red-wash) }
@media print { .studies img { max-height: 34mm } }
"""


def overview_html(
    found: ResultFolder, *, language: Language = "en", pictures: dict[int, bytes] | None = None
) -> str:
    """Return the page about a folder of results, with everything in it.

    Parameters
    ----------
    found : ResultFolder
    language : {"en", "id"}
    pictures : dict of int to bytes, optional
        Of :func:`shown_rows`, where they were made for another language already.
    """
    text = Words(language, OVERVIEW[language])
    rows = shown_rows(found)
    pictures = thumbnails(rows) if pictures is None else pictures
    title = text(f"title_{found.kind}", name=found.path.resolve().name)
    missing = len(rows) - len(pictures)
    parts = [
        f"<h1>{escape(title)}</h1><p class='notice'><b>{escape(text('notice'))}</b></p>",
        facts(_facts(found, text)),
        bullets(_counts(found, text)),
        *(f"<p class='warning' lang='en'>{escape(line)}</p>" for line in found.of_all),
        f"<h2>{text(f'found_{found.kind}')}</h2><p class='note'>{text(f'order_{found.kind}')}</p>",
        f"<p class='note'>{text('no_pictures', n=missing)}</p>" if missing else "",
        _table(found, rows, pictures, text) if rows else f"<p class='empty'>{text('none')}</p>",
        _failed([row for row in found.rows if not row.ok], text),
    ]
    return page(title, parts, language=language, style=_STYLE)


def shown_rows(found: ResultFolder) -> list[Row]:
    """Return what was done, in the order of the page: the highest answer first."""
    column = "probability" if found.kind == "chest" else "bsi"
    done = [row for row in found.rows if row.ok]
    return sorted(done, key=lambda row: -1.0 if (n := row.number(column)) is None else n, reverse=True)


def _facts(found: ResultFolder, text: Words) -> dict[str, str]:
    every: dict[str, dict[str, tuple[str, ...]]] = {
        "chest": {
            "segmenter": ("segmenter",),
            "classifier": ("classifier",),
            "operating_point": ("operating_point",),
        },
        "bone": {"segmenter": ("segmenter",), "weights": ("weights", "combine")},
    }
    rows = {text("folder"): found.path.resolve().name}
    for name, parts in every[found.kind].items():
        if said := ", ".join(filter(None, map(found.told, parts))):
            rows[text(name)] = said
    rows[text("reported")] = f"napari-tbcad {__version__}, {datetime.now(UTC).date().isoformat()}"
    return rows


def _counts(found: ResultFolder, text: Words) -> list[str]:
    done = [row for row in found.rows if row.ok]
    lines = [text(f"done_{found.kind}", done=len(done), all=len(found.rows))]
    if len(done) < len(found.rows):
        lines.append(text("failed_count", n=len(found.rows) - len(done)))
    if found.kind == "chest":
        decisions = [row.values.get("decision") for row in done]
        suspect, rest = decisions.count("tb_suspect"), decisions.count("not_suspect")
        if suspect or rest:
            lines.append(text("suspect_count", n=suspect, rest=rest))
        if undecided := len(done) - suspect - rest:
            lines.append(text("undecided_count", n=undecided))
    elif values := [n for row in done if (n := row.number("bsi")) is not None]:
        lines.append(text("bsi_range", low=min(values), high=max(values), median=median(values)))
        lines.append(text("unjudged"))
    if warned := sum(bool(found.own_warnings(row)) for row in done):
        lines.append(text("warned_count", n=warned))
    return lines


def _table(found: ResultFolder, rows: Sequence[Row], pictures: dict[int, bytes], text: Words) -> str:
    names = ("decision", "probability") if found.kind == "chest" else ("bsi", "judged", "hotspots", "counts")
    cells_of = _film if found.kind == "chest" else _scan
    warned = any(found.own_warnings(row) for row in rows)
    heads = ("file", *names, *(("warnings",) if warned else ()))
    head = "".join(f"<th class='l'>{text(name)}</th>" for name in heads)
    lines = []
    for place, row in enumerate(rows):
        image = _image(pictures.get(place), row.name)
        said = "".join(f"<li>{escape(line)}</li>" for line in found.own_warnings(row))
        warnings = f"<ul lang='en'>{said}</ul>" if said else ""
        last = f"<td class='l'>{warnings}</td>" if warned else ""
        cells = "".join(f"<td class='l'>{cell}</td>" for cell in (escape(row.name), *cells_of(row, text)))
        alarm = " class='alarm'" if row.values.get("decision") == "tb_suspect" else ""
        lines.append(f"<tr{alarm}><td>{image}</td>{cells}{last}</tr>")
    top = f"<thead><tr><th></th>{head}</tr></thead>"
    return f"<div class='scroll'><table class='studies'>{top}<tbody>{''.join(lines)}</tbody></table></div>"


def _film(row: Row, text: Words) -> tuple[str, str]:
    decision = row.values.get("decision") or "not_decided"
    said = text.texts.get(decision, decision)
    if stage := row.values.get("deciding_stage"):
        said += f", {text('stage', n=stage)}" if stage != "0" else ""
    probability, threshold = row.number("probability"), row.number("threshold")
    if probability is None:
        return escape(said), "–"
    gate = 0.5 if threshold is None else threshold
    note = f"<small>{text('threshold', t=gate)}</small>"
    mark = "▲ " if decision == "tb_suspect" else ""
    return (
        f"<b>{mark}{escape(said)}</b>",
        f"{text.write(probability, '.2f')}{gate_bar(probability, gate, text)}{note}",
    )


def _scan(row: Row, text: Words) -> tuple[str, str, str, str]:
    def number(column: str, spec: str = ".2f", factor: float = 1.0) -> str:
        value = row.number(column)
        return "–" if value is None else text.write(value * factor, spec)

    def share(column: str) -> str:
        said = number(column)
        return said if said == "–" else f"{said} %"

    counts = text(
        "views",
        anterior=number("counts_anterior", factor=1e-6),
        posterior=number("counts_posterior", factor=1e-6),
    )
    return (
        f"<b>{share('bsi')}</b>",
        share("bsi_judged"),
        number("n_abnormal", ".0f"),
        escape(counts),
    )


def _image(content: bytes | None, name: str) -> str:
    if content is None:
        return ""
    return f"<img alt='{escape(name)}' src='data:image/jpeg;base64,{base64.b64encode(content).decode()}'>"


def _failed(rows: Sequence[Row], text: Words) -> str:
    if not rows:
        return f"<h2>{text('failed')}</h2><p>{text('none')}</p>"
    lines = "".join(
        f"<tr><td class='l'>{escape(row.name)}</td><td class='l' lang='en'>{escape(row.message)}</td></tr>"
        for row in rows
    )
    head = f"<tr><th class='l'>{text('file')}</th><th class='l'>{text('reason')}</th></tr>"
    return f"<h2>{text('failed')}</h2><table><thead>{head}</thead><tbody>{lines}</tbody></table>"
