"""What is compared: one model of parameters, one YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import ValidationError, field_validator, model_validator

from napari_tbcad.bone.bsi import IndexParameters
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.networks.build import ArchitectureParameters
from napari_tbcad.networks.config import TrainingConfig, config_from, read_mapping
from napari_tbcad.record import Parameters, field
from napari_tbcad.schemes import FOUR_CLASS, THREE_CLASS

SchemeName = Literal["4", "3"]
Baseline = Literal["threshold", "kmeans", "place"]
NONE = "none"


class TuningParameters(Parameters):
    """How a learning rate is chosen: the same trials for every network, scheme and view."""

    learning_rates: tuple[float, ...] = field(
        (1e-3, 4e-3),
        title="Learning rates",
        description="Each is tried by every network on the training patients; that with the best Dice of the "
        "watched patients is kept. One rate: nothing is tried.",
    )
    epochs: int = field(1, title="Epochs", ge=1, le=1000, description="Length of a trial.")

    @field_validator("learning_rates")
    @classmethod
    def _rates(cls, rates: tuple[float, ...]) -> tuple[float, ...]:
        if not rates or any(not 0 < rate <= 1 for rate in rates) or len(set(rates)) < len(rates):
            raise ValueError("name at least one rate, each once, above 0 and at most 1")
        return rates


def classifier_name(weights: str) -> str:
    """Return the method's name of a classifier by what it starts from."""
    if weights == NONE:
        return "classifier"
    stem = "".join(c if c.isalnum() else "_" for c in Path(weights).stem)
    return f"classifier_{stem}"


class ClassifierChoice(Parameters):
    """The image classifier: a ResNet-50 that says whether a view shows an abnormal hotspot at all."""

    weights: tuple[str, ...] = field(
        (NONE,),
        title="Weights",
        description="What it starts from, one set of runs each: none, imagenet (downloaded when it is not "
        "there yet) or the path of a file of weights. Empty leaves the classifier out.",
    )
    encoder: str = field(
        "resnet50",
        title="Network",
        description="By its name in segmentation_models_pytorch or, after tu-, in timm.",
        more=True,
    )

    @field_validator("weights")
    @classmethod
    def _told_apart(cls, weights: tuple[str, ...]) -> tuple[str, ...]:
        if len({classifier_name(one) for one in weights}) < len(weights):
            raise ValueError("runs are named by the file's name without its ending: give each another one")
        return weights


class Effort(Parameters):
    """How thoroughly intervals and tests are computed; nothing is trained anew for them."""

    bootstrap: int = field(
        1000,
        title="Resamples",
        ge=20,
        le=100_000,
        description="Times that patients are drawn again for an interval.",
    )
    permutations: int = field(
        9999,
        title="Exchanges",
        ge=50,
        le=1_000_000,
        description="Exchanges of two methods behind a test; with few patients all there are, if these "
        "are not more.",
    )
    random_state: int = field(0, title="Seed", ge=0, description="Of resamples and exchanges.")


class CompareConfig(Parameters):
    """One comparison: data, budget and everything random are shared by all methods."""

    name: str = field("comparison", title="Name", description="Name of the comparison.")
    description: str = field("", title="Description", description="Printed on the report.")
    training: TrainingConfig = field(
        TrainingConfig(task=FOUR_CLASS.name),
        title="Training",
        description="What all networks share: data, split, grid, variation, loss, budget. Its architecture "
        "and learning rate are replaced.",
    )
    networks: dict[str, ArchitectureParameters] = field(
        {
            "unetplusplus": ArchitectureParameters(architecture="UnetPlusPlus"),
            "unet": ArchitectureParameters(architecture="Unet"),
            "deeplabv3plus": ArchitectureParameters(architecture="DeepLabV3Plus"),
            "fpn": ArchitectureParameters(architecture="FPN"),
        },
        title="Networks",
        description="Architecture by name. The first is the one that the questions of classes and views ask.",
    )
    schemes: tuple[SchemeName, ...] = field(
        ("4", "3"), title="Schemes", description="Label schemes; all networks are compared in the first."
    )
    views: tuple[ViewName, ...] = field(VIEWS, title="Views", description="A network of its own for each.")
    seeds: tuple[int, ...] = field(
        (0, 1), title="Seeds", description="Every network is trained once with each."
    )
    baselines: tuple[Baseline, ...] = field(
        ("threshold", "kmeans", "place"),
        title="Baselines",
        description="Methods that know grey levels alone, and the control that knows place alone.",
    )
    tuning: TuningParameters = TuningParameters()
    classifier: ClassifierChoice = ClassifierChoice()
    index: IndexParameters = IndexParameters()
    effort: Effort = Effort()

    @field_validator("seeds", "schemes", "views")
    @classmethod
    def _once(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if not values or len(set(values)) < len(values):
            raise ValueError("name at least one, each once")
        return values

    @field_validator("networks")
    @classmethod
    def _named(cls, networks: dict[str, ArchitectureParameters]) -> dict[str, ArchitectureParameters]:
        taken = {*get_args(Baseline), "classifier"}
        wrong = [n for n in networks if not n.isidentifier() or not n.isascii() or n in taken]
        if not networks or wrong:
            raise ValueError(
                f"{wrong[0]!r} cannot be a network's name: letters, digits and _ only, and none of "
                f"{', '.join(sorted(taken))}"
                if wrong
                else "name at least one network"
            )
        return networks

    @model_validator(mode="after")
    def _fits(self) -> CompareConfig:
        task = self.training.task
        if task not in (FOUR_CLASS.name, THREE_CLASS.name):
            raise ValueError(f"training.task: {task!r} has no hotspots; 4 and 3 are compared")
        if task == THREE_CLASS.name and FOUR_CLASS.name in self.schemes:
            raise ValueError("schemes: labels of three classes (training.task 3) do not tell normal hotspots")
        if self.training.input.intensity != "counts":
            raise ValueError("training.input.intensity: bone scans are counts")
        if self.training.data.fold is None and self.training.data.split is None:
            raise ValueError("training.data: fold or split must say which patients are tested")
        if not self.training.data.validation and self.training.data.split is None:
            raise ValueError("training.data.validation: patients to choose learning rates on are needed")
        return self

    @property
    def main(self) -> str:
        """The network that the questions of classes and views ask."""
        return next(iter(self.networks))


def load_compare_config(path: str | Path, changes: Mapping[str, Any] | None = None) -> CompareConfig:
    """Read the YAML file of a comparison; folders in it are relative to the file.

    Parameters
    ----------
    path : str or Path
    changes : mapping, optional
        Settings to change by dotted name, such as ``{"training.fit.epochs": 2}``.

    Raises
    ------
    BadInput
        If it cannot be read, is no mapping, or a field is unknown or out of bounds; names file and field.
    """
    from napari_tbcad.settings import assigned, first_fault

    path = Path(path).absolute()
    content = read_mapping(path, "expected a mapping: training, networks, seeds, …")
    try:
        config = assigned(CompareConfig.model_validate(content), changes or {})
    except ValidationError as error:
        where, said = first_fault(error)
        raise BadInput(path, f"{where or 'comparison'}: {said}") from error
    training = config_from(config.training.model_dump(), path, path.parent)
    return config.model_copy(
        update={"training": training, "classifier": _beside(config.classifier, path.parent)}
    )


def example_comparison() -> str:
    """Return an example configuration as YAML text with comments."""
    return (resources.files("napari_tbcad") / "evaluate" / "compare" / "example.yaml").read_text("utf-8")


def _beside(classifier: ClassifierChoice, home: Path) -> ClassifierChoice:
    """Return the choice with files found beside the configuration."""
    found = tuple(str(home / name) if (home / name).is_file() else name for name in classifier.weights)
    return classifier.model_copy(update={"weights": found})
