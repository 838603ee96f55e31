"""Settings that a person chose are work, too: kept on the side, and offered after the program ended."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.gui


def opened(widget, path, finished, qtbot):
    widget.open_film(path)
    qtbot.waitUntil(lambda: widget.session is not None and widget.session.run is not None, timeout=30_000)
    finished(widget)


def test_settings_alone_are_kept_and_come_back(panel, finished, phantom_pixels, tmp_path, kept_aside, qtbot):
    path = tmp_path / "chest.png"
    Image.fromarray(phantom_pixels.astype(np.uint8)).save(path)
    _, widget = panel()
    opened(widget, path, finished, qtbot)
    widget.run_bar.run_button.click()
    finished(widget)
    assert widget.session.wishes == {}, "nothing but a person's hand counts as a wish"
    assert not widget.session.desk.unsaved
    widget.bench.close_film()
    qtbot.wait(300)
    assert not list(kept_aside.glob("*.tbcad")), "a film that was only looked at leaves nothing"

    opened(widget, path, finished, qtbot)
    widget.run_bar.run_button.click()
    finished(widget)
    before = np.array(widget.session.value("insensitive").labels)
    settings = widget.session.run.settings
    other = settings.insensitive.model_copy(update={"threshold": 0.8})
    widget.session.configure("insensitive", other, live=True)
    finished(widget)
    assert widget.session.desk.unsaved
    chosen = np.array(widget.session.value("insensitive").labels)
    assert not np.array_equal(before, chosen)
    widget.bench.close_film()
    qtbot.waitUntil(lambda: len(list(kept_aside.glob("*.tbcad"))) == 1, timeout=30_000)

    opened(widget, path, finished, qtbot)
    assert not widget.leftover.isHidden()
    widget.leftover.go_on.click()
    qtbot.waitUntil(lambda: widget.leftover.isHidden(), timeout=30_000)
    finished(widget)
    assert widget.session.run.settings.insensitive == other
    np.testing.assert_array_equal(widget.session.value("insensitive").labels, chosen)
    assert not widget.session.desk.unsaved
