"""A made folder in the layout of BS-80K, as small as its parts allow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_tbcad.io.voc import LabelledBox, write_voc

SHORT = {"anterior": "ANT", "posterior": "POST"}


class MadeFolder:
    """Writes images, labels and boxes one by one."""

    def __init__(self, folder: Path, shape: tuple[int, int]) -> None:
        self.folder, self.shape = folder, shape

    def pixels(self, number: int, view: str, boxes: list[LabelledBox]) -> NDArray[np.uint8]:
        """A lit body with noise and a hot disk in every box."""
        rows, columns = self.shape
        generator = np.random.default_rng((number, len(view)))
        y, x = np.mgrid[:rows, :columns] / np.array(self.shape)[:, None, None]
        body = ((y - 0.5) / 0.48) ** 2 + ((x - 0.5) / 0.3) ** 2 < 1
        image = body * 20 + (body & (abs(x - 0.5) < 0.08)) * 40 + generator.poisson(3, self.shape)
        for box in boxes:
            r, c = (box.top + box.bottom - 1) / 2, (box.left + box.right - 1) / 2
            i, j = np.ogrid[:rows, :columns]
            disk = ((i - r) / (box.bottom - box.top)) ** 2 + ((j - c) / (box.right - box.left)) ** 2 < 0.09
            image = image + disk * 150
        return image.clip(0, 255).astype(np.uint8)

    def image(
        self,
        number: int,
        view: str,
        boxes: list[tuple[str, int, int, int, int]] | None = None,
        label: int | None = None,
        place: str = "{view}/{short}",
        pixels: NDArray[np.uint8] | None = None,
    ) -> Path:
        """Write an image; its boxes (None: no file), and its line in the text of labels."""
        from PIL import Image

        name = f"wholeBody{SHORT[view]}"
        own = [LabelledBox(*box) for box in boxes or ()]
        path = self.folder / name / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = self.pixels(number, view, own) if pixels is None else pixels
        Image.fromarray(image).save(path, quality=95)
        if boxes is not None:
            where = self.folder / place.format(view=name, short=SHORT[view].lower())
            write_voc(where / f"{number}.xml", own, image.shape, filename=path.name)
        if label is not None:
            with (self.folder / f"{name}.txt").open("a", encoding="utf-8") as file:
                file.write(f"{number}.jpg\t{label}\n")
        return path


@pytest.fixture(scope="session")
def bs80k_made() -> Callable[..., MadeFolder]:
    """Return what begins a folder in the layout of BS-80K; the images have its size unless told otherwise."""

    def begin(folder: Path, shape: tuple[int, int] = (1024, 256)) -> MadeFolder:
        return MadeFolder(folder, shape)

    return begin
