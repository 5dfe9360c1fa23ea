"""The command line: one file a noun, each command a translator."""
