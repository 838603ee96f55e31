"""What a training is: one model of parameters, one YAML file, one form."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError, field_validator, model_validator

from napari_tbcad.errors import BadInput
from napari_tbcad.files import written_whole
from napari_tbcad.networks.build import ArchitectureParameters
from napari_tbcad.networks.card import task_classes
from napari_tbcad.networks.devices import Device
from napari_tbcad.networks.input import InputParameters
from napari_tbcad.plain_text import parse_yaml, read_text
from napari_tbcad.record import Parameters, field
from napari_tbcad.schemes import BONE_SCHEMES, NETWORK_SCHEMES, UNSIDED, LabelScheme
from napari_tbcad.settings import first_fault

LossName = Literal["cross_entropy", "focal", "dice", "tversky"]


class DataSource(Parameters):
    """One collection of images with label images."""

    name: str = field("images", title="Name", description="Name of the collection, printed beside scores.")
    folder: Path = field(Path(), title="Folder", description="Folder of the collection.")
    layout: Literal["folder", "films"] = field(
        "folder",
        title="Layout",
        description="folder: images and label images of the same names. films: a chest data set with lung "
        "masks in a layout the program knows (docs/datasets.md).",
    )
    images: str = field("images", title="Images", description="Folder of the images, below the folder.")
    labels: str | dict[str, int] = field(
        "labels",
        title="Labels",
        description="Folder of the label images; or several folders of binary masks, each with the value "
        "that its mask stands for, such as {masks_right: 1, masks_left: 2}.",
    )
    values: dict[int, int] = field(
        {},
        title="Values",
        description="What the values in the label images mean, where they are not the task's own: "
        "{2: 1, 1: 2} turns the two lungs round; 255 leaves a pixel out.",
        more=True,
    )
    table: str = field(
        "",
        title="Table",
        description="CSV below the folder with a column image (or file), and if there are any, label, "
        "patient, fold and view (anterior or posterior). Without it every image of the folder is taken, each "
        "its own patient.",
    )
    grouped: str = field(
        "",
        title="Sub-collections",
        description="Column of the table that names the collection of each image, where there are several.",
        more=True,
    )
    where: dict[str, str] = field(
        {}, title="Only where", description="Take only rows of the table with these values.", more=True
    )
    weight: float = field(
        1.0,
        title="Weight",
        gt=0,
        le=100,
        description="How often each image is shown in an epoch; 1.5 shows every other image twice.",
    )
    terms: str = field("", title="Terms", description="Terms of use, kept on the model's card.")

    @field_validator("values")
    @classmethod
    def _bytes(cls, values: dict[int, int]) -> dict[int, int]:
        if any(not 0 <= one <= 255 for pair in values.items() for one in pair):
            raise ValueError("values lie between 0 and 255")
        return values


class DataParameters(Parameters):
    """Which images, and who is held out."""

    sources: tuple[DataSource, ...] = field((), title="Collections", description="At least one collection.")
    validation: float = field(
        0.0,
        title="Validation share",
        ge=0,
        lt=0.9,
        description="Share of the training patients on which the training is watched. 0 watches nothing.",
    )
    folds: int = field(5, title="Folds", ge=2, le=50, description="Number of folds, split by patient.")
    fold: int | None = field(
        None, title="Held-out fold", description="Fold that is not trained on, from 0; none trains on all."
    )
    split: Path | None = field(
        None,
        title="Split file",
        description="CSV with image,role (train, validation or test) to use instead of folds.",
        more=True,
    )
    cache: Path | None = field(
        None,
        title="Cache",
        description="Folder in which decoded images are kept for the next training.",
        more=True,
    )

    @model_validator(mode="after")
    def _fold_exists(self) -> DataParameters:
        if self.fold is not None and not 0 <= self.fold < self.folds:
            raise ValueError(f"fold {self.fold} is not one of 0 to {self.folds - 1}")
        return self


class AugmentParameters(Parameters):
    """How training images are varied: as images of other people, poses and devices differ.

    Images of counts (bone scans) are turned, bent, blurred and mirrored as films are; of the rest, thinning
    and gain are theirs alone, and what is said of films is not done to them.
    """

    rotation: float = field(8, title="Rotation", unit="°", ge=0, le=45, description="Largest angle.")
    scale: float = field(0.15, title="Scale", ge=0, le=0.8, description="Largest change of size, as a share.")
    stretch: float = field(
        0.1, title="Stretch", ge=0, le=0.5, description="Largest change of the proportions, as a share."
    )
    shift: float = field(0.08, title="Shift", ge=0, le=0.5, description="Largest shift, share of the side.")
    elastic: float = field(
        0.02, title="Elastic", ge=0, le=0.2, description="Typical elastic displacement, share of the side."
    )
    elastic_cells: int = field(
        5, title="Elastic cells", ge=2, le=32, description="Control points a side.", more=True
    )
    gamma: float = field(
        0.4, title="Gamma", ge=0, le=1.5, description="Spread of the logarithm of the film curve's exponent."
    )
    window: float = field(
        0.15, title="Window", ge=0, le=0.5, description="Largest shift of the ends of the grey scale."
    )
    noise: float = field(
        0.06, title="Noise", ge=0, le=0.5, description="Largest standard deviation of noise."
    )
    blur: float = field(1.0, title="Blur", unit="px", ge=0, le=5, description="Largest blur of the detector.")
    devices: float = field(
        0.3,
        title="Devices",
        ge=0,
        le=1,
        description="Share of images with lines, leads and opaque objects laid over them.",
    )
    occlusion: float = field(
        0.2, title="Occlusion", ge=0, le=1, description="Share of images with covered rectangles."
    )
    density: float = field(
        0.0,
        title="Density",
        ge=0,
        le=1,
        description="Share of images with a smooth added density, as consolidation or fluid adds it. For "
        "organs, which stay where they are below it; not where the density is what is looked for.",
    )
    mirror: float = field(
        0.0,
        title="Mirrored",
        ge=0,
        le=1,
        description="Share of images that are mirrored. Only where no class has a side and no organ matters.",
    )
    thinning: float = field(
        0.5,
        title="Thinning",
        ge=0,
        le=0.95,
        description="Counts only: largest share of the counts taken away at random, as in a shorter scan.",
    )
    gain: float = field(
        0.1,
        title="Gain",
        ge=0,
        le=1,
        description="Counts only: spread of the logarithm of a factor on the normalised image.",
    )
    lesions: float = field(
        0.0,
        title="Lesions",
        ge=0,
        le=1,
        description="Hotspots of bone scans only: share of images into whose bone an abnormal hotspot is "
        "laid, at any place and of sizes up to a whole joint, with counts of its own.",
    )


class LossParameters(Parameters):
    """What is made small: a weighted sum of losses by name."""

    terms: dict[LossName, float] = field(
        {"cross_entropy": 1.0, "dice": 1.0}, title="Losses", description="Weight of every loss in the sum."
    )
    balance: Literal["none", "inverse", "root"] = field(
        "none",
        title="Class balance",
        description="Weight of a class in cross-entropy: all the same, one over its share of the training "
        "pixels, or one over the root of it.",
    )
    gamma: float = field(2.0, title="Focal exponent", ge=0, le=5, description="Of the focal loss.", more=True)
    alpha: float = field(
        0.3, title="Weight of false alarms", ge=0, le=1, description="Of the Tversky loss.", more=True
    )
    smoothing: float = field(
        0.0, title="Label smoothing", ge=0, le=0.3, description="Of cross-entropy.", more=True
    )

    @field_validator("terms")
    @classmethod
    def _some(cls, terms: dict[str, float]) -> dict[str, float]:
        if not terms or any(weight <= 0 for weight in terms.values()):
            raise ValueError("name at least one loss, each with a weight above 0")
        return terms


class FitParameters(Parameters):
    """How long and how fast."""

    epochs: int = field(40, title="Epochs", ge=1, le=10_000, description="Passes over the images.")
    batch: int = field(8, title="Batch", ge=1, le=512, description="Images a step.")
    learning_rate: float = field(2e-3, title="Learning rate", gt=0, le=1, description="Largest one (AdamW).")
    warm_up: float = field(
        0.1, title="Warm-up", ge=0, le=0.9, description="Share of the steps with a rising rate.", more=True
    )
    weight_decay: float = field(0.01, title="Weight decay", ge=0, le=1, description="Of AdamW.", more=True)
    average: float = field(
        0.99,
        title="Averaging",
        ge=0,
        lt=1,
        description="Memory of the running mean of the weights; the mean is what is kept. 0 keeps the last.",
        more=True,
    )
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = field(
        "32-true",
        title="Precision",
        description="bf16-mixed is quicker on processors and cards that know it.",
    )
    device: Device = field("auto", title="Device", description="Where it is trained.")
    devices: int = field(1, title="Cards", ge=1, le=64, description="Graphics cards used.", more=True)
    keep: Literal["last", "best"] = field(
        "last",
        title="Keep",
        description="last: the weights at the end. best: those of the epoch with the best validation Dice.",
    )
    patience: int = field(
        0, title="Patience", ge=0, description="Epochs without a better validation Dice; 0 never stops early."
    )
    start_from: str = field(
        "",
        title="Start from",
        description="Packaged name or file of a network whose weights are taken as the start (fine-tuning).",
    )


class TrainingConfig(Parameters):
    """One training."""

    name: str = field("my-network", title="Name", description="Name of the model.")
    task: str = field(
        "lungs", title="Task", description=f"Label scheme that is learned: {', '.join(NETWORK_SCHEMES)}."
    )
    description: str = field("", title="Description", description="For the card.")
    seed: int = field(0, title="Seed", ge=0, description="Seed of everything random.")
    architecture: ArchitectureParameters = ArchitectureParameters()
    input: InputParameters = InputParameters()
    data: DataParameters = DataParameters()
    augment: AugmentParameters = AugmentParameters()
    loss: LossParameters = LossParameters()
    fit: FitParameters = FitParameters()

    @field_validator("task")
    @classmethod
    def _known(cls, task: str) -> str:
        if task not in NETWORK_SCHEMES:
            raise ValueError(f"there is no task {task!r}; there are {', '.join(NETWORK_SCHEMES)}")
        return task

    @model_validator(mode="after")
    def _watched(self) -> TrainingConfig:
        if self.augment.mirror and self.task not in UNSIDED:
            raise ValueError(f"augment.mirror: images for {self.task} cannot be mirrored")
        if self.augment.lesions and (self.task not in BONE_SCHEMES or self.input.intensity != "counts"):
            raise ValueError("augment.lesions: only for hotspots in images of counts")
        if self.input.views and self.input.intensity != "counts":
            raise ValueError("input.views: only images of counts have views (input.intensity)")
        if (self.fit.keep == "best" or self.fit.patience) and not (self.data.validation or self.data.split):
            raise ValueError("keep: best and patience need data.validation, a share of patients to watch")
        return self

    @property
    def scheme(self) -> LabelScheme:
        """The label scheme of the task."""
        return NETWORK_SCHEMES[self.task]

    @property
    def classes(self) -> tuple[str, ...]:
        """Name of every value of the scheme, background first."""
        return task_classes(self.task)


def load_config(path: str | Path) -> TrainingConfig:
    """Read the YAML file of a training.

    Folders in it are relative to the file; so are a network to start from and a file of encoder weights,
    where they are found there.

    Raises
    ------
    BadInput
        If it cannot be read, is no mapping, or a field is unknown or out of bounds; names file and field.
    """
    path = Path(path).absolute()
    content = read_mapping(path, "expected a mapping with a section per stage of the training")
    return config_from(content, path, path.parent)


def read_mapping(path: Path, expected: str) -> dict[str, Any]:
    """Return the mapping that a YAML file holds.

    Parameters
    ----------
    path : Path
    expected : str
        What to say of a file that holds something else.

    Raises
    ------
    BadInput
        If it cannot be read as YAML, or is no mapping.
    """
    try:
        content = parse_yaml(read_text(path))
    except BadInput:
        raise
    except ValueError as error:
        raise BadInput(path, f"cannot be read as YAML ({error})") from error
    if not isinstance(content, dict):
        raise BadInput(path, expected)
    return content


def config_from(content: dict[str, Any], source: str | Path, home: Path) -> TrainingConfig:
    """Return a checked configuration; relative folders are below `home`."""
    try:
        config = TrainingConfig.model_validate(content)
    except ValidationError as error:
        where, said = first_fault(error)
        raise BadInput(source, f"{where or 'training'}: {said}") from error
    if not config.data.sources:
        raise BadInput(source, "data.sources: name at least one collection of images")

    def below(path: Path | None) -> Path | None:
        return None if path is None else path if path.is_absolute() else home / path

    sources = tuple(one.model_copy(update={"folder": below(one.folder)}) for one in config.data.sources)
    data = config.data.model_copy(
        update={"sources": sources, "split": below(config.data.split), "cache": below(config.data.cache)}
    )

    def beside(named: str) -> str:
        return str(home / named) if named and (home / named).is_file() else named

    weights = {"encoder_weights": beside(config.architecture.encoder_weights)}
    start = {"start_from": beside(config.fit.start_from)}
    return config.model_copy(
        update={
            "data": data,
            "architecture": config.architecture.model_copy(update=weights),
            "fit": config.fit.model_copy(update=start),
        }
    )


def save_config(config: Parameters, path: Path) -> None:
    """Write a configuration as YAML, whole or not at all."""
    import yaml

    with written_whole(path) as temporary:
        text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        temporary.write_text(text, encoding="utf-8")
