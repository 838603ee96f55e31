"""The record of a reading as a list that a person reads: each step, each edit, each model with its hash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from typing import Any

from pydantic import BaseModel

from napari_tbcad.evaluate.reports.case_privacy import bare, bare_value
from napari_tbcad.evaluate.reports.case_reading import moment
from napari_tbcad.evaluate.reports.case_words import STEPS, target
from napari_tbcad.evaluate.reports.words import Words
from napari_tbcad.record import Edit, Record, Step

_READING = frozenset(
    {
        "bits", "pages", "orientation", "white_is_zero", "spacing_from", "modality", "transfer_syntax",
        "inverted", "inverted_about", "windowed", "parted",
    }
)  # fmt: skip
"""What is told of reading a file: nothing that could be a text of its header."""

_ANSWERS = frozenset({"classify", "index", "operating_point", "hotspots", "table", "classes"})
"""Steps whose outcome is an answer, and is hidden from a blinded reader."""


def record_list(record: Record, text: Words, *, folders: Iterable[str] = (), blind: bool = False) -> str:
    """Return a record as an ordered list.

    Parameters
    ----------
    record : Record
        Of a reading.
    text : Words
        The words of the report.
    folders : iterable of str, optional
        Folders that the record may name, and the report must not.
    blind : bool, optional
        Leave out what steps answered.
    """
    folders = tuple(folders)
    items = [
        _edit(entry, text) if isinstance(entry, Edit) else _step(entry, text, folders, blind)
        for entry in record
    ]
    return f"<p class='note lead'>{text('record_lead')}</p><ol class='record'>{''.join(items)}</ol>"


def _edit(edit: Edit, text: Words) -> str:
    said = text(
        "edit_said",
        pixels=edit.pixels,
        tool=edit.tool,
        reader=_who(edit, text),
        when=moment(edit.when),
    )
    if edit.dice_before is not None and edit.dice_after is not None:
        said += text(
            "edit_dice", before=text.write(edit.dice_before, ".3f"), after=text.write(edit.dice_after, ".3f")
        )
    title = text("edit", target=target(edit.target, text.language))
    return f"<li class='hand'><b>✎ {escape(title)}</b><br>{escape(said)}</li>"


def _who(edit: Edit, text: Words) -> str:
    return edit.reader or text("a_program" if edit.by_program else "nobody")


def _step(step: Step, text: Words, folders: tuple[str, ...], blind: bool) -> str:
    title = STEPS.get(step.name, {}).get(text.language, step.name)
    lines = [f"<b>{escape(title)}</b> <span class='what'>{escape(step.name)}</span>"]
    parameters = bare_value(step.parameters or {}, folders)
    if isinstance(parameters, Mapping) and parameters:
        names = _names()
        told = [
            f"{_named(step.name, str(name), names)} {_short(value)}" for name, value in parameters.items()
        ]
        lines.append(escape("; ".join(told)))
    if step.model:
        lines.append(f"{text('model')}: <code>{escape(bare(step.model, folders))}</code>")
    facts = _facts(step, folders)
    if facts and not (blind and step.name in _ANSWERS):
        lines.append(f"<span class='about'>{text('outcome')}: {escape(facts)}</span>")
    return f"<li>{'<br>'.join(lines)}</li>"


def _facts(step: Step, folders: tuple[str, ...]) -> str:
    facts: Mapping[str, Any] = step.facts
    if step.name.startswith("read "):
        facts = {name: value for name, value in facts.items() if name in _READING}
    kept = {name: value for name, value in facts.items() if name != "models"}
    return "; ".join(f"{name.replace('_', ' ')} {_short(v)}" for name, v in bare_value(kept, folders).items())


def _short(value: Any) -> str:
    # Settings and outcomes are the program's own names and values: the same in every language.
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return (
            "(" + ", ".join(f"{name} {_short(item)}".replace("_", " ") for name, item in value.items()) + ")"
        )
    if isinstance(value, list | tuple):
        return " × ".join(map(_short, value)) if len(value) == 2 else ", ".join(map(_short, value))
    return str(value)


def _named(step: str, name: str, names: Mapping[str, Mapping[str, str]]) -> str:
    own = name.rpartition(".")[2]
    return (
        names.get(step, {}).get(own)
        or names.get(name.partition(".")[0], {}).get(own)
        or own.replace("_", " ")
    )


@cache
def _names() -> dict[str, dict[str, str]]:
    """Return the titles of all settings by stage and name, those of the panels' forms."""
    from napari_tbcad.bone.workflow import BoneSettings
    from napari_tbcad.chest.workflow import ChestSettings

    found: dict[str, dict[str, str]] = {}
    for settings in (ChestSettings(), BoneSettings()):
        for name in type(settings).model_fields:
            found.setdefault(name, {}).update(_titles(getattr(settings, name)))
    return found


def _titles(section: Any) -> dict[str, str]:
    titles: dict[str, str] = {}
    if not isinstance(section, BaseModel):
        return titles
    for name, info in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            titles = _titles(value) | titles
        elif info.title:
            titles[name] = info.title
    return titles


def edit_table(edits: Iterable[Edit], text: Words) -> str:
    """Return a person's edits as a table."""
    names = ("col_what", "col_when", "col_by", "col_tool", "col_pixels", "col_dice")
    head = "".join(f"<th class='l'>{text(name)}</th>" for name in names)
    rows = []
    for edit in edits:
        dice = "–"
        if edit.dice_before is not None and edit.dice_after is not None:
            dice = " → ".join(text.write(one, ".3f") for one in (edit.dice_before, edit.dice_after))
        cells = (
            target(edit.target, text.language),
            moment(edit.when),
            _who(edit, text),
            edit.tool,
            str(edit.pixels),
            dice,
        )
        rows.append("<tr>" + "".join(f"<td class='l'>{escape(cell)}</td>" for cell in cells) + "</tr>")
    body = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f"<div class='scroll'>{body}</div><p class='note'>{text('dice_note')}</p>"
