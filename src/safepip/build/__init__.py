"""Builds from source, without running any: what is approved, what is known beforehand, and what a build must give."""
