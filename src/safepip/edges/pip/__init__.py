"""pip, run as a program, and what it did read back."""
