"""The files that put a server somewhere."""
