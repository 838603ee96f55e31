"""The chest panel, driven as a person would: films as layers, buttons, brush, undo."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from napari_tbcad.chain import State
from napari_tbcad.chest.workflow import analyse
from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.chest import showing
from napari_tbcad.widgets.chest.layers import ADDED, TAKEN

pytestmark = pytest.mark.gui


def masks_of(viewer):
    """Return the mask layers by kind, as a person tells them apart: by the end of their name."""
    labels = [
        layer
        for layer in viewer.layers
        if type(layer.data).__name__ == "ndarray" and "sensitive" in layer.name
    ]
    return {layer.name.rsplit(" ", 1)[1]: layer for layer in labels}


def run(widget, finished):
    widget.run_bar.run_button.click()
    finished(widget)


def erase(layer, rows):
    """Take a band of a mask away as one brush stroke would."""
    where = np.nonzero(np.asarray(layer.data)[rows])
    layer.data_setitem((where[0] + rows.start, where[1]), 0)


def test_a_run_shows_masks_and_the_numbers_of_the_workflow(
    panel, finished, phantom_pixels, quick_settings, tiny_model
):
    from napari_tbcad.imaging.radiograph import Radiograph

    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film", scale=(0.5, 0.5), units=("mm", "mm"))
    run(widget, finished)

    film = Radiograph(phantom_pixels, spacing_mm=(0.5, 0.5), source="film")
    expected = analyse(film, settings=quick_settings, model=tiny_model)
    masks = masks_of(viewer)
    assert set(masks) == {"sensitive", "insensitive"}
    np.testing.assert_array_equal(masks["sensitive"].data, expected.sensitive.labels)
    np.testing.assert_array_equal(masks["insensitive"].data, expected.insensitive.labels)
    np.testing.assert_allclose(masks["sensitive"].scale, (0.5, 0.5))
    assert [str(unit) for unit in masks["sensitive"].units] == ["millimeter", "millimeter"]
    np.testing.assert_array_equal(widget.session.value("features").values, expected.features.values)
    shown = widget.features.values()
    assert shown == {n: f"{v:.5g}" for n, v in expected.features.as_dict().items()}
    assert widget.session.value("result").probability == expected.result.probability
    assert widget.result.bar.probability == expected.result.probability
    assert {widget.session.state(step) for step in ("enhance", "lungs", "features", "result")} == {State.DONE}
    assert not widget.result.banner.isHidden()


def test_painting_moves_the_answer_and_undo_brings_it_back(panel, finished, phantom_pixels):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    run(widget, finished)
    before = widget.session.value("features").values.copy()
    automatic = widget.session.value("insensitive", automatic=True).labels.copy()
    layer = masks_of(viewer)["insensitive"]

    erase(layer, slice(100, 140))
    finished(widget)
    edited = widget.session.value("features").values.copy()
    assert widget.session.value("insensitive").origin == "person"
    assert not np.array_equal(edited, before)
    assert "insensitive" in widget.correct.facts.text()
    np.testing.assert_array_equal(widget.session.value("insensitive", automatic=True).labels, automatic)
    assert widget.session.value("sensitive").origin == "automatic"
    assert widget.result.bar.ghost is not None

    layer.undo()
    finished(widget)
    np.testing.assert_array_equal(widget.session.value("features").values, before)
    assert widget.session.value("insensitive").origin == "automatic"

    layer.redo()
    finished(widget)
    np.testing.assert_array_equal(widget.session.value("features").values, edited)

    widget.correct.back_button.click()
    finished(widget)
    np.testing.assert_array_equal(layer.data, automatic)
    np.testing.assert_array_equal(widget.session.value("features").values, before)
    layer.undo()
    finished(widget)
    np.testing.assert_array_equal(widget.session.value("features").values, edited)


def test_the_correct_step_says_what_the_mask_is_for_and_every_colour_means(panel, phantom_pixels, qtbot):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    assert "texture" in widget.correct.use.text()
    widget.correct.kinds["sensitive"].click()
    qtbot.waitUntil(lambda: "shape" in widget.correct.use.text())
    for word in (ADDED, TAKEN, "green: added", "yellow: taken away", "white: other side"):
        assert word in widget.correct.legend.text()


def test_an_edit_is_out_of_date_until_it_is_answered(panel, finished, phantom_pixels):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    run(widget, finished)
    widget.session.configure(
        "enhance", widget.session.run.settings.enhance.model_copy(update={"clip_limit": 5.0})
    )
    assert widget.session.state("enhance") is State.STALE
    assert widget.session.state("features") is State.STALE
    assert widget.session.state("lungs") is State.DONE
    finished(widget)
    assert widget.result.sentence.text().startswith("Out of date")
    assert not widget.result.bar.isEnabled()
    run(widget, finished)
    assert widget.session.state("result") is State.DONE
    assert widget.result.bar.isEnabled()


def test_labels_beyond_two_and_an_empty_mask_are_explained(panel, finished, phantom_pixels):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    run(widget, finished)
    widget.correct.kinds["sensitive"].click()
    layer = masks_of(viewer)["sensitive"]
    before = widget.session.value("features").values.copy()

    layer.data_setitem((np.array([5]), np.array([5])), 3)
    finished(widget)
    assert "labels are 0, 1 (right) and 2 (left), not 3" in widget.warnings.text()
    assert widget.result.sentence.text().startswith("Out of date")
    layer.undo()
    finished(widget)
    assert "not 3" not in widget.warnings.text()
    np.testing.assert_array_equal(widget.session.value("features").values, before)

    layer.data = np.zeros_like(layer.data)
    finished(widget)
    assert "no lung" in widget.warnings.text()


def test_one_erased_lung_is_an_error_that_names_it(panel, finished, phantom_pixels):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    run(widget, finished)
    widget.correct.kinds["sensitive"].click()
    layer = masks_of(viewer)["sensitive"]
    left = np.nonzero(np.asarray(layer.data) == 2)
    layer.data_setitem(left, 0)
    finished(widget)
    assert widget.session.state("features") is State.FAILED
    assert "left lung is missing" in widget.features.message
    assert "film" in widget.features.message
    layer.undo()
    finished(widget)
    assert widget.session.state("features") is State.DONE
    assert widget.features.message == ""


def test_layers_are_known_by_object_not_by_name(panel, finished, phantom_pixels):
    viewer, widget = panel()
    film = viewer.add_image(phantom_pixels, name="film")
    run(widget, finished)
    layer = masks_of(viewer)["insensitive"]
    film.name, layer.name = "Ibu A", "my mask"
    assert widget.picker.currentText() == "Ibu A"
    before = widget.session.value("features").values.copy()
    erase(layer, slice(100, 140))
    finished(widget)
    assert not np.array_equal(widget.session.value("features").values, before)

    edited = np.array(layer.data)
    viewer.layers.remove(layer)
    run(widget, finished)
    back = masks_of(viewer)["insensitive"]
    np.testing.assert_array_equal(back.data, edited)

    viewer.layers.remove(film)
    assert widget.session is None
    assert not widget.empty.isHidden()
    assert not widget.run_bar.run_button.isEnabled()


@pytest.mark.parametrize(
    ("shape", "rgb", "said"),
    [
        ((3, 40, 40), False, "3 dimensions"),
        ((4, 40, 40, 3), True, "3 dimensions"),
    ],
)
def test_what_is_no_film_is_refused_in_words(panel, finished, shape, rgb, said):
    viewer, widget = panel()
    viewer.add_image(np.zeros(shape, np.uint8), rgb=rgb, name="stack")
    finished(widget)
    assert said in widget.header.facts.text()
    assert "stack" in widget.header.facts.text()
    assert not widget.run_bar.run_button.isEnabled()


def test_a_colour_film_is_measured_like_its_grey(panel, finished, phantom_pixels):
    viewer, widget = panel()
    grey = phantom_pixels.astype(np.uint8)
    viewer.add_image(grey, name="grey")
    run(widget, finished)
    expected = widget.session.value("features").values.copy()
    viewer.add_image(np.repeat(grey[..., None], 3, axis=2), rgb=True, name="colour")
    assert widget.picker.currentText() == "colour"
    run(widget, finished)
    np.testing.assert_array_equal(widget.session.value("features").values, expected)


def test_two_films_and_two_viewers_keep_apart(panel, finished, phantom_pixels):
    viewer, widget = panel()
    other, second = panel()
    viewer.add_image(phantom_pixels, name="film")
    other.add_image(phantom_pixels[:, ::-1] * 0.5 + 20, name="film")
    widget.run_bar.run_button.click()
    second.run_bar.run_button.click()
    finished(widget)
    finished(second)
    assert len(viewer.layers) == len(other.layers) == 3
    assert not np.array_equal(
        widget.session.value("features").values, second.session.value("features").values
    )

    first_values = widget.session.value("features").values.copy()
    viewer.add_image(phantom_pixels[::-1] * 1.0, name="upside down")
    assert widget.session.value("features") is None
    widget.picker.choose(next(layer for layer in widget.picker.films() if layer.name == "film"))
    np.testing.assert_array_equal(widget.session.value("features").values, first_values)


def slow_otsu(monkeypatch, steps=200, raises=None):
    """Make the otsu segmenter slow (it polls `cancelled`), or broken."""
    import time

    from napari_tbcad.chest.lungs import otsu as module
    from napari_tbcad.errors import Cancelled

    quick = module.otsu

    def slow(film, parameters, *, progress=None, cancelled=None):
        if raises is not None:
            raise raises
        for number in range(steps):
            if cancelled():
                raise Cancelled("otsu")
            progress(number / steps, "thinking")
            time.sleep(0.01)
        return quick(film, parameters)

    monkeypatch.setattr(module, "otsu", slow)


def test_cancel_stops_and_a_new_run_finishes(panel, finished, phantom_pixels, monkeypatch, qtbot):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    with monkeypatch.context() as patch:
        slow_otsu(patch, steps=20_000)
        widget.run_bar.run_button.click()
        qtbot.waitUntil(lambda: widget.masks.dot.state is State.RUNNING, timeout=30_000)
        qtbot.waitUntil(lambda: widget.run_bar.progress.value() > 0, timeout=30_000)
        assert not widget.run_bar.run_button.isEnabled()
        widget.run_bar.cancel_button.click()
        finished(widget)
    assert widget.session.state("lungs") is State.NOT_RUN
    assert widget.run_bar.run_button.isEnabled()
    assert len(viewer.layers) == 1
    run(widget, finished)
    assert widget.session.state("result") is State.DONE


def test_an_error_is_shown_where_it_happened(panel, finished, phantom_pixels, monkeypatch):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    slow_otsu(monkeypatch, raises=BadInput("film", "no lungs in it"))
    run(widget, finished)
    assert widget.session.state("lungs") is State.FAILED
    assert widget.masks.message == "film: no lungs in it"
    assert widget.masks.dot.state is State.FAILED
    assert widget.run_bar.run_button.isEnabled()


def test_an_unexpected_error_is_shown_too(panel, finished, phantom_pixels, monkeypatch):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    slow_otsu(monkeypatch, raises=RuntimeError("the segmenter broke"))
    run(widget, finished)
    assert "the segmenter broke" in widget.masks.message
    assert "film" in widget.masks.message


def test_film_removed_while_it_is_worked_on(panel, finished, phantom_pixels, monkeypatch, qtbot):
    viewer, widget = panel()
    film = viewer.add_image(phantom_pixels, name="film")
    slow_otsu(monkeypatch, steps=20_000)
    widget.run_bar.run_button.click()
    qtbot.waitUntil(lambda: widget.masks.dot.state is State.RUNNING, timeout=30_000)
    session = widget.session
    viewer.layers.remove(film)
    qtbot.waitUntil(lambda: session.job is None, timeout=30_000)
    assert len(viewer.layers) == 0
    assert widget.session is None


def test_film_replaced_while_it_is_worked_on_gives_the_new_films_answer(
    panel, finished, phantom_pixels, monkeypatch, qtbot, quick_settings
):
    from napari_tbcad.imaging.radiograph import Radiograph

    viewer, widget = panel()
    film = viewer.add_image(phantom_pixels, name="film")
    other = phantom_pixels**0.9
    slow_otsu(monkeypatch, steps=30)
    widget.run_bar.run_button.click()
    qtbot.waitUntil(lambda: widget.masks.dot.state is State.RUNNING, timeout=30_000)
    film.data = other
    finished(widget)
    monkeypatch.undo()
    expected = analyse(Radiograph(other, source="film"), settings=quick_settings).features.values
    np.testing.assert_array_equal(widget.session.value("features").values, expected)


def test_viewer_closed_while_work_is_under_way(panel, phantom_pixels, monkeypatch, qtbot):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    slow_otsu(monkeypatch, steps=20_000)
    widget.run_bar.run_button.click()
    qtbot.waitUntil(lambda: widget.masks.dot.state is State.RUNNING, timeout=30_000)
    session, job = widget.session, widget.session.job
    viewer.close()
    qtbot.waitUntil(job.stop.is_set, timeout=30_000)
    qtbot.waitUntil(lambda: session.job is None, timeout=30_000)


def test_without_a_model_masks_and_features_still_work(panel, finished, phantom_pixels):
    viewer, widget = panel(model=None)
    viewer.add_image(phantom_pixels, name="film")
    run(widget, finished)
    assert widget.session.state("features") is State.DONE
    assert widget.session.state("result") is State.NOT_RUN
    assert "No model" in widget.result.card.text()
    assert widget.result.bar.isHidden()


def test_polarity_can_be_turned(panel, finished, phantom_pixels):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    run(widget, finished)
    before = widget.session.value("features").values.copy()
    widget.enhance.flip_button.click()
    finished(widget)
    assert "turned round by you" in widget.enhance.polarity.text()
    assert widget.session.state("features") is State.STALE
    widget.enhance.flip_button.click()
    run(widget, finished)
    np.testing.assert_array_equal(widget.session.value("features").values, before)


def test_enhanced_preview_lies_over_the_film(panel, finished, phantom_pixels):
    viewer, widget = panel()
    big = np.kron(phantom_pixels, np.ones((2, 2), np.float32))
    viewer.add_image(big, name="film", scale=(0.25, 0.25))
    run(widget, finished)
    widget.enhance.preview.setChecked(True)
    preview = next(layer for layer in viewer.layers if layer.name == "film enhanced")
    assert preview.data.shape == (256, 256)
    film = next(layer for layer in viewer.layers if layer.name == "film")
    np.testing.assert_allclose(preview.extent.world, film.extent.world, atol=0.26)
    assert widget.picker.currentText() == "film"
    film.scale, film.translate, film.rotate, film.shear = (0.4, 0.5), (1, 2), 30, [0.1]
    film.affine = [[1, 0, 3], [0, 2, 1], [0, 0, 1]]
    film.units = ("mm", "mm")
    for _ in range(2):
        assert preview in viewer.layers
        assert preview.units == film.units
        for place in ((-0.5, -0.5), (255.5, -0.5), (99.5, 255.5)):
            there = 2 * (np.array(place) + 0.5) - 0.5
            np.testing.assert_allclose(preview.data_to_world(place), film.data_to_world(there))
        widget.enhance.preview.setChecked(False)
        widget.enhance.preview.setChecked(True)
        preview = next(layer for layer in viewer.layers if layer.name == "film enhanced")
    widget.enhance.preview.setChecked(False)
    assert "film enhanced" not in [layer.name for layer in viewer.layers]


def test_sample_button_opens_a_phantom(panel, finished, qtbot):
    viewer, widget = panel()
    button = next(
        b for b in widget.empty.findChildren(type(widget.header.open_button)) if b.text() == "DICOM sample"
    )
    button.click()
    qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=60_000)
    assert widget.picker.currentText() == "phantom normal cr"
    finished(widget)
    assert "mm" in widget.header.facts.text()


def test_a_file_that_is_no_film_is_refused_in_words(panel, tmp_path, qtbot):
    viewer, widget = panel()
    path = tmp_path / "notes.png"
    path.write_text("not an image")
    widget.open_film(path)
    qtbot.waitUntil(lambda: "notes.png" in widget.header.facts.text(), timeout=30_000)
    assert len(viewer.layers) == 0


def test_nothing_keeps_a_closed_film_alive(panel, finished, phantom_pixels):
    viewer, widget = panel()
    film = viewer.add_image(phantom_pixels, name="film")
    run(widget, finished)
    session = weakref.ref(widget.session)
    viewer.layers.remove(film)
    gc.collect()
    assert session() is None


def test_nothing_is_cut_off_at_the_narrowest(panel, finished, phantom_pixels, qtbot):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="a film with quite a long name that somebody gave it 0001")
    run(widget, finished)
    widget.result.model_button.setChecked(True)
    for step in widget.steps:
        step.set_open(True)
    qtbot.wait(50)
    viewport = widget.scroll_area.viewport()
    room = viewport.width() - (widget.width() - widget.minimumWidth())
    wanted = {step.title: step.minimumSizeHint().width() for step in widget.steps}
    assert max(wanted.values()) <= room, wanted
    assert widget.minimumSizeHint().height() < 400


def test_another_film_in_the_same_layer_does_not_keep_the_corrections(panel, finished, phantom_pixels):
    viewer, widget = panel()
    film = viewer.add_image(phantom_pixels, name="film")
    run(widget, finished)
    erase(widget.session.layers.layer("insensitive"), slice(100, 140))
    finished(widget)
    film.data = phantom_pixels**0.9  # the same film, another grey scale
    run(widget, finished)
    assert widget.session.value("insensitive").origin == "person"

    film.data = np.ascontiguousarray(np.roll(phantom_pixels[:, ::-1], 25, axis=0))
    finished(widget)
    assert widget.session.value("insensitive").origin == "automatic"
    run(widget, finished)
    assert widget.session.value("insensitive").origin == "automatic"
    assert widget.session.state("result") is State.DONE

    film.data = phantom_pixels[:-20]
    run(widget, finished)
    assert widget.session.state("result") is State.DONE
    assert widget.session.layers.layer("insensitive").data.shape == film.data.shape


def test_corrections_outlast_a_moment_in_which_the_layer_is_no_film(panel, finished, phantom_pixels):
    viewer, widget = panel()
    film = viewer.add_image(phantom_pixels.copy(), name="film")
    run(widget, finished)
    erase(widget.session.layers.layer("insensitive"), slice(100, 140))
    finished(widget)
    edited = widget.session.value("insensitive").labels.copy()
    broken = phantom_pixels.copy()
    broken[3, 3] = np.nan
    film.data = broken
    finished(widget)
    assert "NaN" in widget.header.facts.text()
    assert not widget.run_bar.run_button.isEnabled()
    film.data = phantom_pixels
    run(widget, finished)
    np.testing.assert_array_equal(widget.session.value("insensitive").labels, edited)
    assert widget.session.value("insensitive").origin == "person"


def test_masks_go_with_their_film_but_not_a_corrected_one(panel, finished, phantom_pixels, qtbot):
    viewer, widget = panel()
    film = viewer.add_image(phantom_pixels, name="film")
    run(widget, finished)
    widget.correct.outlines["automatic"].setChecked(True)
    erase(widget.session.layers.layer("insensitive"), slice(100, 140))
    finished(widget)
    viewer.layers.remove(film)
    qtbot.wait(50)
    assert [layer.name for layer in viewer.layers] == ["film insensitive"]


def test_film_and_masks_can_be_removed_in_one_go(panel, finished, phantom_pixels, qtbot):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    run(widget, finished)
    viewer.layers.select_all()
    viewer.layers.remove_selected()
    qtbot.wait(50)
    assert len(viewer.layers) == 0
    assert widget.session is None


def test_a_closed_panel_no_longer_follows_the_viewer(panel, finished, phantom_pixels, qtbot):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    viewer.window.remove_dock_widget(widget)
    viewer.add_image(phantom_pixels, name="second").name = "renamed"
    assert widget.picker.count() == 1
    viewer.window.add_dock_widget(widget, name="Chest X-ray")
    assert widget.picker.count() == 2

    # Dead to Qt but alive in Python: touching it raises "wrapped C/C++ object has been deleted".
    viewer.window.remove_dock_widget(widget)
    with qtbot.waitSignal(widget.destroyed):
        widget.deleteLater()
    viewer.layers[0].name = "after"
    viewer.add_image(phantom_pixels, name="third")
    viewer.layers.clear()


@pytest.mark.parametrize("pixels", [np.full((64, 64), 7.0), np.arange(80.0).reshape(8, 10)])
def test_a_film_on_which_nothing_can_be_measured_is_refused_in_words(panel, finished, pixels):
    viewer, widget = panel()
    viewer.add_image(pixels, name="odd")
    run(widget, finished)
    assert widget.session.state("enhance") is State.FAILED
    assert "odd" in widget.enhance.message
    assert all("Error" not in said for said in widget.session.warnings())
    assert widget.run_bar.run_button.isEnabled()


def test_a_refresh_looks_at_no_pixels(panel, finished, phantom_pixels, monkeypatch):
    from napari_tbcad.chest import account, workflow

    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    run(widget, finished)
    erase(widget.session.layers.layer("insensitive"), slice(100, 140))
    finished(widget)
    assert widget.session.edits.facts(widget.session.run, "insensitive") is not None

    def forbidden(*_):
        raise AssertionError("a refresh computed")

    for module, name in ((workflow, "gather_warnings"), (workflow, "mask_dice"), (account, "check_masks")):
        monkeypatch.setattr(module, name, forbidden)
    said = widget.correct.facts.text()
    widget.refresh()
    assert widget.correct.facts.text() == said
    assert "px changed" in said


def test_a_film_that_goes_before_its_masks_were_shown_leaves_none(panel, phantom_pixels, monkeypatch, qtbot):
    monkeypatch.setattr(showing, "_PAINT_MS", 200)
    viewer, widget = panel()
    film = viewer.add_image(phantom_pixels, name="film")
    qtbot.waitUntil(lambda: widget.session is not None and widget.session.run is not None, timeout=30_000)
    session = widget.session
    widget.run_all()
    qtbot.waitUntil(lambda: session.masks.waiting, timeout=30_000)
    viewer.layers.remove(film)
    qtbot.wait(500)
    assert list(viewer.layers) == []


def test_a_film_is_closed_without_a_search_for_garbage_a_layer(panel, finished, phantom_pixels):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    finished(widget)
    widget.run_all()
    finished(widget)
    assert len(viewer.layers) > 2
    gc.collect()
    whole = []

    def count(phase, info):
        if phase == "start" and info["generation"] == 2 and not gc.get_freeze_count():
            whole.append(1)

    gc.callbacks.append(count)
    try:
        widget.bench.close_film()
    finally:
        gc.callbacks.remove(count)
    assert list(viewer.layers) == []
    assert whole == []
