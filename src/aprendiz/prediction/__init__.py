"""Answers for a file of any size: read as a stream, answered in windows, written in order."""
