"""The report of a chest film: what a person changed, the answer and why, and how it came about."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from napari_tbcad.chest.classify.normals import place
from napari_tbcad.chest.classify.result import ChestResult, Contribution
from napari_tbcad.chest.opacity_zones import SIDES, THIRDS
from napari_tbcad.edits import labels_dice
from napari_tbcad.evaluate.reports.case_cards import classifier_section, network_sections
from napari_tbcad.evaluate.reports.case_drawings import gate_bar, probability_bar, scale, signed, signed_bars
from napari_tbcad.evaluate.reports.case_film import FilmSubject
from napari_tbcad.evaluate.reports.case_film_drawn import FilmPictures
from napari_tbcad.evaluate.reports.case_film_pictures import SPEAKS_AGAINST, SPEAKS_FOR
from napari_tbcad.evaluate.reports.case_film_values import place_text, readable, values_section
from napari_tbcad.evaluate.reports.case_film_words import FILM
from napari_tbcad.evaluate.reports.case_parts import Body, case_page, corrections_section
from napari_tbcad.evaluate.reports.case_sections import films, spacing_text, without_folders
from napari_tbcad.evaluate.reports.case_words import target, words_of
from napari_tbcad.evaluate.reports.words import Language, Words

if TYPE_CHECKING:
    from napari_tbcad.chest.explain import Explanation

_MOST = 8


def film_html(drawn: FilmPictures, language: Language = "en", *, blind: bool = False) -> str:
    """Return the report of a film as one page with everything in it.

    Parameters
    ----------
    drawn : FilmPictures
        Of its subject; the same for every language.
    language : {"en", "id"}
    blind : bool, optional
        Leave out every answer, for a reader who must not know it.
    """
    subject, text = drawn.subject, words_of(FILM, language)
    pictures = [_masks(subject, drawn, text), corrections_section(subject, text)]
    body = Body(
        facts=_facts(subject, text),
        complaints=_complaints(subject, blind),
        found=pictures if blind else [_answer(subject, text), *pictures, _where(subject, drawn, text)],
        measured=values_section(subject.reading.values.get("features"), subject.card, text),
        models=_cards(subject, text),
    )
    return case_page(subject, body, text, blind=blind)


def _complaints(subject: FilmSubject, blind: bool) -> tuple[str, ...]:
    own = subject.result.warnings if subject.result is not None else ()
    said = (*subject.reading.warnings, *own)
    # The banner and the scores say already that it is a demonstration model.
    said = tuple(line for line in said if not line.startswith("demonstration model"))
    hidden = (subject.reading.result or {}).get("warnings", ()) if blind else ()
    return without_folders((line for line in said if line not in hidden), subject.folders)


def _facts(subject: FilmSubject, text: Words) -> dict[str, str]:
    rows: dict[str, str] = {}
    if (shape := subject.shape) is not None:
        rows[text("size")] = text("size_value", rows=shape[0], columns=shape[1])
    if (film := subject.film) is not None:
        rows[text("spacing")] = spacing_text(film.spacing_mm, text)
        turned = [
            text(name) for name in ("turned", "flipped") if (film.inverted, film.flipped)[name == "flipped"]
        ]
        rows[text("view")] = ". ".join([film.view or text("unknown"), *turned])
    features, models = subject.reading.values.get("features") or {}, subject.reading.models
    if features:
        rows[text("feature_set")] = text(
            "grid_value",
            features=f"{features['feature_set']} ({features['definition']})",
            grid=features["grid"],
            segmenter=models.get("segmenter") or "–",
        )
    return rows


# -- the answer ---------------------------------------------------------------------------------------


def _answer(subject: FilmSubject, text: Words) -> str:
    result = subject.result
    if result is None:
        return f"<h2>{text('answer')}</h2><p class='empty'>{text('no_result')}</p>"
    by = text.texts.get(f"by_{result.deciding_stage}", "")
    sentence = f"{text(result.decision)}{', ' if by else ''}{by}."
    lines = [f"<p class='big'>{escape(sentence)}</p>"]
    if "result" not in subject.reading.values.get("up_to_date", ()):
        lines.insert(0, f"<p class='late'>{text('stale')}</p>")
    if result.probability is not None:
        said = text("probability", p=result.probability, t=result.threshold, point=_point(result))
        lines.append(f"<p>{escape(said)}</p>")
        ghost = subject.ghost if subject.corrected else None
        words = (text("threshold"), text("ghost"))
        lines.append(probability_bar(result.probability, result.threshold, ghost, text=text, said=words))
        lines.append(_moved(subject, result, text))
    if result.demonstration:
        lines.append(f"<p><b>{escape(text('demonstration'))}</b></p>")
    parts = [f"<h2>{text('answer')}</h2><div class='answer'>{''.join(lines)}</div>", _gates(result, text)]
    return "".join((*parts, _contributions(subject, result, text)))


def _point(result: ChestResult) -> str:
    """Return the name of an operating point that is more than its number."""
    name = result.operating_point
    return "" if name.replace(".", "", 1).isdigit() else f" ({name})"


def _moved(subject: FilmSubject, result: ChestResult, text: Words) -> str:
    if not subject.corrected or result.probability is None:
        return ""
    if subject.ghost is None:
        return f"<p class='note'>{text('no_ghost')}</p>"
    said = text("moved", before=subject.ghost, after=result.probability)
    if (subject.ghost >= result.threshold) != (result.probability >= result.threshold):
        said += text("moved_over")
    return f"<p>{escape(said)}.</p>"


def _gates(result: ChestResult, text: Words) -> str:
    rows = []
    gates = ((1, result.probability_stage1, result.gate), (2, result.probability_stage2, result.threshold))
    for stage, probability, gate in gates:
        if probability is None:
            said, mark = text("not_asked"), ""
        else:
            side = text("above" if probability >= gate else "below")
            said = text("gate_value", p=probability, side=side, gate=gate)
            mark = text("decided" if result.deciding_stage == stage else "not_decided_here")
        cells = (
            escape(text(f"gate_{stage}")),
            gate_bar(probability, gate, text),
            escape(said),
            f"<b>{mark}</b>",
        )
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return f"<h3>{text('gates')}</h3><table class='gates'>{''.join(rows)}</table>"


def _contributions(subject: FilmSubject, result: ChestResult, text: Words) -> str:
    if not result.contributions:
        return ""
    rows = [_contribution(subject, one, text) for one in result.contributions[:_MOST]]
    bars = signed_bars(rows, sides=(text("against"), text("for")), text=text)
    note = f"<p class='note'>{text('contributions_note')}</p>"
    return f"<div class='keep'><h3>{text('contributions')}</h3>{bars}{note}</div>"


def _contribution(subject: FilmSubject, one: Contribution, text: Words) -> tuple[str, float, str]:
    found = None if subject.card is None else place(subject.card, one.feature, one.value)
    note = f"{signed(one.z, text, 1)} σ"
    if found is not None and found.percentile is not None:
        note += f", {place_text(found, text)}"
    if len(one.members) > 1:
        note += f", +{len(one.members) - 1}"
    return readable(one.feature), one.change, note


# -- pictures -----------------------------------------------------------------------------------------


def _masks(subject: FilmSubject, drawn: FilmPictures, text: Words) -> str:
    title = f"<h2>{text('masks')}</h2>"
    if subject.shape is None:
        return title
    empty = f"<p class='note lead'>{text('no_film_drawn')}</p>" if subject.film is None else ""
    used = (drawn.used, text("masks_used"))
    parts = [title, empty, films([used] if subject.film is None else [(drawn.plain, text("film")), used])]
    for kind, (before, after) in drawn.corrections.items():
        name = target(kind, text.language)
        old, new = subject.automatic[kind], subject.used[kind]
        said = text("kept", dice=labels_dice(new, old), pixels=int(np.count_nonzero(new != old)))
        pair = [
            (before, text("automatic_of", kind=name)),
            (after, f"{text('corrected_of', kind=name)} {said}"),
        ]
        parts.append(films(pair))
    return "".join(parts)


def _where(subject: FilmSubject, drawn: FilmPictures, text: Words) -> str:
    """Return the local evidence of the decision and the opacities, or why there are none."""
    if subject.shape is None or (subject.result is None and subject.opacities is None):
        return ""
    shown, notes = [], []
    if (told := subject.explanation) is not None:
        more = text("map_texture", texture=told.texture) if told.texture < 1 else ""
        shown.append((drawn.evidence, text("map") + more))
    elif subject.result is not None:
        notes.append(text("no_map", cause=subject.no_explanation or text("no_map_film")))
    if (found := subject.opacities) is not None:
        shown.append((drawn.opacities, text("opacities", threshold=found.found.threshold)))
    elif subject.no_opacities:
        notes.append(text("no_opacities", cause=subject.no_opacities))
    parts = [f"<h2>{text('where')}</h2>", films(shown) if shown else ""]
    if told is not None:
        colours = (SPEAKS_AGAINST, "#888888", SPEAKS_FOR)
        parts.append(scale(text("against"), text("for"), colours, "evidence"))
        parts.append(f"<p lang='en'>{escape(told.sentence)}</p>{_zones(told, text)}")
    if found is not None and found.zones["both"].pixels:
        both = found.zones["both"]
        said = text("opacities_said", area=f"{100 * both.area:.0f} %", mean=both.mean)
        parts.append(f"<p>{escape(said)}</p><p class='note'>{text('opacities_note')}</p>")
    parts += [f"<p class='empty'>{escape(note)}</p>" for note in notes]
    return "".join(parts)


def _zones(told: Explanation, text: Words) -> str:
    zones = told.zones
    if not zones:
        return ""
    head = "".join(f"<th>{text(side)}</th>" for side in SIDES)
    rows = "".join(
        f"<tr><td>{text(third)}</td>"
        + "".join(f"<td>{signed(zones.get(f'{side}_{third}', 0.0), text)}</td>" for side in SIDES)
        + "</tr>"
        for third in THIRDS
    )
    # What has no place is in log-odds: it stands beside the zones only where they are, too.
    plain = told.texture == 1
    outline = (
        f"<tr><td>{text('not_local')}</td><td colspan='2'>{signed(told.not_local, text)}</td></tr>"
        if plain
        else ""
    )
    title = text("zones" if plain else "zones_texture")
    caption = f"<caption>{title}</caption><thead><tr><th></th>{head}</tr></thead>"
    return f"<table class='keep'>{caption}<tbody>{rows}{outline}</tbody></table>"


# -- models -------------------------------------------------------------------------------------------


def _cards(subject: FilmSubject, text: Words) -> str:
    models = subject.reading.models
    parts = []
    if (was := models.get("classifier")) is not None:
        name = text("classifier", name=was.get("name", ""))
        parts.append(classifier_section(subject.card, name, was.get("sha256") or "", text))
    networks = [(role, sha) for role in ("network", "opacities") if (sha := models.get(role))]
    parts.append(network_sections(networks, text))
    if atlas := models.get("atlas"):
        parts.append(f"<h3>{escape(str(atlas))}</h3>")
    return "".join(parts)
