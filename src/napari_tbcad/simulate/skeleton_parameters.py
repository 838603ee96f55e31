"""What may differ between two simulated persons, and how much it does."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from napari_tbcad.errors import BadInput

Sex = Literal["female", "male"]


@dataclass(frozen=True, kw_only=True)
class BodyParameters:
    """The person, the posture and the grid. A field left None is drawn from the seed.

    Parameters
    ----------
    sex : "female", "male" or None
        Changes height, shoulders and pelvis.
    height_mm : float or None
        Standing height; female 1590 ± 60, male 1700 ± 65.
    build : float or None
        Thickness of the soft tissue, 1 is average; 1 ± 0.12.
    width : float or None
        Breadth of the skeleton, 1 is average; 1 ± 0.04.
    trunk : float or None
        Length of the trunk against the legs, 1 is average; 1 ± 0.03.
    chest : float or None
        Length of the chest against the abdomen, 1 is average; 1 ± 0.03.
    neck : float or None
        Length of the neck, 1 is average; 1 ± 0.10.
    arms : float or None
        Length of the arms, 1 is average; 1 ± 0.035.
    head : float or None
        Size of the head, 1 is average; 1 ± 0.03.
    shrug_mm : float or None
        How far the shoulders stand above the average; 0 ± 8.
    shoulder_tilt_mm : float or None
        How far the left shoulder stands above their mean, the right below; 0 ± 5.
    scoliosis_mm : float or None
        Sideways bend of the spine at its apex, > 0 towards the patient's left; 0 ± 5.
    turn_deg : float or None
        Rotation of the trunk about its long axis, > 0 brings the front to the patient's left; 0 ± 3.
    head_tilt_deg : float or None
        Tilt of the head in the image plane, > 0 towards the patient's left shoulder; 0 ± 4.5.
    head_turn_deg : float or None
        Rotation of the head, > 0 brings the face to the patient's left; 0 ± 5.
    chin_deg : float or None
        Lift of the chin, > 0 up; 0 ± 7.
    pelvic_tilt_deg : float or None
        Forward tilt of the pelvis, > 0 lowers the pubis; 0 ± 4.
    arm_deg : float or None
        Arms away from the trunk, against the average; 0 ± 1.5.
    leg_deg : float or None
        Legs apart, against the average; 0 ± 1.3.
    lean_deg : float or None
        The whole body turned in the image plane; 0 ± 0.8.
    shift_mm : tuple of float (row, column) or None
        Where the body lies in the field; 0 ± 2.5, 0 ± 6.
    shape : tuple of int (rows, columns)
        The grid. A coarse grid holds the same body on larger pixels.
    pixel_mm : tuple of float (row, column) or None
        Pixel size. None: rows are stretched so that the body fills the field from head to toe, as in the
        BS-80K images (about 1.8 × 2.1 mm at 1024×256). A camera's own pixels are (2.26, 2.26).
    slab_mm : float
        Depth of a voxel.
    """

    sex: Sex | None = None
    height_mm: float | None = None
    build: float | None = None
    width: float | None = None
    trunk: float | None = None
    chest: float | None = None
    neck: float | None = None
    arms: float | None = None
    head: float | None = None
    shrug_mm: float | None = None
    shoulder_tilt_mm: float | None = None
    scoliosis_mm: float | None = None
    turn_deg: float | None = None
    head_tilt_deg: float | None = None
    head_turn_deg: float | None = None
    chin_deg: float | None = None
    pelvic_tilt_deg: float | None = None
    arm_deg: float | None = None
    leg_deg: float | None = None
    lean_deg: float | None = None
    shift_mm: tuple[float, float] | None = None
    shape: tuple[int, int] = (1024, 256)
    pixel_mm: tuple[float, float] | None = None
    slab_mm: float = 5.0

    def __post_init__(self) -> None:
        for name, (low, high) in _LIMITS.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise BadInput("body", f"{name} is {value}, outside {low} to {high}")
        if self.sex not in (None, "female", "male"):
            raise BadInput("body", f"sex is {self.sex!r}, not 'female' or 'male'")
        if len(self.shape) != 2 or min(self.shape) < 32:
            raise BadInput("body", f"a grid of {self.shape} is too small for a body")
        if self.pixel_mm is not None and not all(0.5 <= size <= 40 for size in self.pixel_mm):
            raise BadInput("body", f"pixels of {self.pixel_mm} mm")


_LIMITS = {
    "height_mm": (1300.0, 2100.0),
    "build": (0.6, 1.8),
    "width": (0.8, 1.25),
    "trunk": (0.9, 1.1),
    "chest": (0.9, 1.1),
    "neck": (0.6, 1.4),
    "arms": (0.85, 1.15),
    "head": (0.85, 1.15),
    "shrug_mm": (-30.0, 30.0),
    "shoulder_tilt_mm": (-20.0, 20.0),
    "scoliosis_mm": (-40.0, 40.0),
    "turn_deg": (-20.0, 20.0),
    "head_tilt_deg": (-20.0, 20.0),
    "head_turn_deg": (-40.0, 40.0),
    "chin_deg": (-20.0, 20.0),
    "pelvic_tilt_deg": (-15.0, 15.0),
    "arm_deg": (-6.0, 12.0),
    "leg_deg": (-4.0, 8.0),
    "lean_deg": (-4.0, 4.0),
    "slab_mm": (1.0, 20.0),
}

# Mean, standard deviation of what is drawn.
_SPREAD = {
    "build": (1.0, 0.12),
    "width": (1.0, 0.04),
    "trunk": (1.0, 0.03),
    "chest": (1.0, 0.03),
    "neck": (1.0, 0.10),
    "arms": (1.0, 0.035),
    "head": (1.0, 0.03),
    "shrug_mm": (0.0, 8.0),
    "shoulder_tilt_mm": (0.0, 5.0),
    "scoliosis_mm": (0.0, 5.0),
    "turn_deg": (0.0, 3.0),
    "head_tilt_deg": (0.0, 4.5),
    "head_turn_deg": (0.0, 5.0),
    "chin_deg": (0.0, 7.0),
    "pelvic_tilt_deg": (0.0, 4.0),
    "arm_deg": (0.0, 1.5),
    "leg_deg": (0.0, 1.3),
    "lean_deg": (0.0, 0.8),
}
_HEIGHT = {"female": (1590.0, 60.0), "male": (1700.0, 65.0)}
_SHIFT = np.array([2.5, 6.0])


@dataclass(frozen=True)
class Person:
    """A :class:`BodyParameters` with nothing left open; same fields, same units."""

    sex: Sex
    height_mm: float
    build: float
    width: float
    trunk: float
    chest: float
    neck: float
    arms: float
    head: float
    shrug_mm: float
    shoulder_tilt_mm: float
    scoliosis_mm: float
    turn_deg: float
    head_tilt_deg: float
    head_turn_deg: float
    chin_deg: float
    pelvic_tilt_deg: float
    arm_deg: float
    leg_deg: float
    lean_deg: float
    shift_mm: tuple[float, float]


def draw_person(parameters: BodyParameters, seed: int) -> Person:
    """Return the person that `seed` stands for, with the given fields kept.

    Every field has its own random number, so that giving one leaves the others as they were.
    """
    generator = np.random.default_rng([seed, 4])
    female = bool(generator.random() < 0.5)
    sex: Sex = parameters.sex or ("female" if female else "male")
    # Within two and a half standard deviations: no person beyond the limits.
    height = float(np.clip(generator.normal(), -2.5, 2.5))
    normal = np.clip(generator.normal(size=len(_SPREAD)), -2.5, 2.5)
    shift = np.clip(generator.normal(size=2), -2, 2) * _SHIFT
    mean, spread = _HEIGHT[sex]
    drawn: dict[str, Any] = {"sex": sex, "height_mm": mean + spread * height}
    drawn |= {
        name: mean + spread * float(z)
        for (name, (mean, spread)), z in zip(_SPREAD.items(), normal, strict=True)
    }
    drawn["shift_mm"] = (float(shift[0]), float(shift[1]))
    given = {f.name: getattr(parameters, f.name) for f in fields(Person)}
    return Person(**{name: drawn[name] if value is None else value for name, value in given.items()})
