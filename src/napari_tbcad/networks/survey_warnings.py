"""What makes a training less than it could be, said before it begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from napari_tbcad.errors import BadInput
from napari_tbcad.networks.config import TrainingConfig

if TYPE_CHECKING:
    from napari_tbcad.networks.survey import ClassSurvey, Seen

FEW_PATIENTS = 10
"""Fewer patients to learn from, or to judge by, are called few."""


def warnings_of(
    by_role: Mapping[str, Sequence[Seen]], classes: Sequence[ClassSurvey], config: TrainingConfig
) -> tuple[str, ...]:
    """Return the warnings of a survey.

    Parameters
    ----------
    by_role : mapping of str to sequence of Seen
        Who is trained on, watched, held out.
    classes : sequence of ClassSurvey
        Background first.
    config : TrainingConfig
        The training.
    """
    said = [*_of_start(config), *_without_patients(by_role, config)]
    if "train" in by_role:
        said += [*_of_numbers(by_role), *_of_classes(by_role, classes), *_twice(by_role)]
    return tuple(said)


def fault_of_start(config: TrainingConfig) -> str:
    """Return why the network to start from cannot be used, as far as its card tells; "" if it can."""
    from napari_tbcad.networks.listing import find_entry

    if not config.fit.start_from:
        return ""
    try:
        find_entry(config.fit.start_from).card()
    except BadInput as fault:
        return f"the start {fault}"
    return ""


def _of_start(config: TrainingConfig) -> list[str]:
    from napari_tbcad.networks.listing import find_entry

    if not config.fit.start_from or fault_of_start(config):
        return []
    card = find_entry(config.fit.start_from).card()
    said = []
    if card.task != config.task:
        said.append(
            f"the start {card.name} is a network of the task {card.task}, not {config.task}: what it shares "
            "is taken, the rest begins at random"
        )
    if card.input.intensity != config.input.intensity:
        said.append(
            f"the start {card.name} was trained on images normalised by {card.input.intensity}, not by "
            f"{config.input.intensity}"
        )
    return said


def _without_patients(by_role: Mapping[str, Sequence[Seen]], config: TrainingConfig) -> list[str]:
    said = []
    for number, source in enumerate(config.data.sources):
        own = [one for those in by_role.values() for one in those if one.collection == number]
        if len(own) > 1 and source.layout != "films" and not any(one.row.get("patient") for one in own):
            said.append(
                f"{source.name}: no patients are named, so every image counts as one; images of one person "
                "may be trained on and held out"
            )
    return said


def _of_numbers(by_role: Mapping[str, Sequence[Seen]]) -> list[str]:
    patients = {role: len({one.sample.patient for one in those}) for role, those in by_role.items()}
    said = []
    if 0 < patients["train"] < FEW_PATIENTS:
        said.append(
            f"only {_people(patients['train'])} to learn from: expect little of other people's images"
        )
    if not patients["validation"]:
        said.append("nobody is watched: that it learns by heart will not be seen meanwhile")
    if not patients["test"]:
        said.append("nobody is held out: nothing will say how good the network is")
    elif patients["test"] < FEW_PATIENTS:
        said.append(f"only {_people(patients['test'])} held out: the scores will be uncertain")
    return said


def _people(number: int) -> str:
    return f"{number} patient{'s' * (number != 1)}"


def _of_classes(by_role: Mapping[str, Sequence[Seen]], classes: Sequence[ClassSurvey]) -> list[str]:
    drawn = classes[1:]
    single = [one.name for one in drawn if one.patients["train"] == 1]
    said = [f"{', '.join(single)}: learned from one patient only"] if single else []
    for role, doing in (("validation", "watched"), ("test", "held out")):
        missing = [one.name for one in drawn if not one.images[role]] if by_role[role] else []
        if missing:
            said.append(
                f"{', '.join(missing)}: in no image that is {doing}, so there is no score of it there"
            )
    return said


def _twice(by_role: Mapping[str, Sequence[Seen]]) -> list[str]:
    """Return what to say of one image that is in two roles under two patients."""
    roles: dict[bytes, dict[str, str]] = {}
    for role, those in by_role.items():
        for one in those:
            roles.setdefault(one.content, {}).setdefault(role, one.sample.name)
    pairs = [tuple(names.values()) for names in roles.values() if len(names) > 1]
    if not pairs:
        return []
    more = f" and {len(pairs) - 1} more" if len(pairs) > 1 else ""
    return [
        f"the same image in two roles under two patients ({' and '.join(pairs[0])}{more}): scores would be "
        "too good; give them one patient"
    ]
