"""The store and the files that safepip reads and writes."""
