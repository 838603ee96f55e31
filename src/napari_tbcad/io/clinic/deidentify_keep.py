"""Which attributes of a DICOM image stay when identity is removed, and what they may say.

An allow list: what is not named here goes, private attributes, overlays, curves, and whatever a maker or a
later edition of the standard adds included. It keeps nothing that the Basic Application Level Confidentiality
Profile (DICOM PS3.15, table E.1-1) removes or replaces, but for UIDs, which become others, and dates, which
go or are shifted. Numbers are written anew, text stays only where it is one of the words listed.
"""

from __future__ import annotations

from types import MappingProxyType

NUMBERS = frozenset(
    {
        *("SamplesPerPixel", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns", "PixelAspectRatio"),
        *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue"),
        *("SmallestImagePixelValue", "LargestImagePixelValue", "PixelIntensityRelationshipSign"),
        *("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "LossyImageCompressionRatio"),
        *("RescaleSlope", "RescaleIntercept", "WindowCenter", "WindowWidth", "LUTDescriptor"),
        *("RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor"),
        *("BluePaletteColorLookupTableDescriptor", "ActualFrameDuration"),
        *("EnergyWindowVector", "NumberOfEnergyWindows", "EnergyWindowLowerLimit", "EnergyWindowUpperLimit"),
        *("DetectorVector", "NumberOfDetectors", "StartAngle", "ScanVelocity", "ScanLength"),
        *("ImageOrientationPatient", "ImagePositionPatient", "FrameIncrementPointer"),
    }
)
"""Attributes of numbers."""

POINTED = frozenset({"EnergyWindowVector", "DetectorVector"})
"""Attributes that a pointer (FrameIncrementPointer) may name: those of them that stay."""

LARGEST = 1e6
"""A number beyond this goes with its attribute: dates and record numbers have more digits."""
LARGER = MappingProxyType({"ActualFrameDuration": 7.2e6})
"""Except these: two hours in milliseconds."""

BYTES = frozenset(
    {
        *("RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData"),
        *("BluePaletteColorLookupTableData", "LUTData"),
    }
)
"""Tables of grey levels and colours, as long as their descriptor says."""

SEQUENCES = frozenset(
    {
        *("ModalityLUTSequence", "VOILUTSequence", "EnergyWindowInformationSequence"),
        *("EnergyWindowRangeSequence", "DetectorInformationSequence"),
    }
)
"""Sequences whose items are treated like the image."""

CODES = frozenset(
    {"ViewCodeSequence", "PatientOrientationCodeSequence", "PatientGantryRelationshipCodeSequence"}
)
"""Code sequences: a code stays where it is a standard one, with the standard's own words."""

CODE_SCHEMES = ("SCT", "DCM")

_YES_NO = frozenset({"YES", "NO"})

WORDS: MappingProxyType[str, frozenset[str]] = MappingProxyType(
    {
        "Modality": frozenset({"CR", "DX", "DR", "RG", "RF", "SC", "OT", "NM"}),
        "ImageType": frozenset(
            {
                "ORIGINAL",
                "DERIVED",
                "PRIMARY",
                "SECONDARY",
                "WHOLE BODY",
                "STATIC",
                "EMISSION",
                "TRANSMISSION",
                "",
            }
        ),
        "PhotometricInterpretation": frozenset(
            {"MONOCHROME1", "MONOCHROME2", "RGB", "PALETTE COLOR", "YBR_FULL", "YBR_FULL_422"}
        ),
        "ViewPosition": frozenset({"PA", "AP", "LL", "RL", "LLD", "RLD", "LLO", "RLO", "LATERAL"}),
        "BodyPartExamined": frozenset({"CHEST", "THORAX", "LUNG", "SKELETON", "WHOLEBODY"}),
        "PatientOrientation": frozenset({"L", "R", "F", "H", "A", "P"}),
        "ConversionType": frozenset({"DV", "DI", "DF", "WSD", "SD", "SI", "DRW", "SYN"}),
        "BurnedInAnnotation": _YES_NO,
        "LossyImageCompression": frozenset({"00", "01"}),
        "LossyImageCompressionMethod": frozenset(
            {"ISO_10918_1", "ISO_14495_1", "ISO_15444_1", "ISO_13818_2"}
        ),
        "VOILUTFunction": frozenset({"LINEAR", "LINEAR_EXACT", "SIGMOID"}),
        "PresentationLUTShape": frozenset({"IDENTITY", "INVERSE"}),
        "RescaleType": frozenset({"US", "OD", "HU"}),
        "ModalityLUTType": frozenset({"US", "OD", "HU"}),
        "PixelIntensityRelationship": frozenset({"LIN", "LOG", "DISP"}),
        "PixelSpacingCalibrationType": frozenset({"GEOMETRY", "FIDUCIAL"}),
        "CollimatorType": frozenset({"PARA", "PINH", "FANB", "CONE", "SLNT", "ASTG", "DIVG", "NONE", "UNKN"}),
        "WholeBodyTechnique": frozenset({"1PASS", "2PASS", "PCN", "MSP"}),
        "Laterality": frozenset({"L", "R"}),
        "ImageLaterality": frozenset({"L", "R", "U", "B"}),
        "Manufacturer": frozenset(
            {"GE MEDICAL SYSTEMS", "GE", "SIEMENS", "PHILIPS", "CANON", "FUJIFILM", "AGFA", "CARESTREAM"}
        ),
    }
)
"""Text attributes and the values that stay; any other value of one goes with the attribute."""

VIEW_TEXTS = frozenset({"ImageID"})
"""Free text of which only the view stays that it names."""

UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
"""UIDs that become others, the same for the same."""

DATES = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")

EMPTY = (
    *(
        "StudyDate",
        "StudyTime",
        "AccessionNumber",
        "ReferringPhysicianName",
        "PatientBirthDate",
        "PatientSex",
    ),
    *("StudyID", "Manufacturer"),
)
"""Attributes that the standard wants present, if only empty."""
