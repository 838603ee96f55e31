"""Judging models: metrics, folds, controls, tables, figures, report."""
