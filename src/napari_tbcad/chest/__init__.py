"""Tuberculosis on chest X-rays: enhance, lungs, quality, features, classifier, workflow."""
