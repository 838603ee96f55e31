"""What goes wrong around the panel: layers in odd states, folders that are gone, work that fails or stops."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from napari.utils.notifications import notification_manager

from napari_tbcad import chain
from napari_tbcad.case import Case
from napari_tbcad.chain import State
from napari_tbcad.chest.workflow import analyse
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.imaging.radiograph import Radiograph

pytestmark = pytest.mark.gui


@pytest.fixture
def told():
    """Return a function that gives all that napari was told to show since the test began."""
    notification_manager.records.clear()
    return lambda: "\n".join(str(record.message) for record in notification_manager.records)


def run(widget, finished):
    widget.run_bar.run_button.click()
    finished(widget)


def mask(widget, kind="insensitive"):
    return widget.session.layers.layer(kind)


def erase(widget, rows=slice(100, 140), kind="insensitive"):
    layer = mask(widget, kind)
    where = np.nonzero(np.asarray(layer.data)[rows])
    layer.data_setitem((where[0] + rows.start, where[1]), 0)


def film_file(folder, pixels, name="chest.png"):
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(folder / name)
    return folder / name


def cases_in(folder):
    """Return the cases in a folder; one that is being written has a hidden name."""
    return [path for path in folder.glob("*.tbcad") if not path.name.startswith(".")]


def assert_answer(widget, pixels, quick_settings, tiny_model, **masks):
    """Hold features and result against an analysis of the pixels."""
    done = analyse(Radiograph(pixels, source="film"), settings=quick_settings, model=tiny_model, masks=masks)
    np.testing.assert_array_equal(widget.session.value("features").values, done.features.values)
    assert widget.session.value("result") == done.result
    assert widget.result.bar.probability == done.result.probability


# -- layers -----------------------------------------------------------------------------------------------


def test_order_and_view_of_the_layers_mean_nothing(
    panel, finished, phantom_pixels, quick_settings, tiny_model
):
    viewer, widget = panel()
    pixels = np.ascontiguousarray(phantom_pixels[:, 6:])  # not square
    viewer.add_image(pixels, name="film")
    viewer.dims.order = (1, 0)
    run(widget, finished)
    viewer.layers.move(len(viewer.layers) - 1, 0)
    viewer.layers.reverse()
    erase(widget)
    finished(widget)
    edited = np.array(mask(widget).data)
    assert edited.shape == pixels.shape
    assert_answer(widget, pixels, quick_settings, tiny_model, insensitive=edited)


def test_a_mask_of_another_shape_is_refused_and_the_one_before_comes_back(
    panel, finished, phantom_pixels, quick_settings, tiny_model
):
    viewer, widget = panel()
    pixels = np.ascontiguousarray(phantom_pixels[:, 6:])
    viewer.add_image(pixels, name="film")
    run(widget, finished)
    erase(widget)
    finished(widget)
    edited = np.array(mask(widget).data)
    mask(widget).data = edited.T.copy()
    finished(widget)
    said = widget.warnings.text()
    assert "insensitive" in said
    assert "(250, 256)" in said, said
    assert "film" in said
    assert not widget.result.bar.isEnabled()

    mask(widget).data = edited
    finished(widget)
    assert "250" not in widget.warnings.text()
    assert_answer(widget, pixels, quick_settings, tiny_model, insensitive=edited)


def test_films_of_different_size_keep_their_own_masks(
    panel, finished, phantom_pixels, quick_settings, tiny_model
):
    viewer, widget = panel()
    small = np.ascontiguousarray(phantom_pixels[:-30])
    films = [viewer.add_image(pixels, name="film") for pixels in (phantom_pixels, small)]
    edited = {}
    for film in films:
        widget.picker.choose(film)
        run(widget, finished)
        erase(widget)
        finished(widget)
        edited[film.data.shape] = np.array(mask(widget).data)
    for film in films:
        widget.picker.choose(film)
        shape = film.data.shape
        assert mask(widget).data.shape == shape
        assert_answer(widget, np.asarray(film.data), quick_settings, tiny_model, insensitive=edited[shape])


def test_a_layer_in_two_windows_has_masks_and_answers_of_each(panel, finished, phantom_pixels, tmp_path):
    viewer, widget = panel()
    other, second = panel()
    film = viewer.add_image(phantom_pixels, name="film")
    other.layers.append(film)
    for one in (widget, second):
        run(one, finished)
    before = second.session.value("features").values.copy()
    erase(widget)
    finished(widget)
    finished(second)
    assert not np.array_equal(widget.session.value("features").values, before)
    np.testing.assert_array_equal(second.session.value("features").values, before)
    assert second.session.value("insensitive").origin == "automatic"

    other.layers.remove(film)
    finished(second)
    assert second.session is None
    erase(widget, slice(150, 160))
    finished(widget)
    assert len(widget.session.run.journal) == 2
    assert widget.session.state("result") is State.DONE


def test_two_windows_on_one_file_do_not_overwrite_each_others_corrections(
    panel, finished, phantom_pixels, tmp_path, kept_aside, qtbot
):
    path = film_file(tmp_path / "films", phantom_pixels)
    widgets = [panel()[1], panel()[1]]
    for number, widget in enumerate(widgets):
        widget.open_film(path)
        qtbot.waitUntil(lambda widget=widget: widget.session is not None, timeout=30_000)
        finished(widget)
        run(widget, finished)
        erase(widget, slice(100 + 40 * number, 120 + 40 * number))
        finished(widget)
    edited = [np.array(mask(widget).data) for widget in widgets]
    for widget in widgets:
        widget.bench.close_film()
    qtbot.waitUntil(lambda: len(cases_in(kept_aside)) == 2, timeout=30_000)
    kept = [Case.load(case).last.labels["insensitive"] for case in cases_in(kept_aside)]
    for one in edited:
        assert any(np.array_equal(one, labels) for labels in kept)


def test_no_edit_is_lost_however_it_comes(panel, finished, phantom_pixels, quick_settings, tiny_model):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    viewer.window.show()  # napari tells of edits otherwise in a window in sight
    run(widget, finished)
    layer = mask(widget)
    for edit in (
        lambda: layer.paint((128, 128), 2),
        lambda: [layer.paint((128, 100 + 9 * k), 1) for k in range(4)],
        lambda: layer.fill((5, 5), 0) or layer.fill((128, 128), 1),
        lambda: erase(widget, slice(60, 70)),
        layer.undo,
        lambda: setattr(layer, "data", np.roll(np.asarray(layer.data), 2, axis=0)),
    ):
        edit()
        finished(widget)
        assert_answer(widget, phantom_pixels, quick_settings, tiny_model, insensitive=np.array(layer.data))


# -- work that stops or fails -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "step"),
    [
        ("enhance", "enhance"),
        ("lungs", "masks"),
        ("features", "features"),
        ("classify", "result"),
    ],
)
def test_cancel_and_failure_of_each_stage(
    panel, finished, phantom_pixels, monkeypatch, qtbot, stage, step, quick_settings, tiny_model
):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    finished(widget)
    reached, call = threading.Event(), chain.Stage.call

    def slow(self, *args, cancelled, **more):
        while self.name == stage:
            reached.set()
            time.sleep(0.005)
            if cancelled():
                raise Cancelled(stage)
        return call(self, *args, cancelled=cancelled, **more)

    def broken(self, *args, **more):
        if self.name == stage:
            raise RuntimeError("this stage broke")
        return call(self, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(chain.Stage, "call", slow)
        widget.run_bar.run_button.click()
        qtbot.waitUntil(reached.is_set, timeout=30_000)
        widget.run_bar.cancel_button.click()
        finished(widget)
    row = getattr(widget, step)
    assert row.dot.state is State.NOT_RUN
    assert row.message == ""
    with monkeypatch.context() as patch:
        patch.setattr(chain.Stage, "call", broken)
        run(widget, finished)
    assert row.dot.state is State.FAILED
    assert "film" in row.message
    assert "this stage broke" in row.message
    # What a person painted before the failure is there after it.
    edited = {}
    if mask(widget) is not None:
        erase(widget)
        finished(widget)
        edited["insensitive"] = np.array(mask(widget).data)
    run(widget, finished)
    assert row.message == ""
    assert_answer(widget, phantom_pixels, quick_settings, tiny_model, **edited)


def test_saving_in_the_middle_of_a_run_makes_no_correction_of_the_old_masks(
    panel, finished, phantom_pixels, monkeypatch, qtbot, tmp_path
):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    run(widget, finished)
    before = np.array(mask(widget, "sensitive").data)
    session, call = widget.session, chain.Stage.call
    reached, go_on = threading.Event(), threading.Event()

    def slow(self, *args, **more):
        if self.name == "lungs":
            reached.set()
            go_on.wait(10)
        return call(self, *args, **more)

    otsu = session.run.settings.lungs.otsu
    otsu = otsu.model_copy(update={"closing": otsu.closing * 3, "growth": otsu.growth * 2})
    session.configure("lungs", session.run.settings.lungs.model_copy(update={"otsu": otsu}))
    with monkeypatch.context() as patch:
        patch.setattr(chain.Stage, "call", slow)
        widget.run_bar.run_button.click()
        qtbot.waitUntil(reached.is_set, timeout=30_000)
        widget.exporter.save_to(tmp_path / "case.tbcad")
        go_on.set()
        finished(widget)
    assert not np.array_equal(mask(widget, "sensitive").data, before), "the setting moved nothing"
    assert session.run.journal == ()
    for kind in ("sensitive", "insensitive"):
        assert not session.run.edited(kind)
        np.testing.assert_array_equal(mask(widget, kind).data, session.value(kind).labels)
    assert Case.load(tmp_path / "case.tbcad").last.labels == {}


def test_a_model_that_cannot_be_read_leaves_the_one_in_use(
    panel, finished, phantom_pixels, tmp_path, quick_settings, tiny_model
):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    run(widget, finished)
    (tmp_path / "mine.skops").write_bytes(b"no model")
    for name in ("mine.skops", "missing.skops"):
        widget.bench.shelf.load_file(tmp_path / name)
        finished(widget)
        assert name in widget.result.card.text()
        assert not widget.result.card.isHidden()
    assert widget.bench.shelf.model is tiny_model
    assert_answer(widget, phantom_pixels, quick_settings, tiny_model)


# -- files and folders ------------------------------------------------------------------------------------


@pytest.fixture
def opened(panel, finished, phantom_pixels, tmp_path, qtbot):
    """Return a viewer, its panel and a film opened from a file and run."""
    path = film_file(tmp_path / "films", phantom_pixels)
    viewer, widget = panel()
    widget.open_film(path)
    qtbot.waitUntil(lambda: widget.session is not None, timeout=30_000)
    finished(widget)
    run(widget, finished)
    return viewer, widget, path


def test_folders_that_cannot_be_written_are_named_and_nothing_is_lost(
    opened, finished, kept_aside, told, tmp_path, qtbot
):
    _, widget, _ = opened
    kept_aside.write_text("a file where the folder should be")
    erase(widget)
    finished(widget)
    widget.session.desk.flush()
    qtbot.waitUntil(lambda: "Autosave" in told(), timeout=30_000)
    assert f"Autosave in {kept_aside}" in told()
    assert widget.session.desk.unsaved

    blocked = tmp_path / "blocked"
    blocked.write_text("no folder")
    widget.exporter.export_to(blocked)
    qtbot.waitUntil(lambda: "blocked: " in told(), timeout=30_000)
    widget.exporter.shoot(blocked / "shot.png")
    qtbot.waitUntil(lambda: "shot.png" in told(), timeout=30_000)
    assert widget.session.state("result") is State.DONE

    # The same hour's work can still be saved elsewhere.
    widget.exporter.save_to(tmp_path / "elsewhere" / "case.tbcad")
    qtbot.waitUntil((tmp_path / "elsewhere" / "case.tbcad").is_file, timeout=30_000)
    finished(widget)
    saved = Case.load(tmp_path / "elsewhere" / "case.tbcad").last
    np.testing.assert_array_equal(saved.labels["insensitive"], mask(widget).data)


def test_a_film_deleted_while_its_case_is_being_saved(opened, finished, monkeypatch, tmp_path, qtbot):
    viewer, widget, _ = opened
    erase(widget)
    finished(widget)
    edited = np.array(mask(widget).data)
    begun, go_on, save = threading.Event(), threading.Event(), Case.save

    def slow(self, path):
        begun.set()
        go_on.wait(10)
        return save(self, path)

    monkeypatch.setattr(Case, "save", slow)
    widget.exporter.save_to(tmp_path / "case.tbcad")
    qtbot.waitUntil(begun.is_set, timeout=30_000)
    viewer.layers.remove(widget.bench.film)
    assert widget.session is None
    go_on.set()
    qtbot.waitUntil((tmp_path / "case.tbcad").is_file, timeout=30_000)
    np.testing.assert_array_equal(Case.load(tmp_path / "case.tbcad").last.labels["insensitive"], edited)


def test_a_film_deleted_before_its_case_could_be_saved_is_saved_all_the_same(
    opened, finished, tmp_path, qtbot
):
    viewer, widget, _ = opened
    erase(widget)
    finished(widget)
    erase(widget, slice(150, 160))  # not answered yet
    widget.exporter.save_to(tmp_path / "case.tbcad")
    edited = np.array(mask(widget).data)
    viewer.layers.remove(widget.bench.film)
    qtbot.waitUntil((tmp_path / "case.tbcad").is_file, timeout=30_000)
    np.testing.assert_array_equal(Case.load(tmp_path / "case.tbcad").last.labels["insensitive"], edited)


def test_a_case_whose_film_is_gone_is_refused_in_words(opened, finished, tmp_path, qtbot):
    viewer, widget, path = opened
    widget.exporter.save_to(tmp_path / "case.tbcad")
    finished(widget)
    widget.bench.close_film()
    path.unlink()
    widget.open_film(tmp_path / "case.tbcad")
    qtbot.waitUntil(lambda: "chest.png" in widget.header.facts.text(), timeout=30_000)
    assert len(viewer.layers) == 0


def test_a_window_closed_while_a_film_is_being_read(panel, phantom_pixels, tmp_path, monkeypatch, qtbot):
    from napari_tbcad.widgets import reader

    _, widget = panel()
    bench, reached, go_on = widget.bench, threading.Event(), threading.Event()
    read = reader.layers_of

    def slow(path):
        reached.set()
        go_on.wait(10)
        return read(path)

    monkeypatch.setattr(reader, "layers_of", slow)
    viewer = bench.viewer
    with qtbot.capture_exceptions() as problems:
        widget.open_film(film_file(tmp_path, phantom_pixels))
        qtbot.waitUntil(reached.is_set, timeout=30_000)
        viewer.close()
        go_on.set()
        qtbot.wait(300)
    assert problems == []
    assert bench.session is None


def test_a_complaint_about_no_film_goes_with_the_next_one(panel, finished, phantom_pixels, tmp_path, qtbot):
    viewer, widget = panel()
    widget.open_film(Path("gone.png"))
    qtbot.waitUntil(lambda: "gone.png" in widget.header.facts.text(), timeout=30_000)
    viewer.add_image(phantom_pixels, name="film")
    finished(widget)
    assert "256 × 256 px" in widget.header.facts.text()


def test_bad_input_names_its_source():
    assert str(BadInput("film.png", "no lungs in it")) == "film.png: no lungs in it"
