"""How long a set of the size of BS-80K takes to make, and how much memory: on a made folder of its layout.

    python benchmarks/bone_set.py --folder DIR [--patients 3247] [--tiny] [--bone counts|regions]

Both views of each patient, images of 1024 × 256 pixels (``--tiny``: 128 × 32), noise in a lit body: ten
drawings a view, made unlike byte for byte by a comment in each file. Every third patient is abnormal; nine in
ten have a file of boxes, with two to six boxes. The second call finds all done. Processor time beside the
wall clock: on a busy machine only the former says much. These images show nothing of a patient, and nothing
is learned from them.
"""

from __future__ import annotations

import argparse
import io
import resource
import time
from pathlib import Path

import numpy as np

from napari_tbcad.batch.bone_set import import_bs80k
from napari_tbcad.batch.bone_set_labels import BoneSetParameters
from napari_tbcad.io.voc import LabelledBox, write_voc

DRAWINGS = 10
SHORT = {"anterior": "ANT", "posterior": "POST"}


def main() -> None:
    """Make the folder, then the set twice, and print times and memory."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--patients", type=int, default=3247)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--bone", choices=("counts", "regions"), default="counts")
    chosen = parser.parse_args()
    shape = (128, 32) if chosen.tiny else (1024, 256)
    data = chosen.folder / f"made_{chosen.patients}_{shape[0]}"
    if not data.exists():
        make_folder(data, chosen.patients, shape)
    for call in ("first", "second"):
        began, used = time.perf_counter(), time.process_time()
        made = import_bs80k(
            data, chosen.folder / "set", parameters=BoneSetParameters(bone=chosen.bone), regions=None
        )
        wall, processor = time.perf_counter() - began, time.process_time() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        images = 2 * chosen.patients
        print(
            f"{call} call: {images} images, {len(made.rows)} used, {wall:.0f} s, processor {processor:.1f} s "
            f"({1000 * processor / images:.1f} ms an image), most memory {peak:.0f} MiB",
            flush=True,
        )
    for line in (*made.found, *made.lines()):
        print(line)


def make_folder(folder: Path, patients: int, shape: tuple[int, int]) -> None:
    """Write images, texts of labels and files of boxes in the data set's layout."""
    generator = np.random.default_rng(0)
    for view, short in SHORT.items():
        home = folder / f"wholeBody{short}"
        boxes_home = home / short.lower()
        boxes_home.mkdir(parents=True)
        drawings = [drawing(generator, shape) for _ in range(DRAWINGS)]
        lines = []
        for number in range(1, patients + 1):
            jpeg, places = drawings[number % DRAWINGS]
            note = f"{view} {number}".encode()
            comment = b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note
            (home / f"{number}.jpg").write_bytes(jpeg[:2] + comment + jpeg[2:])
            abnormal = number % 3 == 0
            lines.append(f"{number}.jpg\t{int(abnormal)}")
            if number % 10:
                kinds = ["Abnormal" if abnormal else "Normal", *["Normal"] * (len(places) - 1)]
                boxes = [LabelledBox(kind, *place) for kind, place in zip(kinds, places, strict=True)]
                write_voc(boxes_home / f"{number}.xml", boxes, shape, filename=f"{number}.jpg")
        (folder / f"wholeBody{short}.txt").write_text("\n".join(lines), encoding="utf-8")


def drawing(
    generator: np.random.Generator, shape: tuple[int, int]
) -> tuple[bytes, list[tuple[int, int, int, int]]]:
    """Return a lit body with hot disks as JPEG, and their boxes."""
    from PIL import Image

    rows, columns = shape
    y, x = np.mgrid[:rows, :columns] / np.array(shape)[:, None, None]
    lit = ((y - 0.5) / 0.48) ** 2 + ((x - 0.5) / 0.3) ** 2 < 1
    image = lit * 20.0 + (lit & (abs(x - 0.5) < 0.08)) * 40 + generator.poisson(3, shape)
    side, places = max(6, columns // 12), []
    for row in generator.permutation(np.linspace(0.15, 0.8, 8))[: generator.integers(2, 7)]:
        top, left = int(row * rows), int(generator.uniform(0.35, 0.5) * columns)
        places.append((top, left, top + side, left + side))
        away = np.hypot(y * rows - top - side / 2, x * columns - left - side / 2)
        image += 150 * (away < side / 3)
    file = io.BytesIO()
    Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=95)
    return file.getvalue(), places


if __name__ == "__main__":
    main()
