"""What a comparison shows, and that its sentence says no more."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.widgets.training.score_rows import difference
from napari_tbcad.widgets.training.verdict import is_fair, others_of, rows_of, sentence, signed


def judged(rows, *, patients=20, **more):
    """What the comparison of a training says; rows are (class, new, packaged, low, high)."""
    table = [
        {
            "class": name,
            "metric": metric,
            "new": new,
            "packaged": packaged,
            "difference": None if packaged is None else new - packaged,
            "low": low,
            "high": high,
            "images": patients + 4,
            "patients": patients,
        }
        for name, new, packaged, low, high in rows
        for metric in ("iou", "dice")
    ]
    names = {"packaged": "lungs", "start": ""}
    return {"task": "lungs", "table": table, "patients": patients, "names": names, "learned": 0, **more}


HIGHER = ("mean", 0.93, 0.90, 0.01, 0.05)
LOWER = ("mean", 0.90, 0.93, -0.05, -0.01)
UNSURE = ("mean", 0.92, 0.93, -0.03, 0.01)


def test_a_difference_is_claimed_only_beside_zero():
    said = sentence(judged([HIGHER]))
    assert said.startswith("Higher mean Dice than the packaged network: 0.930 instead of 0.900")
    assert "by 0.010 to 0.050 (95 % interval, 20 patients)" in said
    said = sentence(judged([LOWER]), "iou")
    assert said.startswith("Lower mean IoU than the packaged network")
    assert "by 0.010 to 0.050" in said
    said = sentence(judged([UNSURE]))
    assert said.startswith("No difference that 20 patients can show")
    assert "between −0.030 and +0.010" in said


def test_a_mean_hides_no_class_that_got_worse():
    said = sentence(
        judged([HIGHER, ("effusion", 0.4, 0.6, -0.3, -0.1), ("ground glass", 0.9, 0.8, 0.05, 0.2)])
    )
    assert said.startswith("Higher")
    assert said.endswith("Lower for effusion.")
    assert "Lower for effusion" in sentence(judged([UNSURE, ("effusion", 0.4, 0.6, -0.3, -0.1)]))


@pytest.mark.parametrize(
    "more", [{"patients": 9}, {"learned": 3}, {"patients": 9, "learned": 9}, {"patients": 1}]
)
@pytest.mark.parametrize("row", [HIGHER, LOWER, UNSURE])
def test_nothing_is_claimed_of_few_patients_or_known_ones(row, more):
    result = judged([row], **more)
    said = sentence(result)
    assert "cannot be said" in said or "too few to say" in said
    assert not said.startswith(("Higher", "Lower", "No difference"))
    assert not is_fair(result, "packaged")
    assert "▲" not in difference(rows_of(result, "dice")[0], is_fair(result, "packaged"))


def test_nothing_is_claimed_without_interval_or_other_or_patients():
    assert "No interval" in sentence(judged([("mean", 0.9, 0.8, None, None)]))
    said = sentence(judged([("mean", 0.9, None, None, None)]))
    assert said.startswith("There is no other network to compare with: mean Dice 0.900 on 20 patients")
    assert "Nobody is held out" in sentence(judged([], patients=0))
    assert others_of(judged([("mean", 0.9, None, None, None)])) == {}


def test_the_start_is_an_other_network_too():
    result = judged([HIGHER], names={"packaged": "lungs", "start": "ours"}, learned_start=2)
    for row in result["table"]:
        row |= {"start": 0.95, "start_difference": -0.02, "start_low": -0.03, "start_high": -0.01}
    assert list(others_of(result)) == ["packaged", "start"]
    assert sentence(result, "dice", "start").startswith("Its start “ours” has learned from 2 of the 20")
    # What the start has learned the new network knows: its score is too good beside any other.
    assert sentence(result).startswith("The network it was started from has learned from 2 of the 20")
    result["learned_start"] = 0
    assert sentence(result, "dice", "start").startswith("Lower mean Dice than its start “ours”")
    assert sentence(result).startswith("Higher")


def test_a_difference_that_three_digits_do_not_show_is_none():
    result = judged([("mean", 0.9303, 0.9300, 0.0001, 0.0004)])
    assert sentence(result).startswith("The same as the packaged network")
    assert difference(rows_of(result, "dice")[0], True).startswith("· 0.000")
    assert signed(-0.0123) == "−0.012"


@pytest.fixture
def overlays(tmp_path):
    """Two held-out images with their masks; the second has lost its image."""
    from PIL import Image

    generator = np.random.default_rng(0)
    entries = []
    for number in range(2):
        mask = np.zeros((60, 40), np.uint8)
        mask[10:40, 4:18], mask[10:40, 22:36] = 1, 2
        files = {
            "image": generator.integers(0, 255, (60, 40), np.uint8),
            "labels": mask,
            "mask_new": np.roll(mask, 3, 0),
            "mask_packaged": mask,
            "picture_new": np.full((60, 40, 3), 90, np.uint8),
            "picture_packaged": np.full((60, 40, 3), 90, np.uint8),
        }
        entry = {"name": f"film{number}.png", "new": 0.8, "packaged": 0.9}
        for key, pixels in files.items():
            Image.fromarray(pixels).save(tmp_path / f"{number}_{key}.png")
            entry[key] = str(tmp_path / f"{number}_{key}.png")
        entries.append(entry)
    (tmp_path / "1_image.png").unlink()
    return entries


@pytest.mark.gui
def test_a_result_is_shown_and_its_images_open_in_the_viewer(qtbot, overlays, monkeypatch):
    from napari.components import ViewerModel
    from napari.layers import Labels

    from napari_tbcad.widgets.training import overlay_layers
    from napari_tbcad.widgets.training.result import ResultView

    told = []
    monkeypatch.setattr(overlay_layers, "show_error", told.append)
    viewer = ViewerModel()
    own = viewer.add_image(np.zeros((8, 8)), name="film0.png")
    view = ResultView(viewer)
    qtbot.addWidget(view)
    view.show()
    assert not view.table.isVisible()

    view.show_result(
        judged([HIGHER, UNSURE[:1] + UNSURE[1:]], overlays=overlays, warnings=["of silver labels"])
    )
    assert view.said.text().startswith("Higher mean Dice")
    assert "Of silver labels" in view.warnings.text()
    assert view.table.item(0, 3).text().startswith("▲ +0.030")
    assert view.legend.isVisible()
    view.metric_box.setCurrentText("IoU")
    assert "mean IoU" in view.said.text()
    qtbot.waitUntil(lambda: len(view.pictures.pairs) == 2, timeout=10_000)

    view.pictures.pairs[0].pressed.emit()
    qtbot.waitUntil(lambda: len(viewer.layers) == 5, timeout=10_000)
    names = [layer.name for layer in viewer.layers[1:]]
    assert names[1:] == [f"film0.png {what}" for what in ("labels", "packaged", "new")]
    new = viewer.layers["film0.png new"]
    assert isinstance(new, Labels)
    assert not new.editable
    # Beside what was open, and in the middle of the window.
    assert new.extent.world[0][-1] > own.extent.world[1][-1]
    middle = new.extent.world.mean(0)[-2:]
    assert np.abs(np.array(viewer.scene.camera.center[-2:]) - middle).max() < 1
    # Again: what was opened before makes way, and what is the person's stays.
    first = viewer.layers[1]
    view.pictures.pairs[0].pressed.emit()
    qtbot.waitUntil(lambda: first not in viewer.layers and len(viewer.layers) == 5, timeout=10_000)
    assert own in viewer.layers
    view.pictures.pairs[1].pressed.emit()
    qtbot.waitUntil(lambda: bool(told), timeout=10_000)
    assert "not there any more" in told[0]

    repeated = ["only 4 patients are held out: the scores say little", "told by `networks compare`"]
    failed = [["film9.png", "unreadable"]]
    view.show_result(judged([HIGHER], patients=4, learned=None, failed=failed, warnings=repeated))
    assert "too few" in view.said.text()
    assert "say little" not in view.warnings.text()
    assert "told by networks compare" in view.warnings.text().lower()
    assert "not known" in view.warnings.text()
    assert "film9.png" in view.warnings.text()
    assert not view.legend.isVisible()
    view.clear()
    assert not view.said.isVisible()
    assert not view.pictures.pairs
