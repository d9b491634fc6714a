"""The environment that packages go to: its interpreter, and what is installed in it."""
