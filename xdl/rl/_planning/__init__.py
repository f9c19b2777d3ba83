"""Planning: the best policy of a process that is known."""
