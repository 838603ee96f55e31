"""The report of a bone scan: index, hotspots before and after correction, and how it came about."""

from __future__ import annotations

from html import escape
from typing import Any

from napari_tbcad.bone.bsi import DETECTABLE_CHANGE, RULES, BoneScanIndex, RegionShare
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.reports.case_cards import network_sections
from napari_tbcad.evaluate.reports.case_drawings import index_axis, share_bars, signed
from napari_tbcad.evaluate.reports.case_parts import Body, case_page, corrections_section
from napari_tbcad.evaluate.reports.case_scan import ScanSubject
from napari_tbcad.evaluate.reports.case_scan_drawn import ScanPictures
from napari_tbcad.evaluate.reports.case_scan_pictures import shape_of
from napari_tbcad.evaluate.reports.case_scan_table import changes_line, hotspot_table
from napari_tbcad.evaluate.reports.case_scan_words import SCAN, region_name
from napari_tbcad.evaluate.reports.case_sections import STYLE, films, spacing_text, without_folders
from napari_tbcad.evaluate.reports.case_words import words_of
from napari_tbcad.evaluate.reports.words import Language, Words
from napari_tbcad.skeletal_mass import weight_table

_STYLE = (
    STYLE
    + """
.films.views { grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0 .8em }
.films.views img, .films.maps img { background: #fff; border: 1px solid var(--line); box-sizing: border-box }
.parts { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1em; break-inside: avoid }
.films.maps { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 .6em }
.films.maps img { max-height: 34em; width: auto }
.spots td { white-space: nowrap }
@media print { .films.views figure img { max-height: 150mm } .films.maps figure img { max-height: 95mm } }
"""
)


def scan_html(drawn: ScanPictures, language: Language = "en", *, blind: bool = False) -> str:
    """Return the report of a bone scan as one page with everything in it.

    Parameters
    ----------
    drawn : ScanPictures
        Of its subject; the same for every language.
    language : {"en", "id"}
    blind : bool, optional
        Leave out what the program found and answered.
    """
    subject, text = drawn.subject, words_of(SCAN, language)
    models = subject.reading.models
    line = f"<p>{escape(changes_line(subject, text))}</p>"
    found = [
        _pictures(subject, drawn, text, blind),
        corrections_section(subject, text, lead=line),
        hotspot_table(subject, text, blind=blind),
    ]
    body = Body(
        facts=_facts(subject, text),
        complaints=without_folders(subject.reading.warnings, subject.folders),
        found=found if blind else [_index(subject, drawn, text), *found, _earlier(subject, text)],
        models=network_sections(_networks(models), text) + _others(models),
    )
    return case_page(subject, body, text, blind=blind, style=_STYLE)


def _facts(subject: ScanSubject, text: Words) -> dict[str, str]:
    rows: dict[str, str] = {}
    if (shape := shape_of(subject.scan, subject.regions, subject.hotspots)) is not None:
        rows[text("size")] = text("size_value", rows=shape[0], columns=shape[1])
    said = subject.reading.values.get("scan")
    if said:
        spacing = said.get("spacing_mm")
        rows[text("spacing")] = spacing_text(tuple(spacing) if spacing else None, text)
        rows[text("named_by")] = "; ".join(_rule(view, one, text) for view, one in said["views"].items())
    if subject.quality is not None:
        rows[text("counts")] = "; ".join(
            text(
                "counts_value",
                view=text(f"view_{view}"),
                n=subject.quality.counts[view] / 1e6,
                level=text(f"level_{level}"),
            )
            if level != "unknown"
            else f"{text(f'view_{view}')}: {text('grey_values')}"
            for view, level in subject.quality.levels.items()
        )
    return rows


def _rule(view: str, said: dict[str, Any], text: Words) -> str:
    rule = str(said["rule"]).replace("_", " ")
    line = text("rule_value", view=text(f"view_{view}"), rule=rule, confidence=said["confidence"])
    return f"{line}, {text('mirrored')}" if said.get("mirrored") else line


# -- the index ----------------------------------------------------------------------------------------


def _index(subject: ScanSubject, drawn: ScanPictures, text: Words) -> str:
    index = subject.value
    if index is None:
        return f"<h2>{text('index')}</h2><p class='empty'>{text('no_result')}</p>"
    stale = "index" not in subject.reading.values.get("up_to_date", ())
    band = DETECTABLE_CHANGE
    axis = index_axis(_readings(subject, index, text), band, text=text, said=text("band", band=band))
    basis = text(
        "basis", weights=_weights(index.weights), combine=index.combine, rule=RULES[index.combine], band=band
    )
    lines = [
        f"<p class='late'>{text('stale')}</p>" if stale else "",
        f"<p class='big'>{escape(_sentence(index, text))}.</p>{axis}<p>{escape(basis)}</p>",
        f"<p>{escape(' '.join(_counted(subject, index, text)))}</p>",
    ]
    rows = [
        (region_name(row.region, text.language), row.contribution, _part(row, text)) for row in index.regions
    ]
    bars = share_bars(rows, none=text("no_part"), text=text)
    maps = films([(png, text("map", view=text(view))) for view, png in drawn.weighed.items()])
    parts = f"<div class='parts'><div>{bars}</div>{_class(maps, 'maps')}</div>"
    return (
        f"<h2>{text('index')}</h2><div class='answer'>{''.join(lines)}</div><h3>{text('parts')}</h3>"
        f"<p class='note lead'>{text('parts_note')}</p>{parts}"
    )


def _weights(name: str) -> str:
    try:
        return f"{name} ({weight_table(name).title})"
    except BadInput:  # of a version that knew other tables
        return name


def _sentence(index: BoneScanIndex, text: Words) -> str:
    total = index.n_abnormal + sum(index.excluded.values())
    if index.n_judged == total:
        return text("one_number", value=index.value)
    if index.judged_value is None:
        return text("none_judged", value=index.value)
    return text("two_numbers", judged=index.judged_value, value=index.value)


def _readings(subject: ScanSubject, index: BoneScanIndex, text: Words) -> list[tuple[float, str, str]]:
    found: list[tuple[float, str, str]] = []
    if (before := subject.compared) is not None and before.verdict != "not comparable":
        found.append((before.bsi_earlier, "tick", text("earlier_name")))
    if index.n_judged == index.n_abnormal + sum(index.excluded.values()):
        return [*found, (index.value, "dot", "BSI")]
    found.append((index.value, "ring", text("all_name")))
    if index.judged_value is not None:
        found.append((index.judged_value, "dot", text("judged_name")))
    return found


def _counted(subject: ScanSubject, index: BoneScanIndex, text: Words) -> list[str]:
    said = [text("counted", abnormal=index.n_abnormal, lesions=index.n_lesions)]
    left = [f"{n} {text(f'left_{label}')}" for label, n in index.excluded.items() if n]
    if left:
        said.append(text("left_out", what=", ".join(left)))
    if index.outside:
        said.append(text("outside", ids=", ".join(f"#{one}" for one in index.outside)))
    pixels = {view: n for view, n in index.outside_pixels.items() if n}
    if pixels:
        parts = ", ".join(f"{n} px {text(f'view_{view}')}" for view, n in pixels.items())
        said.append(text("outside_pixels", said=parts))
    if subject.quality is not None and subject.quality.level in ("amber", "red"):
        said.append(text("few_counts"))
    return said


def _part(row: RegionShare, text: Words) -> str:
    shares = {
        view: "–" if value is None else f"{text.write(100 * value, '.1f')} %"
        for view, value in (("anterior", row.fraction_anterior), ("posterior", row.fraction_posterior))
    }
    return text("part_said", weight=row.weight, **shares)


# -- pictures -----------------------------------------------------------------------------------------


def _pictures(subject: ScanSubject, drawn: ScanPictures, text: Words, blind: bool) -> str:
    first, what = (drawn.plain, "plain_of")
    second, stands = (drawn.used, "stands_of")
    if subject.corrected and not blind:
        first, what, stands = drawn.automatic, "found_of", "used_of"
    shown = []
    for view in first:
        shown.append((first[view], text(what, view=text(view))))
        if not blind or subject.corrected:
            shown.append((second[view], text(stands, view=text(view))))
    empty = f"<p class='note lead'>{text('no_scan_drawn')}</p>" if subject.scan is None else ""
    lead = f"<p class='note lead'>{text('pictures_note')}</p>"
    return f"<h2>{text('pictures')}</h2>{lead}{empty}{_class(films(shown), 'views')}"


def _class(html: str, name: str) -> str:
    return html.replace("class='films one'", "class='films'", 1).replace(
        "class='films'", f"class='films {name}'", 1
    )


def _earlier(subject: ScanSubject, text: Words) -> str:
    found = subject.compared
    if found is None:
        return ""
    band = DETECTABLE_CHANGE
    verdict = text(f"change_{found.verdict}", band=band)
    lines = [
        f"BSI {text.write(found.bsi_earlier, '.2f')} % → {text.write(found.bsi_later, '.2f')} %. "
        + text("change", change=signed(found.change, text), verdict=verdict),
        text(
            "places",
            new=found.number("new"),
            gone=found.number("gone"),
            changed=found.number("changed"),
            unchanged=found.number("unchanged"),
        ),
    ]
    if found.days is not None:
        lines.append(text("days", n=found.days))
    name = f"<p>{escape(text('earlier_of', name=subject.earlier))}</p>" if subject.earlier else ""
    warnings = "".join(
        f"<p class='warning' lang='en'>{escape(line)}</p>"
        for line in without_folders(found.warnings, subject.folders)
    )
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return f"<h2>{text('earlier')}</h2>{name}<div class='answer'>{body}</div>{warnings}"


# -- models -------------------------------------------------------------------------------------------


def _networks(models: Any) -> list[tuple[str, str]]:
    """Return what each network was asked for, and its hash."""
    found = []
    for role in ("regions", "hotspots"):
        made = models.get(role) or {}
        if made.get("segmenter") != "network":
            continue
        used = made.get("used")
        views = used.items() if isinstance(used, dict) else [("", used)]
        found += [(f"{role} {view}".strip(), sha) for view, sha in views if sha]
    return found


def _others(models: Any) -> str:
    """Return what was used that is no network, such as an atlas, with its digest."""
    lines = []
    for role in ("regions", "hotspots"):
        made = models.get(role) or {}
        if made and made.get("segmenter") != "network":
            lines.append(f"{role}: {made.get('segmenter', '')} {made.get('used') or ''}".strip())
    return "".join(f"<p><code>{escape(line)}</code></p>" for line in lines)
