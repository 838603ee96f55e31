"""Step 4: what is measured, and where it lies among normal films."""

from __future__ import annotations

from functools import partial
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton

from napari_tbcad.errors import ModelRefused
from napari_tbcad.widgets.chest.bench import ChestBench
from napari_tbcad.widgets.chest.feature_table import FeatureTable, readable
from napari_tbcad.widgets.chest.step import ChestStep
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.parts.pictures import Band, HistogramPicture, MatrixPicture
from napari_tbcad.widgets.parts.unfolding import Unfolding
from napari_tbcad.widgets.workflow.step import left_aligned

__all__ = ["FeaturesStep", "readable"]

_DIRECTIONS = {"mean": "mean of all", "0": "0° →", "45": "45° ↗", "90": "90° ↑", "135": "135° ↖"}
_FEW = 40
"""Fewer normal films than this do not tell where 2.5 % of them lie."""


class FeaturesStep(ChestStep):
    """What is measured: a table, and two pictures of what lies behind the grey-level features.

    Attributes
    ----------
    wants_export : Signal
        The person asked for the features as a file.
    """

    name, number, heading = "features", 4, "Features"
    purpose = "Shape of the sensitive mask; grey levels and texture in the insensitive one."
    wants_export = Signal()

    def __init__(self, bench: ChestBench, *, open_: bool = False) -> None:
        super().__init__(bench, open_=open_)
        self.table = FeatureTable()
        self.detail = left_aligned("")
        self.detail.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.detail.setMinimumHeight(4 * self.detail.fontMetrics().lineSpacing())
        self.table.described.connect(self._describe)
        self.body.addWidget(self.table)
        self.body.addWidget(self.detail)
        self._make_histogram()
        self._make_matrix()
        self.export_button = QPushButton("Export features…")
        self.export_button.setToolTip("Write the features of this film as a row of a CSV table.")
        self.export_button.clicked.connect(self.wants_export)
        self.body.addWidget(self.export_button)
        self._form: ParameterForm | None = None
        self._behind = True
        self._fit: tuple[Any, Any, bool] | None = None
        self._note = ""
        self.toggled.connect(self._catch_up)

    def build(self, settings: Any) -> None:
        """Make the form."""
        self._form = self.form(self._form, settings.features, "features")

    def refresh(self) -> None:
        """Show what is measured, greyed when it is out of date; a closed step only sums up."""
        super().refresh()
        features, fresh = self._measured()
        said = "" if features is None else f"{len(features.names)} at {features.grid} px"
        self.summarise(said + ("" if fresh or features is None else ", out of date"))
        self._behind = True
        self._catch_up()

    def values(self) -> dict[str, str]:
        """Return the table as it would stand when opened: name → shown value."""
        self._show_table()
        return self.table.values()

    def places(self) -> dict[str, str]:
        """Return the places as they would stand when opened: name → text, empty where not known."""
        self._show_table()
        return self.table.places()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened while nobody looked."""
        super().showEvent(event)
        self._catch_up()

    def _make_histogram(self) -> None:
        self.histogram = HistogramPicture("grey level in the lungs", "of the pixels", "this film")
        self.histogram_row = Unfolding(
            "Grey levels of the lungs",
            "Histogram inside the insensitive mask in steps of 4 grey levels, over the band of the model's "
            "normal films.",
            self._show_histogram,
        )
        self.histogram_row.body.addWidget(self.histogram)
        self.histogram_row.unfolded.connect(self._ask_pictures)
        self.body.addWidget(self.histogram_row)

    def _make_matrix(self) -> None:
        self.matrix = MatrixPicture("grey level i", "grey level j", "share of pairs")
        self.matrix_row = Unfolding(
            "Co-occurrence matrix",
            "How often two grey levels lie side by side inside the insensitive mask. Stronger means more "
            "often, by the root of the share; the texture features are read from it.",
            self._show_matrix,
        )
        self.direction = QComboBox()
        self.direction.setToolTip("Direction from the first pixel of a pair to the second.")
        self.direction.setAccessibleName("Direction of the pairs")
        for key, text in _DIRECTIONS.items():
            self.direction.addItem(text, key)
        self.direction.currentIndexChanged.connect(self._ask_pictures)
        row = QHBoxLayout()
        row.addWidget(QLabel("Direction"))
        row.addWidget(self.direction, 1)
        self.matrix_row.body.addLayout(row)
        self.matrix_row.body.addWidget(self.matrix)
        self.matrix_row.unfolded.connect(self._ask_pictures)
        self.body.addWidget(self.matrix_row)

    # -- what is shown --------------------------------------------------------------------------------

    def _measured(self) -> tuple[Any, bool]:
        """Return the features and whether they hold."""
        features = self.session.value("features") if self.session is not None else None
        return features, features is not None and self.session is not None and self.session.fresh("features")

    def _catch_up(self, *_: Any) -> None:
        """Bring table and pictures up to date, unless nobody sees them."""
        if self._behind and self.is_open and self.isVisible():
            self._behind = False
            self._show_table()
            self._ask_pictures()

    def _show_table(self) -> None:
        features, fresh = self._measured()
        card, self._note = self._card(features)
        self.table.show_features(features, card, faded=not fresh)
        self._describe(self.table.description())
        self.export_button.setEnabled(fresh)

    def _card(self, features: Any) -> tuple[Any, str]:
        """Return the card to place the features by, None when they cannot be compared, and what to say."""
        model = self.session.shelf.model if self.session is not None else None
        if features is None:
            return None, ""
        if model is None:
            return None, "No model, hence no normal films to compare with."
        if not self._fits(model):
            return None, "Measured otherwise than the model's normal films: they cannot be compared."
        card = model.card
        if not card.normal.n and not card.normal_median:
            return None, "This model keeps no normal films' values."
        if not card.normal.n:
            return card, "This model keeps only median ± spread of its normal films: the bands show those."
        few = f" Only {card.normal.n} normal films: places are rough." if card.normal.n < _FEW else ""
        return card, few

    def _fits(self, model: Any) -> bool:
        from napari_tbcad.chest.workflow import refuse_unless_fits

        settings = self.settings()
        if self._fit is None or self._fit[0] is not model or self._fit[1] is not settings:
            try:
                refuse_unless_fits(model, settings)
                self._fit = model, settings, True
            except ModelRefused:
                self._fit = model, settings, False
        return self._fit[2]

    def _describe(self, sentence: str) -> None:
        content = self.table.content
        if not sentence and content.features is not None and content.card is not None:
            outside, known = content.outside(content.features.names)
            if content.card.normal.n:
                sentence = (
                    f"{outside} of {known} features lie outside the range of 95 % of "
                    f"{content.card.normal.n} normal films; {0.05 * known:.0f} would by chance."
                )
        text = " ".join(part for part in (sentence, self._note.strip()) if part)
        text = text.replace(" %", "\u00a0%")
        if text != self.detail.text():
            self.detail.setText(text)

    # -- pictures -------------------------------------------------------------------------------------

    def _ask_pictures(self, *_: Any) -> None:
        """Have the pictures in sight computed; greyed while what they show is out of date."""
        features, fresh = self._measured()
        for picture, row in ((self.histogram, self.histogram_row), (self.matrix, self.matrix_row)):
            picture.setEnabled(False)
            if features is None:
                row.forget()
                picture.show_nothing()
        session, settings = self.session, self.settings()
        if not fresh or session is None or settings is None:
            return
        parameters = settings.features
        image = session.value("enhanced" if parameters.image == "enhanced" else "work")
        mask = session.value("insensitive")
        if image is None or mask is None:
            return
        from napari_tbcad.chest import views

        card = self._card(features)[0]
        histogram = partial(views.lung_histogram, image, mask, kind=parameters.image)
        self.histogram.setEnabled(self.histogram_row.want((image, mask, parameters.image, card), histogram))
        direction = self.direction.currentData()
        matrix = partial(views.cooccurrence, image, mask, parameters, direction=direction)
        self.matrix.setEnabled(self.matrix_row.want((image, mask, parameters, direction), matrix))

    def _show_histogram(self, shares: Any) -> None:
        from napari_tbcad.chest.views import GREY_EDGES

        card = self.table.content.card
        normal = card.normal if card is not None else None
        band = None
        if normal is not None and normal.grey_edges == tuple(map(float, GREY_EDGES)):
            label = f"{normal.n} normal films: median, 10–90 %"
            band = Band(normal.grey_low, normal.grey_median, normal.grey_high, label)
        self.histogram.show_histogram(GREY_EDGES, shares, band)
        self.histogram.setEnabled(self._measured()[1])

    def _show_matrix(self, matrix: Any) -> None:
        self.matrix.show_matrix(matrix)
        self.matrix.setEnabled(self._measured()[1])
