"""Quality facts of a scan: counts, saturation, truncation, pixel size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_tbcad.bone.quality import check_scan, saturated_share
from napari_tbcad.bone.views_pose import find_pose
from napari_tbcad.imaging.bonescan import BoneScan, ScanView


def scan_of(anterior: np.ndarray, posterior: np.ndarray | None = None, **options) -> BoneScan:
    return BoneScan(ScanView(anterior), None if posterior is None else ScanView(posterior), **options)


def with_total(total: float) -> np.ndarray:
    return np.full((100, 40), total / 4000, np.float32)


@pytest.mark.parametrize(
    ("total", "level"), [(2e6, "good"), (1e6, "good"), (0.9e6, "amber"), (0.5e6, "amber"), (0.4e6, "red")]
)
def test_levels_by_counts(total, level):
    quality = check_scan(scan_of(with_total(total), with_total(2e6)))
    assert quality.levels == {"anterior": level, "posterior": "good"}
    assert quality.level == level
    assert quality.counts["anterior"] == pytest.approx(total, rel=1e-4)
    assert any("anterior view has" in w for w in quality.warnings) == (level != "good")


def test_grey_values_have_no_count_level():
    quality = check_scan(scan_of(with_total(1e5), with_total(1e5), unit="grey"))
    assert quality.level == "unknown"
    assert any("grey values" in w for w in quality.warnings)


def test_a_missing_view_and_no_pixel_size_are_told():
    warnings = " ".join(check_scan(scan_of(with_total(2e6))).warnings)
    assert "posterior view is missing" in warnings
    assert "pixel size is unknown" in warnings


def test_a_good_scan_is_not_complained_about(clean_scan):
    quality = check_scan(clean_scan.scan)
    assert quality.truncated == {"anterior": (), "posterior": ()}
    assert quality.saturated == {"anterior": 0.0, "posterior": 0.0}
    assert not [w for w in quality.warnings if "counts" not in w]
    assert 1500 < quality.facts["body_length_mm"] < 2200


@pytest.mark.parametrize("percentile", [98, 99.5])
def test_saturation_is_a_plateau_at_the_maximum(clean_scan, percentile):
    counts = clean_scan.scan.anterior.counts
    limited = np.minimum(counts, np.percentile(counts, percentile))
    assert saturated_share(counts, find_pose(counts)) == 0
    share = saturated_share(limited, find_pose(limited))
    assert share > (1 - percentile / 100)
    quality = check_scan(replace(clean_scan.scan, anterior=ScanView(limited)))
    assert any("anterior view is saturated" in w for w in quality.warnings)


def test_bodies_that_are_cut_off_are_told(clean_scan):
    anterior, posterior = (view.counts for _, view in clean_scan.scan)
    rows, columns = anterior.shape

    def cut(rows_kept: slice, columns_kept: slice = slice(None)) -> tuple[str, ...]:
        views = (image[rows_kept, columns_kept] for image in (anterior, posterior))
        return check_scan(scan_of(*views)).truncated["anterior"]

    assert cut(slice(rows // 10, None)) == ("top",)
    assert cut(slice(0, 7 * rows // 10)) == ("bottom",)
    narrow = cut(slice(None), slice(columns // 4, -columns // 4))
    assert {"left", "right"} <= set(narrow)


def test_an_unusual_pixel_size_and_no_body_are_told():
    warnings = " ".join(check_scan(scan_of(with_total(2e6), spacing_mm=(12.0, 12.0))).warnings)
    assert "unusual" in warnings
    empty = np.zeros((100, 40), np.float32)
    assert "No body was found" in " ".join(check_scan(scan_of(empty)).warnings)


@pytest.mark.realdata
def test_real_views_that_are_cut_off_are_told(shared_data):
    from napari_tbcad.bone.views import name_views
    from napari_tbcad.io.scans import find_scans, read_study

    cut = set()
    for files in find_scans(shared_data / "bone" / "pairs" / "png"):
        if files.name not in ("11", "15", "108", "111", "126"):
            continue
        quality = check_scan(name_views(read_study(files)))
        cut |= {(files.name, view, sides) for view, sides in quality.truncated.items() if sides}
    assert cut == {
        ("15", "posterior", ("bottom",)),
        ("108", "anterior", ("bottom",)),
        ("126", "posterior", ("bottom",)),
    }


def test_two_views_with_few_counts_are_told_in_one_sentence():
    view = ScanView(np.full((64, 16), 0.4e6 / 1024, np.float32))
    said = [text for text in check_scan(BoneScan(view, view)).warnings if "million counts" in text]
    assert len(said) == 1
    assert "anterior and posterior views have 0.40 and 0.40 million counts, far too little" in said[0]
