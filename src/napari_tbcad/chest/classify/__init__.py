"""Hierarchical classification of chest films; see :mod:`napari_tbcad.chest.classify.hierarchical`."""
