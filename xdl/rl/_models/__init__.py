"""Decision processes to plan for and to learn in."""
