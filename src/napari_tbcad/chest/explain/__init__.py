"""Why a film was decided as it was: evidence that has a place, evidence that has none."""

from napari_tbcad.chest.explain.explanation import ExplainParameters, Explanation, explain

__all__ = ["ExplainParameters", "Explanation", "explain"]
