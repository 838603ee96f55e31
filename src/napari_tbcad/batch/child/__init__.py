"""Long work in a process of its own, which a window begins, hears and stops: trainings, evaluations."""
