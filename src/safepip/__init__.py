"""safepip: pip's install, with every name pinned to its index and every byte verified first."""

__version__ = "0.1.0"
