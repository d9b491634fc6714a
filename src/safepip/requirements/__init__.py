"""Requirements: one as written, the files that hold them, and everything that a command names, as one list."""
