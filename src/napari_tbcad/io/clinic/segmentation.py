"""Writing label images as DICOM segmentations."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad import __version__
from napari_tbcad.errors import BadInput
from napari_tbcad.files import written_whole
from napari_tbcad.io.clinic.codes import Concept
from napari_tbcad.io.clinic.makers import Made as Made
from napari_tbcad.io.clinic.references import coded, date_as, person_name, point_at
from napari_tbcad.io.clinic.source import SourceImage, uid_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MAKER = "napari-tbcad"
NO_SERIAL = "0"
JUDGED = "Class chosen or confirmed by a person"
"""Description of a segment whose class a person judged: who made its pixels does not say that."""

_LABEL_LENGTH, _ID_LENGTH = 64, 64


@dataclass(frozen=True, eq=False)
class Segment:
    """One segment.

    Parameters
    ----------
    mask : (H, W) array of bool
        Its pixels, on the grid of the source as stored.
    label : str
        What a viewer shows.
    category, kind : Concept
        Category and type of what is segmented.
    made : {"AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"}
        Who made it.
    algorithm : str
        Name of what found it, with its digest where it has one; not used for a manual one.
    family : Concept
        What kind of algorithm.
    track : str
        Identifier, unique in its study, such as ``"hotspot 3"``.
    colour : str
        ``#RRGGBB``.
    version : str
        Version of the algorithm's program.
    description : str
        What else is to be said of it.
    """

    mask: NDArray[np.bool_]
    label: str
    category: Concept
    kind: Concept
    made: Made
    algorithm: str
    family: Concept
    track: str
    colour: str = ""
    version: str = __version__
    description: str = ""


@dataclass(frozen=True, eq=False)
class WrittenSegmentation:
    """A segmentation that was written: what a report needs to refer to it.

    Parameters
    ----------
    path : Path
        The file.
    header : Dataset
        Its content without the pixels.
    frames : dict of str to int
        Frame number by `track`; a segment without pixels has none.
    """

    path: Path
    header: Dataset
    frames: dict[str, int]

    @property
    def uid(self) -> str:
        """SOP instance UID."""
        return str(self.header.SOPInstanceUID)


def write_segmentation(
    path: str | Path,
    source: SourceImage,
    segments: Sequence[Segment],
    *,
    name: str,
    description: str,
    series: int,
    when: datetime,
    reader: str = "",
) -> WrittenSegmentation:
    """Write segments of one image as a binary DICOM segmentation.

    Parameters
    ----------
    path : str or Path
        The file.
    source : SourceImage
        The image; patient and study are its own.
    segments : sequence of Segment
        At least one with a pixel.
    name : str
        Content label: capitals, digits and ``_``, such as ``"LUNGS_SENSITIVE"``.
    description : str
        What is segmented, in words.
    series : int
        Series number.
    when : datetime
        Date of content.
    reader : str, optional
        Who corrected it, where a name was given.

    Returns
    -------
    WrittenSegmentation
        The same input gives the same UIDs.

    Raises
    ------
    BadInput
        If a segment is not on the grid of the image, or no segment has a pixel.

    References
    ----------
    DICOM PS3.3, A.51 (segmentation IOD), C.8.20.
    """
    segments = [segment for segment in segments if segment.mask.any()]
    if not segments:
        raise BadInput(path, "there is nothing to segment in it")
    for segment in segments:
        if segment.mask.shape != source.shape:
            raise BadInput(
                path, f"{segment.label} has {segment.mask.shape} pixels, its image has {source.shape}"
            )
    dataset = _built(source, segments, name, description, series, when, reader)
    point_at(dataset, source)
    dataset.PatientOrientation = source.header.PatientOrientation
    if "PixelSpacing" in source.header:
        dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence = [_measures(source)]
    date_as(dataset, when)
    with written_whole(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
    numbers = _frame_numbers(dataset)
    frames = {segment.track: numbers[n] for n, segment in enumerate(segments, 1)}
    del dataset.PixelData
    return WrittenSegmentation(Path(path), dataset, frames)


def _built(
    source: SourceImage,
    segments: Sequence[Segment],
    name: str,
    description: str,
    series: int,
    when: datetime,
    reader: str,
) -> Any:
    import highdicom as hd

    masks = np.stack([segment.mask for segment in segments], axis=-1).astype(np.uint8)[np.newaxis]
    said = "|".join(f"{s.label}/{s.made}/{s.algorithm}/{s.description}" for s in segments)
    parts = (source.uid, name, description, said, reader, str(when), __version__, hash_of(masks))
    with python_warnings.catch_warnings():
        # highdicom warns of header values, a patient's name among them.
        python_warnings.simplefilter("ignore")
        return hd.seg.Segmentation(
            [source.header],
            masks,
            hd.seg.SegmentationTypeValues.BINARY,
            [_described(number, segment, source) for number, segment in enumerate(segments, 1)],
            series_instance_uid=uid_of("segmentation series", *parts),
            series_number=series,
            sop_instance_uid=uid_of("segmentation", *parts),
            instance_number=1,
            manufacturer=MAKER,
            manufacturer_model_name=MAKER,
            software_versions=__version__,
            device_serial_number=NO_SERIAL,
            content_label=name[:16],
            content_description=description[:_LABEL_LENGTH],
            content_creator_name=person_name(reader) or None,
            series_description=description[:_LABEL_LENGTH],
        )


def _measures(source: SourceImage) -> Dataset:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.PixelSpacing = source.header.PixelSpacing
    return item


def hash_of(array: NDArray[Any]) -> str:
    """Return a digest of an array's bytes."""
    import hashlib

    return hashlib.blake2b(np.ascontiguousarray(array).tobytes(), digest_size=16).hexdigest()


def _described(number: int, segment: Segment, source: SourceImage) -> Any:
    import highdicom as hd

    algorithm = None
    if segment.made != "MANUAL":
        algorithm = hd.AlgorithmIdentificationSequence(
            name=segment.algorithm[:_LABEL_LENGTH],
            version=segment.version[:_LABEL_LENGTH],
            family=coded(segment.family),
        )
    described = hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=segment.label[:_LABEL_LENGTH],
        segmented_property_category=coded(segment.category),
        segmented_property_type=coded(segment.kind),
        algorithm_type=segment.made,
        algorithm_identification=algorithm,
        tracking_id=segment.track[:_ID_LENGTH],
        tracking_uid=tracking_uid(source, segment.track),
        display_color=_lab(segment.colour) if segment.colour else None,
    )
    if segment.description:
        described.SegmentDescription = segment.description
    return described


def tracking_uid(source: SourceImage, track: str) -> str:
    """Return the UID by which a segment is followed from the segmentation into the report."""
    return uid_of("track", source.uid, track)


def _lab(colour: str) -> Any:
    import highdicom as hd
    from skimage.color import rgb2lab

    red_green_blue = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    light, a, b = rgb2lab(red_green_blue.reshape(1, 1, 3)).reshape(3)
    return hd.color.CIELabColor(
        float(np.clip(light, 0, 100)), *(float(np.clip(v, -128, 127)) for v in (a, b))
    )


def _frame_numbers(dataset: Dataset) -> dict[int, int]:
    """Return the frame of each segment; every one has one frame."""
    groups = dataset.PerFrameFunctionalGroupsSequence
    if len(groups) == 1:  # said once, among what all frames share
        return {1: 1}
    return {
        int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber): number
        for number, group in enumerate(groups, 1)
    }
