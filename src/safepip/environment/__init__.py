"""What is installed, and what that forbids."""
