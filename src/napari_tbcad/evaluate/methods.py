"""The classifiers an evaluation compares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.errors import BadInput

METHODS = ("hierarchical_svm", "hierarchical_nb", "single_svm", "single_nb")
GREY_PREFIXES = ("firstorder_", "glcm_", "opacity_", "band_")
"""Features that read grey levels start so: they are not known yet when stage 1 decides."""


def shape_columns(names: Sequence[str]) -> list[str]:
    """Return the features of stage 1: all that do not read grey levels (shape and shape modes)."""
    return [name for name in names if not name.startswith(GREY_PREFIXES)]


def method_name(method: str = "svm", *, single_stage: bool = False) -> str:
    """Return the name under which a classifier stands in the tables."""
    return f"{'single' if single_stage else 'hierarchical'}_{method}"


def make_estimator(
    name: str, feature_names: Sequence[str], *, stage1_columns: Sequence[str] | None = None, **options: Any
) -> HierarchicalClassifier:
    """Return an unfitted classifier by name.

    Parameters
    ----------
    name : str
        One of :data:`METHODS`.
    feature_names : sequence of str
        All columns; those of stage 1 are :func:`shape_columns` of them unless given.
    stage1_columns : sequence of str, optional
        Columns of stage 1.
    **options
        Further parameters of :class:`HierarchicalClassifier`.

    Raises
    ------
    BadInput
        If there is no such method, or a hierarchical one has no shape column to start from.
    """
    if name not in METHODS:
        raise BadInput("method", f"{name!r} is not one of {', '.join(METHODS)}")
    kind, method = name.split("_")
    columns = list(shape_columns(feature_names) if stage1_columns is None else stage1_columns)
    if kind == "single":
        return HierarchicalClassifier(method=method, single_stage=True, **options)
    if not columns:
        raise BadInput(
            "features", "the hierarchical classifier needs shape features for stage 1, none is there"
        )
    return HierarchicalClassifier(columns, method=method, **options)
