"""Benchmarks of xdl beside the same thing written by hand in each library.

A ratio is ours by theirs, of medians, both timed in turns in one process on one thread: below 1 is faster.
"""
