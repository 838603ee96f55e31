"""What the panels of every workflow share: bench, session, steps, layers a person paints."""
