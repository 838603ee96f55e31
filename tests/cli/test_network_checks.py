"""`networks survey` and how two networks differ, as the command line tells it."""

from __future__ import annotations

import imageio.v3 as iio
import numpy as np
import pytest

from napari_tbcad.cli import main
from napari_tbcad.cli.network_checks import difference_lines, paired_table
from napari_tbcad.errors import BadInput
from napari_tbcad.networks.evaluate import Evaluation
from napari_tbcad.networks.image_scores import ImageScore

CLASSES = ("background", "one")


def evaluation(*hits: int, names: str = "abc") -> Evaluation:
    """Images with a hundred true pixels of which so many were found."""
    images = tuple(
        ImageScore(name, "", "set", CLASSES, np.array([[100, 0], [100 - number, number]]))
        for name, number in zip(names, hits, strict=True)
    )
    return Evaluation("lungs", CLASSES, images)


def test_only_images_that_both_judged_are_compared():
    rows = paired_table(evaluation(80, 80, 10), evaluation(70, 70, names="ab"))
    (iou,) = [row for row in rows if (row["class"], row["metric"]) == ("one", "iou")]
    assert (iou["new"], iou["packaged"], iou["patients"]) == (0.8, 0.7, 2)
    assert difference_lines([iou], "lungs") == [
        "iou of one: 0.8000, lungs 0.7000, difference +0.1000 (+0.1000 to +0.1000), 2 images, 2 patients"
    ]
    with pytest.raises(BadInput, match="both"):
        paired_table(evaluation(80, names="a"), evaluation(80, names="b"))


def test_a_survey_says_what_there_is_and_what_is_in_the_way(tmp_path, capsys):
    for number in range(3):
        for name, value in (("images", 100), ("labels", number)):
            (tmp_path / name).mkdir(exist_ok=True)
            image = np.zeros((8, 8), np.uint8)
            image[2:6, 2:6] = value
            iio.imwrite(tmp_path / name / f"{number}.png", image)
    config = tmp_path / "lungs.yaml"
    config.write_text("task: lungs\ndata: {sources: [{name: own, folder: .}]}\n")
    assert main(["networks", "survey", str(config)]) == 0
    out, err = capsys.readouterr()
    assert "own: 3 images of 3 patients" in out
    assert "1 right lung: trained on 1 images, 8" in out
    assert "held out" not in out
    assert "warning: " in err
    (tmp_path / "images" / "2.png").write_bytes(b"")
    assert main(["networks", "survey", str(config)]) == 1
    out, err = capsys.readouterr()
    assert "1 cannot be used" in out
    assert "error: " in err
    assert "left lung" in err
