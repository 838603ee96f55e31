from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_tbcad.errors import BadInput
from napari_tbcad.io.datasets import LungFiles, load_dataset

LABELS = np.zeros((40, 60), np.uint8)
LABELS[5:35, 5:25] = 1
LABELS[8:35, 35:55] = 2


def image(path: Path, array: np.ndarray = LABELS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return path


def text(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode(encoding))
    return path


def test_csv_with_every_column(tmp_path):
    image(tmp_path / "films" / "a.png"), image(tmp_path / "films" / "b.png")
    table = text(
        tmp_path / "set.csv",
        "path,label,patient,source,age,sex,note\nfilms/a.png,1,P1,here,45,male,x\nfilms/b.png,0,P2,there,,F,\n",
    )
    one, two = load_dataset(table).labelled().rows
    assert one.path == tmp_path / "films" / "a.png"
    assert (one.label, one.patient, one.source, one.age, one.sex) == (1, "P1", "here", 45.0, "M")
    assert one.extra == {"note": "x"}
    assert (two.label, two.age, two.sex) == (0, None, "F")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_dialects(tmp_path, encoding, delimiter):
    image(tmp_path / "é.png"), image(tmp_path / "b.png")
    lines = [delimiter.join(line) for line in (("Path", "Label"), ("é.png", "1"), ("b.png", "0"), ("", ""))]
    data = load_dataset(text(tmp_path / "set.csv", "\r\n".join(lines) + "\r\n", encoding))
    assert [(row.path.name, row.label) for row in data.rows] == [("é.png", 1), ("b.png", 0)]
    assert [row.patient for row in data.rows] == ["é", "b"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ("path,label\n", "no film"),
        ("path,diagnosis\na.png,1\n", "label is missing.*path, diagnosis"),
        ("name,label\na.png,1\n", "path is missing.*name, label"),
        ("path,label\na.png,2\n", "line 2.*'2'"),
        ("path,label\na.png,1\n,0\n", "line 3 names no film"),
        ("path,label\na.png,1\na.png,0\n", "more than once"),
        ("path,label\na.png,1\nb.png,0\nc.png,0\n", r"2 of 3 films do not exist.*b\.png.*c\.png"),
        ("path,label\na.png,1,2,3\n", "more columns"),
    ],
)
def test_faulty_csv_is_refused_with_its_name_and_cause(tmp_path, content, words):
    image(tmp_path / "a.png")
    with pytest.raises(BadInput, match=rf"(?s)set\.csv.*{words}"):
        load_dataset(text(tmp_path / "set.csv", content))


def test_image_given_as_a_table_is_refused(tmp_path):
    with pytest.raises(BadInput, match="not a CSV"):
        load_dataset(image(tmp_path / "a.png"))


def test_set_without_labels_cannot_be_trained_on(tmp_path):
    image(tmp_path / "a.png")
    table = text(tmp_path / "set.csv", "path,label\na.png,\n")
    with pytest.raises(BadInput, match=r"1 of 1 films have no tuberculosis label \(a\.png\)"):
        load_dataset(table).labelled()
    image(tmp_path / "b.png")
    text(table, "path,label\na.png,1\nb.png,1\n")
    with pytest.raises(BadInput, match="every film has the label 1"):
        load_dataset(table).labelled()


def test_shenzhen_as_unpacked(tmp_path):
    root = tmp_path / "ChinaSet_AllFiles"
    for name in ("CHNCXR_0001_0", "CHNCXR_0327_1"):
        image(root / "CXR_png" / f"{name}.png")
    image(root / "mask" / "CHNCXR_0001_0_mask.png", (LABELS > 0).astype(np.uint8) * 255)
    text(root / "ClinicalReadings" / "CHNCXR_0001_0.txt", "male 45yrs\r\nnormal\r\n")
    text(root / "ClinicalReadings" / "CHNCXR_0327_1.txt", "female, 30yrs \nright PTB\n")
    (root / "CXR_png" / "Thumbs.db").write_bytes(b"x")
    data = load_dataset(tmp_path)
    assert data.name == "Shenzhen"
    one, two = data.rows
    assert (one.label, one.age, one.sex, one.extra["finding"]) == (0, 45.0, "M", "normal")
    assert (two.label, two.age, two.sex, two.extra["finding"]) == (1, 30.0, "F", "right PTB")
    assert two.lungs is None
    assert np.array_equal(one.lungs.read(LABELS.shape), LABELS)


def test_montgomery_as_unpacked(tmp_path):
    root = tmp_path / "MontgomerySet"
    image(root / "CXR_png" / "MCUCXR_0001_0.png")
    image(root / "CXR_png" / "MCUCXR_0104_1.png")
    image(root / "ManualMask" / "rightMask" / "MCUCXR_0001_0.png", LABELS == 1)
    image(root / "ManualMask" / "leftMask" / "MCUCXR_0001_0.png", LABELS == 2)
    text(
        root / "ClinicalReadings" / "MCUCXR_0001_0.txt",
        "Patient's Sex: F\r\nPatient's Age: 027Y\r\nnormal\r\n",
    )
    data = load_dataset(root)
    assert (data.name, len(data)) == ("Montgomery", 2)
    one = data.rows[0]
    assert (one.label, one.age, one.sex, one.extra["finding"]) == (0, 27.0, "F", "normal")
    assert np.array_equal(one.lungs.read(LABELS.shape), LABELS)
    assert len(data.with_lungs()) == 1


def test_jsrt_as_unpacked_with_scr_masks_of_half_the_size(tmp_path):
    for name, folder in (("JPCLN001", "Nodule154images"), ("JPCNN001", "NonNodule93images")):
        path = tmp_path / folder / f"{name}.IMG"
        path.parent.mkdir()
        path.write_bytes(b"\0" * 10)
    scr = tmp_path / "scratch" / "fold1" / "masks"
    image(scr / "right lung" / "JPCLN001.gif", (LABELS == 1).astype(np.uint8) * 255)
    image(scr / "left lung" / "JPCLN001.gif", (LABELS == 2).astype(np.uint8) * 255)
    image(scr / "heart" / "JPCLN001.gif")
    text(
        tmp_path / "info" / "CLNDAT_EN.txt",
        "JPCLN001.IMG\t5\t15\t53\tMale\t1634\t692\tmalignant\tl.up\tcancer\n",
    )
    text(tmp_path / "info" / "CNNDAT_EN.TXT", "JPCNN001.IMG\t24\tFemale\tnon-nodule\n")
    one, two = load_dataset(tmp_path).rows
    assert (one.patient, one.label, one.age, one.sex) == ("JPCLN001", None, 53.0, "M")
    assert one.extra == {"nodule": "1", "diagnosis": "cancer"}
    assert (two.age, two.sex, two.extra["nodule"]) == (24.0, "F", "0")
    assert np.array_equal(one.lungs.read((80, 120)), np.kron(LABELS, np.ones((2, 2), np.uint8)))


def test_masks_of_either_numbering_are_told_by_place(tmp_path):
    swapped = np.where(LABELS > 0, 3 - LABELS, 0).astype(np.uint8)
    for array in (LABELS, swapped):
        assert np.array_equal(LungFiles(both=image(tmp_path / "m.png", array)).read(LABELS.shape), LABELS)


def test_masks_with_grey_ids_keep_both_lungs(tmp_path):
    grey = np.array([0, 85, 170], np.uint8)[LABELS]
    assert np.array_equal(LungFiles(both=image(tmp_path / "grey.png", grey)).read(LABELS.shape), LABELS)


def test_reference_masks_with_more_labels_are_refused(tmp_path):
    labels = LABELS.copy()
    labels[20:30, 28:32] = 3
    with pytest.raises(BadInput, match="one or two labels, this has 1, 2, 3"):
        LungFiles(both=image(tmp_path / "heart.png", labels)).read(LABELS.shape)


def test_mask_of_other_proportions_is_refused(tmp_path):
    with pytest.raises(BadInput, match="other proportions"):
        LungFiles(both=image(tmp_path / "m.png")).read((40, 90))


def test_folder_with_labels_csv(tmp_path):
    image(tmp_path / "images" / "a.png"), image(tmp_path / "lungs" / "a.png")
    text(tmp_path / "labels.csv", "file,finding\r\na.png,x\r\n")
    (row,) = load_dataset(tmp_path).rows
    assert row.label is None
    assert np.array_equal(row.lungs.read(LABELS.shape), LABELS)


@pytest.mark.parametrize("name", ["shenzhen", "Montgomery", "jsrt"])
def test_absent_set_says_where_to_get_it_and_where_to_put_it(tmp_path, monkeypatch, name):
    monkeypatch.setenv("NAPARI_TBCAD_DATA", str(tmp_path))
    with pytest.raises(BadInput) as caught:
        load_dataset(name)
    assert "http" in caught.value.cause
    assert (tmp_path / name.lower()).as_posix() in caught.value.cause


def test_named_set_is_found_in_the_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_TBCAD_DATA", str(tmp_path))
    image(tmp_path / "shenzhen" / "CXR_png" / "CHNCXR_0001_0.png")
    assert load_dataset("shenzhen").name == "Shenzhen"


def test_unknown_folder_names_what_is_wanted(tmp_path):
    with pytest.raises(BadInput, match=r"path,label.*labels\.csv"):
        load_dataset(tmp_path)
    with pytest.raises(BadInput, match="no such data set"):
        load_dataset(tmp_path / "absent")


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "count", "labels", "lungs"),
    [
        ("jsrt", 200, {None}, 200),
        ("tb_multisource", 1660, {0, 1}, 0),
        ("pneumonia_lesions", 70, {None}, 70),
        ("shenzhen_sample", 8, {0, 1}, 5),
        ("montgomery_sample", 2, {0}, 0),
    ],
)
def test_shared_sets(shared_data, name, count, labels, lungs):
    data = load_dataset(shared_data / "chest" / name)
    assert len(data) == count
    assert {row.label for row in data.rows} == labels
    assert len(data.with_lungs()) == lungs


@pytest.mark.realdata
def test_right_lung_of_real_masks_is_on_the_left_of_the_image(shared_data):
    from napari_tbcad.io.read import read_film

    for name in ("jsrt", "pneumonia_lesions", "shenzhen_sample"):
        row = load_dataset(shared_data / "chest" / name).with_lungs().rows[0]
        labels = row.lungs.read(read_film(row.path).shape)
        columns = np.arange(labels.shape[1])
        right, left = ((labels == side).sum(axis=0) @ columns / (labels == side).sum() for side in (1, 2))
        assert right < left
