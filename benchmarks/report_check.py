"""Open reports in headless Chromium: no console errors, no outside requests; a picture and a PDF of each.

Run with ``.venv/bin/python benchmarks/report_check.py report.html … [--out DIR]``. Exits with 1 when a page
complains, refers to anything outside itself, or asks for it.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1280, 14000
"""Of the screenshots, in pixels: the browser takes a picture of its window, so it is a tall one."""

_LOADS = {"src", "href", "srcset", "data", "action", "poster", "background", "xlink:href"}


class References(HTMLParser):
    """Collect what a page refers to, its scripts, and urls in its styles."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note attributes that load something."""
        if tag in ("script", "iframe", "object", "embed", "link", "base"):
            self.outside.append(f"<{tag}>")
        for name, value in attrs:
            if name in _LOADS and not (value or "").startswith(("#", "data:image/")):
                self.outside.append(f"{name}={value}")
            if name.startswith("on"):
                self.outside.append(f"{name}=…")
            if name == "style":
                self.urls(value or "")

    def handle_data(self, data: str) -> None:
        """Note urls in a stylesheet."""
        if self.get_starttag_text() == "<style>":
            self.urls(data)

    def urls(self, style: str) -> None:
        """Note what a style would load."""
        self.outside += re.findall(r"url\([^)]*\)|@import[^;]*", style)


def references(page: str) -> list[str]:
    """Return everything on a page that would be loaded from outside it."""
    reader = References()
    reader.feed(page)
    return reader.outside


def open_page(path: Path, out: Path, *, dark: bool = False) -> list[str]:
    """Open a page, take a screenshot of all of it, print it; return complaints and requests."""
    log = out / f"{path.stem}.netlog.json"
    stem = f"{path.parent.name}_{path.stem}" + ("_dark" if dark else "")
    common = [_browser(), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"]
    common += ["--hide-scrollbars", "--disable-background-networking", "--disable-component-update"]
    common += ["--no-first-run", f"--log-net-log={log}"]
    if dark:
        common += ["--force-dark-mode", "--enable-features=WebContentsForceDark:inversion_method/none"]
        common += ["--blink-settings=preferredColorScheme=0"]
    said = []
    shots = [[f"--screenshot={out / stem}.png", f"--window-size={WIDTH},{HEIGHT}"]]
    if not dark:
        shots.append([f"--print-to-pdf={out / stem}.pdf", "--no-pdf-header-footer"])
    for options in shots:
        done = subprocess.run(
            [*common, *options, path.resolve().as_uri()],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said += [line for line in done.stderr.splitlines() if "CONSOLE" in line or "Refused to" in line]
        said += [f"asked for {url}" for url in requests(log, path)]
        if not Path(options[0].partition("=")[2]).is_file():
            said.append(f"nothing was drawn: {done.stderr[-300:]}")
        log.unlink(missing_ok=True)
    return said


def requests(log: Path, page: Path) -> list[str]:
    """Return the addresses that the page asked for beside itself, from the browser's own log."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace").rstrip().rstrip(",")
    except FileNotFoundError:
        return ["(no log of requests was written)"]
    try:
        events = json.loads(text if text.endswith("}") else text + "]}")["events"]
    except (ValueError, KeyError):
        return ["(the log of requests cannot be read)"]
    urls = {str((one.get("params") or {}).get("url", "")) for one in events}
    own = page.resolve().as_uri()
    # The browser itself looks for updates and extensions of its own; a page cannot make it do so.
    of_browser = re.compile(
        r"(chrome|devtools|data|about)|https?://([a-z0-9-]+\.)*(google|googleapis|gvt1|gstatic)\.com/"
    )
    return sorted(url for url in urls if url and url != own and not of_browser.match(url))


def _browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        sys.exit(f"none of {', '.join(BROWSERS)} is installed")
    return found


def main() -> int:
    """Check every page given; return 1 when one fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, help="where screenshots and PDFs go")
    given = parser.parse_args()
    out = given.out or Path(tempfile.mkdtemp())
    out.mkdir(parents=True, exist_ok=True)
    bad = 0
    for path in given.pages:
        said = [f"refers to {one}" for one in references(path.read_text(encoding="utf-8"))]
        said += open_page(path, out) + open_page(path, out, dark=True)
        bad += bool(said)
        print(f"{path}: {'; '.join(said) if said else 'no console errors, no outside requests'}")
    print(f"pictures in {out}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
