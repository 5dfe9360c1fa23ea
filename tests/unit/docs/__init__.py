"""The documentation, held to the code: its commands run, its links lead somewhere."""
