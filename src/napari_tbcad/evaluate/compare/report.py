"""The report of a comparison: one HTML page with everything inside the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any, get_args

from matplotlib.figure import Figure

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.compare.answers import Answer
from napari_tbcad.evaluate.compare.config import CompareConfig, Effort
from napari_tbcad.evaluate.compare.figures import forest_figure, froc_figure, index_figure, roc_figure
from napari_tbcad.evaluate.compare.findings import findings
from napari_tbcad.evaluate.compare.layout import cost_grid
from napari_tbcad.evaluate.compare.markdown import grids
from napari_tbcad.evaluate.compare.place_control import control_lines
from napari_tbcad.evaluate.compare.report_facts import Facts, facts_of, limits, tested
from napari_tbcad.evaluate.compare.report_texts import TEXTS, Language, Texts
from napari_tbcad.evaluate.compare.study import method_title, simulated
from napari_tbcad.evaluate.compare.summary import summary_grid
from napari_tbcad.evaluate.compare.tables import Results, results, write_tables
from napari_tbcad.evaluate.drawing import png
from napari_tbcad.evaluate.page import bullets, page, picture
from napari_tbcad.evaluate.page_tables import table
from napari_tbcad.files import written_whole

REPORTS: dict[Language, str] = {"en": "report.html", "id": "report.id.html"}


def write_report(scores: Iterable[Any], config: CompareConfig, out: Path) -> Path:
    """Write tables, ``report.html`` and the Indonesian ``report.id.html``.

    Parameters
    ----------
    scores : iterable of RunScores and ClassifierScores
        Runs that are scored; those of the plan that are missing are named.
    config : CompareConfig
    out : Path
        The comparison's folder; its ``split.csv`` is read when it is there.

    Returns
    -------
    Path
        Of ``report.html``.

    Raises
    ------
    BadInput
        If a file cannot be written.
    """
    found = results(scores, config)
    try:
        write_tables(found, out)
        for language, name in REPORTS.items():
            text = report_html(found, config, facts_of(found, config, out), language=language)
            with written_whole(out / name) as temporary:
                temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(out, f"the report cannot be written ({error})") from error
    return out / REPORTS["en"]


def report_html(found: Results, config: CompareConfig, facts: Facts, *, language: Language = "en") -> str:
    """Return the report as one page: what was asked and came out, then the numbers, then the limits."""
    text = TEXTS[language]
    parts = [
        f"<h1>{escape(config.name)}</h1>",
        f"<p class='notice'><b>{escape(text['notice'])}</b></p>",
        *_missing(found, text),
        *_short(found, text),
        _facts(found, facts, text),
    ]
    for source in found.study.sources:
        parts += _source(found, source, text)
    parts += [
        f"<h2 id='cost'>{escape(text['cost_title'])}</h2>",
        table(cost_grid(found.study, text), heading=False),
        _list(text["how"], _how(config.effort, text)),
        _list(text["limits"], limits(found, facts, text)),
        f"<p class='note'>{escape(text['more'])}</p>",
    ]
    return page(config.name, parts, language=language)


def _short(found: Results, text: Texts) -> Iterator[str]:
    """Yield what was asked and what came out, by collection."""
    yield f"<h2>{escape(text['short'])}</h2>"
    if len(found.study.sources) > 1:
        yield f"<p>{escape(text['never_pooled'])}</p>"
    for source in found.study.sources:
        about = text["simulated" if simulated(source) else "as_given"]
        n = text["tested_images"].format(**tested(found)[source])
        yield f"<h3>{escape(source)}</h3><p class='about'>{escape(n)}. {escape(about)}</p>"
        for line in control_lines(found.answer(source, "networks"), text):
            yield f"<p class='warning'>▲ {escape(line)}</p>"
        for answer in (one for one in found.answers if one.source == source):
            link = f"<a href='#{_anchor(answer)}'>{escape(text[f'question_{answer.question}'])}</a>"
            yield f"<div class='answer'><p><b>{link}</b></p>{_said(answer, text, brief=True)}</div>"
        yield table(summary_grid(found, source, text))


def _said(answer: Answer, text: Texts, *, brief: bool = False) -> str:
    lines = []
    for one in findings(answer, text, brief=brief):
        what = f"<span class='what'>{escape(one.what)}</span> " if one.what else ""
        lines.append(f"<p>{what}{escape(one.said)}</p>")
    return "".join(lines)


def _anchor(answer: Answer) -> str:
    return escape(f"{answer.source}-{answer.question}".replace(" ", "_"), quote=True)


def _facts(found: Results, facts: Facts, text: Texts) -> str:
    items = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts.items(found, text))
    return f"<h2>{escape(text['done'])}</h2><dl>{items}</dl>"


def _missing(found: Results, text: Texts) -> Iterator[str]:
    names = found.study.missing
    if names:
        lead = text["missing_text"].format(n=len(names), all=len(names) + len(found.study.scores))
        yield f"<p class='warning'>{escape(lead)}<br>{escape(', '.join(names))}</p>"
    failed = [(run.name, *one) for run in found.study.scores for one in run.failed]
    if failed:
        items = "".join(f"<li>{escape(': '.join(one))}</li>" for one in failed[:50])
        more = f"<li>… {len(failed) - 50}</li>" if len(failed) > 50 else ""
        yield f"<div class='warning'>{escape(text['failed'])}<ul>{items}{more}</ul></div>"


def _source(found: Results, source: str, text: Texts) -> Iterator[str]:
    yield f"<h2>{escape(text['collection'])}: {escape(source)}</h2>"
    main = method_title(found.study.main)
    for answer in (one for one in found.answers if one.source == source):
        yield f"<h3 id='{_anchor(answer)}'>{escape(text[f'question_{answer.question}'])}</h3>"
        yield f"<p class='about'>{escape(text[f'about_{answer.question}'].format(main=main))}</p>"
        yield f"<div class='answer'>{_said(answer, text)}</div>"
        yield from _figures(found, answer, text)
        for grid in grids(answer, text):
            yield table(grid)


def _figures(found: Results, answer: Answer, text: Texts) -> Iterator[str]:
    study, source = found.study, answer.source
    made: list[tuple[str, Callable[[], Figure | None]]] = []
    if answer.question == "networks":
        systems = [s for s in study.index_systems(source) if s.scheme == study.scheme]
        made = [
            ("forest", lambda: forest_figure(answer, text)),
            ("froc", lambda: froc_figure(answer, text)),
            ("index_figure", lambda: index_figure(systems, text)),
        ]
        if not systems:
            yield f"<p class='note'>{escape(text['index_missing'])}</p>"
    elif answer.question == "classes":
        made = [("froc", lambda: froc_figure(answer, text))]
    elif answer.question == "image":
        made = [("roc", lambda: roc_figure(study, answer, text))]
    for name, draw in made:
        if (figure := draw()) is not None:
            drawn = picture(png(figure), text[name])
            yield f"<figure>{drawn}<figcaption>{escape(text[name])}</figcaption></figure>"


def _list(title: str, lines: Iterable[str]) -> str:
    return f"<h2>{escape(title)}</h2>{bullets(lines)}"


def _how(effort: Effort, text: Texts) -> list[str]:
    filled = text["how_text"].format(bootstrap=effort.bootstrap, permutations=effort.permutations)
    return filled.split(" | ")


assert set(REPORTS) == set(get_args(Language)), "a report in every language"
