"""Minimizers."""
