"""One button that puts a trained network to use, and one that takes it back."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.parts.quiet import QuietLabel, breakable
from napari_tbcad.widgets.parts.step import AMBER, GREEN, RED
from napari_tbcad.widgets.preferences import NETWORKS
from napari_tbcad.widgets.proxies import bare
from napari_tbcad.widgets.training import using
from napari_tbcad.widgets.training.using import WORDS, Offer, Used
from napari_tbcad.widgets.work import start_call

_BAND = "border-left: 4px solid {}; padding: 4px 6px;"


class UseBox(QWidget):
    """Installs a network under a name and uses it, in this viewer and later.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.
    parent : QWidget, optional
        Qt parent.

    Attributes
    ----------
    used : Signal(str)
        A network is in use now, by this name.
    given_up : Signal
        It is no more.
    name : QLineEdit
        What the network will be called.
    """

    used = Signal(str)
    given_up = Signal()

    def __init__(self, viewer: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = weakref.ref(bare(viewer))
        self._offer: Offer | None = None
        self._wanted = ""
        self._used: Used | None = None
        self._token = object()
        self._make()
        self.clear()

    def clear(self) -> None:
        """Offer nothing."""
        self._token = object()
        self._offer = self._used = None
        self.name.clear()
        self._ask("")
        self._tell("")
        self._refresh()

    def offer(self, model: str | Path | None, *, name: str = "", task: str = "", view: str = "") -> None:
        """Offer the network in a file; None for no network.

        Parameters
        ----------
        model : str or Path or None
            The file.
        name : str, optional
            A name for it; one like it is taken where that is not free.
        task, view : str, optional
            What is known of it; its card says it all.
        """
        self.clear()
        if model is None:
            return
        path, token, self._wanted = Path(model), self._token, name or Path(model).parent.name
        self._work(token, lambda: using.look_at(path), self._take_offer)

    @property
    def busy(self) -> bool:
        """Whether a network is being read or installed."""
        return self._busy

    # -- the person -----------------------------------------------------------------------------------

    def use(self) -> None:
        """Install and use the network; an own one of the same name is asked about first."""
        name = self.name.text().strip()
        if self._offer is None or self._busy or using.refusal(name):
            return
        if self._offer.installed != name and (known := using.taken(name)):
            self._ask(
                f"You have a network “{name}” ({known}). Replace it? "
                f"It is kept as “{using.earlier_name(name)}”."
            )
            return
        self._install()

    def go_back(self) -> None:
        """Use what was used before."""
        if self._busy or self._offer is None:
            return
        used = self._used
        if used is None:  # put to use in an earlier session
            used = using.found_in_use(self._viewer(), self._offer.places, self._offer.installed)
        before = using.give_up(used)
        self._used = None
        said = ", ".join(f"{model or 'the packaged network'} finds {WORDS[p]}" for p, model in before.items())
        self._tell(f"Back: {said}. “{used.name}” stays installed.", AMBER)
        self._refresh()
        self.given_up.emit()

    # -- inside ---------------------------------------------------------------------------------------

    def _make(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        self.label = QLabel("Name")
        self.name = QLineEdit()
        self.name.setToolTip("What the network is called wherever one can be chosen.")
        self.name.setAccessibleName("Name of the network")
        self.label.setBuddy(self.name)
        self.use_button = QPushButton("Use this network")
        self.use_button.setStyleSheet("font-weight: bold; padding: 5px;")
        row.addWidget(self.label)
        row.addWidget(self.name, 1)
        column.addLayout(row)
        column.addWidget(self.use_button)
        self.complaint = QuietLabel(wrap=True)
        column.addWidget(self.complaint)
        self.question = QLabel()
        self.question.setWordWrap(True)
        self.question.setStyleSheet(_BAND.format(AMBER))
        column.addWidget(self.question)
        answers = QHBoxLayout()
        self.replace_button = QPushButton("Replace")
        self.replace_button.setToolTip("Install the new network under this name; the earlier one is kept.")
        self.keep_button = QPushButton("Another name")
        self.keep_button.setToolTip("Leave the earlier network alone and take a name that is free.")
        answers.addWidget(self.replace_button)
        answers.addWidget(self.keep_button)
        column.addLayout(answers)
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.told.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self.told)
        self.back_button = QPushButton("Go back")
        self.back_button.setToolTip("Use what was used before; the network stays installed.")
        column.addWidget(self.back_button)
        self._busy = False
        self.name.textChanged.connect(self._on_name)
        self.name.returnPressed.connect(self.use)
        self.use_button.clicked.connect(self.use)
        self.replace_button.clicked.connect(self._install)
        self.keep_button.clicked.connect(self._other_name)
        self.back_button.clicked.connect(self.go_back)

    def _take_offer(self, offer: Offer) -> None:
        self._offer = offer
        self.name.setText(offer.installed or using.free_name(self._wanted))
        if using.in_use(offer.places, offer.installed):
            self._tell(f"In use as “{offer.installed}”: it finds {_places(offer.places)}.", GREEN)
        self._refresh()

    def _install(self) -> None:
        offer, name, token = self._offer, self.name.text().strip(), self._token
        if offer is None or self._busy:
            return
        self._ask("")
        self._tell(f"Reading the network whole and installing it as “{name}”…")
        self._work(token, lambda: (name, using.install(offer.model, name)), self._take_installed)

    def _take_installed(self, done: tuple[str, str]) -> None:
        (name, replaced), offer, viewer = done, self._offer, self._viewer()
        if offer is None or viewer is None:
            return
        self._offer = Offer(offer.model, offer.card, offer.places, name)
        used = self._used = using.put_to_use(viewer, offer.places, name, replaced=replaced)
        self._tell(_what_changed(used), GREEN)
        self._refresh()
        self.used.emit(name)

    def _other_name(self) -> None:
        self._ask("")
        self.name.setText(using.free_name(self.name.text().strip()))
        self.name.setFocus()

    def _work(self, token: object, function: Callable[[], Any], take: Callable[[Any], None]) -> None:
        """Do something on a worker; of a network that is offered no more nothing is told."""
        self._busy, self._then = True, take
        self._refresh()

        def outcome() -> tuple[object, Any, Exception | None]:
            try:
                return token, function(), None
            except (BadInput, OSError) as error:
                return token, None, error

        start_call(outcome, on_result=self._on_outcome, on_error=self._on_error)

    def _on_outcome(self, came: tuple[object, Any, Exception | None]) -> None:
        token, result, error = came
        if token is not self._token:
            return
        self._busy = False
        if error is not None:
            self._tell(str(error), RED)
            self._refresh()
        else:
            self._then(result)

    def _on_error(self, error: Exception) -> None:
        self._busy = False
        self._refresh()
        raise error

    def _on_name(self) -> None:
        self._ask("")
        self._refresh()

    def _refresh(self) -> None:
        offer, name = self._offer, self.name.text().strip()
        complaint = using.refusal(name) if offer is not None else ""
        using_it = offer is not None and offer.installed == name and using.in_use(offer.places, name)
        self.complaint.set_text(complaint)
        self.complaint.setVisible(bool(complaint))
        self.name.setEnabled(offer is not None and not self._busy)
        ready = offer is not None and not self._busy and not complaint
        self.use_button.setEnabled(ready and not using_it)
        self.use_button.setText("In use" if using_it else "Use this network")
        self.use_button.setToolTip(
            "Install it under this name and use it: in what is open here, and in what is opened later."
        )
        self.back_button.setVisible(using_it)
        self.back_button.setEnabled(not self._busy)

    def _ask(self, question: str) -> None:
        for widget in (self.question, self.replace_button, self.keep_button):
            widget.setVisible(bool(question))
        self.question.setText(breakable(question))
        self.use_button.setVisible(not question)
        if question:
            self.keep_button.setFocus()

    def _tell(self, text: str, colour: str = "") -> None:
        self.told.setStyleSheet(_BAND.format(colour) if colour else "")
        self.told.setText(breakable(text))
        self.told.setToolTip(text)
        self.told.setVisible(bool(text))


def _places(places: tuple[str, ...]) -> str:
    return " and ".join(WORDS[place] for place in places)


def _what_changed(used: Used) -> str:
    """Say what is different now."""
    later = ", also later (Preferences › napari-tbcad)" if used.kept else ""
    said = f"“{used.name}” finds {_places(used.places)} from now on{later}."
    if not used.kept:
        said += " Only in this window: napari keeps no preferences for this plugin here."
    thing = "bone scan" if used.places[0].startswith(("hotspots", "regions")) else "film"
    if used.studies:
        open_ = f"The open {thing} is" if used.studies == 1 else f"{used.studies} open {thing}s are"
        said += f" {open_} out of date: “Run all” brings it up to date."
    if used.replaced:
        said += f" The earlier network of this name is “{used.replaced}” now."
    if "lungs" in used.places:
        said += " A classifier that was trained with other masks says so on every film."
    options = " ".join(f"--set {NETWORKS[place]}={used.name}" for place in used.places)
    return f"{said} On the command line:\n{options}"
