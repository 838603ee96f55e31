"""Label schemes as data: what a value in a mask means, and the colour it is shown in."""

from __future__ import annotations

RIGHT, LEFT = 1, 2
"""Lungs, the patient's sides: the right lung lies on the image's left in a frontal film."""

LUNG_NAMES = {RIGHT: "right lung", LEFT: "left lung"}

LUNG_COLOURS = {RIGHT: "#56B4E9", LEFT: "#E69F00"}
"""Sky blue and orange, told apart by colour-blind readers (Okabe and Ito, Color Universal Design, 2008)."""
