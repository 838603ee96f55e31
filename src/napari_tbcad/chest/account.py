"""What a run has to say for itself: its warnings, and the record of every step and edit."""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, Any, cast

from napari_tbcad import history as common_history
from napari_tbcad.chain import Run, Stage
from napari_tbcad.chest.lungs.registry import segmenter
from napari_tbcad.chest.quality import check_film, check_masks, require_usable
from napari_tbcad.errors import BadInput
from napari_tbcad.io.clinic.makers import programs_in
from napari_tbcad.record import Record, Step

if TYPE_CHECKING:
    from napari_tbcad.chest.lungs.atlas import Atlas


def gather_warnings(run: Run) -> tuple[str, ...]:
    """Return the complaints of all stages that have run, each once, in order."""
    said: list[str] = []
    film = run.get("upright")
    if film is not None:
        said += film.warnings
        with contextlib.suppress(BadInput):  # the stage that needs a usable film says what is wrong with it
            require_usable(film)
            said += check_film(film)
    if not (run.edited("sensitive") and run.edited("insensitive")) and run.get("soft") is not None:
        said += run.get("soft").warnings
    if film is not None and run.get("insensitive") is not None:
        said += check_masks(film, run.get("insensitive"))
    if film is not None and run.edited("sensitive"):
        # The automatic one leaves opacities out on purpose; a person's should have both lungs on their sides.
        texts = check_masks(film, run.get("sensitive"))
        said += [f"Sensitive mask: {text}" for text in texts if text not in said]
    said += programs_in(run.journal)
    said += _foreign_to_the_model(run)
    for name in ("enhanced", "opacities", "features", "result"):
        said += getattr(run.get(name), "warnings", ())
    return tuple(dict.fromkeys(said))


def _foreign_to_the_model(run: Run) -> tuple[str, ...]:
    """Say when enhancement or automatic masks are other than those the model learned from."""
    model, settings = run.get("model"), cast(Any, run.settings)
    if model is None:
        return ()
    card, name = model.card, segmenter_of(run)
    if card.enhance and any(
        getattr(settings.enhance, key, value) != value for key, value in card.enhance.items()
    ):
        return ("The model learned from films that were enhanced otherwise: do not rely on it.",)
    asked = getattr(run.get("opacities"), "model", "").rpartition(" ")[2]
    if card.opacity_network and asked and card.opacity_network != asked:
        return ("The model learned from opacities of another network: do not rely on it.",)
    learned = card.masks.get("opacities", {})
    # The threshold shapes areas alone, which not every model with opacities reads.
    reads = {"augment": "opacity_", "threshold": "opacity_area_"}
    if any(
        getattr(settings.opacities, key) != learned.get(key, getattr(settings.opacities, key))
        and any(name.startswith(prefix) for name in card.feature_names)
        for key, prefix in reads.items()
    ):
        return ("The model learned from opacities that were found otherwise: do not rely on it.",)
    if run.edited("sensitive") and run.edited("insensitive"):
        return ()
    if card.segmenter and card.segmenter != name:
        return (f"The model learned from masks of {card.segmenter}, these are of {name}: do not rely on it.",)
    if card.atlas and card.atlas != atlas_digest(name, run.get("library")):
        return ("The model learned from masks of another atlas: do not rely on it.",)
    network = network_of(run)
    if card.network and network and card.network != network:
        return ("The model learned from masks of another lung network: do not rely on it.",)
    return ()


def segmenter_of(run: Run) -> str:
    """Return the segmenter that found the lungs, which is not the chosen one where that was of no use.

    Before they are found with the run's settings, that of the settings.
    """
    soft, settings = run.get("soft"), cast(Any, run.settings)
    if soft is None or not soft.segmenter or run.made_with("soft") != settings.lungs:
        return str(settings.lungs.segmenter)
    return str(soft.segmenter)


def lungs_step(run: Run) -> Step | None:
    """Return the step that found the lungs, None before."""
    soft = run.get("soft")
    steps = () if soft is None else [one for one in soft.record if isinstance(one, Step)]
    return steps[-1] if steps and steps[-1].name == soft.segmenter else None


def network_of(run: Run) -> str | None:
    """Return the SHA-256 of the network that found the lungs; None when none did."""
    step = lungs_step(run)
    return step.model.split()[-1] if step is not None and step.name == "network" and step.model else None


def history(run: Run) -> Record:
    """Return the film's own record, one step per automatic output there is, and every edit of a person.

    See :func:`napari_tbcad.history.history`.
    """

    def describe(stage: Stage, parameters: Any, own: tuple[Step, ...]) -> tuple[Any, str | None]:
        if stage.name == "lungs":
            soft = run.get("soft")
            chosen = soft.segmenter or parameters["segmenter"]
            model = atlas_digest(chosen, run.get("library")) or (own[-1].model if own else None)
            return {"segmenter": chosen, **parameters[chosen]}, model
        named = stage.name in ("classify", "opacities") and own
        return parameters, own[-1].model if named else None

    return common_history.history(run, run.get("film").record, describe)


def atlas_digest(name: str, library: Atlas | None) -> str | None:
    """Return which atlas a segmenter used; None for one that uses none."""
    if "library" not in inspect.signature(segmenter(name).function).parameters:
        return None
    if library is None:
        from napari_tbcad.chest.lungs.atlas import packaged_atlas

        library = packaged_atlas()
    return f"atlas {library.digest}"
