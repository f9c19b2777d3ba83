"""Bandits: decisions without states, where all there is to learn is which arm pays best."""
