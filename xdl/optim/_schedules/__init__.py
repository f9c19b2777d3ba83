"""Hyperparameters that change with the count of steps, one kind per file."""
