"""What is installed, and what must not be done to it."""
