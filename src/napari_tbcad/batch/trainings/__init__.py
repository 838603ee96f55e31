"""Trainings of networks as a person starts them: data, plan, a process of its own, its state on disk."""
