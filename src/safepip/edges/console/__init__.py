"""Standard output and standard error, the log and the report, and what is shown while a run works."""
