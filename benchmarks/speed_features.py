"""Times of the 113 features beside other libraries, and how they grow with pixels and grey levels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from features import LEVELS, OURS, agreement, ours, parts, rivals, synthetic
from speed_rows import Row, compared, cores, in_turn

ASKED = {1024: 25.0, 3000: 200.0}
"""Side of the film → milliseconds on one core."""


def features(repeats: int) -> Iterator[Row]:
    """Yield the rows of all features and of those that other libraries have, one core."""
    for side, asked in ASKED.items():
        grey, labels = synthetic(side)
        if side == min(ASKED):
            print(agreement(grey, labels))
        jobs = {OURS: ours(grey, labels)} | parts(grey, labels) | rivals(grey, labels)
        found = in_turn(jobs, repeats)
        size, device = f"{side}²", cores(1)
        for row in compared(found, OURS, size=size, device=device, most=asked):
            own_part = row.stage.startswith("  ")
            yield Row(row.stage, size, device, row.wall, row.processor) if own_part else row


def growth(repeats: int) -> Iterator[Row]:
    """Yield the rows of films of 512² to 4096², then those of 8 to 256 grey levels at 1024²."""
    sides = (512, 724, 1024, 1448, 2048, 3000, 4096)
    found = in_turn({str(side): ours(*synthetic(side)) for side in sides}, repeats)
    pixels, times = np.array(sides, float) ** 2, np.array([found[str(side)][1] for side in sides])
    power = np.polyfit(np.log(pixels[2:]), np.log(times[2:]), 1)[0]
    for side in sides:
        note = f"grows as pixels to the power {power:.2f} from 1024² on" if side == sides[-1] else ""
        yield Row(f"all 113, {LEVELS} levels", f"{side}²", cores(1), *found[str(side)], note=note)
    grey, labels = synthetic(1024)
    levels = (8, 16, 32, 64, 128, 256)
    found = in_turn({str(number): ours(grey, labels, number) for number in levels}, repeats)
    for number in levels:
        yield Row(f"all 113, {number} levels", "1024²", cores(1), *found[str(number)])


def on_card(repeats: int) -> Iterator[Row]:
    """Yield the rows of first-order and texture features on a graphics card, where there is one."""
    import torch

    if not torch.cuda.is_available():
        print("no graphics card: nothing was timed on one")
        return
    from napari_tbcad.chest.features import FeatureParameters, chest_features
    from napari_tbcad.chest.lungs.fields import LungMasks
    from napari_tbcad.imaging.radiograph import Radiograph

    for side in ASKED:
        grey, labels = synthetic(side)
        film, parameters = Radiograph(grey.astype(np.float32)), FeatureParameters(grid=side, levels=LEVELS)
        masks = LungMasks(labels, "sensitive"), LungMasks(labels, "insensitive")

        def job() -> object:
            found = chest_features(film, *masks, parameters, device="cuda")  # noqa: B023 (called at once)
            torch.cuda.synchronize()
            return found

        yield Row(OURS, f"{side}²", torch.cuda.get_device_name(), *in_turn({OURS: job}, repeats)[OURS])
