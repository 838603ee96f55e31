"""The grey scale of a scan's layers: a share of each view's maximum, or a multiple of its bone level."""

from __future__ import annotations

import math
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from qtpy.QtCore import QObject, Signal

from napari_tbcad.bone.display import BoneLevel, bone_levels, normalised_limits, percent_limits
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.widgets.bone.intake import first_top
from napari_tbcad.widgets.work import start_call

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.session import BoneSession


@dataclass(frozen=True)
class GreyScale:
    """What the darkest grey stands for.

    Parameters
    ----------
    by : {"opened", "bone", "percent"}
        A percentile of the pixels, a multiple of the bone level, or a share of the maximum.
    value : float
        The multiple, or the share in %.
    """

    by: Literal["opened", "bone", "percent"]
    value: float = 0.0


PRESETS: dict[str, GreyScale] = {
    "Same grey for the same bone": GreyScale("bone", 3.0),
    "The same, for faint uptake": GreyScale("bone", 1.5),
    "The same, for hot lesions": GreyScale("bone", 8.0),
    "Top at 5 % of the maximum": GreyScale("percent", 5.0),
    "Top at 10 %": GreyScale("percent", 10.0),
    "Top at 20 %": GreyScale("percent", 20.0),
    "Top at 40 %": GreyScale("percent", 40.0),
    "Whole range": GreyScale("percent", 100.0),
    "By percentile": GreyScale("opened"),
}
"""Grey scales by the name a person reads; the first is that of a scan just opened."""

ENDS = {"bone": (0.5, 30.0), "percent": (1.0, 100.0)}
"""Least and greatest value of a slider."""


class Greys(QObject):
    """Contrast limits of one scan's views. Nothing here is ever computed with: pixels stay raw counts.

    Parameters
    ----------
    session : BoneSession
        Held weakly.

    Attributes
    ----------
    changed : Signal
        The scale, or a view's limits, differ, whoever changed them.
    scale : GreyScale
        What the darkest grey stands for.
    levels : dict of view to BoneLevel
        Bone levels once they are found; empty where a view has no counts.
    """

    changed = Signal()

    def __init__(self, session: BoneSession) -> None:
        # No Qt child of the session: collected together with it, PySide6 would delete it twice.
        super().__init__()
        self._session = weakref.ref(session)
        self.scale = next(iter(PRESETS.values()))
        self.levels: dict[ViewName, BoneLevel] = {}
        self._of: weakref.ref[Any] | None = None
        self._by_regions = False
        self._followed: weakref.WeakSet[Any] = weakref.WeakSet()

    def set(self, scale: GreyScale) -> None:
        """Draw the views in a grey scale; one by bone level as soon as that is found."""
        self.scale = scale
        self._apply()
        self.changed.emit()

    def set_value(self, value: float) -> None:
        """Set the multiple, or the share in %, as a slider does; a scale by percentile becomes a share."""
        by = self.scale.by if self.scale.by != "opened" else "percent"
        least, greatest = ENDS[by]
        self.set(GreyScale(by, min(max(value, least), greatest)))

    def set_normalised(self, on: bool) -> None:
        """Go by the bone level, or by the maximum of each view, about as dark as now."""
        if on != (self.scale.by == "bone"):
            top = self._top()
            reference = self._reference("bone" if on else "percent")
            value = PRESETS["Same grey for the same bone"].value if on else 40.0
            if top is not None and reference is not None:
                value = top / reference
            self.set(GreyScale("bone" if on else "percent", value))

    def next(self) -> None:
        """Go to the preset after this one."""
        scales = list(PRESETS.values())
        place = scales.index(self.scale) + 1 if self.scale in scales else 0
        self.set(scales[place % len(scales)])

    def follow(self) -> None:
        """Look at the scan as it is now: its views may be others, or be exchanged."""
        for image in self._images().values():
            if image not in self._followed:
                self._followed.add(image)
                image.events.contrast_limits.connect(self._on_limits)
        scan = self._scan()
        if scan is None:
            return
        other = self._of is None or self._of() is not scan
        known = self._regions() is not None
        if other or (known and not self._by_regions):
            # Once more when regions come: an earlier scan beside this one is measured by its own.
            self._of, self._by_regions = weakref.ref(scan), known
            self.levels = {} if other else self.levels
            self._find_levels(scan)
            self._apply()

    def set_share(self, share: float) -> None:
        """Set the value by the share of a slider's way; its steps are equal ratios."""
        least, greatest = ENDS["bone" if self.scale.by == "bone" else "percent"]
        self.set_value(least * (greatest / least) ** share)

    @property
    def share(self) -> float:
        """Where a slider stands, from 0 to 1."""
        shown = self.shown
        least, greatest = ENDS["bone" if shown.by == "bone" else "percent"]
        value = min(max(shown.value, least), greatest)
        return math.log(value / least) / math.log(greatest / least)

    @property
    def text(self) -> str:
        """The grey scale in words, as it stands now."""
        shown = self.shown
        if shown.by == "bone":
            return f"Dark at {shown.value:.2g} × bone"
        return f"Dark at {shown.value:.0f} %" if shown.value >= 1 else f"Dark at {shown.value:.1g} %"

    @property
    def shown(self) -> GreyScale:
        """What the first view's darkest grey stands for now, whoever set its limits."""
        top, by = self._top(), "percent" if self.scale.by == "opened" else self.scale.by
        reference = self._reference(by)
        if top is None or reference is None:
            return self.scale
        return GreyScale(by, top / reference)

    # -- inside ---------------------------------------------------------------------------------------

    def _scan(self) -> Any:
        session = self._session()
        return None if session is None or session.closed else session.value("scan")

    def _images(self) -> dict[ViewName, Any]:
        session = self._session()
        return {} if session is None or session.closed else session.layers.pictures()

    def _top(self) -> float | None:
        image = next(iter(self._images().values()), None)
        return None if image is None else float(image.contrast_limits[1])

    def _reference(self, by: str) -> float | None:
        """Return the counts that the value is a multiple of, in the first view."""
        for view, image in self._images().items():
            if by == "percent":
                return max(float(image.data.max()), 1e-6) / 100
            return self.levels[view].counts if view in self.levels else None
        return None

    def _apply(self) -> None:
        for view, image in self._images().items():
            limits = self._limits(view, image)
            if limits is not None and tuple(image.contrast_limits) != limits:
                image.contrast_limits = limits

    def _limits(self, view: ViewName, image: Any) -> tuple[float, float] | None:
        if self.scale.by == "percent":
            return percent_limits(image.data, self.scale.value)
        if self.scale.by == "bone" and view in self.levels:
            return normalised_limits(self.levels[view], self.scale.value)
        return (0.0, first_top(image.data)) if self.scale.by == "opened" else None

    def _on_limits(self, event: Any = None) -> None:
        self.changed.emit()

    def _find_levels(self, scan: Any) -> None:
        regions = self._regions()
        known = {view: None if regions is None else regions.labels(view) for view in VIEWS}
        start_call(
            lambda: (scan, regions is not None, _levels(scan, known)),
            on_result=self._on_levels,
            on_error=self._on_unmeasured,
        )

    def _regions(self) -> Any:
        session = self._session()
        return session.value("regions") if session is not None else None

    def _on_levels(self, found: tuple[Any, bool, dict[ViewName, BoneLevel]]) -> None:
        scan, by_regions, levels = found
        if self._of is not None and self._of() is scan and by_regions == self._by_regions:
            self.levels = levels
            if not levels and self.scale.by == "bone":
                self.scale = GreyScale("opened")
            self._apply()
            self.changed.emit()

    def _on_unmeasured(self, error: Exception) -> None:
        raise error


def _levels(scan: Any, regions: dict[ViewName, Any]) -> dict[ViewName, BoneLevel]:
    """Return the bone levels; none where a view is empty or regions are of another grid."""
    try:
        return bone_levels(scan, regions)
    except BadInput:
        return {}
