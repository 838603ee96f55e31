from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="session")
def scan_file(tmp_path_factory):
    """A simulated scan with lesions as a two-frame DICOM file, coarse and quick to go through."""
    from napari_tbcad.io.nuclear_writing import write_nuclear
    from napari_tbcad.simulate.bone_scan import ScanParameters, simulate_scan
    from napari_tbcad.simulate.skeleton import BodyParameters

    coarse = BodyParameters(shape=(512, 128), slab_mm=10.0)
    # One whose lesions the detector is sure of in both views: what follows needs one it calls abnormal.
    made = simulate_scan(ScanParameters(abnormal=6, counts=8e5), seed=0, person=coarse)
    frames = [view.counts for _, view in made.scan]
    path = tmp_path_factory.mktemp("scans") / "patient.dcm"
    return write_nuclear(path, frames, spacing_mm=made.scan.spacing_mm, name="A", study="1")


@pytest.fixture(scope="session")
def unnamed_file(tmp_path_factory):
    """Two frames of which neither header nor content tells which view they are."""
    from napari_tbcad.io.nuclear_writing import write_nuclear

    generator = np.random.default_rng(0)
    rows, columns = np.mgrid[:512, :128]
    body = 40.0 * (((rows - 256) / 230) ** 2 + ((columns - 64) / 40) ** 2 < 1)
    frames = [generator.poisson(body) for _ in range(2)]
    path = tmp_path_factory.mktemp("unnamed") / "unnamed.dcm"
    return write_nuclear(path, frames, views=None, codes="none", name="B", study="2")


@pytest.fixture(scope="session")
def analysis(scan_file):
    """What the chain makes of the scan without a panel."""
    from napari_tbcad.bone.workflow import analyse
    from napari_tbcad.io.scans import read_study

    return analyse(read_study(scan_file))


@pytest.fixture
def panel(make_napari_viewer_proxy):
    """Return a function that docks a bone panel in a new viewer, as napari does."""
    from napari_tbcad.widgets.bone.panel import BonePanel

    def make():
        viewer = make_napari_viewer_proxy()
        widget = BonePanel(viewer)
        viewer.window.add_dock_widget(widget, name="Bone scan")
        return viewer, widget

    return make


@pytest.fixture
def opened(panel, finished, scan_file, qtbot):
    """Return a function that opens the scan in a new panel and, if wanted, runs everything."""

    def make(path=scan_file, *, run=True):
        viewer, widget = panel()
        widget.open_film(path)
        qtbot.waitUntil(lambda: widget.session is not None, timeout=20_000)
        finished(widget)
        if run:
            widget.run_bar.run_button.click()
            finished(widget)
        return viewer, widget

    return make
