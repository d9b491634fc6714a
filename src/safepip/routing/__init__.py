"""Which index may answer for a name. The heart of safepip: start with `table`."""
