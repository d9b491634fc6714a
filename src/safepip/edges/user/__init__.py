"""What a person says and sees: arguments, configuration files, the terminal."""
