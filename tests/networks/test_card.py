from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from napari_tbcad.networks.card import NetworkCard, NetworkScore, NetworkSource, task_classes
from napari_tbcad.schemes import NETWORK_SCHEMES

LUNGS = {"name": "a", "task": "lungs", "architecture": {}, "input": {}}


def test_the_classes_of_a_task_are_those_of_its_scheme_in_order() -> None:
    assert task_classes("lungs") == ("background", "right lung", "left lung")
    assert task_classes("3") == ("background", "bone", "abnormal")
    assert all(task_classes(task)[0] == "background" for task in NETWORK_SCHEMES)


def test_a_card_comes_back_from_json_as_it_was() -> None:
    card = NetworkCard(
        **LUNGS,
        classes=task_classes("lungs"),
        sources=(NetworkSource(name="phantoms", terms="BSD-3-Clause", n_images=4, n_patients=4),),
        scores=(NetworkScore(design="5 folds", metric="Dice", value=0.9, low=0.8, high=0.95, n=4),),
        history={"epochs": 3, "loss": [0.5, 0.25]},
        training={"fit": {"epochs": 3}},
    )
    assert NetworkCard.model_validate_json(card.model_dump_json()) == card
    assert card.headline() == {"5 folds: Dice": "0.900 (0.800–0.950)"}


@pytest.mark.parametrize(
    "change",
    [
        {"task": "kidneys"},
        {"classes": ("background", "left lung", "right lung")},
        {"classes": ("background", "lung")},
        {"channels": 0},
        {"something": 1},
        {"architecture": {"decoder_channels": (10**9,)}},
        {"input": {"height": 100}},
    ],
)
def test_a_card_that_contradicts_itself_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NetworkCard.model_validate({**LUNGS, "classes": task_classes("lungs"), **change})


def test_a_score_is_a_number() -> None:
    with pytest.raises(ValidationError):
        NetworkScore(design="x", metric="Dice", value=math.nan)
