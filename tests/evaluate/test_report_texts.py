from __future__ import annotations

from napari_tbcad.evaluate.report_texts import TEXTS


def test_both_languages_have_every_text():
    assert set(TEXTS["en"]) == set(TEXTS["id"])
    assert all(TEXTS["id"].values())
    same = {key for key in TEXTS["en"] if TEXTS["en"][key] == TEXTS["id"][key]}
    assert same <= {"program", "f1", "f1_normal", "auc"}, "translated, not copied"
