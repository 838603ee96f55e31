"""Numbers and texts in the words of a page."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.evaluate.reports.words import Words

TEXTS = {"said": "{p:.2f}, {n}, {share:.1%}, {raw}, {version}, {file}"}


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "0.64, 12, 62.5%, 0.5, 0.1.0, a.1.png"), ("id", "0,64, 12, 62,5%, 0,5, 0.1.0, a.1.png")],
)
def test_numbers_of_a_text_have_the_decimal_mark_of_its_language(language, said):
    words = Words(language, TEXTS)
    filled = words("said", p=np.float32(0.64), n=12, share=0.625, raw=0.5, version="0.1.0", file="a.1.png")
    assert filled == said


@pytest.mark.parametrize(("language", "said"), [("en", ("+0.50", "2.5e-05")), ("id", ("+0,50", "2,5e-05"))])
def test_a_number_is_written_as_it_was_asked_for(language, said):
    words = Words(language, {})
    assert (words.write(0.5, "+.2f"), words.write(2.5e-5, ".3g")) == said
