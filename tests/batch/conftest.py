"""A made folder in the layout of BS-80K, as small as its parts allow; films and measurements made up."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import imageio.v3 as iio
import numpy as np
import pytest
from numpy.typing import NDArray

from napari_tbcad.batch.evaluating.film import FilmTask, FilmValues
from napari_tbcad.batch.evaluating.plans import Plan
from napari_tbcad.chest.feature_sets import feature_names
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


def write_films(folder: Path, number: int, *, names: str = "{:02d}.png", extra: str = "") -> Path:
    """Write films that differ by a few pixels, every other one with tuberculosis, and their table."""
    folder.mkdir(parents=True, exist_ok=True)
    head = "path,label,patient,age,sex" + (f",{extra}" if extra else "")
    lines = [head]
    for index in range(number):
        name = names.format(index)
        pixels = np.full((8, 8), 60 + index % 2, dtype=np.uint8)
        pixels[0, :3] = index // 200, index % 200, zlib.crc32(str(folder).encode()) % 256
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        iio.imwrite(folder / name, pixels)
        row = f"{name},{index % 2},p{index},{30 + index % 40},{'MF'[index // 2 % 2]}"
        lines.append(row + (",1" if extra else ""))
    table = folder / "films.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


class MadeJob:
    """Stands for :class:`~napari_tbcad.batch.evaluating.film.FilmJob`; numbers know the label a little."""

    asked: ClassVar[list[str]] = []
    """Films that were measured, as often as they were."""

    def __init__(self, atlas: str | None = None) -> None:
        self.atlas = atlas

    def __call__(self, task: FilmTask) -> list[FilmValues]:
        """Return numbers made from the film's content, and an error for a film called ``broken``."""
        type(self).asked.append(task.path.name)
        return [self.values(task, plan) for plan in task.plans]

    def values(self, task: FilmTask, plan: Plan) -> FilmValues:
        """Return the numbers of one plan."""
        key = (task.key(plan), plan.settings, plan.feature_set)
        if "broken" in task.path.name:
            return FilmValues(*key, error=f"{task.path.name}: no lungs")
        pixels = iio.imread(task.path)
        sick = int(pixels[5, 5]) - 60
        inside, grey = {}, {}
        for name in feature_names(plan.feature_set):
            seed = zlib.crc32(f"{pixels.tobytes().hex()}{name}{plan.definition}".encode())
            value = float(np.random.default_rng(seed).normal())
            inside[name] = value + (0.6 * sick if name.startswith(("glcm", "h_")) else 0)
            if name.startswith(("glcm", "firstorder")):
                grey[name] = value
        elsewhere = {} if plan.masks == "reference" else {"outside_lungs": grey, "image_border": grey}
        dice = 0.9 if plan.masks == "reference" else None
        mark = f"{zlib.crc32(pixels.tobytes())}"
        return FilmValues(*key, inside, elsewhere, (0.5,) * 64, mark, dice, doubt=0.1)


@pytest.fixture
def made_films() -> Callable[..., Path]:
    """Return :func:`write_films`."""
    return write_films


@pytest.fixture
def made_job(monkeypatch: pytest.MonkeyPatch) -> type[MadeJob]:
    """Let evaluations measure by :class:`MadeJob`, which takes no time."""
    from napari_tbcad.batch.evaluating import measured

    MadeJob.asked.clear()
    monkeypatch.setattr(measured, "FilmJob", MadeJob)
    return MadeJob
