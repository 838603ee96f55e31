"""The words of an experiment's report, by language."""

from __future__ import annotations

from collections.abc import Mapping

from napari_tbcad.evaluate.reports.experiment.texts_en import ENGLISH
from napari_tbcad.evaluate.reports.experiment.texts_id import INDONESIAN
from napari_tbcad.evaluate.reports.words import Language

TEXTS: Mapping[Language, Mapping[str, str]] = {"en": ENGLISH, "id": INDONESIAN}
"""Text by language and key."""
