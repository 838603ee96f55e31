from __future__ import annotations

import builtins
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_tbcad.errors import BadInput
from napari_tbcad.io.read import JSRT_SHAPE, read_film

GREY = np.add.outer(np.arange(20), np.arange(30)).astype(np.uint8)


def png(path: Path, array: np.ndarray, **options: object) -> Path:
    Image.fromarray(array).save(path, **options)
    return path


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_eight_bit_grey_is_kept(tmp_path, suffix):
    film = read_film(png(tmp_path / f"a{suffix}", GREY))
    assert np.array_equal(film.pixels, GREY)
    assert film.pixels.dtype == np.float32
    assert film.warnings == ()


def test_jpeg_is_read_closely(tmp_path):
    film = read_film(png(tmp_path / "a.jpg", GREY, quality=95))
    assert np.abs(film.pixels - GREY).max() < 6


def test_content_decides_not_the_suffix(tmp_path):
    png(tmp_path / "a.png", GREY).rename(tmp_path / "a.dcm")
    assert np.array_equal(read_film(tmp_path / "a.dcm").pixels, GREY)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bit_is_kept(tmp_path, suffix):
    deep = GREY.astype(np.uint16) * 1000
    assert np.array_equal(read_film(png(tmp_path / f"a{suffix}", deep)).pixels, deep)


def test_float_tiff_is_kept(tmp_path):
    values = GREY / 7 - 1.5
    tifffile.imwrite(tmp_path / "a.tif", values)
    assert np.allclose(read_film(tmp_path / "a.tif").pixels, values)


def test_one_bit_image_is_read(tmp_path):
    film = read_film(png(tmp_path / "a.png", GREY > 20))
    assert np.array_equal(film.pixels, GREY > 20)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_equal_colour_channels_are_the_grey_values(tmp_path, suffix):
    film = read_film(png(tmp_path / f"a{suffix}", np.repeat(GREY[..., None], 3, axis=2)))
    assert np.array_equal(film.pixels, GREY)
    assert film.warnings == ()


def test_true_colour_becomes_brightness_with_a_warning(tmp_path):
    colour = np.zeros((20, 30, 3), np.uint8)
    colour[..., 1] = 100
    film = read_film(png(tmp_path / "a.png", colour))
    assert np.allclose(film.pixels, 58.7)
    assert any("colour" in sentence for sentence in film.warnings)


def test_opaque_alpha_is_ignored_and_transparent_parts_are_black(tmp_path):
    rgba = np.dstack([GREY, GREY, GREY, np.full_like(GREY, 255)])
    assert np.array_equal(read_film(png(tmp_path / "a.png", rgba)).pixels, GREY)
    rgba[:5, :, 3] = 0
    film = read_film(png(tmp_path / "b.png", rgba))
    assert film.pixels[:5].max() == 0
    assert np.array_equal(film.pixels[5:], GREY[5:])
    assert any("transparent" in sentence for sentence in film.warnings)


def test_palette_image_is_read_through_its_palette(tmp_path):
    image = Image.fromarray(GREY).convert("P")
    image.putpalette([255 - v // 3 for v in range(768)])
    image.save(tmp_path / "a.png")
    assert np.array_equal(read_film(tmp_path / "a.png").pixels, 255 - GREY)


# TIFF 6.0, section 8: where row 0 and column 0 of the stored array are seen.
UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).T,
    8: np.rot90,
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize(
    ("suffix", "options"), [(".jpg", {"quality": 100}), (".tif", {}), (".tif", {"compression": "tiff_lzw"})]
)
def test_orientation_tag_is_applied(tmp_path, orientation, suffix, options):
    array = np.zeros((16, 32), np.uint8)
    array[:8, :8] = 200
    exif = Image.Exif()
    exif[0x0112] = orientation
    film = read_film(png(tmp_path / f"a{suffix}", array, exif=exif, **options))
    assert np.array_equal(film.pixels > 100, UPRIGHT[orientation](array) > 100)


def test_spacing_of_a_lying_film_is_turned_with_it(tmp_path):
    stored = np.zeros((400, 300), np.uint8)
    options = {"resolution": (25.4, 50.8), "resolutionunit": "INCH", "extratags": [(274, "H", 1, 6, True)]}
    tifffile.imwrite(tmp_path / "a.tif", stored, **options)
    film = read_film(tmp_path / "a.tif")
    assert film.shape == (300, 400)
    assert film.spacing_mm == pytest.approx((1.0, 0.5))


def test_white_is_zero_tiff_is_turned_round(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY, photometric="miniswhite")
    film = read_film(tmp_path / "a.tif")
    assert film.inverted
    assert np.array_equal(film.pixels, float(GREY.max()) - GREY)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_compressed_tiff_is_read(tmp_path, compression):
    film = read_film(png(tmp_path / "a.tif", GREY, compression=compression))
    assert np.array_equal(film.pixels, GREY)


def test_first_of_equal_pages_is_read_with_a_warning(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.stack([GREY, GREY + 50]), photometric="minisblack")
    film = read_film(tmp_path / "a.tif")
    assert np.array_equal(film.pixels, GREY)
    assert any("2 pages" in sentence for sentence in film.warnings)


def test_largest_page_is_read_not_the_thumbnail(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(GREY[::4, ::4])
        tiff.write(GREY)
    film = read_film(tmp_path / "a.tif")
    assert np.array_equal(film.pixels, GREY)
    assert any("2 pages" in sentence for sentence in film.warnings)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused(tmp_path, value):
    values = GREY.astype(np.float32)
    values[3, 4] = value
    tifffile.imwrite(tmp_path / "a.tif", values)
    with pytest.raises(BadInput, match=r"a\.tif: 1 of 600 pixels"):
        read_film(tmp_path / "a.tif")


def test_one_by_one_and_constant_films_can_be_read(tmp_path):
    assert read_film(png(tmp_path / "a.png", np.zeros((1, 1), np.uint8))).shape == (1, 1)
    assert read_film(png(tmp_path / "b.png", np.full((9, 9), 7, np.uint8))).pixels.max() == 7


def test_ten_thousand_squared_is_read_without_a_python_warning(tmp_path, recwarn):
    png(tmp_path / "a.png", np.zeros((10_000, 10_000), np.uint8), compress_level=1)
    assert read_film(tmp_path / "a.png").shape == (10_000, 10_000)
    assert not recwarn.list


def test_file_that_claims_too_many_pixels_is_refused(tmp_path):
    content = bytearray(png(tmp_path / "a.png", GREY).read_bytes())
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    (tmp_path / "bomb.png").write_bytes(content)
    with pytest.raises(BadInput, match=r"bomb\.png.*too large"):
        read_film(tmp_path / "bomb.png")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_truncated_image_is_refused_with_its_name(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 255, (200, 200), dtype=np.uint8)
    content = png(tmp_path / f"a{suffix}", noise).read_bytes()
    (tmp_path / f"cut{suffix}").write_bytes(content[: len(content) // 2])
    with pytest.raises(BadInput, match=rf"cut\{suffix}.*truncated"):
        read_film(tmp_path / f"cut{suffix}")


def test_a_header_that_cannot_be_read_is_told_without_folders_and_inner_names(tmp_path):
    path = tmp_path / "cut.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(30))
    with pytest.raises(BadInput) as told:
        read_film(path)
    assert str(told.value) == "cut.png: truncated or damaged image file (its header cannot be read)"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.png", b"", "empty"),
        ("a.dcm", b"", "empty"),
        ("a.png", b"this is a letter, not a film", "not an image"),
        ("a.pdf", b"%PDF-1.7 ....", "not an image"),
        ("a.IMG", b"\x00" * 1000, "not an image"),
    ],
)
def test_what_is_no_image_is_refused_with_name_and_cause(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=words) as caught:
        read_film(tmp_path / name)
    assert str(caught.value).startswith(name)


def test_missing_file_and_folder_are_refused(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        read_film(tmp_path / "absent.png")
    with pytest.raises(BadInput, match="a folder"):
        read_film(tmp_path)


def test_file_without_permission_is_refused(tmp_path, monkeypatch):
    path = png(tmp_path / "a.png", GREY)
    opened = builtins.open

    def refusing(file, *args, **kwargs):
        if Path(file) == path:
            raise PermissionError(13, "Permission denied", str(file))
        return opened(file, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", refusing)
    with pytest.raises(BadInput, match=r"a\.png: the file may not be read"):
        read_film(path)


@pytest.mark.parametrize(
    ("dpi", "known"), [(72, False), (96, False), (150, True), (1200, False), (None, False)]
)
def test_resolution_counts_only_when_it_can_be_the_films(tmp_path, dpi, known):
    array = np.zeros((2100, 1800), np.uint8)
    for suffix in (".png", ".tif"):
        film = read_film(png(tmp_path / f"a{suffix}", array, **({"dpi": (dpi, dpi)} if dpi else {})))
        assert (film.spacing_mm is not None) is known
        if known:
            assert film.spacing_mm == pytest.approx((25.4 / 150, 25.4 / 150), rel=1e-3)


def test_raw_jsrt_film_is_big_endian_and_turned_round(tmp_path):
    stored = np.zeros(JSRT_SHAPE, dtype=">u2")
    stored[0, 0], stored[0, 1] = 4095, 5000
    stored.tofile(tmp_path / "JPCLN001.IMG")
    film = read_film(tmp_path / "JPCLN001.IMG")
    assert film.spacing_mm == (0.175, 0.175)
    assert (film.pixels[0, 0], film.pixels[0, 1], film.pixels[0, 2]) == (0, 0, 4095)
