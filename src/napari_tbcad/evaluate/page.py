"""A page of HTML with everything inside the file: no network, no script, prints well."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; margin: 1em 0; font-size: 13px }
th, td { border: 1px solid #ccc; padding: .3em .6em; text-align: right }
th { background: #f2f4f7 }
th:first-child, td:first-child { text-align: left }
.notice, .warning { background: #fff4d6; border-left: 5px solid #e69f00; padding: .7em 1em }
.warning { background: #fde8e4; border-color: #d55e00 }
.scroll { overflow-x: auto }
img { max-width: 100% }
"""


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
    head = f"<meta charset='utf-8'><title>{escape(title)}</title><style>{STYLE}{style}</style>"
    return f"<!doctype html><html lang='{language}'><head>{head}</head><body>{''.join(parts)}</body></html>"


def picture(content: bytes, alt: str) -> str:
    """Return a PNG as an element of the page."""
    return f"<img alt='{escape(alt)}' src='data:image/png;base64,{base64.b64encode(content).decode()}'>"
