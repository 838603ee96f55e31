"""What all bone scan panels of one viewer share: the scan chosen and its session."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Image

from napari_tbcad.case import SUFFIX
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.scans import Study
from napari_tbcad.widgets.bone.intake import (
    layers_of_study,
    part_of,
    partnered,
    read_layers,
    scan_layers,
    study_of_layers,
)
from napari_tbcad.widgets.bone.resume import read_case
from napari_tbcad.widgets.bone.session import BoneSession
from napari_tbcad.widgets.collecting import without_searching
from napari_tbcad.widgets.films import PREVIEW
from napari_tbcad.widgets.proxies import bare
from napari_tbcad.widgets.reader import METADATA_KEY, SCAN_KEY
from napari_tbcad.widgets.workflow.bench import Actions, Bench, Opening

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.viewing import BoneViewing


_OTHERS = {PREVIEW, METADATA_KEY, SCAN_KEY}
"""What a layer that may still become a view carries none of."""


class BoneBench(Bench):
    """The workbench of the bone scans of one viewer; a scan is known by the first of its views.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.

    Attributes
    ----------
    session : BoneSession or None
        Session of the chosen scan.
    active : bool
        Whether a panel of this bench is in sight: only then its keys are bound.
    """

    session: BoneSession | None
    viewing: BoneViewing | None

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer)
        self.active = True
        self._scans: weakref.WeakValueDictionary[int, BoneSession] = weakref.WeakValueDictionary()

    def films(self) -> list[Image]:
        """Return one layer of each scan, the topmost scan first."""
        leads: dict[int, Image] = {}
        for layer in self._viewer_layers():
            part = part_of(layer)
            if part is not None and (id(part.study) not in leads or part.view == VIEWS[0]):
                leads[id(part.study)] = layer
        return list(leads.values())[::-1]

    def title(self, layer: Image) -> str:
        """Return what a scan is called: without the word for the view of its first layer."""
        words = (" anterior", " posterior", " view 1", " view 2")
        word = next((word for word in words if layer.name.endswith(word)), "")
        return layer.name.removesuffix(word)

    def others(self) -> list[Image]:
        """Return the image layers that are of no scan, and may be the views of one."""
        return [
            layer
            for layer in reversed(self._viewer_layers())
            if isinstance(layer, Image) and not _OTHERS & set(layer.metadata)
        ]

    def make_session(self, layer: Image) -> BoneSession:
        """Return the session of a scan, the same for whichever of its views."""
        part = part_of(layer)
        assert part is not None
        session = self._scans.get(id(part.study))
        if session is None or session.closed or session.part.study is not part.study:
            session = BoneSession(self._viewer(), part)
            self._scans[id(part.study)] = session
        return session

    def make_viewing(self) -> BoneViewing:
        """Return grey scale, ruler and keys."""
        from napari_tbcad.widgets.bone.viewing import BoneViewing

        return BoneViewing(self)

    def actions(self) -> Actions:
        """Return what the keys of the bone panel do."""
        from napari_tbcad.widgets.bone.actions import actions

        return actions(self)

    def session_gone(self, layer: Image, session: BoneSession) -> None:
        """Close the session of a scan of which no view is left; else it is known by the other view."""
        if rest := session.find_images():
            self._sessions[rest[0]] = session
        else:
            session.close(film_gone=True)

    def read(self, path: Path) -> list[Any]:
        """Read a scan, with the other view's file where it lies near by, or a saved case."""
        if path.suffix.lower() == SUFFIX:
            return read_case(path)
        return scan_layers(partnered(path))

    def read_sample(self, key: str) -> list[Any]:
        """Read one of the project's simulated scans."""
        from napari_tbcad.widgets.samples import sample_scan_layers

        return sample_scan_layers(key)

    def open_all(self, paths: Sequence[Path]) -> Opening:
        """Open the scans and cases among files that were dropped together."""

        def read() -> list[Any]:
            cases = [path for path in paths if path.suffix.lower() == SUFFIX]
            scans = [path for path in paths if path not in cases]
            layers = [layer for path in cases for layer in read_case(path)]
            return layers + (read_layers(scans) if scans else [])

        return self._open(read)

    def close_film(self) -> None:
        """Take the chosen scan and its labels out of the viewer."""
        viewer, session = self._viewer(), self.session
        if viewer is None or session is None:
            return
        session.take_last()
        pictures = list(session.layers.pictures().values())
        with without_searching():
            session.layers.remove()
            for layer in pictures:
                if layer in viewer.layers:
                    viewer.layers.remove(layer)

    def add(self, viewer: Any, layers: list[Any]) -> Image | None:
        """Put the views of scans side by side into the viewer; return the layer of the last scan."""
        for data, options, _ in layers:
            viewer.add_image(data, **options)
        films = self.films()
        if films:
            self.choose(films[0])
        return films[0] if films else None

    def use_layers(self, anterior: Image | None, posterior: Image | None) -> None:
        """Take open layers as the views of a scan; shown side by side, the layers themselves are hidden."""
        viewer = self._viewer()
        if viewer is None:
            return
        try:
            study, views = study_of_layers(anterior, posterior)
            name = study.source
            layers = layers_of_study(study, name, views)
        except Exception as error:  # told in the panel
            self.complain(error)
            return
        for layer in (anterior, posterior):
            if layer is not None:
                layer.visible = False
        self.add(viewer, layers)
        viewer.reset_view()

    def set_active(self, on: bool) -> None:
        """Bind the keys while a panel is in sight."""
        if on != self.active:
            self.active = on
            if self.viewing is not None:
                self.viewing.bind_keys()

    def _viewer_layers(self) -> list[Any]:
        viewer = self._viewer()
        return list(viewer.layers) if viewer is not None else []


def study_in(layer: Image) -> Study | None:
    """Return the study that a layer belongs to; None for any other layer."""
    part = part_of(layer)
    return None if part is None else part.study


_BENCHES: weakref.WeakKeyDictionary[Any, BoneBench] = weakref.WeakKeyDictionary()


def bone_bench_of(viewer: Any) -> BoneBench:
    """Return the workbench of a viewer, made on first use."""
    viewer = bare(viewer)
    if viewer not in _BENCHES:
        _BENCHES[viewer] = BoneBench(viewer)
    return _BENCHES[viewer]
