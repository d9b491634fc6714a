"""Judging a wheel: one rule a file, `context` is what they see, and `judging` runs them all."""
