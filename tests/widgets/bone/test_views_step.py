"""Step 1 and the display: views named, swapped and flipped, counts chip, grey scales; what is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.bone.display import bone_levels
from napari_tbcad.bone.quality import check_scan
from napari_tbcad.imaging.bonescan import BoneScan, ScanView
from napari_tbcad.widgets.bone.counts_chip import CountsChip, chip_html, counts_html
from napari_tbcad.widgets.bone.greys import PRESETS, GreyScale

pytestmark = pytest.mark.gui


def limits(session):
    return {view: tuple(image.contrast_limits) for view, image in session.layers.pictures().items()}


def test_views_are_swapped_flipped_and_taken_back(opened, finished, analysis):
    viewer, widget = opened()
    session, step = widget.session, widget.views
    number = next(row.id for row in analysis.table if row.view == "anterior")
    widget.session.hands.set_class([number], "ignore")
    finished(widget)
    images = session.layers.pictures()
    before = {view: image.data.copy() for view, image in images.items()}
    labels = session.value("hotspots").anterior.copy()
    letters = next(layer for layer in viewer.layers if layer.name.endswith("letters"))
    assert list(letters.text.values) == ["R", "L", "L", "R"]

    # Flipped: the image and what a person did to it turn together, the other view stays.
    step.flip_buttons["anterior"].click()
    finished(widget)
    np.testing.assert_array_equal(images["anterior"].data, before["anterior"][:, ::-1])
    np.testing.assert_array_equal(images["posterior"].data, before["posterior"])
    np.testing.assert_array_equal(session.value("hotspots").anterior, labels[:, ::-1])
    assert "turned left to right" in step.facts.text()
    assert list(letters.text.values) == ["R", "L", "L", "R"]

    # Swapped: each view is drawn in the greys of its own bone.
    step.swap_button.click()
    finished(widget)
    np.testing.assert_array_equal(session.value("hotspots").posterior, labels)
    assert session.value("hotspots").mark(number).view == "posterior"
    assert "told by you" in step.facts.text()
    levels = bone_levels(session.value("scan"), {})
    for view, (low, high) in limits(session).items():
        assert (low, high / 3) == pytest.approx((0.0, levels[view].counts), rel=0.2)

    # One undo each, in order.
    assert session.hands.undo_text == "swap views"
    assert session.hands.undo()
    assert session.hands.undo()
    finished(widget)
    for view, image in images.items():
        np.testing.assert_array_equal(image.data, before[view])
    np.testing.assert_array_equal(session.value("hotspots").anterior, labels)
    assert session.hands.undo_text.startswith("class")


def test_greys_are_a_matter_of_display(opened, finished, qtbot, scan_file):
    viewer, widget = opened(run=False)
    session, bar = widget.session, widget.header.view_bar
    greys, scan = session.look.greys, session.value("scan")
    qtbot.waitUntil(lambda: bool(greys.levels), timeout=10_000)

    # A scan just opened: the same bone has the same grey in both views.
    levels = bone_levels(scan, {})
    assert limits(session) == {
        view: pytest.approx((0.0, 3 * level.counts), rel=1e-4) for view, level in levels.items()
    }
    assert bar.normalise_button.isChecked()
    assert bar.window_button.text() == "Dark at 3 × bone"

    # The slider goes on from there, its ends are those of the scale.
    bar.slider.setValue(bar.slider.maximum())
    assert limits(session)["posterior"][1] == pytest.approx(30 * levels["posterior"].counts, rel=1e-4)
    bar.slider.setValue(bar.slider.minimum())
    assert limits(session)["posterior"][1] == pytest.approx(0.5 * levels["posterior"].counts, rel=1e-4)
    assert bar.window_button.text() == "Dark at 0.5 × bone"

    # By the maximum: a preset of the menu, then the slider, then a person's own limits.
    next(action for action in bar.menu.actions() if "20 %" in action.text()).trigger()
    for view, image in session.layers.pictures().items():
        assert limits(session)[view] == pytest.approx((0.0, 0.2 * image.data.max()))
    assert (bar.window_button.text(), bar.normalise_button.isChecked()) == ("Dark at 20 %", False)
    bar.slider.setValue(bar.slider.maximum())
    assert bar.window_button.text() == "Dark at 100 %"
    anterior = session.layers.picture("anterior")
    anterior.contrast_limits = (0, 0.5 * float(anterior.data.max()))
    assert bar.window_button.text() == "Dark at 50 %"
    # About as dark by the bone level as it was by the maximum.
    bar.normalise_button.click()
    assert limits(session)["anterior"][1] == pytest.approx(0.5 * anterior.data.max(), rel=1e-3)
    ratios = {view: high / levels[view].counts for view, (_, high) in limits(session).items()}
    assert ratios["anterior"] == pytest.approx(ratios["posterior"], rel=1e-4)
    bar.letters_button.click()
    assert not session.look.names
    bar.invert_button.click()
    assert {str(image.colormap.name) for image in session.layers.pictures().values()} == {"gray"}

    # Keys go through the presets; nothing of this touches a count or makes anything out of date.
    actions = widget.bench.viewing.looks()
    actions["window"]()
    assert greys.scale == next(iter(PRESETS.values()))
    for _ in PRESETS:
        actions["next_window"]()
    assert greys.scale == next(iter(PRESETS.values()))
    for view, shown in scan:
        np.testing.assert_array_equal(session.layers.picture(view).data, shown.counts)
    assert session.fresh("scan")
    assert session.run.settings.views == session.part.views

    # The next scan is looked at in the same way, this one as it was left.
    bar.crosshair_button.click()
    actions["next_window"]()
    widget.open_film(scan_file)
    qtbot.waitUntil(lambda: widget.session is not session and widget.session is not None, timeout=20_000)
    finished(widget)
    later = widget.session
    assert later.look.habit == session.look.habit
    assert not later.look.crosshair
    assert later.layers.picture("anterior").colormap.name == "gray"
    qtbot.waitUntil(lambda: bool(later.look.greys.levels), timeout=10_000)
    later.look.greys.set(GreyScale("percent", 40))
    widget.bench.choose(session.layers.picture("anterior"))
    assert session.look.greys.scale == GreyScale("bone", 1.5)
    assert widget.header.view_bar.window_button.text() == "Dark at 1.5 × bone"


def test_several_hotspots_are_chosen_at_once(opened, finished):
    _, widget = opened()
    session, look = widget.session, widget.session.look
    heard = []
    session.changed.connect(lambda: heard.append(look.selected))
    look.select([3, 1, 3])
    assert (look.selected, look.chosen, heard) == ((3, 1), 1, [(3, 1)])
    # The current one stays where it is while it is among them.
    look.select([1, 2, 3])
    assert look.chosen == 1
    look.select([1, 2, 3], current=2)
    assert look.chosen == 2
    look.select([1, 2, 3], current=2)
    assert len(heard) == 3
    # What is deleted is chosen no longer.
    session.hands.delete([2])
    finished(widget)
    assert look.selected == (1, 3)
    assert look.chosen == 3
    look.choose(1)
    assert look.selected == (1,)
    look.choose(None)
    assert (look.selected, look.chosen) == ((), None)


def test_a_chip_tells_what_the_counts_are_good_for(opened, finished, scan_file):
    def told(*totals, unit="counts"):
        views = [ScanView(np.full((100, 40), total / 4000, np.float32)) for total in totals]
        scan = BoneScan(*views, unit=unit)
        quality = check_scan(scan)
        return chip_html(quality, [name for name, _ in scan]), counts_html(quality, scan)

    chip, lines = told(1.2e6, 0.7e6)
    assert "▲" in chip
    assert "1.20/0.70&nbsp;M" in chip
    assert "● anterior" in lines.replace("</span>", "").replace("<span style='color:#009E73'>", "")
    assert "few" in lines
    assert "✕" in told(1.2e6, 0.4e6)[0]
    assert "●" in told(1.2e6, 1.4e6)[0]
    assert "○" in told(1.2e6, 1.4e6, unit="grey")[0]
    assert "no&nbsp;counts" in told(1.2e6, 1.4e6, unit="grey")[0]

    _, widget = opened(run=False)
    scan = widget.session.value("scan")
    (chip,) = widget.header.findChildren(CountsChip)
    assert f"{scan.anterior.total / 1e6:.2f}" in chip.text()
    assert f"{scan.anterior.total / 1e6:.2f} million" in widget.views.counts.text()
    assert chip.isVisibleTo(widget)
