"""The words of the domain: frozen values without I/O, shared by every other room."""
