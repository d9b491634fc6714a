"""Configuration: safepip's files level by level, pip's own, and what both come to together."""
