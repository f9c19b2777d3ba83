"""Solvers of the quadratic models that steps of Newton's kind minimize, one for each file."""
