"""Build the packaged statistical shape model from the real lung outlines.

    python benchmarks/build_shape_model.py ../shared/data/chest/lung_outlines [--out FILE.safetensors]

Uses every outline (Shenzhen, Montgomery, JSRT) and no label. The file holds a mean and 20 modes: no
single person's outline can be read from it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from napari_tbcad.chest.lungs.fields import LEFT, RIGHT
from napari_tbcad.chest.shape_model import ShapeModelParameters, fit_shape_model, outline_points, rasterise

OUT = Path(__file__).resolve().parents[1] / "src/napari_tbcad/weights/shape_model.safetensors"
FRAME, GRID, N_POINTS = 1024, 512, 50
SOURCES = (
    "Outlines by Gaggion 2022 (research use) of films of the Shenzhen and Montgomery sets (National Library "
    "of Medicine, with Shenzhen No. 3 People's Hospital and Montgomery County; Jaeger 2014, Candemir 2014; "
    "masks Stirenko 2018, CC BY-NC-SA 4.0) and of the JSRT database (Shiraishi 2000; van Ginneken 2006). "
    "Research use."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../shared/data/chest/lung_outlines"))
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    shapes = []
    with np.load(arguments.folder / "outlines_1024.npz", allow_pickle=False) as given:
        for name in sorted({key.split("/")[0] for key in given}):
            lungs = {RIGHT: given[f"{name}/RL"], LEFT: given[f"{name}/LL"]}
            polygons = {side: (points + 0.5) * (GRID / FRAME) - 0.5 for side, points in lungs.items()}
            shapes.append(outline_points(rasterise(polygons, (GRID, GRID)), n_points=N_POINTS))
    model = fit_shape_model(np.stack(shapes), ShapeModelParameters(n_points=N_POINTS), sources=SOURCES)
    model.save(arguments.out)
    share = 100 * model.variances.sum() / model.total_variance
    modes = f"{len(model.modes)} modes hold {share:.1f} % of the variance"
    print(f"{arguments.out}: {model.n_shapes} shapes, {modes}")


if __name__ == "__main__":
    main()
