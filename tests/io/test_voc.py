from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_tbcad.errors import BadInput
from napari_tbcad.io.voc import LabelledBox, read_image_labels, read_voc, write_voc
from napari_tbcad.limits import MAX_VOC_BYTES

BODY = """<annotation><filename>2.jpg</filename><size><width>256</width><height>1024</height></size>
<object><name>Abnormal</name><bndbox><xmin>10</xmin><ymin>20.4</ymin><xmax>15</xmax><ymax>30</ymax></bndbox>
</object></annotation>"""


def write(tmp_path: Path, text: str, name: str = "a.xml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_read(tmp_path):
    found = read_voc(write(tmp_path, '<?xml version="1.0" ?>\n' + BODY), (1024, 256))
    assert found.boxes == (LabelledBox("Abnormal", 20, 10, 30, 15),)
    assert found.shape == (1024, 256)
    assert found.filename == "2.jpg"


def test_boxes_are_cut_at_the_border(tmp_path):
    found = read_voc(write(tmp_path, BODY.replace("<xmax>15", "<xmax>300").replace("<ymin>20.4", "<ymin>-3")))
    assert found.boxes[0].bounds == (0, 10, 30, 256)


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ("<annotation>", "<annotation", "not a readable XML"),
        ("annotation>", "svg>", "not a Pascal VOC"),
        ("<xmin>10</xmin>", "", "lacks a corner"),
        ("<xmin>10</xmin>", "<xmin>nan</xmin>", "lacks a corner"),
        ("<xmin>10</xmin>", "<xmin>inf</xmin>", "lacks a corner"),
        ("<xmin>10</xmin>", "<xmin>260</xmin>", "outside the image"),
        ("<width>256", "<width>255", "1024 × 255"),
        ("<annotation>", '<!DOCTYPE a [<!ENTITY b "c">]><annotation>', "document type"),
        ("<annotation>", '<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation>', "document type"),
    ],
)
def test_bad_files_are_refused_by_name(tmp_path, old, new, cause):
    with pytest.raises(BadInput, match=cause) as caught:
        read_voc(write(tmp_path, BODY.replace(old, new)), (1024, 256))
    assert str(caught.value).startswith("a.xml: ")


def test_missing_and_large_files(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_voc(tmp_path / "none.xml")
    with pytest.raises(BadInput, match="too large"):
        read_voc(write(tmp_path, BODY + " " * MAX_VOC_BYTES))


_box = st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(1, 9), st.integers(1, 9))
_names = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), max_size=9)


@given(st.lists(st.tuples(_names, _box), max_size=5))
def test_what_is_written_is_read(tmp_path_factory, items):
    boxes = tuple(LabelledBox(name, t, left, t + h, left + w) for name, (t, left, h, w) in items)
    path = tmp_path_factory.mktemp("voc") / "boxes.xml"
    write_voc(path, boxes, (100, 100), filename="<a>&.png")
    found = read_voc(path, (100, 100))
    assert found.boxes == boxes
    assert found.filename == "<a>&.png"


def test_image_labels(tmp_path):
    text = "\ufefffile label\n1.jpg\t0\n2.jpg 1\r\nmy scan.jpg,abnormal\n# end\n\n2.jpg\t1\n"
    labels = read_image_labels(write(tmp_path, text, "wholeBodyANT.txt"))
    assert labels == {"1.jpg": False, "2.jpg": True, "my scan.jpg": True}


@pytest.mark.parametrize(
    ("text", "cause"),
    [("1.jpg 2", "line 1"), ("1.jpg\t0\n1.jpg\t1", "two different"), ("1.jpg\t0\nlonely", "line 2")],
)
def test_bad_image_labels(tmp_path, text, cause):
    with pytest.raises(BadInput, match=cause):
        read_image_labels(write(tmp_path, text, "x.txt"))


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "x.txt").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(BadInput, match="not a text in UTF-8"):
        read_image_labels(tmp_path / "x.txt")


@pytest.mark.realdata
def test_every_box_file_of_the_pairs_is_read(shared_data: Path):
    names = set()
    for path in sorted((shared_data / "bone" / "pairs" / "boxes_yolo").glob("*.xml")):
        found = read_voc(path, (1024, 256))
        names |= {box.label for box in found.boxes}
    assert names == {"Normal", "Abnormal"}
