"""From the configuration of pip and other tools to a `safepip.toml`: for `safepip init`. Start with `findings`."""
