"""Learning in environments with few states: one table of values for each agent."""
