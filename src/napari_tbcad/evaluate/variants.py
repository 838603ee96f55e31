"""A variant of the chain under evaluation: which masks, which features, by which definition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Variant:
    """One combination of segmenter, feature set and definition.

    Parameters
    ----------
    segmenter, feature_set, definition : str
        As the chain's settings ``lungs.segmenter``, ``features.feature_set`` and ``features.definition``.
    main : bool
        The one that leads the tables; the others stand beside it.
    """

    segmenter: str
    feature_set: str
    definition: str
    main: bool = False

    @property
    def id(self) -> str:
        """A short name, such as ``network·chandra113·ibsi``."""
        return "·".join((self.segmenter, self.feature_set, self.definition))

    @property
    def columns(self) -> dict[str, str]:
        """What the rows of this variant carry in every table."""
        names = ("segmenter", "feature_set", "definition")
        return {name: getattr(self, name) for name in names}

    @property
    def assignments(self) -> dict[str, Any]:
        """The chain's settings of this variant, by dotted name."""
        return {
            "lungs.segmenter": self.segmenter,
            "features.feature_set": self.feature_set,
            "features.definition": self.definition,
        }
