"""The image classifier: whether an image shows something abnormal at all, and nothing of where."""
