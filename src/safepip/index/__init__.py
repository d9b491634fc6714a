"""What an index says: the forms of the Simple API, and which of its files may be candidates."""
