"""What must be said beside the scores of a training: who knew the held-out patients before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tbcad.networks.survey_warnings import FEW_PATIENTS
from napari_tbcad.schemes import BONE_SCHEMES

if TYPE_CHECKING:
    from napari_tbcad.networks.config import TrainingConfig


def caveats(
    held: int, learned: int | None, own: int | None, config: TrainingConfig, *, packaged: str
) -> list[str]:
    """Return what must stand beside the scores of a network that was just trained.

    Parameters
    ----------
    held : int
        Patients held out.
    learned, own : int or None
        How many of them the packaged network learned from, and the network that the training was started
        from; None where nobody knows.
    config : TrainingConfig
    packaged : str
        Name of the packaged network; "" where there is none.
    """
    if not held:
        return ["nobody is held out: there is no score that counts"]
    said = []
    start = config.fit.start_from
    if held < FEW_PATIENTS:
        said.append(f"only {held} patients are held out: the scores say little")
    if learned:
        both = "; the new one started from it, so both scores are too good" if start == packaged else ""
        said.append(
            f"the packaged network learned from {learned} of {held} held-out patients: its score is too good"
            + (both or ("; so may the new one's be, by way of its start" if start else ""))
        )
    if start not in ("", packaged):
        if own:
            said.append(
                f"the network it started from learned from {own} of {held} held-out patients: the new score "
                "is too good"
            )
        elif own is None:
            said.append(
                "it is not known whether the network it started from learned from held-out patients: then the"
                " new score is too good"
            )
    if config.task in BONE_SCHEMES:
        said.append("pixels of hotspots only: how many lesions are found is told by `networks compare`")
    return said
