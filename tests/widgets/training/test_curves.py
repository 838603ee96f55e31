"""Curves of a training: what they show, read and cost."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QColor, QMouseEvent

from napari_tbcad.schemes import NETWORK_SCHEMES, REGION_NAMES
from napari_tbcad.widgets.training.curve_data import CurveData
from napari_tbcad.widgets.training.plot import _luminance, apart, class_colours, readable, thinned, ticks


def row(epoch, dice, **ious):
    """A row of log.csv as it is read: texts, and nothing where nothing was measured."""
    named = {f"iou_{name.replace('_', ' ')}": str(value) for name, value in ious.items()}
    return {
        "epoch": str(epoch),
        "loss": "0.5",
        "validation_loss": "0.6",
        "validation_dice": str(dice),
        "learning_rate": "0.001",
        "iou_background": "0.99",
        **named,
    }


def test_thinning_keeps_the_extremes_of_every_column():
    generator = np.random.default_rng(0)
    x = np.sort(generator.uniform(0, 10, 5000))
    y = generator.standard_normal(5000)
    columns, low, high = thinned(x, y, low=0, high=10, columns=200)
    assert len(columns) <= 200
    assert (low.min(), high.max()) == (y.min(), y.max())
    column = (x / 10 * 199).astype(int)
    assert low[columns == 50] == y[column == 50].min()
    assert high[columns == 50] == y[column == 50].max()
    assert len(thinned(x[:0], y[:0], low=0, high=1, columns=10)[0]) == 0


@pytest.mark.parametrize(
    "wanted", [[50.0, 51, 52, 10], [0, 0, 0, 0], [100, 100, 100], [30], [], [99, 3, 98, 97, 2]]
)
def test_labels_stand_apart_and_inside(wanted):
    places = apart(wanted, 12, 0, 100)
    assert len(places) == len(wanted)
    assert all(-1e-9 <= place <= 100 + 1e-9 for place in places)
    assert all(gap >= 12 - 1e-9 for gap in np.diff(sorted(places)))
    assert [places[i] for i in np.argsort(wanted, kind="stable")] == sorted(places)


def test_more_labels_than_room_share_it():
    places = apart([5.0] * 20, 12, 0, 100)
    assert min(places) == pytest.approx(0)
    assert max(places) == pytest.approx(100)


def test_ticks_are_round():
    assert ticks(0, 1, 2) == [0, 0.5, 1]
    assert ticks(0, 40, 5) == [0, 10, 20, 30, 40]
    assert ticks(3, 3) == [3]


@pytest.mark.parametrize("background", ["#262930", "#efebe9", "#ffffff", "#000000"])
@pytest.mark.parametrize("task", list(NETWORK_SCHEMES))
def test_every_line_can_be_seen_on_either_theme(task, background):
    back = QColor(background)
    for colour in class_colours(task).values():
        pair = sorted((_luminance(readable(colour, back)), _luminance(back)))
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 3


def test_classes_have_the_colours_of_their_scheme():
    assert class_colours("lungs") == {"right lung": "#56B4E9", "left lung": "#E69F00"}
    assert list(class_colours("regions")) == list(REGION_NAMES)
    assert class_colours("nothing") == {}


def test_best_epoch_and_classes_are_read_from_texts():
    data = CurveData(epochs=4, steps=8)
    for epoch, dice in ((1, 0.2), (2, 0.8), (3, 0.8)):
        assert data.add_epoch(row(epoch, dice, left_lung=0.4, right_lung=0.5))
    assert not data.add_epoch({"loss": "1"})
    assert data.best == 2
    assert data.classes(["right lung", "left lung"]) == ["right lung", "left lung"]
    data.add_step(2, 0.5)
    data.add_step(4, None)
    data.add_step(6, float("nan"))
    x, losses = data.losses
    assert (x.tolist(), losses.tolist()) == ([1.0], [0.5])


def test_nobody_watched_has_no_best_epoch():
    data = CurveData()
    data.add_epoch({"epoch": "1", "loss": "0.4", "validation_loss": "", "validation_dice": ""})
    assert data.best is None
    assert data.classes() == []


@pytest.mark.gui
def test_pointer_and_arrow_keys_read_the_epochs(qtbot):
    from napari_tbcad.widgets.training.curves import Curves

    curves = Curves()
    qtbot.addWidget(curves)
    curves.resize(336, curves.height())
    curves.show()
    assert "after the first epoch" in curves.accessibleName()
    curves.begin("lungs", epochs=5)
    told = {"event": "step", "steps": 50, "epochs": 5}
    for step in range(1, 41):
        curves.show_event({**told, "step": step, "loss": 1 / step})
    x, losses = curves.data.losses
    assert (x[-1], len(losses)) == (4.0, 40)
    low = curves.height()
    for epoch in range(1, 5):
        curves.add_epoch(row(epoch, 0.9 - abs(epoch - 3) / 10, right_lung=epoch / 10, left_lung=0.5))
    assert curves.accessibleName().startswith("Epoch 4: loss 0.500")
    assert "right lung 0.400" in curves.accessibleName()

    upper, _ = curves._frames()
    place = QPointF(upper.x(3), upper.box.center().y())
    none, move = Qt.MouseButton.NoButton, QEvent.Type.MouseMove
    event = QMouseEvent(move, place, curves.mapToGlobal(place), none, none, Qt.KeyboardModifier.NoModifier)
    curves.mouseMoveEvent(event)
    assert curves.read == 3
    assert "Epoch 3, the best" in curves.accessibleName()
    assert "right lung 0.300" in curves.accessibleName()
    qtbot.keyClick(curves, Qt.Key.Key_Left)
    assert curves.read == 2
    qtbot.keyClick(curves, Qt.Key.Key_Escape)
    assert curves.read is None

    # Twelve classes get a line of text each.
    curves.begin("regions", epochs=5, steps=50)
    curves.add_epoch(row(1, 0.5, **dict.fromkeys(REGION_NAMES, 0.5)))
    assert curves.height() > low
    assert curves.grab().width() == 336
