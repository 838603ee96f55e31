"""How much of a file is read, at most: the one home of all limits against files that unpack without end.

A hostile or damaged header can claim any size, and a kilobyte can unpack to a gigabyte. What is beyond these
limits is refused with :class:`~napari_tbcad.errors.BadInput`, before memory is asked for it. docs/security.md
lists them.
"""

from __future__ import annotations

MAX_PIXELS = 100_000_000
"""Pixels of one image: 10 000 × 10 000. A film has some 10 to 30 million."""
MAX_SCAN_PIXELS = 2**24
"""Pixels of one bone scan, all views: 16 million. A pair of views has half a million."""
MAX_IMAGE_BYTES = 2**30
"""Decoded pixels of one image, all channels, and all frames where all are decoded."""
MAX_FILE_BYTES = 2 * 2**30
"""Largest image file."""
MAX_PAGES = 256
"""Pages of one image file that are looked at."""
MAX_FILES_BELOW = 1_000_000
"""Files below one folder that is searched for images."""
MAX_TEXT_BYTES = 64 * 2**20
"""Largest text that is read whole: lists, JSON, YAML."""
MAX_TABLE_BYTES = 512 * 2**20
"""Largest table of results. A film has some 2 KiB of features."""
MAX_DEPTH = 100
"""How deeply values in JSON and YAML may be nested."""
MAX_YAML_VALUES = 100_000
"""Values in a YAML file, those that an alias repeats counted each time."""
MAX_MEMBERS = 2000
"""Parts of an archive."""
MAX_MEMBER_BYTES = 2 * 2**30
"""Largest part of an archive, unpacked."""
MAX_ARCHIVE_BYTES = 4 * 2**30
"""All parts of an archive, unpacked; label images count with their pixels."""
MAX_RATIO = 300
"""How many times larger than packed a part may become that unpacks to more than RATIO_FROM_BYTES."""
RATIO_FROM_BYTES = 16 * 2**20
"""Unpacked size of a part from which on MAX_RATIO counts."""
MAX_MODEL_BYTES = 64 * 2**20
"""Chest model or lung atlas, unpacked."""
MAX_NETWORK_BYTES = 2**30
"""Largest file of a network."""
MAX_PACKAGED_BYTES = 64 * 2**20
"""Largest file of a network that the program brings along."""
MAX_HEADER_BYTES = 16 * 2**20
"""Largest header of a network: names and shapes of its tensors, and its card."""
MAX_WEIGHTS_BYTES = 4 * 2**30
"""Largest file of encoder weights to begin a training with."""
MAX_SEGMENTS = 4096
"""Segments of one DICOM segmentation, and all their masks together have at most MAX_IMAGE_BYTES."""
MAX_REPORT_ITEMS = 100_000
"""Content items of one DICOM structured report."""
MAX_LAYERS = 64
"""Layers of one segmentation of 3D Slicer."""
MAX_VOC_BYTES = 4 * 2**20
"""Largest file of boxes (Pascal VOC)."""
MAX_BOXES = 10_000
"""Boxes of one image."""


def too_many_pixels(columns: int, rows: int, samples: int = 1, *, most: int = 0, bytes_each: int = 1) -> str:
    """Say why an image is not read, by what its header claims; empty when it may be.

    Parameters
    ----------
    columns, rows, samples : int
        Size, and values a pixel.
    most : int, optional
        Pixels allowed; :data:`MAX_PIXELS` by default.
    bytes_each : int, optional
        Bytes of one value.
    """
    most = most or MAX_PIXELS
    if columns * rows <= most and columns * rows * samples * bytes_each <= MAX_IMAGE_BYTES:
        return ""
    claims = f"{columns} × {rows} pixels" + (f" of {samples} values" if samples > 1 else "")
    return f"the image claims {claims}, more than the {most / 1e6:.0f} million that are read"
