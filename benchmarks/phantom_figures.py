"""Write the pictures of docs/simulation.md: phantoms only."""

from __future__ import annotations

from pathlib import Path

import imageio.v3 as iio
import numpy as np
from skimage.segmentation import find_boundaries

from napari_tbcad.files import written_whole
from napari_tbcad.simulate.lesions import LesionParameters, insert_lesions
from napari_tbcad.simulate.samples import sample_path
from napari_tbcad.simulate.thorax import ThoraxParameters, simulate_thorax

DOCS = Path(__file__).resolve().parents[1] / "docs" / "images"


def main() -> None:
    names = ("normal_man", "normal_woman", "upper_lobe_cavity", "miliary", "effusion")
    films = [np.stack([iio.imread(sample_path(name))] * 3, axis=-1) for name in names]
    lungs = iio.imread(sample_path("normal_man").parents[1] / "masks" / "normal_man.png")
    films[0][find_boundaries(lungs == 1)] = (60, 220, 90)
    films[0][find_boundaries(lungs == 2)] = (255, 170, 40)
    thorax = simulate_thorax(ThoraxParameters(inspiration=4), seed=21)
    wanted = LesionParameters(kind="consolidation", area=0.22, contrast=0.45, number=2)
    sick = insert_lesions(thorax.film, thorax.lungs, wanted, seed=3).film.pixels
    films.append(np.stack([sick.astype(np.uint8)] * 3, axis=-1))
    sheet = np.vstack([np.hstack(films[:3]), np.hstack(films[3:])])
    with written_whole(DOCS / "phantom_samples.png") as temporary:
        iio.imwrite(temporary, sheet[::2, ::2], extension=".png", plugin="pillow", optimize=True)


if __name__ == "__main__":
    main()
