"""Environments as array programs."""
