"""The training that a person gets without touching anything, from the data that was found. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.batch.trainings.roles import learned_by, roles_of, save_roles
from napari_tbcad.batch.trainings.start import NONE, PACKAGED, start_from
from napari_tbcad.batch.trainings.state import CACHE, DATA, ROLES, now, write_json
from napari_tbcad.batch.trainings.tasks import TASKS, FoundData
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.schemes import REGIONS

if TYPE_CHECKING:
    from napari_tbcad.networks.card import NetworkCard
    from napari_tbcad.networks.config import TrainingConfig
    from napari_tbcad.networks.samples import Sample

MINUTES = 30.0
"""Time that a training takes at most unless a person says otherwise."""
HELD_OUT = WATCHED = 0.2
STEPS = {"nothing": 1600, "network": 500}
"""Steps planned from nothing, and from a network: on two idle cores some half an hour, and ten minutes."""
FEWEST_EPOCHS, MOST_EPOCHS = 4, 250


def training_plan(
    task: str,
    data: FoundData,
    *,
    start: str = PACKAGED,
    epochs: int | None = None,
    minutes: float | None = None,
    seconds_per_step: float | None = None,
    held_out: float = HELD_OUT,
    watched: float = WATCHED,
    device: str = "auto",
    name: str = "",
    out: Path,
) -> TrainingConfig:
    """Return the training of the data that was found.

    Parameters
    ----------
    task : str
        Key of :data:`~napari_tbcad.batch.trainings.tasks.TASKS`.
    data : FoundData
    start : str, optional
        ``"packaged"``, ``"none"``, or the name or file of a network. Architecture and input are its own;
        from nothing, those of the packaged one.
    epochs : int, optional
        How often each image is shown; by default what is usually enough, and no more than `minutes` allow.
    minutes, seconds_per_step : float, optional
        Longest time, and how long a step takes; :func:`fit_epochs` does the same once that was measured.
    held_out, watched : float, optional
        Share of the patients on whom the network is judged; share of the others on whom it is watched and
        the best epoch is chosen.
    device : str, optional
    name : str, optional
        Of the network.
    out : Path
        The training's folder: ``roles.csv`` and ``data.json`` are written there, decoded images will be.

    Returns
    -------
    TrainingConfig

    Raises
    ------
    BadInput
        If there is no image, or the folder cannot be written.
    ModelRefused
        If the network to start from is not there, or is of another task or view.
    """
    from napari_tbcad.networks.config import config_from
    from napari_tbcad.networks.samples import load_samples

    chosen, home = TASKS[task], out.parent
    views = _views(data)
    content, packaged = _beginning(chosen.packaged(data.view), views)
    content["fit"]["start_from"] = start_from(
        start, content, packaged=chosen.packaged(data.view), task=data.scheme, views=views
    )
    scheme = _scheme(data.scheme)
    samples = [sample for source in data.sources for sample in load_samples(source, scheme)]
    if not samples:
        raise BadInput("data", "no image with labels was found")
    known = set(data.learned) | (known_to(content["fit"]["start_from"], samples, home) or set())
    roles = roles_of(samples, held_out=held_out, watched=watched, known=known)
    trained = sum(roles[sample.patient] == "train" for sample in samples)
    is_watched = "validation" in roles.values()
    content |= {
        "name": name or f"my-{chosen.packaged(data.view)}",
        "task": data.scheme,
        "description": f"{chosen.title}, trained {now()[:10]} on {trained} images.",
        "data": {
            "sources": [one.model_dump(mode="json") for one in data.sources],
            "split": str((out / ROLES).absolute()),
            "cache": str((out / CACHE).absolute()),
        },
    }
    content["fit"] |= _fit(start, trained, epochs, minutes, seconds_per_step) | {
        "device": device,
        "keep": "best" if is_watched else "last",
    }
    config = config_from(content, "the training", Path.cwd())
    try:
        save_roles(samples, roles, out / ROLES)
        write_json(out / DATA, data.to_json() | {"start": start, "packaged": packaged})
    except OSError as error:
        raise BadInput(out, f"cannot write there ({error.strerror or error})") from error
    return config


def _scheme(name: str) -> Any:
    from napari_tbcad.schemes import NETWORK_SCHEMES

    return NETWORK_SCHEMES[name]


def _views(data: FoundData) -> tuple[str, ...]:
    """Return the views that the network is to read."""
    if TASKS[data.task].workflow == "chest":
        return ()
    return (data.view,) if data.view else VIEWS


def _beginning(packaged: str, views: Sequence[str]) -> tuple[dict[str, Any], str]:
    """Return a training as that of the packaged network was, and its name; what it knew is not taken."""
    card = _card_of(packaged)
    content: dict[str, Any] = {"seed": 0, "fit": {}}
    if card is None:  # then a person must name one, or gets what the program has by itself
        return content, ""
    content["architecture"] = card.architecture.without_weights.model_dump(mode="json")
    content["input"] = card.input.model_dump(mode="json") | {"views": list(views)}
    for section in ("augment", "loss"):
        if isinstance(given := card.training.get(section), dict):
            content[section] = dict(given)
    return content, packaged


def _card_of(name: str) -> NetworkCard | None:
    from napari_tbcad.networks.listing import find_entry

    try:
        return find_entry(name).card()
    except (BadInput, OSError):
        return None


def _fit(
    start: str, trained: int, epochs: int | None, minutes: float | None, seconds_per_step: float | None
) -> dict[str, Any]:
    """Return how long and how fast: more steps and a higher rate from nothing than from a network."""
    batch = 8 if trained >= 32 else 4
    steps = max(1, trained // batch)
    wanted = STEPS["nothing" if start == NONE else "network"]
    number = epochs or min(MOST_EPOCHS, max(FEWEST_EPOCHS, round(wanted / steps)))
    if epochs is None and minutes is not None and seconds_per_step is not None:
        number = max(1, min(number, int(60 * minutes / max(1e-9, steps * seconds_per_step))))
    return {
        "epochs": number,
        "batch": batch,
        "learning_rate": 2e-3 if start == NONE else 5e-4,
        # The memory of the mean of the weights must be short beside the training.
        "average": 0.98 if number * steps < 1500 else 0.99,
        "precision": "32-true",
    }


def known_to(start: str, samples: Sequence[Sample], home: Path) -> set[str] | None:
    """Return the patients that a network trained here has learned from; None where nobody knows.

    Parameters
    ----------
    start : str
        The network, as a training's `fit.start_from` says it.
    samples : sequence of Sample
    home : Path
        Folder of trainings.
    """
    if not start:
        return set()
    learned = learned_by(Path(start), home)
    if learned is None:
        return None
    images, patients = learned
    return {s.patient for s in samples if s.patient in patients or s.image.absolute().as_posix() in images}


def plan_notes(config: TrainingConfig, data: FoundData, *, home: Path | None = None) -> list[str]:
    """Return what a person must know of a plan before it is trained.

    Parameters
    ----------
    config : TrainingConfig
        As :func:`training_plan` gave it.
    data : FoundData
    home : Path, optional
        Folder of trainings, where networks of one's own may have been trained.

    Returns
    -------
    list of str
        Such as held-out patients from whom a network that is compared with has learned. What the images
        and their numbers tell is said by :func:`~napari_tbcad.networks.survey.survey`.
    """
    from napari_tbcad.networks.samples import load_samples
    from napari_tbcad.networks.splits import split_samples

    samples = [sample for source in config.data.sources for sample in load_samples(source, config.scheme)]
    split = split_samples(samples, config.data, config.seed)
    held = {sample.patient for sample in split.test}
    notes: list[str] = []
    packaged = TASKS[data.task].packaged(data.view)
    starts = config.fit.start_from == packaged
    if learned := len(held & data.learned):
        does = "starts from and is" if starts else "is"
        notes.append(
            f"{learned} of {len(held)} held-out patients were learned by the packaged network that this one "
            f"{does} compared with: {'both scores are' if starts else 'its score is'} too good there. "
            + ("Only a training from nothing is honestly judged on them" if starts else "Yours is honest")
        )
    elif held and not data.told:
        notes.append(
            f"whether the packaged network {packaged!r} learned from some of these images is not known"
        )
    own = (known_to(config.fit.start_from, split.test, home) or set()) if home is not None else set()
    if own:
        notes.append(
            f"{len(own)} of {len(held)} held-out patients were learned by the network it starts from: "
            "the score will be too good"
        )
    if config.task == REGIONS.name and len({s.view for s in split.train}) < len(VIEWS):
        notes.append("regions of one view only: `bone run` and the panel take a network of both views")
    return notes


def fit_epochs(config: TrainingConfig, *, seconds: float, minutes: float = MINUTES) -> TrainingConfig:
    """Return the training with as many epochs as fit into the time; never more than it had.

    Parameters
    ----------
    config : TrainingConfig
    seconds : float
        How long it takes as it is.
    minutes : float, optional
        How long it may take.
    """
    if seconds <= 60 * minutes:
        return config
    # A tenth is left for a machine that is busier than when it was measured.
    epochs = max(1, int(config.fit.epochs * 0.9 * 60 * minutes / seconds))
    return config.model_copy(update={"fit": config.fit.model_copy(update={"epochs": epochs})})


def time_note(asked: int, taken: int) -> str:
    """Return what to say where there is time for far fewer epochs than are usually enough; else ""."""
    if 2 * taken >= asked:
        return ""
    return (
        f"there is time for {taken} of {asked} epochs: expect less of the network, give it more time, or "
        "train when the computer has nothing else to do"
    )
