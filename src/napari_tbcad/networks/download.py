"""Downloads: only when a person asks for one, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

from napari_tbcad.errors import BadInput

TIMEOUT = 30
"""Seconds without a byte after which a server counts as gone."""


def download(
    url: str, path: str | Path, *, sha256: str | None = None, max_bytes: int, timeout: float = TIMEOUT
) -> Path:
    """Download a file.

    Parameters
    ----------
    url : str
        Its address, http or https.
    path : str or Path
        Where to keep it. A file there that has the hash already is taken as it is.
    sha256 : str, optional
        What its SHA-256 must be, 64 hexadecimal digits.
    max_bytes : int
        The download is stopped beyond this size.
    timeout : float, optional
        Seconds to wait for the server.

    Returns
    -------
    Path
        `path`, which is never left half written.

    Raises
    ------
    BadInput
        If the address is no web address, the server cannot be reached or has no such file, the
        connection is cut, or the file is not the one that the hash names.
    """
    import pooch
    import requests

    path = Path(path)
    if not url.startswith(("https://", "http://")):
        raise BadInput(url, "not an address that starts with https://")
    inner = pooch.HTTPDownloader(chunk_size=2**16, timeout=timeout)

    def downloader(address: str, output_file: str, pup: Any) -> None:
        with Path(output_file).open("wb") as file:
            inner(address, _Bounded(file, max_bytes), pup)

    try:
        pooch.retrieve(
            url,
            known_hash=f"sha256:{sha256}" if sha256 else None,
            fname=path.name,
            path=path.parent,
            downloader=downloader,
        )
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else "an error"
        raise BadInput(url, f"the server has no such file to give (it answered {status})") from error
    except requests.RequestException as error:
        raise BadInput(url, f"the download failed ({type(error).__name__})") from error
    except OSError as error:
        raise BadInput(path, f"cannot be written ({error.strerror or error})") from error
    except ValueError as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(url, "what came is not the file that the hash names; it was thrown away") from error
    return path


class _Bounded:
    """A file that takes no more than so many bytes."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file, self._left, self._most = file, most, most

    def write(self, content: bytes) -> int:
        self._left -= len(content)
        if self._left < 0:
            raise BadInput("download", f"larger than {self._most // 2**20} MiB, so it was stopped")
        return self._file.write(content)

    def flush(self) -> None:
        self._file.flush()
