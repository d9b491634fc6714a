"""Other programs: how interpreters are started, and how their output is read."""
