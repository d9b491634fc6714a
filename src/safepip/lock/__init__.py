"""Lock files: written, read back, compared with what routing and the indexes say today."""
