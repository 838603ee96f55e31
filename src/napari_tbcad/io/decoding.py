"""Compressed pixels of DICOM files, decoded so that damaged ones cannot end the program.

Of the decoders that pydicom knows, the one is taken that stands damaged data best: openjpeg for JPEG 2000,
libjpeg for baseline JPEG and CharLS for JPEG-LS are tried with damaged files by their makers all the time,
and refuse them; GDCM ends the process over some. What only GDCM and ITK read (lossless JPEG, JPEG of 12
bits) is decoded in a process beside, which is kept for some seconds for the next file.
"""

from __future__ import annotations

import atexit
import os
import re
import threading
import warnings as python_warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.io.dicom_file import first_number, parse_dicom
from napari_tbcad.plain_text import first_line

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
_LOSSLESS_JPEG = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
_PLUGINS = {
    "1.2.840.10008.1.2.4.50": "pillow",
    JPEG_EXTENDED: "pillow",
    "1.2.840.10008.1.2.4.80": "pyjpegls",
    "1.2.840.10008.1.2.4.81": "pyjpegls",
    "1.2.840.10008.1.2.4.90": "pylibjpeg",
    "1.2.840.10008.1.2.4.91": "pylibjpeg",
    "1.2.840.10008.1.2.4.201": "pylibjpeg",
    "1.2.840.10008.1.2.4.202": "pylibjpeg",
    "1.2.840.10008.1.2.4.203": "pylibjpeg",
}
_OF_PIXELS = (
    "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows",
    "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData",
)  # fmt: skip
_ALL_FAILED = re.compile(r"^Unable to decode as exceptions were raised by all available plugins:\s*")
_IDLE_SECONDS, _LONGEST_SECONDS = 30, 120
_STDERR, _PROCESS, _TURN = threading.Lock(), threading.Lock(), threading.Lock()
_process: Any = None  # started when first needed, ended by itself when idle


def decoded(path: Path, dataset: Dataset, *, frame: int | None = None) -> NDArray[Any]:
    """Return the stored values of a DICOM file.

    Parameters
    ----------
    path : Path
        The file.
    dataset : Dataset
        What was parsed from it.
    frame : int, optional
        Which frame, from 0; all by default.

    Returns
    -------
    (H, W), (N, H, W), (H, W, C) or (N, H, W, C) array

    Raises
    ------
    BadInput
        If they cannot be decoded.
    """
    syntax = str(getattr(dataset.file_meta, "TransferSyntaxUID", ""))
    deep = syntax == JPEG_EXTENDED and int(first_number(dataset.get("BitsAllocated")) or 8) > 8
    try:
        if (deep or syntax in _LOSSLESS_JPEG) and path.is_file():
            return _beside(path, frame, deep)
        return _here(dataset, frame, _PLUGINS.get(syntax, ""))
    except (BadInput, MemoryError):
        raise
    except Exception as error:
        # The decoders raise RuntimeError, ValueError, EOFError, struct.error and more for a damaged stream.
        said = first_line(ValueError(_ALL_FAILED.sub("", str(error)) or type(error).__name__))
        raise BadInput(path, f"the image in the DICOM file cannot be decoded ({said})") from error


def _here(dataset: Dataset, frame: int | None, plugin: str = "") -> NDArray[Any]:
    from pydicom.pixels.utils import pixel_array

    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")
        return pixel_array(dataset, index=frame, decoding_plugin=plugin)


def _beside(path: Path, frame: int | None, deep: bool) -> NDArray[Any]:
    """Decode in another process, whose end is told as damage of the file."""
    from concurrent.futures import TimeoutError as TookTooLong

    # joblib's copy, as the pool of the batch: two of loky in a process take each other's way to start.
    from joblib.externals.loky.process_executor import BrokenProcessPool

    # One file at a time: a sound one that waits must not go down with a damaged one, nor spend its time.
    with _TURN:
        try:
            asked = _started().submit(_in_process, str(path), frame, deep)
            return asked.result(timeout=_LONGEST_SECONDS)
        except BrokenProcessPool as error:
            said = "its decoder broke down over it"
            cause: Exception = error
        except TookTooLong as error:
            said, cause = f"it could not be decoded in {_LONGEST_SECONDS} s", error
        _end_process()
    raise BadInput(path, f"the image in the DICOM file is damaged: {said}") from cause


def _started() -> Any:
    global _process
    with _PROCESS:
        if _process is None:
            from joblib.externals.loky import ProcessPoolExecutor

            _process = ProcessPoolExecutor(max_workers=1, timeout=_IDLE_SECONDS)
        return _process


@atexit.register
def _end_process() -> None:
    global _process
    with _PROCESS:
        if _process is not None:
            _process.shutdown(wait=True, kill_workers=True)
            _process = None


def _in_process(path: str, frame: int | None, deep: bool) -> NDArray[Any]:
    """Do what :func:`_beside` asks for, in the other process."""
    dataset = parse_dicom(Path(path))
    if not deep:
        return _here(dataset, frame)
    import SimpleITK

    with TemporaryDirectory() as folder, _quiet():
        image = SimpleITK.ReadImage(str(_bare(dataset, Path(folder))))
        array = np.asarray(SimpleITK.GetArrayFromImage(image))
    return array if frame is None or array.ndim == 2 else array[frame]


def _bare(dataset: Dataset, folder: Path) -> Path:
    """Write an image with nothing but what its pixels need; return where.

    ITK gives no stored values where it finds a way to others: a slope and an intercept, also in the groups
    of an enhanced image, or a scale of which 0 is white.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import MultiFrameGrayscaleWordSecondaryCaptureImageStorage

    bare = Dataset()
    for name in _OF_PIXELS:
        if name in dataset:
            bare[name] = dataset[name]
    if bare.get("PhotometricInterpretation") == "MONOCHROME1":
        bare.PhotometricInterpretation = "MONOCHROME2"
    # Some files lack an own class or number, and of their own class ITK may know a way to other values.
    bare.SOPClassUID, bare.SOPInstanceUID = MultiFrameGrayscaleWordSecondaryCaptureImageStorage, "1.2.3"
    bare.file_meta = FileMetaDataset()
    bare.file_meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    bare.save_as(folder / "image.dcm", enforce_file_format=True)
    return folder / "image.dcm"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what a C library writes to standard error off the terminal, one thread at a time."""
    with _STDERR:
        try:
            kept = os.dup(2)
        except OSError:  # no standard error, as in a windowed program
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
