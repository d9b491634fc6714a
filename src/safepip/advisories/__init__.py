"""Advisories: OSV records read strictly, which versions they affect, and what is one matter under several names."""
