"""What DICOM calls our lungs, regions, hotspots and answers: coded concepts.

Codes of SNOMED CT (SCT), DICOM (DCM), UCUM and IBSI are those that PS3.16 lists. Where none of them says what
is meant, the code is one of this program (99TBCAD, a private scheme as PS3.16, 8.2, allows), never a nearby
standard code with another meaning.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

from napari_tbcad.schemes import LEFT, RIGHT

SCHEME = "99TBCAD"
"""Coding scheme of this program."""


class Concept(NamedTuple):
    """A coded concept: value, coding scheme, and its meaning in words (at most 64 characters)."""

    value: str
    scheme: str
    meaning: str

    def same(self, other: Concept) -> bool:
        """Tell whether both are one concept; the words do not matter."""
        return self[:2] == other[:2]


def own(value: str, meaning: str = "") -> Concept:
    """Return a concept of this program; a value in words serves as its meaning."""
    return Concept(value, SCHEME, (meaning or value.replace("_", " "))[:64])


# -- what is segmented -----------------------------------------------------------------------------------

ANATOMY = Concept("123037004", "SCT", "Anatomical Structure")
ANATOMIES = frozenset({ANATOMY.value, "91723000", "T-D000A"})
"""Values of the same category as files have it, of earlier editions and in SNOMED RT."""
ABNORMAL = Concept("49755003", "SCT", "Morphologically Abnormal Structure")
FUNCTION = Concept("246464006", "SCT", "Function")

LUNG = Concept("39607008", "SCT", "Lung")
LUNGS = MappingProxyType(
    {
        RIGHT: Concept("3341006", "SCT", "Right lung"),
        LEFT: Concept("44029006", "SCT", "Left lung"),
    }
)
"""Each lung by its label."""

OLD_LUNGS = MappingProxyType({"T-28100": RIGHT, "T-28500": LEFT})
"""The same in SNOMED RT (SRT), as files of before 2018 have it."""
OLD_LUNG = "T-28000"

SIDES = MappingProxyType(
    {
        RIGHT: Concept("24028007", "SCT", "Right"),
        LEFT: Concept("7771000", "SCT", "Left"),
    }
)
OLD_SIDES = MappingProxyType({"G-A100": RIGHT, "G-A101": LEFT})

LESION = Concept("52988006", "SCT", "Lesion")

HOTSPOTS = MappingProxyType(
    {
        "abnormal": (ABNORMAL, LESION),
        "normal": (FUNCTION, own("normal_uptake", "Normal or benign uptake")),
        "non_bone": (FUNCTION, own("non_bone_uptake", "Uptake outside bone")),
        "ignore": (FUNCTION, own("ignored_uptake", "Uptake about which nothing is said")),
    }
)
"""Category and type of a hotspot by its class."""

REGIONS = MappingProxyType(
    {
        "skull": Concept("89546000", "SCT", "Skull"),
        "cervical": Concept("122494005", "SCT", "Cervical spine"),
        "thoracic": Concept("122495006", "SCT", "Thoracic spine"),
        "rib": Concept("113197003", "SCT", "Rib"),
        "sternum": Concept("56873002", "SCT", "Sternum"),
        "clavicle": Concept("51299004", "SCT", "Clavicle"),
        "scapula": Concept("79601000", "SCT", "Scapula"),
        "humerus": Concept("85050009", "SCT", "Humerus"),
        "lumbar": Concept("122496007", "SCT", "Lumbar spine"),
        "sacrum": Concept("54735007", "SCT", "Sacrum"),
        "pelvis": Concept("118645006", "SCT", "Pelvis"),
        "femur": Concept("71341001", "SCT", "Femur"),
    }
)
"""Skeleton regions by name (PS3.16, CID 4 and 4030); the pelvis is the bony one."""

CHEST = Concept("816094009", "SCT", "Chest")
SKELETON = own("skeleton", "Skeleton")

# -- how it was found ------------------------------------------------------------------------------------

FAMILIES = MappingProxyType(
    {
        "network": Concept("123110", "DCM", "Artificial Intelligence"),
        "atlas": Concept("123111", "DCM", "Deformable Models"),
        "otsu": Concept("123105", "DCM", "Histogram Analysis"),
        "classical": Concept("123101", "DCM", "Neighborhood Analysis"),
    }
)
"""Family of each segmenter (PS3.16, CID 7162)."""

# -- units -----------------------------------------------------------------------------------------------

NO_UNITS = Concept("1", "UCUM", "no units")
PIXELS = Concept("{pixels}", "UCUM", "pixels")
PERCENT = Concept("%", "UCUM", "Percent")
DEGREES = Concept("deg", "UCUM", "degrees of plane angle")
SQUARE_MM = Concept("mm2", "UCUM", "square millimeter")
COUNTS = Concept("{counts}", "UCUM", "counts")
GREY = Concept("{grey}", "UCUM", "grey levels")

# -- what a report says ----------------------------------------------------------------------------------

FILM_READ = Concept("399208008", "SCT", "Plain chest X-ray")
SCAN_READ = Concept("42175-0", "LN", "Radionuclide scan of whole body")

DECISION = own("decision", "Decision of the program")
DECISIONS = MappingProxyType(
    {
        "tb_suspect": own("tb_suspect", "Tuberculosis suspected by the program"),
        "not_suspect": own("not_suspect", "Tuberculosis not suspected by the program"),
        "not_decided": own("not_decided", "Not decided by the program"),
    }
)
HOTSPOT_CLASS = own("hotspot_class", "Class of the hotspot")
JUDGED = own("judged", "Judged by a person")
YES, NO = Concept("373066001", "SCT", "Yes"), Concept("373067005", "SCT", "No")

NOTICE = own("notice", "Intended use")
MODEL = own("model", "Model")
CORRECTED = own("corrected", "Corrected by a person")
WARNING = own("warning", "Warning of the program")
SETTING = own("setting", "Setting")
MADE_UP = own("source_note", "Note on the source image")

MADE = own("made", "Who made the segment")
AREA = Concept("42798000", "SCT", "Area")
BONE_SCAN_INDEX = own("bsi", "Bone Scan Index")
