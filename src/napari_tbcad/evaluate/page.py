"""A page of HTML with everything inside the file: no network, no script, prints well.

All reports share this stylesheet: the light colours on paper, the reader's own choice on a screen.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from html import escape

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --quiet: #57606a; --line: #ccd1d7;
  --head: #f2f4f7; --blue: #0072b2; --blue-wash: #eef5fa; --amber: #e69f00; --amber-wash: #fff4d6;
  --red: #d55e00; --red-wash: #fde8e4; --green: #009e73; --green-wash: #e8f5f0 }
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #16191d; --ink: #e4e7ea; --quiet: #a3abb4; --line: #434a52; --head: #23282e;
    --blue: #56b4e9; --blue-wash: #1b2a36; --amber: #e69f00; --amber-wash: #372c12; --red: #ff7b3a;
    --red-wash: #3d2018; --green: #2cc39a; --green-wash: #15302a }
}
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em;
  background: var(--paper); color: var(--ink); overflow-wrap: break-word }
a { color: var(--blue) }
h1 { line-height: 1.2; margin-bottom: .3em }
h2 { margin-top: 2.2em; border-bottom: 2px solid var(--blue); padding-bottom: .15em }
h3 { margin: 1.8em 0 .3em }
h4 { margin: 1.4em 0 .2em }
table { border-collapse: collapse; margin: .4em 0 .6em; font-size: 13px }
caption { caption-side: top; text-align: left; font-weight: 600; padding: .3em 0 }
th, td { border: 1px solid var(--line); padding: .3em .6em; text-align: right }
th { background: var(--head); font-weight: 600; vertical-align: bottom; max-width: 11em }
td { font-variant-numeric: tabular-nums; white-space: nowrap }
th:first-child, td:first-child, td.l, th.l { text-align: left }
td.l { white-space: normal }
td small { color: var(--quiet); display: block; font-size: 11px }
tr.group td { border-top: 2px solid var(--quiet) }
tr.strong td { font-weight: 600 }
.notice, .warning, .verdict, .answer { border-left: 5px solid var(--line); padding: .7em 1em;
  margin: .8em 0 }
.notice { background: var(--amber-wash); border-color: var(--amber) }
.warning, .verdict.red { background: var(--red-wash); border-color: var(--red) }
.verdict.amber { background: var(--amber-wash); border-color: var(--amber) }
.verdict.plain { background: var(--head); border-color: var(--quiet) }
.answer { background: var(--blue-wash); border-color: var(--blue); padding: .5em 1em }
.answer p { margin: .3em 0 }
.what { color: var(--quiet); font-size: 13px; border: 1px solid var(--line); border-radius: 3px;
  padding: 0 .4em }
.about, .note { color: var(--quiet) }
.note { font-size: 13px; max-width: 80em; margin: .3em 0 1em }
.empty { color: var(--quiet); font-style: italic }
.scroll { overflow-x: auto }
.pair { display: flex; flex-wrap: wrap; gap: 0 2em; align-items: flex-start }
.badge { display: inline-block; font-size: .5em; vertical-align: middle; letter-spacing: .04em;
  font-weight: 600; border: 2px solid var(--red); color: var(--red); border-radius: 4px;
  padding: .1em .5em; margin-left: .5em }
img { max-width: 100%; height: auto; border-radius: 3px }
svg { max-width: 100%; height: auto }
figure { margin: 1em 0 }
figcaption { font-size: 13px; color: var(--quiet) }
dl { display: grid; grid-template-columns: minmax(8em, max-content) 1fr; gap: .2em 1em }
dt { font-weight: 600 }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere }
code { font-size: .92em; overflow-wrap: anywhere }
nav { font-size: 13px; margin: 1em 0 }
nav a { margin-right: 1em; white-space: nowrap }
@page { size: A4; margin: 14mm 13mm }
@media print {
  body { font-size: 10.5px; max-width: none; margin: 0; padding: 0 }
  h1 { font-size: 20px } h2 { font-size: 15px; margin-top: 1.6em }
  h3 { font-size: 12px } h4 { font-size: 11px }
  table, .note, figcaption, .what, .badge { font-size: 9px } td small { font-size: 8px }
  th, td { padding: .2em .4em }
  a { color: inherit; text-decoration: none }
  .scroll { overflow: visible } nav { display: none }
  thead { display: table-header-group }
  figure, tr, dt, dd, .answer, .verdict, .warning, .keep { break-inside: avoid }
  h2, h3, h4, .lead { break-after: avoid } .note { break-before: avoid; break-inside: avoid }
  figure.half img { max-width: 58% } svg { width: 75% }
  body, th, .notice, .warning, .verdict, .answer {
    -webkit-print-color-adjust: exact; print-color-adjust: exact }
}
"""

_WIDE = 800
"""Pixels from which a picture takes the whole width of a sheet of paper."""

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a browser may load for the page: nothing, even if a hostile name slipped through the escaping."""


def page(title: str, parts: Iterable[str], *, language: str = "en", style: str = "") -> str:
    """Return a whole page.

    Parameters
    ----------
    title : str
        For the window; escaped here.
    parts : iterable of str
        HTML of the body.
    language : str, optional
        Of the text, such as ``"en"``.
    style : str, optional
        CSS after :data:`STYLE`.
    """
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style>"
    )
    return f"<!doctype html><html lang='{language}'><head>{head}</head><body>{''.join(parts)}</body></html>"


def picture(content: bytes, alt: str, *, width: int | None = None) -> str:
    """Return a PNG as an element of the page, `width` CSS pixels wide where it has more for printing."""
    wide = f" width='{width}'" if width else ""
    data = base64.b64encode(content).decode()
    return f"<img alt='{escape(alt)}'{wide} src='data:image/png;base64,{data}'>"


def figure(content: bytes, caption: str, *, width: int | None = None) -> str:
    """Return a PNG with what it shows written below it; it is never cut by the end of a sheet."""
    shown = picture(content, caption, width=width)
    half = " class='half'" if width and width < _WIDE else ""
    return f"<figure{half}>{shown}<figcaption>{escape(caption)}</figcaption></figure>"


def facts(items: Mapping[str, str]) -> str:
    """Return names and values, both plain text, as a list in two columns."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in items.items())
    return f"<dl>{rows}</dl>"


def bullets(lines: Iterable[str]) -> str:
    """Return lines of plain text as a list."""
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
