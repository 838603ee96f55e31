"""What is said of a film that cannot be measured, and whether it is asked again."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_tbcad.batch.evaluating import film
from napari_tbcad.batch.evaluating.film import FilmJob, FilmTask
from napari_tbcad.batch.evaluating.plans import plans_for
from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.evaluate.variants import Variant
from napari_tbcad.segmenters import Unusable

PRIVATE = Path("/home/ani/Kasus 7/film.png")


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "says", "lasting"),
    [
        (BadInput(PRIVATE, "no lungs"), "film.png: no lungs", True),
        (caused(BadInput(PRIVATE, "cannot be decoded"), RuntimeError("no plugin")), "decoded", False),
        (Unusable(PRIVATE, "its model is missing"), "film.png: its model is missing", False),
        (ModelRefused("net", "is not installed"), "net: is not installed", False),
        (PermissionError(13, "Permission denied", str(PRIVATE)), "film.png: Permission denied", False),
        (MemoryError(), "film.png: not enough memory", False),
        (ValueError(f"{PRIVATE}: 1/2\nof C:\\Users"), "unexpected ValueError: film.png: 1/2 (please", False),
        (KeyError("/opt/ani/net.pt"), "unexpected KeyError: 'net.pt' (please", False),
        (TypeError(), "film.png: unexpected TypeError (please report it)", False),
    ],
)
def test_an_error_is_one_line_without_folders_and_kept_where_it_is_the_film_s(
    monkeypatch, error, says, lasting
):
    def fails(path):
        raise error

    monkeypatch.setattr("napari_tbcad.io.read.read_film", fails)
    plans = tuple(plans_for([Variant("otsu", "listed17", "ibsi", True)], {}))
    (values,) = FilmJob()(FilmTask(PRIVATE, "content", plans))
    assert says in values.error
    assert "ani" not in values.error
    assert "Users" not in values.error
    assert "\n" not in values.error
    assert values.lasting is lasting


def test_opacities_that_a_network_did_not_give_are_no_fault_of_the_film():
    from napari_tbcad.chest.opacities import NoOpacities

    class Asked:
        def compute(self, *names):
            return tuple(NoOpacities("memory is short") for _ in names)

    with pytest.raises(Unusable, match="the feature set needs opacities: memory is short"):
        film._require_opacities(Asked(), FilmTask(PRIVATE, "content", ()))


def test_a_film_that_is_not_explained_is_told_without_folders(monkeypatch):
    from napari_tbcad.batch.evaluating.explained import ExplainJob, ExplainTask
    from napari_tbcad.batch.evaluating.found import FoundFilm
    from napari_tbcad.io.datasets import DataRow

    def fails(path):
        raise FileNotFoundError(2, "No such file or directory", str(path))

    monkeypatch.setattr("napari_tbcad.io.read.read_film", fails)
    task = ExplainTask(FoundFilm(DataRow(PRIVATE, 1), "film.png", "both", "p", "s"), "demonstration", "key")
    assert ExplainJob()(task) == "film.png: No such file or directory"


def test_a_reader_is_not_compared_with_a_segmenter_that_stood_in_for_another(tmp_path):
    import napari_tbcad as tb

    path = tb.sample_path("normal_man")
    missing = {"lungs.network.model": str(tmp_path / "none.safetensors"), "lungs.segmenter": "network"}
    plans = plans_for([Variant("network", "listed17", "ibsi", True)], missing, reference=True)
    measured = FilmJob()(FilmTask(path, "content", tuple(plans)))
    assert [plan.masks for plan in plans] == ["automatic", "reference"]
    for values in measured:
        assert values.error
        assert values.dice is None
        assert not values.lasting
