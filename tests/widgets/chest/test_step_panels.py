"""Each step as a dock of its own: the same film and session as the workflow panel, both ways."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from npe2 import PluginManifest
from npe2.manifest.utils import import_python_name
from qtpy.QtWidgets import QAbstractSpinBox

from napari_tbcad.chain import State
from napari_tbcad.widgets.chest import panel as panels
from napari_tbcad.widgets.chest.session import OUTPUTS
from napari_tbcad.widgets.keys import key_of
from napari_tbcad.widgets.parts.form import ParameterForm

pytestmark = pytest.mark.gui

STEPS = {
    "Enhance": "enhance",
    "Masks": "masks",
    "Correct": "correct",
    "Features": "features",
    "Result": "result",
}


def dock(viewer, name):
    """Dock the panel of a step as napari does."""
    widget = getattr(panels, f"{name}Panel")(viewer)
    viewer.window.add_dock_widget(widget, name=name, tabify=True)
    return widget


def close(viewer, widget, qtbot):
    viewer.window.remove_dock_widget(widget)
    with qtbot.waitSignal(widget.destroyed):
        widget.deleteLater()


def erase(layer, rows=slice(100, 140)):
    where = np.nonzero(np.asarray(layer.data)[rows])
    layer.data_setitem((where[0] + rows.start, where[1]), 0)


def forms(step):
    """Return the values of a step's forms."""
    return [form.value for form in step.findChildren(ParameterForm)]


def test_every_dock_of_the_manifest_opens_on_the_film_of_the_panel(panel, finished, phantom_pixels):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    widget.run_all()
    finished(widget)
    manifest = PluginManifest.from_distribution("napari-tbcad").contributions
    commands = {command.id: command.python_name for command in manifest.commands}
    docks = [entry for entry in manifest.widgets if ".chest_" in entry.command]
    assert len(docks) == 7
    for entry in docks:
        opened = import_python_name(commands[entry.command])(viewer)
        viewer.window.add_dock_widget(opened, name=entry.display_name, tabify=True)
        assert opened.bench is widget.bench, entry.display_name
        assert opened.session is widget.session, entry.display_name
        for step in opened.steps:
            twin = next(s for s in widget.steps if type(s) is type(step))
            assert step.dot.state is twin.dot.state, entry.display_name
            assert forms(step) == forms(twin), entry.display_name


def test_what_is_set_or_painted_in_one_shows_in_the_other(panel, finished, phantom_pixels):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    widget.run_all()
    finished(widget)
    docks = {name: dock(viewer, name) for name in STEPS}

    def numbers(step):
        found = [w for w in step.findChildren(QAbstractSpinBox) if hasattr(w, "setValue")]
        return {w.accessibleName() or i: w for i, w in enumerate(found)}

    for here, there in (
        (docks["Enhance"].step, widget.enhance),
        (widget.enhance, docks["Enhance"].step),
        (docks["Masks"].step, widget.masks),
        (widget.masks, docks["Masks"].step),
    ):
        name, control = next(iter(numbers(here).items()))
        step = control.singleStep()
        value = (
            control.value() - step if control.value() + step > control.maximum() else control.value() + step
        )
        control.setValue(value)
        finished(widget)
        assert numbers(there)[name].value() == pytest.approx(value)
        assert forms(here) == forms(there)
    assert docks["Features"].step.dot.state is widget.features.dot.state is State.STALE
    assert docks["Result"].step.sentence.text() == widget.result.sentence.text()
    assert docks["Result"].step.sentence.text().startswith("Out of date")

    widget.run_all()
    finished(widget)
    erase(widget.session.layers.layer("insensitive"))
    finished(widget)
    assert docks["Correct"].step.facts.text() == widget.correct.facts.text()
    assert "px changed" in widget.correct.facts.text()
    assert docks["Features"].step.values() == widget.features.values()
    assert docks["Result"].step.bar.probability == widget.result.bar.probability is not None

    docks["Correct"].step.outlines["difference"].click()
    docks["Correct"].step.kinds["sensitive"].click()
    docks["Enhance"].step.preview.click()
    finished(widget)
    assert widget.correct.outlines["difference"].isChecked()
    assert widget.correct.kinds["sensitive"].isChecked()
    assert widget.enhance.preview.isChecked()
    widget.enhance.preview.click()
    finished(widget)
    assert not docks["Enhance"].step.preview.isChecked()


def test_a_step_runs_from_its_own_dock_and_no_further(panel, finished, phantom_pixels):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    finished(widget)
    docks = {name: dock(viewer, name) for name in STEPS}
    assert not docks["Correct"].run_bar.run_button.isVisibleTo(docks["Correct"])
    names = ("Enhance", "Masks", "Features", "Result")
    for done, name in enumerate(names):
        docks[name].run_bar.run_button.click()
        finished(widget)
        for number, other in enumerate(names):
            state = getattr(widget, STEPS[other]).dot.state
            assert docks[other].step.dot.state is state
            assert (state is State.DONE) == (number <= done), (name, other, state)
        outputs = [
            value for value in OUTPUTS[docks[name].step.name] if value != "opacities"
        ]  # switched off here
        assert [value for value in outputs if not widget.session.fresh(value)] == [], name
    assert len([layer for layer in viewer.layers if "sensitive" in layer.name]) == 2


@pytest.mark.parametrize("how", ["run the step", "paint the other mask"])
def test_the_layers_show_the_masks_that_were_measured(panel, finished, phantom_pixels, how):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    widget.run_all()
    finished(widget)
    session = widget.session
    layer = session.layers.layer("sensitive")
    before = np.array(layer.data)
    closing = session.run.settings.lungs.otsu
    name = next(n for n, v in closing.model_dump().items() if isinstance(v, float) and v)
    otsu = closing.model_copy(update={name: getattr(closing, name) * 1.5})
    session.configure("lungs", session.run.settings.lungs.model_copy(update={"otsu": otsu}))
    if how == "run the step":
        widget.features.run_button.click()
    else:
        erase(session.layers.layer("insensitive"))
    finished(widget)
    assert session.fresh("features")
    np.testing.assert_array_equal(layer.data, session.value("sensitive").labels)
    assert not np.array_equal(layer.data, before), f"{name} moved nothing"


def test_closing_docks_leaves_the_others_alive_and_keeps_what_was_corrected(
    panel, finished, phantom_pixels, qtbot
):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    widget.run_all()
    finished(widget)
    first, second = dock(viewer, "Correct"), dock(viewer, "Result")
    bench = widget.bench
    close(viewer, first, qtbot)
    close(viewer, widget, qtbot)
    layer = bench.session.layers.layer("insensitive")
    before = bench.session.value("result")
    erase(layer)
    finished(second)
    assert bench.session.value("result") != before
    assert second.step.bar.probability == bench.session.value("result").probability
    edited, answer = np.array(layer.data), bench.session.value("result")
    assert "R" in {str(key) for key in viewer.keymap}

    close(viewer, second, qtbot)
    assert "R" not in {str(key) for key in viewer.keymap}
    erase(layer, slice(150, 170))  # while no panel is open
    layer.undo()
    again = panels.ChestPanel(viewer)
    viewer.window.add_dock_widget(again, name="Chest X-ray")
    finished(again)
    np.testing.assert_array_equal(again.session.value("insensitive").labels, edited)
    assert again.session.value("result") == answer
    assert "px changed" in again.correct.facts.text()
    assert str(key_of("right_lung").keys) in {str(key) for key in viewer.keymap}


def test_no_closed_dock_stays_in_memory(panel, finished, phantom_pixels, qtbot):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    widget.run_all()
    finished(widget)
    gone = []
    for name in STEPS:
        opened = dock(viewer, name)
        qtbot.wait(20)
        gone.append(weakref.ref(opened))
        close(viewer, opened, qtbot)
        del opened
    qtbot.wait(20)
    gc.collect()
    assert [one() for one in gone] == [None] * len(STEPS)
