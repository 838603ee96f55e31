"""The twelve regions as a reader outlines them on each view, carried along by the person's pose.

A region of a whole-body scan is not the shadow of its bones: the ribs are one filled cage, the spine one
band, the vertebrae behind the sternum belong to the sternum. The outlines follow the mean of 48 pairs of
region masks, rounded to pixels; each corner has the depth of the bone it is seen on, so that turning the
body moves the sternum against the spine as it does in a scan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon

from napari_tbcad.imaging.bonescan import ViewName
from napari_tbcad.schemes import REGION_IDS
from napari_tbcad.simulate.skeleton_pose import Pose
from napari_tbcad.simulate.skeleton_shapes import Points, as_points
from napari_tbcad.simulate.skeleton_voxels import Grid, densified


@dataclass(frozen=True, eq=False)
class Card:
    """One outline of a region.

    Parameters
    ----------
    region : str
    half : (n, 3) array of x, y, z
        Template points. With `paired`, the outline on the patient's left, drawn on the right as well;
        without, the left half of an outline that crosses the midline, from top to bottom.
    limb : str
    paired : bool
    hole : bool
        Cut out instead of drawn.
    """

    region: str
    half: Points
    limb: str = "trunk"
    paired: bool = False
    hole: bool = False


def _card(
    region: str, corners: str, depth: float, *, limb: str = "trunk", paired: bool = False, hole: bool = False
) -> Card:
    """Return a card from corners ``"x,y x,y,z …"``; a corner without z has the card's depth."""
    filled = " ".join(c if c.count(",") == 2 else f"{c},{depth}" for c in corners.split())
    return Card(region, as_points(filled), limb, paired, hole)


# Drawn in this order: what comes later covers what came before.
_ANTERIOR = (
    _card(
        "rib",
        "12,177 23,176 36,178 48,188 56,204 64,221 69,260 71,294 71,335 67,349 62,356 56,354 47,345 "
        "33,321 20,299 9,279 9,230 12,200",
        -20.0,
        paired=True,
    ),
    _card(
        "thoracic",
        "12,172 14,183 13,192 8,216 8,276 11,283 11,307 10,318",
        30.0,
    ),
    _card(
        "femur",
        "56,478 60,484 70,488 75.5,493 78,502 72,534 66.5,558 62,600 58,647 57,691 56,697 51,702 "
        "39,702 34,697 34,683 38.5,655 43,627 47,590 49,556 49,531 42,511 44,494",
        0.0,
        limb="leg",
        paired=True,
    ),
    _card(
        "pelvis",
        "16,412 27,409 40,403.5 50,403.5 60,410 66,415 71,424 71,439 63,455 56,469 55,479 51,490 "
        "46,498 40,515 34,522 22,527 10,522 0,519.5",
        -15.0,
    ),
    _card(
        "pelvis",
        "0,440 19,446 29,461 31,470 29,477 24,485 16,492 6,498 0,498",
        -10.0,
        hole=True,
    ),
    _card(
        "pelvis",
        "22,501 26,509 22,514 18,512 17,507",
        -30.0,
        paired=True,
        hole=True,
    ),
    _card(
        "sacrum",
        "9,418 15,410 18,414 25,417 25,429 22,441 18,448.5 9,453 2,456",
        35.0,
    ),
    _card(
        "lumbar",
        "4,309 8.5,312 11.5,330 14.5,370 17,408 14,416 10,419",
        10.0,
    ),
    _card(
        "cervical",
        "11,128 11,142 12,176",
        10.0,
        limb="head",
    ),
    _card(
        "skull",
        "4,10.5 12,13 20,19 29,28 36,41 40,61 38,86 31.5,111,-35 24,127,-60 18,133,-70 12,137.5,-75 "
        "5,139.5,-75",
        6.0,
        limb="head",
    ),
    _card(
        "sternum",
        "0,190 16,184 20,189 24,195 15,209 11,220 9,278 4,282",
        -78.0,
    ),
    _card(
        "scapula",
        "45,186 52,178 80,165 89,170 92,177 90,184 76,190 74,195 76,206 75,217 68,220 62,219 52,197",
        25.0,
        paired=True,
    ),
    _card(
        "clavicle",
        "18,184 23,178 42,169.5 62,162 72,162 80,166 76,170 52,178 44,188 36,190.5 26,194 22,193 18,188",
        -20.0,
        paired=True,
    ),
    _card(
        "humerus",
        "75,183 86,176 92,179 95.5,187 97,228 104.5,262 113.5,315 113,329 109,335 101,335 96,329 "
        "86.5,254 81,229 75,217 76,206 72,195",
        8.0,
        limb="arm",
        paired=True,
    ),
)
_POSTERIOR = (
    _card(
        "rib",
        "12,157 24,164 36,172 48,190 57,210 63,242 66,287 70.5,308 70,331 66,350 61,355 55,350 45,332 "
        "34,319 13,303",
        40.0,
        paired=True,
    ),
    _card(
        "thoracic",
        "12,157 13.5,170 14,194 14,314 12,332",
        70.0,
    ),
    _card(
        "femur",
        "52,478 60,486 71,493 75.5,499 76.5,507 72,523 67.5,540 60.5,606 57,660 55.5,693 51,701 "
        "42,702 35,697 35,685 44,627 49.5,560 49,534 43,516 43,498",
        4.0,
        limb="leg",
        paired=True,
    ),
    _card(
        "pelvis",
        "16,412 28,411.5 38,405.5 45,405.5 55,408 64,416 69.5,425 70,437 67,446 57,463 54,472 54,480 "
        "47,491 43,511 35,522 28,526.5 16,526.5 4,522 0,521.5",
        20.0,
    ),
    _card(
        "pelvis",
        "0,440 19,450 29,463 31,470 30,478 22,488 12,494 0,496",
        20.0,
        hole=True,
    ),
    _card(
        "pelvis",
        "18,500 23,500 25,504 24.5,513 21,516.5 17,515 15,510 15,503",
        -10.0,
        paired=True,
        hole=True,
    ),
    _card(
        "sacrum",
        "8,420 14,413 25,417 24,440 22,456 18,463 12,470 2,474.5",
        75.0,
    ),
    _card(
        "lumbar",
        "12,330 13,345 14.5,375 16.5,412 13,419 7,423",
        55.0,
    ),
    _card(
        "cervical",
        "14,93 15.5,100 14,115 13.5,158 12,162.5",
        35.0,
        limb="head",
    ),
    _card(
        "skull",
        "4,7.5 14,11.5 25,22 33,32 37,44 38.5,60 36,77 32,85 24,92.5 16,98 8,95 0,94",
        10.0,
        limb="head",
    ),
    _card(
        "scapula",
        "36,171.5 46,174 54,174 64,170 70,164 78,163 88,168 89.5,174 86,179 79,184 79,190 75,207 "
        "68,214 65,228 61.5,240 56,243 48,240.5 41,229 35,205 33,187 34,176",
        65.0,
        paired=True,
    ),
    _card(
        "clavicle",
        "37,170.5 46,165.5 54,161.5 62,159 69,160 71.5,163 65,169.5 56,174 47,174",
        0.0,
        paired=True,
    ),
    _card(
        "humerus",
        "80,178 85,173 91,176 95.5,183 96,223 103,265 111.5,314 111,324 108,329 101,329 96,321 "
        "90.5,273 85.5,245 80.5,218 75,207 79,190",
        12.0,
        limb="arm",
        paired=True,
    ),
)
CARDS: Mapping[str, tuple[Card, ...]] = {"anterior": _ANTERIOR, "posterior": _POSTERIOR}


def _outlines(card: Card) -> list[Points]:
    """Return the closed outlines (n, 3) of a card on both sides."""
    flip = card.half * np.array([-1.0, 1.0, 1.0])
    closed = [card.half, flip] if card.paired else [np.concatenate([card.half, flip[::-1]])]
    # The pose bends little over a dozen pixels.
    return [densified(outline, 12.0) for outline in closed]


def draw_regions(grid: Grid, pose: Pose, view: ViewName) -> NDArray[np.uint8]:
    """Return the regions of a person in one view, columns as an anterior view has them.

    Parameters
    ----------
    grid : Grid
    pose : Pose
    view : "anterior" or "posterior"

    Returns
    -------
    (H, W) array of uint8
        0 or the region's id.
    """
    _, rows, columns = grid.shape
    out = np.zeros((rows, columns), np.uint8)
    for name, group in _grouped(CARDS[view]):
        drawn = np.zeros(out.shape, bool)
        for card in group:
            for outline in _outlines(card):
                at = grid.pixels(pose(outline, card.limb))
                drawn[polygon(at[:, 0], at[:, 1], out.shape)] = not card.hole
        out[drawn] = REGION_IDS[name]
    return out


def _grouped(cards: tuple[Card, ...]) -> list[tuple[str, list[Card]]]:
    groups: dict[str, list[Card]] = {}
    for card in cards:
        groups.setdefault(card.region, []).append(card)
    return list(groups.items())
