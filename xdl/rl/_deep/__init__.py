"""Learning of values by networks."""
