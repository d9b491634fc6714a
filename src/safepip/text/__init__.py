"""Text in foreign notations: TOML read within bounds and written, and how two texts differ."""
