"""The command line: the table of options, the parser, and the settings that the words come to."""
