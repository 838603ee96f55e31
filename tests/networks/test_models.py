from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.files import sha256
from napari_tbcad.networks import listing, models
from napari_tbcad.networks.models import (
    fetch_listed,
    fetch_network,
    file_key,
    find_network,
    install_network,
    list_networks,
    locate,
    package_network,
    packaged_networks,
    remove_network,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def test_a_network_is_installed_found_listed_and_removed(models: Path, network_file: Path) -> None:
    entry = install_network(network_file, name="mine")
    assert entry.path == models / "mine.safetensors" == locate("mine")
    assert names(models) == ["installed.json", "mine.safetensors"]
    assert [e.name for e in list_networks() if not e.packaged] == ["mine"]
    assert entry.card().task == "lungs"
    assert find_network("mine", task="lungs").sha256 == entry.sha256 == sha256(network_file)
    remove_network("mine")
    assert names(models) == ["installed.json"]
    with pytest.raises(ModelRefused, match="neither a network by this name"):
        find_network("mine")
    with pytest.raises(BadInput, match="is not installed"):
        remove_network("mine")


def test_a_changed_installed_file_is_refused_and_one_put_there_by_hand_is_not(
    models: Path, network_file: Path, tiny_network
) -> None:
    install_network(network_file, name="mine")
    changed = tiny_network.card.model_copy(update={"description": "another"})
    other = models / "byhand.safetensors"
    listing_file = models / "installed.json"
    from napari_tbcad.networks.store import Network, save_network

    save_network(Network(tiny_network.module, changed), other)
    assert find_network("byhand").card.description == "another"
    assert "byhand" not in json.loads(listing_file.read_text())["networks"]
    (models / "mine.safetensors").write_bytes(other.read_bytes())
    with pytest.raises(ModelRefused, match="changed or damaged"):
        find_network("mine")


def test_names_that_are_taken_or_lead_elsewhere_are_refused(models: Path, network_file: Path) -> None:
    install_network(network_file, name="mine")
    with pytest.raises(BadInput, match="installed already"):
        install_network(network_file, name="mine")
    install_network(network_file, name="mine", replace=True)
    for name in ("../out", "a/b", ".hidden", "", "a" * 65, "a b"):
        if name:
            with pytest.raises(BadInput, match="letters"):
                install_network(network_file, name=name)
            with pytest.raises(BadInput, match="is not installed"):
                remove_network(name)
    assert install_network(network_file).name == "tiny"


def test_a_broken_file_is_not_installed(models: Path, network_file: Path, tmp_path: Path) -> None:
    (tmp_path / "half.safetensors").write_bytes(network_file.read_bytes()[:-5])
    with pytest.raises(ModelRefused, match="not a whole network file"):
        install_network(tmp_path / "half.safetensors")
    assert not models.exists()


def test_a_full_disk_leaves_the_installed_network_as_it_was(
    models: Path, network_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_network(network_file, name="mine")
    before = {p.name: p.read_bytes() for p in models.iterdir()}

    def full(_: object, target: Path) -> None:
        Path(target).write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(BadInput, match="No space left"):
        install_network(network_file, name="mine", replace=True)
    assert {p.name: p.read_bytes() for p in models.iterdir()} == before


def test_a_network_stays_in_memory_until_its_file_changes(
    models: Path, network_file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "n.safetensors"
    path.write_bytes(network_file.read_bytes())
    first, key = find_network(path), file_key(path)
    assert find_network(str(path)) is first
    os.utime(path, (1, 1))
    assert file_key(path) != key
    again = find_network(path)
    assert again is not first
    assert again.content_key == first.content_key
    path.unlink()
    with pytest.raises(ModelRefused):
        find_network(path)


def test_several_threads_get_one_network(models: Path, network_file: Path) -> None:
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(find_network(network_file))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(map(id, found))) == 1


def test_another_task_is_refused_though_the_network_is_in_memory(models: Path, network_file: Path) -> None:
    find_network(network_file)
    with pytest.raises(ModelRefused, match="made for the task lungs, not for opacities"):
        find_network(network_file, task="opacities")
    with pytest.raises(ModelRefused, match="no view of bone scans, not for the anterior one"):
        find_network(network_file, view="anterior")


def test_packaged_networks_are_held_against_their_list(
    models: Path, network_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "weights"
    monkeypatch.setattr(listing, "packaged_folder", lambda: weights)
    assert packaged_networks() == ()
    package_network(network_file, "tiny", folder=weights)
    assert packaged_networks() == ("tiny",)
    assert find_network("tiny").card.name == "tiny"
    models.mkdir()
    (models / "installed.json").write_text("not a list")
    assert find_network("tiny", task="lungs").sha256 == sha256(network_file)
    (models / "installed.json").unlink()
    with pytest.raises(BadInput, match="packaged"):
        install_network(network_file, name="tiny")
    with pytest.raises(BadInput, match="cannot be removed"):
        remove_network("tiny")
    content = bytearray((weights / "tiny.safetensors").read_bytes())
    content[-1] ^= 1
    (weights / "tiny.safetensors").write_bytes(content)
    with pytest.raises(ModelRefused, match="changed or damaged"):
        find_network("tiny")
    (weights / "tiny.safetensors").unlink()
    with pytest.raises(ModelRefused, match="missing"):
        find_network("tiny")


def test_a_packaged_network_names_no_folder_of_the_machine_that_trained_it(
    models: Path, tiny_network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_tbcad.networks.card import NetworkCard
    from napari_tbcad.networks.store import Network, save_network

    source = {"folder": "set", "table": "/home/ana/t.csv", "labels": {r"C:\ana\masks": 1}, "note": "a/b"}
    architecture = tiny_network.card.architecture.model_copy(update={"encoder_weights": "/home/ana/w.pth"})
    told = {"training": {"data": {"sources": [source]}}, "architecture": architecture}
    card = tiny_network.card.model_copy(update=told)
    with monkeypatch.context() as earlier:
        earlier.setattr(NetworkCard, "without_places", lambda card: card)
        save_network(Network(tiny_network.module, card), tmp_path / "n.safetensors")
    assert b"ana" in (tmp_path / "n.safetensors").read_bytes()
    entry = package_network(tmp_path / "n.safetensors", "tiny", folder=tmp_path / "weights")
    assert b"ana" not in entry.path.read_bytes()
    assert entry.sha256 == sha256(entry.path)
    assert entry.card().training["data"]["sources"] == [
        {"folder": "set", "table": "t.csv", "labels": {"masks": 1}, "note": "a/b"}
    ]
    monkeypatch.setattr(listing, "packaged_folder", lambda: tmp_path / "weights")
    assert find_network("tiny").sha256 == entry.sha256


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"networks": {"a": {}}}', '{"networks": {"../a": {"sha256": "0"}}}']
)
def test_a_broken_list_is_named(models: Path, text: str) -> None:
    models.mkdir()
    for name, ask in (("installed.json", list_networks), ("downloads.json", models_known)):
        (models / name).write_text(text)
        with pytest.raises(ModelRefused, match=f"{name}: the list of networks cannot be read"):
            ask()
        (models / name).unlink()


def models_known() -> object:
    return models.known_downloads()


def test_a_listed_network_is_fetched_only_when_asked(models: Path, network_file: Path, server) -> None:
    server.files["/a.safetensors"] = network_file.read_bytes()
    item = {"url": f"{server.url}/a.safetensors", "sha256": sha256(network_file)}
    models.mkdir()
    (models / "downloads.json").write_text(json.dumps({"networks": {"far": item}}))
    with pytest.raises(
        ModelRefused, match=r"listed for download: fetch it, or save it as .*far\.safetensors"
    ):
        find_network("far")
    assert not server.asked
    told: list[str] = []
    fetch_listed("far", say=told.append)
    assert find_network("far").sha256 == item["sha256"]
    assert names(models) == ["downloads.json", "far.safetensors", "installed.json"]
    assert server.asked == ["/a.safetensors"]
    assert "downloading the network far" in told[0]
    with pytest.raises(BadInput, match="not listed for download"):
        fetch_listed("near")


def test_a_download_that_fails_leaves_nothing_and_says_what_to_do(
    models: Path, network_file: Path, server
) -> None:
    content = network_file.read_bytes()
    server.files |= {"/cut.safetensors": content, "/other.safetensors": b"other"}
    server.cut.add("/cut.safetensors")
    digest = sha256(network_file)
    cases = {
        f"{server.url}/cut.safetensors": "download failed",
        f"{server.url}/other.safetensors": "not the file that the hash names",
        f"{server.url}/none.safetensors": "answered 404",
        "file:///etc/passwd": "https",
        "http://127.0.0.1:9/x.safetensors": "download failed",
    }
    for url, said in cases.items():
        with pytest.raises(BadInput, match=rf"{said}.*bring the file and install it"):
            fetch_network(url, digest, say=lambda _: None)
    with pytest.raises(BadInput, match="64 hexadecimal digits"):
        fetch_network(f"{server.url}/cut.safetensors", "", say=lambda _: None)
    assert not names(models)


def test_what_is_too_large_is_stopped(tmp_path: Path, server) -> None:
    from napari_tbcad.networks.download import download

    server.files["/a"] = bytes(300_000)
    with pytest.raises(BadInput, match="so it was stopped"):
        download(f"{server.url}/a", tmp_path / "a", max_bytes=200_000)
    assert not names(tmp_path)


def test_what_comes_from_afar_is_read_as_any_file(models: Path, server, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"not a network")
    server.files["/x.safetensors"] = b"not a network"
    with pytest.raises(ModelRefused, match="not a whole network file"):
        fetch_network(f"{server.url}/x.safetensors", sha256(tmp_path / "x"), say=lambda _: None)
    assert not names(models)


def test_listing_networks_takes_no_torch(models: Path, network_file: Path) -> None:
    install_network(network_file, name="mine")
    code = (
        "import sys; from napari_tbcad.networks import models; "
        "entry, = [e for e in models.list_networks() if not e.packaged]; "
        "entry.card(); models.file_key('mine'); "
        "print(entry.name, 'torch' in sys.modules, 'requests' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["mine", "False", "False"]


def test_verify_counts_a_packaged_network_that_is_not_what_its_list_says(
    models: Path,
    network_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from napari_tbcad.cli import verify

    weights = tmp_path / "weights"
    monkeypatch.setattr(listing, "packaged_folder", lambda: weights)
    for name in ("good", "bad"):
        package_network(network_file, name, folder=weights)
    with (weights / "bad.safetensors").open("ab") as file:
        file.write(b"x")
    assert verify._networks() == 1
    assert re.search(
        "network bad: MISS .*\nnetwork good: sound, digest [0-9a-f]{12}, task lungs", capsys.readouterr().out
    )
    (weights / "networks.json").write_text("{")
    assert verify._networks() == 1
