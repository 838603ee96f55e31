"""Pictures of what the hotspot networks find on real views that they did not see, the worst first.

    python benchmarks/bone_network_overlays.py --trainings DIR --out FOLDER [--number 40] [--threshold T]

Each picture: the view with the silver boxes and their Otsu masks (left; *a detector's, not physicians'*), and
with what was found at the threshold (right); orange abnormal, blue normal, a number beside a find is its
score. A ring marks a missed box, a cross a find in no box. Views are ordered by
2 hits / (2 hits + misses + false), least first. Sheets of five lie beside them. The pictures show real
patients: they are for looking, never for the project.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from skimage.segmentation import find_boundaries

from bone_candidates import read_pair
from bone_network_hotspots import answers, seen
from bone_network_instances import PARTS, Rule, View, class_image
from bone_network_scores import ABNORMAL, NORMAL, silver_classes
from bone_pictures import inverse_grey
from napari_tbcad.bone.candidates_network import NetworkParameters
from napari_tbcad.files import written_whole
from napari_tbcad.schemes import HOTSPOT_COLOURS

ROWS = 5
COLOURS = {ABNORMAL: HOTSPOT_COLOURS["abnormal"], NORMAL: HOTSPOT_COLOURS["normal"]}


def kept(view: View, threshold: float) -> list[tuple[int, list[int]]]:
    """Return place in the list and boxes of the instances from the threshold on."""
    return [(n, view.hits[n]) for n, c in enumerate(view.candidates) if c.score >= threshold]


def errors(view: View, threshold: float) -> tuple[float, list[int], int]:
    """Return the figure that orders the views, the missed boxes, and the number of false finds."""
    said = kept(view, threshold)
    hit = {box for _, boxes in said for box in boxes}
    false = sum(not boxes for _, boxes in said)
    missed = [n for n in range(len(view.boxes)) if n not in hit]
    total = 2 * len(hit) + len(missed) + false
    return (2 * len(hit) / total if total else 1.0), missed, false


def outlined(grey: NDArray[np.float64], classes: NDArray[np.uint8]) -> Image.Image:
    """Return a view with the outlines of its classes."""
    rgb = np.rint(255 * grey).astype(np.uint8)
    for value, colour in COLOURS.items():
        edge = find_boundaries(classes == value, mode="outer")
        rgb[edge] = tuple(bytes.fromhex(colour[1:]))
    return Image.fromarray(rgb)


def picture(view: View, threshold: float, cache: Path | None) -> Image.Image:
    """Draw silver and found side by side."""
    grey = inverse_grey(read_pair(int(str(view.patient))).view(view.view).counts)  # type: ignore
    figure, missed, false = errors(view, threshold)
    silver = outlined(grey, silver_classes(int(str(view.patient)), cache)[view.view])
    drawing = ImageDraw.Draw(silver)
    for n, box in enumerate(view.boxes):
        colour = HOTSPOT_COLOURS[box.label.lower()]
        drawing.rectangle((box.left - 1, box.top - 1, box.right, box.bottom), outline=colour)
        if n in missed:
            ring = (box.left - 7, box.top - 7, box.right + 6, box.bottom + 6)
            drawing.ellipse(ring, outline="#CC0000", width=2)
    found = outlined(grey, class_image(view.labels, view.candidates, threshold))
    drawing = ImageDraw.Draw(found)
    for n, boxes in kept(view, threshold):
        one = view.candidates[n]
        rows, columns = np.nonzero(view.labels == one.id)
        drawing.text((columns.max() + 3, rows.mean() - 5), f"{100 * one.score:.0f}", fill=COLOURS[one.value])
        if not boxes:
            x, y = columns.mean(), rows.mean()
            drawing.line((x - 5, y - 5, x + 5, y + 5), fill="#CC0000", width=2)
            drawing.line((x - 5, y + 5, x + 5, y - 5), fill="#CC0000", width=2)
    height, width = grey.shape[:2]
    both = Image.new("RGB", (2 * width + 8, height + 16), "white")
    both.paste(silver, (0, 16))
    both.paste(found, (width + 4, 16))
    said = f"{len(view.boxes)} boxes, {len(missed)} missed, {false} false"
    ImageDraw.Draw(both).text((2, 2), f"{view.patient} {view.view} {figure:.2f}: {said}", fill="black")
    return both


def save(path: Path, image: Image.Image) -> None:
    """Write a picture whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary:
        image.save(temporary)


def main() -> None:
    """Draw the pictures and sheets."""
    usual = NetworkParameters()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trainings", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--part", choices=PARTS, default="hotspots")
    parser.add_argument("--mirror", action="store_true", help="average with the mirrored image")
    parser.add_argument("--threshold", type=float, default=usual.threshold)
    parser.add_argument("--edge", type=float, default=usual.edge)
    parser.add_argument("--number", type=int, default=40, help="pictures")
    parser.add_argument("--cache", type=Path, help="folder that keeps probabilities")
    chosen = parser.parse_args()
    rule, wanted = Rule(chosen.edge), chosen.number
    chosen.number, chosen.fold, chosen.scheme = None, None, "4"  # of all patients
    views = [seen(n, view, *rule(given, scan)) for n, view, given, scan in answers(chosen)]
    views.sort(key=lambda v: errors(v, chosen.threshold)[0])
    pictures = []
    for place, view in enumerate(views[:wanted]):
        pictures.append(picture(view, chosen.threshold, chosen.cache))
        save(chosen.out / f"{place:02d}_{view.patient}_{view.view}.png", pictures[-1])
    for first in range(0, len(pictures), ROWS):
        part = pictures[first : first + ROWS]
        sheet = Image.new("RGB", (sum(p.width for p in part), part[0].height), "white")
        left = 0
        for one in part:
            sheet.paste(one, (left, 0))
            left += one.width
        save(chosen.out / f"sheet{first // ROWS}.png", sheet)
    print(f"{len(pictures)} pictures in {chosen.out}; their labels are a detector's, not physicians'")


if __name__ == "__main__":
    main()
