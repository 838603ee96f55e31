"""What must be said beside a Bone Scan Index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tbcad.bone.region_areas import Areas
from napari_tbcad.imaging.bonescan import ViewName
from napari_tbcad.schemes import ANTERIOR_ONLY, REGION_IDS, REGION_NAMES

if TYPE_CHECKING:
    from napari_tbcad.bone.bsi import BoneScanIndex


def index_warnings(index: BoneScanIndex, areas: Areas, views: tuple[ViewName, ...]) -> tuple[str, ...]:
    """Return what must be said beside an index: regions without pixels, hotspots outside all regions."""
    said = _missing(index, areas, views)
    if index.outside:
        n = len(index.outside)
        said.append(
            f"{n} abnormal hotspot{'s lie' if n > 1 else ' lies'} outside all regions and "
            f"{'are' if n > 1 else 'is'} not part of the index: {', '.join(map(str, index.outside))}."
        )
    return tuple(said)


def _missing(index: BoneScanIndex, areas: Areas, views: tuple[ViewName, ...]) -> list[str]:
    """Say which regions have no pixels, and what that does to the index."""

    def lacks(region: str, view: ViewName) -> bool:
        return not areas[view][0][REGION_IDS[region]]

    expected = {view: [r for r in REGION_NAMES if view == "anterior" or r != ANTERIOR_ONLY] for view in views}
    anywhere = [r for r in REGION_NAMES if any(r in names for names in expected.values())]
    gone = [r for r in anywhere if all(lacks(r, view) for view in views)]
    lost = [row.region for row in index.regions if row.contribution is None and row.region in gone]
    pooled = [r for r in gone if r not in lost]
    said = []
    if lost:
        said.append(f"No pixels of {_listed(lost)}: not part of the index, which may be too low.")
    if pooled:
        said.append(f"No pixels of {_listed(pooled)}: the index has the other regions of its group alone.")
    for view, names in expected.items():
        only_here = [r for r in names if lacks(r, view) and r not in gone]
        if only_here:
            said.append(f"No pixels of {_listed(only_here)} in the {view} view.")
    return said


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
