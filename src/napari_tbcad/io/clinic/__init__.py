"""Formats a clinic's archive takes: DICOM segmentations, structured reports, de-identified images."""
