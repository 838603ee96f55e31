"""Step 4: the Bone Scan Index and what it is made of."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QLabel

from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.hotspot_table import WORDS
from napari_tbcad.widgets.bone.step import BoneStep
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.parts.region_bars import RegionBar, RegionBars
from napari_tbcad.widgets.workflow.step import left_aligned


class IndexStep(BoneStep):
    """The index, large, with all that it depends on."""

    name, number, heading = "index", 4, "Index"
    purpose = "The Bone Scan Index: which share of the skeleton's mass is abnormal."

    def __init__(self, bench: BoneBench, *, open_: bool = True) -> None:
        super().__init__(bench, open_=open_)
        self.value = QLabel("")
        self.value.setStyleSheet("font-size: 22pt; font-weight: bold;")
        self.body.addWidget(self.value)
        self.basis = left_aligned("")
        self.judged = left_aligned("")
        self.body.addWidget(self.basis)
        self.body.addWidget(self.judged)
        self.bars = RegionBars()
        self.body.addWidget(self.bars)
        self.counted = left_aligned("")
        self.body.addWidget(self.counted)
        self._form: ParameterForm | None = None

    def build(self, settings: Any) -> None:
        """Make the form."""
        from napari_tbcad.skeletal_mass import WEIGHT_TABLES

        self._form = self.form(
            self._form, settings.index, "index", live=True, choices={"weights": tuple(WEIGHT_TABLES)}
        )

    def refresh(self) -> None:
        """Show the index; greyed when it is out of date."""
        super().refresh()
        session = self.session
        index = session.value("index") if session is not None else None
        for widget in (self.basis, self.judged, self.bars, self.counted):
            widget.setVisible(index is not None)
        if session is None or index is None:
            waits = session is not None and session.busy
            self.value.setText("")
            self.value.setVisible(False)
            self.summarise("working…" if waits else "")
            return
        fresh = session.fresh("index")
        for widget in (self.value, self.basis, self.judged, self.bars, self.counted):
            widget.setEnabled(fresh)
        self.value.setVisible(True)
        self._show(index, fresh=fresh)

    def _show(self, index: Any, *, fresh: bool) -> None:
        from napari_tbcad.bone.bsi import DETECTABLE_CHANGE

        self.value.setText(f"BSI {index.value:.2f} %")
        self.value.setToolTip(index.summary())
        late = "" if fresh else "Out of date. "
        self.basis.setText(
            f"{late}± {DETECTABLE_CHANGE:.2f} from scan to scan · weights {index.weights} · "
            f"views: {index.combine}"
        )
        self.basis.setToolTip(
            f"Of two scans, a difference below {DETECTABLE_CHANGE:.2f} may be chance. An index is comparable "
            "only with one of the same weights and view rule."
        )
        self.judged.setText(judged_text(index))
        self.bars.show_rows([bar_of(row) for row in _ordered(index.regions)])
        self.counted.setText(counted_text(index))
        self.summarise(f"{index.value:.2f} %" + ("" if fresh else ", out of date"))


def judged_text(index: Any) -> str:
    """Return what the index is by the hotspots that a person judged."""
    total = index.n_abnormal + sum(index.excluded.values())
    if not total:
        return "No hotspots."
    if index.judged_value is None:
        return "All classes are the program's: judge them in the table."
    if index.n_judged == total:
        return f"All {total} hotspots judged."
    return f"By those you judged ({index.n_judged} of {total}): {index.judged_value:.2f} %."


def counted_text(index: Any) -> str:
    """Return how many hotspots count and how many do not, and why."""
    pairs = index.n_abnormal - index.n_lesions
    said = [f"{index.n_abnormal} abnormal"]
    if pairs:
        said[0] += f" ({index.n_lesions} lesions, {pairs} of them seen in both views)"
    words = {**WORDS, "ignore": "ignored"}
    left = [f"{number} {words[name]}" for name, number in index.excluded.items() if number]
    said.append("not counted: " + ", ".join(left) if left else "none excluded")
    if index.outside:
        said.append("outside all regions: " + ", ".join(f"#{number}" for number in index.outside))
    return "; ".join(said) + "."


def bar_of(row: Any) -> RegionBar:
    """Return a region's row of the picture."""
    fractions = ", ".join(
        f"{100 * value:.1f} % {view}"
        for view, value in (("anterior", row.fraction_anterior), ("posterior", row.fraction_posterior))
        if value is not None
    )
    pooled = f" together with {', '.join(row.pooled_with)}" if row.pooled_with else ""
    tip = f"{row.region}: abnormal {fractions or 'unknown'}; weight {row.weight:g} %{pooled}"
    note = "–" if row.contribution is None else f"{row.contribution:.2f}"
    return RegionBar(row.region, row.contribution, note, tip)


def _ordered(regions: Any) -> list[Any]:
    """The regions that add most first; of the others those that could be computed."""
    return sorted(
        regions, key=lambda row: -1.0 if row.contribution is None else row.contribution, reverse=True
    )
