"""Normal films framed like tuberculosis films, so that framing tells nothing.

    python benchmarks/reframe.py ../shared/data/chest --out DIR [--limit N]

In tb_multisource the lungs of both tuberculosis collections fill more of the frame than those of the
normal films, and the frame cuts them more often; where the lungs lie in the frame tells the classes apart
across sources as well as any texture does (benchmarks/tb_sources.py). Here every normal film is cut so
that the margins around its lungs are those of a tuberculosis film drawn at random, in shares of the
lungs' height and width, and is brought to 256 x 256 pixels, as that collection was. Where the lungs of
that film touch the edge, up to 6 % of the normal film's lungs are cut off, too. Each half of the normal
films gets the frames of the collection it trains or is tested with (``cross_source_folds``), so no film's
frame comes from the other side of a split.

DIR gets ``images/`` (TIFF, float32: nothing is rounded), ``films.csv`` (path, label, patient, source), a
data set of its own, and ``frames.csv``: where the lungs of every film lie, as found by the packaged
network.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
import torch
from numpy.typing import NDArray

from napari_tbcad.chest.workflow import settings_from, start
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.folds import cross_source_folds
from napari_tbcad.imaging.grid import resize_labels
from napari_tbcad.io.datasets import load_dataset
from napari_tbcad.io.read import read_film

SIDE, SEED, CUT, TOUCHES = 256, 5, 0.06, 0.004
NO_TRAINING = ("viral_pneumonia",)
FRAME = ("area", "height", "width", "top", "bottom", "left", "right")
"""All as shares of the film: area, size of the lungs' bounding box, distance of it from each edge."""


def lungs_of(path: Path) -> NDArray[np.bool_]:
    """Return both lungs of a film as the packaged network finds them, (H, W)."""
    run = start(read_film(path), settings_from({"lungs.segmenter": "network"}))
    film, masks = run.compute("upright", "insensitive")
    return resize_labels(masks.labels, film.shape) > 0


def box(lungs: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Return first row, row after the last, first column, column after the last."""
    rows, columns = (np.flatnonzero(lungs.any(axis=axis)) for axis in (1, 0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def frame(lungs: NDArray[np.bool_]) -> tuple[float, ...]:
    """Return :data:`FRAME` of a mask."""
    height, width = lungs.shape
    top, bottom, left, right = box(lungs)
    sizes = (float(lungs.mean()), (bottom - top) / height, (right - left) / width)
    return (*sizes, top / height, 1 - bottom / height, left / width, 1 - right / width)


def framed(pixels: NDArray[np.float32], lungs: NDArray[np.bool_], like: pd.Series, cut: NDArray) -> NDArray:
    """Cut a film so that its lungs lie in the frame as another's do, and bring it to 256 x 256 pixels."""
    height, width = pixels.shape
    top, bottom, left, right = box(lungs)
    tall, wide = bottom - top, right - left
    sizes = {"top": like.height, "bottom": like.height, "left": like.width, "right": like.width}
    margins = [like[edge] / size for edge, size in sizes.items()]
    above, below, before, after = (
        margin if margin > TOUCHES else -share for margin, share in zip(margins, cut, strict=True)
    )
    rows = slice(int(max(0, top - above * tall)), int(min(height, bottom + below * tall)))
    columns = slice(int(max(0, left - before * wide)), int(min(width, right + after * wide)))
    part = torch.from_numpy(np.ascontiguousarray(pixels[rows, columns], np.float32))[None, None]
    # Stretched, as the collections were; averaged where it shrinks.
    return torch.nn.functional.interpolate(
        part, size=(SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False
    )[0, 0].numpy()


def films_of(folder: Path) -> pd.DataFrame:
    """Return path, label and source of the films that train and test."""
    rows = [row for row in load_dataset(folder).labelled().rows if row.source not in NO_TRAINING]
    return pd.DataFrame(
        [(row.path, row.label, row.source) for row in rows], columns=["path", "label", "source"]
    )


def frames_of(films: pd.DataFrame, kept: Path) -> pd.DataFrame:
    """Return where the lungs lie, indexed by file name; measured once and kept."""
    if not kept.exists():
        rows = []
        for path in films.path:
            try:
                rows.append((path.name, *frame(lungs_of(path))))
            except BadInput as error:
                print(f"# no frame: {error}")
        pd.DataFrame(rows, columns=["file", *FRAME]).to_csv(kept, index=False)
    return pd.read_csv(kept).set_index("file")


def plan(films: pd.DataFrame) -> list[tuple[int, int, NDArray]]:
    """Draw for each normal film one to be framed like, and what is cut off where that touches the edge."""
    labels, sources = films.label.to_numpy(), films.source.to_numpy().astype(str)
    generator = np.random.RandomState(SEED)
    folds = cross_source_folds(labels, sources)
    names = [fold.name.removeprefix("test ") for fold in folds]
    first = set(folds[0].train.tolist())
    drawn = []
    for number in np.flatnonzero(labels == 0):
        # What trains beside the other collection in the first direction is tested beside it in the second.
        pool = np.flatnonzero(sources == (names[1] if number in first else names[0]))
        drawn.append((int(number), int(pool[generator.randint(len(pool))]), generator.rand(4) * CUT))
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder of the chest data sets")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="normal films to frame anew")
    asked = parser.parse_args()
    (asked.out / "images").mkdir(parents=True, exist_ok=True)
    films = films_of(asked.data / "tb_multisource")
    frames = frames_of(films, asked.out / "frames.csv")
    rows = []
    for number, like, cut in plan(films)[: asked.limit]:
        path = films.path[number]
        pixels = read_film(path).pixels
        made = framed(pixels, lungs_of(path), frames.loc[films.path[like].name], cut)
        tifffile.imwrite(asked.out / "images" / f"{path.stem}.tif", made)
        rows.append((f"images/{path.stem}.tif", 0, path.stem, films.source[number]))
    table = pd.DataFrame(rows, columns=["path", "label", "patient", "source"])
    table.to_csv(asked.out / "films.csv", index=False)
    print(f"{len(table)} films in {asked.out}")


if __name__ == "__main__":
    main()
