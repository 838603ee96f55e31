from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.bone.editing import delete
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.partner import PartnerParameters, link_partners, propose_partner
from napari_tbcad.imaging.bonescan import BoneScan, ScanView


@pytest.fixture
def pair() -> tuple[BoneScan, Hotspots]:
    """A body with shoulders, the posterior view 3 rows lower; one lesion in both views, one in one."""
    rows, columns = np.indices((160, 64))

    def view(shift: int, lesions: list[tuple[int, int, float]]) -> np.ndarray:
        r = rows - shift
        width = np.where(r < 30, 6, np.where(r < 90, 20, 12))
        counts = 6.0 * ((r > 5) & (r < 150) & (np.abs(columns - 31.5) < width))
        for row, column, sigma in lesions:
            counts += 40 * np.exp(-((r - row) ** 2 + (columns - column) ** 2) / (2 * sigma**2))
        return counts.astype(np.float32)

    front = view(0, [(60, 20, 2.5), (110, 38, 2.5)])
    behind = view(3, [(60, 20, 2.5)])[:, ::-1]
    scan = BoneScan(ScanView(front), ScanView(np.ascontiguousarray(behind)))
    labels = np.zeros(front.shape, np.uint16)
    labels[58:63, 18:23] = 1
    labels[108:113, 36:41] = 2
    other = np.zeros(front.shape, np.uint16)
    other[61:66, 41:46] = 3
    marks = (Mark(1, "anterior"), Mark(2, "anterior"), Mark(3, "posterior"))
    return scan, Hotspots(labels, other, marks)


def test_partners_are_linked_and_the_lone_one_is_not(pair):
    linked = link_partners(*pair)
    assert [(m.id, m.linked) for m in linked.marks] == [(1, 3), (2, None), (3, 1)]
    assert link_partners(pair[0], linked).marks == linked.marks


def test_a_tight_tolerance_along_the_body_still_holds(pair):
    linked = link_partners(*pair, parameters=PartnerParameters(along_mm=3, across_mm=3))
    assert linked.mark(1).linked == 3


def test_an_existing_hotspot_is_proposed_first(pair):
    found = propose_partner(*pair, 1)
    assert (found.existing, found.view) == (3, "posterior")
    assert found.score > 0.9
    assert propose_partner(pair[0], link_partners(*pair), 3).score == 1


def test_a_new_hotspot_is_proposed_where_it_stands_out(pair):
    scan, hotspots = pair
    found = propose_partner(scan, delete(hotspots, 3), 1)
    assert found.existing is None
    assert found.mask[63, 43]
    assert found.score > 0.6
    assert propose_partner(scan, hotspots, 2) is None


def test_a_lone_view_has_no_partners(pair):
    scan, hotspots = pair
    lone = BoneScan(scan.anterior, None)
    spots = Hotspots(hotspots.anterior, None, hotspots.marks[:2])
    assert link_partners(lone, spots) is spots
    assert propose_partner(lone, spots, 1) is None
