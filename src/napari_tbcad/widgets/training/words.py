"""What the panel says about a training, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from napari_tbcad.durations import estimated
from napari_tbcad.widgets.child_panel import Action
from napari_tbcad.widgets.parts.words import count as count
from napari_tbcad.widgets.parts.words import listed as listed
from napari_tbcad.widgets.training.session import Phase

if TYPE_CHECKING:
    from napari_tbcad.widgets.training.looking import Looked
    from napari_tbcad.widgets.training.session import TrainingSession

RESUMED = (
    "Closing this panel does not stop a training. Closing the window stops it after the step under way; it "
    "can be gone on with, and loses one epoch at most."
)


_LATER = Action("Go on", "Go on with this training after its last whole epoch.", "go_on_later")


def action_of(session: TrainingSession) -> Action:
    """Return the next sensible thing to do."""
    plan, phase = session.plan, session.phase
    if phase in (Phase.TRAINING, Phase.PAUSING):
        waits = phase is Phase.PAUSING
        tip = "Wait after the step under way; the processor is free meanwhile."
        return Action("Pausing…" if waits else "Pause", tip, "" if waits else "pause")
    if phase is Phase.PAUSED:
        return Action("Go on", "Go on with the training.", "go_on")
    if phase is Phase.STOPPING:
        return Action("Stopping…", "It stops after the step under way.")
    if phase is Phase.JUDGING:
        return Action("Comparing…", "The new network is asked about the held-out images.")
    if plan.readable:
        return Action("Leave these out", "Go on without the images that cannot be used.", "leave_out")
    if plan.possible and not session.shows_plan:
        if _resumable(session):
            return _LATER
        return Action("Back to the plan", "Show the settings of the next training again.", "back")
    if plan.possible:
        return Action("Train", "Begin the training of step 3.", "train")
    if plan.choice.given and (plan.looked is None or plan.stale) and not _resumable(session):
        return Action("Look at the data", "Read every image once and count what is in it.", "look")
    if _resumable(session):
        return _LATER
    if session.state is not None and session.state.model is not None and not session.state.judged:
        return Action("Compare", "Ask the networks about the held-out images.", "compare")
    tip = "Name images in step 1 first." if not plan.choice.given else "Step 2 says what is in the way."
    return Action("Look at the data", tip, "look" if plan.choice.given and plan.look is None else "")


def _resumable(session: TrainingSession) -> bool:
    state = session.state
    return state is not None and (state.resumable or state.phase == "planned")


def found_words(looked: Looked) -> str:
    """Return what was found in a few words."""
    return count(sum(one.images for one in looked.survey.roles.values()), "image")


def time_words(session: TrainingSession) -> str:
    """Return how long the training takes, in a few words."""
    return "" if session.plan.seconds is None else f"about {estimated(session.plan.seconds)}"


def estimate_words(session: TrainingSession) -> str:
    """Return how long the training takes on this device."""
    plan = session.plan
    if plan.config is None:
        return ""
    epochs = count(plan.config.fit.epochs, "epoch")
    if plan.costs is None or plan.seconds is None:
        measuring = session.phase is Phase.ESTIMATING
        return f"{epochs}; measuring how long they take…" if measuring else f"{epochs}; time not known"
    device = {"cpu": "the processor", "cuda": "the graphics card", "mps": "the graphics card"}
    where = device.get(str(plan.costs.get("device", "")), "this device")
    weights = plan.costs.get("n_parameters")
    size = f", {weights / 1e6:.1f} million weights" if weights else ""
    return f"About {estimated(plan.seconds)} on {where}: {epochs}{size}."


def short_of_time(wished: int, taken: int) -> str:
    """Return what to say where there is time for much less than has been enough."""
    from napari_tbcad.batch.trainings.plan import time_note

    return time_note(wished, taken)


def training_words(session: TrainingSession, *, named: bool = True) -> str:
    """Return how far the training that is shown is, in one line; for a heading without its name."""
    config, phase = session.config, session.phase
    if session.busy:
        said = {
            Phase.PAUSED: "paused",
            Phase.PAUSING: "pausing",
            Phase.STOPPING: "stopping",
            Phase.JUDGING: "trained, comparing",
        }.get(phase, "training")
        done = len(session.history.epochs)
        of = f", epoch {done + 1} of {config.fit.epochs}" if config and phase is Phase.TRAINING else ""
        return f"{said}{of}"
    state = session.state
    if state is None:
        return ""
    said = {"finished": "trained", "planned": "not begun"}.get(state.phase, state.phase)
    far = f", {state.epochs_done} of {state.epochs} epochs" if state.epochs else ""
    return f"{state.name}: {said}{far}" if named else f"{said}{far}"


def share_words(share: float) -> str:
    """Return a share of pixels with two digits, and never a 0 for what is there."""
    if not share:
        return "0"
    percent = 100 * share
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %" if percent >= 0.1 else "< 0.1 %"


def activity_of(session: TrainingSession) -> tuple[float | None, str]:
    """Return how much is done of what is under way, and what that is; None when nothing is."""
    if session.plan.look is not None:
        return session.plan.look.share, session.plan.look.what
    if session.phase is Phase.IDLE:
        return None, ""
    said = {
        Phase.ESTIMATING: "measuring how long a step takes",
        Phase.PAUSED: "paused",
        Phase.PAUSING: "pausing after this step",
        Phase.STOPPING: "stopping after this step",
        Phase.JUDGING: "comparing on the held-out images",
    }.get(session.phase, "training")
    return session.child.share or 0.0, ", ".join(filter(None, (said, session.child.text)))


def judged_words(judged: Mapping[str, Any] | None) -> str:
    """Return the mean Dice of the new network in a few words."""
    rows = judged.get("table", ()) if judged is not None else ()
    found = (row for row in rows if row.get("class") == "mean" and row.get("metric") == "dice")
    score = next(found, {}).get("new")
    return "" if score is None else f"Dice {score:.2f}"
