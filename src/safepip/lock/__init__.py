"""Lock files: written, read back, held against what routing and the indexes say today."""
