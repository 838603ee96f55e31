"""From the average body to a person's: one smooth map that bones, soft tissue and outlines all go through.

The average body is described by points (x, y, z): x and y in pixels of the mean of 48 whole-body scans
resized to 1024×256 (x from the midline, > 0 to the patient's left; y from the upper edge), z in mm from the
coronal middle plane, > 0 to the back. A pixel of it is 2.1 mm wide and 1.83 mm high in an average adult,
as head, pelvis and chest tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.simulate.skeleton_parameters import Person

Points = NDArray[np.float64]

TEMPLATE_MM = (2.1, 1.83)
"""Width and height of a template pixel, mm."""

TOP, TOES = 6.0, 1012.0
"""Rows of the template at which the skin of the head begins and the toes end."""

_MEAN_HEIGHT = 1645.0
_SHOULDER = (82.0, 186.0)
_HIP = (46.0, 484.0)


def _smooth(value: Points, low: float, high: float) -> Points:
    """Return 0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _turn(a: Points, b: Points, angle: Points | float) -> tuple[Points, Points]:
    """Return (a, b) turned by an angle (radians) from a towards b."""
    c, s = np.cos(angle), np.sin(angle)
    return c * a - s * b, s * a + c * b


@dataclass(frozen=True)
class Pose:
    """The map from template points to a person's points in mm, before the place in the field is known.

    Parameters
    ----------
    person : Person
        Who.
    """

    person: Person

    @property
    def scale(self) -> float:
        """Size of the person's bones against the average."""
        return self.person.height_mm / _MEAN_HEIGHT

    @property
    def length_mm(self) -> float:
        """From the crown to the toes, which point down."""
        return (TOES - TOP) * TEMPLATE_MM[1] * self.scale

    def breadth(self, y: Points) -> Points:
        """Return the factor of widths at template rows `y`."""
        male = 1.0 if self.person.sex == "male" else -1.0
        knots = [0, 120, 165, 300, 400, 440, 520]
        own = [1.0, 1.0, 1 + 0.025 * male, 1 + 0.02 * male, 1.0, 1 - 0.02 * male, 1 - 0.02 * male]
        # A head is nearly as wide in small and broad people.
        share = np.interp(y, [100, 165], [0.3, 1.0])
        head = 1 + (self.person.head - 1) * (1 - share)
        return np.asarray(np.interp(y, knots, own) * (1 + share * (self.person.width - 1)) * head)

    def height(self, y: Points) -> Points:
        """Return mm below the crown, for template rows `y`, of an average-sized person."""
        p = self.person
        neck, hip, end = 150.0, 490.0, TOES
        # Average rows against a person's; the abdomen gives back what the chest takes, the legs the rest.
        at = np.array([TOP, 95.0, neck, 330.0, hip, end])
        own = np.cumsum([TOP, 89 * p.head, 55 * p.neck, 180 * p.trunk * p.chest, 0, 0])
        own[4] = own[2] + (hip - neck) * p.trunk
        own[5] = end
        rows = np.interp(y, at, own) + np.minimum(y - TOP, 0) + np.maximum(y - end, 0)
        return np.asarray((rows - TOP) * TEMPLATE_MM[1])

    def __call__(self, points: Points, limb: str = "trunk") -> Points:
        """Return where template points lie in the person.

        Parameters
        ----------
        points : (..., 3) array of float
            x, y (template pixels), z (mm).
        limb : str
            ``"trunk"``, ``"head"``, ``"arm"`` or ``"leg"``: what a point moves with. The side follows from x.

        Returns
        -------
        (..., 3) array of float
            x, y, z in mm; x from the midline, y from the crown, z from the coronal middle plane.
        """
        x, y, z = (np.asarray(points, dtype=float)[..., i] for i in range(3))
        y0 = y
        side = np.where(x < 0, -1.0, 1.0)
        if limb in ("arm", "leg"):
            x, y = self._limb(x, y, side, limb)
        elif limb == "head":
            x, y, z = self._head(x, y, z)
        else:
            y, z = self._pelvis(y, z)
            x = x * self.breadth(y0)
        x, y = x * TEMPLATE_MM[0], self.height(y)
        x, z = self._trunk(x, y0, z, limb)
        y = y - self._shrug(x, y0, limb)
        x, y, z = x * self.scale, y * self.scale, z * self.scale
        x, y = _turn(x, y - 0.4 * self.length_mm, np.deg2rad(-self.person.lean_deg))
        return np.stack([x, y + 0.4 * self.length_mm, z], axis=-1)

    def _shrug(self, x: Points, y: Points, limb: str) -> Points:
        """Rise of the shoulder girdle, mm; it grows from the sternum outwards and ends below the scapula."""
        if limb in ("head", "leg"):
            return np.zeros_like(x)
        outward = _smooth(np.abs(x), 40.0, 150.0) * (1 - _smooth(y, 190, 260))
        rise = self.person.shrug_mm + np.sign(x) * self.person.shoulder_tilt_mm
        return np.asarray(rise * (1.0 if limb == "arm" else outward))

    def _limb(self, x: Points, y: Points, side: Points, limb: str) -> tuple[Points, Points]:
        px, py = _SHOULDER if limb == "arm" else _HIP
        angle: Points | float = self.person.arm_deg if limb == "arm" else self.person.leg_deg
        ratio = TEMPLATE_MM[1] / TEMPLATE_MM[0]
        base = px * self.breadth(np.asarray(py))
        long = 1.0
        if limb == "arm":
            # Broad persons hold their arms closer: the table is no wider for them.
            angle = angle - 15.0 * (base * self.scale / px - 1)
            long = self.person.arms
        dx, dy = _turn(side * x - px, (y - py) * ratio * long, -np.deg2rad(angle))
        return side * (base + dx), py + dy / ratio

    def _head(self, x: Points, y: Points, z: Points) -> tuple[Points, Points, Points]:
        p = self.person
        x = x * self.breadth(y)
        # Chin up or down about the ears; turn about the long axis; tilt about the neck's base.
        y, z = self._pitched(y, z, 88.0, 10.0, np.deg2rad(p.chin_deg) * (1 - _smooth(y, 92, 165)))
        x, z = _turn(x * TEMPLATE_MM[0], z - 10, np.deg2rad(p.head_turn_deg) * (1 - _smooth(y, 95, 165)))
        z = z + 10
        angle = np.deg2rad(p.head_tilt_deg) * (1 - _smooth(y, 110, 170))
        x, dy = _turn(x, (y - 150) * TEMPLATE_MM[1], angle)
        return x / TEMPLATE_MM[0], 150 + dy / TEMPLATE_MM[1], z

    def _pelvis(self, y: Points, z: Points) -> tuple[Points, Points]:
        angle = np.deg2rad(self.person.pelvic_tilt_deg) * _smooth(y, 320, 410)
        return self._pitched(y, z, _HIP[1], 0.0, -angle)

    @staticmethod
    def _pitched(y: Points, z: Points, y0: float, z0: float, angle: Points | float) -> tuple[Points, Points]:
        """Return (y, z) turned about a transverse axis; > 0 lifts the front."""
        dz, dy = _turn(z - z0, (y - y0) * TEMPLATE_MM[1], angle)
        return y0 + dy / TEMPLATE_MM[1], z0 + dz

    def _trunk(self, x: Points, y: Points, z: Points, limb: str) -> tuple[Points, Points]:
        """Bend and turn of the trunk; x and z in mm, y the template row."""
        p = self.person
        if limb == "leg":
            return x, z
        turn = np.deg2rad(p.turn_deg) * (1 - _smooth(y, 380, 540) * 0.8) * (1.0 if limb == "trunk" else 0.0)
        x, z = _turn(x, z, turn)
        bend = np.sin(np.pi * np.clip((y - 165) / (420 - 165), 0, 1))
        # The cage follows the spine only in part.
        follow = np.exp(-((x / 150.0) ** 2))
        return (x + p.scoliosis_mm * bend * follow if limb == "trunk" else x), z
