"""Update rules, one or a family of close relatives in a file."""
