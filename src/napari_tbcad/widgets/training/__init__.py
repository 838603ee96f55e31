"""The panel in which a network is trained: data, what was found, training, comparison."""
