"""Reading a wheel: the archive, its members, its RECORD and metadata, and where each file will be installed."""
