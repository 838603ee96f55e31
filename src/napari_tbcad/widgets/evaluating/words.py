"""What the panel says about evaluations, in words."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from napari_tbcad.durations import estimated
from napari_tbcad.widgets.child_panel import Action
from napari_tbcad.widgets.child_work import Phase
from napari_tbcad.widgets.parts.words import count

if TYPE_CHECKING:
    from napari_tbcad.widgets.evaluating.session import EvaluationSession

METHODS = {
    "hierarchical_svm": "SVM, 2 stages",
    "hierarchical_nb": "Bayes, 2 stages",
    "single_svm": "SVM, 1 stage",
    "single_nb": "Bayes, 1 stage",
}
METHOD_TIPS = {
    "hierarchical_svm": "Support vector machine: first shape, then all features where shape leaves it open.",
    "hierarchical_nb": "Naive Bayes: first shape, then all features where shape leaves it open.",
    "single_svm": "Support vector machine on all features at once.",
    "single_nb": "Naive Bayes on all features at once.",
}
CONTROLS = {
    "outside_lungs": "outside the lungs",
    "image_border": "image border",
    "shuffled_labels": "shuffled labels",
    "age_sex": "age and sex",
}
FIGURES = {
    "auc": ("AUC", "Area under the ROC curve: 1 is perfect, 0.5 is chance."),
    "recall": ("Recall", "Share of the films with tuberculosis that are called suspect (sensitivity)."),
    "specificity": ("Specif.", "Share of the films without tuberculosis that are not called suspect."),
    "precision": ("Precis.", "Share of the films called suspect that have tuberculosis."),
    "f1": ("F1", "Harmonic mean of precision and recall."),
    "error_rate": ("Error", "Share of the films decided wrongly."),
    "accuracy": ("Accur.", "Share of the films decided rightly."),
    "recall_at_specificity_70": ("Rec@70", "Recall where the specificity is 70 % (WHO triage: 0.90)."),
    "brier": ("Brier", "Mean squared error of the probability: 0 is perfect, 0.25 is a coin."),
}
"""Figures of the table: column and tooltip."""


def action_of(session: EvaluationSession) -> Action:
    """Return the next sensible thing to do."""
    plan, phase = session.plan, session.phase
    if phase is Phase.STOPPING:
        return Action("Stopping…", "It stops after the step under way; what was measured is kept.")
    if session.busy:
        return Action("Evaluating…", "It goes on in a process of its own; the window is free.")
    if session.resumable:
        return Action("Go on", "Go on where this evaluation ended; what was measured is kept.", "resume")
    if session.results is not None and (not plan.possible or plan.used):
        there = session.results.report.is_file()
        return Action("Open report", "Open report.html in the browser.", "report" if there else "")
    if plan.path is None:
        return Action(
            "Choose a data set…", "A folder of films with labels; step 1 takes tables too.", "choose"
        )
    if phase is Phase.LOOKING:
        return Action("Looking…", "Every film is named and its beginning read; nothing is measured yet.")
    if plan.found is None:
        return Action("Look again", "Look at the films of step 1.", "look")
    tip = "Begin the evaluation of step 2." if plan.possible else "Step 1 says what is in the way."
    return Action("Evaluate", tip, "evaluate" if plan.possible else "")


def activity_of(session: EvaluationSession) -> tuple[float | None, str]:
    """Return how much is done of what is under way, and what that is; None when nothing is."""
    child = session.child
    if session.reading:
        return 0.0, "reading the results"
    if session.phase is Phase.IDLE:
        return None, ""
    said = {
        Phase.LOOKING: "looking at the films",
        Phase.ESTIMATING: "measuring how long it takes",
        Phase.STOPPING: "stopping after this step",
    }.get(session.phase, "evaluating")
    return child.share or 0.0, ", ".join(filter(None, (said, progress_words(child.text))))


def progress_words(text: str) -> str:
    """Return what is done without the time that this part of it takes: the whole time is told beside it."""
    return re.sub(r", about [^:]* left", "", text)


def films_words(found: Mapping[str, Any]) -> str:
    """Return how many films there are, in a few words."""
    return f"{count(int(found['films']), 'film')}, {found['tb']} TB"


def estimate_words(session: EvaluationSession) -> str:
    """Return how long the evaluation takes on this machine."""
    plan = session.plan
    if not plan.possible or plan.found is None:
        return "How long it takes is measured once the films are found."
    variants = count(len(plan.config.variants), "variant")
    films = count(int(plan.found["films"]), "film")
    methods = count(len(plan.config.methods), "classifier")
    what = f"{films}, {variants} of features, {methods}"
    if plan.seconds is not None:
        return f"{time_words(plan.seconds).capitalize()} on this machine: {what}."
    if plan.no_time:
        return f"{what}. Time not known: {plan.no_time}."
    measuring = session.phase is Phase.ESTIMATING
    return f"{what}; measuring how long they take…" if measuring else f"{what}."


def time_words(seconds: float) -> str:
    """Return about how long something takes."""
    said = estimated(seconds)
    return said if said.startswith("less") else f"about {said}"


def method_words(method: str) -> str:
    """Return what a method is called; a model's name stands for itself."""
    return METHODS.get(method, method)


def fold_words(fold: str) -> str:
    """Return what a fold is called: of the first repeat its number alone."""
    return re.sub(r"^r1-f", "", fold)


def control_words(control: str) -> str:
    """Return what a control is called."""
    kind, _, fold = control.partition(", fold ")
    named = CONTROLS.get(kind, kind.replace("_", " "))
    short = named.removesuffix(" the lungs").removeprefix("image ")
    return f"{short}, {fold_words(fold)}" if fold else named


def figure(value: float, low: float, high: float, digits: int = 2) -> str:
    """Return a figure with its interval."""
    if not math.isfinite(value):
        return "–"
    said = f"{value:.{digits}f}"
    if math.isfinite(low) and math.isfinite(high):
        said += f" ({low:.{digits}f}–{high:.{digits}f})"
    return said


def score_words(session: EvaluationSession) -> str:
    """Return the leading score in a few words."""
    results = session.results
    if results is None or results.evaluation.summary.empty:
        return ""
    first = results.evaluation.summary.iloc[0]
    return f"AUC {figure(first['auc'], first['auc_low'], first['auc_high'])}"
