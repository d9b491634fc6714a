"""What a person says: arguments, configuration files, answers at the terminal."""
