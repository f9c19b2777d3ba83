"""Running: the loop around an algorithm, what it writes down, and what several runs say together."""
