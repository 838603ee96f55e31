"""Pictures of case reports for the docs, of the project's own phantoms: no real film, no real scan.

Run with ``.venv/bin/python benchmarks/screenshots_reports.py [--out FOLDER]``; needs Chromium. A person's
corrections are made up: a mask is trimmed, all hotspots are judged, one otherwise than found.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1150, 2600


def chest_case(folder: Path) -> Path:
    """Return a case of a phantom film with a cavity, its lung mask corrected by hand."""
    from napari_tbcad.chest.cases import case_of
    from napari_tbcad.chest.classify.packaged import packaged_model
    from napari_tbcad.chest.workflow import finish, give_mask, settings_for, start
    from napari_tbcad.io.read import read_film

    model = packaged_model()
    run = start(read_film(ROOT / "sample_data/films/upper_lobe_cavity.png"), settings_for(model), model=model)
    finish(run)
    labels = run.get("insensitive").labels.copy()
    rows, columns = np.indices(labels.shape)
    height, width = labels.shape
    behind_heart = ((rows / height - 0.62) / 0.06) ** 2 + ((columns / width - 0.60) / 0.03) ** 2 < 1
    chest_wall = ((rows / height - 0.30) / 0.08) ** 2 + ((columns / width - 0.155) / 0.03) ** 2 < 1
    labels[behind_heart & (labels == 0)] = 2
    labels[chest_wall & (labels == 1)] = 0
    give_mask(run, labels, "insensitive", reader="Reader A")
    finish(run)
    path = folder / "film.tbcad"
    case_of(run, reader="Reader A").save(path)
    return path


def bone_case(folder: Path) -> Path:
    """Return a case of a simulated scan in which a person judged every hotspot."""
    from napari_tbcad.bone.cases import case_of
    from napari_tbcad.bone.editing import set_judged, set_label
    from napari_tbcad.bone.workflow import finish, give_hotspots, start
    from napari_tbcad.io.scans import read_study

    run = start(read_study(ROOT / "sample_data/scans/few_lesions.dcm"))
    hotspots = finish(run).hotspots
    hotspots = set_judged(hotspots, [mark.id for mark in hotspots.marks])
    changed = [mark.id for mark in hotspots.marks if mark.label == "normal"][:1]
    give_hotspots(run, set_label(hotspots, changed, "abnormal"), tool="class", reader="Reader B")
    finish(run)
    path = folder / "scan.tbcad"
    case_of(run, reader="Reader B").save(path)
    return path


def shoot(page: Path, out: Path) -> None:
    """Write the upper part of a page as PNG."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        sys.exit("no Chromium was found")
    command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={out}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with Image.open(out) as image:
        whole = image.convert("RGB")
    whole.save(out, optimize=True)


def main() -> None:
    """Make the cases, their reports and the pictures."""
    from napari_tbcad.evaluate.reports.case_report import case_html

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        for name, make in (("chest", chest_case), ("bone", bone_case)):
            page = Path(made) / f"{name}.html"
            page.write_text(case_html(make(Path(made)))["en"], encoding="utf-8")
            shoot(page, out / f"report_case_{name}.png")
            print(out / f"report_case_{name}.png")


if __name__ == "__main__":
    main()
