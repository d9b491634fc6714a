"""Standard output and standard error, the log and the report."""
