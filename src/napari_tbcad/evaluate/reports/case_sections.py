"""Parts of a case's report that films and bone scans share: head, warnings, models; and the style of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from napari_tbcad import __version__
from napari_tbcad.case import Case, ImageReference
from napari_tbcad.evaluate.page import bullets, facts, picture
from napari_tbcad.evaluate.reports.case_privacy import bare, base_name
from napari_tbcad.evaluate.reports.case_reading import list_of_readings, reader_of, when_of
from napari_tbcad.evaluate.reports.words import Words

STYLE = """
.chip { display: inline-block; font-size: 13px; border: 1px solid var(--line); border-radius: 1em;
  padding: .05em .8em; margin-left: .6em; white-space: nowrap; vertical-align: middle; font-weight: 600 }
.chip.good { border-color: var(--green); background: var(--green-wash) }
.chip.some { border-color: var(--amber); background: var(--amber-wash) }
.films { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 1.2em }
.films.one { grid-template-columns: minmax(0, 34em) }
.films figure { margin: .6em 0; break-inside: avoid }
.films img { width: 100%; background: #181818 }
.answer .big { font-size: 1.5em; font-weight: 600; margin: .1em 0 }
.late { color: var(--red); font-weight: 600 }
ol.record { padding-left: 1.8em; font-size: 13px }
ol.record li { margin: .5em 0; overflow-wrap: anywhere; break-inside: avoid }
ol.record li.hand { background: var(--blue-wash); border-left: 4px solid var(--blue); padding: .2em .7em }
.gates { border: 0 } .gates td { border: 0; text-align: left }
.values { display: grid; grid-template-columns: repeat(auto-fill, minmax(30em, 1fr)); gap: 0 2.5em;
  font-size: 12.5px }
.values div { display: grid; grid-template-columns: 1fr 6.5em 100px 5em; gap: .7em; align-items: center;
  border-bottom: 1px solid var(--line); break-inside: avoid; min-height: 21px }
.values div > :nth-child(2) { text-align: right; font-variant-numeric: tabular-nums }
.values small { color: var(--quiet) } .values small.out { color: var(--red); font-weight: 600 }
@media print {
  .films { gap: 0 .6em } .films figure img { max-height: 88mm; width: auto; max-width: 100% }
  .chip { font-size: 10px } ol.record { font-size: 9px } ol.record li { margin: .25em 0 }
  .values { font-size: 8.5px; grid-template-columns: 1fr 1fr; gap: 0 1.2em }
  .values div { grid-template-columns: 1fr 5em 100px 6em; min-height: 0 }
  .chip, ol.record li.hand, .films img { -webkit-print-color-adjust: exact; print-color-adjust: exact }
}
"""


@dataclass(frozen=True)
class Head:
    """What stands at the head of a report.

    Parameters
    ----------
    title : str
        With the study's name.
    facts : mapping of str to str
        Of the image.
    complaints : sequence of str
        Of the program.
    problems : sequence of str
        What the report lacks, and why.
    blind : bool
        Whether answers are left out.
    """

    title: str
    facts: Mapping[str, str]
    complaints: Sequence[str] = ()
    problems: Sequence[str] = ()
    blind: bool = False


def name_of(case: Case) -> str:
    """Return the file name of a study, or of both its files."""
    return " + ".join(dict.fromkeys(base_name(image.name) for image in case.images.values()))


def head(about: Head, case: Case, index: int, text: Words) -> str:
    """Return the head of a report: what it is of, whose reading, the notice, and what there is to look at."""
    reading = case.readings[index]
    n = len(about.complaints)
    said = text("quality_some", n=n) if n else text("quality_good")
    chip = f"<span class='chip {'some' if n else 'good'}'>{said}</span>"
    rows = {
        **about.facts,
        text("reader"): f"{reader_of(reading, text)}, {text(f'verdict_{reading.verdict}')}",
        text("when"): when_of(reading),
        text("program"): f"napari-tbcad {reading.program}",
        text("reported"): text("reported_as", version=__version__, day=datetime.now(UTC).date().isoformat()),
    }
    for image in case.images.values():
        rows |= _identity(image, text, several=len(case.images) > 1)
    parts = [
        f"<h1>{escape(about.title)}{chip}</h1>",
        f"<p class='notice'><b>{escape(text('notice'))}</b></p>",
        f"<p class='warning'>{escape(text('blind'))}</p>" if about.blind else "",
        "" if reading.finished else f"<p class='warning'>{escape(text('in_progress'))}</p>",
        *(f"<p class='warning'>{escape(line)}</p>" for line in about.problems),
        facts(rows),
        list_of_readings(case, index, text),
    ]
    return "".join(parts)


def _identity(image: ImageReference, text: Words, *, several: bool) -> dict[str, str]:
    after = f" ({base_name(image.name)})" if several else ""
    if image.sha256:
        return {f"{text('file_hash')}{after}": image.sha256}
    return {f"{text('pixel_key')}{after}": image.content_key}


def complaints_section(complaints: Sequence[str], text: Words) -> str:
    """Return the program's complaints as a section."""
    if not complaints:
        return f"<h2>{text('warnings')}</h2><p>{text('no_warnings')}</p>"
    foreign = "" if text.language == "en" else f"<p class='note'>{text('as_written')}</p>"
    return f"<h2>{text('warnings')}</h2>{foreign}<div lang='en'>{bullets(complaints)}</div>"


def without_folders(lines: Iterable[str], folders: Sequence[str]) -> tuple[str, ...]:
    """Return sentences that name files without their folders, each once."""
    return tuple(dict.fromkeys(bare(line, folders) for line in lines))


def films(pictures: Sequence[tuple[bytes, str]]) -> str:
    """Return pictures side by side, each with its caption."""
    shown = [
        f"<figure>{picture(content, caption)}<figcaption>{escape(caption)}</figcaption></figure>"
        for content, caption in pictures
    ]
    one = " one" if len(shown) == 1 else ""
    return f"<div class='films{one}'>{''.join(shown)}</div>"


def spacing_text(spacing: tuple[float, float] | None, text: Words) -> str:
    """Return the size of a pixel in mm."""
    if spacing is None:
        return text("unknown")
    row, column = spacing
    ends = (row,) if abs(row - column) < 1e-6 * max(row, column) else (row, column)
    return f"{' × '.join(text.write(end, '.3g') for end in ends)} mm"
