"""The chest X-ray panels: one file a step, one session a film."""
