"""A tiny network, its file, a folder of models of its own and a web server on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from napari_tbcad.networks.build import ArchitectureParameters, build
from napari_tbcad.networks.card import NetworkCard, task_classes
from napari_tbcad.networks.input import InputParameters
from napari_tbcad.networks.models import forget_networks
from napari_tbcad.networks.store import Network, save_network

TINY = ArchitectureParameters(
    architecture="Unet", encoder="tu-test_efficientnet", decoder_channels=(16, 8, 8, 4, 4)
)


def tiny(task: str = "lungs", **card: object) -> Network:
    import torch

    torch.manual_seed(5)
    module = build(TINY, n_classes=len(task_classes(task))).eval()
    content = {
        "name": "tiny",
        "task": task,
        "classes": task_classes(task),
        "architecture": TINY,
        "input": InputParameters(height=64, width=64),
    }
    return Network(module, NetworkCard.model_validate({**content, **card}))


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Small networks on a busy machine: threads would wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_network() -> Network:
    """A network of the lungs that knows nothing; do not change it."""
    return tiny()


@pytest.fixture(scope="session")
def network_file(tiny_network: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its file; do not change it."""
    path = tmp_path_factory.mktemp("network") / "tiny.safetensors"
    save_network(tiny_network, path)
    return path


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of models."""
    folder = tmp_path / "models"
    monkeypatch.setenv("NAPARI_TBCAD_MODELS", str(folder))
    forget_networks()
    yield folder
    forget_networks()


class Server:
    """Serves what is in `files` by path; a path in `cut` ends half-way, and all else is not found."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: set[str] = set()
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                content = server.files.get(self.path)
                if content is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if self.path in server.cut else content)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A web server of this machine that other names lead nowhere but to."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    one = Server()
    monkeypatch.setenv("HF_ENDPOINT", one.url)
    yield one
    one.close()
