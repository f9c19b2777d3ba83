"""Learning of policies by the gradient of the return."""
