"""A trained network is put to use, here and later, and given up again."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_tbcad.widgets.preferences import NETWORKS, Preferences, prefer_networks, preferences


def test_every_network_on_the_page_names_a_setting_that_exists():
    from napari_tbcad.bone.workflow import settings_from as bone_settings
    from napari_tbcad.chest.workflow import settings_from as chest_settings

    wanted = Preferences(networks={key: f"my {key}" for key in NETWORKS})
    chest = chest_settings(wanted.assignments())
    assert (chest.lungs.network.model, chest.opacities.model) == ("my lungs", "my opacities")
    bone = bone_settings(wanted.bone_assignments())
    assert bone.hotspots.network.anterior == "my hotspots_anterior"
    assert bone.hotspots.network.posterior == "my hotspots_posterior"
    assert bone.regions.network.model == "my regions"
    assert len(wanted.assignments()) == 4 + 2
    assert len(wanted.bone_assignments()) == 3


@pytest.mark.gui
def test_without_a_page_nobody_keeps_networks(plugin_settings, npe2pm):
    assert not prefer_networks({"lungs": "ours"})
    assert preferences().networks == {}


@pytest.mark.gui
def test_the_page_keeps_networks_for_the_next_start(page):
    from napari.settings import get_plugin_settings

    assert preferences().networks == {}
    assert prefer_networks({"lungs": "ours", "regions": "bones"})
    assert preferences().networks == {"lungs": "ours", "regions": "bones"}
    assert preferences().assignments()["lungs.network.model"] == "ours"
    assert "ours" in Path(get_plugin_settings("napari-tbcad").config_path).read_text()
    assert prefer_networks({"lungs": "", "regions": ""})
    assert preferences() == Preferences()


def card_of(task, views=()):
    """The card of a network that was never trained."""
    from napari_tbcad.networks.build import ArchitectureParameters
    from napari_tbcad.networks.card import NetworkCard, task_classes
    from napari_tbcad.networks.input import InputParameters

    reads = InputParameters(height=64, width=64, intensity="counts" if views else "percentiles", views=views)
    return NetworkCard(
        name="tiny",
        task=task,
        classes=task_classes(task),
        architecture=ArchitectureParameters(architecture="Unet"),
        input=reads,
        channels=reads.channels,
    )


@pytest.mark.parametrize(
    ("task", "views", "places"),
    [
        ("lungs", (), ("lungs",)),
        ("opacities", (), ("opacities",)),
        ("4", ("posterior",), ("hotspots_posterior",)),
        ("3", ("anterior",), ("hotspots_anterior",)),
        ("regions", ("anterior", "posterior"), ("regions",)),
    ],
)
def test_a_network_goes_where_it_can_be_used(task, views, places):
    from napari_tbcad.widgets.training.using import places_of

    assert places_of(card_of(task, views), "tiny") == places


def test_a_region_network_of_one_view_is_refused():
    from napari_tbcad.errors import BadInput
    from napari_tbcad.widgets.training.using import places_of

    with pytest.raises(BadInput, match="for regions a network reads both"):
        places_of(card_of("regions", ("anterior",)), "tiny")


def test_names(monkeypatch, tmp_path):
    from napari_tbcad.widgets.training.using import free_name, refusal

    monkeypatch.setenv("NAPARI_TBCAD_MODELS", str(tmp_path))
    (tmp_path / "ours.safetensors").write_bytes(b"")
    assert "packaged" in refusal("lungs")
    assert refusal("our lungs")
    assert refusal("")
    assert refusal("ours") == ""
    assert free_name("lungs") == "lungs-2"
    assert free_name("ours") == "ours-2"
    assert free_name("Our lungs, 2nd!") == "Our-lungs-2nd"
    assert free_name("..") == "network"


@pytest.fixture
def page(plugin_settings, npe2pm):
    """The page of Preferences, which napari forgets after the test."""
    from npe2 import PluginManifest

    import napari_tbcad

    npe2pm.register(PluginManifest.from_file(Path(napari_tbcad.__file__).parent / "napari.yaml"))


@pytest.fixture
def models(tmp_path, monkeypatch):
    """The folder of models of the test."""
    folder = tmp_path / "models"
    monkeypatch.setenv("NAPARI_TBCAD_MODELS", str(folder))
    return folder


@pytest.fixture
def instead_of_a_process(monkeypatch):
    """Install in this process: the other one takes seconds to start."""
    from napari_tbcad.networks.models import install_network
    from napari_tbcad.widgets.training import using

    def here(model, name):
        install_network(model, name=name, replace=True)

    monkeypatch.setattr(using, "_install", here)


@pytest.fixture
def box(qtbot):
    from napari.components import ViewerModel

    from napari_tbcad.widgets.training.use import UseBox

    def make(viewer=None):
        viewer = ViewerModel() if viewer is None else viewer
        made = UseBox(viewer)
        made.viewer_kept = viewer
        qtbot.addWidget(made)
        made.show()
        return made

    return make


def offer(qtbot, box, model, name=""):
    box.offer(model, name=name)
    qtbot.waitUntil(lambda: not box.busy, timeout=20_000)


@pytest.fixture
def film(qtbot, monkeypatch, phantom_pixels, quick_settings):
    """Return a viewer without a window and the session of the film that is open in it."""
    from napari.components import ViewerModel

    from napari_tbcad.widgets.chest import shelf
    from napari_tbcad.widgets.chest.bench import bench_of

    def none():
        raise shelf.NoModel

    monkeypatch.setattr(shelf, "packaged", none)
    monkeypatch.setattr(shelf.ModelShelf, "settings", lambda self, base=None: base or quick_settings)
    viewer = ViewerModel()
    bench = bench_of(viewer)
    session = bench.session_of(viewer.add_image(phantom_pixels, name="film"))
    qtbot.waitUntil(lambda: session.run is not None, timeout=30_000)
    yield viewer, session
    session.close()


@pytest.mark.gui
def test_a_network_is_used_in_the_open_film_and_given_up(
    qtbot, film, page, models, save_tiny_network, tmp_path, box, instead_of_a_process
):
    viewer, session = film
    assert session.run.settings.lungs.segmenter == "otsu"
    model = tmp_path / "trained" / "model.safetensors"
    model.parent.mkdir()
    save_tiny_network(model)

    use = box(viewer)
    offer(qtbot, use, model, "lungs")
    assert use.name.text() == "lungs-2"
    use.name.setText("lungs")
    assert not use.use_button.isEnabled()
    assert "packaged" in use.complaint.text()
    use.name.setText("ours")
    with qtbot.waitSignal(use.used, timeout=120_000):
        use.use_button.click()
    assert (models / "ours.safetensors").is_file()
    lungs = session.run.settings.lungs
    assert (lungs.segmenter, lungs.network.model) == ("network", "ours")
    assert preferences().networks == {"lungs": "ours"}
    told = use.told.text().replace("\u200b", "")
    assert "The open film is out of date" in told
    assert "--set lungs.network.model=ours" in told
    assert not use.use_button.isEnabled()

    use.back_button.click()
    lungs = session.run.settings.lungs
    assert (lungs.segmenter, lungs.network.model) == ("otsu", "lungs")
    assert preferences().networks == {}
    assert use.use_button.isEnabled()


@pytest.mark.gui
def test_another_process_installs(models, save_tiny_network, tmp_path):
    from napari_tbcad.networks.listing import find_entry
    from napari_tbcad.widgets.training.using import install

    digest = save_tiny_network(tmp_path / "model.safetensors")
    assert install(tmp_path / "model.safetensors", "ours") == ""
    assert find_entry("ours").sha256 == digest
    # The same file again is no other network.
    assert install(tmp_path / "model.safetensors", "ours") == ""


@pytest.mark.gui
def test_an_own_network_is_asked_about_and_kept(
    qtbot, page, models, save_tiny_network, tmp_path, box, instead_of_a_process
):
    from napari_tbcad.networks.listing import find_entry
    from napari_tbcad.networks.models import install_network

    first = save_tiny_network(tmp_path / "first.safetensors", 1)
    second = save_tiny_network(tmp_path / "second.safetensors", 2)
    install_network(tmp_path / "first.safetensors", name="ours")
    assert prefer_networks({"lungs": "ours"})

    use = box()
    offer(qtbot, use, tmp_path / "second.safetensors", "ours")
    assert use.name.text() == "ours-2"
    use.name.setText("ours")
    use.use_button.click()
    assert use.question.isVisible()
    assert "Replace it?" in use.question.text()
    use.keep_button.click()
    assert use.name.text() == "ours-2"
    assert not use.question.isVisible()
    use.name.setText("ours")
    use.use_button.click()
    with qtbot.waitSignal(use.used, timeout=60_000):
        use.replace_button.click()
    assert find_entry("ours").sha256 == second
    assert find_entry("ours-earlier").sha256 == first
    use.back_button.click()
    assert preferences().networks == {"lungs": "ours-earlier"}

    # Offered again it is known for what it is.
    assert prefer_networks({"lungs": "ours"})
    offer(qtbot, use, tmp_path / "second.safetensors", "anything")
    assert use.name.text() == "ours"
    assert "In use" in use.told.text()
    use.back_button.click()
    assert preferences().networks == {}

    # What cannot be used says why.
    (tmp_path / "broken.safetensors").write_bytes(b"no network")
    offer(qtbot, use, tmp_path / "broken.safetensors")
    assert "broken.safetensors" in use.told.text()
    assert not use.use_button.isEnabled()


def test_a_network_that_was_kept_is_not_replaced_by_the_next(monkeypatch, tmp_path):
    from napari_tbcad.networks.listing import NetworkEntry
    from napari_tbcad.widgets.training import using

    long = "n" * 64
    known = {
        name: NetworkEntry(name, tmp_path / name, False, sha)
        for name, sha in (("ours", "a"), ("ours-earlier", "b"), (long, "c"))
    }
    monkeypatch.setattr(using, "installed_entries", lambda: known)
    assert using.earlier_name("ours") == "ours-earlier-2"
    assert using.earlier_name(long) not in known
    known["ours-earlier"] = known["ours"]
    assert using.earlier_name("ours") == "ours-earlier"
