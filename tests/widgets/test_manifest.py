"""The manifest, the reader, the writer and the samples, through npe2 and napari."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from npe2 import PluginManifest

from napari_tbcad.errors import BadInput
from napari_tbcad.io.masks import read_mask
from napari_tbcad.io.slicer import read_segmentation
from napari_tbcad.widgets.reader import METADATA_KEY, get_reader
from napari_tbcad.widgets.writer import FILM_KEY, write_lung_mask, write_lung_segmentation

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def manifest():
    return PluginManifest.from_distribution("napari-tbcad")


def test_the_top_level_manifest_is_the_packaged_one():
    assert (ROOT / "napari.yaml").resolve() == (ROOT / "src/napari_tbcad/napari.yaml").resolve()


def test_every_command_can_be_imported(manifest):
    manifest.validate_imports()
    assert all(command.id.startswith("napari-tbcad.") for command in manifest.contributions.commands)


def test_every_setting_has_a_title_and_a_default(manifest):
    for page in manifest.contributions.configurations.values():
        for name, setting in page.properties.items():
            assert setting.title, name
            assert setting.default is not None, name


def test_preferences_are_read_from_napari(plugin_settings, npe2pm, manifest):
    from napari.settings import get_plugin_settings

    from napari_tbcad.widgets.preferences import Preferences, preferences

    npe2pm.register(manifest)
    assert preferences() == Preferences()
    page = get_plugin_settings("napari-tbcad")
    page.chest.segmenter = "otsu"
    page.chest.grid = 256
    page.general.device = "cpu"
    page.chest.autosave = "masks"
    assert preferences() == Preferences("cpu", "otsu", 256, Path("masks"))
    assert preferences().assignments()["lungs.segmenter"] == "otsu"


def test_preferences_name_settings_that_exist():
    from napari_tbcad.chest.workflow import settings_from
    from napari_tbcad.widgets.preferences import Preferences

    settings = settings_from(Preferences("cpu", "otsu", 256).assignments())
    assert (settings.lungs.segmenter, settings.features.grid, settings.classify.device) == (
        "otsu",
        256,
        "cpu",
    )


def test_a_dicom_film_opens_upright_in_mm_without_identifiers(samples):
    path = str(samples / "normal_cr.dcm")
    ((data, options, kind),) = get_reader(path)(path)
    assert kind == "image"
    film = options["metadata"][METADATA_KEY]
    assert data is film.pixels
    assert film.inverted
    assert options["scale"] == film.spacing_mm
    assert options["units"] == ("mm", "mm")
    low, high = options["contrast_limits"]
    assert (low, high) == film.window
    assert set(options["metadata"]) == {METADATA_KEY}


def test_a_folder_of_dicom_without_extensions(samples, tmp_path):
    film = (samples / "normal_cr.dcm").read_bytes()
    for name in ("IM0001", "IM0002"):
        (tmp_path / name).write_bytes(film)
    (tmp_path / "notes.txt").write_text("stray")
    layers = get_reader(str(tmp_path))(str(tmp_path))
    assert [options["name"] for _, options, _ in layers] == ["IM0001", "IM0002"]


def test_what_is_no_chest_film_is_left_to_others(samples, tmp_path):
    (tmp_path / "a.dcm").write_bytes(b"")
    (tmp_path / "b.dcm").write_text("not dicom")
    other = bytearray((samples / "normal_cr.dcm").read_bytes())
    place = other.find(b"CS\x02\x00CR")
    other[place + 4 : place + 6] = b"CT"
    (tmp_path / "ct.dcm").write_bytes(other)
    for name in ("a.dcm", "b.dcm", "ct.dcm", "missing.dcm"):
        assert get_reader(str(tmp_path / name)) is None
    assert get_reader(str(samples / "normal_man.png")) is None
    assert get_reader(str(tmp_path)) is None


def test_a_truncated_film_is_refused_by_name(samples, tmp_path):
    path = tmp_path / "cut.dcm"
    path.write_bytes((samples / "normal_cr.dcm").read_bytes()[:40_000])
    with pytest.raises(BadInput, match=r"cut\.dcm"):
        get_reader(str(path))(str(path))


def test_a_mask_is_written_and_read_back(tmp_path):
    labels = np.zeros((20, 30), np.int32)
    labels[5:15, 3:10], labels[5:15, 20:27] = 1, 2
    (path,) = write_lung_mask(str(tmp_path / "mask"), labels, {"name": "film sensitive"})
    np.testing.assert_array_equal(read_mask(path, (20, 30)), labels)


@pytest.mark.parametrize("write", [write_lung_mask, write_lung_segmentation])
@pytest.mark.parametrize("labels", [np.full((4, 4), 3), np.zeros((2, 4, 4), int)])
def test_what_is_no_lung_mask_is_not_written(tmp_path, labels, write):
    with pytest.raises(BadInput, match="my layer"):
        write(str(tmp_path / "mask.png"), labels, {"name": "my layer"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["mask", "mask.nrrd", "mask.seg.nrrd"])
def test_a_mask_is_written_for_slicer(tmp_path, name):
    labels = np.zeros((20, 30), np.int32)
    labels[5:15, 3:10], labels[5:15, 20:27] = 1, 2
    meta = {"name": "film sensitive", "scale": [20, 10], "units": ("micrometer", "micrometer")}
    (path,) = write_lung_segmentation(str(tmp_path / name), labels, meta)
    assert Path(path).name == "mask.seg.nrrd"
    again, facts = read_segmentation(path, (20, 30))
    np.testing.assert_array_equal(again, labels)
    assert facts["spacing_mm"] == pytest.approx((0.02, 0.01))
    assert facts["source"] == "film sensitive"


def test_a_layer_without_lengths_has_no_spacing_for_slicer(tmp_path):
    for meta in (
        {},
        {"scale": [2, 3], "units": ("pixel", "pixel")},
        {"scale": [0, 1], "units": ("meter",) * 2},
    ):
        (path,) = write_lung_segmentation(str(tmp_path / "mask"), np.eye(4, dtype=int), meta)
        assert read_segmentation(path)[1]["spacing_mm"] is None


def test_a_mask_for_slicer_lies_on_its_film(tmp_path):
    import SimpleITK as sitk
    from PIL import Image

    Image.fromarray(np.zeros((20, 30), np.uint8)).save(tmp_path / "film.tif", dpi=(254, 254))
    meta = {"metadata": {FILM_KEY: str(tmp_path / "film.tif")}}
    (path,) = write_lung_segmentation(str(tmp_path / "mask"), np.ones((20, 30), int), meta)
    assert sitk.ReadImage(path).GetSpacing() == pytest.approx((0.1, 0.1, 1))


@pytest.mark.parametrize("write", [write_lung_mask, write_lung_segmentation])
def test_a_mask_that_cannot_be_written_is_named(tmp_path, write):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(BadInput, match="cannot write"):
        write(str(tmp_path / "file" / "mask"), np.eye(4, dtype=int), {})


def test_every_sample_of_the_menu_opens(manifest):
    from npe2.manifest.utils import import_python_name

    from napari_tbcad.simulate.bone_samples import sample_scan_names
    from napari_tbcad.simulate.samples import sample_names

    offered = {sample.key: sample for sample in manifest.contributions.sample_data}
    assert set(offered) == {*sample_names(), *sample_scan_names()}
    commands = {command.id: command.python_name for command in manifest.contributions.commands}
    for key, sample in offered.items():
        layers = import_python_name(commands[sample.command])()
        words = ("phantom",) if key in sample_names() else ("anterior", "posterior")
        assert len(layers) == len(words)
        for (data, options, kind), word in zip(layers, words, strict=True):
            assert kind == "image"
            assert min(data.shape) >= 256, key
            assert word in options["name"]


@pytest.mark.gui
def test_napari_opens_the_film_and_saves_the_mask(make_napari_viewer, samples, tmp_path, npe2pm, manifest):
    npe2pm.register(manifest)
    viewer = make_napari_viewer()
    (film,) = viewer.open(str(samples / "normal_cr.dcm"), plugin="napari-tbcad")
    np.testing.assert_allclose(film.scale, film.metadata[METADATA_KEY].spacing_mm)
    labels = viewer.add_labels(np.eye(40, dtype=np.uint8))
    saved = labels.save(str(tmp_path / "mask.png"), plugin="napari-tbcad")
    assert Path(saved[0]).is_file()
