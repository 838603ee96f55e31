"""How much of the skeleton each region is, in % of its mass: the weights of the Bone Scan Index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from napari_tbcad.errors import BadInput
from napari_tbcad.schemes import REGION_NAMES


@dataclass(frozen=True)
class WeightGroup:
    """Regions that are weighed together.

    Parameters
    ----------
    regions : tuple of str
        One region, or several whose areas (in a simulated body: masses) are pooled against one weight.
    percent : float
        Their share of the skeleton's mass, in %.
    """

    regions: tuple[str, ...]
    percent: float


@dataclass(frozen=True)
class WeightTable:
    """Shares of the skeleton's mass.

    Parameters
    ----------
    name : str
        As in ``--weights NAME``.
    title : str
        What a report calls it.
    source : str
        Where the numbers are from.
    groups : tuple of WeightGroup
        Every region of :data:`~napari_tbcad.schemes.REGION_NAMES` in exactly one group. The sum is below
        100: hands, feet, forearms and lower legs are no regions.
    """

    name: str
    title: str
    source: str
    groups: tuple[WeightGroup, ...]

    def __post_init__(self) -> None:
        listed = sorted(region for group in self.groups for region in group.regions)
        if listed != sorted(REGION_NAMES):
            raise ValueError(f"{self.name}: every region must be in exactly one group")

    def __iter__(self) -> Iterator[WeightGroup]:
        return iter(self.groups)

    def group_of(self, region: str) -> WeightGroup:
        """Return the group of a region; raises KeyError when there is no such region."""
        for group in self.groups:
            if region in group.regions:
                return group
        raise KeyError(region)

    def lines(self) -> tuple[str, ...]:
        """Return the table as lines of text, for printing beside a result."""
        return tuple(f"{' + '.join(group.regions)} {group.percent:g} %" for group in self.groups)


SPINE = ("cervical", "thoracic", "lumbar", "sacrum")

_APPENDICULAR = ("pelvis", "rib", "sternum", "clavicle", "scapula", "humerus", "femur")


def _table(
    name: str, title: str, source: str, skull: float, spine: tuple[float, ...], others: tuple[float, ...]
) -> WeightTable:
    """Return a table; `spine` has one weight for all four parts, or one for each of them."""
    parts = (SPINE,) if len(spine) == 1 else tuple((region,) for region in SPINE)
    groups = [WeightGroup(("skull",), round(skull, 6))]
    groups += [WeightGroup(regions, percent) for regions, percent in zip(parts, spine, strict=True)]
    groups += [WeightGroup((r,), percent) for r, percent in zip(_APPENDICULAR, others, strict=True)]
    return WeightTable(name, title, source, tuple(groups))


_TABLES = (
    _table(
        "spiers1968",
        "Spiers 1968 (dry bone; the classic index)",
        "F. W. Spiers, Radioisotopes in the Human Body, 1968, as used by Imbriaco et al., "
        "Clin Cancer Res 4:1765, 1998; cervical, thoracic, lumbar spine and sacrum pooled",
        16.6 + 1.8,
        (8.3,),
        (7.5, 4.4, 0.3, 1.0, 3.0, 6.6, 17.8),
    ),
    _table(
        "icrp110-male",
        "ICRP 110 male (bone with marrow)",
        "ICRP Publication 110, adult reference computational phantoms, 2009, male",
        9.84 + 1.46,
        (1.71, 6.04, 4.74, 2.74),
        (10.48, 8.59, 0.64, 0.98, 4.01, 5.61, 15.27),
    ),
    _table(
        "icrp110-female",
        "ICRP 110 female (bone with marrow)",
        "ICRP Publication 110, adult reference computational phantoms, 2009, female",
        11.54 + 1.12,
        (2.02, 6.42, 5.85, 1.98),
        (9.91, 5.94, 0.69, 1.03, 3.06, 5.91, 13.71),
    ),
)

WEIGHT_TABLES: Mapping[str, WeightTable] = MappingProxyType({table.name: table for table in _TABLES})
"""The tables by name; skull is cranium and mandible, its weight is their sum."""

DEFAULT_WEIGHTS = "spiers1968"


def weight_table(name: str) -> WeightTable:
    """Return the table of this name; raises :class:`BadInput` that lists those there are."""
    if name not in WEIGHT_TABLES:
        raise BadInput("weights", f"there is no table {name!r}; there are {', '.join(WEIGHT_TABLES)}")
    return WEIGHT_TABLES[name]
