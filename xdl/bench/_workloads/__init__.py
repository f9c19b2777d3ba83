"""The work that libraries are timed at, one family per file."""
