"""How much of an identity planted everywhere in a header is left, here and with two libraries.

    pip install --target /tmp/peers --no-deps dicom-anonymizer dicognito tqdm
    PYTHONPATH=/tmp/peers .venv/bin/python benchmarks/deidentification.py

A peer that is not installed is left out, saying so. The name or birth date is planted in every attribute of
the standard and in an item of every sequence (tests/io/clinic/test_deidentify.py); most of these attributes
name nobody by their meaning. Also prints which attributes of the allow list stand in table E.1-1 of PS3.15.
"""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
from pydicom.datadict import keyword_for_tag

from napari_tbcad.io.clinic import deidentify_keep as keep
from napari_tbcad.io.clinic.deidentify import Deidentification

TESTS = Path(__file__).resolve().parents[1] / "tests" / "io" / "clinic" / "test_deidentify.py"


def planting() -> Any:
    spec = importlib.util.spec_from_file_location("planting", TESTS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def dicom_anonymizer(data: Any) -> Any:
    from dicomanonymizer.simpledicomanonymizer import anonymize_dataset, initialize_actions

    rules = lambda: initialize_actions("dicomfields_2026c")  # noqa: E731
    anonymize_dataset(data, delete_private_tags=True, base_rules_gen=rules)
    return data


def dicognito(data: Any) -> Any:
    from dicognito.anonymizer import Anonymizer

    Anonymizer().anonymize(data)
    return data


def left(data: Any, traces: tuple[str, ...]) -> int:
    """Return how many elements hold a planted value."""
    found = 0
    for element in data.iterall():
        if element.VR != "SQ":
            value = element.value
            text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            found += any(trace in text for trace in traces)
    return found


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    plant = planting()
    traces = (plant.SECRET, plant.DIGITS)
    ways: dict[str, Callable[[Any], Any]] = {
        "planted": lambda data: data,
        "this program": Deidentification().dataset,
        "dicom-anonymizer, profile 2026c": dicom_anonymizer,
        "dicognito": dicognito,
    }
    print("| way | elements with a planted value |\n|---|---|")
    for name, remove in ways.items():
        data = pydicom.dcmread(plant.sample_path("normal_cr"))
        plant.everywhere(data)
        try:
            print(f"| {name} | {left(remove(data), traces)} |")
        except ImportError as error:
            print(f"| {name} | not installed ({error.name}) |")
    try:
        from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as table
    except ImportError:
        return
    tags = [tag for name in dir(table) if name.endswith("_TAGS") for tag in getattr(table, name)]
    removed = {keyword_for_tag(tag[0] << 16 | tag[1]) for tag in tags if len(tag) == 2}
    kept = {*keep.NUMBERS, *keep.BYTES, *keep.SEQUENCES, *keep.CODES, *keep.WORDS, *keep.VIEW_TEXTS}
    print(
        f"table E.1-1, 2026c: {len(removed)} attributes; kept as they are: {sorted(kept & removed) or 'none'}"
    )


if __name__ == "__main__":
    main()
