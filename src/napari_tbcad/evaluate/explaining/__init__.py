"""Whether an explanation points at disease, and whether it explains the decision that was made."""

from napari_tbcad.evaluate.explaining.films import FilmScores, Marked, score_film
from napari_tbcad.evaluate.explaining.rows import explanation_rows

__all__ = ["FilmScores", "Marked", "explanation_rows", "score_film"]
