"""Long texts, large letters, both themes: nothing is cut without a tooltip, nothing leaves the panel."""

from __future__ import annotations

import pytest
from napari.settings import get_settings
from napari.utils.theme import available_themes, get_theme
from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QAbstractButton, QComboBox, QLabel, QScrollArea

from napari_tbcad.widgets.parts.quiet import QUIET, QuietLabel, breakable
from napari_tbcad.widgets.parts.step import AMBER, RED

pytestmark = pytest.mark.gui

LONG = "Foto_dada_PA_pasien_rawat_jalan_Puskesmas_Kecamatan_Tanjungpinang_Kota_kontrol_2"
COMPLAINTS = tuple(
    f"{LONG}_{n}.png: hanya satu paru yang ditemukan. Gambarlah paru yang lain dengan kuas."
    for n in range(13)
)


def luminance(rgb):
    linear = [c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Contrast of two colours, WCAG 2.2."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def rgb(colour):
    return colour.as_rgb_tuple()[:3] if hasattr(colour, "as_rgb_tuple") else tuple(colour)[:3]


def over(front, back, alpha):
    return tuple(alpha * f + (1 - alpha) * b for f, b in zip(front, back, strict=True))


@pytest.mark.parametrize("name", ["dark", "light"])
def test_texts_stand_out_from_the_background(name):
    assert name in available_themes()
    theme = get_theme(name)
    text, back = rgb(theme.text), rgb(theme.background)
    assert contrast(text, back) >= 4.5
    assert contrast(over(text, back, QUIET / 255), back) >= 4.5
    # The banner's black letters, and the stripes beside messages (no text: 3:1 or words as well).
    assert contrast((0, 0, 0), (0xE6, 0x9F, 0x00)) >= 4.5
    assert {AMBER, RED} == {"#E69F00", "#D55E00"}


def test_long_words_can_be_broken_and_others_stay():
    assert breakable("only one lung was found") == "only one lung was found"
    divided = breakable(f"{LONG}.png: not found")
    assert divided.replace("\u200b", "") == f"{LONG}.png: not found"
    assert max(len(part) for part in divided.replace(" ", "\u200b").split("\u200b")) <= 24


def cut_without_a_word(widget):
    """List visible controls of a panel whose text has no room and no tooltip."""
    found = []
    for child in [*widget.findChildren(QLabel), *widget.findChildren(QAbstractButton)]:
        if not child.isVisible() or not child.text() or child.toolTip():
            continue
        wraps = isinstance(child, QLabel) and child.wordWrap()
        plain = not isinstance(child, QuietLabel)
        if plain and not wraps and child.sizeHint().width() > child.width() + 1:
            found.append(child.text())
        if wraps and child.heightForWidth(child.width()) > child.height() + 1:
            found.append(child.text())
    return found


def beyond(widget):
    """List visible children that reach beyond the panel's sides."""
    right = widget.width()
    controls = [
        *widget.findChildren(QLabel),
        *widget.findChildren(QAbstractButton),
        *widget.findChildren(QComboBox),
    ]
    return [
        (
            type(c).__name__,
            c.text() if hasattr(c, "text") else c.objectName(),
            c.mapTo(widget, QPoint(c.width(), 0)).x(),
        )
        for c in controls
        if c.isVisible() and c.mapTo(widget, QPoint(c.width(), 0)).x() > right + 1
    ]


@pytest.fixture
def font_size():
    """Return a function that sets napari's font size, and set it back."""
    appearance = get_settings().appearance
    before = appearance.font_size

    def set_size(factor):
        appearance.font_size = round(before * factor)

    yield set_size
    appearance.font_size = before


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_long_texts_and_large_letters_stay_in_the_panel(
    panel, finished, phantom_pixels, font_size, factor, qtbot
):
    viewer, widget = panel()
    font_size(factor)
    viewer.window.resize(1280, 800)
    viewer.add_image(phantom_pixels, name=LONG)
    widget.run_bar.run_button.click()
    finished(widget)
    widget.session.warnings = lambda: COMPLAINTS
    for step in widget.steps:
        step.set_state(step.dot.state, COMPLAINTS[0])
    widget.bench.changed.emit()
    widget.window().show()
    qtbot.waitUntil(widget.isVisible)
    for number in range(len(widget.steps)):
        for place, step in enumerate(widget.steps):
            step.set_open(place == number)
        qtbot.wait(40)
        assert widget.width() <= 400
        assert [found for found in beyond(widget) if found[1] != "qt_spinbox_lineedit"] == []
        assert cut_without_a_word(widget) == []
    area = widget.findChild(QScrollArea)
    assert area.widget().width() <= area.viewport().width()
    assert LONG in widget.picker.toolTip()
    foot = widget.run_bar
    assert foot.mapTo(widget.window(), QPoint(0, foot.height())).y() <= widget.window().height() <= 800
