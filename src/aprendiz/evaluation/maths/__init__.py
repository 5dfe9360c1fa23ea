"""Answers to maths questions: found in a reply, compared exactly, their working checked."""
