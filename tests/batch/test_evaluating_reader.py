"""Which of a reader's masks is of which film."""

from __future__ import annotations

from napari_tbcad.batch.evaluating.found import Found, FoundFilm, LeftOut
from napari_tbcad.batch.evaluating.reader import ReaderFolder
from napari_tbcad.io.datasets import DataRow


def found_films(folder, *names, left_out=()):
    films = [FoundFilm(DataRow(folder / name, 1), name, "both", name, "s") for name in names]
    return Found((), tuple(films), tuple(LeftOut(name, "no label", "label") for name in left_out))


def test_films_of_one_name_have_their_own_masks_or_none(tmp_path):
    masks = tmp_path / "masks"
    (masks / "b").mkdir(parents=True)
    for name in ("1.png", "a__1.png", "b/1_sensitive.png", "2.png", "3_insensitive.png"):
        (masks / name).write_bytes(name.encode())
    found = found_films(tmp_path, "a/1.png", "b/1.png", "c/1.png", "c/2.png", "3.jpg", left_out=["d/2.png"])
    reader = ReaderFolder(masks, found)
    given = [reader.masks(film) for film in found.films]
    assert given[0].sensitive == given[0].insensitive == masks / "a__1.png"
    assert (given[1].sensitive, given[1].insensitive) == (masks / "b" / "1_sensitive.png", None)
    assert given[2] is None, "1.png may be of any of the three"
    assert given[3] is None, "2.png may be of the film that was left out"
    assert (given[4].sensitive, given[4].insensitive) == (None, masks / "3_insensitive.png")
    assert given[0].content != given[1].content
    alone = found_films(tmp_path, "a/1.png")
    assert ReaderFolder(masks, alone).masks(alone.films[0]).sensitive == masks / "a__1.png"
    (masks / "a__1.png").unlink()
    assert ReaderFolder(masks, alone).masks(alone.films[0]).sensitive == masks / "1.png"
    assert ReaderFolder(None, alone).masks(alone.films[0]) is None
