"""Tools for the tests: makers of distributions, and the indexes that serve them."""
