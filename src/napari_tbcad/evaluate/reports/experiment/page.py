"""The report of an experiment: one page, first whether to believe it, then everything else."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import get_args

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.page import page
from napari_tbcad.evaluate.reports.experiment.account import (
    data_section,
    design_said,
    folds_section,
    left_out_section,
    repeat_section,
)
from napari_tbcad.evaluate.reports.experiment.behaviour import (
    calibration_section,
    roc_section,
    stages_section,
)
from napari_tbcad.evaluate.reports.experiment.comparisons import (
    tests_section,
    variants_empty,
    variants_section,
)
from napari_tbcad.evaluate.reports.experiment.controls import controls_section, sources_section
from napari_tbcad.evaluate.reports.experiment.evidence import Evidence, evidence_of
from napari_tbcad.evaluate.reports.experiment.explained import explanation_section
from napari_tbcad.evaluate.reports.experiment.figures import PICTURES, drawn
from napari_tbcad.evaluate.reports.experiment.learning import learning_section
from napari_tbcad.evaluate.reports.experiment.limits import limits_section
from napari_tbcad.evaluate.reports.experiment.masks import correction_section, stability_section
from napari_tbcad.evaluate.reports.experiment.scores import (
    confusion_section,
    full_section,
    project_section,
    triage_section,
)
from napari_tbcad.evaluate.reports.experiment.texts import TEXTS
from napari_tbcad.evaluate.reports.experiment.verdict import verdict_section
from napari_tbcad.evaluate.reports.words import Language, Words
from napari_tbcad.files import written_whole

REPORTS: dict[Language, str] = {"en": "report.html", "id": "report.id.html"}

SECTIONS: tuple[tuple[str, Callable[[Evidence, Words], str]], ...] = (
    ("verdict", verdict_section),
    ("project", project_section),
    ("triage", triage_section),
    ("full", full_section),
    ("controls", controls_section),
    ("sources", sources_section),
    ("confusion", confusion_section),
    ("roc", roc_section),
    ("calibration", calibration_section),
    ("stages", stages_section),
    ("tests", tests_section),
    ("variants", variants_section),
    ("learning", learning_section),
    ("stability", stability_section),
    ("correction", correction_section),
    ("explanation", explanation_section),
    ("left_out", left_out_section),
    ("data", data_section),
    ("repeat", repeat_section),
    ("folds", folds_section),
    ("limits", limits_section),
)
"""Every section of the page, in order. One with nothing to show stays, and says why."""


def write_reports(folder: str | Path) -> Path:
    """Write the reports of an evaluation folder into it, in English and Indonesian, and its pictures.

    Parameters
    ----------
    folder : str or Path
        As :func:`~napari_tbcad.evaluate.tables.write_tables` leaves it.

    Returns
    -------
    Path
        Of ``report.html``.

    Raises
    ------
    BadInput
        If the folder holds no evaluation, or cannot be written to.
    """
    folder = Path(folder)
    evidence = evidence_of(folder)
    try:
        for name in PICTURES:
            _write_picture(name, evidence, folder / f"{name}.png")
        for language, name in REPORTS.items():
            with written_whole(folder / name) as temporary:
                temporary.write_text(report_html(evidence, language=language), encoding="utf-8")
    except OSError as error:
        raise BadInput(folder, f"the report cannot be written ({error})") from error
    return folder / REPORTS["en"]


def _write_picture(name: str, evidence: Evidence, path: Path) -> None:
    found = drawn(name, evidence, Words("en", TEXTS["en"], evidence.digits))
    if found is None:
        path.unlink(missing_ok=True)  # of an earlier evaluation
        return
    with written_whole(path) as temporary:
        temporary.write_bytes(found[0])


def experiment_html(folder: str | Path, language: Language = "en") -> str:
    """Return the report of an evaluation folder as one self-contained page.

    Raises
    ------
    BadInput
        If the folder holds no evaluation.
    """
    return report_html(evidence_of(folder), language=language)


def report_html(evidence: Evidence, *, language: Language = "en") -> str:
    """Return the report as one self-contained page of HTML."""
    words = Words(language, TEXTS[language], evidence.digits)
    title = _title(evidence, words)
    parts = [heading(evidence, words)]
    links = "".join(f"<a href='#{name}'>{escape(words(f'section_{name}'))}</a>" for name, _ in SECTIONS[1:])
    for name, made in SECTIONS:
        parts.append(_section(name, made(evidence, words), evidence, words))
        if name == "verdict":
            parts.append(f"<nav><b>{escape(words('contents'))}:</b> {links}</nav>")
    return page(title, parts, language=language)


def heading(evidence: Evidence, words: Words) -> str:
    """Return title, notice and what was tested; simulated films are called so beside the title."""
    title = _title(evidence, words)
    badge, warning = "", ""
    if evidence.simulated:
        key = "simulated" if evidence.simulated == "all" else "simulated_some"
        badge = f"<span class='badge'>{escape(words(key).upper())}</span>"
        warning = f"<p class='warning'>{escape(words(f'{key}_said'))}</p>"
    return (
        f"<h1>{escape(title)} {badge}</h1><p class='notice'><b>{escape(words('notice'))}</b></p>{warning}"
        f"<p>{escape(_lead(evidence, words))}</p>"
    )


def _title(evidence: Evidence, words: Words) -> str:
    return str(evidence.about.get("title") or words("untitled"))


def _lead(evidence: Evidence, words: Words) -> str:
    counts = evidence.counts
    repeats, sources = counts["repeats"], counts["sources"]
    once = words("each_once") if repeats < 2 else words("each_repeats", n=repeats)
    if evidence.classifier:
        once = words("each_given", classifier=evidence.classifier)
    design = design_said(str(evidence.about.get("design") or "").rstrip("."), words)
    filled = {key: words.count(counts[key]) for key in ("films", "tb", "normal", "patients")}
    said = words(
        "lead",
        **filled,
        sources=words("one_source") if sources < 2 else words("many_sources", n=sources),
        design=f"{words('design')}: {design}." if design else "",
    )
    return f"{said.strip()} {once}"


def _section(name: str, body: str, evidence: Evidence, words: Words) -> str:
    title = f"<h2 id='{name}'>{escape(words(f'section_{name}'))}</h2>"
    if not body:
        why = variants_empty(evidence, words) if name == "variants" else words(f"empty_{name}")
        return f"{title}<p class='empty'>{escape(why)}</p>"
    about = f"about_{name}"
    if name == "confusion" and evidence.counts["repeats"] > 1:
        about = "about_confusion_repeats"
    lead = (
        f"<p class='about lead'>{escape(words(about, n=evidence.counts['films']))}</p>"
        if about in words.texts
        else ""
    )
    return f"{title}{lead}{body}"


assert set(REPORTS) == set(get_args(Language)), "a report in every language"
